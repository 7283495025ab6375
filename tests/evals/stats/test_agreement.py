"""Agreement of reviewers: published worked examples, invariances, and what is not defined."""

from math import isfinite

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import cohen_kappa_score  # type: ignore[import-untyped]

from evals.stats.agreement import Agreement, Level, Rating, agreement, alpha, cohen, fleiss
from evals.stats.estimates import Estimate

# K. Krippendorff (2011), "Computing Krippendorff's Alpha-Reliability", section E: four observers,
# twelve units, labels missing. Nominal .743, ordinal .815, interval .849.
ROWS = [
    [1, 2, 3, 3, 2, 1, 4, 1, 2, None, None, None],
    [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, None, 3],
    [None, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, None],
    [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, None],
]
# The same, section A: two observers, binary data without gaps (alpha .095).
BINARY = ([0, 1, 0, 0, 0, 0, 0, 0, 1, 0], [1, 1, 1, 0, 0, 1, 0, 0, 0, 0])
# J. L. Fleiss (1971), table 1: 30 patients, six psychiatrists, five diagnoses; kappa .430.
DIAGNOSES = [
    "444444", "222555", "233335", "555555", "222444", "113333", "333355", "113334", "114444",
    "555555", "144444", "124444", "222333", "144444", "224445", "333335", "111455", "111112",
    "224444", "133555", "555555", "244444", "224555", "114444", "144445", "222224", "111155",
    "224444", "133333", "555555",
]  # fmt: skip
# J. Cohen (1960), table 1: two judges, three diagnoses; kappa .492.
COHEN = np.array([[88, 14, 18], [10, 40, 10], [2, 6, 12]])
# SAS/STAT User's Guide, PROC FREQ, "Cohen's Kappa Coefficient" (skin conditions): kappa .3449
# (standard error .0724), weighted by Cicchetti and Allison .5082.
SAS = np.array([[10, 4, 1, 0], [5, 10, 12, 2], [2, 4, 12, 5], [0, 2, 6, 13]])


def ratings(rows: list[list[int | None]]) -> list[Rating]:
    return [
        Rating(item, f"r{who}", value)
        for who, row in enumerate(rows)
        for item, value in enumerate(row)
        if value is not None
    ]


def exact(one: Estimate) -> float:
    assert one.value is not None
    return one.value


def held(one: Estimate) -> bool:
    """The interval is there and holds the value."""
    assert one.value is not None and one.low is not None and one.high is not None
    return one.low <= one.value <= one.high


@pytest.mark.parametrize(
    ("level", "value"), [(Level.NOMINAL, 0.743), (Level.ORDINAL, 0.815), (Level.INTERVAL, 0.849)]
)
def test_alpha_is_that_of_the_worked_example(level: Level, value: float) -> None:
    found = agreement(ratings(ROWS), level).alpha
    assert exact(found) == pytest.approx(value, abs=0.0005)
    assert found.n == 11, "the unit with one label says nothing of agreement"
    assert held(found)


def test_alpha_of_two_observers_and_two_values() -> None:
    rows: list[list[int | None]] = [list(row) for row in BINARY]
    assert exact(agreement(ratings(rows), Level.NOMINAL).alpha) == pytest.approx(0.095, abs=0.0005)


def test_fleiss_kappa_is_that_of_the_worked_example() -> None:
    counts = np.array([[row.count(str(n)) for n in range(1, 6)] for row in DIAGNOSES])
    found = fleiss(counts)
    assert exact(found) == pytest.approx(0.430, abs=0.0005)
    assert held(found)


def test_cohens_kappa_is_that_of_the_worked_example() -> None:
    assert exact(cohen(COHEN)) == pytest.approx(0.492, abs=0.0005)
    # In the same paper the agreement expected by chance is .41, and that observed .70.
    assert pytest.approx(exact(cohen(COHEN)), abs=0.0005) == 1 - (1 - 0.70) / (1 - 0.41)


def test_kappas_are_those_of_the_sas_manual() -> None:
    plain = cohen(SAS)
    assert exact(plain) == pytest.approx(0.3449, abs=0.00005)
    assert plain.low == pytest.approx(0.3449 - 1.96 * 0.0724, abs=0.02)
    assert plain.high == pytest.approx(0.3449 + 1.96 * 0.0724, abs=0.02)
    assert exact(cohen(SAS, "linear")) == pytest.approx(0.5082, abs=0.00005)


tables = st.lists(st.lists(st.integers(0, 12), min_size=3, max_size=3), min_size=3, max_size=3).map(
    np.array
)


@given(tables, st.sampled_from([None, "linear", "quadratic"]))
@settings(deadline=None, max_examples=60)
def test_kappa_is_never_nan_and_as_another_library_says(
    table: np.ndarray, weighting: str | None
) -> None:
    found = cohen(table, weighting)
    if found.value is None:
        assert found.reason
        assert found.low is None and found.high is None
        return
    first = np.repeat(np.repeat(np.arange(3), 3), table.ravel())
    second = np.repeat(np.tile(np.arange(3), 3), table.ravel())
    same = cohen_kappa_score(first, second, labels=[0, 1, 2], weights=weighting)
    assert found.value == pytest.approx(same)
    assert held(found)
    assert found.high is not None and found.high <= 1


@given(st.permutations(range(12)), st.permutations(range(4)))
@settings(deadline=None, max_examples=4)
def test_the_order_of_items_and_reviewers_does_not_matter(items: list[int], who: list[int]) -> None:
    rows = [[ROWS[n][item] for item in items] for n in who]
    for level in Level:
        assert exact(agreement(ratings(rows), level).alpha) == pytest.approx(
            exact(agreement(ratings(ROWS), level).alpha)
        )


def test_names_of_categories_do_not_matter_and_units_of_scales_neither() -> None:
    words = {1: "bad", 2: "poor", 3: "fair", 4: "good", 5: "best"}
    named = [Rating(one.item, one.reviewer, words[int(one.value)]) for one in ratings(ROWS)]
    found = agreement(named, Level.ORDINAL, list(words.values())).alpha
    assert exact(found) == pytest.approx(0.815, abs=0.0005)
    assert exact(agreement(named, Level.NOMINAL).alpha) == pytest.approx(0.743, abs=0.0005)
    scaled = [Rating(one.item, one.reviewer, 0.25 * int(one.value) - 7) for one in ratings(ROWS)]
    assert exact(agreement(scaled, Level.INTERVAL).alpha) == pytest.approx(0.849, abs=0.0005)


def test_a_category_that_nobody_gave_changes_nothing() -> None:
    found = agreement(ratings(ROWS), Level.ORDINAL, [0, 1, 2, 3, 4, 5, 6])
    assert exact(found.alpha) == pytest.approx(0.815, abs=0.0005)
    assert exact(cohen(np.pad(SAS, 2), "linear")) == pytest.approx(0.5082, abs=0.00005)


def test_each_pair_is_compared_on_what_both_labelled() -> None:
    found = agreement(ratings(ROWS), Level.ORDINAL)
    assert set(found.pairs) == {(f"r{a}", f"r{b}") for a in range(4) for b in range(a + 1, 4)}
    pair = found.pairs["r0", "r1"]
    assert (pair.observed.n, pair.kappa.n) == (9, 9)
    assert exact(pair.observed) == pytest.approx(8 / 9)
    assert pair.weighted is not None and held(pair.weighted)
    assert exact(pair.weighted) > exact(pair.kappa), "1 for 2 is a small difference"
    assert agreement(ratings(ROWS), Level.NOMINAL).pairs["r0", "r1"].weighted is None


def test_a_later_label_replaces_the_earlier_one() -> None:
    twice = [Rating("x", "a", 1), Rating("x", "b", 2), Rating("x", "a", 2), Rating("y", "a", 1),
             Rating("y", "b", 1)]  # fmt: skip
    assert agreement(twice, Level.NOMINAL).alpha.value == 1


def test_intervals_are_the_same_each_time() -> None:
    assert agreement(ratings(ROWS), Level.NOMINAL) == agreement(ratings(ROWS), Level.NOMINAL)


def test_full_agreement_of_few_is_not_certain() -> None:
    few = [Rating(n, who, n % 2) for n in range(10) for who in "ab"]
    many = [Rating(n, who, n % 2) for n in range(300) for who in "ab"]
    both = (figures(agreement(one, Level.NOMINAL)) for one in (few, many))
    for short, long in zip(*both, strict=True):
        assert short.value == long.value == 1
        assert short.low is not None and long.low is not None
        assert short.low < 0.8 < 0.95 < long.low <= long.high == 1


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ([], "no item has two labels"),
        ([Rating(1, "a", 1), Rating(2, "a", 2)], "no item has two labels"),
        ([Rating(1, "a", 1), Rating(2, "b", 2)], "no item has two labels"),
        ([Rating(n, who, 1) for n in range(9) for who in "abc"], "all labels are the same"),
    ],
    ids=["nothing", "one reviewer", "no overlap", "one category"],
)
def test_what_is_not_defined_is_none_with_its_reason(given: list[Rating], reason: str) -> None:
    found = agreement(given, Level.NOMINAL)
    for one in (found.alpha, found.fleiss):
        assert (one.value, one.low, one.high, one.reason) == (None, None, None, reason)
    for pair in found.pairs.values():
        assert pair.kappa.value is None and pair.kappa.reason


def test_one_item_shows_no_spread() -> None:
    found = agreement([Rating(1, "a", 1), Rating(1, "b", 2)], Level.NOMINAL).alpha
    assert found.value is not None and found.low is None and found.reason


def test_values_that_cannot_be_are_refused() -> None:
    texts = [Rating(1, "a", "good"), Rating(1, "b", "bad")]
    with pytest.raises(ValueError, match="order"):
        agreement(texts, Level.ORDINAL)
    with pytest.raises(ValueError, match="interval"):
        agreement(texts, Level.INTERVAL)
    with pytest.raises(ValueError, match="'good' is no category"):
        agreement(texts, Level.ORDINAL, ["bad", "fair"])


labels = st.lists(
    st.builds(Rating, st.integers(0, 5), st.sampled_from("abcd"), st.integers(1, 4)), max_size=25
)


@given(labels, st.sampled_from(list(Level)))
@settings(deadline=None, max_examples=15)
def test_nothing_is_ever_nan(given: list[Rating], level: Level) -> None:
    for one in figures(agreement(given, level)):
        for value in (one.value, one.low, one.high):
            assert value is None or isfinite(value)
        assert one.reason or held(one)


def figures(found: Agreement) -> list[Estimate]:
    pairs = found.pairs.values()
    both = [one for pair in pairs for one in (pair.observed, pair.kappa, pair.weighted) if one]
    return [found.alpha, found.fleiss, *both]


def test_the_interval_of_alpha_holds_it() -> None:
    """Two reviewers who each err in 15 % of a binary label: alpha is (1 - 2 * .15) squared."""
    rng = np.random.default_rng(1)
    hits = 0
    for _ in range(40):
        truth = rng.random(80) < 0.5
        said = np.array([truth ^ (rng.random(80) < 0.15) for _ in range(2)])
        counts = np.stack([(~said).sum(axis=0), said.sum(axis=0)], axis=1)
        found = alpha(counts, Level.NOMINAL)
        assert found.low is not None and found.high is not None
        hits += found.low <= 0.49 <= found.high
    assert hits >= 34


def test_the_interval_of_kappa_holds_it() -> None:
    rng = np.random.default_rng(2)
    hits = 0
    for _ in range(600):
        truth = rng.random(60) < 0.5
        a, b = (truth ^ (rng.random(60) < 0.05) for _ in range(2))
        found = cohen(np.histogram2d(a, b, bins=2)[0])
        assert found.low is not None and found.high is not None
        hits += found.low <= 0.81 <= found.high
    assert 0.92 <= hits / 600 <= 0.985


def test_the_interval_of_kappa_is_within_what_kappa_can_be() -> None:
    # Seven times no of both and once yes of one alone: chance leaves next to no disagreement.
    found = cohen(np.array([[7, 0], [1, 0]]))
    assert found.value == pytest.approx(0)
    assert (found.low, found.n) == (-1, 8)
    assert found.high is not None and 0.8 < found.high < 0.85
    apart = cohen(np.array([[0, 20], [20, 0]]))
    assert apart.value == pytest.approx(-1)
    assert apart.low == pytest.approx(-1)
    rng = np.random.default_rng(4)
    for weighting in (None, "linear", "quadratic"):
        for _ in range(200):
            found = cohen(rng.integers(0, 4, (3, 3)), weighting)
            if found.low is not None and found.high is not None:
                assert found.low + 1e-9 >= -1 and found.high <= 1 + 1e-9


def test_fleiss_kappa_is_of_the_items_with_the_commonest_number_of_labels() -> None:
    thrice = np.array([[3, 0], [0, 3], [2, 1], [3, 0]])
    mixed = np.concatenate([thrice, [[1, 1], [2, 0]], [[1, 0]]])
    assert fleiss(mixed) == fleiss(thrice)
    assert fleiss(mixed).n == 4


def test_alpha_of_random_labels_is_about_zero_and_says_so() -> None:
    rng = np.random.default_rng(3)
    counts = np.array([np.bincount(rng.integers(0, 3, 2), minlength=3) for _ in range(200)])
    found = alpha(counts, Level.NOMINAL)
    assert found.low is not None and found.high is not None
    assert found.low < 0 < found.high
    assert abs(exact(found)) < 0.15


def test_items_with_one_label_change_no_figure_of_agreement() -> None:
    single = [Rating(100 + n, "r0", 1 + n % 5) for n in range(20)]
    for level in Level:
        with_them = agreement([*ratings(ROWS), *single], level)
        assert with_them.alpha == agreement(ratings(ROWS), level).alpha
