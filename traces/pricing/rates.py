"""Prices per token, exact: integers of pico dollars per million tokens."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

MILLION = 10**6
SCALE = 10**12  # pico dollars in a dollar


def scaled(dollars_per_million: Decimal) -> int:
    """US dollars per million tokens as pico dollars per million tokens."""
    return int(dollars_per_million * SCALE)


@dataclass(slots=True, frozen=True)
class Rates:
    """Pico dollars per million tokens by part: input, output, cache_read, cache_write, input_audio,
    output_audio, reasoning; and per million requests: request.

    `tiers`: (more than so many input tokens, the rates then); a tier holds for all tokens of a
    call.
    """

    values: Mapping[str, int]
    tiers: Sequence[tuple[int, Mapping[str, int]]] = ()

    def for_input(self, input_tokens: int) -> Rates:
        """The rates in force for a call with so many input tokens, cached ones included."""
        values: Mapping[str, int] | None = None
        for start, tier in self.tiers:
            if input_tokens > start:
                values = tier
        return self if values is None else Rates({**self.values, **values})

    def has(self, part: str) -> bool:
        return part in self.values

    def cost(self, tokens: int, part: str, otherwise: str | None = None) -> int | None:
        """Pico dollars, rounded;

        None without a price. `otherwise`: the part whose price holds instead.
        """
        rate = self.values.get(part)
        if rate is None and otherwise is not None:
            rate = self.values.get(otherwise)
        if rate is None:
            return None
        return (tokens * rate + MILLION // 2) // MILLION
