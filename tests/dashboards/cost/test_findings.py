"""What of the spending need not be, by slice."""

from __future__ import annotations

from dataclasses import replace

import pytest

from dashboards.cost import findings
from dashboards.cost.findings import Where
from tests.traces.rollups.test_explain import PRICES, measured
from traces.pricing import Rates
from traces.rollups.measures import Measures

A: Where = ("openai", "gpt-4o", "answer")
B: Where = ("openai", "gpt-4o", "title")
C: Where = ("own", "llama", None)
MILLION = 10**6
RATES = Rates({"input": PRICES["input"] * MILLION, "cache_read": PRICES["read"] * MILLION})


def rates_of(provider: str | None, model: str | None) -> Rates | None:
    return RATES if provider == "openai" else None


def test_long_prompts_of_little_use_cost_their_input() -> None:
    slices = {
        A: measured(100, input=5_000, output=50),
        B: measured(100, input=5_000, output=2_000),  # much is answered
        C: measured(100, input=500, output=5),  # short
    }
    [one] = findings.long_prompts(slices)
    assert (one.where, one.calls) == (A, 100)
    assert one.money == slices[A].cost_input
    assert one.detail == "5.0k in → 50 out per call; 0.0% read from cache"


def test_cached_input_counts_at_what_it_cost() -> None:
    slices = {A: measured(100, input=5_000, output=50, read=4_000)}
    [one] = findings.long_prompts(slices)
    assert one.money == 100 * (1_000 * PRICES["input"] + 4_000 * PRICES["read"])
    assert "80.0% read from cache" in one.detail


def test_what_is_of_runaway_traces_is_told_apart() -> None:
    whole = replace(
        measured(100, input=5_000, output=50, retried=9),
        retried_cost=900, prefix_missed=40, prefix_missed_tokens=80_000,
    )  # fmt: skip
    part = replace(
        measured(25, input=5_000, output=50, retried=3),
        retried_cost=300, prefix_missed=10, prefix_missed_tokens=20_000,
    )  # fmt: skip
    for found in (
        findings.long_prompts({A: whole}, {A: part, B: whole}),
        findings.missed_prefixes({A: whole}, rates_of, {A: part}),
    ):
        assert findings.gone(found) * 4 == findings.total(found) > 0
    assert findings.gone(findings.repeated({A: whole}, {A: part})) == 300
    late = findings.long_prompts({A: part}, {A: whole})  # sums that do not hold all of it yet
    assert findings.gone(late) == findings.total(late)


def test_the_share_that_a_cache_read_is_of_all_input() -> None:
    slices = {A: measured(100, input=5_000, output=50, read=4_000),
              B: measured(300, input=5_000, output=50)}  # fmt: skip
    assert findings.cached(findings.long_prompts(slices)) == 0.2
    assert findings.cached([]) == 0


def test_a_few_calls_are_no_finding() -> None:
    assert findings.long_prompts({A: measured(19, input=9_000, output=1)}) == []
    assert findings.long_prompts({A: measured(0)}) == []


def test_a_missed_beginning_could_save_the_difference_of_prices() -> None:
    missed = replace(measured(100), prefix_missed=40, prefix_missed_tokens=80_000)
    [one] = findings.missed_prefixes({A: missed, B: measured(100)}, rates_of)
    assert (one.where, one.calls) == (A, 40)
    assert one.money == 80_000 * (PRICES["input"] - PRICES["read"])
    assert one.detail == "40.0% of calls, 80.0k tokens of input"


def test_without_a_price_of_cached_input_nothing_is_promised() -> None:
    missed = replace(measured(100), prefix_missed=40, prefix_missed_tokens=80_000)
    [one] = findings.missed_prefixes({C: missed}, rates_of)
    assert (one.money, one.unknown) == (None, 40)
    both = findings.missed_prefixes({A: missed, C: missed}, rates_of)
    assert findings.unknown(both) == 40 and findings.total(both) > 0
    plain = Rates({"input": MILLION})
    [other] = findings.missed_prefixes({A: missed}, lambda *_: plain)
    assert other.money is None


def test_repeats_cost_what_they_cost_the_dearest_first() -> None:
    few = replace(measured(100, retried=2), retried_cost=500)
    many = replace(measured(100, retried=30), retried_cost=90)
    found = findings.repeated({A: many, B: few, C: measured(5)})
    assert [(one.where, one.calls, one.money) for one in found] == [(B, 2, 500), (A, 30, 90)]
    assert found[0].detail == "2.0% of 100 calls"
    assert findings.total(found) == 590


def test_only_chat_models_are_looked_at() -> None:
    groups = [
        (("llm", "openai", "gpt-4o", "answer"), measured(2)),
        (("llm", "openai", "gpt-4o", "answer"), measured(3)),
        (("embedding", "openai", "e", None), measured(9)),
    ]
    assert {where: sums.calls for where, sums in findings.chats(groups).items()} == {A: 5}


def test_all_slices_are_in_the_total_the_dearest_first() -> None:
    slices = {("openai", "m", str(at)): replace(measured(9, retried=1), retried_cost=at)
              for at in range(50)}  # fmt: skip
    found = findings.repeated(slices)  # type: ignore[arg-type]
    assert found[0].money == 49
    assert findings.total(found) == sum(range(50))


@pytest.mark.parametrize(
    ("calls", "unpriced", "retried", "cost", "unknown", "money"),
    [
        (34, 34, 10, 0, 10, None),  # failed calls that said no tokens
        (34, 0, 10, 0, 0, 0),  # a model that costs nothing
        (100, 2, 10, 500, 0, 500),
        (100, 95, 10, 500, 5, 500),  # five at least are without one
        (100, 4, 10, 0, 4, 0),
    ],
)
def test_repeats_whose_cost_nobody_knows_cost_not_nothing(
    calls: int, unpriced: int, retried: int, cost: int, unknown: int, money: int | None
) -> None:
    sums = Measures(calls=calls, unpriced=unpriced, retried=retried, retried_cost=cost)
    [one] = findings.repeated({A: sums})
    assert (one.calls, one.unknown, one.money) == (retried, unknown, money)


def test_long_prompts_say_how_many_calls_have_no_known_cost() -> None:
    [one] = findings.long_prompts({A: measured(100, input=5_000, output=50, unpriced=10)})
    assert (one.unknown, one.money) == (10, 90 * 5_000 * PRICES["input"])
    [none] = findings.long_prompts({A: measured(100, input=5_000, output=50, unpriced=100)})
    assert (none.unknown, none.money) == (100, None)
    total = replace(Measures(calls=100, input_tokens=500_000, output_tokens=50), cost=9)
    [whole] = findings.long_prompts({A: total})  # reported as one sum
    assert (whole.unknown, whole.money) == (100, None)
