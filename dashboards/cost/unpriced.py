"""Which calls have no known cost, why, and where that is mended."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.urls import reverse

from dashboards import numbers
from dashboards.cost import reading, words
from dashboards.cost.reading import NO_MODEL
from dashboards.frame import Frame, term
from traces.pricing import catalog
from traces.query import Query
from traces.rollups.dimensions import OTHER
from traces.rollups.explain import Group
from traces.rollups.measures import Measures
from traces.selectors.prices import Prices, prices_now
from traces.spans import Kind

LISTED = 8
LOUD = 0.01
"""Share of calls without a known cost from which on it is said aloud, if a list should know it."""
KINDS = {Kind.LLM: "chat", Kind.EMBEDDING: "embedding", Kind.RERANKER: "re-ranking"}
NO_PRICE = "no price is known"
UNCOUNTED = "has a price today, but these calls said no tokens, or came before the price was there"
NAMELESS = "the calls name no model"


@dataclass(frozen=True, slots=True)
class Unpriced:
    """Calls of one model without a known cost. `price_url` is empty where none can be set.

    `unlisted`: nobody of the price list sells it, as what runs on own machines.
    """

    name: str
    url: str
    calls: str
    reason: str
    price_url: str
    count: int
    unlisted: bool = False


def slices(frame: Frame, query: Query, whole: Measures, *more: str) -> list[tuple[Group, Measures]]:
    """Of the frame's time by kind, provider, model and further dimensions; none where `whole` has
    no call without a known cost. Raises TooSlow.
    """
    if not whole.unpriced:
        return []
    return list(reading.summed(reading.by_model(frame.project_id, query, frame.range, *more)))


def listed(frame: Frame, groups: Iterable[tuple[Group, Measures]]) -> list[Unpriced]:
    """Of sums by kind, provider, model and what else: most calls first, the rest in one line."""
    counts: dict[Group, int] = defaultdict(int)
    for group, sums in groups:
        if sums.unpriced:
            counts[group[:3]] += sums.unpriced
    found = sorted(counts.items(), key=lambda pair: (-pair[1], pair[0][2] or ""))
    rest = sum(count for _, count in found[LISTED:])
    if not found:
        return []
    prices = prices_now(frame.project_id, [group[2] for group, _ in found[:LISTED]])
    lines = [_one(frame, group, count, prices) for group, count in found[:LISTED]]
    if rest:
        lines.append(Unpriced("other models", "", _calls(rest, None), NO_PRICE, "", rest))
    return lines


def _one(frame: Frame, group: Group, count: int, prices: Prices) -> Unpriced:
    kind, provider, model = group[:3]
    calls = _calls(count, kind)
    if not model or model == OTHER:
        name = NO_MODEL if not model else "other models"
        return Unpriced(name, "", calls, NAMELESS if not model else NO_PRICE, "", count)
    known = provider if provider != OTHER else None
    price = prices.of(known, model)
    there = reverse("settings_prices", args=[frame.access.project.slug])
    asked = urlencode({"model": model[:100], "provider": (known or "")[:100]})
    return Unpriced(
        f"{model} ({known})" if known else model,
        frame.explore(term("model", model), *([f"kind:{kind}"] if kind else [])),
        calls,
        NO_PRICE if price.source == "none" else UNCOUNTED,
        f"{there}?{asked}#add" if price.source == "none" else there,
        count,
        price.source == "none" and not catalog.knows_seller(known, model),
    )


def context(lines: Sequence[Unpriced], whole: Measures) -> dict[str, Any]:
    """What `cost/apart.html` shows."""
    return {
        "apart": [*words.apart(whole), *unlisted(lines)],
        "apart_quiet": is_quiet(lines, whole),
        "unpriced": lines,
    }


def is_quiet(lines: Sequence[Unpriced], whole: Measures) -> bool:
    """Whether hardly any call is among them whose price a list should know."""
    missed = sum(one.count for one in lines if not one.unlisted)
    return bool(lines) and not whole.est_cost and missed < LOUD * whole.calls


def unlisted(lines: Sequence[Unpriced]) -> list[str]:
    """How many of the calls are of models that no price list has; a sentence, or none."""
    own = [one for one in lines if one.unlisted]
    count = sum(one.count for one in own)
    if not count:
        return []
    names = {one.name for one in own}
    of = f"{own[0].name}, which" if len(names) == 1 else f"{len(names)} models that"
    which = f"{count:,} of them" if count < sum(one.count for one in lines) else "All of them"
    return [f"{which} {'is' if count == 1 else 'are'} of {of} no price list has."]


def _calls(count: int, kind: str | None) -> str:
    named = KINDS.get(Kind(kind), "") if kind in set(KINDS) else ""
    return f"{numbers.number(count)} {f'{named} ' if named else ''}call{'' if count == 1 else 's'}"
