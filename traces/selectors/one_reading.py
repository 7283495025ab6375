"""What the sums of one page share: marks and raw rows are read once, however many charts ask."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TypeVar

T = TypeVar("T")
_shared: ContextVar[dict[Hashable, object] | None] = ContextVar("one_reading", default=None)


@contextmanager
def one_reading() -> Iterator[None]:
    """Within it, `shared` asks each question once. For reads of one request, never for writes."""
    token = _shared.set({})
    try:
        yield
    finally:
        _shared.reset(token)


def shared(key: Hashable, ask: Callable[[], T]) -> T:
    """The answer to a question, which has been asked before within this reading or is now."""
    known = _shared.get()
    if known is None:
        return ask()
    if key not in known:
        known[key] = ask()
    answer: T = known[key]  # type: ignore[assignment]
    return answer
