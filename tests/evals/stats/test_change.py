"""Whether a judge has changed: the exact tests by hand and as published, and how often they err."""

from __future__ import annotations

from math import comb

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binomtest

from evals.stats.change import LEVEL, Change, Seen, of_runs, one_sided, two_sided


def test_of_ten_that_turned_nine_turned_one_way() -> None:
    by_hand = 2 * (comb(10, 0) + comb(10, 1)) / 2**10
    assert two_sided(9, 1).p == two_sided(1, 9).p == pytest.approx(by_hand)  # 0.0215
    assert one_sided(9, 1).p == pytest.approx((comb(10, 9) + 1) / 2**10)
    assert one_sided(1, 9).p == pytest.approx(1 - 1 / 2**10)


def test_the_approval_of_the_prime_minister() -> None:
    """A. Agresti, 2002, Categorical Data Analysis, table 10.1: 150 against 86, z squared 17.36."""
    found = two_sided(150, 86)
    z = (150 - 86) / (150 + 86) ** 0.5
    assert z**2 == pytest.approx(17.36, abs=0.005)
    assert found.p == pytest.approx(3.1e-5, rel=0.25), "as the normal distribution has it, nearly"
    assert found.p == pytest.approx(binomtest(86, 236).pvalue)


@given(st.integers(0, 60), st.integers(0, 60))
@settings(deadline=None)
def test_they_are_the_binomial_tests(more: int, fewer: int) -> None:
    if more + fewer:
        both = binomtest(more, more + fewer).pvalue
        assert two_sided(more, fewer).p == pytest.approx(both)
        greater = binomtest(more, more + fewer, alternative="greater").pvalue
        assert one_sided(more, fewer).p == pytest.approx(greater)


def test_nothing_turned_is_no_change() -> None:
    found = of_runs([Seen(True, True, True, True), Seen(False, True, True, True)] * 10)
    assert (found.n, found.p, found.changed) == (20, 1.0, False)
    assert {name: (one.more, one.fewer) for name, one in found.tests.items()} == {
        "shift": (0, 0), "accuracy": (0, 0), "unrest": (0, 0),
    }  # fmt: skip
    assert of_runs([]) == Change(0, None, reason="no item has a verdict of both runs")
    assert of_runs([]).changed is False


def test_a_judge_that_says_yes_more_often() -> None:
    found = of_runs([Seen(True, False, True)] * 12 + [Seen(True, True, True)] * 28)
    assert found.tests["shift"].more == found.tests["accuracy"].more == 12
    assert "unrest" not in found.tests, "there is no run between"
    assert found.p == pytest.approx(2 * 2 / 2**12)
    assert found.changed


def test_a_judge_that_errs_on_both_sides_says_yes_as_often() -> None:
    seen = [Seen(True, True, False)] * 8 + [Seen(False, False, True)] * 8
    found = of_runs(seen + [Seen(True, True, True)] * 20)
    assert (found.tests["shift"].more, found.tests["shift"].fewer) == (8, 8)
    assert (found.tests["accuracy"].more, found.tests["accuracy"].fewer) == (0, 16)
    assert found.changed


def test_a_judge_that_has_become_restless_says_yes_and_is_right_as_often() -> None:
    turned = [Seen(True, True, False, True), Seen(False, True, False, True)]
    back = [Seen(True, False, True, False), Seen(False, False, True, False)]
    found = of_runs((turned + back) * 4 + [Seen(True, True, True, True)] * 30)
    assert found.tests["shift"].p == found.tests["accuracy"].p == 1.0
    assert (found.tests["unrest"].more, found.tests["unrest"].fewer) == (16, 0)
    assert found.changed
    used_to_it = of_runs([Seen(True, True, False, False), Seen(True, False, True, True)] * 8)
    assert used_to_it.tests["unrest"].p == 1.0, "turned the night before as well"


def test_better_is_a_change_as_well() -> None:
    found = of_runs([Seen(True, False, True)] * 5 + [Seen(False, True, False)] * 6)
    assert (found.tests["accuracy"].more, found.tests["accuracy"].fewer) == (11, 0)
    assert found.changed


@pytest.mark.parametrize("noise", [0.02, 0.15, 0.4])
def test_a_judge_that_only_wavers_is_seldom_called_changed(noise: float) -> None:
    rng = np.random.default_rng(5)
    people = rng.random(100) < 0.5
    tends = np.where(rng.random(100) < 0.85, people, ~people)
    alarms, rounds = 0, 600
    for _ in range(rounds):
        runs = np.where(rng.random((3, 100)) < noise, ~tends, tends)
        rows = zip(people, *runs, strict=True)
        alarms += of_runs([Seen(bool(p), bool(a), bool(c), bool(b)) for p, a, b, c in rows]).changed
    assert alarms / rounds <= LEVEL + 3 * (LEVEL / rounds) ** 0.5


def test_a_judge_of_which_a_fifth_turned_is_found_out() -> None:
    rng = np.random.default_rng(6)
    found = 0
    for _ in range(200):
        people = rng.random(100) < 0.5
        first = np.where(rng.random(100) < 0.9, people, ~people)
        now = first & (rng.random(100) > 0.4)  # it has become severe
        rows = zip(people, first, now, strict=True)
        found += of_runs([Seen(bool(p), bool(a), bool(c)) for p, a, c in rows]).changed
    assert found >= 195
