"""Query parameters of lists, read strictly: a wrong one is 400 with its name, never ignored."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from django.db.models import Model, QuerySet
from django.http import QueryDict

from sightglass.problems import Problem
from traces.selectors.paging import (
    MAX_LIMIT,
    Cursor,
    CursorError,
    OrderError,
    Page,
    TimeRange,
    decode,
    encode,
)
from traces.selectors.search import Query, QueryError, parse

Row = TypeVar("Row")
Stored = TypeVar("Stored", bound=Model)
DEFAULT_LIMIT = 50
FORMATS = ("json", "jsonl", "csv")
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
DIGITS = re.compile(r"-?\d{1,19}", re.ASCII)
FRACTION = re.compile(r"\.(\d{1,9})\d*", re.ASCII)


@dataclass(frozen=True, slots=True)
class ListParameters:
    """What every list takes. `limited`: a limit was given, which bounds an export too."""

    query: Query
    range: TimeRange
    order: str
    limit: int
    limited: bool
    cursor: str | None
    format: str


def bad_parameter(name: str, detail: str, **more: Any) -> Problem:
    error = {"pointer": f"/{name}", "detail": detail, **more}
    return Problem(400, f"{name}: {detail}", title="Bad parameter", errors=[error])


def bad_query(error: QueryError) -> Problem:
    more: dict[str, Any] = {"position": error.position}
    if error.suggestion is not None:
        more["suggestion"] = error.suggestion
    return bad_parameter("q", error.detail, **more)


def bad_page(error: CursorError | OrderError) -> Problem:
    if isinstance(error, OrderError):
        return bad_parameter("order", str(error))
    return bad_parameter("cursor", "This cursor was not given out by this list in this order.")


def read_parameters(given: QueryDict) -> ListParameters:
    """Raises Problem (400)."""
    try:
        query = parse(given.get("q", ""))
    except QueryError as error:
        raise bad_query(error) from None
    form = given.get("format", "json")
    if form not in FORMATS:
        raise bad_parameter("format", f"One of {', '.join(FORMATS)}.")
    return ListParameters(
        query=query,
        range=TimeRange(read_time(given, "start"), read_time(given, "end")),
        order=given.get("order", "-start_time"),
        limit=read_limit(given, MAX_LIMIT, DEFAULT_LIMIT),
        limited="limit" in given,
        cursor=given.get("cursor") or None,
        format=form,
    )


def read_limit(given: QueryDict, most: int, default: int) -> int:
    text = given.get("limit", str(default))
    if not DIGITS.fullmatch(text) or not 1 <= int(text) <= most:
        raise bad_parameter("limit", f"A whole number from 1 to {most}.")
    return int(text)


def page_of(
    given: QueryDict, rows: Sequence[Row], order: str, identity: Callable[[Row], object]
) -> Page[Row]:
    """The page of a bounded list, all of which is at hand. Raises Problem (400), CursorError.

    It begins behind the row that the last one ended with, whatever came in before it; where that
    row is gone, at its place.
    """
    limit, begin = read_limit(given, MAX_LIMIT, DEFAULT_LIMIT), 0
    if text := given.get("cursor"):
        last, place = decode(text, order, (str, int)).key
        places = (i + 1 for i, row in enumerate(rows) if str(identity(row)) == last)
        begin = next(places, max(place, 0))
    page = Page(list(rows[begin : begin + limit]))
    if page.results and begin + limit < len(rows):
        key = (str(identity(page.results[-1])), begin + limit - 1)
        page.next = encode(order, Cursor(key))
    return page


def page_by_pk(
    given: QueryDict, rows: QuerySet[Stored], order: str, *, newest_first: bool = False
) -> Page[Stored]:
    """The page of a list that may grow without bound, in the order in which its rows were made.
    Raises Problem (400), CursorError."""
    limit = read_limit(given, MAX_LIMIT, DEFAULT_LIMIT)
    if text := given.get("cursor"):
        (last,) = decode(text, order, (int,)).key
        rows = rows.filter(pk__lt=last) if newest_first else rows.filter(pk__gt=last)
    found = list(rows.order_by("-pk" if newest_first else "pk")[: limit + 1])
    page = Page(found[:limit])
    if len(found) > limit:
        page.next = encode(order, Cursor((page.results[-1].pk,)))
    return page


def read_flag(given: QueryDict, name: str) -> bool:
    text = given.get(name, "false")
    if text not in {"true", "false"}:
        raise bad_parameter(name, "true or false.")
    return text == "true"


def read_time(given: QueryDict, name: str) -> int | None:
    text = given.get(name)
    if not text:
        return None
    try:
        return nanoseconds(text)
    except (ValueError, OverflowError):
        detail = "An RFC 3339 time with a zone, or whole Unix nanoseconds."
        raise bad_parameter(name, detail) from None


def nanoseconds(text: str) -> int:
    """RFC 3339 or Unix nanoseconds to Unix nanoseconds. Raises ValueError."""
    if DIGITS.fullmatch(text):
        value = int(text)
    else:
        # A "+" that was not percent-encoded arrives as a space.
        text = re.sub(r" (\d\d:\d\d)$", r"+\1", text)
        fraction = FRACTION.search(text)
        moment = datetime.fromisoformat(FRACTION.sub("", text))
        if moment.tzinfo is None:
            raise ValueError("no zone")
        value = (moment - EPOCH) // timedelta(seconds=1) * 10**9
        value += int(fraction[1].ljust(9, "0")) if fraction else 0
    if not -(2**63) <= value < 2**63:
        raise ValueError("out of range")
    return value
