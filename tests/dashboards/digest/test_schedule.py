"""When reports are due, by clocks of anywhere."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboards.digest.schedule import DAYS, end_of, last_due, next_due, told_of
from dashboards.periods import DAY

MONDAY = datetime(2026, 11, 23, tzinfo=UTC)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("now", "due", "period"),
    [
        ("2026-11-23T08:00", "2026-11-23T08:00", "2026-11-23T08"),
        ("2026-11-23T07:59", "2026-11-16T08:00", "2026-11-16T08"),
        ("2026-11-25T12:00", "2026-11-23T08:00", "2026-11-23T08"),
        ("2026-11-29T23:59", "2026-11-23T08:00", "2026-11-23T08"),
    ],
)
def test_weekly(now: str, due: str, period: str) -> None:
    found = last_due("weekly", 0, 8, "UTC", at(now))
    assert (found.at, found.period) == (at(due), period)


def test_daily_by_the_clock_there() -> None:
    found = last_due("daily", 0, 8, "Asia/Tokyo", at("2026-11-23T00:30"))
    assert (found.at, found.period) == (at("2026-11-22T23:00"), "2026-11-23T08")
    found = last_due("daily", 0, 8, "America/Los_Angeles", at("2026-11-23T15:00"))
    assert (found.at, found.period) == (at("2026-11-22T16:00"), "2026-11-22T08")


def test_the_hour_stays_when_clocks_change() -> None:
    before = last_due("daily", 0, 8, "Europe/Berlin", at("2026-10-24T12:00"))
    after = last_due("daily", 0, 8, "Europe/Berlin", at("2026-10-25T12:00"))
    assert after.at - before.at == timedelta(hours=25)
    for now in ("2026-03-29T00:59", "2026-03-29T01:01", "2026-03-29T03:00"):  # 2:00 is not there
        found = last_due("daily", 0, 2, "Europe/Berlin", at(now))
        assert found.at <= at(now)
    twice = [
        last_due("daily", 0, 2, "Europe/Berlin", at("2026-10-25T00:30") + timedelta(minutes=m))
        for m in (0, 30, 60, 90)
    ]
    assert len({one.period for one in twice}) == 1  # the hour that comes twice is one period


moments = st.datetimes(datetime(2024, 1, 1), datetime(2030, 1, 1)).map(
    lambda moment: moment.replace(tzinfo=UTC)
)
zones = st.sampled_from(
    ["UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata", "Pacific/Apia"]
)


@given(moments, st.sampled_from(["daily", "weekly"]), st.integers(0, 6), st.integers(0, 23), zones)
def test_last_and_next_enclose_now(
    now: datetime, frequency: str, weekday: int, hour: int, zone: str
) -> None:
    last = last_due(frequency, weekday, hour, zone, now)
    following = next_due(frequency, weekday, hour, zone, now)
    assert last.at <= now < following
    assert following - last.at <= timedelta(days=DAYS[frequency], hours=1)
    if frequency == "weekly":
        there = datetime.fromisoformat(last.period[:10])
        assert there.weekday() == weekday
    assert last_due(frequency, weekday, hour, zone, last.at) == last
    assert ZoneInfo(zone).utcoffset(last.at.replace(tzinfo=None)) is not None


def test_it_tells_of_whole_days_before() -> None:
    end = end_of(at("2026-11-23T08:00"))
    assert end == int(MONDAY.timestamp()) * 10**9
    week, one = told_of("weekly", end), told_of("daily", end)
    assert (week.range.start_ns, week.range.end_ns) == (end - 7 * DAY, end)
    assert (week.previous.start_ns, week.previous.end_ns) == (end - 14 * DAY, end - 7 * DAY)
    assert one.range.start_ns == end - DAY
