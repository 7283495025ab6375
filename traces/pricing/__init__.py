"""Tokens to money, by the price in force when the call was made. Pure.

What the client reports wins, then the project's own prices, then the shipped list
(`genai-prices`). What none of them knows stays unknown: never zero, and never a guess that looks
like a price.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil
from typing import Literal

from traces.pricing import catalog
from traces.pricing.overrides import Override, Overrides
from traces.pricing.rates import Rates
from traces.spans import PICO, Cost, Kind, SpanFacts, Status, Usage

__all__ = [
    "PRICE_REASONS",
    "InForce",
    "Override",
    "Overrides",
    "Priced",
    "Rates",
    "estimate_tokens",
    "in_force",
    "price",
]

CHARACTERS_PER_TOKEN = 4
"""What English prose has with the usual vocabularies; other scripts have fewer."""

HIGHEST = 10**6 * PICO
"""No single call costs a million dollars: counts that say so are wrong."""


PRICE_REASONS = frozenset(
    {"no_price_for_tier", "absurd_cost", "audio_direction_unknown", "output_tokens_missing"}
)
"""Reasons for suspicion that another price may remove; the others lie in the counts."""


@dataclass(slots=True)
class Priced:
    """A cost, what it was priced by, and why it cannot be trusted if it cannot."""

    cost: Cost
    price_ref: str | None = None
    suspect: str | None = None


@dataclass(frozen=True, slots=True)
class InForce:
    """The price of a model at some time: the project's own, the list's, or none."""

    source: Literal["own", "listed", "none"]
    ref: str | None = None
    rates: Rates | None = None
    gpu_hour: int | None = None  # pico dollars, for all GPUs together


class Inconsistent(Exception):
    """Counts that cannot all be true; the message is the reason's slug."""


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
    mode = catalog.context(batch=facts.batch, service_tier=facts.service_tier)
    own = overrides.find(facts.provider, facts.model, facts.request_model, start_ns)
    if own is not None:
        return _own(own, facts, duration_ns, catalog.suffix(mode))
    if not facts.usage:
        return Priced(Cost())
    found = catalog.rates(facts.provider, facts.model, facts.request_model, start_ns, mode)
    if found is None:
        return Priced(Cost())
    if found.rates is None:
        return Priced(Cost(), found.ref, "no_price_for_tier")
    return _metered(facts, found.rates, found.ref)


def in_force(
    provider: str | None, model: str | None, asked: str | None, at_ns: int, overrides: Overrides
) -> InForce:
    """The standard price of a model at a time."""
    own = overrides.find(provider, model, asked, at_ns)
    if own is not None:
        per_hour = None if own.gpu_hour is None else own.gpu_hour * own.gpus
        return InForce("own", f"override:{own.id}", own.rates, per_hour)
    found = catalog.rates(provider, model, asked, at_ns, ())
    if found is None or found.rates is None or not found.rates.values:
        return InForce("none")
    return InForce("listed", found.ref, found.rates)


def _own(own: Override, facts: SpanFacts, duration_ns: int | None, suffix: str) -> Priced:
    ref = f"override:{own.id}{suffix}"
    if own.rates is not None:
        return _metered(facts, own.rates, ref) if facts.usage else Priced(Cost())
    if own.gpu_hour is None or duration_ns is None:
        return Priced(Cost())
    total = own.gpu_hour * own.gpus * duration_ns // (3600 * 10**9)
    if total > HIGHEST:
        return Priced(Cost(), ref, "absurd_cost")
    return Priced(Cost(total=total, source="priced"), ref)


def _metered(facts: SpanFacts, rates: Rates, ref: str) -> Priced:
    usage = facts.usage
    if usage.input_tokens is None:
        return Priced(Cost())
    try:
        cost = _cost(usage, rates.for_input(usage.input_tokens))
    except Inconsistent as error:
        return Priced(Cost(), ref, str(error))
    if cost.input is None or (usage.output_tokens and cost.output is None):
        return Priced(Cost(), ref)
    if usage.output_tokens is None and facts.kind is Kind.LLM and facts.status != Status.ERROR:
        return Priced(cost, ref, "output_tokens_missing")
    return Priced(cost, ref)


def _cost(usage: Usage, at: Rates) -> Cost:
    """The parts and their sum. Raises Inconsistent."""
    cached, written = usage.cache_read_tokens or 0, usage.cache_write_tokens or 0
    plain = (usage.input_tokens or 0) - cached - written
    if plain < 0:
        raise Inconsistent("cached_exceeds_input")
    heard, spoken = _audio(usage, at)
    cost = Cost(source="priced")
    cost.input = _mixed(at, plain, "input", heard, "input_audio")
    cost.cache_read = at.cost(cached, "cache_read", "input") if cached else None
    cost.cache_saved = _saved(cached, cost.cache_read, at)
    cost.cache_write = at.cost(written, "cache_write", "input") if written else None
    if usage.output_tokens is not None:
        cost.output = _output_cost(usage, at, spoken)
    parts = (cost.input, cost.output, cost.cache_read, cost.cache_write)
    cost.total = sum(part for part in parts if part is not None)
    cost.total += at.cost(1, "request") or 0
    if cost.total > HIGHEST:
        raise Inconsistent("absurd_cost")
    return cost


def _saved(cached: int, paid: int | None, at: Rates) -> int | None:
    full = at.cost(cached, "input") if cached else None
    return None if full is None or paid is None else full - paid


def _audio(usage: Usage, at: Rates) -> tuple[int, int]:
    """Audio tokens asked and answered, as far as they have prices of their own."""
    audio, spoken = usage.audio_tokens or 0, usage.output_audio_tokens
    if not audio:
        return 0, 0
    if spoken is None and at.has("output_audio") and usage.output_tokens:
        raise Inconsistent("audio_direction_unknown")
    spoken = spoken or 0
    return audio - spoken, spoken


def _mixed(at: Rates, tokens: int, part: str, special: int, special_part: str) -> int | None:
    """Tokens of which some have a price of their own. Raises Inconsistent if these are more."""
    if not special or not at.has(special_part):
        return 0 if not tokens and not at.has(part) else at.cost(tokens, part)
    if special > tokens:
        raise Inconsistent(f"{special_part}_exceeds_{part}")
    apart, rest = at.cost(special, special_part), at.cost(tokens - special, part)
    return None if apart is None or rest is None else apart + rest


def _output_cost(usage: Usage, at: Rates, spoken: int) -> int | None:
    answered, thought = usage.output_tokens or 0, usage.reasoning_tokens or 0
    if thought and at.has("reasoning") and not spoken:
        return _mixed(at, answered, "output", thought, "reasoning")
    return _mixed(at, answered, "output", spoken, "output_audio")
