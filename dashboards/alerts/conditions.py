"""What a rule looks for in a window, and whether it is there. Pure.

The same functions judge live windows and those of a back-test. Figures are in the unit of the
metric as people write it: US dollars, milliseconds, shares from 0 to 1.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from dashboards.alerts.baseline import Baseline, Season
from dashboards.alerts.machine import Outcome
from dashboards.alerts.windows import DAY, HOUR, WEEK

LITTLE_HISTORY = "too little history"


class Side(StrEnum):
    ABOVE = "above"
    BELOW = "below"
    BOTH = "both"


class Against(StrEnum):
    PREVIOUS = "previous"
    """The window just before."""
    WEEKDAY = "weekday"
    """The same window a week ago."""


class On(StrEnum):
    ACTUAL = "actual"
    FORECAST = "forecast"


@dataclass(frozen=True, slots=True)
class Threshold:
    """The value is above, or below, a limit."""

    side: Side
    limit: float


@dataclass(frozen=True, slots=True)
class Interval:
    """The whole 95 % interval is above, or below, a limit: few values have a wide one."""

    side: Side
    limit: float


@dataclass(frozen=True, slots=True)
class Change:
    """It rose or fell by more than `by`, in percent or in the metric's unit.

    `at_least`: a smaller difference, in the metric's unit, is of no account.
    """

    side: Side
    by: float
    percent: bool
    against: Against
    at_least: float = 0.0


@dataclass(frozen=True, slots=True)
class Anomaly:
    """It is more than `sigmas` standard deviations from what is usual at this hour."""

    side: Side
    sigmas: float
    season: Season
    days: int
    """Of history."""
    at_least: float = 0.0


@dataclass(frozen=True, slots=True)
class Absence:
    """Fewer than so many spans, traces or scores (what the metric counts)."""

    fewer_than: int


@dataclass(frozen=True, slots=True)
class Budget:
    """`percent` of a budget of the project are spent, or will be by its period's end."""

    budget: str
    on: On
    percent: float


Condition = Threshold | Interval | Change | Anomaly | Absence | Budget
NAMES: dict[type, str] = {
    Threshold: "threshold",
    Interval: "interval",
    Change: "change",
    Anomaly: "anomaly",
    Absence: "absence",
    Budget: "budget",
}


@dataclass(frozen=True, slots=True)
class Sample:
    """One window: what the metric says, of how many, and its 95 % interval if it has one."""

    end_ns: int
    value: float | None
    count: int
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True)
class Past:
    """What a condition compares with, as far as it asks for it (`ends_before`)."""

    before: Sample | None = None
    baseline: Baseline | None = None


NOTHING = Past()


@dataclass(frozen=True, slots=True)
class Verdict:
    """`limit`: what the value was held against. `usual`: what it was compared with.

    `detail` says why nothing can be said; empty otherwise.
    """

    outcome: Outcome
    value: float | None = None
    limit: float | None = None
    usual: float | None = None
    detail: str = ""


def end_before(condition: Condition, end_ns: int, window_ns: int) -> int | None:
    """The end of the window that a change is measured against; None for other conditions."""
    if not isinstance(condition, Change):
        return None
    return end_ns - (window_ns if condition.against == Against.PREVIOUS else WEEK)


def history_ends(condition: Anomaly, end_ns: int, window_ns: int) -> list[int]:
    """The ends of the windows that a baseline is made of: whole hours, all before this window.

    They are the same for all ends within an hour.
    """
    hour = end_ns // HOUR * HOUR
    return list(range(hour - condition.days * DAY, hour - window_ns + 1, HOUR))


def history_of(samples: Sequence[Sample], least: int) -> list[tuple[int, float]]:
    """Ends and values for a baseline. What lies before the first data is no history; windows with

    too few to count are left out, unless they say that nothing happened.
    """
    begun = next((i for i, sample in enumerate(samples) if sample.count), len(samples))
    return [
        (sample.end_ns, sample.value)
        for sample in samples[begun:]
        if sample.value is not None and (sample.count >= least or sample.count == 0)
    ]


def judge(condition: Condition, sample: Sample, past: Past = NOTHING, least: int = 0) -> Verdict:
    """Whether it holds. `least`: the smallest count that says anything."""
    if isinstance(condition, Absence):
        return _absence(condition, sample)
    if sample.value is None:
        return Verdict(Outcome.UNKNOWN, detail="nothing was measured")
    if isinstance(condition, Budget):
        return _said(sample.value >= condition.percent, sample.value, condition.percent)
    if sample.count < least:
        detail = f"only {sample.count:,} of the {least:,} that the rule asks for"
        return Verdict(Outcome.UNKNOWN, sample.value, detail=detail)
    match condition:
        case Threshold():
            return _threshold(condition, sample.value)
        case Interval():
            return _interval(condition, sample)
        case Change():
            return _change(condition, sample.value, past.before, least)
        case Anomaly():
            return _anomaly(condition, sample.value, past.baseline)


def _said(
    holds: bool, value: float, limit: float | None = None, usual: float | None = None
) -> Verdict:
    return Verdict(Outcome.HOLDS if holds else Outcome.CLEAR, value, limit, usual)


def _absence(condition: Absence, sample: Sample) -> Verdict:
    missing = sample.count < condition.fewer_than
    return _said(missing, float(sample.count), float(condition.fewer_than))


def _threshold(condition: Threshold, value: float) -> Verdict:
    above = condition.side == Side.ABOVE
    holds = value > condition.limit if above else value < condition.limit
    return _said(holds, value, condition.limit)


def _interval(condition: Interval, sample: Sample) -> Verdict:
    if sample.low is None or sample.high is None:
        return Verdict(
            Outcome.UNKNOWN, sample.value, condition.limit, detail="too few for an interval"
        )
    above = condition.side == Side.ABOVE
    holds = sample.low > condition.limit if above else sample.high < condition.limit
    return _said(holds, sample.value or 0.0, condition.limit)


def _change(condition: Change, value: float, before: Sample | None, least: int) -> Verdict:
    if before is None or before.value is None or before.count < least:
        return Verdict(Outcome.UNKNOWN, value, detail="too little to compare with")
    usual = before.value
    if condition.percent and usual == 0 and not condition.at_least:
        return Verdict(Outcome.UNKNOWN, value, usual=usual, detail="no percentage of zero")
    reach = abs(usual) * condition.by / 100 if condition.percent else condition.by
    return _away(condition.side, value, usual, max(reach, condition.at_least))


def _anomaly(condition: Anomaly, value: float, baseline: Baseline | None) -> Verdict:
    if baseline is None:
        return Verdict(Outcome.UNKNOWN, value, detail=LITTLE_HISTORY)
    reach = max(condition.sigmas * baseline.sigma, condition.at_least)
    return _away(condition.side, value, baseline.median, reach)


def _away(side: Side, value: float, usual: float, reach: float) -> Verdict:
    """Whether the value is further than `reach` from what is usual, on that side."""
    below = side == Side.BELOW or (side == Side.BOTH and value < usual)
    limit = usual - reach if below else usual + reach
    return _said(value < limit if below else value > limit, value, limit, usual)
