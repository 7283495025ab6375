"""When a rule would have fired: the windows of the last days, judged as they would be live.

The sums are read in a query or two, the windows slide over them, and the same `walking`,
`conditions` and `machine` decide. Reads nothing but sums: a draft can be tried before it is saved.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from dashboards.alerts import conditions as cond
from dashboards.alerts import plans, samples
from dashboards.alerts.documents import Draft
from dashboards.alerts.machine import Memory
from dashboards.alerts.models import Rule
from dashboards.alerts.plans import Plan
from dashboards.alerts.samples import Samples
from dashboards.alerts.services.budgets import past_samples
from dashboards.alerts.walking import Firing, Judge, Stride, firings, walk
from dashboards.alerts.windows import DAY, HOUR, SECOND, ends_between, last_end
from sightglass.accounts.models import Project

DAYS = 30
MOST_TESTED = 20
"""Groups that are walked: the largest."""
MOST_SHOWN = 10
"""Groups whose series are given: those that fired, then the largest."""
MOST_POINTS = 1_500
"""Of a series: further ones are thinned, changes of state are kept."""
NO_DATA = "There is no data in this time."
LITTLE_HISTORY = "Too little history to compare with in a part of this time."
FORECAST = "The forecast is worked out every six hours here, each minute when it is live."


@dataclass(frozen=True, slots=True)
class Point:
    """A window: what was measured, what it was held against, and the state after it."""

    end_ns: int
    value: float | None
    count: int
    low: float | None
    high: float | None
    limit: float | None
    usual: float | None
    state: str


@dataclass(slots=True)
class Series:
    group: str | None
    points: list[Point]


@dataclass(slots=True)
class BackTest:
    """`firings` in the order of time. `total_ns`: how long any group fired, overlaps once."""

    start_ns: int
    end_ns: int
    unit: str
    series: list[Series] = field(default_factory=list)
    firings: list[Firing] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @property
    def count(self) -> int:
        return len(self.firings)

    @property
    def total_ns(self) -> int:
        total, until = 0, self.start_ns
        for one in self.firings:
            end = self.end_ns if one.end_ns is None else one.end_ns
            total += max(end - max(one.start_ns, until), 0)
            until = max(until, end)
        return total


def backtest(project: Project, given: Draft | Rule, *, now: datetime, days: int = DAYS) -> BackTest:
    """Of a draft or a rule. Raises TooSlow, QueryError, UnknownMetric, DocumentError, NoBudget."""
    plan = plans.plan_of(project.pk, given)
    last = last_end(int(now.timestamp()) * SECOND, plan.look.window_ns)
    ends = ends_between(last - days * DAY, last, plan.look.window_ns)
    found = _samples(plan, ends)
    tested = BackTest(ends[0], last, plan.figures.unit)
    walked = {group: _walked(plan, found, group, ends) for group in found.groups}
    for group, strides in walked.items():
        tested.firings += firings(group, strides)
    tested.firings.sort(key=lambda one: (one.start_ns, one.group or ""))
    fired = {one.group for one in tested.firings}
    shown = sorted(walked, key=lambda group: group not in fired)[:MOST_SHOWN]
    tested.series = [Series(group, _points(walked[group])) for group in shown]
    tested.notes = _notes(plan, found, list(walked.values()))
    return tested


def _samples(plan: Plan, ends: Sequence[int]) -> Samples:
    if isinstance(plan.condition, cond.Budget):
        return Samples({None: past_samples(plan.source.project_id, plan.condition, ends)})
    needed = set(ends)
    if isinstance(plan.condition, cond.Anomaly):
        for hour in range(ends[0] // HOUR * HOUR, ends[-1] + 1, HOUR):
            needed.update(cond.history_ends(plan.condition, hour, plan.look.window_ns))
    found = samples.read(plan.source, plans.needed_ends(plan, needed), most=MOST_TESTED)
    return plans.missed_from(plan, found, ())


def _walked(plan: Plan, found: Samples, group: str | None, ends: Sequence[int]) -> list[Stride]:
    seen = found.groups[group]
    ends = [end for end in ends if end in seen]
    return list(walk(Judge(plan.look, seen), ends, Memory(), plan.timing))


def _points(strides: Sequence[Stride]) -> list[Point]:
    every = -(-len(strides) // MOST_POINTS)
    return [
        Point(
            stride.end_ns,
            stride.verdict.value,
            stride.sample.count,
            stride.sample.low,
            stride.sample.high,
            stride.verdict.limit,
            stride.verdict.usual,
            stride.after.state.value,
        )
        for number, stride in enumerate(strides)
        if number % every == 0 or stride.changed
    ]


def _notes(plan: Plan, found: Samples, walked: Sequence[Sequence[Stride]]) -> list[str]:
    notes = [found.note] if found.note else []
    if isinstance(plan.condition, cond.Budget) and plan.condition.on == cond.On.FORECAST:
        notes.append(FORECAST)
    strides = [stride for one in walked for stride in one]
    if not any(stride.sample.count for stride in strides):
        notes.append(NO_DATA)
    elif any(stride.verdict.detail == cond.LITTLE_HISTORY for stride in strides):
        notes.append(LITTLE_HISTORY)
    return notes
