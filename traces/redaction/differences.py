"""What a rule changed in a span, place by place, for people to judge it by."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from traces.spans import RawSpan

BEFORE, AFTER = 60, 140
"""Characters shown on both sides of where two texts begin to differ."""

SHAPELESS = frozenset({"attributes", "resource", "scope", "events", "metadata", "start_time"})
"""Fields of a native span that are listed by key, or are no text."""


@dataclass(frozen=True, slots=True)
class Difference:
    """One place. `after` is None where it was dropped."""

    place: str
    before: str
    after: str | None


def differences(before: RawSpan, after: RawSpan) -> Iterator[Difference]:
    """Every place of a span that is not the same any more."""
    now = dict(_places(after))
    for place, text in _places(before):
        changed = now.get(place)
        if changed == text:
            continue
        first, second = _around(text, changed or "")
        yield Difference(place, first, None if changed is None else second)


def _places(raw: RawSpan) -> Iterator[tuple[str, str]]:
    yield "name", raw.name
    yield "status message", raw.status_message
    yield "trace state", raw.trace_state
    for name, value in (raw.native or {}).items():
        if name not in SHAPELESS:
            yield name, _text(value)
    yield from _listed("", raw.attributes)
    yield from _listed("metadata: ", (raw.native or {}).get("metadata") or {})
    for i, event in enumerate(raw.events, 1):
        yield f"event {i}", event.name
        yield from _listed(f"event {i}: ", event.attributes)
    for i, link in enumerate(raw.links, 1):
        yield from _listed(f"link {i}: ", link.attributes)
    yield from _listed("resource: ", raw.resource.attributes)
    yield "scope", raw.scope.name
    yield from _listed("scope: ", raw.scope.attributes)


def _listed(prefix: str, attributes: dict[str, Any]) -> Iterator[tuple[str, str]]:
    for key, value in attributes.items():
        yield f"{prefix}{key}", _text(value)


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)


def _around(before: str, after: str) -> tuple[str, str]:
    """Both texts around the first place where they differ."""
    shorter = min(len(before), len(after))
    same = next((i for i in range(shorter) if before[i] != after[i]), shorter)
    start = max(0, same - BEFORE)
    return _cut(before, start), _cut(after, start)


def _cut(text: str, start: int) -> str:
    end = start + BEFORE + AFTER
    return f"{'…' if start else ''}{text[start:end]}{'…' if len(text) > end else ''}"
