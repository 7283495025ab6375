"""Logfire's integrations and pydantic-ai: GenAI keys, and some of their own.

Older releases keep the provider's bodies in `request_data` and `response_data`, and the
conversation as a list of events in `events` or `all_messages_events`.
"""

from __future__ import annotations

from typing import Any

from traces.conventions import messages as shapes
from traces.conventions.values import parsed
from traces.spans import RawSpan, SpanFacts

KEYS = {
    "tool_arguments": "input", "tool_response": "output", "final_result": "output",
    "pydantic_ai.all_messages": "input_messages",
    "all_messages_events": "events", "all_messages": "input_messages", "events": "events",
    "request_data": "request_body", "response_data": "response_body",
    "logfire.tags": "tags", "gen_ai.usage.raw": "usage_blob", "operation.cost": "cost_total",
    "session_id": "session_id", "user_id": "user_id",
    "kwargs": "kwargs", "args": "args", "result": "output",
}  # fmt: skip
TREES = ("logfire.", "model_request_parameters")


def mark_stream_log(raw: RawSpan, made: SpanFacts) -> None:
    """A stream's usage is reported on a second, zero-length span in a trace of its own."""
    if raw.attributes.get("logfire.span_type") == "log" and made.usage:
        made.duplicate = True
        made.suspect.append("repeats_stream")


def told(events: Any) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Asked and answered of a list of events: what follows `gen_ai.choice` was answered."""
    asked: list[dict[str, Any]] = []
    answered: list[dict[str, Any]] = []
    for one in parsed(events) if isinstance(parsed(events), list) else ():
        if isinstance(one, dict):
            shapes.event(str(one.get("event.name", "")), one, asked, answered)
    return asked, answered
