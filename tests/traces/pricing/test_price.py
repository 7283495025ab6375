"""Prices computed by hand from the list's own rates, in pico dollars (1e-12)."""

from datetime import UTC, datetime

import pytest

from traces.pricing import Override, Overrides, Rates, catalog, estimate_tokens, price
from traces.pricing.rates import scaled
from traces.spans import Cost, Kind, SpanFacts, Status, Usage

NOW = int(datetime(2026, 11, 1, tzinfo=UTC).timestamp()) * 10**9
NONE = Overrides()
DOLLAR = 10**12


def facts(model: str | None, provider: str | None = "openai", **usage: int) -> SpanFacts:
    return SpanFacts(kind=Kind.LLM, provider=provider, model=model, usage=Usage(**usage))


def priced(one: SpanFacts, overrides: Overrides = NONE, start_ns: int = NOW) -> Cost:
    return price(one, start_ns=start_ns, duration_ns=10**9, overrides=overrides).cost


def test_plain_tokens() -> None:
    cost = priced(facts("gpt-4o", input_tokens=1000, output_tokens=100))
    assert (cost.input, cost.output, cost.total) == (2_500_000_000, 1_000_000_000, 3_500_000_000)
    assert cost.source == "priced"


def test_cached_tokens_cost_less_and_stand_apart() -> None:
    cost = priced(facts("gpt-4o", input_tokens=1000, output_tokens=0, cache_read_tokens=400))
    # 600 at 2.50 and 400 at 1.25 dollars a million
    assert (cost.input, cost.cache_read) == (1_500_000_000, 500_000_000)
    assert cost.total == 2_000_000_000


def test_writing_to_the_cache_costs_more() -> None:
    one = facts(
        "claude-3-5-sonnet-20241022",
        "anthropic",
        input_tokens=1000,
        output_tokens=10,
        cache_read_tokens=200,
        cache_write_tokens=300,
    )
    cost = priced(one)
    # 500 at 3, 200 at 0.30, 300 at 3.75, 10 at 15 dollars a million
    parts = (cost.input, cost.cache_read, cost.cache_write, cost.output)
    assert parts == (1_500_000_000, 60_000_000, 1_125_000_000, 150_000_000)


@pytest.mark.parametrize(("tokens", "rate"), [(200_000, 1.25), (200_001, 2.5)])
def test_a_tier_holds_for_all_tokens(tokens: int, rate: float) -> None:
    cost = priced(facts("gemini-2.5-pro", "google", input_tokens=tokens, output_tokens=1000))
    assert cost.input == round(tokens * rate * 1e6)
    assert cost.output == (10 if rate == 1.25 else 15) * 1000 * 10**6


def test_batch_prices_where_the_list_has_them() -> None:
    one = facts("claude-opus-4-5", "anthropic", input_tokens=1000, output_tokens=100)
    standard = priced(one).total
    one.batch = True
    assert priced(one).total == (standard or 0) // 2


def test_a_mode_without_a_price_is_unknown_not_standard() -> None:
    one = facts("gpt-4o-audio-preview", input_tokens=1000, output_tokens=100)
    one.batch = True
    found = price(one, start_ns=NOW, duration_ns=None, overrides=NONE)
    assert found.cost.total is None
    assert found.suspect == "no_price_for_tier"


def test_unknown_models_and_self_hosted_ones_have_no_price() -> None:
    assert priced(facts("my-own-model", input_tokens=1, output_tokens=1)).total is None
    assert priced(facts("gpt-4o", "ollama", input_tokens=1, output_tokens=1)).total is None


def test_a_reseller_falls_back_to_the_makers_price() -> None:
    cost = priced(facts("gpt-4o", "azure", input_tokens=1000, output_tokens=100))
    assert cost.total == 3_500_000_000


def test_the_client_s_own_cost_wins() -> None:
    one = facts("gpt-4o", input_tokens=1000, output_tokens=100)
    one.reported_cost = Cost(total=42, source="reported")
    assert priced(one) == Cost(total=42, source="reported")


def test_cached_tokens_beyond_the_input_are_suspect() -> None:
    one = facts("gpt-4o", input_tokens=100, output_tokens=1, cache_read_tokens=200)
    found = price(one, start_ns=NOW, duration_ns=None, overrides=NONE)
    assert (found.cost.total, found.suspect) == (None, "cached_exceeds_input")


def test_a_stream_without_output_tokens_is_suspect_unless_it_failed() -> None:
    one = facts("gpt-4o", input_tokens=1000)
    found = price(one, start_ns=NOW, duration_ns=None, overrides=NONE)
    assert (found.cost.total, found.suspect) == (2_500_000_000, "output_tokens_missing")
    one.status = Status.ERROR
    assert price(one, start_ns=NOW, duration_ns=None, overrides=NONE).suspect is None


def test_no_tokens_no_price() -> None:
    assert priced(facts("gpt-4o")).total is None
    assert priced(facts("gpt-4o", output_tokens=5)).total is None


def test_the_price_row_is_named() -> None:
    one = facts("gpt-4o", input_tokens=1, output_tokens=1)
    ref = price(one, start_ns=NOW, duration_ns=None, overrides=NONE).price_ref
    assert ref == f"{catalog.PACKAGE} openai/gpt-4o"


def own(**fields: object) -> Override:
    rates = Rates({"input": scaled_(1), "output": scaled_(2)})
    return Override(**({"id": 1, "model": "gpt-4o", "rates": rates} | fields))  # type: ignore[arg-type]


def scaled_(dollars: int) -> int:
    from decimal import Decimal

    return scaled(Decimal(dollars))


def test_an_own_price_wins_while_it_is_valid() -> None:
    overrides = Overrides([own(valid_from_ns=NOW, valid_to_ns=NOW + 10)])
    one = facts("gpt-4o", input_tokens=1000, output_tokens=100)
    assert priced(one, overrides).total == 1_200_000_000
    assert priced(one, overrides, NOW - 1).total == 3_500_000_000
    assert priced(one, overrides, NOW + 10).total == 3_500_000_000


def test_the_most_exact_own_price_wins() -> None:
    dear = Rates({"input": scaled_(9), "output": scaled_(9)})
    overrides = Overrides([own(id=2, model="gpt-*", rates=dear), own(), own(id=3, model="*")])
    one = facts("gpt-4o", input_tokens=10**6, output_tokens=0)
    assert priced(one, overrides).total == DOLLAR
    one.model = "gpt-5"
    assert priced(one, overrides).total == 9 * DOLLAR


def test_a_gpu_hour_is_multiplied_by_time_and_gpus() -> None:
    overrides = Overrides([Override(id=1, model="llama*", gpu_hour=2 * DOLLAR, gpus=4)])
    one = facts("llama-3", "vllm")
    found = price(one, start_ns=NOW, duration_ns=1800 * 10**9, overrides=overrides)
    assert (found.cost.total, found.price_ref) == (4 * DOLLAR, "override:1")
    assert price(one, start_ns=NOW, duration_ns=None, overrides=overrides).cost.total is None


def test_reasoning_and_audio_have_their_own_rates_where_there_are_any() -> None:
    rates = Rates(
        {
            "input": scaled_(1),
            "output": scaled_(1),
            "reasoning": scaled_(3),
            "input_audio": scaled_(5),
        }
    )
    overrides = Overrides([own(rates=rates)])
    one = facts(
        "gpt-4o",
        input_tokens=10**6,
        output_tokens=10**6,
        reasoning_tokens=5 * 10**5,
        audio_tokens=10**5,
    )
    cost = priced(one, overrides)
    assert cost.input == 9 * DOLLAR // 10 + DOLLAR // 2
    assert cost.output == DOLLAR // 2 + 3 * DOLLAR // 2


def test_an_estimate_is_a_fourth_of_the_characters() -> None:
    assert [estimate_tokens(count) for count in (0, 1, 4, 5)] == [0, 1, 1, 2]
