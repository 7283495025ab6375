"""OpenLLMetry and the Traceloop SDK: GenAI keys for calls, `traceloop.*` for the application.

Older releases number messages in the keys (`gen_ai.prompt.0.role`, `gen_ai.completion.0.content`)
and tools too (`llm.request.functions.0.name`).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from traces.conventions import messages as shapes
from traces.conventions.values import parsed
from traces.spans import RawEvent

KEYS = {
    "traceloop.span.kind": "kind",
    "traceloop.entity.name": "tool_name", "traceloop.entity.input": "input",
    "traceloop.entity.output": "output",
    "traceloop.association.properties.session_id": "session_id",
    "traceloop.association.properties.user_id": "user_id",
    "traceloop.prompt.key": "prompt_name", "traceloop.prompt.version": "prompt_version",
    "llm.usage.total_tokens": "total_tokens", "llm.usage.prompt_tokens": "input_tokens",
    "llm.usage.completion_tokens": "output_tokens",
    "llm.usage.cache_read_input_tokens": "cache_read_tokens",
    "llm.usage.cache_creation_input_tokens": "cache_write_tokens",
    "llm.usage.reasoning_tokens": "reasoning_tokens",
    "llm.request.model": "request_model", "llm.response.model": "model", "llm.vendor": "provider",
    "llm.response.finish_reason": "finish_reasons",
    "llm.response.stop_reason": "finish_reasons",
    "llm.request.type": "kind",
}  # fmt: skip
METADATA = ("traceloop.association.properties.",)
PROMPTS, COMPLETIONS, FUNCTIONS = "gen_ai.prompt.", "gen_ai.completion.", "llm.request.functions."
TREES = (*METADATA, PROMPTS, COMPLETIONS, FUNCTIONS, "gen_ai.is_streaming", "llm.is_streaming",
         "traceloop.workflow.name", "traceloop.entity.path")  # fmt: skip


def messages(attributes: dict[str, Any], prefix: str) -> list[dict[str, Any]] | None:
    """`gen_ai.prompt.N.*` as messages; None if there are none."""
    if not any(f"{prefix}0.{leaf}" in attributes for leaf in ("role", "content")) and not any(
        key.startswith(f"{prefix}0.") for key in attributes
    ):
        return None
    role = "user" if prefix == PROMPTS else "assistant"
    found: list[dict[str, Any]] = []
    for row in shapes.indexed(attributes, prefix):
        calls = [{**one, "arguments": one.get("arguments")} for one in shapes.rows(
            row.get("tool_calls"))]  # fmt: skip
        if not calls and isinstance(call := row.get("function_call"), dict):
            calls = [call]
        whole = {key: row[key] for key in ("role", "content", "tool_call_id") if key in row}
        found += shapes.message({**whole, "tool_calls": calls} if calls else whole, role)
    return found or None


def offered(attributes: dict[str, Any]) -> list[dict[str, Any]]:
    """`llm.request.functions.N.*` as definitions of tools."""
    return [
        {**row, "parameters": parsed(row.get("parameters"))}
        for row in shapes.indexed(attributes, FUNCTIONS)
        if row.get("name")
    ]


def finish_reasons(attributes: dict[str, Any]) -> list[str]:
    """`gen_ai.completion.N.finish_reason`."""
    rows = [row.get("finish_reason") for row in shapes.indexed(attributes, COMPLETIONS)]
    return [one for one in rows if isinstance(one, str) and one]


def found_rows(events: Iterable[RawEvent]) -> list[dict[str, Any]]:
    """What a vector database found, one event a row."""
    rows = []
    for event in events:
        if event.name == "db.query.result":
            own = {key.removeprefix("db.query.result."): value for key, value in (
                event.attributes.items())}  # fmt: skip
            body = shapes.first(own, "document", "text", "content")
            score = shapes.first(own, "score", "distance")
            rows.append({**own, "content": body, "score": score})
    return rows
