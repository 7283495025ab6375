"""Lists as files: JSON lines and CSV, streamed page by page so that memory stays flat."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import orjson
from django.http import StreamingHttpResponse

from traces.selectors.paging import Page

Row = dict[str, Any]
BATCH = 1_000
_SKIPPED = r"[\s\x00-\x20\ufeff\u200b-\u200f\u2028-\u202e\u2060-\u2069]*"
NUMBER = re.compile(r"-[0-9]+(\.[0-9]+)?")
"""A negative amount, which begins as a formula may and is none."""

FORMULA = re.compile(r"[\t\r\n\0]|" + _SKIPPED + r"[=+\-@|\uff1d\uff0b\uff0d\uff20\uff5c\u2212]")
"""A spreadsheet may run a cell that begins so: in full width too, and after white space and what is
invisible, which it may skip."""
TYPES = {"jsonl": "application/x-ndjson", "csv": "text/csv; charset=utf-8"}


def dumps(value: Any) -> bytes:
    """JSON, also of whole numbers beyond 64 bits, which orjson does not write."""
    try:
        return orjson.dumps(value, default=str)
    except orjson.JSONEncodeError:
        return json.dumps(value, default=str).encode()


def pages(
    first: Page[Any], more: Callable[[str], Page[Any]], most: int | None
) -> Iterator[list[Any]]:
    """The results of a list, page after page, at most `most` in all."""
    page, left = first, most
    while True:
        results = page.results if left is None else page.results[:left]
        if results:
            yield results
        if left is not None:
            left -= len(results)
        if page.next is None or left == 0:
            return
        page = more(page.next)


def file_response(
    batches: Iterable[Sequence[Row]], *, name: str, form: str, columns: Sequence[str]
) -> StreamingHttpResponse:
    """A download of `batches`. `columns`: names of a CSV, dotted where an object is laid out."""
    lines = jsonl(batches) if form == "jsonl" else csv_lines(batches, columns)
    response = StreamingHttpResponse(lines, content_type=TYPES[form])
    response["Content-Disposition"] = f'attachment; filename="{name}.{form}"'
    return response


def jsonl(batches: Iterable[Sequence[Row]]) -> Iterator[bytes]:
    for batch in batches:
        yield b"".join(dumps(row) + b"\n" for row in batch)


def csv_lines(batches: Iterable[Sequence[Row]], columns: Sequence[str]) -> Iterator[bytes]:
    yield written([list(columns)])
    for batch in batches:
        yield written([[cell(at(row, column)) for column in columns] for row in batch])


def written(rows: list[list[Any]]) -> bytes:
    out = io.StringIO()
    # Quoted throughout: a separator or quote inside a cell must not begin another one.
    csv.writer(out, quoting=csv.QUOTE_ALL).writerows(rows)
    return out.getvalue().encode()


def at(row: Row, column: str) -> Any:
    """The value at a dotted column."""
    value: Any = row
    for part in column.split("."):
        value = value.get(part) if isinstance(value, dict) else None
    return value


def cell(value: Any) -> Any:
    """A value as a cell that no spreadsheet takes for a formula."""
    if isinstance(value, dict | list | bool):
        value = dumps(value).decode()
    if isinstance(value, str) and FORMULA.match(value) and not NUMBER.fullmatch(value):
        return f"'{value}"
    return value
