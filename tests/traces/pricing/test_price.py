"""Prices computed by hand from the list's own rates, in pico dollars (1e-12)."""

from datetime import UTC, datetime

import pytest
from genai_prices.data_snapshot import get_snapshot

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
    assert cost.cache_saved == 500_000_000


def test_a_call_that_read_all_of_its_input_from_a_cache_saved_as_much_per_token() -> None:
    all_of_it = facts("gpt-4o", input_tokens=400, output_tokens=0, cache_read_tokens=400)
    assert (priced(all_of_it).input, priced(all_of_it).cache_saved) == (0, 500_000_000)
    assert priced(facts("gpt-4o", input_tokens=400, output_tokens=0)).cache_saved is None


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


@pytest.mark.parametrize(
    ("tier", "dollars"),
    [(None, 11.25), ("default", 11.25), ("flex", 5.625), ("priority", 22.5), ("batch", 5.625)],
)
def test_tiers_of_service_have_their_prices(tier: str | None, dollars: float) -> None:
    one = facts("gpt-5", input_tokens=10**6, output_tokens=10**6)
    one.service_tier = tier
    assert priced(one).total == dollars * DOLLAR


def test_the_price_is_the_one_of_that_day() -> None:
    one = facts("o3", input_tokens=10**6, output_tokens=0)
    change = int(datetime(2025, 6, 10, tzinfo=UTC).timestamp()) * 10**9
    assert priced(one, start_ns=change - 1).total == 10 * DOLLAR
    assert priced(one, start_ns=change).total == 2 * DOLLAR


def test_the_price_is_the_one_of_that_hour() -> None:
    one = facts("deepseek-chat", "deepseek", input_tokens=10**6, output_tokens=0)
    day = int(datetime(2026, 11, 1, tzinfo=UTC).timestamp()) * 10**9
    half_hour = 30 * 60 * 10**9
    costs = [priced(one, start_ns=day + i * half_hour).total for i in (0, 1, 32, 33)]
    low, high = 135 * DOLLAR // 1000, 270 * DOLLAR // 1000
    assert costs == [low, high, high, low]


def test_a_fee_for_each_request_is_added() -> None:
    one = facts("sonar-pro", "perplexity", input_tokens=1000, output_tokens=100)
    # 1,000 at 3 and 100 at 15 dollars a million, and 14 dollars a thousand requests
    assert priced(one).total == 3_000_000_000 + 1_500_000_000 + 14_000_000_000


def test_reasoning_that_the_list_prices_apart() -> None:
    one = facts(
        "sonar-deep-research",
        "perplexity",
        input_tokens=0,
        output_tokens=10**6,
        reasoning_tokens=400_000,
    )
    assert priced(one).output == 6 * 8 * DOLLAR // 10 + 4 * 3 * DOLLAR // 10


def test_audio_heard_and_spoken() -> None:
    one = facts("gpt-audio", input_tokens=1000, output_tokens=500, audio_tokens=1100)
    one.usage.output_audio_tokens = 400
    cost = priced(one)
    # 300 at 2.50 and 700 at 32; 100 at 10 and 400 at 64 dollars a million
    assert cost.input == 750_000_000 + 22_400_000_000
    assert cost.output == 1_000_000_000 + 25_600_000_000


def test_audio_of_an_unknown_direction_is_not_guessed() -> None:
    one = facts("gpt-audio", input_tokens=1000, output_tokens=500, audio_tokens=400)
    found = price(one, start_ns=NOW, duration_ns=None, overrides=NONE)
    assert (found.cost, found.suspect) == (Cost(), "audio_direction_unknown")
    heard = facts("gemini-2.5-flash", "google", input_tokens=1000, audio_tokens=400)
    heard.kind = Kind.EMBEDDING
    assert priced(heard).input == 600 * 300_000 + 400 * 1_000_000


def test_more_audio_than_tokens_is_suspect() -> None:
    one = facts("gemini-2.5-flash", "google", input_tokens=100, output_tokens=1, audio_tokens=400)
    found = price(one, start_ns=NOW, duration_ns=None, overrides=NONE)
    assert (found.cost.total, found.suspect) == (None, "input_audio_exceeds_input")


def test_absurd_counts_have_no_cost() -> None:
    one = facts("gpt-4o", input_tokens=2**40, output_tokens=2**40)
    found = price(one, start_ns=NOW, duration_ns=None, overrides=NONE)
    assert (found.cost.total, found.suspect) == (None, "absurd_cost")


@pytest.mark.parametrize(
    ("provider", "model", "known"),
    [
        ("openai", "not-listed-yet", True),
        ("gcp.vertex_ai", "not-listed-yet", True),
        (None, "gpt-99", True),
        ("own", "gpt-99", True),
        ("vllm", "gpt-99", False),
        (None, "bge-reranker-v2-m3", False),
        ("own", "our-llama", False),
    ],
)
def test_whether_somebody_of_the_list_sells_a_model(
    provider: str | None, model: str, known: bool
) -> None:
    assert catalog.knows_seller(provider, model) is known


def test_names_that_nobody_knows_are_not_remembered_for_ever() -> None:
    before = len(get_snapshot()._provider_misses)
    for i in range(50):
        priced(facts(f"made-up-{i}", "nobody", input_tokens=1, output_tokens=1))
    priced(facts("x" * 10_000, None, input_tokens=1, output_tokens=1))
    assert len(get_snapshot()._provider_misses) == before


@pytest.mark.parametrize("provider", ["vllm", "openai"])
def test_an_open_model_behind_another_s_interface_is_not_guessed(provider: str) -> None:
    one = facts("meta-llama/Llama-3.1-8B-Instruct", provider, input_tokens=1, output_tokens=1)
    assert priced(one).total is None


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
