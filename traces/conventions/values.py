"""Reading of single values: numbers that must not lie, JSON in strings, short previews."""

from __future__ import annotations

import ast
import math
from decimal import Decimal, InvalidOperation
from typing import Any

import orjson

from traces.spans import PICO, PREVIEW_LENGTH

MAX_TOKENS = 2**40
MAX_REPR = 20_000
NUL = "\\u0000"
SHALLOW = 200
"""Brackets with which a text cannot be nested beyond what is written as JSON (254)."""


def parsed(value: Any) -> Any:
    """The JSON (or short Python literal) inside a string; anything else as it is.

    What could not be written as JSON again (nested beyond its writer's limit) stays a string.
    """
    if not isinstance(value, str) or not value:
        return value
    if value[0] not in '{["(' and value not in ("true", "false", "null"):
        return value
    try:
        found = loads(value)
    except ValueError:
        return _literal(value) if value[0] in "{[(" and len(value) <= MAX_REPR else value
    if value.count("[") + value.count("{") > SHALLOW and _written(found) is None:
        return value
    return found


def loads(value: str) -> Any:
    """JSON without NUL, which no column can hold, even as an escape. Raises ValueError."""
    return orjson.loads(value.replace(NUL, "\\ufffd") if NUL in value else value)


def _literal(value: str) -> Any:
    try:
        found = ast.literal_eval(value)
    except (ValueError, SyntaxError, MemoryError, RecursionError, TypeError):
        return value
    written = _written(found)
    return value if written is None else orjson.loads(written)


def _written(value: Any) -> bytes | None:
    """The value as JSON; None for what JSON cannot hold."""
    try:
        written = orjson.dumps(value)
    except TypeError:  # too deep; Python's sets, bytes, keys and numbers beyond 64 bits
        return None
    return None if NUL.encode() in written else written


def scalar(value: Any) -> Any:
    """Metadata that was sent as text: numbers, booleans and JSON as what they are."""
    if isinstance(value, str) and value[:1] in '-0123456789"' and len(value) <= 400:
        try:
            inner = loads(value)
        except ValueError:
            return value
        return scalar(inner) if isinstance(inner, str) and value[0] == '"' else inner
    return parsed(value)


def numeral(value: Any) -> float | None:
    """A finite number, or None for anything else (a boolean is none)."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        number = float(value)
    except OverflowError:
        return None
    return number if math.isfinite(number) else None


def tokens(value: Any) -> int | None:
    """A token count, or None for what cannot be one (bool, text, negative, NaN, absurd)."""
    if type(value) is int:
        return value if 0 <= value <= MAX_TOKENS else None
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    if isinstance(value, float) and (not math.isfinite(value) or value != int(value)):
        return None
    return int(value) if 0 <= value <= MAX_TOKENS else None


def pico(value: Any) -> int | None:
    """Dollars as pico dollars, without a float's error; None if no amount."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        amount = Decimal(str(value))
        whole = int((amount * PICO).to_integral_value()) if amount.is_finite() else -1
    except (InvalidOperation, ValueError, OverflowError):
        return None
    return whole if 0 <= whole < 2**63 else None


def text(value: Any) -> str | None:
    """A non-empty text of a scalar, unquoted if it is a JSON string."""
    if type(value) is str and value[:1] != '"' and "\0" not in value:  # as nearly all are
        return value or None
    value = parsed(value) if isinstance(value, str) and value[:1] == '"' else value
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    return str(value).replace("\0", "\ufffd") or None


def texts(value: Any) -> list[str]:
    """A list of texts out of an array, a JSON array or one text."""
    value = parsed(value)
    items = value if isinstance(value, list | tuple) else [value]
    return [found for item in items if (found := text(item)) is not None]


def as_json(value: Any) -> str:
    """The JSON of a value; Python's repr of what JSON cannot hold."""
    try:
        return orjson.dumps(value, default=str, option=orjson.OPT_NON_STR_KEYS).decode()
    except TypeError:  # beyond 64 bits, lone surrogates, too deep
        pass
    try:
        return repr(value)
    except RecursionError:
        return "…"


def preview(value: Any) -> str | None:
    """At most `PREVIEW_LENGTH` characters with white space folded; None if nothing is there."""
    if value is None:
        return None
    value = value if isinstance(value, str) else as_json(value)
    # Nearly always the beginning is enough; a text with long white space is read further.
    for length in (PREVIEW_LENGTH + 20, PREVIEW_LENGTH * 4):
        folded = " ".join(value[:length].replace("\0", "\ufffd").split())
        if len(folded) >= PREVIEW_LENGTH:
            break
    return folded[:PREVIEW_LENGTH] or None
