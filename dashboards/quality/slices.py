"""Worst slices: parts of the traffic whose score is worse than the rest's. Pure.

Each value of each dimension is compared with everything else that the same score was given to, a
version of a prompt with its other versions: what other prompts are for is another task, whose calls
may be no answers at all. Only what has a minimum of scores on both sides is compared. As some of
many slices look worse by chance, the differences go through Benjamini and Hochberg (1995) together:
of those that are told, one in twenty is expected to be chance. The further a difference's interval
is from zero, in standard deviations of the score, the worse.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from math import erfc, sqrt

from scipy.stats import false_discovery_control

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
from traces.intervals import Z
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
LEAST_FLAGGED = 5
"""Fewer flagged are no share that could be told."""
FALSE_SHARE = 0.05
"""Of the slices that are told, how many may be chance."""
MOST = 10
OF_THE_INPUT = frozenset({"prompt_injection", "indirect_injection"})
"""Detectors of what users and documents say: no model, prompt or release is to blame for it."""
OF_THE_ANSWER = frozenset(DIMENSIONS) - {"environment"}
FIRST_NAMED = ("prompt_version", "release", "model", "prompt", "environment")
"""Of several names for the same scores, which one leads: the one that says most."""

Parts = Mapping[str, Mapping[Key, Mapping[tuple[str, str], ScoreMeasures]]]
"""By dimension and score: (prompt, of a prompt version only; value) and the sums.

A trace has several models and prompts, and its score counts for each of them: parts of a score do
not add up to the whole, and no part may be added up from those of two dimensions.
"""
Wholes = Mapping[Key, ScoreMeasures]


@dataclass(frozen=True, slots=True)
class Slice:
    """`value` of the slice beside `rest`, all else (of a prompt version: the prompt's others).
    `unit`: ratio or score; flagged shares too."""

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
    same: tuple[str, ...] = ()
    """Other slices that are the same scores, each with its dimension."""
    since: str = ""
    until: str = ""
    """First and last day with scores, where that is not those of the range: 11 Nov."""

    @property
    def label(self) -> str:
        return f"{self.prompt} {self.name}" if self.dimension == "prompt_version" else self.name

    @property
    def place(self) -> str:
        """prompt version answer 69"""
        return f"{LABELS[self.dimension].lower()} {self.label}"

    @property
    def beside(self) -> str:
        """What `rest` is of."""
        return "in other versions" if self.prompt else "elsewhere"

    @property
    def when(self) -> str:
        """since 3 Nov; until 11 Nov; 3 Nov – 11 Nov; empty where it has the whole range."""
        if self.since and self.until:
            return f"{self.since} – {self.until}" if self.since != self.until else self.since
        return f"since {self.since}" if self.since else f"until {self.until}" if self.until else ""


@dataclass(frozen=True, slots=True)
class Worst:
    """`compared`: how many slices had scores enough."""

    slices: list[Slice]
    compared: int


def values(parts: Parts, dimension: str) -> list[str]:
    """The values of a dimension that there are."""
    return sorted({name for found in parts[dimension].values() for _, name in found})


def worst(parts: Parts, wholes: Wholes, directions: Mapping[str, Better]) -> Worst:
    made = [
        one
        for key, whole in wholes.items()
        for one in _of_score(key, whole, parts, better_of(key, directions))
    ]
    found = [one for one in _beyond_chance(made) if one.change.tone == "bad" and one.severity > 0]
    found.sort(key=lambda one: -one.severity)
    return Worst(_distinct(found)[:MOST], len(made))


def _beyond_chance(made: Sequence[Slice]) -> list[Slice]:
    """Those whose difference stands up to how many were compared, and whose flags are not few."""
    if not made:
        return []
    adjusted = false_discovery_control([_chance(one.change) for one in made])
    return [
        one
        for one, p in zip(made, adjusted, strict=True)
        if p <= FALSE_SHARE and not (one.of_flags and _flagged(one) < LEAST_FLAGGED)
    ]


def _chance(change: Change) -> float:
    """The p-value of a difference whose 95 % interval has its end towards zero where it has."""
    end = change.low if change.value > 0 else change.high
    reach = abs(change.value - end) if end is not None else 0.0
    return erfc(Z * abs(change.value) / reach / sqrt(2)) if reach else 1.0


def _flagged(one: Slice) -> float:
    return float(one.value.value or 0) * one.value.count


def _distinct(ranked: Sequence[Slice]) -> list[Slice]:
    """The same scores under several names (a prompt's only version) once, with all its names."""
    found: dict[tuple[Key, int, str, str], list[Slice]] = {}
    for one in ranked:
        # Sums of floats that were added up in another order are equal to some digits only.
        value, low = (f"{end or 0:.6g}" for end in (one.value.value, one.value.low))
        found.setdefault((one.key, one.value.count, value, low), []).append(one)
    return [_named(many) for many in found.values()]


def _named(many: Sequence[Slice]) -> Slice:
    first, *others = sorted(many, key=lambda one: FIRST_NAMED.index(one.dimension))
    return replace(first, same=tuple(one.place for one in others))


def _of_score(key: Key, whole: ScoreMeasures, parts: Parts, better: Better) -> Iterator[Slice]:
    of_flags = whole.judged == whole.n and whole.judged > 0
    if of_flags:
        better = "down"
    if better is None:
        return
    read = flagged_value if of_flags else score_value
    unit, deviation = ("ratio", _of_share(whole)) if of_flags else (unit_of(whole), spread(whole))
    for dimension, prompt, name, here in _slices(key, parts):
        if key.name in OF_THE_INPUT and dimension in OF_THE_ANSWER:
            continue
        others = _prompt_of(key, parts, prompt) if prompt else whole
        if others is None:
            continue
        rest = less(others, here)
        if min(here.n, rest.n) < MINIMUM:
            continue
        value, other = read(here), read(rest)
        found = of_values(value, other, unit, better)
        if found.known:
            severity = _nearest(found) / deviation if deviation else 0.0
            yield Slice(key, dimension, name, prompt, value, other, found, unit, of_flags, severity)


def _prompt_of(key: Key, parts: Parts, prompt: str) -> ScoreMeasures | None:
    """What a version is compared within; None where its prompt was not kept apart from others."""
    return parts.get("prompt", {}).get(key, {}).get(("", prompt))


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
