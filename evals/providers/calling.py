"""One call to a provider, with what makes many of them bearable: limits, retries, clear errors."""

from __future__ import annotations

import asyncio
import random
import re
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, TypeVar

import httpcore
import httpx

from evals.providers import adapters
from evals.providers.adapters import Answer
from evals.providers.errors import ProviderError, Refused, Unavailable

T = TypeVar("T")
RETRIES = 2
"""Within one attempt of a job; what fails still is tried again by its row."""
LONGEST_WAIT = 20.0
"""Seconds that a call waits for a provider while it holds a place; longer waits go to the row."""
MAX_ANSWER = 4 * 2**20
MOST_EMBEDDED = 32 * 2**20
"""Of vectors, which are long when they are written out."""
MAX_SAID = 2_000
"""Bytes of an error's body that are read."""
WORD = re.compile(r"[^\s\"'<>,;(){}\[\]]{6,}")
SLOW_SECONDS = 5.0
"""What took longer to fail is not tried again at once: it would hold its place."""
PLAINER = ("response_format", "json_schema")


@dataclass(slots=True)
class Endpoint:
    """A connection as a call needs it, out of the database's reach."""

    id: int
    api: str
    base_url: str
    key: str
    model: str
    """Asked where no other is named."""
    concurrency: int
    requests_per_minute: int | None
    timeout: float
    places: asyncio.Semaphore = field(init=False)
    next_at: float = 0.0
    plain: bool = False
    """The server has said that it knows no JSON schemas."""
    retries: int = RETRIES

    def __post_init__(self) -> None:
        self.places = asyncio.Semaphore(self.concurrency)


async def ask(
    client: httpx.AsyncClient,
    endpoint: Endpoint,
    model: str,
    messages: list[dict[str, str]],
    schema: dict[str, Any] | None,
    parameters: dict[str, Any] | None = None,
) -> Answer:
    """Raises Refused, Unavailable, Forbidden or ProviderError."""
    return await tried(
        endpoint, lambda: once(client, endpoint, model, messages, schema, parameters)
    )


async def tried(endpoint: Endpoint, call: Callable[[], Awaitable[T]]) -> T:
    """A call in its turn, and again while it may work soon. Raises what `call` does."""
    async with endpoint.places:
        for attempt in range(endpoint.retries + 1):
            await _take_turn(endpoint)
            began = time.monotonic()
            try:
                return await call()
            except Unavailable as error:
                wait = error.wait if error.wait is not None else 0.5 * 2**attempt
                slow = time.monotonic() - began > SLOW_SECONDS
                if attempt == endpoint.retries or wait > LONGEST_WAIT or slow:
                    raise
                await asyncio.sleep(wait + random.uniform(0, 0.25))  # noqa: S311 - no secret
    raise AssertionError("unreachable")


async def _take_turn(endpoint: Endpoint) -> None:
    """Keep the rate limit of the connection: calls are spread evenly over the minute."""
    if endpoint.requests_per_minute is None:
        return
    now = time.monotonic()
    at = max(now, endpoint.next_at)
    endpoint.next_at = at + 60.0 / endpoint.requests_per_minute
    await asyncio.sleep(at - now)


async def once(
    client: httpx.AsyncClient,
    endpoint: Endpoint,
    model: str,
    messages: list[dict[str, str]],
    schema: dict[str, Any] | None,
    parameters: dict[str, Any] | None = None,
) -> Answer:
    """A single call, not tried again. Raises what `ask` does."""
    asked = adapters.request(endpoint.api, endpoint.key, model, messages, schema, parameters)
    body = adapters.plainer(asked.body) if endpoint.plain and schema else asked.body
    url = endpoint.base_url.rstrip("/") + asked.path
    status, headers, content = await _post(client, url, asked.headers, body, endpoint.timeout)
    if status == 400 and schema and not endpoint.plain and _wants_plainer(content):
        endpoint.plain = True
        body = adapters.plainer(asked.body)
        status, headers, content = await _post(client, url, asked.headers, body, endpoint.timeout)
    _raise_for(status, headers, content, endpoint.key)
    return adapters.answer(endpoint.api, _read(content))


async def embeddings(
    client: httpx.AsyncClient, endpoint: Endpoint, model: str, texts: Sequence[str]
) -> list[list[float]]:
    """A vector for each text, from an OpenAI-compatible endpoint; not tried again.

    Raises Refused, Unavailable, Forbidden or ProviderError.
    """
    asked = adapters.embeddings_request(endpoint.key, model, texts)
    url = endpoint.base_url.rstrip("/") + asked.path
    status, headers, content = await _post(
        client, url, asked.headers, asked.body, endpoint.timeout, MOST_EMBEDDED
    )
    _raise_for(status, headers, content, endpoint.key)
    return adapters.embeddings_answer(_read(content), len(texts))


def _read(content: bytes) -> Any:
    try:
        return httpx.Response(200, content=content).json()
    except (ValueError, RecursionError) as error:
        raise ProviderError("the answer is not JSON that can be read") from error


def _wants_plainer(content: bytes) -> bool:
    return any(word.encode() in content for word in PLAINER)


async def _post(
    client: httpx.AsyncClient,
    url: str,
    headers: dict[str, str],
    body: Any,
    timeout: float,
    most: int = MAX_ANSWER,
) -> tuple[int, httpx.Headers, bytes]:
    try:
        async with asyncio.timeout(timeout):
            sent = client.stream("POST", url, headers=headers, json=body, timeout=timeout)
            async with sent as response:
                return response.status_code, response.headers, await _bounded(response, most)
    except (TimeoutError, httpx.TimeoutException) as error:
        raise Unavailable(f"no answer within {timeout:g} s") from error
    except (httpx.TransportError, httpcore.NetworkError) as error:
        raise Unavailable(f"cannot be reached: {error or type(error).__name__}") from error
    except (httpx.InvalidURL, httpx.DecodingError) as error:
        raise ProviderError(f"{type(error).__name__}: {error}") from error


async def _bounded(response: httpx.Response, most: int) -> bytes:
    parts, size = [], 0
    async for part in response.aiter_bytes():
        size += len(part)
        if size > most:
            raise ProviderError(f"the answer is longer than {most // 2**20} MiB")
        parts.append(part)
    return b"".join(parts)


def _raise_for(status: int, headers: httpx.Headers, content: bytes, key: str) -> None:
    if status == 200:
        return
    said = " ".join(content[:MAX_SAID].decode(errors="replace").split())
    said = without_key(said, key)[:300]
    message = f"HTTP {status}: {said}" if said else f"HTTP {status}"
    if status in (408, 409, 425, 429, 529) or status >= 500:
        raise Unavailable(message, retry_after(headers))
    raise Refused(message)


def without_key(said: str, key: str) -> str:
    """A provider's words with nothing of the key in them that it may have repeated."""
    return WORD.sub(
        lambda word: "…" if word[0] in key or (key and key in word[0]) else word[0], said
    )


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds, at least 0 and at most a day; None where the provider did not say."""
    given = headers.get("retry-after-ms")
    try:
        if given is not None:
            return _sane(float(given) / 1000)
        given = headers.get("retry-after")
        return None if given is None else _sane(float(given))
    except ValueError:
        return _until(str(given))


def _until(date: str) -> float | None:
    try:
        moment = parsedate_to_datetime(date)
    except ValueError:
        return None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return _sane((moment - datetime.now(UTC)).total_seconds())


def _sane(seconds: float) -> float | None:
    return None if seconds != seconds else min(max(seconds, 0.0), 86_400.0)
