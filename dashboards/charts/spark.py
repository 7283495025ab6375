"""Sparklines: drawn by the server, as points of a 100 by 26 picture."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

WIDTH, HEIGHT, TOP, BOTTOM = 100.0, 26, 3.0, 24.0
LEAST_SPAN = 0.1
"""A line whose values differ by less than this share of the largest looks as flat as it is."""


@dataclass(frozen=True, slots=True)
class Spark:
    """Lists of `x,y` points; each run of known values is a line of its own."""

    lines: list[str]
    areas: list[str]
    previous: list[str]


def sparkline(
    values: Sequence[float | None], previous: Sequence[float | None] = ()
) -> Spark | None:
    """None where fewer than two values are known."""
    known = [value for value in [*values, *previous] if value is not None]
    if sum(value is not None for value in values) < 2:
        return None
    low, high = min(known), max(known)
    least = LEAST_SPAN * max(abs(low), abs(high))
    if high - low < least:
        middle = (high + low) / 2
        low, high = middle - least / 2, middle + least / 2

    def y(value: float) -> float:
        return BOTTOM - (BOTTOM - TOP) * (value - low) / ((high - low) or 1)

    lines = runs(values, y)
    areas = [f"{line.split(',')[0]},{HEIGHT} {line} {last_x(line)},{HEIGHT}" for line in lines]
    return Spark(lines, areas, runs(previous, y))


def last_x(line: str) -> str:
    return line.rsplit(" ", 1)[-1].split(",")[0]


def runs(values: Sequence[float | None], y: Callable[[float], float]) -> list[str]:
    step = WIDTH / max(1, len(values) - 1)
    found: list[list[str]] = [[]]
    for i, value in enumerate(values):
        if value is None:
            found.append([])
        else:
            found[-1].append(f"{i * step:.1f},{y(value):.1f}")
    return [" ".join(points) for points in found if len(points) > 1]
