"""What was said in a whole trace: the messages of its model calls, each once."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from dashboards.trace import panes, words
from sightglass.accounts.access import Access
from traces.models import Span
from traces.selectors.traces import spans_whole
from traces.spans import Flag

MAX_CALLS = 100
"""Model calls that are read for one conversation."""

BATCH = 10
"""Calls whose payloads are in memory at a time."""

ROOM = 300_000
"""Characters of one conversation; later calls are left out."""

EACH = 4_000


@dataclass(slots=True)
class Turn:
    """What one call added to the conversation."""

    span: Span
    hex: str
    duration: str
    messages: list[panes.Message] = field(default_factory=list)


@dataclass(slots=True)
class Conversation:
    """Turns by start, out of the first `read` calls."""

    turns: list[Turn]
    read: int


LayOf = Callable[[Span, dict[str, Any]], panes.Lay]
"""Of a call and its content: what marks its texts."""


def unmarked(span: Span, whole: dict[str, Any]) -> panes.Lay:
    """For conversations in which nothing is to be marked."""
    return panes.unmarked


def conversation(
    access: Access,
    calls: Sequence[Span],
    lay_of: LayOf = unmarked,
    room: panes.Room | None = None,
) -> Conversation:
    """Of these calls, by start. Calls that repeat another's are passed over."""
    said: Counter[str] = Counter()
    room = room or panes.Room(EACH, ROOM)
    turns: list[Turn] = []
    read = 0
    for span, whole in _wholes(access, calls):
        if room.left <= 0:
            break
        read += 1
        added = _added(whole, span, said, room, lay_of(span, whole))
        turn = Turn(span, whole["span_id"], words.duration(span), added)
        if turn.messages:
            turns.append(turn)
    return Conversation(turns, read)


def _wholes(access: Access, calls: Sequence[Span]) -> Iterator[tuple[Span, dict[str, Any]]]:
    for start in range(0, len(calls), BATCH):
        batch = calls[start : start + BATCH]
        yield from zip(batch, spans_whole(access, batch), strict=True)


def _added(
    whole: dict[str, Any], span: Span, said: Counter[str], room: panes.Room, lay: panes.Lay
) -> list[panes.Message]:
    """Messages beyond those already said. A call's history is counted, not only looked up: who
    says "yes" twice is heard twice."""
    here: Counter[str] = Counter()
    added: list[panes.Message] = []
    for i, one in enumerate(whole["input_messages"] or ()):
        name = _name(one)
        here[name] += 1
        if here[name] > said[name]:
            said[name] = here[name]
            made = panes.message(one, room)
            lay(("asked", i), made.text)
            added.append(made)
    for i, one in enumerate(whole["output_messages"] or ()):
        name = _name(one)
        here[name] += 1
        if not span.flags & Flag.NOT_COUNTED or here[name] > said[name]:
            said[name] = max(said[name] + 1, here[name])
            made = panes.message(one, room)
            made.answer = True
            lay(("answered", i), made.text)
            added.append(made)
    for made in added:
        made.folded = made.role == "system" and not made.is_marked
    return panes.with_results(added)


def _name(one: dict[str, Any]) -> str:
    """What makes a message the same as another one, in whatever history it comes back."""
    calls = one.get("tool_calls") or ()
    called = [(call.get("name"), call.get("arguments")) for call in calls if isinstance(call, dict)]
    media = [
        part
        for part in one.get("parts") or ()
        if isinstance(part, dict) and part.get("type") not in panes.TEXT_PARTS
    ]
    said = [one.get("role"), one.get("content"), called]
    return json.dumps(said if one.get("content") or called else [*said, media], default=str)
