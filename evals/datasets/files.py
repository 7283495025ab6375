"""Uploaded files as rows: CSV and JSON lines, in full or not at all. Pure."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

LARGEST = 16 * 2**20
"""Bytes of a file."""
MOST_ROWS, MOST_COLUMNS, LONGEST_COLUMN = 10_000, 100, 100
LONGEST_CELL = 400_000
MOST_TOLD = 100
KINDS = {"csv": "CSV", "jsonl": "JSON lines"}
SNIFFED = 4_096
DELIMITERS = ",;\t|"


class Unreadable(ValueError):
    """The file as a whole; says why."""


@dataclass(slots=True)
class Table:
    """`rows`: the line that each begins on, and its values by column."""

    columns: list[str] = field(default_factory=list)
    rows: list[tuple[int, dict[str, Any]]] = field(default_factory=list)
    faults: list[dict[str, Any]] = field(default_factory=list)
    """{"line", "detail"} of rows that cannot be read, at most MOST_TOLD."""
    faults_count: int = 0

    def wrong(self, line: int, detail: str) -> None:
        self.faults_count += 1
        if len(self.faults) < MOST_TOLD:
            self.faults.append({"line": line, "detail": detail})


def kind_of(name: str, data: bytes) -> str:
    """csv or jsonl, by the name or else by how it begins."""
    ending = name.lower().rpartition(".")[2]
    if ending in ("jsonl", "ndjson", "json"):
        return "jsonl"
    if ending in ("csv", "tsv"):
        return "csv"
    return "jsonl" if data.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] == b"{" else "csv"


def read(kind: str, data: bytes) -> Table:
    """Raises Unreadable."""
    if len(data) > LARGEST:
        raise Unreadable(f"A file has at most {LARGEST // 2**20} MB.")
    text = _decoded(data)
    table = _jsonl(text) if kind == "jsonl" else _csv(text)
    if not table.rows and not table.faults:
        raise Unreadable("There is no row in it.")
    return table


def _decoded(data: bytes) -> str:
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise Unreadable(f"Line {line} is not UTF-8. Save the file as UTF-8.") from None
    if "\0" in text:
        line = text[: text.index("\0")].count("\n") + 1
        raise Unreadable(f"Line {line} holds a NUL character.")
    return text


def _csv(text: str) -> Table:
    csv.field_size_limit(LONGEST_CELL)
    lines = csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(text), strict=True)
    table, rows = Table(), _rows(lines)
    try:
        _, header = next(rows, (1, []))
        table.columns = _columns([name.strip() for name in header])
        for line, cells in rows:
            if len(cells) != len(table.columns):
                table.wrong(
                    line, f"Has {len(cells)} cells; there are {len(table.columns)} columns."
                )
            else:
                table.rows.append((line, dict(zip(table.columns, cells, strict=True))))
            _count(table)
    except csv.Error as error:
        raise Unreadable(f"Line {lines.line_num}: {error}.") from None
    return table


def _rows(lines: Any) -> Iterator[tuple[int, list[str]]]:
    """Rows that are not empty, with the line that each begins on."""
    begins = 1
    for cells in lines:
        if any(cell.strip() for cell in cells):
            yield begins, cells
        begins = lines.line_num + 1


def _delimiter(text: str) -> str:
    """What is there most often in the first line, outside of quotes."""
    first = text[:SNIFFED].lstrip().partition("\n")[0]
    outside = "".join(first.split('"')[::2])
    return max(DELIMITERS, key=outside.count)


def _columns(names: list[str]) -> list[str]:
    if not any(names):
        raise Unreadable("The first line must name the columns.")
    if len(names) > MOST_COLUMNS:
        raise Unreadable(f"A file has at most {MOST_COLUMNS} columns.")
    for n, name in enumerate(names, 1):
        if not name or len(name) > LONGEST_COLUMN:
            raise Unreadable(f"Column {n} needs a name of 1 to {LONGEST_COLUMN} characters.")
        if names.index(name) != n - 1:
            raise Unreadable(f"Two columns are named {name}.")
    return names


def _jsonl(text: str) -> Table:
    table = Table()
    known: dict[str, None] = {}
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        row = _object(table, number, line)
        if row is not None:
            known.update(dict.fromkeys(row))
            table.rows.append((number, row))
        _count(table)
    for name in known:
        if not 0 < len(name) <= LONGEST_COLUMN:
            raise Unreadable(f"A key has 1 to {LONGEST_COLUMN} characters.")
    if len(known) > MOST_COLUMNS:
        raise Unreadable(f"The rows have more than {MOST_COLUMNS} different keys.")
    table.columns = list(known)
    return table


def _object(table: Table, number: int, line: str) -> dict[str, Any] | None:
    try:
        row = json.loads(line, parse_constant=_refuse)
    except json.JSONDecodeError as error:
        table.wrong(number, f"Is not JSON: {error.msg} at character {error.colno}.")
        return None
    except (ValueError, RecursionError) as error:
        table.wrong(number, f"Is not JSON: {str(error)[:100]}.")
        return None
    if not isinstance(row, dict):
        table.wrong(number, "Is no JSON object.")
        return None
    return row


def _refuse(name: str) -> Any:
    raise ValueError(f"{name} is no number of JSON")


def _count(table: Table) -> None:
    if len(table.rows) + table.faults_count > MOST_ROWS:
        raise Unreadable(f"A file has at most {MOST_ROWS:,} rows; split it.")
