"""Worst slices: parts of the traffic whose score is worse than the rest's. Pure.

Each value of each dimension is compared with everything else that the same score was given to. Only
what has a minimum of scores on both sides, and whose difference has an interval that leaves out
zero on the bad side, is a worst slice. The further the interval is from zero, in standard
deviations of the score, the worse.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import sqrt

from dashboards.changes import Change, of_values
from dashboards.quality.figures import (
    Key,
    better_of,
    flagged_value,
    less,
    score_value,
    spread,
    unit_of,
)
from traces.rollups.measures import ScoreMeasures
from traces.selectors.metrics import Better, Value

DIMENSIONS = ("model", "prompt", "prompt_version", "environment", "release")
LABELS = {
    "model": "Model",
    "prompt": "Prompt",
    "prompt_version": "Prompt version",
    "environment": "Environment",
    "release": "Release",
}
MINIMUM = 20
"""Scores that a slice, and the rest, must have."""
MOST = 10

Parts = Mapping[str, Mapping[Key, Mapping[tuple[str, str], ScoreMeasures]]]
"""By dimension and score: (prompt, of a prompt version only; value) and the sums.

A trace has several models and prompts, and its score counts for each of them: parts of a score do
not add up to the whole, and no part may be added up from those of two dimensions.
"""
Wholes = Mapping[Key, ScoreMeasures]


@dataclass(frozen=True, slots=True)
class Slice:
    """`value` of the slice beside `rest`, all else. `unit`: ratio or score; flagged shares too."""

    key: Key
    dimension: str
    name: str
    prompt: str
    """Of a prompt version: its prompt."""
    value: Value
    rest: Value
    change: Change
    unit: str
    of_flags: bool
    severity: float

    @property
    def label(self) -> str:
        return f"{self.prompt} {self.name}" if self.dimension == "prompt_version" else self.name


@dataclass(frozen=True, slots=True)
class Worst:
    """`compared`: how many slices had scores enough."""

    slices: list[Slice]
    compared: int


def values(parts: Parts, dimension: str) -> list[str]:
    """The values of a dimension that there are."""
    return sorted({name for found in parts[dimension].values() for _, name in found})


def worst(parts: Parts, wholes: Wholes, directions: Mapping[str, Better]) -> Worst:
    found: list[Slice] = []
    compared = 0
    for key, whole in wholes.items():
        for one in _of_score(key, whole, parts, better_of(key, directions)):
            compared += 1
            if one.change.tone == "bad":
                found.append(one)
    found.sort(key=lambda one: -one.severity)
    return Worst(_distinct(found)[:MOST], compared)


def _distinct(ranked: Sequence[Slice]) -> list[Slice]:
    """Without those that are the same scores under another name, as a prompt's only version is."""
    found: dict[tuple[Key, int, float | None, float | None], Slice] = {}
    for one in ranked:
        found.setdefault((one.key, one.value.count, one.value.value, one.value.low), one)
    return list(found.values())


def _of_score(key: Key, whole: ScoreMeasures, parts: Parts, better: Better) -> Iterator[Slice]:
    of_flags = whole.judged == whole.n and whole.judged > 0
    if of_flags:
        better = "down"
    if better is None:
        return
    read = flagged_value if of_flags else score_value
    unit, deviation = ("ratio", _of_share(whole)) if of_flags else (unit_of(whole), spread(whole))
    for dimension, prompt, name, here in _slices(key, parts):
        rest = less(whole, here)
        if min(here.n, rest.n) < MINIMUM:
            continue
        value, other = read(here), read(rest)
        found = of_values(value, other, unit, better)
        if found.known:
            severity = _nearest(found) / deviation if deviation else 0.0
            yield Slice(key, dimension, name, prompt, value, other, found, unit, of_flags, severity)


def _nearest(change: Change) -> float:
    """How far the interval stays from zero; 0 where it holds it."""
    return min(abs(change.low or 0.0), abs(change.high or 0.0)) if change.certain else 0.0


def _slices(key: Key, parts: Parts) -> Iterator[tuple[str, str, str, ScoreMeasures]]:
    """(dimension, prompt, value, sums) of a score."""
    for dimension, by_score in parts.items():
        for (prompt, name), here in by_score.get(key, {}).items():
            yield dimension, prompt, name, here


def _of_share(whole: ScoreMeasures) -> float:
    """The standard deviation of flagged or not."""
    share = whole.flagged_w / whole.judged_w if whole.judged_w else 0.0
    return sqrt(max(share * (1 - share), 0.0))
