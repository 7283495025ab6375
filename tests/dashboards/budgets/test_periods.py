"""Where periods begin and end: always at a midnight of UTC, without gaps, for any moment."""

from __future__ import annotations

import calendar
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from dashboards.budgets.periods import DAY, Every, moment, ns_of, period_of, periods_before

MOMENTS = st.integers(0, ns_of(datetime(2199, 11, 1, tzinfo=UTC)))
KINDS = st.sampled_from(list(Every))


def ns(year: int, month: int, day: int, hour: int = 0, minute: int = 0, second: int = 0) -> int:
    return ns_of(datetime(year, month, day, hour, minute, second, tzinfo=UTC))


@given(KINDS, MOMENTS)
@example(Every.MONTH, ns(2024, 2, 29, 23, 59, 59))
@example(Every.MONTH, ns(2023, 2, 28, 23, 59, 59))
@example(Every.MONTH, ns(2000, 2, 29))
@example(Every.MONTH, ns(2100, 2, 28))
@example(Every.WEEK, ns(2026, 1, 1))
@example(Every.DAY, ns(2026, 3, 29, 2, 30))  # clocks jump in Europe, not in UTC
@example(Every.DAY, 0)
def test_a_moment_lies_in_its_period_and_in_no_other(every: Every, at: int) -> None:
    period = period_of(every, at)
    assert period.start_ns <= at < period.end_ns
    assert period.start_ns % DAY == period.end_ns % DAY == 0
    assert period_of(every, period.start_ns) == period_of(every, period.end_ns - 1) == period
    assert period.after.start_ns == period.end_ns
    assert period.after.before == period


@given(MOMENTS)
def test_months_are_those_of_the_calendar(at: int) -> None:
    period = period_of(Every.MONTH, at)
    first, last = moment(period.start_ns), moment(period.end_ns - 1)
    assert (first.day, first.hour, first.minute) == (1, 0, 0)
    assert (first.year, first.month) == (last.year, last.month)
    assert period.days == last.day == calendar.monthrange(first.year, first.month)[1]


@given(MOMENTS)
def test_weeks_are_those_of_iso(at: int) -> None:
    period = period_of(Every.WEEK, at)
    if period.start_ns < 0:  # the first days of 1970, which began on a Thursday
        return
    assert moment(period.start_ns).weekday() == 0 and period.days == 7
    weeks = {moment(period.start_ns + n * DAY).isocalendar()[:2] for n in range(7)}
    assert weeks == {moment(at).isocalendar()[:2]}


@given(KINDS, MOMENTS)
def test_what_is_over_grows_from_none_to_all(every: Every, at: int) -> None:
    period = period_of(every, at)
    assert period.elapsed(period.start_ns) == 0
    assert period.elapsed(period.end_ns) == 1
    assert 0 <= period.elapsed(at) < 1
    assert period.elapsed(period.start_ns - 1) == 0 and period.elapsed(period.end_ns + 1) == 1


@pytest.mark.parametrize(
    ("year", "days"), [(2023, 28), (2024, 29), (2000, 29), (2100, 28), (2026, 28)]
)
def test_february(year: int, days: int) -> None:
    period = period_of(Every.MONTH, ns(year, 2, 14))
    assert period.days == days
    assert moment(period.end_ns).date() == date(year, 3, 1)
    assert period.before.days == period.after.days == 31


def test_a_year_of_months_has_all_its_days() -> None:
    current = period_of(Every.MONTH, ns(2025, 1, 15))
    year = list(periods_before(current, 12))
    assert [moment(one.start_ns).month for one in year] == list(range(12, 0, -1))
    assert sum(one.days for one in year) == 366
    assert all(b.end_ns == a.start_ns for a, b in pairwise(year))


@pytest.mark.parametrize(
    ("every", "at", "label"),
    [
        (Every.MONTH, (2026, 11, 27), "November 2026"),
        (Every.WEEK, (2026, 11, 27), "23 – 29 Nov 2026"),
        (Every.WEEK, (2026, 12, 31), "28 Dec – 3 Jan 2027"),
        (Every.DAY, (2026, 11, 7), "7 Nov 2026"),
    ],
)
def test_labels(every: Every, at: tuple[int, ...], label: str) -> None:
    assert period_of(every, ns(*at)).label == label


def test_moments_far_away_do_not_break_anything() -> None:
    for every in Every:
        assert period_of(every, 2**63 - 1).end_ns > 0
        assert period_of(every, -(2**63)).days >= 1


def test_seconds_are_exact() -> None:
    at = datetime(2026, 11, 27, 12, 0, 0, 999_999, tzinfo=UTC)
    assert moment(ns_of(at)) == at.replace(microsecond=0)
    zone = at.astimezone(tz=None) + timedelta(0)
    assert ns_of(zone) == ns_of(at)
