"""Spans for the tests of the conventions, and what is read from them."""

from __future__ import annotations

import json
from typing import Any

from traces.conventions import content, facts
from traces.spans import RawEvent, RawSpan, Scope, SpanContent, SpanFacts, Status

Events = tuple[tuple[str, dict[str, Any]], ...]


def span(
    attributes: dict[str, Any],
    *,
    events: Events = (),
    scope: str = "",
    status: Status = Status.UNSET,
    name: str = "a span",
) -> RawSpan:
    """A span from 1000 ns on; its events come a microsecond later each."""
    told = [RawEvent(event, 1_000 * (i + 2), body) for i, (event, body) in enumerate(events)]
    return RawSpan(
        b"t" * 16, b"s" * 8, None, name, 1_000, 9_000_000, attributes, told,
        status=status, scope=Scope(scope),
    )  # fmt: skip


def read(attributes: dict[str, Any], **more: Any) -> tuple[SpanFacts, SpanContent]:
    raw = span(attributes, **more)
    return facts(raw), content(raw)


def text(value: Any) -> str:
    return json.dumps(value)
