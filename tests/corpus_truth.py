"""What a scenario's expected.json says, compared with spans and traces in the API's shape."""

from __future__ import annotations

from typing import Any

USAGE = {"input": "input_tokens", "output": "output_tokens", "total": "total_tokens",
         "cached": "cache_read_tokens", "reasoning": "reasoning_tokens",
         "cache_write": "cache_write_tokens"}  # fmt: skip
OPTIONAL_CARRIERS = ("output.value", "input.value", "llm.invocation_parameters")
"""Attributes that hold a provider's raw body: facts carried only there are optional."""
PLAIN = {"provider": "provider", "request_model": "request_model", "response_model": "model"}


def _only_in_blob(truth: dict[str, Any], fact: str) -> bool:
    keys: list[str] = (truth.get("carried_by") or {}).get(fact) or []
    return bool(keys) and all(key in OPTIONAL_CARRIERS for key in keys)


def span_problems(span: dict[str, Any], truth: dict[str, Any]) -> list[str]:
    """How a span (API keys) differs from the truth; empty if it does not."""
    wrong = []
    if span["kind"] not in truth["kind_accept"]:
        wrong.append(f"kind {span['kind']} not in {truth['kind_accept']}")
    if (truth["status"] == "error") != (span["status"] == "error"):
        wrong.append(f"status {span['status']} for {truth['status']}")
    for fact, key in PLAIN.items():
        expected = truth.get(fact)
        if expected and not _only_in_blob(truth, fact) and span.get(key) != expected:
            wrong.append(f"{key} {span.get(key)!r} for {expected!r}")
    for fact, key in USAGE.items():
        expected = (truth.get("usage") or {}).get(fact)
        carried = f"usage.{fact}"
        sent = carried in (truth.get("carried_by") or {}) and not _only_in_blob(truth, carried)
        got = span["usage"][key]
        if fact == "input" and expected is not None:
            expected += _left_out(truth["usage"])
        if expected is not None and sent and got != expected:
            wrong.append(f"usage.{key} {got!r} for {expected}")
    for side in ("input_messages", "output_messages"):
        wrong += _message_problems(span, truth, side)
    return wrong


def _left_out(usage: dict[str, Any]) -> int:
    """Cached tokens that this client's input leaves out; the product's input includes them."""
    if any(usage.get(name) for name in ("input_excludes_cache", "input_excludes_cached")):
        return int(usage.get("cached") or 0) + int(usage.get("cache_write") or 0)
    return 0


def _message_problems(span: dict[str, Any], truth: dict[str, Any], side: str) -> list[str]:
    expected = truth.get(side)
    if not expected:
        return []
    got = [_essence(message) for message in span.get(side) or []]
    return [
        f"{side}: no {_essence(message)}"
        for message in expected
        if message.get("content") and _essence(message) not in got
    ]


def _essence(message: dict[str, Any]) -> tuple[str, Any]:
    return message["role"], message.get("content")


def trace_problems(
    summary: dict[str, Any], truth: dict[str, Any], spans: list[dict[str, Any]]
) -> list[str]:
    """How a trace summary's usage differs from the totals that count each call once."""
    wrong = []
    for side in ("input", "output"):
        expected: int | None = truth.get(f"total_{side}_tokens_counted_once")
        if side == "input" and expected is not None:
            expected += sum(
                _left_out(span.get("usage") or {})
                for span in spans
                if span["trace_id"] == truth["trace_id"] and not span.get("same_provider_call_as")
            )
        got = summary["usage"][f"{side}_tokens"]
        if expected is not None and (got or 0) != expected:
            wrong.append(f"total {side} {got} for {expected}")
    return wrong


def detail_problems(span: dict[str, Any], truth: dict[str, Any]) -> list[str]:
    """The rest of a span's truth:

    tools, documents, metadata, errors, timing, and what was not sent.
    """
    wrong = []
    for name in ("session_id", "user_id", "tags", "metadata"):
        expected = (truth.get("trace_values_on_this_span") or {}).get(name)
        if expected and not _holds(span.get(name), expected):
            wrong.append(f"{name} {span.get(name)!r} for {expected!r}")
    wrong += _tool_problems(span, truth)
    wrong += _call_problems(span, truth)
    least = truth.get("time_to_first_token_ms_at_least")
    if least and truth.get("time_to_first_token_carried_by"):
        got = span.get("time_to_first_token_ms")
        if got is None or got < least - 10:
            wrong.append(f"time_to_first_token_ms {got!r} below {least}")
    message = truth.get("error_message")
    if message and message not in (span.get("status_message") or ""):
        wrong.append(f"status_message {span.get('status_message')!r} lacks {message!r}")
    for name, key in (("request_max_tokens", "max_tokens"), ("request_temperature", "temperature")):
        expected = truth.get(name)
        if expected is not None and (span.get("parameters") or {}).get(key) != expected:
            wrong.append(f"parameters.{key} {span.get('parameters')!r} lacks {expected!r}")
    return wrong + _null_problems(span, truth)


def _holds(got: Any, expected: Any) -> bool:
    """Metadata may have more than the application set: frameworks add their own."""
    if isinstance(expected, dict):
        return isinstance(got, dict) and all(got.get(k) == v for k, v in expected.items())
    if isinstance(expected, list):
        return set(expected) <= set(got or ())
    return bool(got == expected)


def _tool_problems(span: dict[str, Any], truth: dict[str, Any]) -> list[str]:
    wrong = []
    if truth.get("tool_arguments") and span.get("input") != truth["tool_arguments"]:
        wrong.append(f"tool input {span.get('input')!r} for {truth['tool_arguments']!r}")
    if truth.get("tool_output") and span.get("output") != truth["tool_output"]:
        wrong.append(f"tool output {span.get('output')!r} for {truth['tool_output']!r}")
    offered = truth.get("tool_definitions")
    if offered:
        names = [_tool_name(tool) for tool in span.get("tools") or ()]
        if names != offered:
            wrong.append(f"tools {names} for {offered}")
    expected = truth.get("documents")
    if expected:
        got = [
            {key: one.get(key) for key in ("id", "content", "score")}
            for one in span.get("documents") or ()
        ]
        wanted = [{key: one.get(key) for key in ("id", "content", "score")} for one in expected]
        if got != wanted:
            wrong.append(f"documents {got!r} for {wanted!r}")
    return wrong


def _tool_name(tool: dict[str, Any]) -> Any:
    function = tool.get("function")
    return (function if isinstance(function, dict) else tool).get("name")


def _call_problems(span: dict[str, Any], truth: dict[str, Any]) -> list[str]:
    """Tool calls inside messages, by name and arguments."""
    wrong = []
    for side in ("input_messages", "output_messages"):
        expected = [
            (call["name"], call["arguments"])
            for message in truth.get(side) or ()
            for call in message.get("tool_calls") or ()
        ]
        got = [
            (call["name"], call["arguments"])
            for message in span.get(side) or ()
            for call in message.get("tool_calls") or ()
        ]
        if expected and got != expected:
            wrong.append(f"{side} tool calls {got} for {expected}")
    return wrong


def _null_problems(span: dict[str, Any], truth: dict[str, Any]) -> list[str]:
    """What the client did not send must be null, not a guess."""
    keys = {
        "usage": "usage",
        "input_messages": "input_messages",
        "output_messages": "output_messages",
        "documents": "documents",
        "response_model": "model",
        "time_to_first_token_ms_at_least": "time_to_first_token_ms",
    }
    wrong = []
    not_sent = truth.get("not_sent") or {}
    for fact in not_sent:
        key = keys.get(fact)
        if fact == "response_model" and truth.get("request_model"):
            continue  # then the model is the one that was asked for
        got = span.get(key) if key else None
        if key == "usage":
            missing = not_sent[fact] if isinstance(not_sent[fact], dict) else USAGE
            got = {n: v for n in missing if n != "total" and (v := (got or {}).get(USAGE[n]))}
        if got:
            wrong.append(f"{key} was not sent, but is {str(got)[:80]}")
    return wrong
