"""Two months of a shop's calls, sent, indexed and summed up as any are."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime
from typing import Any

from dashboards.cost import months
from dashboards.cost.months import Month
from sightglass.accounts.access import Access
from tests.traces.sending import SECOND, decoded, llm
from traces.services import indexing, rolling
from traces.services.ingest import store_spans

DAY = 86_400 * SECOND
LONG = "You answer questions about orders of the shop. Be brief. " * 30
NAMES = {"openai": ("gpt-4o", "gpt-4o-mini"), "anthropic": ("claude-sonnet-4-5",)}


def month(ago: int) -> Month:
    """A month that is over."""
    return months.recent(time.time_ns(), ago + 1)[ago]


def iso(ns: int) -> str:
    return datetime.fromtimestamp(ns // SECOND, UTC).strftime("%Y-%m-%dT%H:%M:%S")


def call(
    at: int,
    question: str,
    *,
    trace: bytes | None = None,
    model: str = "gpt-4o",
    prompt: str = "answer",
    user: str = "acct_1",
    tokens: tuple[int | None, int | None] = (1_000, 100),
    **more: Any,
) -> dict[str, Any]:
    messages = [{"role": "system", "content": LONG}, {"role": "user", "content": question}]
    provider = next((name for name, models in NAMES.items() if model in models), "own")
    attributes = {
        "gen_ai__provider__name": provider,
        "gen_ai__request__model": model,
        "gen_ai__response__model": model,
        "gen_ai__usage__input_tokens": tokens[0],
        "gen_ai__usage__output_tokens": tokens[1],
        "gen_ai__input__messages": json.dumps(messages),
        "langfuse__observation__prompt__name": prompt,
        "user__id": user,
        "session__id": f"of {user}",
        "deployment__environment__name": "production",
    }
    return llm(trace, start_ns=at, **(attributes | more))


def two_months(access: Access) -> None:
    """Of acct_1 thrice as long prompts and a loop in the later month; acct_2 moves to a small
    model; a model that nobody has a price for. Within some minutes of each month: what has changed
    in so few is read from raw rows, and nothing need be summed up first.
    """
    early, late = ((month(ago).range.start_ns or 0) + 3 * DAY for ago in (2, 1))
    spans = []
    for i in range(10):
        at = i * 30 * SECOND
        spans.append(call(early + at, f"What of order {i}?"))
        spans.append(call(late + at, f"What of order {i}?", tokens=(3_000, 100)))
        model = "gpt-4o" if i < 8 else "gpt-4o-mini"
        spans.append(call(early + at, f"Refund {i}", user="acct_2", model=model))
        model = "gpt-4o" if i < 2 else "gpt-4o-mini"
        spans.append(call(late + at, f"Refund {i}", user="acct_2", model=model))
    loop = bytes(range(16))
    spans += [call(late + i * SECOND, "Again <b>and</b> again", trace=loop) for i in range(6)]
    spans += [
        call(late + i * SECOND, f"Own {i}", model="our-llama", prompt="<i>own</i>", user="acct_3")
        for i in range(3)
    ]
    store_spans(access, decoded(*spans))
    indexing.run(60)


def run_away(access: Access, at: int, calls: int = 15, **more: Any) -> bytes:
    """A trace of `research` with many calls, each sent more than the one before, on another model;
    in the eight days before it there are as usual traces of two calls.
    """
    for i in range(24):
        start, trace = at - (1 + i % 8) * DAY + i * SECOND, bytes([i + 1] * 16)
        steps = [call(start + n * SECOND, f"{i} {n}", trace=trace, name="research", prompt="step")
                 for n in range(2)]  # fmt: skip
        store_spans(access, decoded(*steps))
    trace = bytes([99] * 16)
    steps = [
        call(at + n * SECOND, f"step {n}", trace=trace, name="research", prompt="step",
             model="claude-sonnet-4-5", user="acct_2", tokens=(1_000 * (n + 1), 100), **more)
        for n in range(calls)
    ]  # fmt: skip
    store_spans(access, decoded(*steps))
    indexing.run(60)
    return trace


def begun(access: Access, first: int, days: int) -> None:
    """A call a day from then on."""
    spans = [call(first + day * DAY, f"Of day {day}") for day in range(days)]
    store_spans(access, decoded(*spans))
    indexing.run(60)


def settle() -> None:
    """All sums are made."""
    while rolling.run(30):
        pass
