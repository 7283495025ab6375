"""The causes of a difference in cost: exact, and each only where it is one."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from traces.rollups.explain import CAUSES, Cause, Change, Group, explain, rounded
from traces.rollups.measures import SUMS, Measures

Slices = dict[Group, Measures]
MILLION = 10**6

# Pico dollars per token.
PRICES = {"input": 2_500_000, "read": 1_250_000, "write": 3_125_000, "output": 10_000_000}


def measured(
    calls: int,
    *,
    input: int = 1_000,
    output: int = 100,
    read: int = 0,
    write: int = 0,
    unpriced: int = 0,
    retried: int = 0,
    fee: int = 0,
    prices: dict[str, int] = PRICES,
) -> Measures:
    """So many calls with so many tokens each, of which some have no price."""
    priced = calls - unpriced
    made = Measures(
        spans=calls,
        calls=calls,
        unpriced=unpriced,
        retried=retried,
        input_tokens=calls * input,
        output_tokens=calls * output,
        cache_read_tokens=calls * read,
        cache_write_tokens=calls * write,
        cost_input=priced * (input - read - write) * prices["input"],
        cost_cache_read=priced * read * prices["read"],
        cost_cache_write=priced * write * prices["write"],
        cost_output=priced * output * prices["output"],
    )
    parts = made.cost_input + made.cost_cache_read + made.cost_cache_write + made.cost_output
    made.cost = parts + priced * fee
    return made


counts = st.integers(0, 10**9)
money = st.integers(0, 10**15)


@st.composite
def anything(draw: st.DrawFn) -> Measures:
    """Sums as they may come, also such as contradict themselves."""
    made = Measures(
        spans=draw(counts),
        calls=draw(counts),
        unpriced=draw(counts),
        retried=draw(counts),
        input_tokens=draw(counts),
        output_tokens=draw(counts),
        cache_read_tokens=draw(counts),
        cache_write_tokens=draw(counts),
        cost_input=draw(money),
        cost_output=draw(money),
        cost_cache_read=draw(money),
        cost_cache_write=draw(money),
    )
    parts = made.cost_input + made.cost_output + made.cost_cache_read + made.cost_cache_write
    made.cost = draw(st.one_of(st.just(parts), money, st.just(0)))
    return made


@st.composite
def likely(draw: st.DrawFn) -> Measures:
    """Sums of calls that fit together."""
    calls = draw(st.integers(1, 10**6))
    size = draw(st.integers(1, 10**5))
    read = draw(st.integers(0, size))
    return measured(
        calls,
        input=size,
        output=draw(st.integers(0, 10**4)),
        read=read,
        write=draw(st.integers(0, size - read)),
        unpriced=draw(st.integers(0, calls - 1)),
        retried=draw(st.integers(0, calls - 1)),
        fee=draw(st.sampled_from([0, 10**7])),
    )


groups = st.tuples(st.sampled_from([None, "a", "b", "c"]), st.sampled_from([None, "x", "y"]))


def slices(of: st.SearchStrategy[Measures]) -> st.SearchStrategy[Slices]:
    return st.dictionaries(groups, of, max_size=6)


def moved(change: Change) -> set[Cause]:
    return {cause for cause in CAUSES if any(line.causes.get(cause) for line in change.lines)}


# ── Exactness ────────────────────────────────────────────────────────────────────────────────────


@settings(deadline=None, max_examples=200)
@given(before=slices(anything()), after=slices(anything()))
def test_the_causes_add_up_to_the_difference(before: Slices, after: Slices) -> None:
    change = explain(before, after)
    whole = sum(one.cost for one in after.values()) - sum(one.cost for one in before.values())
    assert change.difference == whole
    assert sum(change.causes.values()) == whole
    for line in change.lines:
        assert sum(line.causes.values()) == line.difference
        assert all(type(value) is int for value in line.causes.values())
    shown = {line.group for line in change.lines}
    assert all(not one.cost for found in (before, after) for group, one in found.items()
               if group not in shown)  # fmt: skip


@st.composite
def with_runaways(draw: st.DrawFn) -> tuple[Slices, Slices]:
    """Sums, and what of them is of traces that ran away; now and then more than they are."""
    rest, away = draw(slices(anything())), draw(slices(anything()))
    whole = {group: Measures() for group in rest.keys() | away.keys()}
    for found in (rest, away):
        for group, one in found.items():
            whole[group].add(one)
    if draw(st.booleans()):
        away |= draw(slices(anything()))
    return whole, away


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(before=with_runaways(), after=with_runaways())
def test_runaway_traces_are_a_cause_of_their_own_and_all_adds_up(
    before: tuple[Slices, Slices], after: tuple[Slices, Slices]
) -> None:
    change = explain(before[0], after[0], before[1], after[1])
    whole = [sum(one.cost for one in found.values()) for found in (before[0], after[0])]
    assert change.difference == sum(change.causes.values()) == whole[1] - whole[0]
    for line in change.lines:
        assert sum(line.causes.values()) == line.difference
        cost = [one.cost for one in line.away]
        assert line.causes[Cause.RUNAWAYS] == cost[1] - cost[0]
        for sums, away, found in zip((line.before, line.after), line.away, (before, after),
                                     strict=True):  # fmt: skip
            assert away in (Measures(), found[1].get(line.group))
            assert 0 <= away.cost <= sums.cost


def test_more_runaway_traces_are_no_other_cause() -> None:
    """A model that only they use is no mix, and their long prompts are no input per call."""
    usual: Group = ("gpt-4o", "answer")
    gone: Group = ("claude-opus-4-1", "research")
    away = measured(200, input=6_000)
    after = {usual: measured(100), gone: away}
    change = explain({usual: measured(100)}, after, {}, {gone: away})
    assert moved(change) == {Cause.RUNAWAYS}
    assert change.causes[Cause.RUNAWAYS] == change.difference == away.cost
    assert explain({usual: measured(100)}, after).causes[Cause.RUNAWAYS] == 0


def test_within_a_slice_the_others_are_explained_as_without_them() -> None:
    usual, away = measured(100), measured(60, input=6_000)
    both = Measures.total([measured(100, input=1_500), away])
    group: Group = ("gpt-4o", "answer")
    change = explain({group: usual}, {group: both}, {}, {group: away})
    assert moved(change) == {Cause.RUNAWAYS, Cause.INPUT}
    assert change.causes[Cause.RUNAWAYS] == away.cost
    assert change.causes[Cause.INPUT] == 100 * 500 * PRICES["input"]


def test_runaway_traces_that_stored_sums_do_not_hold_yet_are_left_in_the_other_causes() -> None:
    group: Group = ("gpt-4o", "answer")
    change = explain({group: measured(10)}, {group: measured(20)}, {}, {group: measured(30)})
    assert moved(change) == {Cause.VOLUME}


@settings(deadline=None)
@given(found=slices(anything()))
def test_where_nothing_changes_there_is_nothing(found: Slices) -> None:
    change = explain(found, found)
    assert moved(change) == set()
    assert set(change.causes.values()) <= {0}
    assert change.leading == []


@settings(deadline=None)
@given(before=slices(likely()), after=slices(likely()))
def test_back_is_the_opposite_of_forth(before: Slices, after: Slices) -> None:
    forth, back = explain(before, after), explain(after, before)
    # Rounded slice by slice: a unit each at most, beside the error of the floats.
    steps = sum(abs(value) for line in forth.lines for value in line.causes.values())
    slack = len(forth.lines) * 9 + steps // 10**10
    for cause in CAUSES:
        assert abs(forth.causes[cause] + back.causes[cause]) <= slack


def test_a_unit_in_a_million_dollars_is_not_lost() -> None:
    before = {("m", None): Measures(spans=1, calls=1, input_tokens=3, cost=10**18)}
    after = {("m", None): Measures(spans=1, calls=1, input_tokens=3, cost=10**18 + 1)}
    change = explain(before, after)
    assert (change.difference, sum(change.causes.values())) == (1, 1)


# ── One cause alone ──────────────────────────────────────────────────────────────────────────────


@settings(deadline=None)
@given(before=slices(likely()).filter(bool), times=st.integers(2, 1_000))
def test_more_of_the_same_is_volume_alone(before: Slices, times: int) -> None:
    after = {group: scaled(one, times) for group, one in before.items()}
    change = explain(before, after)
    assert moved(change) <= {Cause.VOLUME}
    assert change.causes[Cause.VOLUME] == change.difference


def scaled(one: Measures, times: int) -> Measures:
    return Measures(**{name: getattr(one, name) * times for name in SUMS if name != "best_scores"})


DEARER = {name: price * 3 // 2 for name, price in PRICES.items()}
ALONE: list[tuple[Cause, dict[str, Any]]] = [
    (Cause.PRICE, {"prices": DEARER}),
    (Cause.PRICE, {"prices": {**PRICES, "output": 1}}),
    (Cause.PRICE, {"fee": 5 * MILLION}),
    (Cause.INPUT, {"input": 4_000}),
    (Cause.OUTPUT, {"output": 7}),
    (Cause.CACHE, {"read": 800}),
    (Cause.CACHE, {"write": 800}),
    (Cause.RETRIES, {"calls": 200, "retried": 100}),
    (Cause.VOLUME, {"calls": 350}),
    (Cause.COVERAGE, {"unpriced": 40}),
    (Cause.COVERAGE, {"unpriced": 100}),
]


@pytest.mark.parametrize(("cause", "changed"), ALONE)
@pytest.mark.parametrize("backwards", [False, True])
def test_one_change_has_one_cause(cause: Cause, changed: dict[str, Any], backwards: bool) -> None:
    usual: dict[str, Any] = {"calls": 100}
    before = {("gpt-4o", "answer"): measured(**usual)}
    after = {("gpt-4o", "answer"): measured(**(usual | changed))}
    if backwards:
        before, after = after, before
    change = explain(before, after)
    assert change.difference != 0
    assert moved(change) == {cause}
    assert change.causes[cause] == change.difference
    assert change.leading == [cause]


@pytest.mark.parametrize("cached", [0, 500])
def test_a_price_of_what_only_one_period_has_is_no_price_change(cached: int) -> None:
    """A cache that is used for the first time has no price before."""
    before = {("m", "p"): measured(10, read=cached)}
    after = {("m", "p"): measured(10, read=500 - cached)}
    assert moved(explain(before, after)) == {Cause.CACHE}


def test_a_reported_total_follows_its_tokens() -> None:
    """No part is told: the price is per token, and twice the tokens are not a dearer price."""
    before = Measures(spans=10, calls=10, input_tokens=1_000, output_tokens=100, cost=11_000)
    after = replace(before, input_tokens=2_000, output_tokens=200, cost=22_000)
    change = explain({("m", None): before}, {("m", None): after})
    assert moved(change) == {Cause.INPUT, Cause.OUTPUT}
    assert change.causes[Cause.INPUT] == 10_000


def test_a_cost_without_tokens_is_a_price_per_call() -> None:
    before = Measures(spans=10, calls=10, cost=1_000)
    after = Measures(spans=20, calls=20, cost=4_000)
    change = explain({("m", None): before}, {("m", None): after})
    assert moved(change) == {Cause.VOLUME, Cause.PRICE}
    assert change.causes == {**dict.fromkeys(CAUSES, 0), Cause.VOLUME: 1_500, Cause.PRICE: 1_500}


def test_spans_that_are_no_calls_may_cost_something() -> None:
    before = {(None, None): Measures(spans=10, cost=100)}
    change = explain(before, {(None, None): Measures(spans=30, cost=300)})
    assert moved(change) == {Cause.VOLUME}
    odd = explain({(None, None): Measures(cost=7)}, {(None, None): Measures(cost=9)})
    assert (moved(odd), odd.difference) == ({Cause.PRICE}, 2)


# ── Mix ──────────────────────────────────────────────────────────────────────────────────────────


def test_a_move_to_another_model_is_mix_of_models() -> None:
    dear, cheap = PRICES, {name: price // 10 for name, price in PRICES.items()}
    before = {("big", "p"): measured(90, prices=dear), ("small", "p"): measured(10, prices=cheap)}
    after = {("big", "p"): measured(10, prices=dear), ("small", "p"): measured(90, prices=cheap)}
    change = explain(before, after)
    assert moved(change) == {Cause.MODELS}
    assert change.difference < 0
    assert {line.group[0]: line.difference > 0 for line in change.lines} == {
        "big": False, "small": True}  # fmt: skip


def test_a_move_to_another_prompt_of_the_same_model_is_mix_of_slices() -> None:
    before = {("m", "short"): measured(90, input=10), ("m", "long"): measured(10, input=9_000)}
    after = {("m", "short"): measured(10, input=10), ("m", "long"): measured(90, input=9_000)}
    assert moved(explain(before, after)) == {Cause.SLICES}


def test_a_new_model_is_mix_and_a_vanished_one_too() -> None:
    old = {("old", "p"): measured(100)}
    new = {("new", "p"): measured(100, input=500)}
    change = explain(old, new)
    assert moved(change) == {Cause.MODELS}
    assert {line.group[0]: line.difference < 0 for line in change.lines} == {
        "old": True, "new": False}  # fmt: skip


@pytest.mark.parametrize("began", [True, False])
def test_where_one_period_is_empty_all_is_volume(began: bool) -> None:
    found = {("a", "x"): measured(5), ("b", "y"): measured(70, read=100, retried=3)}
    change = explain({}, found) if began else explain(found, {})
    assert moved(change) == {Cause.VOLUME}


def test_nothing_at_all() -> None:
    change = explain({}, {})
    assert (change.difference, change.lines, set(change.causes.values())) == (0, [], {0})


def test_a_model_that_nobody_prices_costs_nothing_and_hides_nothing() -> None:
    before = {("known", "p"): measured(100), ("own", "p"): measured(50, unpriced=50)}
    after = {("known", "p"): measured(100), ("own", "p"): measured(50)}
    change = explain(before, after)
    assert moved(change) == {Cause.COVERAGE}
    assert change.before.unpriced == 50


def test_retries_of_an_outage_beside_growth() -> None:
    """20 % more questions, and every other one asked twice."""
    before = {("m", "p"): measured(1_000)}
    after = {("m", "p"): measured(1_800, retried=600)}
    change = explain(before, after)
    assert moved(change) == {Cause.VOLUME, Cause.RETRIES}
    each = measured(1).cost
    assert change.causes[Cause.VOLUME] == 250 * each  # 200 × the mean of 1 and 1.5
    assert change.causes[Cause.RETRIES] == 550 * each  # 0.5 × the mean of 1,000 and 1,200


def test_the_value_is_the_mean_over_all_orders() -> None:
    """Two causes worked out by hand: calls 100 → 200, input per call 1,000 → 3,000."""
    before = {("m", "p"): measured(100, output=0)}
    after = {("m", "p"): measured(200, input=3_000, output=0)}
    change = explain(before, after)
    token = PRICES["input"]
    first = (100 * 1_000 * token, 200 * 2_000 * token)  # volume, then tokens
    other = (100 * 3_000 * token, 100 * 2_000 * token)  # tokens, then volume
    assert change.causes[Cause.VOLUME] == (first[0] + other[0]) // 2
    assert change.causes[Cause.INPUT] == (first[1] + other[1]) // 2


def test_lines_come_with_the_largest_difference_first() -> None:
    before = {(name, None): measured(100) for name in "abc"}
    after = {("a", None): measured(101), ("b", None): measured(20), ("c", None): measured(150)}
    assert [line.group[0] for line in explain(before, after).lines] == ["b", "c", "a"]


# ── Rounding ─────────────────────────────────────────────────────────────────────────────────────


@given(
    values=st.lists(st.floats(-1e18, 1e18, allow_nan=False), min_size=1, max_size=9),
    error=st.integers(-50, 50),
)
def test_rounding_keeps_the_sum_and_the_zeros(values: list[float], error: int) -> None:
    total = sum(int(value) for value in values) + error
    made = rounded(values, total)
    held = [value for value in values if value]
    assert sum(made) == (total if held else 0)
    for value, whole in zip(values, made, strict=True):
        assert whole == 0 if value == 0 else abs(whole - value) <= 60 + abs(value) * 1e-15


@pytest.mark.parametrize(
    ("values", "total", "made"),
    [
        ([0.5, 0.5, 0.0], 1, [1, 0, 0]),
        ([1.2, 2.7, -0.9], 3, [1, 3, -1]),
        ([0.0, 0.0], 0, [0, 0]),
        ([-1.5, -1.5], -3, [-1, -2]),
    ],
)
def test_the_largest_remainder_gets_the_unit(
    values: list[float], total: int, made: list[int]
) -> None:
    assert rounded(values, total) == made
