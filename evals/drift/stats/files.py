"""The lines that `sightglass drift` reads: a text each, and numbers and categories beside it."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from math import isfinite
from typing import Any

import numpy as np

from evals.drift.stats.windows import Window

GREATEST = 1e100
NONE = "(none)"
"""Category of a line that has none."""


class LineError(ValueError):
    """The file cannot be read; the message says which line and why."""


@dataclass(frozen=True, slots=True)
class Line:
    text: str
    numeric: dict[str, float]
    categories: dict[str, str]


def read(lines: Iterable[bytes]) -> list[Line]:
    """JSON lines; empty ones are passed over, other fields ignored. Raises LineError."""
    found = []
    for number, line in enumerate(lines, start=1):
        text = line.removeprefix(b"\xef\xbb\xbf") if number == 1 else line
        if not text.strip():
            continue
        try:
            found.append(_line(text))
        except LineError as error:
            raise LineError(f"line {number}: {error}") from None
    return found


def _line(line: bytes) -> Line:
    try:
        found = json.loads(line)
    except UnicodeDecodeError:
        raise LineError("not UTF-8") from None
    except json.JSONDecodeError as error:
        raise LineError(f"not JSON: {error.msg} at column {error.colno}") from None
    except (ValueError, RecursionError):
        raise LineError("not JSON that can be read") from None
    if not isinstance(found, dict):
        raise LineError("not an object")
    text = found.get("text")
    if not isinstance(text, str):
        raise LineError("`text` must be a text")
    numbers = _object(found, "numeric")
    categories = _object(found, "categories")
    return Line(
        text,
        {name: _number(name, value) for name, value in numbers.items() if value is not None},
        {name: _category(name, value) for name, value in categories.items() if value is not None},
    )


def _object(found: dict[str, Any], name: str) -> dict[str, Any]:
    value = found.get(name)
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise LineError(f"`{name}` must be an object")
    return value


def _number(name: str, value: Any) -> float:
    if not isinstance(value, bool | int | float):
        raise LineError(f"`numeric.{name}` must be a number")
    try:
        number = float(value)
    except OverflowError:
        number = float("inf")
    if not isfinite(number) or abs(number) > GREATEST:
        raise LineError(f"`numeric.{name}` must be a number of a size that can be")
    return number


def _category(name: str, value: Any) -> str:
    if not isinstance(value, str):
        raise LineError(f"`categories.{name}` must be a text")
    return value


def windows(reference: list[Line], current: list[Line]) -> tuple[Window, Window]:
    """Of both files; a number or category that some lines lack is absent there."""
    every = [*reference, *current]
    numbers = sorted({name for line in every for name in line.numeric})
    categories = sorted({name for line in every for name in line.categories})
    return _window(reference, numbers, categories), _window(current, numbers, categories)


def _window(lines: list[Line], numbers: list[str], categories: list[str]) -> Window:
    return Window(
        texts=[line.text for line in lines],
        numeric={
            name: np.array([line.numeric.get(name, np.nan) for line in lines]) for name in numbers
        },
        categories={
            name: [line.categories.get(name, NONE) for line in lines] for name in categories
        },
    )
