"""The page of other prices and of an exact cache: what the same traffic would have cost."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from dashboards import frame as frames
from dashboards import numbers
from dashboards.charts import Bar, ChartCard, waterfall
from dashboards.cost import reading, unpriced, what_if, words
from dashboards.cost.pages import tabs
from dashboards.cost.reading import NO_MODEL
from dashboards.cost.what_if import Kept, OnModel, Source
from dashboards.frame import Frame, term
from sightglass.accounts.access import Permission, ProjectRequest, project_page
from traces.pricing import InForce, catalog
from traces.query import Query
from traces.rollups.dimensions import OTHER
from traces.rollups.measures import Measures
from traces.selectors.paging import TooSlow
from traces.selectors.prices import prices_now
from traces.spans import Kind

MOST_TARGETS = 12
MOST_ROWS = 30
MOST_OFFERED = 400
NAME = 200
LEAST_SHARE = 0.01
"""Of a difference, from where on it is told what rests on traces that ran away."""
LEAD = "What the same traffic would have cost on another model, or with a cache of exact answers."


@dataclass(frozen=True, slots=True)
class Target:
    """A model that the traffic could be on, and what that would cost."""

    name: str
    url: str
    cost: str
    difference: str
    tone: str
    share: str
    price: str
    chosen: bool
    away: str
    """How much of the difference rests on traces that ran away; empty for nothing."""


@dataclass(frozen=True, slots=True)
class Row:
    name: str
    url: str
    calls: str
    tokens: str
    before: str
    after: str
    difference: str
    tone: str
    away: str
    """As of a target."""


@dataclass(frozen=True, slots=True)
class KeptRow:
    label: str
    calls: str
    share: str
    saved: str
    cost_share: str


@require_GET
@project_page(Permission.READ)
def cost_what_if(request: ProjectRequest) -> HttpResponse:
    """`on`: the other model, as the price list or the project's own prices name it."""
    frame = frames.read(request, "cost_what_if", "on")
    context: dict[str, Any] = {
        "bar": frame.bar(),
        "frame": frame,
        "tabs": tabs(frame, "cost_what_if"),
        "on": frame.more.get("on", ""),
        "sentences": [LEAD],
        "assumptions": what_if.ASSUMPTIONS,
        "cache_assumptions": what_if.CACHE_ASSUMPTIONS,
        "semantic": frame.page("cost_cache"),
        "runaways_url": f"{frame.page('cost_efficiency')}#runaways",
    }
    if frame.query is not None:
        try:
            context |= found(frame, frame.query)
        except TooSlow:
            context["problem"] = frames.TOO_SLOW
    if wanted := request.GET.get("csv"):
        cards = {"models": context.get("card"), "repeats": context.get("cache_card")}
        return frames.csv_response(cards.get(wanted), "cost")
    return render(request, "cost/what_if.html", context)


def found(frame: Frame, query: Query) -> dict[str, Any]:
    """What the page shows. Raises TooSlow."""
    cube = reading.by_model(frame.project_id, query, frame.range)
    groups = list(reading.summed(cube))
    chats = [(group, sums) for group, sums in groups if group[0] == Kind.LLM]
    traffic = what_if.models_of(groups)
    whole = Measures()
    for sums in traffic.values():
        whole.add(sums)
    if not whole.calls:
        return {"calls": 0}
    kept = what_if.with_cache(whole)
    return {
        "calls": whole.calls,
        "pending": cube.pending,
        **unpriced.context(unpriced.listed(frame, chats), whole),
        "kept": [_kept_row(one) for one in kept],
        "cache_card": cache_card(frame, kept),
        "offered": offered(traffic),
        **on_models(frame, traffic, ran_away(frame, query)),
    }


@dataclass(frozen=True, slots=True)
class Away:
    """What of the traffic is of traces that ran away."""

    traces: int
    traffic: dict[Source, Measures]

    @property
    def cost(self) -> int:
        return sum(sums.cost for sums in self.traffic.values())


def ran_away(frame: Frame, query: Query) -> Away | None:
    """None where none did, or that could not be told in time."""
    gone = reading.ran_away(frame.project_id, query, frame.range, ("kind", "provider", "model"))
    if gone is None or not gone.cost:
        return None
    return Away(len(gone.traces), what_if.models_of(gone.groups.items()))


def on_models(
    frame: Frame, traffic: dict[Source, Measures], away: Away | None = None
) -> dict[str, Any]:
    """The traffic on each model in use, and on the one that was asked for."""
    on = frame.more.get("on", "").strip()[:NAME]
    targets: list[tuple[str, OnModel, InForce]] = []
    wanted = _targets(traffic, on)
    prices = prices_now(frame.project_id, [model for _, model in wanted])
    for provider, model in wanted:
        price = prices.of(provider, model)
        if price.rates is not None:
            targets.append((model, what_if.on_model(traffic, price.rates), price))
    asked = next((one for one in targets if one[0] == on), None)
    targets.sort(key=lambda one: (one[1].after is None, one[1].after or 0))
    rest = what_if.without(traffic, away.traffic) if away else traffic
    context: dict[str, Any] = {
        "targets": [_target(frame, *one, rest, chosen=one is asked) for one in targets],
        "card": models_card(frame, targets),
        "unknown": on if on and asked is None else "",
        "sentences": [LEAD, *([beside(away)] if away else [])],
    }
    if asked is not None:
        without = _on_model(rest, asked[2])
        context |= {
            "rows": [_row(frame, one, without) for one in asked[1].moved[:MOST_ROWS]],
            "moved": asked[1],
            "sentences": [sentence(on, asked[1])],
        }
        if away is not None:
            context["sentences"].append(beside(away, without))
    if targets:
        left = targets[0][1].left_out
        context["left_out"] = ", ".join(sorted(name_of(one) for one in left))
        context["partly"] = targets[0][1].partly
    return context


def _on_model(traffic: dict[Source, Measures], price: InForce) -> OnModel:
    return what_if.on_model(traffic, price.rates) if price.rates else OnModel()


def _targets(traffic: dict[Source, Measures], on: str) -> list[tuple[str | None, str]]:
    """The models in use, those with the largest cost, and the one asked for."""
    ranked = sorted(traffic, key=lambda source: -traffic[source].cost)
    found: dict[str, str | None] = {}
    for provider, model in ranked:
        if model and model != OTHER and len(found) < MOST_TARGETS:
            found.setdefault(model, provider)
    if on:
        found.setdefault(on, None)
    return [(provider, model) for model, provider in found.items()]


def offered(traffic: dict[Source, Measures]) -> list[str]:
    """Names to choose from: the list's models of the providers in use."""
    return catalog.names({provider for provider, _ in traffic if provider})[:MOST_OFFERED]


def sentence(on: str, moved: OnModel) -> str:
    if moved.after is None or moved.difference is None:
        return f"{on} has no price for a part of this traffic."
    way = "less" if moved.difference < 0 else "more"
    part = f" ({abs(moved.difference) / moved.before:.0%})" if moved.before else ""
    if moved.difference == 0:
        return f"On {on} the same traffic would have cost the same."
    return (
        f"On {on} the same traffic would have cost {numbers.money(moved.after)} instead of"
        f" {numbers.money(moved.before)}: {numbers.money(abs(moved.difference))}{part} {way}."
    )


def beside(away: Away, rest: OnModel | None = None) -> str:
    """That an accident is in the figures. `rest`: the traffic without it, on the other model."""
    traces = "1 trace" if away.traces == 1 else f"{away.traces:,} traces"
    said = f"{traces} that ran away cost {numbers.money(away.cost)} of what it was"
    if rest is None or rest.after is None or rest.difference is None:
        return f"{said}, and {'is' if away.traces == 1 else 'are'} in every figure here."
    way = "less" if rest.difference < 0 else "more"
    part = f" ({abs(rest.difference) / rest.before:.0%})" if rest.before else ""
    return (
        f"{said}: the rest would have cost"
        f" {numbers.money(rest.after)} instead of {numbers.money(rest.before)},"
        f" {numbers.money(abs(rest.difference))}{part} {way}."
    )


def name_of(source: Source) -> str:
    provider, model = source
    name = "other" if model == OTHER else model or NO_MODEL
    return f"{name} ({provider})" if provider and provider != OTHER else name


def _tone(difference: int | None) -> str:
    return "" if not difference else "good" if difference < 0 else "bad"


def rests(difference: int | None, without: int | None) -> str:
    """How much of a difference is there only with traces that ran away. Both in pico dollars."""
    if not difference or without is None or without == difference:
        return ""
    if without * difference <= 0:
        return f"{'Less' if difference < 0 else 'More'} only because of runaway traces"
    share = 1 - without / difference
    return (
        f"{numbers.share(share)} of the difference rests on runaway traces"
        if share >= LEAST_SHARE
        else ""
    )


def _target(
    frame: Frame,
    model: str,
    moved: OnModel,
    price: InForce,
    rest: dict[Source, Measures],
    *,
    chosen: bool,
) -> Target:
    """`rest`: the traffic without traces that ran away."""
    difference = moved.difference
    rates = price.rates.values if price.rates else {}
    each = [numbers.money(rates[part]) if part in rates else numbers.NONE
            for part in ("input", "cache_read", "output")]  # fmt: skip
    share = numbers.NONE
    if difference is not None and moved.before:
        share = f"{words.signed(difference)[:1]}{abs(difference) / moved.before:.0%}"
    return Target(
        model,
        frame.link(on=model),
        numbers.money(moved.after),
        numbers.NONE if difference is None else words.signed(difference),
        _tone(difference),
        share if difference else numbers.NONE,
        " · ".join(each),
        chosen,
        rests(difference, _on_model(rest, price).difference),
    )


def _row(frame: Frame, one: what_if.Moved, without: OnModel) -> Row:
    """`without`: all traffic but that of traces that ran away."""
    link = term("model", one.source[1])
    left = next((other.difference for other in without.moved if other.source == one.source), 0)
    return Row(
        name_of(one.source),
        frame.explore(link, order="-cost") if link else "",
        numbers.number(one.calls),
        f"{numbers.tokens(one.input_tokens)} → {numbers.tokens(one.output_tokens)}",
        numbers.money(one.before),
        numbers.money(one.after),
        numbers.NONE if one.difference is None else words.signed(one.difference),
        _tone(one.difference),
        rests(one.difference, left),
    )


def models_card(frame: Frame, targets: list[tuple[str, OnModel, InForce]]) -> ChartCard:
    bars = [
        Bar(model, moved.after, "total", url=frame.link(on=model))
        for model, moved, _ in targets
        if moved.after is not None
    ]
    if bars:
        bars.insert(0, Bar("As it was", targets[0][1].before, "total"))
    return ChartCard(
        "models",
        "The same traffic on one model",
        waterfall(bars, unit="usd") if bars else None,
        sub="US$",
        explore=frame.explore("kind:llm", order="-cost"),
        csv=frame.csv("models"),
        empty="No model in use has a known price per token.",
        size="l",
    )


def cache_card(frame: Frame, kept: list[Kept]) -> ChartCard:
    bars = [Bar(one.label, one.saved, "total", note=f"{one.calls:,} calls") for one in kept]
    some = any(one.calls for one in kept)
    return ChartCard(
        "repeats",
        "What an exact cache would have saved",
        waterfall(bars, unit="usd") if some else None,
        sub="US$, by how long an answer is kept",
        explore=frame.explore("kind:llm", order="-cost"),
        csv=frame.csv("repeats") if some else "",
        empty="No call asked what another had asked within a week before.",
    )


def _kept_row(one: Kept) -> KeptRow:
    return KeptRow(
        one.label,
        numbers.number(one.calls),
        numbers.share(one.share),
        numbers.money(one.saved),
        numbers.share(one.cost_share),
    )
