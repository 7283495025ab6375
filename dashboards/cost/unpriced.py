"""Which calls have no known cost, why, and where that is mended."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import urlencode

from django.urls import reverse

from dashboards import numbers
from dashboards.cost import reading
from dashboards.cost.reading import NO_MODEL
from dashboards.frame import Frame, term
from traces.pricing import in_force
from traces.query import Query
from traces.rollups.dimensions import OTHER
from traces.rollups.explain import Group
from traces.rollups.measures import Measures
from traces.services.prices import overrides_of
from traces.spans import Kind

LISTED = 8
KINDS = {Kind.LLM: "chat", Kind.EMBEDDING: "embedding", Kind.RERANKER: "re-ranking"}
NO_PRICE = "no price is known"
UNCOUNTED = "has a price today, but these calls said no tokens, or came before the price was there"
NAMELESS = "the calls name no model"


@dataclass(frozen=True, slots=True)
class Unpriced:
    """Calls of one model without a known cost. `price_url` is empty where none can be set."""

    name: str
    url: str
    calls: str
    reason: str
    price_url: str


def of_range(frame: Frame, query: Query, whole: Measures) -> list[Unpriced]:
    """Of the frame's time, where `whole` has any. Raises TooSlow."""
    if not whole.unpriced:
        return []
    return listed(frame, reading.summed(reading.by_model(frame.project_id, query, frame.range)))


def listed(frame: Frame, groups: Iterable[tuple[Group, Measures]]) -> list[Unpriced]:
    """Of sums by kind, provider and model: most calls first, the others in one line."""
    found = [(group, sums.unpriced) for group, sums in groups if sums.unpriced]
    found.sort(key=lambda pair: (-pair[1], pair[0][2] or ""))
    rest = sum(count for _, count in found[LISTED:])
    lines = [_one(frame, group, count) for group, count in found[:LISTED]]
    if rest:
        lines.append(Unpriced("other models", "", _calls(rest, None), NO_PRICE, ""))
    return lines


def _one(frame: Frame, group: Group, count: int) -> Unpriced:
    kind, provider, model = group[:3]
    calls = _calls(count, kind)
    if not model or model == OTHER:
        name = NO_MODEL if not model else "other models"
        return Unpriced(name, "", calls, NAMELESS if not model else NO_PRICE, "")
    known = provider if provider != OTHER else None
    price = in_force(known, model, None, time.time_ns(), overrides_of(frame.project_id))
    there = reverse("settings_prices", args=[frame.access.project.slug])
    asked = urlencode({"model": model[:100], "provider": (known or "")[:100]})
    return Unpriced(
        f"{model} ({known})" if known else model,
        frame.explore(term("model", model), *([f"kind:{kind}"] if kind else [])),
        calls,
        NO_PRICE if price.source == "none" else UNCOUNTED,
        f"{there}?{asked}#add" if price.source == "none" else there,
    )


def _calls(count: int, kind: str | None) -> str:
    named = KINDS.get(Kind(kind), "") if kind in set(KINDS) else ""
    return f"{numbers.number(count)} {f'{named} ' if named else ''}call{'' if count == 1 else 's'}"
