"""Ticks are round and written as short as they can be; times are where steps begin."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboards.charts.scales import DAY, HOUR, MINUTE, moment, nice, tick, ticks, time_ticks

NOON = 1_795_132_800 * 10**9  # 2026-11-20T00:00Z


@pytest.mark.parametrize(
    ("values", "unit", "texts"),
    [
        ([3.65], "usd", ["$0", "$1", "$2", "$3", "$4"]),
        ([0.031], "usd", ["$0", "1¢", "2¢", "3¢", "4¢"]),
        ([1_400, 900], "usd", ["$0", "$500", "$1.0k", "$1.5k"]),
        ([7_900, 1_900], "ms", ["0", "2 s", "4 s", "6 s", "8 s"]),
        ([190], "ms", ["0", "50 ms", "100 ms", "150 ms", "200 ms"]),
        ([3], "count", ["0", "1", "2", "3"]),
        ([1_893], "count", ["0", "500", "1.0k", "1.5k", "2.0k"]),
        ([2_400_000], "tokens", ["0", "1M", "2M", "3M"]),
        ([0.93, 0.80], "ratio", ["80%", "85%", "90%", "95%"]),
        ([-0.5, 1.2], "usd", ["−$0.5", "$0", "$0.5", "$1.0", "$1.5"]),
        ([], "count", ["0", "1"]),
        ([0, 0], "usd", ["$0", "$0.25", "$0.50", "$0.75", "$1.00"]),
    ],
)
def test_ticks_are_round(values: list[float], unit: str, texts: list[str]) -> None:
    found = ticks(values, unit, from_zero=unit not in ("ratio", "score"))
    assert found.texts == texts
    assert len(found.values) <= 8


@given(
    st.lists(st.just(0.0) | st.floats(1e-3, 1e9), min_size=1, max_size=20),
    st.sampled_from(["count", "usd", "ms", "tokens", "tokens/s", "score", "ratio"]),
)
def test_every_value_lies_between_the_first_and_the_last_tick(
    values: list[float], unit: str
) -> None:
    if unit == "ratio":
        values = [min(value, 1) for value in values]
    found = ticks(values, unit, from_zero=False)
    low, high = found.range
    slack = 1e-6 * (high - low)
    assert low - slack <= min(values) and max(values) <= high + slack
    assert len(found.values) == len(found.texts) <= 8
    assert len(set(found.texts)) == len(found.texts), "two ticks read the same"


def test_shares_do_not_go_beyond_all_of_it() -> None:
    assert ticks([0.99, 0.62], "ratio", from_zero=False).texts[-1] == "100%"
    assert ticks([1.0, 1.0], "ratio", from_zero=False).values[-1] == pytest.approx(1)


@pytest.mark.parametrize(("rough", "round_one"), [(0.9, 1), (1.1, 2), (2.2, 2.5), (3, 5), (7, 10)])
def test_steps_are_one_two_two_and_a_half_five(rough: float, round_one: float) -> None:
    assert nice(rough) == round_one
    assert nice(rough * 1e-6) == pytest.approx(round_one * 1e-6)


def test_a_negative_tick_has_a_true_minus_sign() -> None:
    assert tick(-20, "usd", 20) == "−$20"


def test_days_are_counted_from_the_first_and_hours_from_midnight() -> None:
    days = [NOON + i * DAY for i in range(14)]
    where, texts = time_ticks(days, DAY)
    assert where[0] == "2026-11-20T00:00:00" and texts[:2] == ["20 Nov", "23 Nov"]
    hours = [NOON + 5 * HOUR + i * HOUR for i in range(24)]
    where, texts = time_ticks(hours, HOUR)
    assert texts == ["06:00", "12:00", "18:00", "21 Nov"]


def test_no_time_has_no_tick() -> None:
    assert time_ticks([], DAY) == ([], [])


def test_moments_are_as_exact_as_their_step() -> None:
    assert moment(NOON, DAY).startswith("20 Nov")
    assert moment(NOON + 14 * HOUR, HOUR).endswith("14:00")
    assert moment(NOON + 5 * MINUTE, 5 * MINUTE).endswith("00:05")
