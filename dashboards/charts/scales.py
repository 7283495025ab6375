"""Axes: round steps, and how their values are written."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache

from dashboards.numbers import MINUS
from traces.spans import PICO

SECOND = 10**9
MINUTE, HOUR, DAY = 60 * SECOND, 3_600 * SECOND, 86_400 * SECOND
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
KNOWN_TIMES = 4_096
"""Moments whose texts are kept: the charts of a page write the same ones again and again."""
ZERO = {"usd": "$0", "ratio": "0%"}
ZOOMED = ("ratio", "score")
"""Units whose lines need not begin at zero."""
STEPS_OF_TIME = (
    *(5 * MINUTE, 15 * MINUTE, 30 * MINUTE),
    *(HOUR, 2 * HOUR, 3 * HOUR, 6 * HOUR, 12 * HOUR),
    *(DAY, 2 * DAY, 3 * DAY, 4 * DAY, 7 * DAY, 14 * DAY, 28 * DAY, 56 * DAY, 112 * DAY),
)


@dataclass(frozen=True, slots=True)
class Ticks:
    """Of a value axis, in drawn units (dollars, not pico dollars)."""

    values: list[float]
    texts: list[str]

    @property
    def range(self) -> tuple[float, float]:
        return self.values[0], self.values[-1]


def drawn(value: float | None, unit: str) -> float | None:
    """A value as the figure holds it: dollars of pico dollars, else itself."""
    return value / PICO if value is not None and unit == "usd" else value


def nice(rough: float) -> float:
    """The next of 1, 2, 2.5, 5 times a power of ten."""
    if rough <= 0:
        return 1.0
    power = 10.0 ** math.floor(math.log10(rough))
    return next(step * power for step in (1, 2, 2.5, 5, 10) if step * power >= rough * 0.999)


def ticks(values: Iterable[float | None], unit: str, *, from_zero: bool, most: int = 4) -> Ticks:
    """Round values around all of `values` (drawn units)."""
    known = [value for value in values if value is not None]
    low, high = (min(known), max(known)) if known else (0.0, 1.0)
    if from_zero or unit not in ZOOMED:
        low, high = min(low, 0.0), max(high, 0.0)
    if high <= low:
        low, high = (0.0, high or 1.0) if high >= 0 else (high, 0.0)
    if unit == "ms" and high >= 1_000:
        step = 1_000 * nice((high - low) / most / 1_000)
    else:
        step = nice((high - low) / most)
    if unit in ("count", "tokens"):
        step = max(1.0, step)
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    if unit == "ratio" and high <= 1:
        last = min(last, max(first + 1, math.ceil(1 / step - 1e-9)))
    found = [at * step for at in range(first, last + 1)]
    return Ticks(found, [tick(value, unit, step) for value in found])


def tick(value: float, unit: str, step: float) -> str:
    """A tick as short as its step allows."""
    if abs(value) < step / 1e6:
        return ZERO.get(unit, "0")
    sign, value = (MINUS if value < 0 else ""), abs(value)
    if unit == "usd":
        if step < 0.1 and value < 1:
            return f"{sign}{decimals(value * 100, step * 100)}¢"
        return f"{sign}${shortened(value, step)}"
    if unit == "ms":
        if value >= 60_000 and step >= 60_000:
            return f"{sign}{decimals(value / 60_000, step / 60_000)} min"
        if step >= 100 and value >= 1_000:
            return f"{sign}{decimals(value / 1_000, step / 1_000)} s"
        return f"{sign}{decimals(value, step)} ms"
    if unit == "ratio":
        return f"{sign}{decimals(value * 100, step * 100)}%"
    return sign + shortened(value, step)


def decimals(value: float, step: float) -> str:
    """With as many decimals as the step has."""
    digits = next((n for n in range(6) if abs(step * 10**n - round(step * 10**n)) < 1e-6), 6)
    return f"{value:,.{digits}f}"


def shortened(value: float, step: float) -> str:
    for size, letter in ((10**9, "G"), (10**6, "M"), (10**3, "k")):
        if value >= size:
            return f"{decimals(value / size, step / size)}{letter}"
    return decimals(value, step)


def at(ns: int) -> datetime:
    return EPOCH + timedelta(microseconds=ns // 1_000)


@lru_cache(KNOWN_TIMES)
def drawn_time(ns: int) -> str:
    """As a date axis reads it; UTC."""
    return at(ns).replace(tzinfo=None).isoformat()


def moment(ns: int, step_ns: int) -> str:
    """A step as tables write it: 19 Nov, 19 Nov 14:00; with the year unless it is this year."""
    return _moment(ns, step_ns % DAY == 0, datetime.now(UTC).year)


@lru_cache(KNOWN_TIMES)
def _moment(ns: int, of_day: bool, this_year: int) -> str:
    time = at(ns)
    day = f"{time.day} {time:%b}"
    if time.year != this_year:
        day += f" {time.year}"
    return day if of_day else f"{day} {time:%H:%M}"


def time_ticks(times: Sequence[int], step_ns: int, most: int = 6) -> tuple[list[str], list[str]]:
    """Moments among `times` and their texts: the day, or the hour with the day at midnight."""
    if not times:
        return [], []
    start, end = times[0], times[-1]
    wanted = max(step_ns, (end - start) // most)
    step = next((each for each in STEPS_OF_TIME if each >= wanted), wanted)
    if step >= DAY:  # counted from the first, so that it has a name
        chosen = list(range(start, end + 1, max(step, step_ns)))
    else:
        chosen = [ns for ns in range(start - start % step, end + 1, step) if ns >= start]
    return [drawn_time(ns) for ns in chosen], [time_text(ns, step) for ns in chosen]


def time_text(ns: int, step: int) -> str:
    time = at(ns)
    if step >= DAY or ns % DAY == 0:
        return f"{time.day} {time:%b}"
    return f"{time:%H:%M}"
