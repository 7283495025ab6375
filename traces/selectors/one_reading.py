"""What the reads of one page share: marks and raw rows are read once, however many charts ask."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator
from contextlib import ExitStack, contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import TypeVar

T = TypeVar("T")


@dataclass(slots=True)
class Reading:
    """`limit_ms`: what a statement of the connection may take since, if that was set."""

    known: dict[Hashable, object] = field(default_factory=dict)
    limit_ms: int | None = None
    end: ExitStack = field(default_factory=ExitStack)
    """What is done when the reading ends."""


_current: ContextVar[Reading | None] = ContextVar("one_reading", default=None)


@contextmanager
def one_reading() -> Iterator[None]:
    """Within it, `shared` asks each question once. For reads of one request, never for writes."""
    reading = Reading()
    token = _current.set(reading)
    try:
        with reading.end:
            yield
    finally:
        _current.reset(token)


def current() -> Reading | None:
    """The reading that this is part of, if it is part of one."""
    return _current.get()


def shared(key: Hashable, ask: Callable[[], T]) -> T:
    """The answer to a question, which has been asked before within this reading or is now."""
    reading = _current.get()
    if reading is None:
        return ask()
    if key not in reading.known:
        reading.known[key] = ask()
    answer: T = reading.known[key]  # type: ignore[assignment]
    return answer
