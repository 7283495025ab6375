"""A score's figure with its interval and its change, from sums. Pure."""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass, field
from math import sqrt

from dashboards.changes import Change, of_values
from evals.detectors.registry import MODULES
from traces.rollups.measures import SCORE_SUMS, ScoreMeasures
from traces.selectors import metrics
from traces.selectors.metrics import FLAGGED, SCORE, Better, Value

SOURCES = {"user": "Users", "human": "Reviewers", "judge": "Judge", "code": "Code"}
USER, HUMAN = "user", "human"
FEEDBACK = (USER, HUMAN)
"""Sources that are people. What users send is good when it is high; what reviewers answer may be
the name of a fault, and is good as the evaluator says that is held against it."""


@dataclass(frozen=True, slots=True)
class Key:
    """Which score: the same name from another source is another one."""

    name: str
    source: str

    @property
    def is_of_people(self) -> bool:
        return self.source in FEEDBACK


ANSWERS = ("hallucination", "irrelevance", "inconsistency")
"""Detectors of what is wrong with an answer, by the names that their scores have from the start;
the one first that says most."""
OWN_CODE = 6
"""From here on a score does not say how good an answer is, as far as is known."""
ASIDE = frozenset(MODULES) - set(ANSWERS)
"""The others: of what is in a text (personal data, attacks) and of its form."""


def matters(name: str, source: str = "") -> int:
    """How much a score says of how good answers are; 0 says most: judges, detectors of wrong
    answers, users, reviewers (of what they were given), code of yours, other detectors."""
    if source == "judge":
        return 0
    if name in ANSWERS:
        return 1 + ANSWERS.index(name)
    if source in FEEDBACK:
        return 1 + len(ANSWERS) + FEEDBACK.index(source)
    return OWN_CODE + (name in ASIDE)


@dataclass(slots=True)
class Figure:
    """A score over a range: now and over the range before."""

    key: Key
    sums: ScoreMeasures
    before: ScoreMeasures = field(default_factory=ScoreMeasures)
    better: Better = None
    drawn: bool = True
    """False: reviewers gave it, and not all of its items were drawn by chance. It is then a figure
    of these items, and no rate of all traffic: it has no interval, and no change is certain."""

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
    def change(self) -> Change:
        better = self.better if self.drawn else None
        return of_values(self.value, score_value(self.before), self.unit, better)

    @property
    def flagged_change(self) -> Change:
        return of_values(self.flagged, flagged_value(self.before), "ratio", "down")


def unit_of(sums: ScoreMeasures) -> str:
    """A rate where all values are true or false, else a score."""
    return "ratio" if sums.n and sums.booleans == sums.n else "score"


def score_value(sums: ScoreMeasures) -> Value:
    return metrics.value_of(f"{SCORE}any", sums)


def flagged_value(sums: ScoreMeasures) -> Value:
    return metrics.value_of(f"{FLAGGED}any", sums)


def fine_value(sums: ScoreMeasures, better: Better) -> Value:
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


def spread(sums: ScoreMeasures) -> float:
    """The standard deviation of the values; 0 where there is none."""
    if sums.w <= 0:
        return 0.0
    mean = sums.wx / sums.w
    return sqrt(max(sums.wx2 / sums.w - mean * mean, 0.0))


def added(many: Iterable[ScoreMeasures]) -> ScoreMeasures:
    return ScoreMeasures.total(many)


def less(whole: ScoreMeasures, part: ScoreMeasures) -> ScoreMeasures:
    """What is left of the whole without a part of it."""
    return ScoreMeasures(
        **{name: getattr(whole, name) - getattr(part, name) for name in SCORE_SUMS}
    )


def figures(
    now: Mapping[Key, ScoreMeasures],
    before: Mapping[Key, ScoreMeasures],
    directions: Mapping[str, Better],
    picked: Container[str] = (),
) -> list[Figure]:
    """Of all scores with a number, those first that say most of how good answers are; by name.

    `picked`: names of reviewers' scores whose items were not all drawn by chance.
    """
    found = [
        Figure(
            key,
            sums,
            before.get(key, ScoreMeasures()),
            better_of(key, directions),
            drawn=not (key.source == HUMAN and key.name in picked),
        )
        for key, sums in now.items()
        if sums.n
    ]
    return sorted(
        found,
        key=lambda one: (matters(one.key.name, one.key.source), one.key.name, one.key.source),
    )


def better_of(key: Key, directions: Mapping[str, Better]) -> Better:
    """up or down; what the evaluator of that name says, else users' scores up; None: unknown."""
    return directions.get(key.name, "up" if key.source == USER else None)
