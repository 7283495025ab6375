"""What the pane of one span shows:

its content cut to what a screen bears, in parts that a template names.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from django.utils.safestring import SafeString

from dashboards.marking import Mark, marked
from dashboards.templatetags import sightglass as figures
from traces.conventions import is_mapped

SHOWN = 8_000
"""Characters of one text before it is cut."""

SHOWN_WHOLE = 400_000
"""The same when the reader has asked for everything."""

SHORTEST = 160
"""What is shown of a text for which there is no room left."""

RECENT = 6
"""Messages at the end of a conversation that are not folded."""

TEXT_PARTS = ("text", "input_text", "output_text")
SAFE_IMAGES = ("data:image/png;", "data:image/jpeg;", "data:image/gif;", "data:image/webp;")
MAX_IMAGE = 2_000_000
MAX_MESSAGES = 400
MAX_ATTRIBUTES = 2_000
MAX_DOCUMENTS = 200


@dataclass(slots=True)
class Text:
    """A text, perhaps cut: `left` says how much is missing. `marks` count in what is shown."""

    shown: str
    left: str = ""
    marks: tuple[Mark, ...] = ()

    @property
    def html(self) -> SafeString:
        """The shown text, escaped, with its marks."""
        return marked(self.shown, self.marks)


Place = tuple[str, int]
"""Where a span's text is shown: `asked`, `answered`, `document`, `input` or `output`, and which."""

Lay = Callable[[Place, Text | None], None]
"""Puts marks into the text that is shown at a place."""


def unmarked(place: Place, text: Text | None) -> None:
    """For texts in which nothing is to be marked."""


@dataclass(slots=True)
class Room:
    """Characters that a page may still hold: `each` for one text, `left` for all together."""

    each: int = SHOWN
    left: int = 250_000

    def cut(self, value: Any) -> Text:
        """Any value as text; structures as indented JSON."""
        limit = max(SHORTEST, min(self.each, self.left))
        made = cut(value, limit)
        self.left -= len(made.shown)
        return made

    @classmethod
    def of(cls, whole: bool) -> Room:
        """For a pane, or for the reader who has asked for everything of it."""
        return cls(SHOWN_WHOLE, 2_000_000) if whole else cls()


@dataclass(slots=True)
class Part:
    """A piece of a multimodal message: a safe image, an address, or words on what is not shown."""

    kind: str
    image: str = ""
    link: str = ""
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
    field: str = ""
    """`input` or `output` where people mark ranges of this very text."""

    @property
    def is_marked(self) -> bool:
        texts = [self.text, *(call.result for call in self.calls)]
        return any(text is not None and text.marks for text in texts)

    @property
    def label(self) -> str:
        return LABELS.get(self.role, self.role.capitalize()[:40] or "Message")


LABELS = {"user": "User", "assistant": "Assistant", "system": "System", "tool": "Tool result"}


def size(count: int) -> str:
    """Characters, in thousands: 512, 12.0k, 9.6M."""
    if count < 1000:
        return str(count)
    return f"{count / 1000:.1f}k" if count < 10**6 else f"{count / 10**6:.1f}M"


def cut(value: Any, limit: int = SHOWN) -> Text:
    """Any value as text of at most `limit` characters."""
    text = value if isinstance(value, str) else _json(value, limit)
    if isinstance(text, Text):
        return text
    return Text(text) if len(text) <= limit else Text(text[:limit], size(len(text) - limit))


def unfolded(value: Any) -> Any:
    """Text that is a JSON structure as that structure; anything else as it is."""
    if not isinstance(value, str):
        return value
    stripped = value.strip()
    if stripped[:1] not in ("{", "[") or len(stripped) >= SHOWN_WHOLE:
        return value
    try:
        return json.loads(stripped)
    except (ValueError, RecursionError):
        return value


def _json(value: Any, limit: int) -> str | Text:
    """Indented JSON, written only as far as it is shown: a payload may have millions of values."""
    made: list[str] = []
    length = 0
    try:
        for piece in json.JSONEncoder(indent=2, ensure_ascii=False, default=str).iterencode(value):
            made.append(piece)
            length += len(piece)
            if length > limit:
                break
        else:
            return "".join(made)
        whole = len(json.dumps(value, ensure_ascii=False, default=str))
    except (RecursionError, ValueError):
        return "(nested too deep to be shown)"
    return Text("".join(made)[:limit], size(max(whole - limit, 1)))


def transcript(
    asked: Sequence[dict[str, Any]] | None,
    answered: Sequence[dict[str, Any]] | None,
    room: Room,
    lay: Lay = unmarked,
) -> list[Message]:
    """The conversation of one call.

    Results stand in the call that they answer, history is folded unless something is marked in it.
    The latest have room first.
    """
    outs = [message(one, room) for one in (answered or ())[:MAX_MESSAGES]]
    made = [message(one, room) for one in reversed((asked or ())[-MAX_MESSAGES:])][::-1]
    first = len(asked or ()) - len(made)
    for i, one in enumerate(made, first):
        lay(("asked", i), one.text)
    for i, one in enumerate(outs):
        one.answer = True
        lay(("answered", i), one.text)
    made = with_results([*made, *outs])
    recent = len(made) - RECENT
    for i, one in enumerate(made):
        old = one.role == "system" or (i < recent and not one.answer)
        one.folded = old and not one.is_marked
    return made


def with_results(messages: Iterable[Message]) -> list[Message]:
    """Tool results moved into the calls that they answer; those without a call stay messages."""
    calls: dict[str, Call] = {}
    kept: list[Message] = []
    for one in messages:
        call = calls.get(one.tool_call_id) if one.role == "tool" and one.tool_call_id else None
        if call is not None and call.result is None and one.text is not None and not one.parts:
            call.result = one.text
            continue
        kept.append(one)
        calls.update({call.id: call for call in one.calls if call.id})
    return kept


def message(one: dict[str, Any], room: Room) -> Message:
    """A message of the API's shape; whatever else it is, it is shown as text."""
    content = one.get("content")
    if one.get("role") == "tool":
        content = unfolded(content)
    text = None if content is None or content == "" else room.cut(content)
    calls = [
        Call(
            str(call.get("name") or "tool")[:200],
            str(call.get("id") or ""),
            room.cut(unfolded(call.get("arguments"))),
        )
        for call in _listed(one.get("tool_calls"))
    ]
    parts = [part(item) for item in _listed(one.get("parts"))]
    return Message(
        str(one.get("role") or ""),
        text,
        calls,
        [one for one in parts if one is not None],
        tool_call_id=str(one.get("tool_call_id") or ""),
    )


def _listed(value: Any) -> list[dict[str, Any]]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def part(item: dict[str, Any]) -> Part | None:
    """An image that is in the data itself is shown; what lies elsewhere is named, never fetched."""
    kind = str(item.get("type") or "part")[:40]
    if kind in TEXT_PARTS:
        return None
    address = _address(item)
    if address.startswith(SAFE_IMAGES) and len(address) <= MAX_IMAGE:
        return Part(kind, image=address)
    if address.startswith("data:"):
        head = address.partition(",")[0][:80]
        return Part(kind, note=f"{head} ({size(len(address))} characters, not shown)")
    if _is_web(address):
        return Part(kind, link=address)
    return Part(kind, note=address[:500] or cut(item, 600).shown)


def _is_web(address: str) -> bool:
    """An address that a person may choose to open."""
    if len(address) > 2_000:
        return False
    try:
        parsed = urlsplit(address)
    except ValueError:
        return False
    return parsed.scheme in ("http", "https") and bool(parsed.netloc)


ADDRESSES = (
    *("image_url", "url", "uri", "file_url", "input_audio", "image", "data", "source", "content"),
)


def _address(item: dict[str, Any], media: Any = None, depth: int = 3) -> str:
    """Where a part's data is: conventions nest it as `image_url.url`, `source.data`,
    `image.image.url`."""
    media = item.get("mime_type") or item.get("media_type") or media
    for name in ADDRESSES:
        value = item.get(name)
        if isinstance(value, str) and value:
            return _data_address(value, media)
        if isinstance(value, dict) and depth and (found := _address(value, media, depth - 1)):
            return found
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
    metadata: Text | None


def documents(
    found: Sequence[dict[str, Any]] | None, room: Room, lay: Lay = unmarked
) -> list[Document]:
    """Retrieved documents with their scores as bars; of scores beyond 1, shares of the best."""
    rows = [one for one in found or () if isinstance(one, dict)][:MAX_DOCUMENTS]
    numbers = [abs(known) for known in map(_score, rows) if known is not None]
    scale = max([1.0, *numbers])
    made = []
    for rank, one in enumerate(rows, 1):
        known = _score(one)
        content = one.get("content")
        text = room.cut("" if content is None else content)
        lay(("document", rank - 1), text)
        made.append(
            Document(
                rank,
                str(one.get("id") or "")[:200],
                text,
                "" if known is None else f"{known:.3g}",
                None if known is None else round(100 * max(0.0, known) / scale),
                room.cut(one["metadata"]) if one.get("metadata") else None,
            )
        )
    return made


def _score(document: dict[str, Any]) -> float | None:
    score = document.get("score")
    if isinstance(score, bool) or not isinstance(score, int | float):
        return None
    return float(score) if abs(score) < 1e300 else None


@dataclass(slots=True)
class Attribute:
    key: str
    value: Text
    mapped: bool


def attributes(found: dict[str, Any], room: Room) -> list[Attribute]:
    """Raw attributes by key, each with whether a convention reads it."""
    return [
        Attribute(key or "(empty)", room.cut(found[key]), is_mapped(key))
        for key in sorted(found)[:MAX_ATTRIBUTES]
    ]


@dataclass(slots=True)
class CostLine:
    label: str
    tokens: str
    rate: str
    cost: str


def cost_lines(span: Any) -> list[CostLine]:
    """Tokens and money by part. Input is split into what was cached and what was not, unless the
    counts contradict each other."""
    cached, written = span.cache_read_tokens or 0, span.cache_write_tokens or 0
    plain = span.input_tokens
    if plain is not None and plain >= cached + written:
        plain -= cached + written
    lines = [
        _line("Input", plain, span.cost_input),
        _line("Input, from cache", span.cache_read_tokens, span.cost_cache_read),
        _line("Input, written to cache", span.cache_write_tokens, span.cost_cache_write),
        _line("Output", span.output_tokens, span.cost_output),
        _line("of it reasoning", span.reasoning_tokens, None),
        _line("of both, audio", span.audio_tokens, None),
    ]
    return [line for line in lines if line is not None]


def _line(label: str, tokens: int | None, cost: int | None) -> CostLine | None:
    if tokens is None and cost is None:
        return None
    rate = "–"
    if tokens and cost is not None:
        rate = f"${cost / tokens / 10**6:,.4g}"
    return CostLine(label, figures.number(tokens), rate, figures.money(cost))
