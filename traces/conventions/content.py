"""Messages, documents and parameters of one span, derived when it is shown."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from traces.conventions import (
    documents,
    langchain,
    logfire,
    openinference,
    openllmetry,
    parameters,
    tools,
    vercel,
)
from traces.conventions import messages as shapes
from traces.conventions.kinds import kind_of
from traces.conventions.precedence import gather
from traces.conventions.values import parsed, text, texts
from traces.spans import Kind, RawLog, RawSpan, SpanContent

Messages = list[dict[str, Any]]
_TOLD = frozenset({"input_messages", "output_messages", "events", "args", "kwargs", "system"})
"""Fields beside input and output that tell what was said."""
OI_FIRST = "llm.input_messages.0.message.role"
Sides = tuple[Messages | None, Messages | None]


def said(raw: RawSpan, found: dict[str, Any], kind: Kind) -> tuple[Any, Any]:
    """What was asked last and what was answered: enough for the previews."""
    if kind is Kind.LLM:
        plain = openinference.plainly_said(raw.attributes)
        if plain is not None:
            return plain
    elif not raw.events and _TOLD.isdisjoint(found) and OI_FIRST not in raw.attributes:
        given, returned = found.get("input"), found.get("output")
        if given is not None:
            return given, returned
    asked, answered = _conversation(raw, found, kind)
    users = [one for one in asked or () if one["role"] == "user"]
    given, returned = _in_out(raw, found, kind)
    first = users[-1]["content"] if users else given
    if not answered:
        return first, returned
    return first, answered[-1].get("content") or answered[-1].get("tool_calls") or returned


SPEAKERS = {"input_messages": "user", "output_messages": "assistant"}
"""Whose a message is that names no role."""


def natively_said(native: dict[str, Any]) -> tuple[Any, Any, tuple[int, int]]:
    """What our own fields say was asked last and answered, and the characters of both sides."""
    asked, answered = (
        shapes.native(native.get(name) or [], role) for name, role in SPEAKERS.items()
    )
    users = [one for one in asked if one.get("role") == "user"]
    first = users[-1].get("content") if users else native.get("input")
    said = (answered[-1].get("content") or answered[-1].get("tool_calls")) if answered else None
    last = said or native.get("output")
    return first, last, (_length(asked, first), _length(answered, last))


def text_length(
    raw: RawSpan, found: dict[str, Any], kind: Kind, asked: Any, answered: Any
) -> tuple[int, int]:
    """Characters that went in and came out: of the whole conversation, if there is one."""
    sides = zip(_conversation(raw, found, kind), (asked, answered), strict=True)
    counts = [_length(messages, last) for messages, last in sides]
    return counts[0], counts[1]


def _length(messages: Messages | None, last: Any) -> int:
    if not messages:
        return len(str(last or ""))
    calls = sum(len(str(one["tool_calls"])) for one in messages if one.get("tool_calls"))
    return calls + sum(len(str(one.get("content") or "")) for one in messages)


def _conversation(raw: RawSpan, found: dict[str, Any], kind: Kind) -> Sides:
    """Messages of the attributes, or else of the span's events."""
    asked, answered = _attributes(raw.attributes, found, kind)
    if raw.events and (asked is None or answered is None):
        told: tuple[Messages, Messages] = ([], [])
        for event in raw.events:
            shapes.event(event.name, event.attributes, *told)
        asked, answered = asked or told[0] or None, answered or told[1] or None
    return asked, answered


def _attributes(attributes: dict[str, Any], found: dict[str, Any], kind: Kind) -> Sides:
    asked = openinference.messages(attributes, "llm.input_messages.")
    answered = openinference.messages(attributes, "llm.output_messages.")
    if asked is None and "input_messages" in found:
        asked = shapes.messages(found["input_messages"])
    if answered is None and "output_messages" in found:
        answered = shapes.messages(found["output_messages"], "assistant")
    if "events" in found:
        told = logfire.told(found["events"])
        asked, answered = asked or told[0] or None, answered or told[1] or None
    if kind is Kind.LLM:
        asked = asked or _asked(attributes, found)
        answered = answered or _answered(attributes, found)
    return _with_system(found, asked), answered


def _asked(attributes: dict[str, Any], found: dict[str, Any]) -> Messages | None:
    """What only a call to a model has: numbered keys, the request's body, a bare prompt."""
    asked = openllmetry.messages(attributes, openllmetry.PROMPTS)
    for name in ("request_body", "input"):
        asked = asked or shapes.messages(found.get(name))
    prompt = None if asked else openinference.completions(attributes, "llm.prompts.", "prompt")
    return [{"role": "user", "content": prompt}] if prompt else asked


def _answered(attributes: dict[str, Any], found: dict[str, Any]) -> Messages | None:
    """Likewise of the answer."""
    answered = openllmetry.messages(attributes, openllmetry.COMPLETIONS)
    if not answered and ("tool_calls" in found or "reasoning" in found):
        answered = _of_parts(found)
    for name in ("response_body", "output"):
        answered = answered or shapes.messages(found.get(name), "assistant")
    if answered:
        return answered
    bare = openinference.completions(attributes, "llm.choices.", "completion")
    bare = bare or found.get("output")
    return [{"role": "assistant", "content": bare}] if isinstance(bare, str) else None


def _of_parts(found: dict[str, Any]) -> Messages:
    """An answer whose text, calls and reasoning are told apart."""
    made: dict[str, Any] = {"role": "assistant", "content": found.get("output") or None}
    if "tool_calls" in found:
        made["tool_calls"] = parsed(found["tool_calls"])
    [whole, *_] = shapes.message(made)
    if isinstance(thought := found.get("reasoning"), str):
        spoken = [{"type": "text", "text": whole["content"]}] if whole["content"] else []
        whole["parts"] = [{"type": "reasoning", "text": thought}, *spoken]
    return [whole]


def _with_system(found: dict[str, Any], asked: Messages | None) -> Messages | None:
    """System instructions that are told apart from the messages come first."""
    system = parsed(found.get("system"))
    if not system or any(one["role"] == "system" for one in asked or ()):
        return asked
    head = shapes.message({"role": "system", "content": system})
    return [*head, *(asked or [])]


def _in_out(raw: RawSpan, found: dict[str, Any], kind: Kind) -> tuple[Any, Any]:
    """Input and output of a span that is no chat."""
    given = langchain.called(parsed(found.get("input")))
    returned = langchain.returned(parsed(found.get("output")))
    if "ai.values" in raw.attributes or "ai.value" in raw.attributes:
        given = vercel.values(given)
    if given is None:
        given = tools.called(found)
    if kind is Kind.EMBEDDING:
        given = _embedded(raw.attributes, found, given)
    if returned is None and isinstance(bare := found.get("output_messages"), str):
        returned = bare if not shapes.messages(bare, "assistant") else None
    return given, returned


def _embedded(attributes: dict[str, Any], found: dict[str, Any], given: Any) -> Any:
    """The texts that were embedded, wherever they are."""
    if given is not None:
        return given
    texts_of_keys = openinference.embedded(attributes)
    if texts_of_keys:
        return texts_of_keys
    asked = shapes.messages(found.get("input_messages")) or openllmetry.messages(
        attributes, openllmetry.PROMPTS
    )
    return [one["content"] for one in asked or ()] or None


def logs_content(logs: Sequence[RawLog]) -> tuple[Messages, Messages]:
    """The conversation that log records of one span tell."""
    asked: Messages = []
    answered: Messages = []
    for log in sorted(logs, key=lambda one: one.time_ns):
        shapes.event(*_record(log), asked, answered)
    return asked, answered


def _record(log: RawLog) -> tuple[str, dict[str, Any]]:
    name = log.event_name or str(log.attributes.get("event.name", ""))
    body = parsed(log.body)
    return name, {**log.attributes, **body} if isinstance(body, dict) else {
        "content": log.body, **log.attributes}  # fmt: skip


def _sent(messages: Messages | None) -> Messages | None:
    """None if content was not captured: roles alone are no conversation."""
    told = any(one.keys() & {"tool_calls", "parts"} or one.get("content") for one in messages or ())
    return messages if told else None


def _finish_reasons(
    raw: RawSpan, found: dict[str, Any], logs: Sequence[RawLog]
) -> list[str] | None:
    """Why the model stopped: its own key, or what the answer says of itself."""
    if "finish_reasons" in found:
        return texts(found["finish_reasons"]) or None
    said_by = [found.get(name) for name in ("output_messages", "output", "response_body")]
    said_by += [event.attributes for event in raw.events if event.name == "gen_ai.choice"]
    said_by += [body for name, body in map(_record, logs) if name == "gen_ai.choice"]
    for sent in said_by:
        if sent is not None and (reasons := shapes.finish_reasons(sent)):
            return reasons
    return openllmetry.finish_reasons(raw.attributes) or None


def _tool(raw: RawSpan, found: dict[str, Any], made: SpanContent) -> None:
    """A tool has an input and an output; what its events call messages are these."""
    made.tool_name = text(found.get("tool_name")) or raw.name
    made.tool_call_id = text(found.get("tool_call_id"))
    made.input = tools.arguments(made.input, raw.attributes)
    made.output = tools.result(made.output)
    given, returned = tools.from_events(raw.events)
    made.input = given if made.input is None else made.input
    made.output = returned if made.output is None else made.output
    made.input_messages = made.output_messages = None


def _converse(raw: RawSpan, found: dict[str, Any], logs: Sequence[RawLog], kind: Kind) -> Sides:
    """The whole conversation, also from log records; None on a side that was not sent."""
    asked, answered = _conversation(raw, found, kind)
    told = logs_content(logs) if logs else ([], [])
    return _sent(asked or told[0]), _sent(answered or told[1])


def content(raw: RawSpan, logs: Sequence[RawLog] = ()) -> SpanContent:
    """Everything to show of one span, also from its events and log records."""
    found, _, _ = gather(raw.attributes)
    kind = kind_of(found.get("kind"))
    if kind is Kind.SPAN and "request_body" in found and "request_model" in found:
        kind = Kind.LLM
    made = SpanContent()
    made.input, made.output = _in_out(raw, found, kind)
    if kind is Kind.TOOL:
        _tool(raw, found, made)
    elif kind is not Kind.EMBEDDING:
        made.input_messages, made.output_messages = _converse(raw, found, logs, kind)
    if kind is Kind.LLM:
        made.finish_reasons = _finish_reasons(raw, found, logs)
    made.documents = documents.found_by(raw, kind, made.output)
    made.tools = tools.offered(raw.attributes, found)
    made.parameters = parameters.of(raw.attributes, found, kind, made.input)
    if raw.native:
        _natively(raw.native, made)
    return made


def _natively(native: dict[str, Any], made: SpanContent) -> None:
    """Our own fields win over every convention."""
    for name in SpanContent.__slots__:
        if (sent := native.get(name)) is not None:
            is_said = name in SPEAKERS
            setattr(made, name, shapes.native(sent, SPEAKERS[name]) if is_said else sent)
