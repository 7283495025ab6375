"""What happened on which day: quiet weeks with a few bad days in them.

The story repeats every 21 days of the calendar, so any three weeks hold each bad day once, a day is
the same whenever it is told, and telling it again tomorrow adds only what is new.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from hashlib import blake2b
from random import Random

from traces.demo.words import LISTS

CYCLE = 21
OUTAGE, SPIKE, INJECTION = 3, 9, 18
TOPIC, LANGUAGE = range(10, 12), range(12, 14)
BRIEF = range(17, 21)
DROP = range(14, 17)
"""Days of the cycle, which begins on a Monday. The drop in quality begins with a release and ends
with the next."""

FIRST_CYCLE = 35_200
HOURS = (1, 1, 1, 1, 1, 2, 4, 7, 10, 12, 12, 11, 10, 11, 12, 12, 11, 9, 8, 7, 6, 4, 3, 2)
"""How traffic spreads over the hours of a day."""

WEEK = (1.1, 1.05, 1.0, 1.0, 0.95, 0.55, 0.5)
AGENTS, STAGING = 0.12, 0.05
"""Shares of the visits that are an agent's tasks, and that are tries on the staging system."""

USERS = 240
MARGIN = timedelta(minutes=20)
"""What began later than this before now may not have ended yet, and is told next time."""


@dataclass(frozen=True, slots=True)
class Day:
    """One day and what was wrong with it."""

    date: date

    @property
    def phase(self) -> int:
        return (self.date.toordinal() - 1) % CYCLE

    @property
    def trouble(self) -> str | None:
        """`outage`, `cost spike`, `quality drop` or `injection attempt`."""
        named = {OUTAGE: "outage", SPIKE: "cost spike", INJECTION: "injection attempt"}
        return "quality drop" if self.phase in DROP else named.get(self.phase)

    @property
    def shift(self) -> str | None:
        """What is otherwise than usual, without being wrong: `new topic`, `language`,
        `brief answers`.
        """
        lasting = {"new topic": TOPIC, "language": LANGUAGE, "brief answers": BRIEF}
        return next((name for name, phases in lasting.items() if self.phase in phases), None)

    @property
    def step(self) -> int:
        """Releases since the story began: two a cycle, the first of them the bad one."""
        cycles = (self.date.toordinal() - 1) // CYCLE - FIRST_CYCLE
        return 2 * cycles + (self.phase >= DROP.start) + (self.phase >= DROP.stop)

    @property
    def release(self) -> str:
        return f"2.{(self.step + 1) // 2}.{(self.step + 1) % 2}"

    @property
    def prompt_version(self) -> str:
        return str(self.step)

    def in_outage(self, moment: datetime) -> bool:
        """Whether the first provider was down at that moment."""
        return self.phase == OUTAGE and 9 <= moment.hour < 15

    def in_attack(self, moment: datetime) -> bool:
        return self.phase == INJECTION and 13 <= moment.hour < 18


@dataclass(frozen=True, slots=True)
class Visit:
    """One conversation or task, which starts at `start`, with its own source of chance."""

    day: Day
    seed: int
    number: int
    start: datetime
    rng: Random
    user: int
    environment: str
    is_agent: bool

    @property
    def first_name(self) -> str:
        return LISTS["first"][self.user % 24]

    @property
    def user_id(self) -> str:
        last = LISTS["last"][(self.user % 24 + self.user // 24) % 20]
        return f"{self.first_name}.{last}".lower()

    def id(self, *parts: object, size: int) -> bytes:
        """An id of `size` bytes that is the same whenever this visit is told again."""
        known = (self.seed, self.day.date.isoformat(), self.number, *parts)
        return blake2b(repr(known).encode(), digest_size=size).digest()


def days(count: int, today: date) -> list[Day]:
    """The last `count` days, today the last."""
    return [Day(today - timedelta(days=ago)) for ago in range(count - 1, -1, -1)]


def visits(day: Day, per_day: int, seed: int, until: datetime) -> Iterator[Visit]:
    """What started on a day, in order; the same for the same seed and date."""
    rng = Random(f"{seed} {day.date}")  # noqa: S311 - a story, not a secret
    count = max(1, int(per_day * WEEK[day.date.weekday()] * rng.uniform(0.9, 1.1)))
    midnight = datetime(day.date.year, day.date.month, day.date.day, tzinfo=UTC)
    hours = rng.choices(range(24), HOURS, k=count)
    seconds = sorted(hour * 3600 + rng.uniform(0, 3600) for hour in hours)
    for number, second in enumerate(seconds):
        start = midnight + timedelta(seconds=second)
        if start > until - MARGIN:
            return
        own = Random(f"{seed} {day.date} {number}")  # noqa: S311
        user = min(int(own.paretovariate(0.7) * 3) - 3, USERS - 1)
        environment = "staging" if own.random() < STAGING else "production"
        agent = own.random() < AGENTS * (3 if day.phase == SPIKE else 1)
        yield Visit(day, seed, number, start, own, user, environment, agent)
