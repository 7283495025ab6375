"""The only way out by HTTP: to checked addresses, in bounded time, reading a bounded answer.

The address is checked where the connection is made (evals.providers.guard), so neither a redirect
(not followed) nor a name that resolves to something else the next moment leads inside.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import httpx

from evals.providers import guard
from evals.providers.errors import Forbidden, Unavailable

DEADLINE = 20.0
"""Seconds for all of it: name, connection, request, answer."""
LARGEST = 16_384
"""Bytes that are read of an answer."""
SWITCH = "SIGHTGLASS_ALLOW_PRIVATE_WEBHOOKS"
LONGEST_WAIT = 6 * 3600.0


class Unanswered(Exception):
    """Nobody answered, or in no way that HTTP knows. The message is ours."""


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    wait: float | None
    """Seconds, of Retry-After."""
    body: bytes
    """Its beginning. Nothing of it is shown."""


def post(url: str, *, body: bytes, headers: Mapping[str, str], private: bool) -> Answer:
    """Send it once. `private`: into the installation's own network too.

    Not from a thread whose event loop runs. Raises Unanswered, Forbidden.
    """
    try:
        return asyncio.run(_post(url, body, dict(headers), private))
    except TimeoutError:
        raise Unanswered(f"No answer within {DEADLINE:.0f} s.") from None
    except httpx.TimeoutException:
        raise Unanswered("No answer in time.") from None
    except Unavailable as error:
        raise Unanswered(str(error)) from None
    except httpx.ConnectError:
        raise Unanswered("No connection: wrong name or port, or nobody listens.") from None
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise Unanswered(f"The connection broke ({type(error).__name__}).") from None


async def _post(url: str, body: bytes, headers: dict[str, str], private: bool) -> Answer:
    async with asyncio.timeout(DEADLINE):
        async with (
            guard.client(private=private, connections=1, switch=SWITCH) as client,
            client.stream("POST", url, content=body, headers=headers, timeout=10.0) as answer,
        ):
            return Answer(answer.status_code, wait_of(answer.headers), await _beginning(answer))


async def _beginning(answer: httpx.Response) -> bytes:
    read = b""
    async for chunk in answer.aiter_raw():  # raw: nothing is inflated
        read += chunk
        if len(read) >= LARGEST:
            break
    return read[:LARGEST]


def wait_of(headers: Mapping[str, str]) -> float | None:
    """Seconds of Retry-After, in either of its forms; None where it says nothing sensible."""
    said = headers.get("retry-after", "").strip()
    if not said:
        return None
    try:
        seconds = float(said)
    except ValueError:
        try:
            at = parsedate_to_datetime(said)
        except ValueError:
            return None
        seconds = (
            (at if at.tzinfo else at.replace(tzinfo=UTC)) - datetime.now(UTC)
        ).total_seconds()
    return min(max(seconds, 0.0), LONGEST_WAIT) if math.isfinite(seconds) else None


__all__ = ["Answer", "Forbidden", "Unanswered", "post", "wait_of"]
