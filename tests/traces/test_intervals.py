"""Intervals: published values, limits that must hold for any sums, and how often they hold."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.stats import binom, t

from traces.intervals import Interval, difference, mean_interval, weighted_rate, wilson

Values = list[float]
Shape = tuple[Callable[[np.random.Generator, tuple[int, int]], NDArray[np.float64]], float]


def mean(values: Values, weights: Values | None = None) -> Interval:
    """Of values with these weights, from their sums."""
    w = np.array(weights if weights is not None else [1.0] * len(values))
    x = np.array(values)
    parts = (w, w * w, w * x, w * x * x, w * w * x, w * w * x * x)
    return mean_interval(len(values), *(float(part.sum()) for part in parts))


def near(found: Interval, ends: tuple[float, float], within: float = 1e-9) -> bool:
    """Whether these are the ends of the interval."""
    return bool((found.low, found.high) == pytest.approx(ends, abs=within))


@pytest.mark.parametrize(
    ("successes", "n", "low", "high"),
    [
        # Newcombe (1998, Statistics in Medicine 17:857), table I, method 3.
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ],
)
def test_wilson_as_published(successes: int, n: int, low: float, high: float) -> None:
    assert wilson(successes, n) == pytest.approx((low, high), abs=5e-5)


def test_wilson_of_nothing_knows_nothing() -> None:
    assert wilson(0, 0) == (0.0, 1.0)


@pytest.mark.parametrize(("successes", "n"), [(3, 2), (-1, 5)])
def test_wilson_refuses_counts_that_cannot_be(successes: float, n: float) -> None:
    with pytest.raises(ValueError, match="successes"):
        wilson(successes, n)


@given(st.floats(0, 1), st.floats(0.01, 1e6))
def test_wilson_holds_its_own_rate_within_0_and_1(rate: float, n: float) -> None:
    low, high = wilson(rate * n, n)
    assert 0 <= low <= rate * n / n <= high <= 1
    mirrored = wilson((1 - rate) * n, n)
    assert mirrored == pytest.approx((1 - high, 1 - low), abs=1e-9)


def test_wilson_narrows_with_n() -> None:
    widths = [high - low for low, high in (wilson(n * 0.2, n) for n in (5, 20, 100, 5000))]
    assert widths == sorted(widths, reverse=True)
    assert widths[-1] < 0.03


@pytest.mark.parametrize("n", [5, 10, 30, 100, 1000])
def test_wilson_holds_the_truth_in_95_of_100(n: int) -> None:
    """Exact: over all outcomes, the mean over 999 rates, and over those near 0."""
    rates = np.arange(1, 1000) / 1000
    ends = np.array([wilson(k, n) for k in range(n + 1)])
    holds = (ends[:, :1] <= rates) & (rates <= ends[:, 1:])
    held = (binom.pmf(np.arange(n + 1)[:, None], n, rates) * holds).sum(axis=0)
    assert 0.945 < held.mean() < 0.96
    assert 0.93 < held[rates < 0.05].mean() < 0.97
    assert held.min() > 0.83  # as Brown, Cai and DasGupta show of this interval


def test_a_rate_of_equal_weights_is_wilsons() -> None:
    found = weighted_rate(40.0, 40.0, 8.0)
    assert (found.value, found.n_eff) == (0.2, 40.0)
    assert (found.low, found.high) == wilson(8, 40)


def test_the_size_of_weights_does_not_matter() -> None:
    assert weighted_rate(400.0, 4000.0, 80.0) == weighted_rate(40.0, 40.0, 8.0)


def test_unequal_weights_say_less() -> None:
    # 10 of weight 1, 10 of weight 9: (100)^2 / (10 + 810) = 12.195 values' worth.
    found = weighted_rate(100.0, 820.0, 30.0)
    assert found.n_eff == pytest.approx(12.195, abs=1e-3)
    assert found.value == 0.3
    even = weighted_rate(20.0, 20.0, 6.0)
    assert found.low is not None and even.low is not None and found.low < even.low


@pytest.mark.parametrize("n", [0, 3])
def test_nothing_counted_is_refused(n: int) -> None:
    with pytest.raises(ValueError, match="nothing"):
        weighted_rate(0.0, 0.0, 0.0)
    with pytest.raises(ValueError, match="nothing"):
        mean_interval(n, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0)


def test_a_mean_on_a_wide_scale_is_students_and_a_little_wider_for_few() -> None:
    values = [12.0, 15.0, 11.0, 19.0, 14.0, 16.0]
    found = mean(values)
    error = np.std(values, ddof=1) / np.sqrt(6)
    reach = float(t.ppf(0.975, 5) * error) * (1 + 0.5 / 6)
    low, high = 14.5 - reach, 14.5 + reach
    assert found.value == pytest.approx(14.5)
    assert found.n_eff == 6
    assert near(found, (low, high))


@pytest.mark.parametrize("values", [[7.0], [7.0, 7.0, 7.0], [0.1 + 5, 5.1, 5.1]])
def test_equal_values_on_an_unknown_scale_have_no_interval(values: Values) -> None:
    found = mean(values)
    assert found.value == pytest.approx(values[0])
    assert (found.low, found.high) == (None, None)


@pytest.mark.parametrize(("trues", "n"), [(0, 12), (3, 12), (12, 12), (1, 1), (0, 1)])
def test_the_mean_of_true_and_false_is_wilsons(trues: int, n: int) -> None:
    found = mean([1.0] * trues + [0.0] * (n - trues))
    assert near(found, wilson(trues, n))


def test_equal_scores_within_0_and_1_are_not_certain() -> None:
    found = mean([1.0] * 20)
    assert near(found, wilson(20, 20))


def test_in_the_middle_it_nears_students() -> None:
    values = list(np.linspace(0.4, 0.6, 50))
    found = mean(values)
    low, high = t.interval(0.95, 49, 0.5, np.std(values, ddof=1) / np.sqrt(50))
    assert near(found, (low, high), 1e-3)


scores = st.lists(
    st.tuples(st.floats(0, 1), st.floats(1, 100)), min_size=1, max_size=30
)  # value, weight


@given(scores)
def test_scores_within_0_and_1_stay_there(given_: list[tuple[float, float]]) -> None:
    found = mean([x for x, _ in given_], [w for _, w in given_])
    assert found.low is not None and found.high is not None
    assert -1e-12 <= found.low <= found.value <= found.high <= 1 + 1e-12
    assert 0 < found.n_eff <= len(given_) * (1 + 1e-9)


@given(scores, st.floats(0.001, 1000))
def test_a_common_factor_of_weights_changes_nothing(
    given_: list[tuple[float, float]], factor: float
) -> None:
    values, weights = [x for x, _ in given_], [w for _, w in given_]
    one, other = mean(values, weights), mean(values, [w * factor for w in weights])
    assert other.value == pytest.approx(one.value, abs=1e-9)
    assert other.low == pytest.approx(one.low, abs=1e-4)
    assert other.high == pytest.approx(one.high, abs=1e-4)


@given(st.lists(st.floats(-1e6, 1e6), min_size=2, max_size=20))
def test_any_scale_has_its_mean_inside(values: Values) -> None:
    found = mean(values)
    if found.low is not None and found.high is not None:
        assert found.low <= found.value <= found.high


SHAPES: dict[str, Shape] = {
    "middle": (lambda rng, size: rng.beta(5, 5, size), 0.5),
    "high": (lambda rng, size: rng.beta(20, 2, size), 20 / 22),
    "low": (lambda rng, size: rng.beta(0.5, 4, size), 0.5 / 4.5),
    "rare": (lambda rng, size: (rng.random(size) < 0.1) * rng.beta(8, 2, size), 0.08),
}


@pytest.mark.parametrize(("n", "weigh"), list(product([5, 20, 100], [False, True])))
def test_means_hold_the_truth_in_95_of_100(n: int, weigh: bool) -> None:
    """Simulated; the mean over shapes of scores. benchmarks/intervals.py does more of it."""
    rng = np.random.default_rng(7)
    held = []
    for draw, truth in SHAPES.values():
        x = draw(rng, (600, n))
        w = np.where(rng.random(x.shape) < 0.5, 1.0, 4.0) if weigh else np.ones_like(x)
        found = [mean(list(a), list(b)) for a, b in zip(x, w, strict=True)]
        inside = [one.low <= truth <= one.high for one in found]  # type: ignore[operator]
        held.append(np.mean(inside))
    assert 0.92 < np.mean(held) < 0.985


def test_difference_as_published() -> None:
    """Newcombe (1998, Statistics in Medicine 17:873), table II, method 10: 56/70 and 48/80."""
    found = difference(weighted_rate(70, 70, 56), weighted_rate(80, 80, 48))
    assert found.value == pytest.approx(0.2)
    assert near(found, (0.0524, 0.3339), 5e-5)


def test_a_difference_turned_round_changes_its_sign() -> None:
    one, other = weighted_rate(40, 40, 10), weighted_rate(25, 50, 12)
    there, back = difference(one, other), difference(other, one)
    assert there.low is not None and there.high is not None
    assert (back.value, back.low, back.high) == pytest.approx(
        (-there.value, -there.high, -there.low)
    )


def test_a_difference_from_the_unknown_is_unknown() -> None:
    found = difference(mean([5.0]), mean([1.0, 2.0, 4.0]))
    assert found.value == pytest.approx(5 - 7 / 3)
    assert (found.low, found.high) == (None, None)
