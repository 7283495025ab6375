"""Traffic whose repeats and paraphrases are known."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime
from typing import Any

from sightglass.accounts.access import Access
from tests.evals.judging import chat
from tests.traces.sending import SECOND, decoded
from traces.services import indexing
from traces.services.ingest import store_spans

NOW = time.time_ns()
HOUR = 3600 * SECOND

RETURNS = "How long may I return the lamp that I bought?"
AGAIN = "How many days may I return the lamp I bought?"
PARIS = "When does the store in Paris open on Sundays?"
LYON = "When does the store in Lyon open on Sundays?"
DAYS = "You may return it within 30 days, with the receipt."
NOON = "The shop opens at noon on Sundays and closes at six in the evening."
CLOSED = "Sorry, that branch was sold to somebody else last spring; try our web site instead."


def send(
    access: Access, *said: tuple[str, str], prompt: str = "support", ago_ns: int = HOUR, **more: str
) -> None:
    """Calls a minute apart, the last some minutes ago: question and answer each."""
    start = NOW - ago_ns - len(said) * 60 * SECOND
    spans = [
        chat(question, answer, start_ns=start + at * 60 * SECOND,
             **({"gen_ai__prompt__name": prompt, "user__id": "acct_1"} | more))
        for at, (question, answer) in enumerate(said)
    ]  # fmt: skip
    for begin in range(0, len(spans), 200):
        store_spans(access, decoded(*spans[begin : begin + 200]))
    indexing.run(10.0)


def with_tools(access: Access, number: int, prompt: str, **more: Any) -> None:
    """Steps of agents: they ask for a tool."""
    call = [{"type": "tool_call", "id": "1", "name": "find", "arguments": {}}]
    answer = json.dumps([{"role": "assistant", "parts": call}])
    said = [(f"Find {at}", "") for at in range(number)]
    send(access, *said, prompt=prompt, gen_ai__output__messages=answer, **more)


def bounds() -> tuple[int, int]:
    return NOW - 24 * HOUR, NOW + HOUR


def moment(ns: int) -> datetime:
    return datetime.fromtimestamp(ns / SECOND, UTC)
