"""Months, weeks and days in UTC: where a budget's period begins and ends. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum

SECOND = 10**9
DAY = 86_400 * SECOND
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
FIRST_MONDAY = 4 * DAY
"""The 5th of January 1970."""
LAST_NS = 7_258_118_400 * SECOND
"""The year 2200: later moments count as this one, so that no date overflows."""


class Every(StrEnum):
    MONTH = "month"
    WEEK = "week"
    DAY = "day"


@dataclass(frozen=True, slots=True)
class Period:
    """Unix nanoseconds, start included, end not; both at midnight."""

    every: Every
    start_ns: int
    end_ns: int

    @property
    def days(self) -> int:
        return (self.end_ns - self.start_ns) // DAY

    def elapsed(self, now_ns: int) -> float:
        """Share of the period that is over at `now_ns`, 0 to 1."""
        gone = min(max(now_ns, self.start_ns), self.end_ns) - self.start_ns
        return gone / (self.end_ns - self.start_ns)

    @property
    def before(self) -> Period:
        return period_of(self.every, self.start_ns - 1)

    @property
    def after(self) -> Period:
        return period_of(self.every, self.end_ns)

    @property
    def last_day(self) -> str:
        """30 Nov."""
        return day_of(self.end_ns - 1)

    @property
    def label(self) -> str:
        """November 2026; 23 – 29 Nov 2026; 27 Nov 2026."""
        first, last = moment(self.start_ns), moment(self.end_ns - 1)
        if self.every == Every.MONTH:
            return f"{first:%B} {first.year}"
        if self.every == Every.DAY:
            return day_of(self.start_ns) + f" {first.year}"
        begin = str(first.day) if first.month == last.month else day_of(self.start_ns)
        return f"{begin} – {day_of(self.end_ns - 1)} {last.year}"


def moment(ns: int) -> datetime:
    return EPOCH + timedelta(seconds=ns // SECOND)


def ns_of(when: datetime) -> int:
    """Whole seconds of an aware datetime."""
    return int((when - EPOCH).total_seconds()) * SECOND


def day_of(ns: int) -> str:
    """27 Nov."""
    at = moment(ns)
    return f"{at.day} {at:%b}"


def midnight(ns: int) -> int:
    """The last one that is not after `ns`."""
    return ns // DAY * DAY


def period_of(every: Every, ns: int) -> Period:
    """The period that `ns` lies in."""
    ns = min(max(ns, 0), LAST_NS)
    if every == Every.DAY:
        return Period(every, midnight(ns), midnight(ns) + DAY)
    if every == Every.WEEK:
        start = (ns - FIRST_MONDAY) // (7 * DAY) * (7 * DAY) + FIRST_MONDAY
        return Period(every, start, start + 7 * DAY)
    first = moment(ns).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    following = (first + timedelta(days=32)).replace(day=1)
    return Period(every, ns_of(first), ns_of(following))


def periods_before(period: Period, count: int) -> Iterator[Period]:
    """The `count` periods that went before, the latest first."""
    for _ in range(count):
        period = period.before
        yield period
