"""Messages, documents and parameters of one span, derived when it is shown."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from traces.conventions import messages as shapes
from traces.conventions import tables
from traces.conventions.values import parsed, text, texts
from traces.spans import RawLog, RawSpan, SpanContent

Messages = list[dict[str, Any]]
CHAT = frozenset({"llm", "generation", "chat_model", "chat", "generate_content",
                  "text_completion"})  # fmt: skip


def _found(attributes: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, tuple[int, Any]] = {}
    for key, value in attributes.items():
        hit = tables.FIELD_OF.get(key)
        if hit and value is not None and value != "":
            rank, name, _ = hit
            if name not in found or found[name][0] > rank:
                found[name] = (rank, value)
    return {name: value for name, (_, value) in found.items()}


def _is_chat(found: dict[str, Any]) -> bool:
    kind = str(found.get("kind", "")).strip('"').lower()
    return kind in CHAT or kind.endswith((".dogenerate", ".dostream"))


def said(raw: RawSpan, found: dict[str, Any]) -> tuple[Any, Any]:
    """What was asked last and what was answered: enough for the previews."""
    plain = shapes.plainly_said(raw.attributes)
    if plain is not None:
        return plain
    made = SpanContent()
    _messages(raw.attributes, found, made)
    asked = [one for one in made.input_messages or () if one["role"] == "user"]
    first = asked[-1]["content"] if asked else found.get("input")
    answer = made.output_messages[-1] if made.output_messages else None
    last = (answer.get("content") or answer.get("tool_calls")) if answer else found.get("output")
    return first, last


def _messages(attributes: dict[str, Any], found: dict[str, Any], made: SpanContent) -> None:
    made.input_messages = shapes.openinference(attributes, "llm.input_messages.")
    made.output_messages = shapes.openinference(attributes, "llm.output_messages.")
    if made.input_messages is None and "input_messages" in found:
        made.input_messages = shapes.messages(found["input_messages"])
        system = parsed(found.get("system"))
        roles = [one["role"] for one in made.input_messages or ()]
        if system and "system" not in roles:
            head = shapes.message({"role": "system", "content": system})
            made.input_messages = head + (made.input_messages or [])
    if made.output_messages is None and "output_messages" in found:
        made.output_messages = shapes.messages(found["output_messages"], "assistant")
    if not _is_chat(found):
        return
    if made.input_messages is None and "input" in found:
        made.input_messages = shapes.messages(found["input"])
    if made.output_messages is None and "tool_calls" in found:
        calls = {"role": "assistant", "content": found.get("output") or None}
        made.output_messages = shapes.message({**calls, "tool_calls": parsed(found["tool_calls"])})
    if made.output_messages is None and "output" in found:
        made.output_messages = shapes.messages(found["output"], "assistant")
        if made.output_messages is None and isinstance(found["output"], str):
            made.output_messages = [{"role": "assistant", "content": found["output"]}]


def _event(name: str, body: dict[str, Any], asked: Messages, answered: Messages) -> None:
    if not name.startswith("gen_ai."):
        return
    if name == "gen_ai.client.inference.operation.details":
        asked += shapes.messages(body.get("gen_ai.input.messages")) or []
        answered += shapes.messages(body.get("gen_ai.output.messages"), "assistant") or []
    elif name == "gen_ai.choice":
        inner = parsed(body.get("message"))
        inner = inner if isinstance(inner, dict) else {"content": inner}
        answered += shapes.message(inner, "assistant")
    elif name.endswith(".message"):
        role = name.split(".")[1]
        asked += shapes.message({"role": role, **body})


def logs_content(logs: Sequence[RawLog]) -> tuple[Messages, Messages]:
    """The conversation that log records of one span tell."""
    asked: Messages = []
    answered: Messages = []
    for log in sorted(logs, key=lambda one: one.time_ns):
        name = log.event_name or str(log.attributes.get("event.name", ""))
        body = log.body if isinstance(log.body, dict) else {}
        _event(name, {**log.attributes, **body}, asked, answered)
    return asked, answered


def _documents(attributes: dict[str, Any], found: dict[str, Any]) -> list[dict[str, Any]] | None:
    rows = [row.get("document") for row in shapes.indexed(attributes, "retrieval.documents.")]
    if not rows and str(found.get("kind", "")).strip('"').lower() in ("retriever", "retrieval"):
        value = parsed(found.get("output"))
        rows = list(value) if isinstance(value, list) else []
    found_rows = []
    for row in rows:
        if isinstance(row, dict):
            metadata = parsed(row.get("metadata")) or {}
            metadata = metadata if isinstance(metadata, dict) else {}
            body = shapes.first(row, "content", "text", "page_content")
            found_rows.append({
                "id": shapes.first(row, "id") or metadata.get("id"), "content": body,
                "score": shapes.first(row, "score") or metadata.get("score"),
                "metadata": metadata,
            })  # fmt: skip
    return found_rows or None


def content(raw: RawSpan, logs: Sequence[RawLog] = ()) -> SpanContent:
    """Everything to show of one span, also from its events and log records."""
    found = _found(raw.attributes)
    made = SpanContent(tool_name=text(found.get("tool_name")))
    made.tool_call_id = text(found.get("tool_call_id"))
    _messages(raw.attributes, found, made)
    asked, answered = logs_content(logs)
    for event in raw.events:
        _event(event.name, event.attributes, asked, answered)
    made.input_messages = made.input_messages or asked or None
    made.output_messages = made.output_messages or answered or None
    made.input, made.output = parsed(found.get("input")), parsed(found.get("output"))
    made.documents = _documents(raw.attributes, found)
    tools, parameters = parsed(found.get("tools")), parsed(found.get("parameters"))
    offered = [parsed(one) for one in tools] if isinstance(tools, list) else []
    made.tools = [one for one in offered if isinstance(one, dict)] or None
    made.parameters = dict(parameters) if isinstance(parameters, dict) else {}
    for key, value in raw.attributes.items():
        if key.startswith("gen_ai.request.") and key != "gen_ai.request.model":
            made.parameters.setdefault(key.removeprefix("gen_ai.request."), value)
    if "finish_reasons" in found:
        made.finish_reasons = texts(found["finish_reasons"]) or None
    for name in SpanContent.__slots__:
        if raw.native and raw.native.get(name) is not None:
            setattr(made, name, raw.native[name])
    return made
