"""When a rule may tell somebody: days and hours in a time zone. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, time
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
CLOCK = re.compile(r"([01]\d|2[0-3]):([0-5]\d)", re.ASCII)
KEYS = frozenset({"timezone", "days", "from", "to"})


class ScheduleError(ValueError):
    """What is no schedule; `field` says where."""

    def __init__(self, field: str, detail: str) -> None:
        super().__init__(detail)
        self.field = field


@dataclass(frozen=True, slots=True)
class Schedule:
    """From `begin` to `end` on each of `days` (0: Monday). An end that is not after the begin is

    the next day's, which still belongs to the day it began on.
    """

    zone: ZoneInfo
    days: frozenset[int]
    begin: time
    end: time

    def is_active(self, moment: datetime) -> bool:
        """At an aware moment."""
        local = moment.astimezone(self.zone)
        clock = local.time().replace(tzinfo=None)
        today, yesterday = local.weekday(), (local.weekday() - 1) % 7
        if self.begin < self.end:
            return today in self.days and self.begin <= clock < self.end
        late = today in self.days and clock >= self.begin
        return late or (yesterday in self.days and clock < self.end)


@cache
def zones() -> frozenset[str]:
    """All names of time zones, which lie in many files."""
    return frozenset(available_timezones())


def read(given: Any) -> Schedule | None:
    """From a document; None means always. Raises ScheduleError."""
    if given is None:
        return None
    if not isinstance(given, dict):
        raise ScheduleError("", "An object of timezone, days, from and to.")
    for key in given:
        if key not in KEYS:
            raise ScheduleError(str(key)[:60], "There is no such field.")
    zone = given.get("timezone", "UTC")
    if not isinstance(zone, str) or zone not in zones():
        raise ScheduleError("timezone", "A time zone by its IANA name, such as Europe/Paris.")
    days = given.get("days", list(DAYS))
    if not isinstance(days, list) or not days or not all(day in DAYS for day in days):
        raise ScheduleError("days", f"A list of {', '.join(DAYS)}.")
    begin = _clock(given, "from", "00:00")
    end = _clock(given, "to", "00:00")
    return Schedule(ZoneInfo(zone), frozenset(map(DAYS.index, days)), begin, end)


def write(schedule: Schedule | None) -> dict[str, Any] | None:
    """The document, with every field."""
    if schedule is None:
        return None
    return {
        "timezone": schedule.zone.key,
        "days": [DAYS[day] for day in sorted(schedule.days)],
        "from": f"{schedule.begin:%H:%M}",
        "to": f"{schedule.end:%H:%M}",
    }


def _clock(given: dict[str, Any], field: str, usual: str) -> time:
    text = given.get(field, usual)
    found = CLOCK.fullmatch(text) if isinstance(text, str) else None
    if found is None:
        raise ScheduleError(field, "A time of day between 00:00 and 23:59, in quotes.")
    return time(int(found[1]), int(found[2]))
