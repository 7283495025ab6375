"""What the pane of one span shows:

its content cut to what a screen bears, in parts that a template names.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from dashboards.templatetags import sightglass as figures
from traces.conventions import is_mapped

SHOWN = 8_000
"""Characters of one text before it is cut."""

SHOWN_WHOLE = 400_000
"""The same when the reader has asked for everything."""

RECENT = 6
"""Messages at the end of a conversation that are not folded."""

SAFE_IMAGES = ("data:image/png;", "data:image/jpeg;", "data:image/gif;", "data:image/webp;")
MAX_IMAGE = 2_000_000
MAX_MESSAGES = 400
MAX_ATTRIBUTES = 2_000


@dataclass(slots=True)
class Text:
    """A text, perhaps cut: `left` says how much is missing."""

    shown: str
    left: str = ""


@dataclass(slots=True)
class Part:
    """A piece of a multimodal message: a safe image, or words about what is not shown."""

    kind: str
    image: str = ""
    note: str = ""


@dataclass(slots=True)
class Call:
    """A tool call, with its result where one came back."""

    name: str
    id: str
    arguments: Text
    result: Text | None = None


@dataclass(slots=True)
class Message:
    """One message of a transcript."""

    role: str
    text: Text | None
    calls: list[Call] = field(default_factory=list)
    parts: list[Part] = field(default_factory=list)
    folded: bool = False
    answer: bool = False
    tool_call_id: str = ""

    @property
    def label(self) -> str:
        return LABELS.get(self.role, self.role.capitalize() or "Message")


LABELS = {"user": "User", "assistant": "Assistant", "system": "System", "tool": "Tool result"}


def size(count: int) -> str:
    """Characters, in thousands: 512, 12.0k, 9.6M."""
    if count < 1000:
        return str(count)
    return f"{count / 1000:.1f}k" if count < 10**6 else f"{count / 10**6:.1f}M"


def cut(value: Any, limit: int = SHOWN) -> Text:
    """Any value as text; structures as indented JSON."""
    text = value if isinstance(value, str) else pretty(value)
    if len(text) <= limit:
        return Text(text)
    return Text(text[:limit], size(len(text) - limit))


def pretty(value: Any) -> str:
    """JSON for people. Text that is JSON itself is unfolded."""
    if isinstance(value, str):
        text: str = value
        stripped = text.strip()
        if stripped[:1] not in ("{", "[") or len(stripped) >= SHOWN_WHOLE:
            return text
        try:
            value = json.loads(stripped)
        except (ValueError, RecursionError):
            return text
    try:
        return json.dumps(value, indent=2, ensure_ascii=False, default=str)
    except (RecursionError, ValueError):
        return str(value)


def transcript(
    asked: Sequence[dict[str, Any]] | None,
    answered: Sequence[dict[str, Any]] | None,
    *,
    limit: int = SHOWN,
) -> list[Message]:
    """The conversation of one call.

    Results stand in the call that they answer, history is folded.
    """
    made = [message(one, limit) for one in (asked or ())[-MAX_MESSAGES:]]
    outs = [message(one, limit) for one in (answered or ())[:MAX_MESSAGES]]
    for one in outs:
        one.answer = True
    made += outs
    made = with_results(made)
    recent = len(made) - RECENT
    for i, one in enumerate(made):
        one.folded = one.role == "system" or (i < recent and not one.answer)
    return made


def with_results(messages: Iterable[Message]) -> list[Message]:
    """Tool results moved into the calls that they answer; those without a call stay messages."""
    calls: dict[str, Call] = {}
    kept: list[Message] = []
    for one in messages:
        call = calls.get(one.tool_call_id) if one.role == "tool" and one.tool_call_id else None
        if call is not None and call.result is None and one.text is not None:
            call.result = one.text
            continue
        kept.append(one)
        calls.update({call.id: call for call in one.calls if call.id})
    return kept


def message(one: dict[str, Any], limit: int = SHOWN) -> Message:
    """A message of the API's shape; whatever else it is, it is shown as text."""
    content = one.get("content")
    text = None if content is None or content == "" else cut(content, limit)
    calls = [
        Call(
            str(call.get("name") or "tool"),
            str(call.get("id") or ""),
            cut(pretty(call.get("arguments")), limit),
        )
        for call in one.get("tool_calls") or ()
        if isinstance(call, dict)
    ]
    parts = [part(item) for item in one.get("parts") or () if isinstance(item, dict)]
    return Message(
        str(one.get("role") or ""),
        text,
        calls,
        [one for one in parts if one is not None],
        tool_call_id=str(one.get("tool_call_id") or ""),
    )


def part(item: dict[str, Any]) -> Part | None:
    """An image that is in the data itself is shown; what lies elsewhere is named, never fetched."""
    kind = str(item.get("type") or "part")
    if kind in ("text", "input_text", "output_text"):
        return None
    address = _address(item)
    if address.startswith(SAFE_IMAGES) and len(address) <= MAX_IMAGE:
        return Part(kind, image=address)
    if address.startswith("data:"):
        head = address.partition(",")[0][:80]
        return Part(kind, note=f"{head} ({size(len(address))} characters, not shown)")
    return Part(kind, note=address[:500] or cut(item, 600).shown)


def _address(item: dict[str, Any]) -> str:
    for name in ("image_url", "url", "uri", "file_url", "input_audio", "image", "data", "source"):
        value = item.get(name)
        if isinstance(value, dict):
            inner = value.get("url") or value.get("data")
            media = value.get("media_type") or value.get("mime_type") or item.get("mime_type")
            if isinstance(inner, str):
                return _data_address(inner, media)
        elif isinstance(value, str) and value:
            return _data_address(value, item.get("mime_type") or item.get("media_type"))
    return ""


def _data_address(value: str, media: Any) -> str:
    if ":" in value[:10] or not isinstance(media, str):
        return value
    return f"data:{media};base64,{value}"


@dataclass(slots=True)
class Document:
    rank: int
    id: str
    text: Text
    score: str
    share: int | None
    metadata: str


def documents(found: Sequence[dict[str, Any]] | None) -> list[Document]:
    """Retrieved documents with their scores as bars; of scores beyond 1, shares of the best."""
    rows = [one for one in found or () if isinstance(one, dict)][:200]
    numbers = [one["score"] for one in rows if isinstance(one.get("score"), int | float)]
    best = max((abs(number) for number in numbers), default=1.0)
    scale = best if best > 1 else 1.0
    made = []
    for rank, one in enumerate(rows, 1):
        score = one.get("score")
        known = score if isinstance(score, int | float) else None
        made.append(
            Document(
                rank,
                str(one.get("id") or ""),
                cut(one.get("content") if one.get("content") is not None else "", 2_000),
                "" if known is None else f"{known:.3g}",
                None if known is None else round(100 * max(0.0, known) / scale),
                pretty(one["metadata"]) if one.get("metadata") else "",
            )
        )
    return made


@dataclass(slots=True)
class Attribute:
    key: str
    value: Text
    mapped: bool


def attributes(found: dict[str, Any]) -> list[Attribute]:
    """Raw attributes by key, each with whether a convention reads it."""
    return [
        Attribute(key or "(empty)", cut(found[key], 600), is_mapped(key))
        for key in sorted(found)[:MAX_ATTRIBUTES]
    ]


@dataclass(slots=True)
class CostLine:
    label: str
    tokens: str
    rate: str
    cost: str


def cost_lines(span: Any) -> list[CostLine]:
    """Tokens and money by part. Input is split into what was cached and what was not."""
    cached, written = span.cache_read_tokens or 0, span.cache_write_tokens or 0
    plain = None if span.input_tokens is None else span.input_tokens - cached - written
    lines = [
        _line("Input", plain, span.cost_input),
        _line("Input, from cache", span.cache_read_tokens, span.cost_cache_read),
        _line("Input, written to cache", span.cache_write_tokens, span.cost_cache_write),
        _line("Output", span.output_tokens, span.cost_output),
        _line("of it reasoning", span.reasoning_tokens, None),
        _line("of it audio", span.audio_tokens, None),
    ]
    return [line for line in lines if line is not None]


def _line(label: str, tokens: int | None, cost: int | None) -> CostLine | None:
    if tokens is None and cost is None:
        return None
    rate = "–"
    if tokens and cost is not None:
        rate = f"${cost / tokens / 10**6:,.4g}"
    return CostLine(label, figures.number(tokens), rate, figures.money(cost))
