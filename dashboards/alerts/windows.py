"""Windows of time that a rule looks at, and sums that slide along them. Pure.

A rule with a window W is judged at *ends*: moments on a grid counted from 1970, five minutes apart
(wider for long windows). The window of an end t is [t - W, t). Live evaluation and the back-test
use the same grid, so that they judge the same windows.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from typing import Generic, Protocol, Self, TypeVar

SECOND = 10**9
MINUTE, HOUR, DAY, WEEK = 60 * SECOND, 3600 * SECOND, 86_400 * SECOND, 7 * 86_400 * SECOND
BUCKET = 5 * MINUTE
"""What sums are kept by; every window is a multiple of it."""
SHORTEST, LONGEST = BUCKET, 31 * DAY
SETTLING = 60 * SECOND
"""How long after its end a window is judged first: exporters send in batches."""
STEPS = ((2 * DAY, HOUR), (6 * HOUR, 15 * MINUTE), (0, BUCKET))
"""From which window on how far its ends lie apart, where the window is a multiple of that."""

UNITS = {"s": SECOND, "m": MINUTE, "h": HOUR, "d": DAY, "w": WEEK}
DURATION = re.compile(r"(\d{1,7})([smhdw])", re.ASCII)


class Sums(Protocol):
    """What cells hold: `Measures` or `ScoreMeasures`."""

    def add(self, other: Self, /) -> None: ...


S = TypeVar("S", bound=Sums)


class DurationError(ValueError):
    """A text that is no duration."""


def read_duration(text: str) -> int:
    """Nanoseconds of `90s`, `5m`, `2h`, `7d`, `1w`. Raises DurationError."""
    found = DURATION.fullmatch(text)
    if found is None:
        raise DurationError("A whole number and s, m, h, d or w, such as 30m.")
    return int(found[1]) * UNITS[found[2]]


def write_duration(ns: int) -> str:
    """The shortest text that `read_duration` reads as `ns`, which is whole seconds."""
    for letter in "wdhm":
        if ns and ns % UNITS[letter] == 0:
            return f"{ns // UNITS[letter]}{letter}"
    return f"{ns // SECOND}s"


def step_of(window_ns: int) -> int:
    """How far the ends of such a window lie apart; it divides the window, and an hour."""
    return next(step for least, step in STEPS if window_ns >= least and window_ns % step == 0)


def last_end(now_ns: int, window_ns: int) -> int:
    """The end of the last window that is complete at `now_ns`."""
    step = step_of(window_ns)
    return (now_ns - SETTLING) // step * step


def ends_between(after_ns: int, until_ns: int, window_ns: int) -> list[int]:
    """The ends e of such windows with after_ns < e <= until_ns."""
    step = step_of(window_ns)
    return list(range((after_ns // step + 1) * step, until_ns + 1, step))


def slide(
    cells: Sequence[tuple[int, S]], window_ns: int, ends: Sequence[int], empty: Callable[[], S]
) -> Iterator[tuple[int, S]]:
    """Each end with the sums of its window, from `cells` (start, sums) in the order of time.

    `ends` rise. No cell may lie across the edge of a window. Each step adds only what came in
    (two stacks make a queue: what leaves is never subtracted, which floats would not bear).
    """
    queue = _Queue(empty)
    coming = 0
    for end in ends:
        while coming < len(cells) and cells[coming][0] < end:
            queue.push(*cells[coming])
            coming += 1
        queue.drop_before(end - window_ns)
        yield end, queue.total()


class _Queue(Generic[S]):
    """First in, first out, with the sum of what is inside."""

    def __init__(self, empty: Callable[[], S]) -> None:
        self.empty = empty
        self.old: list[tuple[int, S]] = []
        """The oldest last, each with the sum of itself and what is younger in here."""
        self.new: list[tuple[int, S]] = []
        self.new_total = empty()

    def push(self, at: int, sums: S) -> None:
        self.new.append((at, sums))
        self.new_total.add(sums)

    def drop_before(self, start: int) -> None:
        while True:
            if not self.old:
                self._turn(start)
            if not self.old or self.old[-1][0] >= start:
                return
            self.old.pop()

    def _turn(self, start: int) -> None:
        if not self.new or self.new[0][0] >= start:
            return
        running = self.empty()
        for at, sums in reversed(self.new):
            whole = self.empty()
            whole.add(running)
            whole.add(sums)
            running = whole
            self.old.append((at, whole))
        self.new, self.new_total = [], self.empty()

    def total(self) -> S:
        whole = self.empty()
        if self.old:
            whole.add(self.old[-1][1])
        whole.add(self.new_total)
        return whole
