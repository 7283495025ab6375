"""Whether a figure has changed for certain: differences of two periods with their intervals.

Pure. A difference is told good or bad only where its 95 % interval leaves zero out:

- shares and scores by the intervals of both (`traces.intervals.difference`);
- a quantile by the order statistics around it in each sketch;
- a sum by how much the steps of the two periods differ, paired (Student's t);
- a ratio of sums by how much its steps stray from it (linearised), then as shares.

Nothing that is told in percent of what was can fall by more than all of it: intervals end there.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt

from scipy.special import stdtrit

from dashboards.numbers import MINUS, difference, written
from traces import intervals
from traces.intervals import Interval
from traces.rollups import sketch
from traces.selectors.metrics import Better, Value

LEAST_STEPS = 4
"""Fewer say nothing about how much a sum varies."""
HUGE = 10.0
"""A growth beyond tenfold is told as a factor."""
NEW = "new"
"""What is said of something where nothing was."""
ABSOLUTE = ("ratio", "score", "ms")
"""Units whose differences are told as such; others in percent of what was."""


NOTHING = ("0%", "0.0 pts", "0.00", "0 ms")
"""Differences that rounding leaves nothing of."""


@dataclass(frozen=True, slots=True)
class Change:
    """`now` less `before`, in the unit of a metric. low, high: 95 % interval of the difference."""

    now: float | None
    before: float | None
    unit: str
    better: Better
    low: float | None = None
    high: float | None = None
    fact: bool = False
    """Of a sum of money: it was spent, and is no sample, however much its steps vary."""

    @property
    def known(self) -> bool:
        return self.now is not None and self.before is not None

    @property
    def value(self) -> float:
        return (self.now or 0) - (self.before or 0)

    @property
    def share(self) -> float | None:
        """Of what was before; None of nothing."""
        return self.value / self.before if self.known and self.before else None

    @property
    def certain(self) -> bool:
        return self.low is not None and self.high is not None and (self.low > 0 or self.high < 0)

    @property
    def tone(self) -> str:
        """good, bad, or empty: not certain, neither, or too little to be seen."""
        if not self.certain or self.better is None or self.text in NOTHING:
            return ""
        return "good" if (self.value > 0) == (self.better == "up") else "bad"

    @property
    def arrow(self) -> str:
        """The icon: tu, td, or none. What is new has gone nowhere."""
        if not self.known or self.text in ("", NEW, *NOTHING):
            return ""
        return "tu" if self.value > 0 else "td"

    @property
    def way(self) -> str:
        """For readers of the page: up, down, or empty."""
        return {"tu": "up", "td": "down"}.get(self.arrow, "")

    @property
    def text(self) -> str:
        """31%, 2.6 pts, 1.2 s, ×12; `new` where nothing was; empty where nothing is known."""
        if not self.known:
            return ""
        if self.unit in ABSOLUTE:
            return difference(self.value, self.unit)
        if not self.before:
            return NEW if self.now else ""
        grown = abs(self.value / self.before)
        if self.value > 0 and grown >= HUGE:
            return f"×{(self.now or 0) / self.before:,.0f}"
        return f"{grown * 100:.0f}%"

    @property
    def doubt(self) -> str:
        """The interval in words, for a title."""
        if self.low is None or self.high is None:
            return "How certain this difference is cannot be said."
        ends = " to ".join(signed(end, self) for end in (self.low, self.high))
        return f"95% interval of the difference: {ends}"


def signed(value: float, change: Change) -> str:
    sign = MINUS if value < 0 else "+"
    if change.unit in ABSOLUTE:
        return sign + difference(value, change.unit)
    if change.before:
        return f"{sign}{abs(value / change.before) * 100:.0f}%"
    return sign + written(abs(value), change.unit)


def of_values(now: Value, before: Value, unit: str, better: Better) -> Change:
    """Of rates and scores, which come with intervals."""
    if now.value is None or before.value is None:
        return Change(now.value, before.value, unit, better)
    found = intervals.difference(interval_of(now), interval_of(before))
    low = at_most_all(found.low, before.value, unit)
    return Change(now.value, before.value, unit, better, low, found.high)


def at_most_all(low: float | None, before: float, unit: str) -> float | None:
    """The lower end of a difference. Sums, counts and money are never below zero."""
    if low is None or unit in ABSOLUTE:
        return low
    return max(low, -before)


def interval_of(value: Value) -> Interval:
    return Interval(float(value.value or 0), value.low, value.high, float(value.count))


def of_quantiles(
    now: sketch.Counts, before: sketch.Counts, share: float, better: Better = "down"
) -> Change:
    """Of a quantile of two sketches, in milliseconds."""
    return of_values(quantile(now, share), quantile(before, share), "ms", better)


def quantile(counts: sketch.Counts, share: float) -> Value:
    """The quantile with the interval between the ranks that it may have had by chance."""
    n = int(counts.sum())
    value = sketch.quantile(counts, share)
    if value is None:
        return Value(None, 0)
    if n * min(share, 1 - share) < 1:
        return Value(value, n)
    reach = intervals.Z * sqrt(share * (1 - share) / n)
    low = sketch.quantile(counts, max(0.0, share - reach))
    high = sketch.quantile(counts, min(1.0, share + reach))
    return Value(value, n, low, high)


def of_totals(now: Sequence[float], before: Sequence[float], unit: str, better: Better) -> Change:
    """Of sums whose steps (in the same order and as many) are given."""
    total, was, fact = sum(now), sum(before), unit == "usd"
    n = min(len(now), len(before))
    if n < LEAST_STEPS or len(now) != len(before):
        return Change(total, was, unit, better, fact=fact)
    steps = [a - b for a, b in zip(now, before, strict=True)]
    mean = sum(steps) / n
    spread = sqrt(sum((step - mean) ** 2 for step in steps) / (n - 1))
    reach = float(stdtrit(n - 1, 0.975)) * spread * sqrt(n)
    low = at_most_all(total - was - reach, was, unit)
    return Change(total, was, unit, better, low, total - was + reach, fact)


def ratio(tops: Sequence[float], bottoms: Sequence[float]) -> Value:
    """The sum of `tops` by that of `bottoms`, with the interval that its steps allow."""
    top, bottom = sum(tops), sum(bottoms)
    if not bottom:
        return Value(None, 0)
    found = top / bottom
    n = sum(one > 0 for one in bottoms)
    if n < LEAST_STEPS:
        return Value(found, int(bottom))
    strays = [(a - found * b) / bottom for a, b in zip(tops, bottoms, strict=True)]
    reach = float(stdtrit(n - 1, 0.975)) * sqrt(n / (n - 1) * sum(one * one for one in strays))
    return Value(found, int(bottom), max(0.0, found - reach), found + reach)
