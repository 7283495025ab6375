"""Verdicts by slice: known answers, the correction by labels, and shares of slices."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evals.replays import serving
from evals.replays.serving import Judge
from evals.stats.noninferiority import ALPHA, paired_rates

SURE = Judge((1.0, 0.98, 1.0), (1.0, 0.98, 1.0), 400)
FAIR = Judge((0.9, 0.86, 0.93), (0.8, 0.75, 0.84), 300)
BLIND = Judge((0.6, 0.4, 0.8), (0.5, 0.3, 0.7), 20)


def pairs(both: int, lost: int, won: int, neither: int) -> list[tuple[bool, bool]]:
    return (
        [(True, True)] * both
        + [(True, False)] * lost
        + [(False, True)] * won
        + [(False, False)] * neither
    )


def test_without_labels_it_is_the_test_of_pairs() -> None:
    found, verdict = serving.compared(pairs(180, 5, 6, 9), 0.05, None)
    wanted = paired_rates(180, 6, 5, 9, margin=0.05)
    assert verdict == wanted and not found.corrected and "labelled" in found.reason
    assert (found.pairs, found.before, found.after) == (200, 0.925, 0.93)
    assert found.low == wanted.difference.low and found.p == wanted.p


def test_few_pairs_say_nothing() -> None:
    found, verdict = serving.compared(pairs(19, 0, 0, 0), 0.05, SURE)
    assert verdict is None and found.low is None and "too few" in found.reason


def test_a_judge_that_errs_proves_less() -> None:
    given_pairs = pairs(150, 12, 8, 30)
    plain, _ = serving.compared(given_pairs, 0.05, None)
    sure, _ = serving.compared(given_pairs, 0.05, SURE)
    fair, _ = serving.compared(given_pairs, 0.05, FAIR)
    assert plain.low is not None and sure.low is not None and fair.low is not None
    assert fair.low < sure.low < plain.low < 0
    assert fair.corrected and fair.labels == 300
    assert fair.difference == pytest.approx(-0.02 / 0.7)
    assert fair.p is not None and plain.p is not None and fair.p > plain.p
    blind, verdict = serving.compared(given_pairs, 0.05, BLIND)
    assert not blind.corrected and "chance" in blind.reason and verdict is not None


def test_p_and_the_interval_agree() -> None:
    for lost in range(0, 40, 3):
        for judge in (None, SURE, FAIR):
            found, verdict = serving.compared(pairs(160, lost, 10, 30), 0.06, judge)
            assert found.low is not None and found.p is not None and verdict is not None
            assert (found.low > -0.06) == (found.p < ALPHA), (lost, judge)


def test_a_slice_is_served_where_all_say_so() -> None:
    good = paired_rates(290, 3, 2, 5, margin=0.05)
    poor = paired_rates(200, 3, 60, 37, margin=0.05)
    close = paired_rates(150, 10, 11, 9, margin=0.06)
    assert good.p is not None and close.p is not None and good.p < close.p
    found = serving.served({("a", 1): good, ("a", 2): good, ("b", 1): good, ("b", 2): poor})
    assert found == {"a": True, "b": False}
    assert serving.served({("a", 1): None}) == {"a": False}
    assert serving.served({("a", 1): good, ("a", 2): None}) == {"a": False}


def test_many_slices_without_a_difference_to_show_are_seldom_served() -> None:
    """Models that are worse by exactly the margin, in eight slices: any is served in < 5 %."""
    rng = random.Random(5)
    wrong = 0
    for _ in range(300):
        verdicts = {}
        for name in range(8):
            drawn = [(rng.random() < 0.9, rng.random() < 0.8) for _ in range(120)]
            verdicts[str(name), 1] = serving.compared(drawn, 0.1, None)[1]
        wrong += any(serving.served(verdicts).values())
    assert wrong / 300 < 0.05


@settings(max_examples=80, deadline=None, derandomize=True)
@given(
    sizes=st.dictionaries(st.text("abcdef", min_size=1, max_size=2), st.integers(0, 90)),
    most=st.integers(0, 200),
)
def test_shares_are_as_equal_as_can_be(sizes: dict[str, int], most: int) -> None:
    found = serving.shares(sizes, most)
    assert sum(found.values()) == min(most, sum(sizes.values()))
    assert all(0 <= found[name] <= size for name, size in sizes.items())
    short = [found[name] for name, size in sizes.items() if found[name] < size]
    assert all(found[name] <= min(short) + 1 for name in sizes) if short else True
