"""A score's figure with its interval, what it was before, and whether that is a change. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from math import sqrt

from traces import intervals
from traces.intervals import Interval
from traces.rollups.measures import SCORE_SUMS, ScoreMeasures
from traces.selectors import metrics
from traces.selectors.metrics import FLAGGED, SCORE, Value

SOURCES = {"user": "Users", "human": "Reviewers", "judge": "Judge", "code": "Code"}
FEEDBACK = ("user", "human")
"""Sources that are people: their scores are good when they are high, unless somebody says not."""


@dataclass(frozen=True, slots=True)
class Key:
    """Which score: the same name from another source is another one."""

    name: str
    source: str

    @property
    def is_of_people(self) -> bool:
        return self.source in FEEDBACK


@dataclass(frozen=True, slots=True)
class Change:
    """A difference with its interval. `good`: None where nobody said which way is better."""

    value: float
    low: float | None
    high: float | None
    good: bool | None

    @property
    def certain(self) -> bool:
        """Whether its interval leaves out zero."""
        return self.low is not None and self.high is not None and not self.low <= 0 <= self.high

    @property
    def nearest(self) -> float:
        """How far the interval stays from zero; 0 where it holds it."""
        return min(abs(self.low or 0.0), abs(self.high or 0.0)) if self.certain else 0.0

    @property
    def tone(self) -> str:
        """Of its colour; a difference that may be none has none."""
        if not self.certain or self.good is None:
            return ""
        return "good" if self.good else "bad"


@dataclass(slots=True)
class Figure:
    """A score over a range: now and over the range before."""

    key: Key
    sums: ScoreMeasures
    before: ScoreMeasures = field(default_factory=ScoreMeasures)
    better: str | None = None
    """up, down or None."""

    @property
    def unit(self) -> str:
        return unit_of(self.sums)

    @property
    def value(self) -> Value:
        return score_value(self.sums)

    @property
    def flagged(self) -> Value:
        return flagged_value(self.sums)

    @property
    def change(self) -> Change | None:
        return change(self.value, score_value(self.before), self.better)

    @property
    def flagged_change(self) -> Change | None:
        return change(self.flagged, flagged_value(self.before), "down")


def unit_of(sums: ScoreMeasures) -> str:
    """A rate where all values are true or false, else a score."""
    return "ratio" if sums.n and sums.booleans == sums.n else "score"


def score_value(sums: ScoreMeasures) -> Value:
    return metrics.value_of(f"{SCORE}any", sums)


def flagged_value(sums: ScoreMeasures) -> Value:
    return metrics.value_of(f"{FLAGGED}any", sums)


def fine_value(sums: ScoreMeasures, better: str | None) -> Value:
    """The share, or the mean in [0, 1], of what is fine; None where that cannot be said.

    What was not flagged, where something decides that; else a score that is good when it is high.
    """
    flagged = flagged_value(sums)
    if flagged.value is not None:
        return _turned(flagged)
    value = score_value(sums)
    if better is None or value.value is None or not within_unit(sums):
        return Value(None, 0)
    return value if better == "up" else _turned(value)


def within_unit(sums: ScoreMeasures) -> bool:
    """Whether all values can lie in [0, 1]."""
    return sums.wx >= 0 and sums.wx2 <= sums.wx * (1 + 1e-9)


def _turned(value: Value) -> Value:
    def less(part: float | None) -> float | None:
        return None if part is None else 1 - part

    return Value(less(value.value), value.count, less(value.high), less(value.low))


def change(now: Value, before: Value, better: str | None) -> Change | None:
    """None where one of them is not known."""
    if now.value is None or before.value is None:
        return None
    found = intervals.difference(_interval(now), _interval(before))
    good = None if better is None or found.value == 0 else (found.value > 0) == (better == "up")
    return Change(found.value, found.low, found.high, good)


def _interval(value: Value) -> Interval:
    return Interval(float(value.value or 0), value.low, value.high, float(value.count))


def spread(sums: ScoreMeasures) -> float:
    """The standard deviation of the values; 0 where there is none."""
    if sums.w <= 0:
        return 0.0
    mean = sums.wx / sums.w
    return sqrt(max(sums.wx2 / sums.w - mean * mean, 0.0))


def added(many: Iterable[ScoreMeasures]) -> ScoreMeasures:
    whole = ScoreMeasures()
    for one in many:
        whole.add(one)
    return whole


def less(whole: ScoreMeasures, part: ScoreMeasures) -> ScoreMeasures:
    """What is left of the whole without a part of it."""
    return ScoreMeasures(
        **{name: getattr(whole, name) - getattr(part, name) for name in SCORE_SUMS}
    )


def figures(
    now: Mapping[Key, ScoreMeasures],
    before: Mapping[Key, ScoreMeasures],
    directions: Mapping[str, str],
) -> list[Figure]:
    """Of all scores with a number, judges and detectors first, then people's; by name."""
    found = [
        Figure(key, sums, before.get(key, ScoreMeasures()), better_of(key, directions))
        for key, sums in now.items()
        if sums.n
    ]
    return sorted(found, key=lambda one: (one.key.is_of_people, one.key.name, one.key.source))


def better_of(key: Key, directions: Mapping[str, str]) -> str | None:
    """up or down; what its evaluator says, people's scores up; None: unknown."""
    if not key.is_of_people and key.name in directions:
        return directions[key.name]
    return "up" if key.is_of_people else None
