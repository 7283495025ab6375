"""The page that explains a change of cost between two periods, and one slice of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from dashboards import frame as frames
from dashboards import numbers
from dashboards.charts import Bar, ChartCard, waterfall
from dashboards.charts.types import Chart, Row, Table
from dashboards.cost import away, reading, unpriced, words
from dashboards.cost.compared import Periods, month_links, periods_of
from dashboards.cost.pages import tabs
from dashboards.cost.reading import FEATURES
from dashboards.frame import Frame, term
from dashboards.incomplete import incomplete
from dashboards.late import UNSETTLED, unsettled, unsettled_range
from sightglass.accounts.access import Permission, ProjectRequest, project_page
from traces.query import Query
from traces.rollups.explain import CAUSES, Change, Line
from traces.rollups.measures import Measures
from traces.selectors.paging import TimeRange, TooSlow
from traces.selectors.runaways import Runaways

KEPT = ("by", "base_from", "base_to", "model", "part")
MOST_LINES = 50
DEFAULT = "prompt"


@dataclass(frozen=True, slots=True)
class SliceRow:
    """A slice as the page lists it."""

    name: str
    url: str
    """This page, for this slice."""
    traces: str
    before: int | None
    after: int | None
    difference: str
    tone: str
    reason: str
    detail: str
    chosen: bool


@dataclass(frozen=True, slots=True)
class Fact:
    label: str
    before: str
    after: str


@dataclass(slots=True)
class Explained:
    """What the page shows."""

    change: Change
    periods: Periods
    feature: str
    whole: bool
    pending: int
    gone: tuple[Runaways, Runaways] | None
    """Traces that ran away, before and now; None: they could not be found in time."""
    sentences: list[str] = field(default_factory=list)
    late: bool = False
    """So much is still being added up that nothing is compared."""

    @property
    def has_reason(self) -> bool:
        return any(one.startswith(words.REASON) for one in self.sentences)


def found(frame: Frame, query: Query, periods: Periods, by: str) -> Explained:
    """Raises TooSlow."""
    project_id = frame.project_id
    before, after = reading.both(project_id, query, periods.before, periods.now, by)
    change = reading.changed(before, after)
    feature = FEATURES[by]
    pending = after.pending + before.pending
    if unsettled(after.pending, frame) or unsettled_range(before.pending, periods.before):
        said = [UNSETTLED]
        return Explained(change, periods, feature, after.whole, pending, None, said, late=True)
    problem = incomplete(project_id, query, periods.before, periods.now)
    why = problem.said(periods.before_name) if problem else ""
    said = words.summary(change, periods.now_name, periods.before_name, feature, why)
    gone = (before.away, after.away) if before.away and after.away else None
    if gone:
        said += ran_away(change, periods, *gone)
    return Explained(change, periods, feature, after.whole, pending, gone, said)


def ran_away(change: Change, periods: Periods, before: Runaways, now: Runaways) -> list[str]:
    """What runaway traces cost in each period."""
    if now.traces:
        return [
            away.sentence(now, change.after.cost, away.when(now, periods.now, periods.now_name)),
            away.other(before, periods.before_name),
        ]
    if before.traces:
        return [
            away.sentence(
                before,
                change.before.cost,
                away.when(before, periods.before, periods.before_name),
            ),
            away.other(now, periods.now_name),
        ]
    return []


@require_GET
@project_page(Permission.READ)
def cost_change(request: ProjectRequest) -> HttpResponse:
    """`by`: what slices are told apart by; `base_from`, `base_to`: the other period; `model` and
    `part`: the slice that is looked into.
    """
    frame = frames.read(request, "cost_change", *KEPT)
    periods = periods_of(frame)
    by = frame.more.get("by", DEFAULT)
    by = by if by in FEATURES else DEFAULT
    context: dict[str, Any] = {
        "bar": frame.bar(),
        "frame": frame,
        "tabs": tabs(frame, "cost_change"),
        "periods": periods,
        "months": month_links(frame),
        "previous_url": frame.link(base_from="", base_to="", model="", part=""),
        "features": [(name, frame.link(by=one, model="", part=""), one == by)
                     for one, name in FEATURES.items()],
    }  # fmt: skip
    if frame.query is not None:
        try:
            explained = found(frame, frame.query, periods, by)
        except TooSlow:
            context["problem"] = frames.TOO_SLOW
        else:
            context |= shown(frame, explained, by)
            context |= without_price(frame, frame.query, explained.change)
    if wanted := request.GET.get("csv"):
        cards = {"change": context.get("card"), "slice": context.get("slice_card"),
                 "slices": context.get("slices_card")}  # fmt: skip
        return frames.csv_response(cards.get(wanted), "cost")
    return render(request, "cost/change.html", context)


def shown(frame: Frame, explained: Explained, by: str) -> dict[str, Any]:
    change, feature = explained.change, explained.feature
    if not change.lines:
        return {"explained": explained, "card": None}
    spent = {
        "spent_before": spending(frame, explained.periods.before),
        "spent_now": spending(frame, explained.periods.now),
    }
    if explained.late:
        return {"explained": explained, "pending": explained.pending, **spent}
    chosen = _chosen(frame, change)
    context: dict[str, Any] = {
        "explained": explained,
        "card": waterfall_card(frame, explained),
        "slices_card": slices_card(frame, explained, by),
        "rows": [_row(frame, line, by, explained, chosen) for line in change.lines[:MOST_LINES]],
        "slices_csv": frame.csv("slices"),
        "more": max(0, len(change.lines) - MOST_LINES),
        "before": change.before,
        "after": change.after,
        **spent,
        **runaways(frame, explained),
    }
    if chosen is not None:
        context |= {
            "slice": words.name_of(chosen.group, feature),
            "slice_card": slice_card(frame, explained, chosen, by),
            "facts": facts(chosen),
            "close": frame.link(model="", part=""),
            "slice_now": explore(frame, chosen, by, explained.periods.now),
            "slice_before": explore(frame, chosen, by, explained.periods.before),
        }
    return context


def without_price(frame: Frame, query: Query, change: Change) -> dict[str, Any]:
    """That this takes too long does not take the page with it."""
    try:
        lines = unpriced.listed(frame, unpriced.slices(frame, query, change.after))
    except TooSlow:
        lines = []
    return unpriced.context(lines, change.after)


def runaways(frame: Frame, explained: Explained) -> dict[str, Any]:
    if explained.gone is None:
        return {"runaways_problem": frames.TOO_SLOW}
    names = (explained.periods.before_name, explained.periods.now_name)
    both = [*zip(explained.gone, names, strict=True)][::-1]
    return {
        "runaways": [row for one, name in both for row in away.rows(frame, one, name)],
        "runaways_more": sum(len(one.traces) - len(one.listed) for one in explained.gone),
        "runaways_meaning": f"{away.MEANING} All that such traces cost is in “Runaway traces”"
        " above, and in none of the other causes.",
        "two_periods": True,
    }


def _chosen(frame: Frame, change: Change) -> Line | None:
    wanted = (frame.more.get("model", ""), frame.more.get("part", ""))
    if wanted == ("", ""):
        return None
    return next((line for line in change.lines if key_of(line) == wanted), None)


def key_of(line: Line) -> tuple[str, str]:
    """Of a slice in the address; `~` is none."""
    model, part = (value if value is not None else "~" for value in line.group)
    return model[:200], part[:200]


def explore(frame: Frame, line: Line, by: str, range: TimeRange) -> str:
    terms = [term("model", line.group[0]), term(by, line.group[-1])]
    return frame.explore(*(one for one in terms if one), range=range, order="-cost")


def spending(frame: Frame, range: TimeRange) -> str:
    """The page of what was spent in exactly this time."""
    return frame.page("cost", **{"range": "", **frames.said(range)})


def _row(frame: Frame, line: Line, by: str, explained: Explained, chosen: Line | None) -> SliceRow:
    feature, periods = explained.feature, explained.periods
    leading = words.leading(line)
    model, part = key_of(line)
    moved = line.difference != 0
    period = periods.now if line.after.spans else periods.before
    return SliceRow(
        words.name_of(line.group, feature),
        frame.link(model=model, part=part),
        explore(frame, line, by, period),
        words.known(line.before),
        words.known(line.after),
        words.signed(line.difference),
        ("bad" if line.difference > 0 else "good") if moved else "",
        words.label(leading, feature) if moved else "",
        words.detail_of(leading, line) if moved else "",
        line is chosen,
    )


def bars_of(
    causes: dict[Any, int], before: Measures, after: Measures, explained: Explained, urls: list[str]
) -> list[Bar]:
    """From one total to the other by the causes that changed anything."""
    periods, feature = explained.periods, explained.feature
    steps = [
        Bar(words.label(cause, feature), causes[cause], note=words.meaning(cause, feature))
        for cause in CAUSES
        if causes[cause]
    ]
    return [
        Bar(periods.before_name, before.cost, "total", url=urls[0]),
        *steps,
        Bar(periods.now_name, after.cost, "total", url=urls[1]),
    ]


def waterfall_card(frame: Frame, explained: Explained) -> ChartCard:
    change, periods = explained.change, explained.periods
    urls = [frame.explore(range=one, order="-cost") for one in (periods.before, periods.now)]
    bars = bars_of(change.causes, change.before, change.after, explained, urls)
    return ChartCard(
        "change",
        f"From {periods.before_name} to {periods.now_name}",
        waterfall(bars, unit="usd", better="down"),
        sub="US$",
        explore=urls[1],
        csv=frame.csv("change"),
        size="l",
        note="The causes add up to the difference to the last digit. Each is its mean effect over"
        " all orders in which the causes could have changed.",
    )


def slice_card(frame: Frame, explained: Explained, line: Line, by: str) -> ChartCard:
    periods = explained.periods
    urls = [explore(frame, line, by, one) for one in (periods.before, periods.now)]
    bars = bars_of(line.causes, line.before, line.after, explained, urls)
    return ChartCard(
        "slice",
        words.name_of(line.group, explained.feature),
        waterfall(bars, unit="usd", better="down"),
        sub="US$, of this slice alone",
        explore=urls[1],
        csv=frame.csv("slice"),
        size="l",
    )


def slices_card(frame: Frame, explained: Explained, by: str) -> ChartCard:
    """All slices with all causes: the file of the table."""
    feature = explained.feature
    names = ["model", by, "before_usd", "after_usd", "difference_usd"]
    names += [f"{cause.value}_usd" for cause in CAUSES]
    rows = [
        Row([], [*line.group, *(numbers.raw(value, "usd") for value in
                 (line.before.cost, line.after.cost, line.difference, *line.causes.values()))])
        for line in explained.change.lines
    ]  # fmt: skip
    table = Table("", [words.label(cause, feature) for cause in CAUSES], names, rows)
    return ChartCard("slices", "By slice", Chart("", table))


def facts(line: Line) -> list[Fact]:
    """What a slice was like in both periods."""
    both = (line.before, line.after)

    def fact(label: str, *texts: str) -> Fact:
        return Fact(label, *texts)

    return [
        fact("Calls", *(numbers.number(one.calls) for one in both)),
        fact("Cost per call", *(_each(one.cost, one.calls, "usd") for one in both)),
        fact("Input per call", *(_each(one.input_tokens, one.calls, "tokens") for one in both)),
        fact("Output per call", *(_each(one.output_tokens, one.calls, "tokens") for one in both)),
        fact("Input read from cache",
             *(_rate(one.cache_read_tokens, one.input_tokens) for one in both)),
        fact("Price of a million input tokens", *(_million(one) for one in both)),
        fact("Price of a million output tokens",
             *(_each(one.cost_output * 10**6, one.output_tokens, "usd") for one in both)),
        fact("Repeated within a trace", *(_rate(one.retried, one.calls) for one in both)),
        fact("Without a known cost", *(_rate(one.unpriced, one.calls) for one in both)),
    ]  # fmt: skip


def _each(part: int, whole: int, unit: str) -> str:
    return numbers.written(part / whole, unit) if whole else numbers.NONE


def _rate(part: int, whole: int) -> str:
    return numbers.share(part / whole) if whole else numbers.NONE


def _million(sums: Measures) -> str:
    plain = sums.input_tokens - sums.cache_read_tokens - sums.cache_write_tokens
    return _each(sums.cost_input * 10**6, plain, "usd") if plain > 0 else numbers.NONE
