"""Vectors from a provider's endpoint: guarded and limited as judges' calls are."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import httpx
import numpy as np
from django.conf import settings

from evals.models import Connection
from evals.providers import calling, guard
from evals.providers.calling import Endpoint
from evals.providers.errors import ProviderError, Refused, Unavailable
from evals.providers.waiting import waited
from evals.services import connections
from evals.services.secrets import Unreadable
from evals.vectors.embedding import Matrix

AT_ONCE = 64
"""Texts of one call."""
MOST_DIMENSIONS = 4_000
"""What an index over half precision takes."""


def embed(connection: Connection | None, name: str, texts: Sequence[str]) -> Matrix:
    """Unit vectors, shape (texts, what the model has). Blank texts are not asked about: zeros.

    Raises ProviderError: Unavailable where a later try may work.
    """
    if connection is None:
        raise Refused("the connection was removed")
    endpoint = _endpoint(connection)
    asked = [text for text in texts if text.strip()]
    parts = [asked[first : first + AT_ONCE] for first in range(0, len(asked), AT_ONCE)]
    try:
        found = waited(_all(endpoint, name, parts)) if parts else []
    except ProviderError as error:
        if not isinstance(error, Refused):
            connections.note_failures(connection.pk, 1, str(error))
        raise
    connections.note_success(connection.pk)
    return _matrix(texts, [row for part in found for row in part])


def _endpoint(connection: Connection) -> Endpoint:
    if connection.api != Connection.Api.OPENAI:
        raise Refused("only OpenAI-compatible connections make vectors")
    if connection.state == "open":
        raise Unavailable(f"the connection {connection.name} rests after failures")
    try:
        return connections.endpoint(connection)
    except Unreadable as error:
        raise Refused(str(error)) from error


async def _all(
    endpoint: Endpoint, name: str, parts: Sequence[Sequence[str]]
) -> list[list[list[float]]]:
    async with guard.client(private=settings.ALLOW_PRIVATE_PROVIDERS) as client:
        calls = [_part(client, endpoint, name, part) for part in parts]
        return list(await asyncio.gather(*calls))


async def _part(
    client: httpx.AsyncClient, endpoint: Endpoint, name: str, part: Sequence[str]
) -> list[list[float]]:
    return await calling.tried(endpoint, lambda: calling.embeddings(client, endpoint, name, part))


def _matrix(texts: Sequence[str], rows: Sequence[Sequence[float]]) -> Matrix:
    lengths = {len(row) for row in rows}
    if len(lengths) > 1 or any(not 0 < length <= MOST_DIMENSIONS for length in lengths):
        raise ProviderError(f"vectors of 1 to {MOST_DIMENSIONS} numbers, all alike, are taken")
    found = np.zeros((len(texts), max(lengths, default=1)), dtype=np.float32)
    places = [place for place, text in enumerate(texts) if text.strip()]
    if places:
        found[places] = np.array(rows, dtype=np.float32)
    norms = np.linalg.norm(found, axis=1, keepdims=True)
    np.divide(found, norms, out=found, where=norms > 0)
    return found
