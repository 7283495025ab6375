"""Statistics against values that are known or worked out plainly."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_matrix
from scipy.stats import chi2_contingency
from sklearn.metrics import roc_auc_score  # type: ignore[import-untyped]

from evals.drift.stats import (
    classifier,
    combining,
    dealing,
    explaining,
    representations,
    statistics,
)
from evals.drift.stats.measures import Measure
from evals.drift.stats.representations import neighbourhoods


def dealt_of(items: int, current: int, columns: int = 6) -> np.ndarray:
    return dealing.permuted(items - current, current, columns - 1, np.random.default_rng(2))


def test_mmd_is_the_unbiased_estimate_by_its_definition() -> None:
    rows = np.random.default_rng(1).normal(size=(11, 3)).astype(np.float32)
    kernel = representations.gaussian(representations.squared_distances(rows), 0.5)
    assert kernel is not None
    dealt = dealt_of(11, 4)
    found = statistics.mmd(kernel, dealt)
    for column in range(dealt.shape[1]):
        now, before = np.flatnonzero(dealt[:, column]), np.flatnonzero(dealt[:, column] == 0)
        within = sum(kernel[i, j] for i in now for j in now if i != j) / (4 * 3)
        others = sum(kernel[i, j] for i in before for j in before if i != j) / (7 * 6)
        across = sum(kernel[i, j] for i in now for j in before) / 28
        assert found[column] == pytest.approx(within + others - 2 * across, abs=1e-6)


def test_mmd_of_far_windows_is_near_two_and_of_the_same_points_near_none() -> None:
    rows = np.r_[np.zeros((20, 2)), np.full((20, 2), 100.0)].astype(np.float32)
    rows += np.random.default_rng(0).normal(scale=0.001, size=rows.shape).astype(np.float32)
    distances = representations.squared_distances(rows)
    kernel = np.exp(-distances).astype(np.float32)
    np.fill_diagonal(kernel, 0)
    far = np.r_[np.zeros(20), np.ones(20)].astype(np.float32)[:, None]
    mixed = np.tile([0, 1], 20).astype(np.float32)[:, None]
    assert statistics.mmd(kernel, far)[0] == pytest.approx(2, abs=0.01)
    assert statistics.mmd(kernel, mixed)[0] < 0.1


def test_anderson_darling_of_two_values_is_pearsons_chi_squared() -> None:
    values = np.tile([0.0, 0.0, 1.0], 10)
    dealt = dealt_of(30, 12)
    table = csr_matrix(np.column_stack([values == 0, values == 1]).astype(np.float32))
    found = statistics.anderson_darling(values, dealt)
    chi = statistics.chi_squared(table, dealt)
    # With two steps the weight is the share of the lower one: 2 of 3.
    assert found == pytest.approx(chi * (2 / 3), rel=1e-6)


def test_chi_squared_is_scipys() -> None:
    labels = np.random.default_rng(3).integers(0, 4, 40)
    table = csr_matrix(np.eye(4, dtype=np.float32)[labels])
    dealt = dealt_of(40, 15)
    for column, found in enumerate(statistics.chi_squared(table, dealt)):
        counts = [
            [int(((labels == level) & (dealt[:, column] == side)).sum()) for level in range(4)]
            for side in (0, 1)
        ]
        expected = chi2_contingency(counts, correction=False).statistic
        assert found == pytest.approx(expected, rel=1e-5)


def test_absent_numbers_are_in_neither_window() -> None:
    values = np.array([1.0, 2.0, 3.0, 4.0, 5.0, 6.0])
    dealt = np.array([[0, 0, 0, 1, 1, 1]], dtype=np.float32).T
    more = np.r_[values, np.nan, np.nan]
    dealt_more = np.r_[dealt, [[0], [1]]].astype(np.float32)
    assert statistics.anderson_darling(more, dealt_more) == pytest.approx(
        statistics.anderson_darling(values, dealt)
    )


def test_numbers_that_are_all_absent_or_equal_say_nothing() -> None:
    dealt = dealt_of(6, 3)
    assert not statistics.anderson_darling(np.full(6, np.nan), dealt).any()
    assert not statistics.anderson_darling(np.full(6, 7.0), dealt).any()
    assert not statistics.squared_gap(np.full(6, 7.0), dealt).any()


@settings(max_examples=60, deadline=None)
@given(st.lists(st.floats(-1e6, 1e6), min_size=4, max_size=40), st.integers(1, 5))
def test_anderson_darling_reads_only_the_order(values: list[float], seed: int) -> None:
    given_values = np.array(values)
    ranks = np.unique(given_values, return_inverse=True)[1].astype(np.float64)
    dealt = dealing.permuted(
        len(values) - len(values) // 2, len(values) // 2, 5, np.random.default_rng(seed)
    )
    found = statistics.anderson_darling(given_values, dealt)
    assert (found >= 0).all()
    assert found == pytest.approx(statistics.anderson_darling(ranks**3, dealt), rel=1e-6, abs=1e-9)


def test_squared_gap_is_the_squared_z_of_the_means() -> None:
    values = np.array([0.0, 1.0, 2.0, 10.0])
    dealt = np.array([[0, 0, 1, 1]], dtype=np.float32).T
    z = (6 - 0.5) / np.sqrt(values.var() * (1 / 2 + 1 / 2))
    assert statistics.squared_gap(values, dealt)[0] == pytest.approx(z**2)


def test_the_area_is_scikit_learns_ties_included() -> None:
    scores = np.array([0.1, 0.4, 0.4, 0.8, 0.4, 0.2])
    flags = np.array([False, True, False, True, True, False])
    assert classifier.area(scores, flags) == pytest.approx(roc_auc_score(flags, scores))


def test_no_item_scores_itself_or_its_fold() -> None:
    columns = np.random.default_rng(0).normal(size=(23, 3)).astype(np.float32)
    smoothing = classifier.smoother(columns, np.random.default_rng(0))
    assert not np.diag(smoothing).any()
    # An item's own window changes nothing about its score.
    one = np.zeros((23, 1), dtype=np.float32)
    one[4] = 1
    assert (smoothing @ one)[4] == 0


def test_the_classifier_tells_separate_windows_apart() -> None:
    rng = np.random.default_rng(0)
    columns = rng.normal(size=(60, 4)).astype(np.float32)
    columns[30:, 0] += 6
    smoothing = classifier.smoother(columns, rng)
    flags = np.arange(60) >= 30
    scores = (smoothing @ flags.astype(np.float32)).astype(np.float64)
    assert classifier.area(scores, flags) > 0.99


def test_dealings_keep_the_windows_sizes() -> None:
    dealt = dealing.permuted(7, 3, 40, np.random.default_rng(0))
    assert (dealt.sum(axis=0) == 3).all()
    assert dealt[:, 0].tolist() == [0] * 7 + [1] * 3
    assert len({tuple(column) for column in dealt.T}) > 20


@pytest.mark.parametrize(("reference", "current"), [(2, 2), (5, 5), (40, 10), (10, 40), (60, 60)])
def test_shifts_keep_sizes_and_bring_one_topic(reference: int, current: int) -> None:
    rng = np.random.default_rng(0)
    rows = rng.normal(size=(reference + current, 2)).astype(np.float32)
    distances = representations.squared_distances(rows)
    shares = np.repeat([0.05, 0.5, 1.0], 20)
    dealt = dealing.shifted(distances, current, shares, rng)
    assert (dealt.sum(axis=0) == current).all()
    spread = [
        np.mean([rows[dealt[:, column] > 0].var(axis=0).sum() for column in block])
        for block in (range(20), range(40, 60))
    ]
    if current >= 10:
        assert spread[1] < spread[0]


def test_a_shift_of_a_share_differs_as_a_replaced_share_would() -> None:
    """The topic's share in the two windows is s (1 − q) apart; q is an eighth here."""
    topics = np.repeat(np.arange(8), 113)
    distances = representations.squared_distances(np.eye(8, dtype=np.float32)[topics])
    dealt = dealing.shifted(distances, 304, np.full(200, 0.2), np.random.default_rng(0))
    counts = np.stack([dealt[topics == topic].sum(axis=0) for topic in range(8)])
    gaps = counts / 304 - (113 - counts) / 600
    assert gaps.max(axis=0).mean() == pytest.approx(0.2 * 7 / 8, abs=0.002)
    assert len(set(gaps.argmax(axis=0))) == 8


def test_farthest_apart_is_what_its_definition_says() -> None:
    rng = np.random.default_rng(3)
    rows = rng.normal(size=(128, 6)).astype(np.float32)
    around = neighbourhoods([rows])
    assert around is not None and (around.sum(axis=1) == 16).all(), "an eighth of them"
    assert around.diagonal().all(), "an item is nearest to itself"
    dealt = dealing.permuted(80, 48, 60, rng)
    for column, found in zip(dealt.T, statistics.farthest_apart(around, dealt), strict=True):
        shares = [around[:, column == side].mean(axis=1) for side in (1, 0)]
        squares = (shares[0] - shares[1]) ** 2 / (1 / 8 * 7 / 8)
        assert found == pytest.approx(np.sort(squares)[-8:].mean(), rel=1e-4), "a sixteenth of them"


def test_neighbourhoods_are_of_all_spaces_together() -> None:
    """Two axes that each tell half of the items apart: together they tell four kinds apart."""
    rng = np.random.default_rng(6)
    kinds = np.repeat(np.arange(4), 50)
    spaces = [
        (np.where(kinds & bit, 1.0, -1.0)[:, None] * [1, 0] + 0.1 * rng.normal(size=(200, 2)))
        for bit in (1, 2)
    ]
    both = neighbourhoods([space.astype(np.float32) for space in spaces])
    one = neighbourhoods([spaces[0].astype(np.float32)])
    assert both is not None and one is not None
    same = kinds[:, None] == kinds[None]
    assert both[~same].sum() == 0 and one[~same].sum() > 1_000


def test_neighbourhoods_do_not_depend_on_the_order_of_equal_items() -> None:
    rng = np.random.default_rng(4)
    rows = rng.normal(size=(6, 5)).astype(np.float32)[rng.integers(0, 6, 200)]
    order = rng.permutation(200)
    around, other = neighbourhoods([rows]), neighbourhoods([rows[order]])
    assert around is not None and other is not None
    np.testing.assert_array_equal(around[np.ix_(order, order)], other)
    assert neighbourhoods([np.ones((9, 4), np.float32)]) is None
    assert neighbourhoods([np.zeros((9, 4), np.float32)]) is None


def test_neighbourhoods_see_a_topic_that_grows() -> None:
    """What a narrow kernel does not see: no item is alone, and most of it was there before."""
    rng = np.random.default_rng(5)
    centres = rng.normal(size=(8, 30))
    labels = np.r_[rng.integers(0, 8, 700), np.zeros(45, int)]
    rows = (centres[labels] + 2 * rng.normal(size=(745, 30))).astype(np.float32)
    around = neighbourhoods([rows])
    narrow = representations.gaussian(representations.squared_distances(rows), 0.1)
    assert around is not None and narrow is not None
    dealt = dealing.permuted(500, 245, 199, rng)
    apart = statistics.farthest_apart(around, dealt), statistics.mmd(narrow, dealt)
    seen = [combining.by_rank(one, 200)[0] for one in apart]
    assert seen[0] <= 0.02 and seen[1] > 0.1
    measure = Measure("topics", "vectors", 1.0, lambda dealt: dealt[0], around=around)
    typical = explaining.scores(measure, dealt[:, 0] > 0)
    first, last = explaining.examples(typical, np.zeros(745), dealt[:, 0] > 0)
    assert np.mean(labels[500:][first] == 0) > 0.8, "those of the topic that grew"
    assert np.mean(labels[last] == 0) < 0.2
