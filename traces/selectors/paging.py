"""Keyset pages and the time limit of reads, for every list."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

import orjson
from django.db import InterfaceError, OperationalError, connection, transaction
from psycopg.errors import QueryCanceled

from traces.selectors.one_reading import Reading, current

T = TypeVar("T")
READ_LIMIT_MS = 5_000
LIMIT = "SELECT set_config('statement_timeout', %s, %s)"
MAX_LIMIT = 1_000
MAX_CURSOR = 4_000


class CursorError(ValueError):
    """A cursor that this list and order did not give out."""


class OrderError(ValueError):
    """An order that this list does not have."""


class TooSlow(Exception):
    """A read was stopped at READ_LIMIT_MS."""


@dataclass(slots=True)
class Page(Generic[T]):
    """One page. `next` and `previous` are cursors, or None where the list ends."""

    results: list[T] = field(default_factory=list)
    next: str | None = None
    previous: str | None = None


@dataclass(frozen=True, slots=True)
class TimeRange:
    """Unix nanoseconds, start included, end not; None: open."""

    start_ns: int | None = None
    end_ns: int | None = None


@dataclass(frozen=True, slots=True)
class Cursor:
    """Where a page begins: behind (or, `backward`, before) the row with this key."""

    key: tuple[Any, ...]  # whole numbers and text
    backward: bool = False


def encode(order: str, cursor: Cursor) -> str:
    raw = orjson.dumps([order, int(cursor.backward), *map(str, cursor.key)])
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def decode(text: str, order: str, types: tuple[type, ...]) -> Cursor:
    """Raises CursorError unless `encode` made `text` for this order and these types of key."""
    if len(text) > MAX_CURSOR:
        raise CursorError
    try:
        raw = base64.b64decode(
            text.encode() + b"=" * (-len(text) % 4), altchars=b"-_", validate=True
        )
        made_for, backward, *parts = orjson.loads(raw)
        key = tuple(kind(part) for kind, part in zip(types, parts, strict=True))
    except (ValueError, TypeError, binascii.Error):
        raise CursorError from None
    if made_for != order or backward not in (0, 1) or any(not fits(part) for part in key):
        raise CursorError
    return Cursor(key, bool(backward))


def fits(part: int | str) -> bool:
    """Whether Postgres can hold it: a number of 8 bytes, or text without NUL."""
    return -(2**63) <= part < 2**63 if isinstance(part, int) else "\x00" not in part


@contextmanager
def time_limit(milliseconds: int = READ_LIMIT_MS) -> Iterator[None]:
    """Run reads that Postgres stops after a while. Raises TooSlow.

    Alone, they are one transaction. Within one reading each statement is one, and the limit stays
    set until the reading ends: the many short reads of a page would else take four statements each.
    """
    try:
        if (reading := current()) and not connection.in_atomic_block:
            _limit(reading, milliseconds)
            yield
        else:
            with transaction.atomic():
                with connection.cursor() as cursor:
                    cursor.execute(LIMIT, [str(milliseconds), True])
                yield
    except OperationalError as error:
        if isinstance(error.__cause__, QueryCanceled):
            raise TooSlow from error
        raise


def _limit(reading: Reading, milliseconds: int) -> None:
    if reading.limit_ms == milliseconds:
        return
    with connection.cursor() as cursor:
        cursor.execute(LIMIT, [str(milliseconds), False])
    if reading.limit_ms is None:
        reading.end.callback(_unlimit)
    reading.limit_ms = milliseconds


def _unlimit() -> None:
    """Take the limit off the connection, or let go of a connection that does not answer."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("RESET statement_timeout")
    except (OperationalError, InterfaceError):
        connection.close()
