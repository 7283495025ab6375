"""How a reviewer differs from the others, and whether that changes."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evals.stats.estimates import Estimate
from evals.stats.reviewers import Timed, bias, compared, drift

RATE = 1.0
DAY = 86_400.0


def labels(values: dict[str, list[float]]) -> list[Timed]:
    """One item a day, each labelled by all."""
    return [
        Timed(n, who, value, n * DAY) for who, row in values.items() for n, value in enumerate(row)
    ]


def ends(one: Estimate) -> tuple[float, float]:
    assert one.low is not None and one.high is not None
    return one.low, one.high


def test_a_lenient_reviewer_is_told_from_the_others() -> None:
    rng = np.random.default_rng(1)
    truth = rng.random(80) < 0.4
    strict = (truth * 1.0).tolist()
    lenient = ((truth | (rng.random(80) < 0.4)) * 1.0).tolist()
    found = compared(labels({"a": strict, "b": strict, "c": lenient}), RATE)
    assert found["c"].bias.value == pytest.approx(np.mean(lenient) - np.mean(strict))
    assert ends(found["c"].bias)[0] > 0.1
    assert found["a"].bias.value == pytest.approx(-(found["c"].bias.value or 0) / 2)
    low, high = ends(found["a"].bias)
    assert -0.3 < low < high < 0.01


def test_only_items_that_others_labelled_count() -> None:
    given = [Timed(1, "a", 1, 0), Timed(2, "a", 0, 1), Timed(2, "b", 1, 2), Timed(3, "b", 1, 3)]
    found = compared(given, RATE)
    assert (found["a"].bias.value, found["a"].bias.n) == (-1, 1)
    assert (found["b"].bias.value, found["b"].bias.n) == (1, 1)


def test_a_later_label_replaces_the_earlier_one() -> None:
    given = [Timed(1, "a", 1, 0), Timed(1, "b", 0, 1), Timed(1, "a", 0, 2)]
    assert compared(given, RATE)["a"].bias.value == 0


def test_few_equal_labels_prove_no_equality() -> None:
    short, long = bias(np.zeros(5), RATE), bias(np.zeros(500), RATE)
    assert short.value == long.value == 0
    assert ends(short)[1] > 0.2 > 0.02 > ends(long)[1] > 0
    unknown = bias(np.zeros(5))
    assert unknown.low is None and unknown.reason == "equal differences show no spread"


def test_the_interval_of_a_difference_of_rates_holds_it() -> None:
    rng = np.random.default_rng(2)
    hits = 0
    for _ in range(800):
        truth = rng.random(40) < 0.3
        more = truth | (rng.random(40) < 0.1)
        low, high = ends(bias((more * 1.0) - truth, RATE))
        hits += low <= 0.07 <= high
    assert 0.92 <= hits / 800 <= 0.985


def test_the_interval_on_another_scale_is_students() -> None:
    found = bias(np.array([0.0, 1.0, 2.0, 3.0]))
    assert found.value == 1.5
    assert ends(found) == pytest.approx((1.5 - 3.182 * 0.6455, 1.5 + 3.182 * 0.6455), abs=0.001)


@given(st.lists(st.floats(-1, 1), min_size=1, max_size=30))
@settings(deadline=None)
def test_intervals_are_ordered_and_within_what_can_be(deviations: list[float]) -> None:
    found = bias(np.array(deviations), RATE)
    low, high = ends(found)
    assert found.value is not None
    assert -1 - 1e-9 <= low <= found.value <= high <= 1 + 1e-9


def test_a_reviewer_who_grows_lenient_is_seen() -> None:
    rng = np.random.default_rng(3)
    truth = (rng.random(120) < 0.3) * 1.0
    late = np.maximum(truth, (rng.random(120) < np.linspace(0, 0.8, 120)) * 1.0)
    found = compared(labels({"a": truth.tolist(), "b": truth.tolist(), "c": late.tolist()}), RATE)
    assert ends(found["c"].drift)[0] > 0.2
    assert found["c"].drift.value == pytest.approx(0.56, abs=0.2)
    windows = found["c"].windows
    assert [window.bias.n for window in windows] == [30, 30, 30, 30]
    assert windows[0].start == 0 and windows[-1].end == 119 * DAY
    assert (windows[0].bias.value or 0) < (windows[-1].bias.value or 0)


def test_no_drift_is_seen_where_there_is_none() -> None:
    rng = np.random.default_rng(4)
    seen = 0
    for _ in range(300):
        low, high = ends(drift(np.arange(60.0), rng.integers(-1, 2, 60).astype(float)))
        seen += not low <= 0 <= high
    assert seen / 300 < 0.09


def test_drift_is_in_units_of_the_label_whatever_the_clock() -> None:
    deviations = np.array([0.0, 1.0, 1.0, 2.0])
    days, seconds = drift(np.arange(4.0), deviations), drift(np.arange(4) * DAY, deviations)
    assert days.value == pytest.approx(1.8)
    assert ends(days) == pytest.approx(ends(seconds))


@pytest.mark.parametrize(
    ("at", "deviations", "reason"),
    [
        ([0.0, 1.0], [0.0, 1.0], "three labels"),
        ([5.0, 5.0, 5.0], [0.0, 1.0, 0.0], "different times"),
        ([0.0, 1.0, 2.0], [1.0, 1.0, 1.0], "no spread"),
    ],
)
def test_what_shows_no_change_says_why(
    at: list[float], deviations: list[float], reason: str
) -> None:
    found = drift(np.array(at), np.array(deviations))
    assert found.low is None and found.high is None
    assert found.reason is not None and reason in found.reason


def test_a_reviewer_alone_is_not_compared() -> None:
    found = compared([Timed(1, "a", 1, 0)], RATE)["a"]
    assert found.bias.value is None and found.drift.value is None and found.windows == []
    assert found.bias.reason == "no item has another reviewer's label"
    assert compared([], RATE) == {}
    assert bias(np.array([])).value is None
