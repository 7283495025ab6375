"""p-values of one test and of all together."""

import numpy as np
import pytest
from scipy.stats import kstest

from evals.drift.stats import combining


def test_a_rank_counts_ties_against_the_windows() -> None:
    statistic = np.array([3.0, 1.0, 3.0, 2.0])
    assert combining.by_rank(statistic, 4).tolist() == [0.5, 1.0, 0.5, 0.75]


def test_a_dealing_beyond_the_null_has_the_least_p_value() -> None:
    statistic = np.r_[np.arange(10.0), 99.0]
    assert combining.by_rank(statistic, 10)[-1] == pytest.approx(0.1)


def test_what_rounding_leaves_of_ties_is_a_tie() -> None:
    statistic = np.array([1.0, 1.0 + 1e-9, 5.0, 5.0 - 1e-9, 9.0])
    found = combining.rounded(statistic, 5)
    assert found[0] == found[1]
    assert found[2] == found[3]


def test_constants_are_zeros() -> None:
    assert not combining.rounded(np.full(8, 3.7), 8).any()
    assert not combining.rounded(np.zeros(8), 8).any()


def test_tails_are_those_of_chi_squared_where_the_statistic_is() -> None:
    draws = np.random.default_rng(0).chisquare(1, 20_000)
    statistic = combining.rounded(np.r_[draws, 15.0], 20_000)
    # P(chi² with 1 degree of freedom ≥ 15) is 1.1e-4.
    assert 0.4e-4 < combining.by_tail(statistic, 20_000)[-1] < 3e-4


def test_tails_stay_near_ranks() -> None:
    draws = np.random.default_rng(0).normal(size=1000)
    statistic = combining.rounded(np.r_[draws, 400.0], 1000)
    assert combining.by_tail(statistic, 1000)[-1] == pytest.approx(1 / 1000 / combining.BEYOND)


def test_the_combination_is_uniform_where_nothing_changed() -> None:
    """Each dealing stands in for the windows once: by symmetry its p-values are the ranks."""
    rng = np.random.default_rng(0)
    common = rng.normal(size=1000)
    statistics = [combining.rounded((common + rng.normal(size=1000)) ** 2, 1000) for _ in range(8)]
    found = combining.combined(statistics, [1.0] * 8, 1000)
    assert kstest(found, "uniform").statistic < 0.01
    for alpha in (0.01, 0.05, 0.2):
        assert (found <= alpha).mean() <= alpha


def test_one_strong_test_among_many_is_heard() -> None:
    rng = np.random.default_rng(0)
    statistics = [combining.rounded(rng.normal(size=1001), 1000) for _ in range(30)]
    statistics[7][0] = 9.0
    assert combining.combined(statistics, [1.0] * 30, 1000)[0] <= 0.01


def test_several_weak_tests_together_are_heard() -> None:
    rng = np.random.default_rng(0)
    statistics = [combining.rounded(rng.normal(size=1000), 1000) for _ in range(5)]
    for statistic in statistics:
        statistic[0] = 2.1
    each = [combining.by_rank(statistic, 1000)[0] for statistic in statistics]
    assert combining.combined(statistics, [1.0] * 5, 1000)[0] < min(each)


def test_nothing_asked_is_nothing_found() -> None:
    assert combining.combined([], [], 10).tolist() == [1.0] * 10
