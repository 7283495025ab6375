"""What of the spending need not be: slices with long prompts of little use, and so on. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from dashboards import numbers
from traces.pricing import Rates
from traces.rollups.measures import Measures
from traces.spans import Kind

LONG = 2_000
"""Mean tokens of input from which on a prompt is long."""
SHORT_USE = 0.05
"""Tokens of output for one of input, up to which the answer is short for it."""
LEAST_CALLS = 20

Where = tuple[str | None, str | None, str | None]
"""Provider, model, feature."""
RatesOf = Callable[[str | None, str | None], Rates | None]
Slices = Mapping[Where, Measures]
NONE: Slices = {}


@dataclass(frozen=True, slots=True)
class Finding:
    """One slice. `money` in pico dollars: None where no price says it.

    `unknown`: of how many of the calls nothing is in it, because no price of them is known.
    `away`: what of it is of traces that ran away. `cached`: tokens of its input read from a cache.
    """

    where: Where
    calls: int
    money: int | None
    detail: str
    unknown: int = 0
    away: int = 0
    input: int = 0
    cached: int = 0


def chats(groups: Iterable[tuple[tuple[str | None, ...], Measures]]) -> dict[Where, Measures]:
    """Of sums by kind, provider, model and feature, those of chat models."""
    found: dict[Where, Measures] = {}
    for (kind, provider, model, feature), sums in groups:
        if kind == Kind.LLM:
            found.setdefault((provider, model, feature), Measures()).add(sums)
    return found


def long_prompts(slices: Slices, away: Slices = NONE) -> list[Finding]:
    """Slices whose prompts are long and whose answers are short; money: all that input cost.

    `away`: what of the slices is of traces that ran away.
    """
    found = []
    for where, sums in slices.items():
        if sums.calls < LEAST_CALLS or not sums.input_tokens:
            continue
        each = sums.input_tokens / sums.calls
        use = sums.output_tokens / sums.input_tokens
        if each < LONG or use > SHORT_USE:
            continue
        money, gone = input_cost(sums), input_cost(away.get(where, Measures()))
        detail = (
            f"{numbers.tokens(round(each))} in → {numbers.number(round(each * use))} out per call;"
            f" {numbers.share(sums.cache_read_tokens / sums.input_tokens)} read from cache"
        )
        unknown = sums.unpriced if money or not sums.cost else sums.calls
        found.append(
            Finding(
                where,
                sums.calls,
                None if unknown >= sums.calls else money,
                detail,
                unknown,
                min(gone, money),
                sums.input_tokens,
                sums.cache_read_tokens,
            )
        )
    return _ranked(found)


def input_cost(sums: Measures) -> int:
    return sums.cost_input + sums.cost_cache_read + sums.cost_cache_write


def missed_prefixes(slices: Slices, rates_of: RatesOf, away: Slices = NONE) -> list[Finding]:
    """Slices whose prompts begin as others just did, and were not read from a cache.

    Money: what all of their input would have cost less at the rate for cached input. It is a most:
    only the common beginning can be cached.
    """
    found = []
    for where, sums in slices.items():
        if not sums.prefix_missed:
            continue
        rates = rates_of(where[0], where[1])
        money = None
        if rates is not None and rates.has("cache_read"):
            at = rates.for_input(sums.prefix_missed_tokens // sums.prefix_missed)
            full, cached = (
                at.cost(sums.prefix_missed_tokens, one) for one in ("input", "cache_read")
            )
            if full is not None and cached is not None:
                money = max(0, full - cached)
        detail = (
            f"{numbers.share(sums.prefix_missed / sums.calls)} of calls,"
            f" {numbers.tokens(sums.prefix_missed_tokens)} tokens of input"
        )
        gone = away.get(where, Measures()).prefix_missed_tokens
        part = min(1.0, gone / max(1, sums.prefix_missed_tokens))
        unknown = sums.prefix_missed if money is None else 0
        found.append(
            Finding(where, sums.prefix_missed, money, detail, unknown, round((money or 0) * part))
        )
    return _ranked(found)


def repeated(slices: Slices, away: Slices = NONE) -> list[Finding]:
    """Slices with calls that asked what their trace had asked before; money: what these cost."""
    found = []
    for where, sums in slices.items():
        if sums.retried:
            detail = f"{numbers.share(sums.retried / sums.calls)} of {sums.calls:,} calls"
            money, gone = sums.retried_cost, away.get(where, Measures()).retried_cost
            unknown = unknown_repeats(sums)
            known = None if unknown == sums.retried else money
            found.append(Finding(where, sums.retried, known, detail, unknown, min(gone, money)))
    return _ranked(found)


def unknown_repeats(sums: Measures) -> int:
    """How many repeated calls of a slice have no known cost, as failed ones that say no tokens.

    Sums do not tell which these are. Where repeats cost nothing they are taken to be among the
    calls without a known cost; else only what cannot be among the others is.
    """
    if not sums.retried_cost:
        return min(sums.retried, sums.unpriced)
    return max(0, sums.retried - (sums.calls - sums.unpriced))


def _ranked(found: list[Finding]) -> list[Finding]:
    return sorted(found, key=lambda one: (-(one.money or 0), -one.calls))


def total(findings: Iterable[Finding]) -> int:
    """What is known of it."""
    return sum(one.money or 0 for one in findings)


def unknown(findings: Iterable[Finding]) -> int:
    """Calls of which nothing is in the total."""
    return sum(one.unknown for one in findings)


def gone(findings: Iterable[Finding]) -> int:
    """What of their money is of traces that ran away."""
    return sum(one.away for one in findings)


def cached(findings: Sequence[Finding]) -> float:
    """The share of their input that was read from a cache."""
    whole = sum(one.input for one in findings)
    return sum(one.cached for one in findings) / whole if whole else 0.0
