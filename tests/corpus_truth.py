"""What a scenario's expected.json says, compared with spans and traces in the API's shape.

A problem is a text that begins with the fact's name. Facts whose only carrier is a provider's raw
body (`output.value`) are optional; facts under `not_sent` must be null, for a guess is a lie.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

USAGE = {"input": "input_tokens", "output": "output_tokens", "total": "total_tokens",
         "cached": "cache_read_tokens", "reasoning": "reasoning_tokens",
         "cache_write": "cache_write_tokens"}  # fmt: skip
BLOBS = ("output.value", "input.value", "llm.invocation_parameters")
"""Attributes that hold a provider's raw body: facts carried only there are optional."""
PLAIN = {"provider": "provider", "request_model": "request_model", "response_model": "model",
         "response_id": "response_id", "tool_name": "tool_name", "name": "name",
         "parent_span_id": "parent_id"}  # fmt: skip
SIDES = ("input_messages", "output_messages")
Span = dict[str, Any]


def span_problems(span: Span, truth: Span) -> list[str]:
    """How a span (API keys) differs from the truth; empty if it does not."""
    return [
        problem
        for compare in (_plain, _usage, _messages, _tool, _retrieval, _texts, _call, _absent,
                        _application)
        for problem in compare(span, truth)
    ]  # fmt: skip


def _carriers(truth: Span, fact: str) -> list[str]:
    found: list[str] = (truth.get("carried_by") or {}).get(fact) or []
    return found


def _only_in_blob(truth: Span, fact: str) -> bool:
    keys = _carriers(truth, fact)
    return bool(keys) and all(key in BLOBS for key in keys)


def _plain(span: Span, truth: Span) -> Iterator[str]:
    if span["kind"] not in truth["kind_accept"]:
        yield f"kind {span['kind']} not in {truth['kind_accept']}"
    failed = truth["status"] == "error" and "status" not in (truth.get("not_sent") or {})
    if failed != (span["status"] == "error"):
        yield f"status {span['status']} for {truth['status']}"
    for fact, key in PLAIN.items():
        expected = truth.get(fact)
        key = "name" if _carriers(truth, fact) == ["span.name"] else key
        if expected and key in span and not _only_in_blob(truth, fact) and span[key] != expected:
            yield f"{fact} {span[key]!r} for {expected!r}"
    message = truth.get("error_message")
    if message and message not in (span.get("status_message") or ""):
        yield f"error_message {span.get('status_message')!r} lacks {message!r}"


def _usage(span: Span, truth: Span) -> Iterator[str]:
    for fact, key in USAGE.items():
        expected = (truth.get("usage") or {}).get(fact)
        carried = f"usage.{fact}"
        sent = _borne(truth, carried) and not _only_in_blob(truth, carried)
        if fact == "input" and expected is not None:
            expected += left_out(truth)
        if expected is not None and sent and span["usage"][key] != expected:
            yield f"{carried} {span['usage'][key]!r} for {expected}"


def _borne(truth: Span, fact: str) -> bool:
    """Whether a key bears the fact; a token limit that happens to be the same number does not."""
    return any("max_tokens" not in key for key in _carriers(truth, fact))


def left_out(truth: Span) -> int:
    """Cached tokens that this client's input leaves out; the product's input includes them."""
    usage = truth.get("usage") or {}
    if not any(usage.get(name) for name in ("input_excludes_cache", "input_excludes_cached")):
        return 0
    parts = ("cached", "cache_write")
    return sum(usage.get(part) or 0 for part in parts if _borne(truth, f"usage.{part}"))


def _messages(span: Span, truth: Span) -> Iterator[str]:
    """The same conversation, in order, with its calls; roles without any content are left out."""
    for side in SIDES:
        expected = [_essence(one) for one in truth.get(side) or ()]
        got = [_essence(one) for one in span.get(side) or ()]
        if not expected:
            continue
        if truth.get(f"{side}_partial"):
            known = [one for one in expected if one.keys() - {"role"}]
            if missing := [one for one in known if one not in got]:
                yield f"{side}: no {missing}"
        elif got != expected:
            yield f"{side} {got} for {expected}"


def _essence(message: dict[str, Any]) -> dict[str, Any]:
    """What must be equal: role, text, calls (with ids), the call that a result answers, images."""
    calls = [
        {name: one.get(name) for name in ("id", "name", "arguments")}
        for one in message.get("tool_calls") or ()
    ]
    images = message.get("images") or [one for one in message.get("parts") or () if _image(one)]
    made = {"role": message["role"], "content": message.get("content") or None,
            "tool_calls": calls, "images": len(images) if isinstance(images, list) else images,
            "tool_call_id": message.get("tool_call_id")}  # fmt: skip
    return {name: value for name, value in made.items() if value}


def _image(part: Any) -> bool:
    if not isinstance(part, dict) or part.get("type") in ("text", "input_text"):
        return False
    return "image" in json.dumps(part, default=str)[:400]


def _tool(span: Span, truth: Span) -> Iterator[str]:
    for fact, key in (("tool_arguments", "input"), ("tool_output", "output")):
        if truth.get(fact) and span.get(key) != truth[fact]:
            yield f"{fact} {span.get(key)!r} for {truth[fact]!r}"
    offered = truth.get("tool_definitions")
    names = [_tool_name(tool) for tool in span.get("tools") or ()]
    if offered and names != offered:
        yield f"tool_definitions {names} for {offered}"


def _tool_name(tool: dict[str, Any]) -> Any:
    function = tool.get("function")
    return (function if isinstance(function, dict) else tool).get("name")


def _retrieval(span: Span, truth: Span) -> Iterator[str]:
    expected = truth.get("documents")
    if expected:
        got = [{key: one.get(key) for key in expected[0]} for one in span.get("documents") or ()]
        for row, want in zip(got, expected, strict=False):
            if _holds(row.get("metadata"), want.get("metadata")):
                row["metadata"] = want.get("metadata")
        if got != expected:
            yield f"documents {got!r} for {expected!r}"
    for fact in ("query", "embedding_inputs"):
        wanted = truth.get(fact)
        for one in [wanted] if isinstance(wanted, str) else wanted or ():
            if one not in list(_strings(span.get("input"))):
                yield f"{fact} {span.get('input')!r} lacks {one!r}"


def _strings(value: Any) -> Iterator[Any]:
    """Every text in a JSON value."""
    if isinstance(value, dict | list):
        for one in value.values() if isinstance(value, dict) else value:
            yield from _strings(one)
    else:
        yield value


def _texts(span: Span, truth: Span) -> Iterator[str]:
    """An application's input and output are somewhere in what is shown of the span."""
    for fact in ("input", "output"):
        wanted = truth.get(fact)
        shown = [span.get(fact), span.get(f"{fact}_messages")]
        if fact == "input":
            shown.append(span.get("output"))  # an agent's state has the question in its end
        for one in _strings(wanted) if wanted is not None else ():
            if _flat(one) not in _flat(shown):
                yield f"{fact} {str(shown)[:200]} lacks {one!r}"


def _flat(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, default=str).strip('"').replace("\\", "")


def _call(span: Span, truth: Span) -> Iterator[str]:
    """How the model was asked and how it ended: parameters, finish reason, first token."""
    for name, key in (("request_max_tokens", "max_tokens"), ("request_temperature", "temperature")):
        expected = truth.get(name)
        if expected is not None and (span.get("parameters") or {}).get(key) != expected:
            yield f"{name} {span.get('parameters')!r} lacks {expected!r}"
    reason = truth.get("finish_reason")
    given = [_reason(one) for one in span.get("finish_reasons") or ()]
    accepted = {_reason(one) for one in (reason, truth.get("finish_reason_as_sent")) if one}
    if reason and not _only_in_blob(truth, "finish_reason") and not accepted & set(given):
        yield f"finish_reason {given} for {accepted}"
    least = truth.get("time_to_first_token_ms_at_least")
    got = span.get("time_to_first_token_ms")
    if least and truth.get("time_to_first_token_carried_by") and (got is None or got < least - 10):
        yield f"time_to_first_token {got!r} below {least}"


def _reason(word: str) -> str:
    """`tool-calls`, `tool_call` and `tool_calls` are one word of different clients."""
    return word.lower().replace("-", "_").removesuffix("s")


SCALARS = ("provider", "request_model", "response_id", "tool_name", "documents")
NULLS = {**{name: name for name in SCALARS},
         "time_to_first_token_ms_at_least": "time_to_first_token_ms",
         "tool_definitions": "tools"}  # fmt: skip


def _absent(span: Span, truth: Span) -> Iterator[str]:
    """What the client did not send must be null, not a guess."""
    not_sent = truth.get("not_sent") or {}
    happened = not_sent if isinstance(not_sent, dict) else {}
    for fact, key in NULLS.items():
        if fact in not_sent and not truth.get(fact) and span.get(key):
            if span[key] == happened.get(fact):
                continue  # sent in other words (`anthropic/claude-…`): what happened is no guess
            yield f"not_sent {fact} is {str(span[key])[:120]}"
    for side in SIDES:
        if side in not_sent and not truth.get(side) and span.get(side):
            yield f"not_sent {side} is {str(span[side])[:120]}"
    # without an answer's model, the model is the one that was asked for
    asked = (None, truth.get("request_model"), happened.get("request_model"))
    if "response_model" in not_sent and span.get("model") not in asked:
        yield f"not_sent response_model is {span['model']}"
    for fact, key in (("tool_arguments", "input"), ("tool_output", "output")):
        if fact in not_sent and not truth.get(fact) and span.get(key) is not None:
            yield f"not_sent {fact} is {span[key]!r}"
    yield from _absent_usage(span, truth, not_sent.get("usage") or {})


def _absent_usage(span: Span, truth: Span, unknown: Any) -> Iterator[str]:
    got = span["usage"] or {}
    summed = (got.get("input_tokens") or 0) + (got.get("output_tokens") or 0)
    for fact in unknown if isinstance(unknown, dict) else USAGE:
        value = got.get(USAGE[fact])
        if fact == "total" and value == summed:
            continue  # the sum of two numbers that were sent is no guess
        if value and (truth.get("usage") or {}).get(fact) is None:
            yield f"not_sent usage.{fact} is {value}"


def _application(span: Span, truth: Span) -> Iterator[str]:
    """User, session, tags and metadata of the application, where this span bears them."""
    values = truth.get("trace_values_on_this_span") or {}
    for name, expected in values.items():
        if expected and not _holds(span.get(name), expected):
            yield f"{name} {span.get(name)!r} for {expected!r}"
        elif expected is None and name in ("user_id", "tags") and span.get(name):
            yield f"not_sent {name} is {span[name]!r}"


def _holds(got: Any, expected: Any) -> bool:
    """Frameworks add metadata and tags of their own to what the application set."""
    if isinstance(expected, dict):
        return isinstance(got, dict) and all(got.get(k) == v for k, v in expected.items())
    if isinstance(expected, list):
        return set(expected) <= set(got or ())
    return bool(got == expected)


def trace_problems(summary: Span, truth: Span, spans: list[Span]) -> list[str]:
    """How a trace summary differs: usage that counts each call once, and what its spans bear."""
    wrong = []
    for side in ("input", "output"):
        expected: int | None = truth.get(f"total_{side}_tokens_counted_once")
        if side == "input" and expected is not None:
            expected += sum(
                left_out(span)
                for span in spans
                if span["trace_id"] == truth["trace_id"] and not span.get("same_provider_call_as")
            )
        got = summary["usage"][f"{side}_tokens"]
        if expected is not None and (got or 0) != expected:
            wrong.append(f"total {side} {got} for {expected}")
    for name in ("session_id", "user_id", "tags", "metadata"):
        sent = name in (truth.get("carried_by") or {})
        if sent and name in summary and not _holds(summary[name], truth[name]):
            wrong.append(f"trace {name} {summary[name]!r} for {truth[name]!r}")
    return wrong
