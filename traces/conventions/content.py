"""Messages, documents and parameters of one span, derived when it is shown."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from traces.conventions import messages as shapes
from traces.conventions import tables, tools
from traces.conventions.kinds import kind_of
from traces.conventions.values import parsed, text, texts
from traces.spans import Kind, RawLog, RawSpan, SpanContent

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


DOCUMENTS = ("retrieval.documents.", "reranker.output_documents.")
"""Where OpenInference keeps what was found, and what was kept of it."""


def _documents(
    attributes: dict[str, Any], found: dict[str, Any], output: Any
) -> list[dict[str, Any]] | None:
    listed = next(filter(None, (shapes.indexed(attributes, at) for at in DOCUMENTS)), [])
    rows = [row.get("document") for row in listed]
    if not rows and isinstance(output, list):
        retrieves = kind_of(str(found.get("kind", ""))) is Kind.RETRIEVER
        rows = output if retrieves or _look_like_documents(output) else []
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


def _look_like_documents(rows: list[Any]) -> bool:
    """Text with a score or a source, each of them:

    what a retriever returns, whatever it is called.
    """
    return bool(rows) and all(
        isinstance(row, dict)
        and isinstance(shapes.first(row, "content", "text", "page_content"), str)
        and "role" not in row
        and row.keys() & {"score", "metadata"}
        for row in rows
    )


def _is_tool(found: dict[str, Any]) -> bool:
    return kind_of(str(found.get("kind", ""))) is Kind.TOOL


def _tool(raw: RawSpan, asked: Messages, answered: Messages, made: SpanContent) -> None:
    """A tool has an input and an output; what its events call messages are these."""
    made.input = tools.arguments(made.input, raw.attributes)
    made.output = tools.result(made.output)
    if asked or answered:
        given, returned = tools.from_events(raw.events)
        made.input = given if made.input is None else made.input
        made.output = returned if made.output is None else made.output
    made.input_messages = made.output_messages = None


def _sent(messages: Messages | None) -> Messages | None:
    """None if content was not captured: roles alone are no conversation."""
    said = any(one.keys() & {"tool_calls", "parts"} or one.get("content") for one in messages or ())
    return messages if said else None


def _request_body(made: SpanContent) -> None:
    """The parameters of a call whose request body is all there is."""
    for name, value in made.input.items():
        if name in REQUEST_PARAMETERS and value is not None:
            made.parameters.setdefault(name, value)


REQUEST_PARAMETERS = frozenset({
    "temperature", "top_p", "top_k", "max_tokens", "max_completion_tokens", "seed", "stop",
    "frequency_penalty", "presence_penalty", "n", "stream", "tool_choice", "response_format",
})  # fmt: skip


def content(raw: RawSpan, logs: Sequence[RawLog] = ()) -> SpanContent:
    """Everything to show of one span, also from its events and log records."""
    found = _found(raw.attributes)
    made = SpanContent(tool_name=text(found.get("tool_name")))
    made.tool_call_id = text(found.get("tool_call_id"))
    _messages(raw.attributes, found, made)
    asked, answered = logs_content(logs)
    for event in raw.events:
        _event(event.name, event.attributes, asked, answered)
    made.input, made.output = parsed(found.get("input")), parsed(found.get("output"))
    if _is_tool(found):
        _tool(raw, asked, answered, made)
    else:
        made.input_messages = _sent(made.input_messages or asked)
        made.output_messages = _sent(made.output_messages or answered)
    made.documents = _documents(raw.attributes, found, made.output)
    made.tools = tools.offered(raw.attributes, found.get("tools"))
    parameters = parsed(found.get("parameters"))
    made.parameters = dict(parameters) if isinstance(parameters, dict) else {}
    if _is_chat(found) and isinstance(made.input, dict) and "messages" in made.input:
        _request_body(made)
    for key, value in raw.attributes.items():
        if key.startswith("gen_ai.request.") and key != "gen_ai.request.model":
            made.parameters.setdefault(key.removeprefix("gen_ai.request."), value)
    if "finish_reasons" in found:
        made.finish_reasons = texts(found["finish_reasons"]) or None
    for name in SpanContent.__slots__:
        if raw.native and raw.native.get(name) is not None:
            setattr(made, name, raw.native[name])
    return made
