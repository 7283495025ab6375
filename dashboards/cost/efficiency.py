"""The page of what of the spending need not be."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET

from dashboards import frame as frames
from dashboards import numbers
from dashboards.charts import Bar, ChartCard, waterfall
from dashboards.charts.types import short
from dashboards.cost import away, findings, reading, unpriced
from dashboards.cost.findings import Finding, RatesOf, Slices, Where
from dashboards.cost.pages import tabs
from dashboards.cost.reading import NO_MODEL
from dashboards.frame import Frame, term
from dashboards.late import unsettled
from sightglass.accounts.access import Permission, ProjectRequest, project_page
from traces.pricing import Rates
from traces.query import Query
from traces.rollups.dimensions import OTHER
from traces.rollups.measures import Measures
from traces.selectors.paging import TooSlow
from traces.selectors.prices import prices_now
from traces.selectors.repeats import Repeats, repeats
from traces.selectors.runaways import Runaways
from traces.spans import Kind

FEATURES = {"prompt": "prompt", "name": "span name", "environment": "environment",
            "release": "release"}  # fmt: skip
DEFAULT = "prompt"
MOSTLY_CACHED = 0.5
"""Share of input read from a cache from which on a cache is no advice any more."""
LISTED = 15
"""Slices of one kind, the dearest."""
UNSETTLED = (
    "What has come in is still being added up; then this says what of the spending need not be."
)
LOOP = 3
"""Repeats of one prompt in a trace from which on it is called a loop."""


@dataclass(frozen=True, slots=True)
class Row:
    name: str
    url: str
    calls: str
    money: str
    detail: str


@dataclass(frozen=True, slots=True)
class Part:
    """One kind of waste: its findings as a chart with table and file."""

    card: ChartCard
    rows: Sequence[Row]
    head: str
    """Of the column of money."""
    more: int
    """Findings that are not listed."""


@dataclass(frozen=True, slots=True)
class TraceRow:
    name: str
    url: str
    start_ns: int
    calls: str
    cost: str
    what: str


@require_GET
@project_page(Permission.READ)
def cost_efficiency(request: ProjectRequest) -> HttpResponse:
    """`by`: what slices are told apart by beside the model."""
    frame = frames.read(request, "cost_efficiency", "by")
    by = frame.more.get("by", DEFAULT)
    by = by if by in FEATURES else DEFAULT
    context: dict[str, Any] = {
        "bar": frame.bar(),
        "frame": frame,
        "tabs": tabs(frame, "cost_efficiency"),
        "feature": FEATURES[by],
        "features": [(name, frame.link(by=one), one == by) for one, name in FEATURES.items()],
    }
    if frame.query is not None:
        try:
            context |= found(frame, frame.query, by)
        except TooSlow:
            context["problem"] = frames.TOO_SLOW
    if wanted := request.GET.get("csv"):
        cards = {part.card.id: part.card for part in context.get("parts", ())}
        return frames.csv_response(cards.get(wanted), "cost")
    if frame.query is not None and "problem" not in context:
        context |= looping(frame, frame.query)
    return render(request, "cost/efficiency.html", context)


def rates_now(project_id: int, slices: Slices) -> RatesOf:
    """Today's standard rates of the models whose beginnings a cache could have read."""
    models = [where[1] for where, sums in slices.items() if sums.prefix_missed]
    prices = prices_now(project_id, models)

    def rates(provider: str | None, model: str | None) -> Rates | None:
        return prices.of(provider, model).rates

    return rates


def found(frame: Frame, query: Query, by: str) -> dict[str, Any]:
    """What the page shows but the traces. Raises TooSlow."""
    cube = reading.by_model(frame.project_id, query, frame.range, by)
    gone = reading.ran_away(frame.project_id, query, frame.range, ("kind", "provider", "model", by))
    groups = list(reading.summed(cube))
    slices = findings.chats(groups)
    astray = findings.chats(gone.groups.items() if gone else ())
    long = findings.long_prompts(slices, astray)
    missed = findings.missed_prefixes(slices, rates_now(frame.project_id, slices), astray)
    again = findings.repeated(slices, astray)
    parts = [
        _part(frame, by, "long", "Long prompts, short answers", long, "Cost of input",
              f"At least {findings.LONG:,} tokens of input per call on average, and at most one of"
              f" output for 20 of input. {advice(long)}"),
        _part(frame, by, "prefixes", "Repeated beginnings that no cache read", missed,
              "Could save at most",
              "Calls of 1,024 tokens of input or more that begin as another did within five minutes"
              " before, none of it read from a cache. Put what repeats first, and mark it for"
              " caching where the provider wants that. At most, because only the common beginning"
              " can be cached."),
        _part(frame, by, "repeats", "Retries and loops", again, "Cost",
              "Calls that ask exactly what their trace had asked before. An agent whose prompt"
              " grows with each step asks nothing twice: see the traces that ran away."),
    ]  # fmt: skip
    chats = Measures.total(slices.values())
    whole = reading.added(cube.cells).cost
    late = unsettled(cube.pending, frame)
    lead = [away.sentence(gone, whole)] if gone and gone.traces else []
    said = lead + sentences(long, missed, again, quiet=not lead)
    no_price = unpriced.listed(frame, [one for one in groups if one[0][0] == Kind.LLM])
    return {"parts": parts, "calls": chats.calls, "pending": cube.pending,
            "sentences": [UNSETTLED] if late else said, "late": late,
            **unpriced.context(no_price, chats),
            **({"runaways_problem": UNSETTLED} if late else runaways(frame, gone))}  # fmt: skip


def runaways(frame: Frame, gone: Runaways | None) -> dict[str, Any]:
    if gone is None:
        return {"runaways_problem": frames.TOO_SLOW}
    return {
        "runaways": away.rows(frame, gone),
        "runaways_more": len(gone.traces) - len(gone.listed),
        "runaways_meaning": away.MEANING,
    }


def sentences(
    long: Sequence[Finding],
    missed: Sequence[Finding],
    again: Sequence[Finding],
    *,
    quiet: bool,
) -> list[str]:
    """`quiet`: nothing else stands out."""
    said = []
    if money := findings.total(again):
        said.append(
            f"Repeating the same calls within a trace cost {numbers.money(money)}"
            f"{of_it(money, findings.gone(again))}.{beyond(again, COST)}"
        )
    elif calls := findings.unknown(again):
        what = "call repeats what its" if calls == 1 else "calls repeat what their"
        said.append(f"{calls:,} {what} trace had asked before; {its(calls)} cost is not known.")
    if money := findings.total(missed):
        said.append(
            f"Caching repeated beginnings could save up to {numbers.money(money)}"
            f"{of_it(money, findings.gone(missed))}.{beyond(missed, CACHED)}"
        )
    elif calls := findings.unknown(missed):
        what = "call has a repeated beginning" if calls == 1 else "calls have repeated beginnings"
        said.append(f"{calls:,} {what} that no cache read; what one could save is not known.")
    if money := findings.total(long):
        said.append(
            f"Long prompts with short answers cost {numbers.money(money)} of input"
            f"{of_it(money, findings.gone(long))}.{beyond(long, COST)}"
        )
    elif calls := findings.unknown(long):
        what = "call has a long prompt" if calls == 1 else "calls have long prompts"
        said.append(f"{calls:,} {what} and short answers; {its(calls)} cost is not known.")
    if not said and quiet:
        said.append("Nothing stands out: no long prompts of little use, no uncached beginnings,"
                    " no repeated calls, no runaway traces.")  # fmt: skip
    return said


COST, CACHED = "cost", "price of cached input"


def its(calls: int) -> str:
    return "its" if calls == 1 else "their"


def beyond(found: Sequence[Finding], what: str) -> str:
    """That calls of which `what` is not known are not in the sum before."""
    calls = findings.unknown(found)
    if not calls:
        return ""
    have = "call has" if calls == 1 else "calls have"
    of = "it" if calls == 1 else "them"
    return f" {calls:,} more such {have} no known {what}, and nothing of {of} is in that."


def of_it(money: int, gone: int) -> str:
    """That these are, in part or all, the same dollars as those of traces that ran away."""
    told, part = numbers.money(money), numbers.money(gone)
    if not gone:
        return ""
    return f", {'all' if told == part else part} of it in traces that ran away"


def advice(long: Sequence[Finding]) -> str:
    """What would make long prompts cheaper: not a cache where one reads most of them already."""
    less = "Shorter instructions, fewer documents or examples"
    cached = findings.cached(long)
    if cached < MOSTLY_CACHED:
        return f"{less}, or a cache for the part that repeats make them cheaper."
    return (
        f"{numbers.share(cached)} of it was read from a cache, so there is little left to cache:"
        f" {less[:1].lower()}{less[1:]}, or fewer steps of an agent make them cheaper."
    )


def _part(
    frame: Frame, by: str, id: str, title: str, found: Sequence[Finding], head: str, note: str
) -> Part:
    rows = [_row(frame, by, one) for one in found[:LISTED]]
    bars = [
        Bar(short(row.name), one.money or 0, "total", url=row.url,
            note=f"{one.calls:,} calls; {one.detail}")
        for one, row in zip(found, rows, strict=False)
        if one.money
    ]  # fmt: skip
    chart = waterfall(bars[:8], unit="usd") if bars else None
    empty = f"None in this time range: {note}"
    if found:
        unknown = findings.unknown(found)
        empty = "What these cost is not known." if unknown else "These cost nothing."
    url = frame.explore("kind:llm", order="-cost")
    csv = frame.csv(id) if chart else ""
    card = ChartCard(id, title, chart, sub="US$", explore=url, csv=csv, note=note,
                     empty=empty)  # fmt: skip
    return Part(card, rows, head, len(found) - len(rows))


def name_of(where: Where, by: str) -> str:
    _, model, feature = where
    parts = [model or NO_MODEL, feature or f"no {FEATURES[by]}"]
    return " · ".join("other" if part == OTHER else part for part in parts)


def _row(frame: Frame, by: str, one: Finding) -> Row:
    terms = [term("model", one.where[1]), term(by, one.where[2])]
    away = of_it(one.money or 0, one.away).replace(", ", "; ")
    partly = (
        f"; the cost of {one.unknown:,} of them is not known" if one.money and one.unknown else ""
    )
    return Row(
        name_of(one.where, by),
        frame.explore(*(each for each in terms if each), order="-cost"),
        numbers.number(one.calls),
        numbers.money(one.money),
        one.detail + away + partly,
    )


def looping(frame: Frame, query: Query) -> dict[str, Any]:
    """Traces with the dearest repeats; that this takes too long does not take the page with it."""
    try:
        listed = repeats(frame.access, query=query, range=frame.range)
    except TooSlow:
        return {"loops_problem": frames.TOO_SLOW}
    return {"loops": [_trace_row(frame, one) for one in listed]}


def _trace_row(frame: Frame, one: Repeats) -> TraceRow:
    trace_id = one.trace.trace_id.hex
    each = one.most_in_a_row
    kind = "a loop" if each >= LOOP else "retries"
    prompts = "one prompt" if one.prompts == 1 else f"{one.prompts} prompts"
    return TraceRow(
        one.trace.name,
        reverse("trace", args=[frame.access.project.slug, trace_id]),
        one.trace.start_ns,
        numbers.number(one.calls),
        numbers.NONE if one.unpriced == one.calls else numbers.money(one.cost),
        f"{kind}: {prompts} asked again {one.calls:,} times" if one.calls > 1
        else "asked again once",
    )  # fmt: skip
