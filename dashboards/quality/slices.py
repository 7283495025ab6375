"""Worst slices: parts of the traffic whose score is worse than the rest's. Pure.

Each value of each dimension is compared with everything else that the same score was given to. Only
what has a minimum of scores on both sides, and whose difference has an interval that leaves out
zero on the bad side, is a worst slice. The further the interval is from zero, in standard
deviations of the score, the worse.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import sqrt

from dashboards.changes import Change, of_values
from dashboards.quality.figures import (
    Key,
    added,
    better_of,
    flagged_value,
    less,
    score_value,
    spread,
    unit_of,
)
from traces.rollups.dimensions import OTHER
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

Cells = Sequence[tuple[tuple[str | None, ...], ScoreMeasures]]
"""(score, source, *DIMENSIONS) and the sums."""


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


def values(cells: Cells, dimension: str) -> list[str]:
    """The values of a dimension that there are."""
    place = 2 + DIMENSIONS.index(dimension)
    return sorted({str(group[place]) for group, _ in cells if group[place] not in (None, OTHER)})


def worst(cells: Cells, directions: Mapping[str, Better]) -> Worst:
    by_score: dict[Key, list[tuple[tuple[str | None, ...], ScoreMeasures]]] = defaultdict(list)
    for group, sums in cells:
        by_score[Key(group[0] or "", group[1] or "")].append((group[2:], sums))
    found: list[Slice] = []
    compared = 0
    for key, parts in by_score.items():
        for one in _of_score(key, parts, better_of(key, directions)):
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


def _of_score(
    key: Key, parts: Sequence[tuple[tuple[str | None, ...], ScoreMeasures]], better: Better
) -> Iterator[Slice]:
    whole = added(sums for _, sums in parts)
    of_flags = whole.judged == whole.n and whole.judged > 0
    if of_flags:
        better = "down"
    if better is None:
        return
    read = flagged_value if of_flags else score_value
    unit, deviation = ("ratio", _of_share(whole)) if of_flags else (unit_of(whole), spread(whole))
    for (dimension, prompt, name), here in _grouped(parts).items():
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


def _grouped(
    parts: Sequence[tuple[tuple[str | None, ...], ScoreMeasures]],
) -> dict[tuple[str, str, str], ScoreMeasures]:
    """Sums by dimension, prompt (of a prompt version) and value."""
    found: dict[tuple[str, str, str], ScoreMeasures] = defaultdict(ScoreMeasures)
    for values, sums in parts:
        for dimension, value in zip(DIMENSIONS, values, strict=True):
            if value is not None and value != OTHER:
                prompt = (values[1] or "") if dimension == "prompt_version" else ""
                found[dimension, prompt, value].add(sums)
    return found


def _of_share(whole: ScoreMeasures) -> float:
    """The standard deviation of flagged or not."""
    share = whole.flagged_w / whole.judged_w if whole.judged_w else 0.0
    return sqrt(max(share * (1 - share), 0.0))
