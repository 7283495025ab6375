"""Conditions and baselines: when they hold, when they are clear, and when nothing can be said."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboards.alerts import baseline
from dashboards.alerts import conditions as cond
from dashboards.alerts.baseline import Baseline, Season, baseline_of
from dashboards.alerts.conditions import Against, On, Past, Sample, Side, judge
from dashboards.alerts.machine import Outcome
from dashboards.alerts.windows import DAY, HOUR, WEEK

HOLDS, CLEAR, UNKNOWN = Outcome.HOLDS, Outcome.CLEAR, Outcome.UNKNOWN
END = 20_000 * DAY + 9 * HOUR
NUMBERS = st.floats(-1e6, 1e6, allow_nan=False)


def sample(value: float | None, count: int = 100, low: float | None = None,
           high: float | None = None) -> Sample:  # fmt: skip
    return Sample(END, value, count, low, high)


@pytest.mark.parametrize(
    ("side", "value", "outcome"),
    [
        (Side.ABOVE, 5.1, HOLDS),
        (Side.ABOVE, 5.0, CLEAR),
        (Side.BELOW, 4.9, HOLDS),
        (Side.BELOW, 5.0, CLEAR),
        (Side.ABOVE, None, UNKNOWN),
    ],
)
def test_a_threshold(side: Side, value: float | None, outcome: Outcome) -> None:
    assert judge(cond.Threshold(side, 5.0), sample(value)).outcome == outcome


def test_few_values_say_nothing() -> None:
    verdict = judge(cond.Threshold(Side.ABOVE, 0.1), sample(1.0, count=4), least=5)
    assert (verdict.outcome, verdict.value) == (UNKNOWN, 1.0)
    assert "4 of the 5" in verdict.detail
    assert judge(cond.Threshold(Side.ABOVE, 0.1), sample(1.0, count=5), least=5).outcome == HOLDS


@pytest.mark.parametrize(
    ("side", "low", "high", "outcome"),
    [
        (Side.BELOW, 0.2, 0.69, HOLDS),
        (Side.BELOW, 0.2, 0.71, CLEAR),  # the value is below, the interval is not
        (Side.ABOVE, 0.71, 0.9, HOLDS),
        (Side.ABOVE, 0.69, 0.9, CLEAR),
        (Side.ABOVE, None, None, UNKNOWN),
    ],
)
def test_an_interval_must_lie_beyond_whole(
    side: Side, low: float | None, high: float | None, outcome: Outcome
) -> None:
    assert judge(cond.Interval(side, 0.7), sample(0.5, 9, low, high)).outcome == outcome


def change(side: Side = Side.ABOVE, by: float = 50.0, percent: bool = True,
           at_least: float = 0.0) -> cond.Change:  # fmt: skip
    return cond.Change(side, by, percent, Against.PREVIOUS, at_least)


@pytest.mark.parametrize(
    ("condition", "before", "now", "outcome"),
    [
        (change(), 10.0, 15.1, HOLDS),
        (change(), 10.0, 14.9, CLEAR),
        (change(Side.BELOW), 10.0, 4.9, HOLDS),
        (change(Side.BELOW), 10.0, 16.0, CLEAR),
        (change(Side.BOTH), 10.0, 16.0, HOLDS),
        (change(Side.BOTH), 10.0, 4.0, HOLDS),
        (change(Side.BOTH), 10.0, 10.0, CLEAR),
        (change(by=3.0, percent=False), 10.0, 13.5, HOLDS),
        (change(by=3.0, percent=False), 10.0, 12.5, CLEAR),
        (change(at_least=9.0), 10.0, 18.0, CLEAR),  # 80 %, but only 8
        (change(at_least=9.0), 10.0, 19.5, HOLDS),
        (change(), 0.0, 5.0, UNKNOWN),  # no percentage of zero
        (change(at_least=4.0), 0.0, 5.0, HOLDS),
        (change(), None, 5.0, UNKNOWN),
    ],
)
def test_a_change(
    condition: cond.Change, before: float | None, now: float, outcome: Outcome
) -> None:
    past = Past(before=sample(before))
    assert judge(condition, sample(now), past).outcome == outcome


def test_a_change_needs_enough_on_both_sides() -> None:
    past = Past(before=sample(10.0, count=3))
    assert judge(change(), sample(90.0), past, least=5).outcome == UNKNOWN
    assert judge(change(), sample(90.0), cond.NOTHING).outcome == UNKNOWN


def test_what_a_change_is_measured_against() -> None:
    weekly = cond.Change(Side.ABOVE, 50, True, Against.WEEKDAY)
    assert cond.end_before(change(), END, HOUR) == END - HOUR
    assert cond.end_before(weekly, END, HOUR) == END - WEEK
    assert cond.end_before(cond.Threshold(Side.ABOVE, 1), END, HOUR) is None


@pytest.mark.parametrize(
    ("side", "value", "outcome"),
    [
        (Side.ABOVE, 18.1, HOLDS),
        (Side.ABOVE, 17.9, CLEAR),
        (Side.ABOVE, 1.0, CLEAR),
        (Side.BELOW, 1.9, HOLDS),
        (Side.BOTH, 1.9, HOLDS),
        (Side.BOTH, 18.1, HOLDS),
        (Side.BOTH, 10.0, CLEAR),
    ],
)
def test_an_anomaly(side: Side, value: float, outcome: Outcome) -> None:
    usual = Past(baseline=Baseline(10.0, 2.0, 30, Season.DAY))
    wanted = cond.Anomaly(side, 4.0, Season.DAY, 28)
    verdict = judge(wanted, sample(value), usual)
    assert verdict.outcome == outcome
    assert verdict.usual == 10.0


def test_an_anomaly_needs_history_and_a_difference_of_account() -> None:
    wanted = cond.Anomaly(Side.ABOVE, 4.0, Season.DAY, 28, at_least=20.0)
    assert judge(wanted, sample(9.0)).outcome == UNKNOWN
    usual = Past(baseline=Baseline(10.0, 0.0, 30, Season.DAY))
    assert judge(wanted, sample(29.0), usual).outcome == CLEAR
    assert judge(wanted, sample(31.0), usual).outcome == HOLDS


@pytest.mark.parametrize(("count", "outcome"), [(0, HOLDS), (4, HOLDS), (5, CLEAR)])
def test_absence_looks_at_the_count(count: int, outcome: Outcome) -> None:
    for value in (None, 0.0, 0.9):
        assert judge(cond.Absence(5), sample(value, count), least=99).outcome == outcome


@pytest.mark.parametrize(("share", "outcome"), [(99.9, CLEAR), (100.0, HOLDS), (None, UNKNOWN)])
def test_a_budget_is_passed_when_it_is_reached(share: float | None, outcome: Outcome) -> None:
    assert judge(cond.Budget("b", On.ACTUAL, 100.0), sample(share, 1)).outcome == outcome


@given(NUMBERS, NUMBERS, st.floats(0, 1e6), st.sampled_from(list(Side)))
def test_the_limit_is_where_the_verdict_turns(
    value: float, usual: float, by: float, side: Side
) -> None:
    past = Past(before=sample(usual))
    verdict = judge(change(side, by, percent=False), sample(value), past)
    assert verdict.limit is not None
    beyond = value > verdict.limit or value < verdict.limit
    assert beyond or verdict.outcome == CLEAR
    if verdict.outcome == HOLDS:
        assert abs(value - usual) >= by * (1 - 1e-9) - 1e-6


def hourly(days: int, value_at: object) -> list[tuple[int, float]]:
    """Ends of whole hours before END, with values."""
    ends = range(END - days * DAY, END, HOUR)
    return [(end, value_at(end)) for end in ends]  # type: ignore[operator]


def by_hour(end: int) -> float:
    return float(end % DAY // HOUR)


def test_the_same_hour_of_the_week_is_compared() -> None:
    weekend = (END + 3 * DAY) % WEEK // DAY
    history = hourly(35, lambda end: 100.0 if (end + 3 * DAY) % WEEK // DAY == weekend else 1.0)
    found = baseline_of(history, END, Season.WEEK)
    assert found is not None and (found.median, found.season) == (100.0, Season.WEEK)


def test_with_fewer_weeks_the_hour_of_the_day_is() -> None:
    found = baseline_of(hourly(20, by_hour), END, Season.WEEK)
    assert found is not None and (found.median, found.season) == (9.0, Season.DAY)
    assert baseline_of(hourly(2, by_hour), END, Season.WEEK) is None
    assert baseline_of([], END, Season.NONE) is None


def test_a_few_bad_days_do_not_move_a_baseline() -> None:
    rng = Random(3)
    quiet = hourly(28, lambda end: 100 + rng.gauss(0, 5))
    spoiled = [(end, 5000.0 if end < END - 25 * DAY else value) for end, value in quiet]
    before, after = (baseline_of(one, END, Season.DAY) for one in (quiet, spoiled))
    assert before is not None and after is not None
    assert abs(after.median - before.median) < 5
    assert after.sigma < 3 * before.sigma
    assert 2 < before.sigma < 10


def test_what_never_varied_has_some_spread_and_zero_has_none() -> None:
    flat = baseline_of(hourly(28, lambda end: 40.0), END, Season.DAY)
    assert flat is not None and flat.sigma == pytest.approx(40 * baseline.LEAST_SPREAD)
    none = baseline_of(hourly(28, lambda end: 0.0), END, Season.DAY)
    assert none is not None and none.sigma == 0.0
    rare = baseline_of(hourly(28, lambda end: 8.0 if end // DAY % 4 == 0 else 0.0), END, Season.DAY)
    assert rare is not None and rare.median == 0 and rare.sigma > 1  # the MAD alone would be 0


@given(st.integers(1, 31 * 288), st.integers(7, 56), st.integers(0, 11))
def test_history_lies_before_the_window_and_is_the_same_all_hour(
    buckets: int, days: int, minutes: int
) -> None:
    window = buckets * 300 * 10**9
    wanted = cond.Anomaly(Side.ABOVE, 4.0, Season.WEEK, days)
    end = END + minutes * 300 * 10**9
    ends = cond.history_ends(wanted, end, window)
    assert ends == cond.history_ends(wanted, END, window)
    assert all(at <= end - window and at % HOUR == 0 and at >= END - days * DAY for at in ends)


def test_history_begins_with_the_first_data() -> None:
    samples = [Sample(at, 0.0, 0) for at in range(5)]
    samples += [Sample(5, 3.0, 9), Sample(6, 0.0, 0), Sample(7, 1.0, 2), Sample(8, None, 0)]
    assert cond.history_of(samples, 5) == [(5, 3.0), (6, 0.0)]
