"""The same traffic at other prices, and with a cache: figures worked out by hand."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboards.cost import what_if
from dashboards.cost.what_if_page import rests
from tests.traces.rollups.test_explain import PRICES, measured
from traces.pricing import Rates
from traces.rollups.measures import Measures

MILLION = 10**6
SAME = Rates({
    "input": PRICES["input"] * MILLION,
    "cache_read": PRICES["read"] * MILLION,
    "cache_write": PRICES["write"] * MILLION,
    "output": PRICES["output"] * MILLION,
})  # fmt: skip
"""What `measured` calls cost."""
PLAIN = Rates({"input": 1_000 * MILLION, "output": 5_000 * MILLION})
SOURCE = ("openai", "gpt-4o")


@given(
    calls=st.integers(1, 10**6),
    size=st.integers(0, 10**5),
    answer=st.integers(0, 10**4),
    read=st.integers(0, 10**5),
)
def test_at_its_own_rates_traffic_costs_what_it_did(
    calls: int, size: int, answer: int, read: int
) -> None:
    sums = measured(calls, input=size, output=answer, read=min(read, size))
    assert what_if.at_rates(sums, SAME) == sums.cost


def test_each_part_at_its_rate() -> None:
    sums = measured(10, input=1_000, read=600, write=100, output=50)
    rates = Rates({"input": 8 * MILLION, "cache_read": MILLION, "cache_write": 10 * MILLION,
                   "output": 20 * MILLION})  # fmt: skip
    assert what_if.at_rates(sums, rates) == 10 * (300 * 8 + 600 + 100 * 10 + 50 * 20)


def test_without_a_cache_rate_the_rate_of_input_holds() -> None:
    sums = measured(1, input=1_000, read=1_000, output=0)
    assert what_if.at_rates(sums, PLAIN) == 1_000 * 1_000


def test_long_prompts_take_the_tier_of_their_mean() -> None:
    rates = Rates({"input": MILLION, "output": MILLION}, ((200_000, {"input": 2 * MILLION}),))
    assert what_if.at_rates(measured(3, input=100_000, output=0), rates) == 300_000
    assert what_if.at_rates(measured(3, input=300_000, output=0), rates) == 1_800_000


def test_a_fee_for_each_request() -> None:
    rates = Rates({"input": MILLION, "output": MILLION, "request": 7 * MILLION})
    assert what_if.at_rates(measured(5, input=10, output=1), rates) == 55 + 35


def test_no_rate_for_something_is_unknown_and_not_nothing() -> None:
    assert what_if.at_rates(measured(1), Rates({"input": 1})) is None
    moved = what_if.on_model({SOURCE: measured(1)}, Rates({"input": 1}))
    assert (moved.after, moved.difference, moved.moved[0].difference) == (None, None, None)


def test_all_traffic_the_dearest_first_and_what_nobody_priced_left_out() -> None:
    traffic: dict[tuple[str | None, str | None], Measures] = {
        ("own", "llama"): measured(5, unpriced=5),
        ("openai", "gpt-4o-mini"): measured(10),
        SOURCE: measured(50, unpriced=2),
        ("openai", "silent"): measured(3, input=0, output=0),
    }
    moved = what_if.on_model(traffic, PLAIN)
    assert [one.source for one in moved.moved] == [SOURCE, ("openai", "gpt-4o-mini")]
    assert moved.left_out == [("own", "llama")]
    assert moved.partly == 2
    assert moved.before == traffic[SOURCE].cost + traffic["openai", "gpt-4o-mini"].cost
    assert moved.after == 60 * (1_000 * 1_000 + 100 * 5_000)
    assert moved.difference == moved.after - moved.before


def test_traffic_without_a_part_of_it() -> None:
    other: what_if.Source = ("openai", "gpt-4o-mini")
    whole: dict[what_if.Source, Measures] = {SOURCE: measured(50), other: measured(10)}
    left = what_if.without(whole, {SOURCE: measured(20), ("own", "llama"): measured(3)})
    assert left == {SOURCE: measured(30), other: measured(10)}
    late = what_if.without({SOURCE: measured(5)}, {SOURCE: measured(9)})
    assert late[SOURCE].cost == late[SOURCE].calls == 0
    assert what_if.on_model(late, PLAIN).before == 0


def test_only_chat_models_can_be_moved() -> None:
    groups = [
        (("llm", "openai", "gpt-4o", "p"), measured(2)),
        (("llm", "openai", "gpt-4o", "q"), measured(3)),
        (("embedding", "openai", "text-embedding-3-small", None), measured(9)),
    ]
    found = what_if.models_of(groups)
    assert {source: sums.calls for source, sums in found.items()} == {SOURCE: 5}


def test_a_cache_by_lifetime() -> None:
    sums = Measures(
        calls=100, cost=1_000, again_5m=5, again_1h=10, again_1d=10, again_7d=40,
        again_5m_cost=50, again_1h_cost=90, again_1d_cost=90, again_7d_cost=400,
    )  # fmt: skip
    kept = what_if.with_cache(sums)
    assert [one.label for one in kept] == ["5 minutes", "1 hour", "1 day", "7 days"]
    assert [one.calls for one in kept] == [5, 10, 10, 40]
    assert [one.saved for one in kept] == [50, 90, 90, 400]
    assert (kept[3].share, kept[3].cost_share) == (0.4, 0.4)
    nothing = what_if.with_cache(Measures())
    assert [(one.share, one.cost_share) for one in nothing] == [(None, None)] * 4


@pytest.mark.parametrize("texts", [what_if.ASSUMPTIONS, what_if.CACHE_ASSUMPTIONS])
def test_assumptions_are_sentences(texts: tuple[str, ...]) -> None:
    assert all(text[0].isupper() and text.endswith(".") for text in texts)


@pytest.mark.parametrize(
    ("difference", "without", "said"),
    [
        (-100, -40, "60.0% of the difference rests on runaway traces"),
        (-100, 0, "Less only because of runaway traces"),
        (-100, 20, "Less only because of runaway traces"),
        (100, -1, "More only because of runaway traces"),
        (100, 25, "75.0% of the difference rests on runaway traces"),
        (-100, -100, ""),
        (-1000, -995, ""),
        (-100, -120, ""),  # without them more would have been saved
        (0, 10, ""),
        (None, None, ""),
    ],
)
def test_what_rests_on_runaway_traces(
    difference: int | None, without: int | None, said: str
) -> None:
    assert rests(difference, without) == said
