"""Corrected rates: the formulas, invariances, coverage by simulation, and what cannot be."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evals.stats import ppi
from evals.stats.estimates import Estimate, Floats
from evals.stats.ppi import PSEUDO, Correction, Sample, corrected_mean
from traces.intervals import wilson

NAN = float("nan")


def drawn(
    rng: np.random.Generator, rate: float, right: tuple[float, float], size: int, labelled: int
) -> tuple[Floats, Floats]:
    """A binary judge of this sensitivity and specificity, and the humans' labels of the first."""
    human = (rng.random(size) < rate) * 1.0
    said = (rng.random(size) < np.where(human > 0, right[0], 1 - right[1])) * 1.0
    return said, np.where(np.arange(size) < labelled, human, NAN)


def corrected(judge: Floats, human: Floats) -> Correction:
    return corrected_mean(Sample(judge, human))


def exact(one: Estimate) -> float:
    assert one.value is not None
    return one.value


def width(one: Estimate) -> float:
    assert one.low is not None and one.high is not None
    return one.high - one.low


def holds(one: Estimate, truth: float) -> bool:
    assert one.low is not None and one.high is not None
    return one.low <= truth <= one.high


def test_the_estimate_is_that_of_the_paper() -> None:
    """With the mean of the unlabelled and lambda smaller by 1 + n/N, as arXiv:2311.01453 has it."""
    judge, human = drawn(np.random.default_rng(1), 0.3, (0.85, 0.8), 1000, 100)
    found = corrected(judge, human)
    y, f, unlabelled = human[:100], judge[:100], judge[100:]
    power = found.power / (1 + 100 / 900)
    assert found.corrected.value == pytest.approx(y.mean() + power * (unlabelled.mean() - f.mean()))
    slope = np.cov(y, f, ddof=0)[0, 1] / f.var()
    assert found.power == pytest.approx(slope, abs=2 * PSEUDO / 100), "but for the pseudo-label"


def test_the_variance_is_that_of_the_paper_when_labels_are_many() -> None:
    judge, human = drawn(np.random.default_rng(2), 0.4, (0.9, 0.85), 60_000, 6000)
    found = corrected(judge, human)
    y, f, unlabelled = human[:6000], judge[:6000], judge[6000:]
    power = found.power / (1 + 6000 / 54_000)
    variance = (y - power * f).var() / 6000 + power**2 * unlabelled.var() / 54_000
    assert width(found.corrected) == pytest.approx(2 * 1.96 * variance**0.5, rel=0.01)


def test_labels_alone_have_wilsons_interval() -> None:
    judge, human = drawn(np.random.default_rng(3), 0.3, (0.85, 0.8), 400, 60)
    found = corrected(judge, human).labels_only
    hits = float(np.nansum(human))
    assert found.value == hits / 60
    assert (found.low, found.high) == pytest.approx(wilson(hits, 60))


def test_a_judge_that_knows_nothing_is_left_out() -> None:
    rng = np.random.default_rng(4)
    judge, human = drawn(rng, 0.3, (0.5, 0.5), 1000, 100)
    for useless in (np.ones(1000), np.zeros(1000), 1 - drawn(rng, 0.3, (1, 1), 1000, 0)[0]):
        found = corrected(useless, human)
        if found.power == 0:
            assert found.corrected == found.labels_only
    opposed = np.where(np.isnan(human), judge, 1 - np.nan_to_num(human))
    assert corrected(opposed, human).power == 0
    assert corrected(opposed, human).corrected == corrected(opposed, human).labels_only


def test_a_judge_that_is_always_right_counts_almost_fully() -> None:
    judge, human = drawn(np.random.default_rng(5), 0.3, (1, 1), 2000, 200)
    found = corrected(judge, human)
    assert 0.97 < found.power < 1
    assert found.corrected.value == pytest.approx(judge.mean(), abs=0.002)
    assert width(found.corrected) < 0.6 * width(found.labels_only)
    assert width(found.corrected) > 2 * 1.96 * (0.21 / 2000) ** 0.5, "its mean has chance too"


def test_all_labelled_is_labels_alone_and_known_exactly_for_these() -> None:
    judge, human = drawn(np.random.default_rng(6), 0.3, (0.9, 0.9), 80, 80)
    found = corrected(judge, human)
    assert found.corrected == found.labels_only
    assert found.these.low == found.these.high == found.these.value == human.mean()


samples = st.lists(
    st.tuples(st.floats(0, 1), st.one_of(st.none(), st.floats(0, 1)), st.floats(0.1, 50)),
    min_size=1,
    max_size=40,
)


@given(samples, st.booleans())
@settings(deadline=None, max_examples=150)
def test_intervals_are_ordered_within_the_scale_and_never_wider(
    rows: list[tuple[float, float | None, float]], binary: bool
) -> None:
    judge = np.array([round(row[0]) if binary else row[0] for row in rows], float)
    human = np.array([NAN if row[1] is None else round(row[1]) if binary else row[1]
                      for row in rows])  # fmt: skip
    weights = np.array([row[2] for row in rows])
    if np.isnan(human).all():
        return
    for items, labels in product((None, weights), repeat=2):
        found = corrected_mean(Sample(judge, human, items, labels))
        for one in (found.corrected, found.labels_only, found.these):
            assert one.value is not None and 0 <= one.value <= 1
            if one.low is None or one.high is None:
                assert one.reason
            else:
                assert 0 <= one.low <= one.value <= one.high <= 1
        if found.corrected.low is not None:
            assert width(found.corrected) <= width(found.labels_only) + 1e-12


@given(st.integers(0, 1000), st.floats(0.01, 100))
@settings(deadline=None, max_examples=25)
def test_order_units_and_the_size_of_weights_do_not_matter(seed: int, factor: float) -> None:
    rng = np.random.default_rng(seed)
    human = rng.integers(1, 6, 120).astype(float)
    judge = np.clip(human + rng.integers(-1, 3, 120).astype(float), 1.0, 5.0)
    human[40:] = NAN
    weights = rng.choice([1.0, 3.0], 120)
    found = corrected_mean(Sample(judge, human, label_weights=weights, scale=(1, 5)))
    order = rng.permutation(120)
    same = [
        Sample(judge[order], human[order], label_weights=weights[order], scale=(1, 5)),
        Sample(judge, human, label_weights=weights * factor, scale=(1, 5)),
        Sample(judge, human, np.full(120, factor), weights, (1, 5)),
    ]
    for other in map(corrected_mean, same):
        assert ends(other.corrected) == pytest.approx(ends(found.corrected))
        assert ends(other.these) == pytest.approx(ends(found.these))
    moved = corrected_mean(
        Sample(judge * 10 - 3, human * 10 - 3, label_weights=weights, scale=(7, 47))
    )
    assert ends(moved.corrected) == pytest.approx(
        tuple(10 * end - 3 for end in ends(found.corrected))
    )


def ends(one: Estimate) -> tuple[float, ...]:
    assert one.value is not None and one.low is not None and one.high is not None
    return (one.value, one.low, one.high)


def test_yes_and_no_may_be_turned_around() -> None:
    judge, human = drawn(np.random.default_rng(7), 0.3, (0.85, 0.8), 500, 80)
    found, turned = corrected(judge, human), corrected(1 - judge, 1 - human)
    value, low, high = ends(turned.corrected)
    assert ends(found.corrected) == pytest.approx((1 - value, 1 - high, 1 - low))


@pytest.mark.parametrize(("labels", "rate"), [(50, 0.3), (100, 0.1), (200, 0.5)])
def test_intervals_hold_the_truth(labels: int, rate: float) -> None:
    """400 draws: where 95 % hold, fewer than 92 or more than 98 % are one chance in a hundred."""
    rng = np.random.default_rng(labels)
    rounds, hits, alone, narrower = 400, 0, 0, 0.0
    for _ in range(rounds):
        found = corrected(*drawn(rng, rate, (0.85, 0.9), 1500, labels))
        hits += holds(found.corrected, rate)
        alone += holds(found.labels_only, rate)
        narrower += width(found.corrected) / width(found.labels_only) / rounds
    assert 0.92 <= hits / rounds <= 0.98
    assert 0.91 <= alone / rounds <= 0.99
    assert narrower < 0.9


def test_the_interval_of_these_items_holds_their_mean() -> None:
    rng = np.random.default_rng(8)
    human, judge = drawn(rng, 0.4, (1, 1), 300, 0)[0], np.zeros(300)
    judge = np.where(rng.random(300) < 0.85, human, 1 - human)
    hits = sum(
        holds(
            corrected(judge, np.where(rng.permutation(300) < 150, human, NAN)).these, human.mean()
        )
        for _ in range(400)
    )
    assert 0.92 <= hits / 400 <= 0.98


def test_labels_chosen_by_what_the_judge_says_are_weighed_right() -> None:
    """Three times as many labels of what it flags: unweighted the rate would be far too high."""
    rng = np.random.default_rng(9)
    hits, means, plain = 0, [], []
    for _ in range(300):
        judge, _ = drawn(rng, 0.2, (0.8, 0.85), 1500, 0)
        truth = (rng.random(1500) < np.where(judge > 0, 0.5714, 0.0556)) * 1.0
        chance = np.where(judge > 0, 0.15, 0.05)
        human = np.where(rng.random(1500) < chance, truth, NAN)
        found = corrected_mean(Sample(judge, human, label_weights=1 / chance))
        rate = 0.28 * 0.5714 + 0.72 * 0.0556
        hits += holds(found.corrected, rate)
        means.append(exact(found.corrected))
        plain.append(np.nanmean(human))
    assert 0.91 <= hits / 300 <= 0.985
    assert np.mean(means) == pytest.approx(rate, abs=0.01)
    assert np.mean(plain) > rate + 0.1


def test_calls_that_were_judged_by_chance_are_weighed_right() -> None:
    """Half of the calls of one sort were judged and a tenth of the other."""
    rng = np.random.default_rng(10)
    means = []
    for _ in range(200):
        sort = rng.random(6000) < 0.3
        truth = (rng.random(6000) < np.where(sort, 0.5, 0.1)) * 1.0
        judge = np.where(rng.random(6000) < 0.85, truth, 1 - truth)
        chance = np.where(sort, 0.5, 0.1)
        taken = rng.random(6000) < chance
        labelled = rng.permutation(int(taken.sum())) < 100
        found = corrected_mean(
            Sample(judge[taken], np.where(labelled, truth[taken], NAN), 1 / chance[taken])
        )
        means.append(exact(found.corrected))
    assert np.mean(means) == pytest.approx(0.3 * 0.5 + 0.7 * 0.1, abs=0.01)


def test_so_many_more_labels_halve_the_interval() -> None:
    rng = np.random.default_rng(11)
    judge, human = drawn(rng, 0.3, (0.85, 0.85), 20_000, 20_000)
    before = corrected(judge, np.where(np.arange(20_000) < 200, human, NAN))
    assert before.more is not None and 500 < before.more < 1500
    known = np.arange(20_000) < 200 + before.more
    after = corrected(judge, np.where(known, human, NAN))
    assert width(after.corrected) / width(before.corrected) == pytest.approx(0.5, abs=0.05)


def test_no_number_of_labels_is_told_where_none_would_do() -> None:
    judge, human = drawn(np.random.default_rng(12), 0.3, (0.85, 0.85), 300, 200)
    assert corrected(judge, human).more is None


@pytest.mark.parametrize("value", [0.0, 1.0])
def test_labels_that_are_all_the_same_still_have_an_interval(value: float) -> None:
    judge = np.tile([0.0, 1.0], 50)
    human = np.where(np.arange(100) < 20, value, NAN)
    found = corrected(judge, human)
    assert found.corrected == found.labels_only
    assert width(found.corrected) == pytest.approx(wilson(0, 20)[1])
    assert found.more is None


def test_what_shows_no_spread_says_so() -> None:
    same = corrected(np.full(9, 4.0), np.array([4.0] * 3 + [NAN] * 6))
    assert (same.raw, same.corrected.value, same.corrected.low) == (4.0, 4.0, None)
    assert same.corrected.reason == "all values are the same"
    one = corrected(np.array([0.0, 1.0]), np.array([1.0, NAN])).corrected
    assert one.value == 1 and one.low is not None and one.low < 0.3


@pytest.mark.parametrize(
    ("sample", "words"),
    [
        (Sample(np.ones(2), np.full(2, NAN)), "nothing is labelled"),
        (Sample(np.ones(2), np.ones(3)), "length"),
        (Sample(np.array([NAN, 1]), np.ones(2)), "not finite"),
        (Sample(np.ones(2), np.array([1, np.inf])), "not finite"),
        (Sample(np.ones(2), np.ones(2), np.array([0.0, 1])), "not above 0"),
        (Sample(np.ones(2), np.ones(2), None, np.array([1, NAN])), "not above 0"),
        (Sample(np.array([1.0, 7]), np.ones(2), scale=(1, 5)), "outside 1 to 5"),
    ],
)
def test_what_cannot_be_is_refused(sample: Sample, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        corrected_mean(sample)


def test_a_judge_seen_to_be_right_on_few_labels_is_not_taken_as_always_right() -> None:
    """It errs in 2 %: of 50 labels, a third show no error at all."""
    rng = np.random.default_rng(13)
    hits, spotless = 0, 0
    for _ in range(400):
        judge, human = drawn(rng, 0.4, (0.98, 0.98), 2000, 50)
        found = corrected(judge, human)
        hits += holds(found.corrected, 0.4)
        spotless += bool((judge[:50] == human[:50]).all())
    assert spotless > 100
    assert hits / 400 >= 0.94


def test_rare_cases_are_held_about_as_often_as_by_labels_alone() -> None:
    rng = np.random.default_rng(14)
    hits, alone = 0, 0
    for _ in range(500):
        found = corrected(*drawn(rng, 0.05, (0.9, 0.95), 2000, 100))
        hits += holds(found.corrected, 0.05)
        alone += holds(found.labels_only, 0.05)
    assert hits >= alone - 25
    assert hits / 500 >= 0.9


def test_numbers_on_a_scale_are_held_although_most_are_at_its_end() -> None:
    rng = np.random.default_rng(15)
    hits = 0
    for _ in range(400):
        human = rng.choice([1.0, 2, 3, 4, 5], size=1000, p=[0.05, 0.05, 0.1, 0.15, 0.65])
        judge = np.clip(human + rng.integers(-1, 2, 1000).astype(float), 1.0, 5.0)
        found = corrected(judge, np.where(np.arange(1000) < 60, human, NAN))
        hits += holds(found.corrected, 4.3)
        assert width(found.corrected) <= width(found.labels_only) + 1e-9
    assert 0.92 <= hits / 400 <= 0.98


def test_judgments_without_bounds_are_held_too() -> None:
    rng = np.random.default_rng(16)
    hits = 0
    for _ in range(400):
        human = rng.normal(50, 10, 1000)
        judge = 0.5 * human + rng.normal(0, 4, 1000) + 30
        found = corrected(judge, np.where(np.arange(1000) < 50, human, NAN))
        hits += holds(found.corrected, 50)
    assert 0.92 <= hits / 400 <= 0.98


@given(st.integers(0, 2**31 - 1))
@settings(deadline=None, max_examples=30)
def test_sums_say_the_same_as_the_items(seed: int) -> None:
    rng = np.random.default_rng(seed)
    size, labels = 400, int(rng.integers(3, 120))
    judge = (rng.random(size) < 0.3).astype(float)
    human = np.where(rng.random(size) < 0.8, judge, 1 - judge)
    weights = rng.choice([1.0, 5.0], size)
    chances = rng.choice([1.0, 4.0], size)
    human[labels:] = np.nan
    whole = ppi.corrected_mean(ppi.Sample(judge, human, weights, chances))
    share = weights / weights.sum()
    mean = float(share @ judge)
    sums = ppi.corrected_total(
        ppi.Judged(size, mean, float(share**2 @ (judge - mean) ** 2)),
        ppi.Labelled(judge[:labels], human[:labels], weights[:labels], chances[:labels]),
        (0.0, 1.0),
    )
    assert sums.raw == pytest.approx(whole.raw)
    assert sums.power == pytest.approx(whole.power) and sums.more == whole.more
    for name in ("corrected", "these", "labels_only"):
        one, other = getattr(sums, name), getattr(whole, name)
        for end in ("value", "low", "high"):
            assert getattr(one, end) == pytest.approx(getattr(other, end))


def test_sums_that_cannot_be() -> None:
    ones = np.ones(5)
    labels = ppi.Labelled(ones, ones)
    for judged in (
        ppi.Judged(4, 1.0, 0.0),
        ppi.Judged(9, 1.0, -0.1),
        ppi.Judged(9, 1.0, float("nan")),
        ppi.Judged(9, 1.5, 0.1),
    ):
        with pytest.raises(ValueError):
            ppi.corrected_total(judged, labels, (0.0, 1.0))
    with pytest.raises(ValueError, match="missing"):
        ppi.corrected_total(
            ppi.Judged(9, 1.0, 0.1), ppi.Labelled(ones, np.array([1, 1, 1, 1, np.nan])), (0.0, 1.0)
        )
    with pytest.raises(ValueError, match="outside"):
        ppi.corrected_total(ppi.Judged(9, 1.0, 0.1), ppi.Labelled(ones, 3 * ones), (0.0, 1.0))
