"""Intervals, reliability and nights as shapes: numbers for SVG attributes. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from evals import calibrated
from evals.stats.estimates import Estimate
from evals.truth.selectors.calibration import Bin

SIZE = 240
"""Of the square in which reliability is drawn."""
STEPS = 48


@dataclass(frozen=True, slots=True)
class Forest:
    """Percent of the width; `zero` is where nothing would be."""

    low: float
    high: float
    at: float
    zero: float


def forest(one: Estimate | None, least: float = 0.0, most: float = 1.0) -> Forest | None:
    """An interval on a line from `least` to `most`; None where there is none."""
    if one is None or one.value is None or one.low is None or one.high is None:
        return None

    def place(value: float) -> float:
        inside = min(max(value, least), most)
        return round(100 * (inside - least) / (most - least), 2)

    return Forest(place(one.low), place(one.high), place(one.value), place(0.0))


@dataclass(frozen=True, slots=True)
class Dot:
    """One bin in the square, y downwards."""

    x: float
    y: float
    low: float
    high: float
    r: float
    told: str


def dots(bins: Sequence[Bin]) -> list[Dot]:
    most = max((one.people.n for one in bins), default=1)
    found = []
    for one in bins:
        people = one.people
        if people.value is None:
            continue
        low = people.value if people.low is None else people.low
        high = people.value if people.high is None else people.high
        told = f"Scores near {one.score:.2f}: people say yes in {people.value:.0%} of {people.n}"
        radius = round(3 + 4 * (people.n / most) ** 0.5, 1)
        found.append(Dot(_x(one.score), _y(people.value), _y(low), _y(high), radius, told))
    return found


def curve(config: dict[str, Any] | None) -> str:
    """The points of a line; empty for none."""
    if config is None:
        return ""
    steps = [step / STEPS for step in range(STEPS + 1)]
    values = [min(max(calibrated.apply(config, step), 0.0), 1.0) for step in steps]
    return " ".join(f"{_x(x)},{_y(y)}" for x, y in zip(steps, values, strict=True))


def _x(value: float) -> float:
    return round(SIZE * value, 1)


def _y(value: float) -> float:
    return round(SIZE * (1 - value), 1)


@dataclass(frozen=True, slots=True)
class Night:
    """One run in a row of columns: `height` is the share that people agree with, in percent."""

    x: float
    width: float
    y: float
    height: float
    tone: str
    told: str


def nights(shares: Sequence[tuple[float | None, bool, str]]) -> list[Night]:
    """The oldest first: share, whether the judge had changed, words. In a box of 100 by 100."""
    if not shares:
        return []
    step = 100 / max(len(shares), 12)
    found = []
    for place, (value, changed, told) in enumerate(shares):
        height = 4.0 if value is None else max(round(100 * value, 1), 4.0)
        tone = "f0" if value is None else "fbad" if changed else "f1"
        x, width = round(place * step, 2), round(step * 0.72, 2)
        found.append(Night(x, width, 100 - height, height, tone, told))
    return found
