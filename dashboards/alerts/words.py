"""What a rule looks for and what it saw, in words. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from dashboards import numbers
from dashboards.alerts import conditions as cond
from dashboards.alerts.baseline import Season
from dashboards.alerts.conditions import Sample, Verdict
from dashboards.alerts.machine import Outcome
from dashboards.alerts.windows import DAY, SECOND, write_duration
from traces.spans import PICO

SEASONS = {
    Season.WEEK: "this hour of the week",
    Season.DAY: "this hour of the day",
    Season.NONE: "any time",
}
MOVES = {cond.Side.ABOVE: "rises", cond.Side.BELOW: "falls", cond.Side.BOTH: "moves"}
AGAINST = {cond.Against.PREVIOUS: "the window before", cond.Against.WEEKDAY: "a week ago"}


@dataclass(frozen=True, slots=True)
class Figures:
    """How a metric's figures are written: its label and unit (`traces.selectors.metrics`)."""

    label: str
    unit: str
    counted: str = ""
    """What a window's value is made of: span, trace, score."""

    def made_of(self, count: int) -> str:
        """7,663 spans."""
        if not self.counted:
            return f"{count:,}"
        return f"{count:,} {self.counted}{'' if count == 1 else 's'}"

    def written(self, value: float | None) -> str:
        """A value in the unit that conditions use (US dollars, not pico dollars)."""
        if value is not None and self.unit == "usd":
            value *= PICO
        return numbers.written(value, self.unit)


PERCENT = Figures("Share of the budget", "ratio")


def condition(wanted: cond.Condition, figures: Figures) -> str:
    """What is looked for, as the end of a sentence: "above 5.0%"."""
    match wanted:
        case cond.Threshold(side, limit):
            return f"{side} {figures.written(limit)}"
        case cond.Interval(side, limit):
            return f"95% interval wholly {side} {figures.written(limit)}"
        case cond.Change():
            by = f"{wanted.by:g}%" if wanted.percent else figures.written(wanted.by)
            least = _at_least(wanted.at_least, figures)
            return (
                f"{MOVES[wanted.side]} by more than {by} against {AGAINST[wanted.against]}{least}"
            )
        case cond.Anomaly():
            way = "away from" if wanted.side == cond.Side.BOTH else str(wanted.side)
            usual = f"what is usual at {SEASONS[wanted.season]}"
            least = _at_least(wanted.at_least, figures)
            return f"more than {wanted.sigmas:g}σ {way} {usual}{least}"
        case cond.Absence(fewer_than):
            return f"fewer than {fewer_than:,}"
        case cond.Budget(budget, on, percent):
            spent = "spent" if on == cond.On.ACTUAL else "expected to be spent"
            return f"{percent:g}% of the budget {budget} {spent}"


def _at_least(value: float, figures: Figures) -> str:
    return f", and by at least {figures.written(value)}" if value else ""


def saw(wanted: cond.Condition, figures: Figures, sample: Sample, verdict: Verdict) -> str:
    """What was seen in a window: one sentence."""
    if verdict.outcome == Outcome.UNKNOWN:
        return f"Too little data to say: {verdict.detail}."
    if isinstance(wanted, cond.Absence):
        return f"{sample.count:,} seen, fewer than {wanted.fewer_than:,} is too few."
    if isinstance(wanted, cond.Budget):
        spent = "is spent" if wanted.on == cond.On.ACTUAL else "is expected to be spent"
        return f"{sample.value:,.0f}% of the budget {wanted.budget} {spent}."
    value = f"{figures.label} is {figures.written(sample.value)}"
    if sample.low is not None and sample.high is not None:
        low, high = figures.written(sample.low), figures.written(sample.high)
        value += f" (95% interval {low} to {high})"
    if isinstance(wanted, cond.Change | cond.Anomaly) and verdict.usual is not None:
        name = AGAINST[wanted.against] if isinstance(wanted, cond.Change) else "usual"
        value += f", {name} {figures.written(verdict.usual)}"
    side = "above" if (verdict.value or 0) > (verdict.limit or 0) else "below"
    return f"{value}, of {figures.made_of(sample.count)}: {side} {figures.written(verdict.limit)}."


def window(end_ns: int, window_ns: int) -> str:
    """27 Nov 09:00 to 10:00 UTC."""
    start, end = moment(end_ns - window_ns), moment(end_ns)
    until = f"{end:%H:%M}" if window_ns < DAY and start.day == end.day else day(end)
    return f"{day(start)} to {until} UTC"


def day(at: datetime) -> str:
    return f"{at.day} {at:%b %H:%M}"


def moment(ns: int) -> datetime:
    return datetime.fromtimestamp(ns // SECOND, UTC)


def length(ns: int) -> str:
    return write_duration(ns)
