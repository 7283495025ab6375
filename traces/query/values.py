"""One written value to a match in stored units: `>2s` on a time is `> 2_000_000_000`."""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal
from uuid import UUID

from traces.ids import span_from_hex, trace_from_hex
from traces.query.errors import QueryError
from traces.query.fields import Field, Type
from traces.query.lexer import Value
from traces.query.nodes import Compare, Like, Match, Operator, Present, Range, Scalar
from traces.spans import PICO

LARGEST = 2**63 - 1
NUMBER = re.compile(r"\d{1,30}(?:\.\d{1,30})?|\.\d{1,30}", re.ASCII)
SIGNED = re.compile(r"-?(?:\d{1,30}(?:\.\d{1,30})?|\.\d{1,30})", re.ASCII)
OPERATOR = re.compile(r">=|<=|>|<|=")
TIME_UNITS = {
    "ns": 1,
    "us": 10**3,
    "µs": 10**3,
    "ms": 10**6,
    "": 10**6,
    "s": 10**9,
    "m": 60 * 10**9,
    "h": 3600 * 10**9,
}
COUNT_UNITS = {"": 1, "k": 10**3, "K": 10**3, "M": 10**6, "G": 10**9}
MEASURED = frozenset({Type.COUNT, Type.MONEY, Type.TIME})


def match_of(field: Field, value: Value) -> Match:
    """Raises QueryError at the value's position."""
    text, position = value.text, value.position
    if "\x00" in text:
        raise QueryError(position, "The character NUL is never stored")
    if value.quoted:
        return Compare("=", _scalar(field, text, position, literal=True))
    if text == "*":
        return Present()
    if found := OPERATOR.match(text):
        return _comparison(field, found[0], text[found.end() :], position)
    if field.type in MEASURED or field.type is Type.ANY:
        low, dots, high = text.partition("..")
        if dots:
            return _range(field, low, high, position)
    if "*" in text and field.type in {Type.TEXT, Type.ANY}:
        return Like(tuple(text.split("*")))
    return Compare("=", _scalar(field, text, position))


def _comparison(field: Field, sign: str, rest: str, position: int) -> Match:
    if sign != "=" and field.type not in MEASURED and field.type is not Type.ANY:
        raise QueryError(position, f"{field.name} cannot be compared with {sign}")
    operator: Operator = sign  # type: ignore[assignment]
    value = _scalar(field, rest, position + len(sign))
    if sign != "=" and isinstance(value, str | bool):
        raise QueryError(position, f"{sign} needs a number")
    return Compare(operator, value)


def _range(field: Field, low: str, high: str, position: int) -> Match:
    ends = [_scalar(field, part, position) for part in (low, high)]
    if any(isinstance(end, str | bool) for end in ends):
        if field.type is Type.ANY:
            return Compare("=", f"{low}..{high}")
        raise QueryError(position, "A range is written low..high, with numbers")
    return Range(*ends)


def _scalar(field: Field, text: str, position: int, *, literal: bool = False) -> Scalar:
    if not text:
        if literal and field.type in {Type.TEXT, Type.ANY}:
            return ""
        raise QueryError(position, "A value is missing here")
    if field.type is Type.ANY and literal:
        return text
    return READERS[field.type](field, text, position)


def _text(field: Field, text: str, position: int) -> str:
    return text


def _choice(field: Field, text: str, position: int) -> str:
    value = text.lower()
    if value not in field.choices:
        raise QueryError(position, f"{field.name} is one of {', '.join(field.choices)}")
    return value


def _measure(text: str, units: dict[str, int], position: int, example: str) -> int:
    number = NUMBER.match(text)
    unit = text[number.end() :] if number else None
    if number is None or unit not in units:
        raise QueryError(position, f"A number is expected here, such as {example}")
    value = Decimal(number[0]) * units[unit]
    if value > LARGEST:
        raise QueryError(position, "This number is too large")
    return int(value)


def _count(field: Field, text: str, position: int) -> int:
    return _measure(text, COUNT_UNITS, position, "100 or 20k")


def _money(field: Field, text: str, position: int) -> int:
    return _measure(text.removeprefix("$"), {"": PICO}, position, "0.01")


def _time(field: Field, text: str, position: int) -> int:
    return _measure(text, TIME_UNITS, position, "2s or 300ms")


def _trace_id(field: Field, text: str, position: int) -> UUID:
    try:
        return trace_from_hex(text)
    except ValueError:
        raise QueryError(position, "A trace id has 32 hex digits") from None


def _span_id(field: Field, text: str, position: int) -> int:
    try:
        return span_from_hex(text)
    except ValueError:
        raise QueryError(position, "A span id has 16 hex digits") from None


def _any(field: Field, text: str, position: int) -> Scalar:
    if text in {"true", "false"}:
        return text == "true"
    return float(text) if SIGNED.fullmatch(text) else text


READERS: dict[Type, Callable[[Field, str, int], Scalar]] = {
    Type.TEXT: _text,
    Type.CHOICE: _choice,
    Type.COUNT: _count,
    Type.MONEY: _money,
    Type.TIME: _time,
    Type.TRACE_ID: _trace_id,
    Type.SPAN_ID: _span_id,
    Type.ANY: _any,
    Type.WORDS: _text,
}
