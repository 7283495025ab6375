"""Tokens to money, by the price in force when the call was made. Pure.

What the client reports wins, then the project's own prices, then the shipped list
(`genai-prices`). What none of them knows stays unknown: never zero, and never a guess that looks
like a price.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil

from traces.pricing import catalog
from traces.pricing.overrides import Override, Overrides
from traces.pricing.rates import Rates
from traces.spans import Cost, Kind, SpanFacts, Status, Usage

__all__ = ["Override", "Overrides", "Priced", "Rates", "estimate_tokens", "price"]

CHARACTERS_PER_TOKEN = 4
"""What English prose has with the usual vocabularies; other scripts have fewer."""


@dataclass(slots=True)
class Priced:
    """A cost, what it was priced by, and why it cannot be trusted if it cannot."""

    cost: Cost
    price_ref: str | None = None
    suspect: str | None = None


def estimate_tokens(characters: int) -> int:
    """A rough count for text whose tokens nobody reported."""
    return ceil(characters / CHARACTERS_PER_TOKEN)


def price(
    facts: SpanFacts, *, start_ns: int, duration_ns: int | None, overrides: Overrides
) -> Priced:
    """What one call cost, in pico dollars. `start_ns` decides which price was in force."""
    reported = facts.reported_cost
    if reported is not None and reported.total is not None:
        return Priced(reported, "reported")
    own = overrides.find(facts.provider, facts.model, facts.request_model, start_ns)
    if own is not None:
        return _own(own, facts, duration_ns)
    if not facts.usage:
        return Priced(Cost())
    found = catalog.rates(
        facts.provider,
        facts.model,
        facts.request_model,
        start_ns,
        catalog.context(batch=facts.batch, service_tier=facts.service_tier),
    )
    if found is None:
        return Priced(Cost())
    if found.rates is None:
        return Priced(Cost(), found.ref, "no_price_for_tier")
    return _metered(facts, found.rates, found.ref)


def _own(own: Override, facts: SpanFacts, duration_ns: int | None) -> Priced:
    ref = f"override:{own.id}"
    if own.rates is not None:
        return _metered(facts, own.rates, ref) if facts.usage else Priced(Cost())
    if own.gpu_hour is None or duration_ns is None:
        return Priced(Cost())
    total = own.gpu_hour * own.gpus * duration_ns // (3600 * 10**9)
    return Priced(Cost(total=total, source="priced"), ref)


def _metered(facts: SpanFacts, rates: Rates, ref: str) -> Priced:
    usage = facts.usage
    if usage.input_tokens is None:
        return Priced(Cost())
    cached, written = usage.cache_read_tokens or 0, usage.cache_write_tokens or 0
    plain = usage.input_tokens - cached - written
    if plain < 0:
        return Priced(Cost(), ref, "cached_exceeds_input")
    at = rates.for_input(usage.input_tokens)
    cost = Cost(source="priced")
    cost.input = _input_cost(plain, usage, at)
    cost.cache_read = at.cost(cached, "cache_read", "input") if cached else None
    cost.cache_write = at.cost(written, "cache_write", "input") if written else None
    cost.output = _output_cost(usage, at)
    parts = (cost.input, cost.output, cost.cache_read, cost.cache_write)
    if cost.input is None or (usage.output_tokens and cost.output is None):
        return Priced(Cost(), ref)
    cost.total = sum(part for part in parts if part is not None)
    if usage.output_tokens is None and facts.kind is Kind.LLM and facts.status != Status.ERROR:
        return Priced(cost, ref, "output_tokens_missing")
    return Priced(cost, ref)


def _input_cost(plain: int, usage: Usage, at: Rates) -> int | None:
    """Input that is not cached; audio has a price of its own with some models."""
    audio = usage.audio_tokens or 0
    if audio and at.has("input_audio") and audio <= plain:
        spoken, rest = at.cost(audio, "input_audio"), at.cost(plain - audio, "input")
        return None if spoken is None or rest is None else spoken + rest
    return at.cost(plain, "input")


def _output_cost(usage: Usage, at: Rates) -> int | None:
    if usage.output_tokens is None:
        return None
    reasoning = usage.reasoning_tokens or 0
    if reasoning and at.has("reasoning") and reasoning <= usage.output_tokens:
        thought = at.cost(reasoning, "reasoning")
        said = at.cost(usage.output_tokens - reasoning, "output")
        return None if thought is None or said is None else thought + said
    if not usage.output_tokens and not at.has("output"):
        return 0
    return at.cost(usage.output_tokens, "output")
