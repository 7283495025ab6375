"""Prompts to a connected model, some at once: answers with their cost and time, or why not.

Calls are guarded, limited and counted by the connection's breaker as those of judges are. Callers
hold the judges' lock (`evals.truth.services.asking.alone`), which keeps a connection's limits true.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import httpx
from django.conf import settings

from evals.models import Connection
from evals.providers import calling, guard
from evals.providers.calling import Endpoint
from evals.providers.errors import ProviderError, Unavailable
from evals.services import connections, money
from evals.services.judging import KEY_PROBLEMS
from evals.services.secrets import Unreadable
from evals.truth.services.asking import Never, NotNow
from sightglass.kernel.storable import storable
from traces.pricing import Overrides, in_force
from traces.services.prices import overrides_of

LONGEST = 90.0
"""Seconds for one answer."""
CHARACTERS = 2
"""Of a token at least, in words: what a prompt takes is never more than its length / this."""
OVERHEAD = 16
"""Tokens of a message beside its words."""


@dataclass(frozen=True, slots=True)
class Prompt:
    """Messages (role, content) and OpenAI's parameters, `max_tokens` among them."""

    messages: list[dict[str, str]]
    parameters: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Said:
    """`text` None: no answer, `error` says why, `again` whether a later try may bring one.

    `cost` in pico dollars, `ms` wall time.
    """

    text: str | None
    cost: int = 0
    ms: float = 0.0
    error: str = ""
    again: bool = False


def endpoint_of(row: Connection | None) -> Endpoint:
    """Raises NotNow while it rests, Never where it cannot be asked at all."""
    if row is None:
        raise Never("The connection was removed.")
    if row.state == "open" and row.open_until is not None:
        raise NotNow(f"The connection {row.name} rests after failures.", row.open_until)
    try:
        return connections.endpoint(row)
    except Unreadable as error:
        raise Never(str(error)) from error


def dearest(project_id: int, model: str, prompt: Prompt) -> int:
    """What asking this can cost at most (pico dollars); 0 where the model has no known price."""
    price = in_force(None, model, model, time.time_ns(), overrides_of(project_id))
    if price.rates is None:
        return 0
    tokens = sum(len(one["content"].encode()) // CHARACTERS + OVERHEAD for one in prompt.messages)
    rates = price.rates.for_input(tokens)
    asked = rates.cost(tokens, "input") or 0
    answered = rates.cost(int(prompt.parameters["max_tokens"]), "output") or 0
    return asked + answered + (rates.cost(1, "request") or 0)


def ask(project_id: int, row: Connection, model: str, prompts: Sequence[Prompt]) -> list[Said]:
    """What it says to each, in their order. Raises NotNow, Never."""
    endpoint = endpoint_of(row)
    endpoint.timeout = min(endpoint.timeout, LONGEST)
    endpoint.retries = 0  # a call that was cut off may have been paid for: its row is tried again
    said = asyncio.run(_all(endpoint, model, prompts, overrides_of(project_id)))
    _note(row, said)
    return said


async def _all(
    endpoint: Endpoint, model: str, prompts: Sequence[Prompt], prices: Overrides
) -> list[Said]:
    async with guard.client(
        private=settings.ALLOW_PRIVATE_PROVIDERS, connections=max(2, len(prompts))
    ) as client:
        return list(
            await asyncio.gather(*(_one(client, endpoint, model, one, prices) for one in prompts))
        )


async def _one(
    client: httpx.AsyncClient, endpoint: Endpoint, model: str, prompt: Prompt, prices: Overrides
) -> Said:
    began = time.perf_counter()
    try:
        async with endpoint.places:
            began = time.perf_counter()
            answer = await calling.once(
                client, endpoint, model, prompt.messages, None, prompt.parameters
            )
    except ProviderError as error:
        return Said(None, error=str(error)[:500], again=isinstance(error, Unavailable))
    spent = (time.perf_counter() - began) * 1000
    return Said(storable(answer.text), money.of_call(prices, model, answer), round(spent, 1))


def _note(row: Connection, said: Sequence[Said]) -> None:
    bad = [one for one in said if one.again or one.error.startswith(KEY_PROBLEMS)]
    if bad and len(bad) == len(said):
        connections.note_failures(row.pk, len(bad), bad[-1].error)
    elif any(one.text is not None for one in said):
        connections.note_success(row.pk)
