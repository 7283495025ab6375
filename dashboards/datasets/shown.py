"""What an item says, cut to what a screen bears."""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass, field
from typing import Any

from dashboards.trace.panes import Message, Room, Text, transcript
from evals.datasets.content import FIELDS, words_of
from evals.datasets.models import Item, SourceKind
from evals.datasets.personal import Found
from traces.ids import span_hex, trace_hex

MOST_WORDS = 3_000
"""Of one text, that are compared; longer ones are shown whole, the one below the other."""
AKIN = 0.5
"""Texts that have less in common are not laid into each other."""
LABELS = {"input": "Input", "expected": "Expected output", "context": "Context"}
NAMES = {**LABELS, "metadata": "Metadata", "split": "Split"}
ICONS = {
    SourceKind.HAND: "user",
    SourceKind.TRACE: "traces",
    SourceKind.QUEUE: "review",
    SourceKind.FILE: "doc",
    SourceKind.API: "code",
}
EXPECTED_FROM = {
    "correction": "corrected by a person",
    "reference": "sent by the application",
    "answer": "what was answered",
    "right": "what was answered, which people called right",
}


@dataclass(slots=True)
class Side:
    """An input or output: a conversation, a text, or JSON."""

    text: Text | None = None
    messages: list[Message] = field(default_factory=list)
    is_json: bool = False


def side(value: Any, room: Room) -> Side | None:
    """None for nothing."""
    if value is None or value == "":
        return None
    if isinstance(value, str):
        return Side(room.cut(value))
    if isinstance(value, list) and all(isinstance(one, dict) and "role" in one for one in value):
        return Side(messages=transcript([_told(one) for one in value], None, room))
    return Side(room.cut(value), is_json=True)


def _told(message: dict[str, Any]) -> dict[str, Any]:
    """Content in parts is shown as parts, with its texts together."""
    content = message.get("content")
    if not isinstance(content, list):
        return message
    texts = [one.get("text") for one in content if isinstance(one, dict)]
    joined = "\n".join(text for text in texts if isinstance(text, str))
    return message | {"content": joined or None, "parts": content}


@dataclass(slots=True)
class Whole:
    """An item as a page shows it."""

    input: Side | None
    expected: Side | None
    context: list[Text]
    metadata: Text | None


def whole(item: Any, room: Room | None = None) -> Whole:
    """Of an item, or of a draft."""
    room = room or Room()
    return Whole(
        side(item.input, room),
        side(item.expected, room),
        [room.cut(text) for text in item.context],
        room.cut(item.metadata) if item.metadata else None,
    )


@dataclass(frozen=True, slots=True)
class Origin:
    """Where an item came from; `trace` and `span` as addresses have them."""

    icon: str
    label: str
    trace: str = ""
    span: str = ""
    expected: str = ""


def origin(item: Item) -> Origin:
    return Origin(
        ICONS.get(SourceKind(item.source), "data"),
        item.get_source_display(),
        "" if item.trace_id is None else trace_hex(item.trace_id),
        "" if item.span_id is None else span_hex(item.span_id),
        EXPECTED_FROM.get(item.expected_from, ""),
    )


@dataclass(frozen=True, slots=True)
class FieldChange:
    """One field in two states: `pieces` as (class, text), `d` gone, `a` new, empty kept."""

    label: str
    pieces: list[tuple[str, str]]

    @property
    def is_apart(self) -> bool:
        """The one text stands below the other."""
        return [kind for kind, _ in self.pieces] == ["d", "a"]


def changes(before: Item | None, after: Item | None) -> list[FieldChange]:
    """What differs, field by field; of one side alone, what it says."""
    found = []
    for name in (*FIELDS, "split"):
        old, new = (
            "" if one is None else _text(name, getattr(one, name)) for one in (before, after)
        )
        if old != new:
            found.append(FieldChange(NAMES[name], words(old, new)))
    return found


def _text(name: str, value: Any) -> str:
    if not value and value not in (0, False):
        return ""
    if name == "context":
        return "\n".join(value)
    if name == "input" and isinstance(value, list):
        return "\n".join(f"{one.get('role')}: {_said(one)}" for one in value)
    return words_of(value)


def _said(message: dict[str, Any]) -> str:
    """The words of a message; without any, what else it is: a call of a tool."""
    if message.get("content"):
        return words_of([message])
    rest = {name: value for name, value in message.items() if name not in ("role", "content")}
    return words_of(rest) if rest else ""


def words(before: str, after: str) -> list[tuple[str, str]]:
    """Both texts in one, word by word."""
    old, new = _split(before), _split(after)
    matcher = difflib.SequenceMatcher(None, autojunk=False)
    bounded = old and new and len(old) <= MOST_WORDS and len(new) <= MOST_WORDS
    if bounded:
        matcher.set_seqs(old, new)
    if not bounded or matcher.ratio() < AKIN:
        room = Room()
        both = (("d", room.cut(before)), ("a", room.cut(after)))
        return [(kind, _cut(text)) for kind, text in both if text.shown]
    pieces: list[tuple[str, str]] = []
    gone = come = ""
    for tag, i, j, k, m in matcher.get_opcodes():
        was, now = "".join(old[i:j]), "".join(new[k:m])
        if tag == "equal" and (was.strip() or not (gone or come)):
            pieces += [("d", gone), ("a", come), ("", was)]
            gone = come = ""
        else:  # a space between two changes belongs to them
            gone, come = gone + was, come + now
    pieces += [("d", gone), ("a", come)]
    return [(kind, text) for kind, text in pieces if text]


def _split(text: str) -> list[str]:
    return re.findall(r"\s+|\w+|[^\w\s]", text[: 20 * MOST_WORDS])


def _cut(text: Text) -> str:
    return f"{text.shown}… ({text.left} characters more)" if text.left else text.shown


def found_by_kind(found: list[Found]) -> list[tuple[str, list[str]]]:
    """Personal data by its kind, with what was found."""
    kinds: dict[str, list[str]] = {}
    for one in found:
        quotes = kinds.setdefault(one.label, [])
        if one.quote not in quotes:
            quotes.append(one.quote)
    return list(kinds.items())
