"""Waiting for a provider where the caller is not asynchronous."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from threading import BoundedSemaphore
from typing import Any, TypeVar

from evals.providers.errors import Unavailable

T = TypeVar("T")
PLACES = BoundedSemaphore(3)
"""So many threads of a web process may wait for a provider; the others are for everybody else."""


def waited(work: Coroutine[Any, Any, T]) -> T:
    """What the coroutine returns or raises; Unavailable where too many wait already.

    It runs in a thread of its own, since the caller's may have a running event loop; so it must not
    use the database.
    """
    if not PLACES.acquire(blocking=False):
        work.close()
        raise Unavailable("too many calls wait for providers just now; try again in a moment")
    try:
        with ThreadPoolExecutor(1) as thread:
            return thread.submit(asyncio.run, work).result()
    finally:
        PLACES.release()
