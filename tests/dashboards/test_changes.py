"""Differences are told good or bad only where their interval leaves zero out."""

from __future__ import annotations

import math
import random

import pytest

from dashboards import changes
from dashboards.changes import Change
from traces.intervals import wilson
from traces.rollups import sketch
from traces.selectors.metrics import Value
from traces.spans import PICO


def rate(hits: int, n: int) -> Value:
    return Value(hits / n, n, *wilson(hits, n))


def counts(values: list[float]) -> sketch.Counts:
    keys = [max(sketch.LOWEST, math.ceil(sketch.MAPPING.key(value))) for value in values]
    return sketch.of_keys(keys)


def test_a_rate_of_many_that_falls_is_bad_where_up_is_better() -> None:
    change = changes.of_values(rate(903, 1000), rate(960, 1000), "ratio", "up")
    assert change.certain and change.tone == "bad" and change.way == "down"
    assert change.text == "5.7 pts" and "95% interval of the difference: −" in change.doubt


def test_the_same_rates_of_few_have_no_colour() -> None:
    change = changes.of_values(rate(9, 10), rate(10, 10), "ratio", "up")
    assert not change.certain and change.tone == ""
    assert change.text == "10.0 pts" and change.arrow == "td"


def test_what_is_certain_but_neither_good_nor_bad_has_no_colour() -> None:
    change = changes.of_totals([10, 11, 10, 11], [1, 2, 1, 2], "count", None)
    assert change.certain and change.tone == ""


def test_an_unknown_side_says_nothing() -> None:
    change = changes.of_values(rate(9, 10), Value(None, 0), "ratio", "up")
    assert (change.known, change.text, change.arrow, change.tone) == (False, "", "", "")
    assert change.doubt == "How certain this difference is cannot be said."


def test_a_sum_whose_steps_all_rise_has_risen() -> None:
    steady = changes.of_totals([13, 12, 14, 13, 12], [10, 9, 11, 10, 9], "usd", "down")
    assert steady.certain and steady.tone == "bad" and steady.text == "31%"


def test_one_wild_day_is_no_certain_change() -> None:
    spiked = changes.of_totals([10, 9, 60, 10, 9], [10, 9, 11, 10, 9], "usd", "down")
    assert not spiked.certain and spiked.text == "100%"


def test_nothing_falls_by_more_than_all_of_it() -> None:
    wild = changes.of_totals([0, 90, 0, 1, 2], [10, 9, 11, 10, 9], "usd", "down")
    assert wild.doubt.startswith("95% interval of the difference: −100% to +")
    assert wild.low == -49 and not wild.certain
    gone = changes.of_totals([0] * 5, [10, 9, 11, 10, 9], "usd", "down")
    assert gone.certain and gone.tone == "good" and gone.low == -49
    each = changes.of_values(Value(1, 5, 0, 9), Value(2, 5, 0, 9), "usd", "down")
    assert each.low == -2
    shares = changes.of_values(rate(1, 10), rate(2, 10), "ratio", "down")
    assert shares.low is not None and shares.low < -0.2, "a share is told in points"


def test_what_is_new_has_no_way() -> None:
    new = Change(5, 0, "usd", "down", 1, 9)
    assert (new.text, new.arrow, new.way) == ("new", "", "")


def test_three_steps_are_too_few() -> None:
    assert changes.of_totals([9, 9, 9], [1, 1, 1], "usd", "down").low is None
    assert changes.of_totals([9] * 5, [1] * 4, "usd", "down").low is None, "not the same steps"


def test_paired_sums_cover_no_difference_as_often_as_they_should() -> None:
    # Two periods of one law: about one in twenty may look like a change.
    drawn = random.Random(7)
    wrong = 0
    for _ in range(1_000):
        usual = [100 + 40 * (day % 7 < 5) for day in range(14)]  # weekdays and weekends
        now, before = ([drawn.gauss(mean, 15) for mean in usual] for _ in range(2))
        wrong += changes.of_totals(now, before, "usd", "down").certain
    assert 25 <= wrong <= 80


def test_a_ratio_of_sums_is_weighted_by_its_steps() -> None:
    value = changes.ratio([10, 20, 30, 40], [10, 20, 30, 40])
    assert value.value == 1 and value.low == value.high == 1
    loose = changes.ratio([10, 10, 60, 40], [10, 20, 30, 40])
    assert loose.value == pytest.approx(1.2) and loose.low is not None
    assert 0 <= loose.low < 1.2 < (loose.high or 0)
    assert changes.ratio([1], [0]).value is None
    assert changes.ratio([1, 2], [1, 2]).low is None


def test_the_interval_of_a_quantile_holds_the_truth_as_often_as_it_should() -> None:
    drawn, held = random.Random(3), 0
    truth = math.exp(6 + 1.6448536)
    for _ in range(200):
        found = changes.quantile(counts([drawn.lognormvariate(6, 1) for _ in range(600)]), 0.95)
        assert found.low is not None and found.high is not None and found.value is not None
        assert found.low <= found.value <= found.high
        held += found.low * 0.99 <= truth <= found.high * 1.01
    assert 184 <= held <= 200


def test_a_p95_of_ten_is_not_certain() -> None:
    assert changes.quantile(counts([100.0] * 10), 0.95).low is None
    assert changes.quantile(sketch.empty(), 0.95).value is None
    few = changes.of_quantiles(counts([900.0] * 10), counts([100.0] * 10), 0.95)
    assert (few.tone == "" and few.text == "800 ms") or few.text.endswith("ms")


def test_slower_by_much_is_bad() -> None:
    drawn = random.Random(5)
    before = [drawn.lognormvariate(6, 0.5) for _ in range(2_000)]
    change = changes.of_quantiles(counts([2 * x for x in before]), counts(before), 0.5)
    assert change.certain and change.tone == "bad" and change.way == "up"
    same = changes.of_quantiles(counts(before), counts(before), 0.5)
    assert not same.certain and same.arrow == ""


@pytest.mark.parametrize(
    ("now", "before", "unit", "text"),
    [
        (1_310 * PICO, 1_000 * PICO, "usd", "31%"),
        (96 * PICO, 8 * PICO, "usd", "×12"),
        (5, 0, "count", "new"),
        (0, 0, "count", ""),
        (0, 8, "count", "100%"),
        (0.42, 0.4, "score", "0.02"),
        (6_400, 5_200, "ms", "1.2 s"),
    ],
)
def test_a_change_in_words(now: float, before: float, unit: str, text: str) -> None:
    assert Change(now, before, unit, "down").text == text


def test_what_rounding_leaves_nothing_of_has_no_colour() -> None:
    change = Change(0.014, 0.011, "score", "down", 0.001, 0.005)
    assert change.certain and (change.text, change.arrow, change.tone) == ("0.00", "", "")
