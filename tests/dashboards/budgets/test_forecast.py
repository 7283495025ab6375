"""The forecast says what it should on histories whose future is known, and nothing silly else."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dashboards.budgets.forecast import (
    History,
    Step,
    forecast,
    share_of_day,
    week_pattern,
    without_spikes,
)

WEEK = [120.0, 125.0, 120.0, 115.0, 110.0, 40.0, 30.0]


def end_of(days: list[float], ahead: int, *, weekday: int = 0, spent: float = 0.0) -> Step:
    steps = forecast(History(days, weekday), spent, ahead)
    assert steps is not None and len(steps) == ahead + 1
    return steps[-1]


def wobbling(days: int, level: float = 100.0, seed: int = 3) -> list[float]:
    chance = np.random.default_rng(seed)
    return [float(level * math.exp(0.1 * e)) for e in chance.standard_normal(days)]


def test_nothing_is_said_of_no_history() -> None:
    assert forecast(History([], 0), 0.0, 10) is None
    assert forecast(History([0.0] * 56, 0), 0.0, 10) is None
    assert forecast(History([0.0] * 55 + [5.0], 0), 0.0, 10) is None
    assert forecast(History([], 0, today=5.0, elapsed=0.5), 5.0, 10) is None


def test_two_days_are_enough_for_a_wide_range() -> None:
    young, old = end_of([100.0, 110.0], 9), end_of(wobbling(56), 9)
    assert 700 < young.middle < 1_400
    assert young.high_95 - young.low_95 > 3 * (old.high_95 - old.low_95)


def test_ranges_grow_narrower_with_history() -> None:
    widths = []
    for days in (3, 7, 14, 28, 56):
        end = end_of(wobbling(days), 14)
        widths.append((end.high_95 - end.low_95) / end.middle)
    assert widths == sorted(widths, reverse=True)


def test_constant_spending_goes_on() -> None:
    end = end_of([10.0] * 56, 9)
    assert end.middle == pytest.approx(100, rel=0.005)
    assert 95 < end.low_95 < 99.5 and 100.5 < end.high_95 < 105


def test_leading_nothing_is_not_history() -> None:
    assert end_of([0.0] * 46 + [10.0] * 10, 9) == end_of([10.0] * 10, 9)


def test_the_week_has_a_pattern() -> None:
    """Days of the weekend are forecast lower than working days."""
    days = [WEEK[i % 7] for i in range(5, 5 + 54)]  # a Saturday to a Wednesday
    weekday = (5 + 54) % 7
    steps = forecast(History(days, weekday), 0.0, 6)
    assert steps is not None
    daily = np.diff([0.0] + [step.middle for step in steps])
    by_weekday = {(weekday + n) % 7: value for n, value in enumerate(daily)}
    assert by_weekday[5] < 60 and by_weekday[6] < 60
    assert all(by_weekday[day] > 90 for day in range(5))
    assert steps[-1].middle == pytest.approx(sum(WEEK), rel=0.05)


def test_no_pattern_is_seen_in_noise_or_too_few_days() -> None:
    assert week_pattern(np.array(WEEK), 0).tolist() == [1.0] * 7
    chance = np.random.default_rng(5)
    noise = np.exp(0.4 * chance.standard_normal(56))
    assert np.abs(week_pattern(noise, 0) - 1).max() < 0.25


def test_a_pattern_has_mean_one() -> None:
    pattern = week_pattern(np.array(WEEK * 8), 0)
    assert pattern.mean() == pytest.approx(1.0)
    assert pattern[0] / pattern[6] == pytest.approx(4.0, rel=0.15)


def test_a_pattern_in_random_batches_is_none() -> None:
    chance = np.random.default_rng(1)
    days = np.where(chance.random(56) < 0.3, 100.0, 0.0)
    assert week_pattern(days, 0).max() < 3


def test_growth_is_followed_but_damped() -> None:
    growing = [100 * 1.02**day for day in range(56)]
    end = end_of(growing, 9)
    level, compounded = growing[-1] * 10, sum(100 * 1.02**day for day in range(56, 66))
    assert level < end.middle < compounded * 1.03


def test_one_spike_does_not_lift_the_forecast() -> None:
    calm = wobbling(56)
    spiked = list(calm)
    spiked[50] *= 12
    end, plain = end_of(spiked, 9), end_of(calm, 9)
    assert end.middle == pytest.approx(plain.middle, rel=0.1)
    assert end.high_95 > plain.high_95, "it may happen again"


def test_what_is_frequent_is_no_spike() -> None:
    every_third = np.array([300.0 if day % 3 == 0 else 10.0 for day in range(57)])
    assert (without_spikes(every_third) == every_third).all()
    rare = np.array(wobbling(40))
    rare[20] = 5_000
    assert without_spikes(rare)[20] < 300
    others = np.delete(without_spikes(rare), 20)
    assert others == pytest.approx(np.delete(rare, 20), rel=0.1)


def test_spending_that_stopped_is_not_forecast_to_go_on() -> None:
    stopped = end_of(wobbling(36) + [0.0] * 20, 9)
    assert stopped.middle < 60


def test_what_is_spent_is_the_floor() -> None:
    end = end_of(wobbling(30), 5, spent=10_000)
    assert end.low_95 >= 10_000 and end.middle > 10_000


def test_the_same_history_gives_the_same_forecast() -> None:
    assert end_of(wobbling(40), 9) == end_of(wobbling(40), 9)


def test_the_open_day_counts_by_its_hours() -> None:
    """At noon of a day on which everything happens before noon, the day is done."""
    morning = [1.0] * 12 + [0.0] * 12
    evening = morning[::-1]
    days = wobbling(56)
    early, late = (
        forecast(History(days, 0, today=100.0, elapsed=0.5, hours=hours), 100.0, 0)
        for hours in (morning, evening)
    )
    assert early is not None and late is not None
    assert early[-1].middle < 115
    assert late[-1].middle > 190


def test_a_day_ahead_of_its_hours_raises_the_forecast() -> None:
    days = wobbling(56)
    usual, busy = (
        forecast(History(days, 0, today=today, elapsed=0.5), today, 4) for today in (50.0, 150.0)
    )
    assert usual is not None and busy is not None
    assert busy[0].middle - 150 > usual[0].middle - 50
    assert busy[-1].middle > usual[-1].middle + 100


def test_at_midnight_nothing_of_the_day_is_left() -> None:
    steps = forecast(History(wobbling(56), 0, today=80.0, elapsed=1.0), 80.0, 0)
    assert steps == [Step(80.0, 80.0, 80.0, 80.0, 80.0)]


@pytest.mark.parametrize(
    ("elapsed", "share"), [(0.0, 0.0), (0.5, 0.5), (1.0, 1.0), (-3.0, 0.0), (7.0, 1.0)]
)
def test_even_hours(elapsed: float, share: float) -> None:
    assert share_of_day([1.0] * 24, elapsed) == pytest.approx(share)
    assert share_of_day([0.0] * 24, elapsed) == pytest.approx(share)


def test_hours_inside_are_shared_evenly() -> None:
    hours = [0.0] * 24
    hours[12] = 1.0
    assert share_of_day(hours, 12.5 / 24) == pytest.approx(0.5, abs=0.01)
    assert share_of_day(hours, 11 / 24) < 0.1
    assert share_of_day(hours, 13 / 24) > 0.9


AMOUNTS = st.floats(0, 1e7, allow_nan=False)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(AMOUNTS, max_size=60),
    st.integers(0, 6),
    AMOUNTS,
    st.floats(0, 1),
    st.lists(AMOUNTS, min_size=24, max_size=24),
    AMOUNTS,
    st.integers(0, 31),
)
def test_nothing_silly_whatever_was_spent(
    days: list[float],
    weekday: int,
    today: float,
    elapsed: float,
    hours: list[float],
    before: float,
    ahead: int,
) -> None:
    history = History(days, weekday, today, elapsed, hours)
    steps = forecast(history, before + today, ahead)
    if steps is None:
        assert sum(day > 0 for day in days) < 2 or len(days) < 2
        return
    last = before + today
    for step in steps:
        marks = (step.low_95, step.low_80, step.middle, step.high_80, step.high_95)
        assert all(math.isfinite(mark) for mark in marks)
        assert list(marks) == sorted(marks)
        assert step.low_95 >= before + today
        assert step.middle >= last - 1e-6 * last
        last = step.middle
