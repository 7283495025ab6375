"""When a report is due, and which days it tells of. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from dashboards.periods import DAY, SECOND, Period
from traces.selectors.paging import TimeRange

WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
LATEST = {"daily": timedelta(hours=12), "weekly": timedelta(days=2)}
"""So late a report still goes out, when nothing ran at its time."""
DAYS = {"daily": 1, "weekly": 7}


@dataclass(frozen=True, slots=True)
class Due:
    """A moment at which a report is due. `period` names it, there."""

    at: datetime
    period: str


def last_due(frequency: str, weekday: int, hour: int, time_zone: str, now: datetime) -> Due:
    """The last one at or before `now`, by the clock of the time zone."""
    zone = ZoneInfo(time_zone)
    local = now.astimezone(zone)
    day = local.date()
    if frequency == "weekly":
        day -= timedelta(days=(day.weekday() - weekday) % 7)
    step = timedelta(days=DAYS[frequency])
    while (at := datetime(day.year, day.month, day.day, hour, tzinfo=zone)) > now:
        day -= step
    return Due(at.astimezone(UTC), f"{day.isoformat()}T{hour:02}")


def next_due(frequency: str, weekday: int, hour: int, time_zone: str, now: datetime) -> datetime:
    """The first one after `now`."""
    zone, step = ZoneInfo(time_zone), timedelta(days=DAYS[frequency])
    last = last_due(frequency, weekday, hour, time_zone, now).at.astimezone(zone)
    day = last.date() + step
    return datetime(day.year, day.month, day.day, hour, tzinfo=zone).astimezone(UTC)


def end_of(at: datetime) -> int:
    """Unix ns of the last midnight UTC: reports tell of whole days."""
    return int(at.timestamp()) * SECOND // DAY * DAY


def told_of(frequency: str, end_ns: int) -> Period:
    """The days before, compared with as many before them."""
    length = DAYS[frequency] * DAY
    return Period(TimeRange(end_ns - length, end_ns), length)
