"""A judge against humans: the figures, their slices, and what is not defined."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evals.stats.agreement import cohen
from evals.stats.judging import Case, compared, majority
from traces.intervals import wilson


def cases(tp: int, fn: int, fp: int, tn: int, **more: object) -> list[Case]:
    rows = [(True, True, tp), (False, True, fn), (True, False, fp), (False, False, tn)]
    return [
        Case(judge, (human,), **more)  # type: ignore[arg-type]
        for judge, human, n in rows
        for _ in range(n)
    ]


def test_figures_of_a_binary_judge() -> None:
    found = compared(cases(tp=40, fn=10, fp=5, tn=45))
    assert found.categories == (False, True)
    assert found.matrix.tolist() == [[45, 5], [10, 40]]
    assert found.sensitivity.value == 0.8
    assert (found.sensitivity.low, found.sensitivity.high) == pytest.approx(wilson(40, 50))
    assert found.specificity.value == 0.9
    assert (found.specificity.low, found.specificity.high) == pytest.approx(wilson(45, 50))
    assert found.accuracy.value == 0.85
    assert found.accuracy.n == 100
    assert found.kappa.value == pytest.approx(0.7)
    alone = cohen(found.matrix)
    assert (found.kappa.low, found.kappa.high) == pytest.approx((alone.low, alone.high))


def test_weights_stand_for_what_was_not_labelled() -> None:
    whole = compared(cases(40, 10, 40, 160))
    part = compared(cases(40, 10, 0, 0) + cases(0, 0, 10, 40, weight=4.0))
    for name in ("accuracy", "kappa", "sensitivity", "specificity"):
        assert getattr(part, name).value == pytest.approx(getattr(whole, name).value)
    assert part.matrix.sum() == 100, "the matrix counts cases"
    low, high = part.accuracy.low, part.accuracy.high
    assert low is not None and high is not None
    assert high - low > np.ptp(wilson(80, 100)), "unequal weights say less"


@given(st.floats(0.01, 1000))
@settings(deadline=None)
def test_equal_weights_change_nothing(weight: float) -> None:
    plain, same = compared(cases(8, 2, 3, 9)), compared(cases(8, 2, 3, 9, weight=weight))
    assert same.kappa.low == pytest.approx(plain.kappa.low)
    assert same.accuracy.high == pytest.approx(plain.accuracy.high)


def test_slices_are_compared_apart() -> None:
    given = cases(9, 1, 0, 10, slice="de") + cases(5, 5, 5, 5, slice="en") + cases(1, 0, 0, 0)
    found = compared(given)
    assert list(found.slices) == ["de", "en"]
    assert found.slices["de"].accuracy.value == 0.95
    assert found.slices["en"].kappa.value == 0
    assert found.slices["en"].accuracy.n == 20
    assert found.accuracy.n == 41


def test_more_than_two_categories_have_figures_each() -> None:
    rows = ["aa", "aa", "ba", "bb", "cb", "cc"]
    given = [Case(row[0], (row[1],)) for row in rows]
    found = compared(given, ["a", "b", "c"])
    assert found.by_category["a"].sensitivity.value == pytest.approx(2 / 3)
    assert found.by_category["a"].specificity.value == 1
    assert found.by_category["c"].specificity.value == pytest.approx(4 / 5)
    assert found.sensitivity.value is None
    assert found.sensitivity.reason == "3 categories, not two"


def test_the_positive_category_is_the_last_that_is_given() -> None:
    given = [Case("fail", ("fail",)), Case("pass", ("fail",)), Case("pass", ("pass",))]
    assert compared(given, ["pass", "fail"]).sensitivity.value == 0.5
    assert compared(given, ["fail", "pass"]).sensitivity.value == 1


def test_humans_settle_by_majority_and_their_own_agreement_stands_beside() -> None:
    given = [Case(1, (1, 1, 0)), Case(0, (0, 0, 0)), Case(1, (1, 0)), Case(0, ()), Case(1, (1,))]
    found = compared(given)
    assert (found.accuracy.n, found.ties) == (3, 1)
    assert found.accuracy.value == 1
    assert found.humans.observed.n == 3
    assert found.humans.observed.value == pytest.approx((1 / 3 + 1 + 0) / 3)
    assert found.humans.alpha.value is not None
    assert compared(cases(1, 1, 1, 1)).humans.alpha.reason == "no case has two humans' labels"


@given(st.lists(st.integers(0, 3), max_size=7))
@settings(deadline=None)
def test_a_majority_is_given_more_often_than_any_other(labels: list[int]) -> None:
    found = majority(labels)
    counts = sorted((labels.count(value) for value in set(labels)), reverse=True)
    if found is None:
        assert not counts or counts[:1] * 2 == counts[:2]
    else:
        first, *rest = counts
        assert isinstance(found, int) and labels.count(found) == first > max(rest, default=0)


@pytest.mark.parametrize(
    ("given", "name", "reason"),
    [
        ([], "accuracy", "no case has a human's verdict"),
        ([], "kappa", "no case has a human's verdict"),
        ([Case(True, ())], "accuracy", "no case has a human's verdict"),
        (cases(0, 0, 5, 5), "sensitivity", "humans gave it to no case"),
        (cases(5, 5, 0, 0), "specificity", "humans gave it to every case"),
        (cases(5, 0, 0, 0), "kappa", "all labels are the same"),
    ],
)
def test_what_is_not_defined_is_none_with_its_reason(
    given: list[Case], name: str, reason: str
) -> None:
    found = getattr(compared(given, (False, True)), name)
    assert (found.value, found.low, found.high, found.reason) == (None, None, None, reason)


def test_what_cannot_be_is_refused() -> None:
    with pytest.raises(ValueError, match="'maybe' is no category"):
        compared([Case("maybe", ("yes",))], ["yes", "no"])
    for weight in (0.0, -1.0, float("nan"), float("inf")):
        with pytest.raises(ValueError, match="weight"):
            compared([Case(1, (1,), weight)])


def test_sensitivity_of_weighted_cases_is_held() -> None:
    """Three of four cases that the judge flags are labelled, and one of ten others."""
    rng = np.random.default_rng(1)
    hits = 0
    for _ in range(300):
        human = rng.random(400) < 0.4
        judge = rng.random(400) < np.where(human, 0.8, 0.1)
        chance = np.where(judge, 0.75, 0.1)
        taken = rng.random(400) < chance
        rows = zip(judge[taken], human[taken], chance[taken], strict=True)
        found = compared([Case(bool(said), (bool(truth),), 1 / p) for said, truth, p in rows])
        low, high = found.sensitivity.low, found.sensitivity.high
        assert low is not None and high is not None
        hits += low <= 0.8 <= high
    assert 0.9 <= hits / 300 <= 0.99


verdicts = st.lists(
    st.builds(
        Case,
        st.integers(0, 2),
        st.lists(st.integers(0, 2), max_size=3).map(tuple),
        st.floats(0.1, 100),
        st.sampled_from([None, "a", "b"]),
    ),
    max_size=20,
)


@given(verdicts)
@settings(deadline=None, max_examples=30)
def test_every_figure_is_there_or_says_why_not(given: list[Case]) -> None:
    found = compared(given, (0, 1, 2))
    figures = [found.accuracy, found.kappa, found.humans.observed]
    for each in found.by_category.values():
        figures += [each.sensitivity, each.specificity]
    for one in figures:
        if one.value is None:
            assert one.reason and one.low is None and one.high is None
        else:
            assert one.low is not None and one.high is not None
            assert -1 <= one.value <= 1 and one.low <= one.value <= one.high <= 1
    assert found.matrix.sum() == found.accuracy.n
    assert sum(part.accuracy.n for part in found.slices.values()) <= found.accuracy.n
