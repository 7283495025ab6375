"""What a report opens with: spend, budgets, alerts, errors, latency, drift, quality; with links."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from django.urls import reverse

from dashboards.alerts import links
from dashboards.alerts.selectors import Wanted, history
from dashboards.budgets import selectors as budgets
from dashboards.budgets import words as budget_words
from dashboards.budgets.status import BudgetStatus
from dashboards.changes import NEW
from dashboards.cost import change
from dashboards.cost.compared import periods_of
from dashboards.frame import Frame
from dashboards.numbers import money
from dashboards.overview.govern import drift_line
from dashboards.overview.sentence import ends, notable
from dashboards.overview.stats import Stat
from dashboards.periods import before_words, bounds
from dashboards.quality import views as quality
from sightglass.addresses import absolute
from traces.query import QueryError
from traces.selectors.paging import TooSlow
from traces.selectors.search import EVERYTHING

MOST = 3
"""Budgets, and alerts, that are named."""
WORKS = ("Error rate", "Latency p95")
"""Figures of how the application works, told of where they changed for certain; what it costs and
how well it answers have lines of their own."""
NEAR = 0.2
"""From this share of a forecast above its amount on, a budget is told of."""


@dataclass(frozen=True, slots=True)
class Head:
    """One line: what it is of, what it says, where it is looked into."""

    label: str
    text: str
    url: str
    has_cause: bool = False
    """Whether it says of what a change of cost comes."""


def heads(frame: Frame, strip: Sequence[Stat]) -> list[Head]:
    """What takes too long is left out, and the figures below it still come.

    `strip`: the figures that can be compared with the period before; none if nothing can.
    """
    makers: list[Callable[[], Iterator[Head]]] = [
        lambda: _spend(frame),
        lambda: _budgets(frame),
        lambda: _alerts(frame),
        lambda: _works(frame, strip),
        lambda: _drift(frame),
        lambda: _quality(frame),
    ]
    found: list[Head] = []
    for make in makers:
        try:
            found += make()
        except (TooSlow, QueryError):
            continue
    return found


def _spend(frame: Frame) -> Iterator[Head]:
    """The sentences of What changed, of the same days."""
    said = change.found(frame, frame.query or EVERYTHING, periods_of(frame), change.DEFAULT)
    url = absolute(frame.page("cost_change"))
    yield Head("Spend", " ".join(said.sentences), url, said.has_reason)


def _budgets(frame: Frame) -> Iterator[Head]:
    """Those that have warned, are passed or may well be."""
    told = [one for one in budgets.for_overview(frame.project_id) if _is_near(one)]
    for one in told[:MOST]:
        spent = f"{money(one.spent)} of {money(one.amount)} spent in {one.period.label}."
        text = f"{one.budget.name}: {spent} {budget_words.headline(one)}"
        there = reverse("budget", args=[frame.access.project.slug, one.budget.pk])
        yield Head("Budget", f"{text} {budget_words.range_of(one)}", absolute(there))


def _is_near(status: BudgetStatus) -> bool:
    likely = status.end.above(status.amount) if status.end else 0.0
    return status.state != "ok" or likely >= NEAR


def _alerts(frame: Frame) -> Iterator[Head]:
    """Firings that began in the days, the newest first, and how many more there are."""
    start, end = bounds(frame.range)
    slug = frame.access.project.slug
    page = history(frame.access, Wanted(start_ns=start, end_ns=end), limit=MOST)
    for one in page.results:
        name = f"{one.rule.name} ({one.group})" if one.group else one.rule.name
        goes_on = " It still fires." if one.ended_ns is None else ""
        text = f"{name}: {one.reason}{goes_on}"
        yield Head("Alert", text, absolute(links.firing(slug, one.pk)))
    if page.next:
        there = absolute(reverse("alert_history", args=[slug]))
        yield Head("Alert", f"More than these {MOST} fired: see the history.", there)


def _works(frame: Frame, strip: Sequence[Stat]) -> Iterator[Head]:
    """Errors and latency, as the first sentence of the overview says it."""
    for one in notable([stat for stat in strip if stat.label in WORKS]):
        change = one.change
        moved = f"at {one.value} where nothing was"
        if change.text != NEW:
            moved = f"{change.way} {change.text}{ends(change)}"
        text = f"{one.verb} {moved} against {before_words(frame.period)}."
        yield Head(one.label, text, absolute(one.url))


def _drift(frame: Frame) -> Iterator[Head]:
    line = drift_line(frame)
    if line is None:
        return
    more = f" {line.more} more on Drift." if line.more else ""
    yield Head("Drift", f"{line.name}, since {line.day}: {line.verdict}{more}", absolute(line.url))


def _quality(frame: Frame) -> Iterator[Head]:
    said = quality.found(frame, frame.query or EVERYTHING).get("sentence", "")
    if said:
        yield Head("Quality", said, absolute(frame.page("quality")))
