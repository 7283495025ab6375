"""What budgets, alert rules and drift monitors say, as parts of the overview."""

from __future__ import annotations

import time
from dataclasses import dataclass

from django.urls import reverse
from django.utils import timezone

from dashboards.alerts import links
from dashboards.alerts.models import Rule, Transition
from dashboards.alerts.selectors import Wanted, firing_now, history
from dashboards.budgets import selectors as budgets
from dashboards.budgets import words
from dashboards.budgets.chart import card_of
from dashboards.budgets.status import BudgetStatus
from dashboards.charts import ChartCard
from dashboards.charts.scales import moment
from dashboards.frame import Frame
from dashboards.numbers import duration
from dashboards.periods import DAY, bounds
from dashboards.templatetags.sightglass import clock
from evals.drift.selectors import changes_between
from sightglass.accounts.access import Access
from traces.query import QueryError
from traces.selectors.paging import TooSlow

SHOWN = 4


@dataclass(frozen=True, slots=True)
class BudgetCard:
    """The gravest budget. `card` None: its chart took too long."""

    status: BudgetStatus
    card: ChartCard | None
    url: str
    others: int

    @property
    def headline(self) -> str:
        return words.headline(self.status)

    @property
    def range(self) -> str:
        return words.range_of(self.status)

    @property
    def tone(self) -> str:
        return words.tone_of(self.status)


@dataclass(frozen=True, slots=True)
class AlertLine:
    """A firing that goes on or is over. `tone`: of its dot and tag."""

    name: str
    url: str
    label: str
    tone: str
    detail: str


def budget_card(access: Access) -> BudgetCard | None:
    """None where there is no budget."""
    found = budgets.for_overview(access.project.pk)
    if not found:
        return None
    gravest = found[0]
    url = reverse("budget", args=[access.project.slug, gravest.budget.pk])
    return BudgetCard(gravest, _chart(gravest), url, len(found) - 1)


def _chart(status: BudgetStatus) -> ChartCard | None:
    try:
        points = budgets.cumulated(status.budget, status.period, timezone.now())
    except (TooSlow, QueryError):
        return None
    explore = words.explore_url(status.budget, status.period)
    return card_of(status, points, title="Spend against budget", explore=explore)


def alert_lines(access: Access) -> list[AlertLine]:
    """What fires, the gravest first, then what was over last."""
    open_now = firing_now(access)[:SHOWN]
    left = SHOWN - len(open_now)
    over = history(access, Wanted(open=False), limit=left).results if left else []
    return [_line(access, one) for one in [*open_now, *over]]


def _line(access: Access, firing: Transition) -> AlertLine:
    goes_on = firing.ended_ns is None
    end = firing.ended_ns if firing.ended_ns is not None else time.time_ns()
    lasted = duration(max(0, end - firing.at_ns))
    when = f"for {lasted}" if goes_on else f"{clock(firing.at_ns)}, lasted {lasted}"
    tone = ("bad" if firing.severity == "critical" else "warn") if goes_on else "good"
    return AlertLine(
        firing.rule.name,
        links.firing(access.project.slug, firing.pk),
        "Firing" if goes_on else "Resolved",
        tone,
        " · ".join(part for part in (firing.group, when) if part),
    )


@dataclass(frozen=True, slots=True)
class DriftLine:
    """The newest change that a drift monitor saw. `more`: how many others there are."""

    name: str
    day: str
    url: str
    verdict: str
    more: int
    all_url: str


def drift_line(frame: Frame) -> DriftLine | None:
    """None where no monitor saw a change in the range."""
    start, end = bounds(frame.range)
    found = changes_between(frame.access, start, end)
    if not found:
        return None
    newest = found[0]
    return DriftLine(
        newest.monitor.name,
        moment(newest.change_ns, DAY),
        frame.page("drift_window", newest.pk),
        newest.verdict,
        len(found) - 1,
        frame.page("drift"),
    )


def has_rules(access: Access) -> bool:
    return Rule.objects.filter(project=access.project, archived_at=None).exists()
