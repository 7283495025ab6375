"""What of the spending need not be: slices with long prompts of little use, and so on. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable
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
MOST = 15

Where = tuple[str | None, str | None, str | None]
"""Provider, model, feature."""
RatesOf = Callable[[str | None, str | None], Rates | None]


@dataclass(frozen=True, slots=True)
class Finding:
    """One slice. `money` in pico dollars: None where no price says it."""

    where: Where
    calls: int
    money: int | None
    detail: str


def chats(groups: Iterable[tuple[tuple[str | None, ...], Measures]]) -> dict[Where, Measures]:
    """Of sums by kind, provider, model and feature, those of chat models."""
    found: dict[Where, Measures] = {}
    for (kind, provider, model, feature), sums in groups:
        if kind == Kind.LLM:
            found.setdefault((provider, model, feature), Measures()).add(sums)
    return found


def long_prompts(slices: dict[Where, Measures]) -> list[Finding]:
    """Slices whose prompts are long and whose answers are short; money: all that input cost."""
    found = []
    for where, sums in slices.items():
        if sums.calls < LEAST_CALLS or not sums.input_tokens:
            continue
        each = sums.input_tokens / sums.calls
        use = sums.output_tokens / sums.input_tokens
        if each < LONG or use > SHORT_USE:
            continue
        money = sums.cost_input + sums.cost_cache_read + sums.cost_cache_write
        detail = (
            f"{numbers.tokens(round(each))} in → {numbers.number(round(each * use))} out per call;"
            f" {numbers.share(sums.cache_read_tokens / sums.input_tokens)} read from cache"
        )
        found.append(Finding(where, sums.calls, money or None, detail))
    return _ranked(found)


def missed_prefixes(slices: dict[Where, Measures], rates_of: RatesOf) -> list[Finding]:
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
        found.append(Finding(where, sums.prefix_missed, money, detail))
    return _ranked(found)


def repeated(slices: dict[Where, Measures]) -> list[Finding]:
    """Slices with calls that asked what their trace had asked before; money: what these cost."""
    found = []
    for where, sums in slices.items():
        if sums.retried:
            detail = f"{numbers.share(sums.retried / sums.calls)} of {sums.calls:,} calls"
            found.append(Finding(where, sums.retried, sums.retried_cost or None, detail))
    return _ranked(found)


def _ranked(found: list[Finding]) -> list[Finding]:
    return sorted(found, key=lambda one: (-(one.money or 0), -one.calls))[:MOST]


def total(findings: Iterable[Finding]) -> int:
    return sum(one.money or 0 for one in findings)
