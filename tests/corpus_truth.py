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
