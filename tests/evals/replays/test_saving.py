"""What a slice saves, against populations whose truth is known."""

from __future__ import annotations

import random

import pytest

from evals.replays import saving
from evals.replays.saving import Slice
from evals.stats.estimates import Estimate


def drawn(
    population: list[tuple[int, int, bool]], read: int, most: int
) -> tuple[Slice, list[int], int]:
    """Of calls (cost before, now, whether it can be asked): what a sample of them says, and the
    truth."""
    seen = population[:read]
    able = [one for one in seen if one[2]]
    of = Slice(
        len(population), sum(one[0] for one in population), len(seen), len(able),
        sum(one[0] for one in able), sum(one[0] for one in seen if not one[2]),
    )  # fmt: skip
    truth = sum(before - now for before, now, can in population if can)
    return of, [before - now for before, now, _ in able[:most]], truth


def population(rng: random.Random, calls: int, able: float) -> list[tuple[int, int, bool]]:
    """Calls that can be asked are dear, the others cheap."""
    found = []
    for _ in range(calls):
        can = rng.random() < able
        before = round((120 if can else 15) * rng.lognormvariate(0, 0.5))
        found.append((before, round(before * rng.uniform(0.05, 0.4)), can))
    return found


def test_only_calls_that_can_be_asked_are_saved_on() -> None:
    of = Slice(calls=2_311, cost=2_080, read=120, able=17, able_cost=20, unable_cost=90)
    found = saving.saved(of, [1] * 17, 17)
    assert of.share == 17 / 120 and of.askable == 327
    assert found.value == pytest.approx(2_311 * 17 / 120), "not 2,311 times"


def test_a_slice_never_saves_more_than_it_costs() -> None:
    of = Slice(calls=1_000, cost=300, read=10, able=9, able_cost=90, unable_cost=40)
    found = saving.saved(of, [12, 10, 9], 3)
    assert (of.most, of.askable_cost) == (260, 260)
    assert (found.value, found.high) == (260, 260) and (found.low or 0) < 260


def test_what_is_not_known_is_not_told() -> None:
    of = Slice(100, 1_000, 100, 50, 500, 500)
    assert saving.saved(of, [], 3).value is None
    one = saving.saved(of, [4], 1)
    assert (one.value, one.low, one.high) == (200, None, None)
    half = saving.saved(of, [4, 4], 4)
    assert half.value == 100, "calls whose cost nobody knows save nothing that is known"
    assert saving.saved(Slice(5, 0, 0, 0, 0, 0), [], 0).value is None


def test_what_is_known_of_all_has_no_error() -> None:
    of, gaps, truth = drawn(population(random.Random(1), 60, 0.5), 60, 60)
    found = saving.saved(of, gaps, len(gaps))
    assert found.value == pytest.approx(truth)
    assert found.low == pytest.approx(truth) and found.high == pytest.approx(truth)


@pytest.mark.parametrize(("able", "read"), [(0.25, 240), (0.6, 60), (1.0, 60), (0.1, 600)])
def test_its_interval_holds_the_truth(able: float, read: int) -> None:
    rng = random.Random(7)
    held, bias, rounds = 0, 0.0, 600
    for _ in range(rounds):
        of, gaps, truth = drawn(population(rng, 2_000, able), read, 40)
        found = saving.saved(of, gaps, len(gaps))
        assert found.value is not None and found.low is not None and found.high is not None
        held += found.low <= truth <= found.high
        bias += found.value / truth - 1
    assert held / rounds > 0.925 and abs(bias / rounds) < 0.02


def test_slices_together() -> None:
    whole = saving.together([Estimate(10, 7, 12, 20), Estimate(5, 1, 10, 30)])
    assert (whole.value, whole.low) == (15, 10)
    assert whole.high == pytest.approx(15 + 29**0.5)
    assert saving.together([]).value == 0
    assert saving.together([Estimate(10, None, None, 1), Estimate(5, 1, 9, 3)]).low is None
