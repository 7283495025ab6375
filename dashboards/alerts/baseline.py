"""What is usual for a rule at this hour: a robust seasonal baseline from its own history. Pure.

The values of earlier windows that ended at about the same hour of the week are compared by median
and median absolute deviation (MAD), which a few bad days do not move. Where there are too few, the
same hour of all days is taken. The MAD is scaled to a standard deviation; if more than half of the
values are equal it is 0, and the mean absolute deviation takes its place (B. Iglewicz and
D. Hoaglin, 1993, How to Detect and Handle Outliers).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from statistics import fmean, median

from dashboards.alerts.windows import DAY, HOUR, WEEK

OF_MAD, OF_MEAN = 1.4826, 1.2533
"""Of a normal distribution: a standard deviation in MADs and in mean absolute deviations."""
LEAST_SPREAD = 0.05
"""A standard deviation is at least this share of the median: what never varied may yet."""
ENOUGH = 8
"""Values that a baseline needs."""
PERIODS_NEEDED = 4
"""Weeks or days that these are from: windows an hour apart hardly differ."""
NEAR = HOUR
"""Ends this far apart in the day or week count as the same hour."""


class Season(StrEnum):
    WEEK = "hour_of_week"
    DAY = "hour_of_day"
    NONE = "all"


FALL_BACK: dict[Season, tuple[Season, ...]] = {
    Season.WEEK: (Season.WEEK, Season.DAY),
    Season.DAY: (Season.DAY,),
    Season.NONE: (Season.NONE,),
}
PERIODS = {Season.WEEK: WEEK, Season.DAY: DAY, Season.NONE: DAY}


@dataclass(frozen=True, slots=True)
class Baseline:
    """What is usual: in the unit of the metric. `season`: which values it is made of."""

    median: float
    sigma: float
    values: int
    season: Season


def baseline_of(
    history: Sequence[tuple[int, float]], end_ns: int, season: Season
) -> Baseline | None:
    """From (end, value) of earlier windows; None if there are too few."""
    for candidate in FALL_BACK[season]:
        alike = [(at, value) for at, value in history if _alike(at, end_ns, candidate)]
        period = PERIODS[candidate]
        seen = {(end_ns - at + period // 2) // period for at, _ in alike}
        if len(alike) >= ENOUGH and len(seen) >= PERIODS_NEEDED:
            return _of([value for _, value in alike], candidate)
    return None


def _alike(at: int, end_ns: int, season: Season) -> bool:
    if season == Season.NONE:
        return True
    apart = (end_ns - at) % PERIODS[season]
    return min(apart, PERIODS[season] - apart) <= NEAR


def _of(values: Sequence[float], season: Season) -> Baseline:
    middle = median(values)
    away = [abs(value - middle) for value in values]
    spread = OF_MAD * median(away) or OF_MEAN * fmean(away)
    return Baseline(middle, max(spread, LEAST_SPREAD * abs(middle)), len(values), season)
