"""What happened on which day: quiet weeks with a few bad days in them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from hashlib import blake2b
from random import Random

OUTAGE, SPIKE, DROP_FROM, DROP_TO, INJECTION = 16, 9, 6, 4, 2
"""Days ago. The drop in quality begins with a release and ends with the next."""

HOURS = (1, 1, 1, 1, 1, 2, 4, 7, 10, 12, 12, 11, 10, 11, 12, 12, 11, 9, 8, 7, 6, 4, 3, 2)
"""How traffic spreads over the hours of a day."""

WEEKEND = 0.55
USERS = 160


@dataclass(frozen=True, slots=True)
class Day:
    """One day and what was wrong with it."""

    date: date
    ago: int

    @property
    def release(self) -> str:
        if self.ago > DROP_FROM:
            return "2.3.1"
        return "2.4.0" if self.ago >= DROP_TO else "2.4.1"

    @property
    def prompt_version(self) -> str:
        return "14" if self.ago > DROP_FROM else "15" if self.ago >= DROP_TO else "16"

    @property
    def bad_retrieval(self) -> bool:
        return DROP_TO <= self.ago <= DROP_FROM

    def outage(self, moment: datetime) -> bool:
        return self.ago == OUTAGE and 10 <= moment.hour < 12


@dataclass(frozen=True, slots=True)
class Visit:
    """One conversation that starts at `start` with its own source of chance."""

    day: Day
    start: datetime
    number: int
    rng: Random
    user: str
    is_agent: bool

    def id(self, *parts: object, size: int) -> bytes:
        """An id that is the same whenever this visit is told again."""
        return blake2b(
            repr((self.day.date, self.number, *parts)).encode(), digest_size=size
        ).digest()


def days(count: int, today: date) -> list[Day]:
    return [Day(today - timedelta(days=ago), ago) for ago in range(count - 1, -1, -1)]


def visits(day: Day, per_day: int, seed: int, until: datetime) -> Iterator[Visit]:
    """The conversations of a day, in no order; the same for the same seed and date."""
    rng = Random(f"{seed} {day.date}")  # noqa: S311 - a story, not a secret
    share = WEEKEND if day.date.weekday() >= 5 else 1.0
    for number in range(int(per_day * share * rng.uniform(0.9, 1.1))):
        hour = rng.choices(range(24), HOURS)[0]
        seconds = hour * 3600 + rng.uniform(0, 3600)
        midnight = datetime(day.date.year, day.date.month, day.date.day, tzinfo=UTC)
        start = midnight + timedelta(seconds=seconds)
        own = Random(f"{seed} {day.date} {number}")  # noqa: S311
        user = f"user-{min(int(own.paretovariate(1.2) * 3), USERS):03d}"
        visit = Visit(day, start, number, own, user, own.random() < 0.12)
        if start < until - timedelta(minutes=5):
            yield visit
