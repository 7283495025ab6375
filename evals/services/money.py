"""What a judge's call cost, by the same prices as the application's own calls."""

from __future__ import annotations

import time

from evals.providers.adapters import Answer
from traces.pricing import Overrides, price
from traces.spans import Kind, SpanFacts, Usage


def of_call(prices: Overrides, asked: str, answer: Answer) -> int:
    """Pico dollars; 0 where the model has no known price, as with most self-hosted ones."""
    facts = SpanFacts(
        kind=Kind.LLM,
        model=answer.model or asked,
        request_model=asked,
        usage=Usage(
            input_tokens=answer.input_tokens,
            output_tokens=answer.output_tokens,
            cache_read_tokens=answer.cached_tokens or None,
        ),
    )
    priced = price(
        facts,
        start_ns=time.time_ns(),
        duration_ns=None,
        overrides=prices,
    )
    return priced.cost.total or 0
