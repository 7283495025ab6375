"""The page of what is spent, on what: by model, provider, user, feature; per trace and session."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from dashboards import frame as frames
from dashboards import numbers
from dashboards.changes import Change
from dashboards.charts import Bar, Chart, ChartCard, Choice, Series, bars, waterfall
from dashboards.charts.types import OTHER_LABEL
from dashboards.cost import findings, reading, unpriced, words
from dashboards.cost.pages import tabs
from dashboards.cost.reading import Traces, added
from dashboards.explorer.terms import term_of
from dashboards.frame import Frame, term
from dashboards.incomplete import Incomplete, incomplete
from dashboards.late import UNSETTLED, unsettled
from dashboards.periods import exact_span
from sightglass.accounts.access import Permission, ProjectRequest, project_page
from traces.query import Query
from traces.rollups.dimensions import OTHER
from traces.rollups.measures import SUMS, Measures, ScoreMeasures
from traces.selectors import cubes
from traces.selectors.cubes import Cube
from traces.selectors.paging import TooSlow

DIMENSIONS = {
    "model": "Model",
    "provider": "Provider",
    "user_id": "User",
    "prompt": "Prompt",
    "tag": "Tag",
    "environment": "Environment",
    "release": "Release",
}
DEFAULT = "model"
DRAWN, LISTED, JUDGES = 6, 50, 12
OVERLAPPING = "tag"
LARGE = 0.1
"""Share of what caches saved from which on it is told that it rests on traces that ran away."""


@dataclass(slots=True)
class Spent:
    """Sums by value of a dimension: over the range, by step, and in the range before."""

    dimension: str
    now: dict[str | None, Measures] = field(default_factory=dict)
    steps: dict[str | None, dict[int, int]] = field(default_factory=dict)
    """Cost by the start of a step."""
    before: dict[str | None, Measures] | None = field(default_factory=dict)
    """None: it is no measure of the range."""
    pending: int = 0
    """Of the range, or of the one before where that has more."""


@dataclass(frozen=True, slots=True)
class Tile:
    label: str
    value: str
    note: str
    url: str
    change: Change | None = None


@dataclass(frozen=True, slots=True)
class Line:
    """A value of the dimension as the page lists it. `bar`: percent of the largest."""

    name: str
    url: str
    change_url: str
    cost: int | None
    share: str
    bar: float
    change: Change
    calls: str
    per_call: str
    tokens: str
    cached: str
    unpriced: str


def read_spent(frame: Frame, query: Query, dimension: str) -> Spent:
    """Raises TooSlow."""
    found = Spent(dimension)
    cube = cubes.of_spans(
        frame.project_id,
        query=query,
        range=frame.range,
        by=(dimension,),
        only=SUMS,
        **frame.grain,
    )
    steps: dict[str | None, dict[int, int]] = defaultdict(lambda: defaultdict(int))
    for cell in cube.cells:
        found.now.setdefault(cell.group[0], Measures()).add(cell.sums)
        if cell.time_ns is not None and cell.sums.cost:
            steps[cell.group[0]][cell.time_ns] += cell.sums.cost
    earlier = _before(frame, query, dimension)
    found.steps, found.pending = dict(steps), max(cube.pending, earlier.pending)
    found.before = {group[0]: sums for group, sums in reading.summed(earlier)}
    return found


def _before(frame: Frame, query: Query, dimension: str) -> Cube[Measures]:
    return cubes.of_spans(
        frame.project_id,
        query=query,
        range=frame.previous,
        by=(dimension,),
        only=("cost", "spans"),
    )


@require_GET
@project_page(Permission.READ)
def cost(request: ProjectRequest) -> HttpResponse:
    """`by`: the dimension by which costs are split."""
    frame = frames.read(request, "cost", "by")
    by = frame.more.get("by", DEFAULT)
    by = by if by in DIMENSIONS else DEFAULT
    context: dict[str, Any] = {"bar": frame.bar(), "frame": frame, "tabs": tabs(frame, "cost")}
    if frame.query is not None:
        try:
            context |= found(frame, frame.query, by)
        except TooSlow:
            context["problem"] = frames.TOO_SLOW
    if wanted := request.GET.get("csv"):
        cards = {"cost": context.get("card"), "judging": context.get("judging_card")}
        return frames.csv_response(cards.get(wanted), "cost")
    return render(request, "cost/spending.html", context)


def found(frame: Frame, query: Query, by: str) -> dict[str, Any]:
    """What the page shows. Raises TooSlow."""
    spent = read_spent(frame, query, by)
    # A span with two tags is in two lines: their sum is not what was spent.
    whole = _whole(frame, query) if by == OVERLAPPING else _sum(spent.now)
    before = _whole(frame, query, earlier=True) if by == OVERLAPPING else _sum(spent.before or {})
    if not whole.spans:
        return {"lines": []}
    traces = reading.of_traces(frame.project_id, query, frame.range, frame.previous)
    judges = reading.judging(frame.project_id, query, frame.range)
    slices = unpriced.slices(frame, query, whole, "prompt")  # as Efficiency tells them apart
    change = Change(whole.cost, before.cost, "usd", "down")
    pending = max(spent.pending, traces.pending)
    late = unsettled(pending, frame)
    previous = frame.previous
    problem = None if late else incomplete(frame.project_id, query, previous, frame.range)
    nothing = not before.spans
    alone = late or nothing or problem is not None
    if alone:  # what is more than on a part of the days has not grown
        spent.before = None
    return {
        "tiles": [
            *tiles(frame, whole, None if alone else change, traces),
            cached(frame, whole, 0 if late else saved_astray(frame, query, whole)),
            repeated(frame, whole, sum(findings.unknown_repeats(sums) for _, sums in slices)),
            judged(frame, judges),
        ],
        "card": card_of(frame, spent, by),
        "lines": lines_of(frame, spent, whole, by),
        "against": exact_span(previous),
        "late": late,
        "incomplete": problem,
        "nothing_before": nothing,
        "dimension": DIMENSIONS[by],
        "overlapping": by == OVERLAPPING,
        "sentences": [
            added_up(whole) if late else sentence(whole, change, exact_span(previous), problem)
        ],
        **unpriced.context(unpriced.listed(frame, slices), whole),
        "judging_card": judging_card(frame, judges),
        "explain": frame.page("cost_change"),
        "pending": pending,
    }


def _whole(frame: Frame, query: Query, *, earlier: bool = False) -> Measures:
    range = frame.previous if earlier else frame.range
    only = ("cost", "spans") if earlier else SUMS
    return added(cubes.of_spans(frame.project_id, query=query, range=range, only=only).cells)


def _sum(groups: dict[str | None, Measures]) -> Measures:
    whole = Measures()
    for sums in groups.values():
        whole.add(sums)
    return whole


def saved_astray(frame: Frame, query: Query, whole: Measures) -> int:
    """What caches saved in traces that ran away; 0 also where that could not be told in time."""
    if not whole.cache_saved:
        return 0
    gone = reading.ran_away(frame.project_id, query, frame.range)
    return sum(one.sums.cache_saved for one in gone.traces) if gone else 0


def tiles(frame: Frame, whole: Measures, change: Change | None, traces: Traces) -> list[Tile]:
    """`change`: of the whole; None where the range is compared with nothing, of which no tile is
    an exception."""
    now, before = traces.now, traces.before
    per_trace = _per(now.cost, now.traces, before.cost, before.traces)
    per_session = _per(now.cost, now.sessions, before.cost, before.sessions)
    return [
        Tile("Spent", numbers.money(whole.cost), counted(whole.calls, "call"),
             frame.explore(order="-cost"), change),
        Tile("Per trace", _each(now.cost, now.traces), counted(now.traces, "trace"),
             frame.explore(order="-cost"), per_trace if change else None),
        Tile("Per session", _each(now.cost, now.sessions), counted(now.sessions, "session"),
             frame.page("sessions"), per_session if change else None),
    ]  # fmt: skip


def cached(frame: Frame, whole: Measures, astray: int) -> Tile:
    """`astray`: what was saved in traces that ran away: nobody wants more of it."""
    note, url = f"of input; saved {numbers.money(whole.cache_saved)}", frame.page("cost_efficiency")
    if whole.cache_saved > 0 and astray >= LARGE * whole.cache_saved:
        share = min(1.0, astray / whole.cache_saved)
        note = f"{note}, {numbers.share(share)} of which rests on runaway traces"
        url = f"{url}#runaways"
    return Tile("Read from cache", _rate(whole.cache_read_tokens, whole.input_tokens), note, url)


def repeated(frame: Frame, whole: Measures, unknown: int) -> Tile:
    """`unknown`: of how many repeated calls nobody knows the cost."""
    cost: int | None = whole.retried_cost
    note = f"{whole.retried:,} retries and loops"
    if unknown and unknown >= whole.retried:
        cost, note = None, f"{note}, whose cost is not known"
    elif unknown:
        note = f"{note}; the cost of {unknown:,} is not known"
    return Tile("Repeated calls", numbers.money(cost), note, frame.page("cost_efficiency"))


def judged(frame: Frame, judges: dict[str, ScoreMeasures]) -> Tile:
    cost = sum(one.cost for one in judges.values())
    return Tile("Spent on judging", numbers.money(cost), "beside what is spent above",
                frame.page("quality"))  # fmt: skip


def counted(count: int, what: str) -> str:
    return f"{count:,} {what}{'' if count == 1 else 's'}"


def _per(cost: int, count: int, cost_before: int, count_before: int) -> Change | None:
    if not count or not count_before:
        return None
    return Change(cost / count, cost_before / count_before, "usd", "down")


def _each(cost: int, count: int) -> str:
    return numbers.money(round(cost / count)) if count else numbers.NONE


def _rate(part: int, whole: int) -> str:
    return numbers.share(part / whole) if whole else numbers.NONE


def added_up(whole: Measures) -> str:
    """What is known while much of the range is still being added up."""
    return f"{numbers.money(whole.cost)} of this time range is added up so far. {UNSETTLED}"


def sentence(whole: Measures, change: Change, before: str, problem: Incomplete | None) -> str:
    """`before`: what the earlier period is called; `problem`: why it is no measure of this one."""
    said = f"{numbers.money(whole.cost)} was spent in this time range"
    if not change.text or not change.before:
        return f"{said}."
    was = numbers.money(round(change.before))
    if problem:
        return f"{said}. {problem.said(f'the time before ({before}: {was})')}"
    way = {"up": "more", "down": "less"}.get(change.way)
    if not way:
        return f"{said}, as in the one before, {before}."
    return f"{said}, {change.text} {way} than in the one before, {before} ({was})."


def name_of(dimension: str, value: str | None) -> str:
    if value == OTHER:
        return OTHER_LABEL
    return value or f"no {DIMENSIONS[dimension].lower()}"


def card_of(frame: Frame, spent: Spent, by: str) -> ChartCard:
    """Cost by step of the costliest values, the others as one."""
    ranked = _ranked(spent)
    kept = [value for value in ranked if value != OTHER][:DRAWN]
    drawn = [_series(frame, by, value, spent.steps.get(value, {})) for value in kept
             if spent.now[value].cost]  # fmt: skip
    rest: dict[int, int] = defaultdict(int)
    for value in ranked:
        if value not in kept:
            for ns, money in spent.steps.get(value, {}).items():
                rest[ns] += money
    if rest:
        drawn.append(_series(frame, by, OTHER, rest))
    return ChartCard(
        "cost",
        f"Cost by {DIMENSIONS[by].lower()}",
        bars(drawn, unit="usd", step_ns=frame.step_ns) if drawn else None,
        sub="US$",
        explore=frame.explore(order="-cost"),
        csv=frame.csv("cost"),
        choices=[Choice(label, frame.link(by="" if name == DEFAULT else name), name == by)
                 for name, label in DIMENSIONS.items()],
        empty="Nothing with a known price happened in this time range.",
        note="A span with several tags is in each of them." if by == OVERLAPPING else "",
        size="l",
    )  # fmt: skip


def _ranked(spent: Spent) -> list[str | None]:
    return sorted(spent.now, key=lambda one: (one == OTHER, -spent.now[one].cost, one or ""))


def _series(frame: Frame, by: str, value: str | None, steps: dict[int, int]) -> Series:
    link = term(by, value)
    return Series(
        name_of(by, value),
        frame.times,
        [steps.get(ns, 0) for ns in frame.times],
        total=sum(steps.values()),
        url=frame.explore(link, order="-cost") if link else "",
    )


def lines_of(frame: Frame, spent: Spent, whole: Measures, by: str) -> list[Line]:
    ranked = [one for one in _ranked(spent) if spent.now[one].cost or spent.now[one].calls]
    largest = max([1, *(spent.now[one].cost for one in ranked)])
    return [_line(frame, spent, whole, by, value, largest) for value in ranked[:LISTED]]


def _line(
    frame: Frame, spent: Spent, whole: Measures, by: str, value: str | None, largest: int
) -> Line:
    sums = spent.now[value]
    was = None if spent.before is None else spent.before.get(value, Measures()).cost
    link = term(by, value)
    return Line(
        name_of(by, value),
        frame.explore(link, order="-cost") if link else "",
        frame.page("cost_change", q=frame.narrowed(link)) if link else "",
        words.known(sums),
        _rate(sums.cost, whole.cost),
        round(100 * sums.cost / largest, 1),
        Change(sums.cost, was, "usd", "down"),
        numbers.number(sums.calls),
        _each(sums.cost, sums.calls - sums.unpriced),
        f"{numbers.tokens(sums.input_tokens)} → {numbers.tokens(sums.output_tokens)}",
        _rate(sums.cache_read_tokens, sums.input_tokens),
        numbers.number(sums.unpriced) if sums.unpriced else "",
    )


def judging_card(frame: Frame, judges: dict[str, ScoreMeasures]) -> ChartCard | None:
    """What scoring cost, by score; None where it cost nothing."""
    if not judges:
        return None
    return ChartCard("judging", "Spent on judging", judging_chart(frame, judges), sub="US$",
                     csv=frame.csv("judging"), explore=frame.explore(),
                     note="Judges' own calls, at the prices of their connections.")  # fmt: skip


def judging_chart(frame: Frame, judges: dict[str, ScoreMeasures]) -> Chart:
    rows = [
        Bar(
            name or "no name",
            sums.cost,
            "total",
            url=frame.explore(term_of("score", name)) if name else "",
            note=f"{sums.n:,} scores",
        )
        for name, sums in list(judges.items())[:JUDGES]
    ]
    return waterfall(rows, unit="usd")
