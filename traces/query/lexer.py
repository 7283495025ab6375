"""Characters to tokens. A token knows where it began, so that an error can point at it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from traces.query.errors import QueryError

SPACE = re.compile(r"\s+")
FIELD = re.compile(r'([A-Za-z_]\w*)(?:\.("(?:[^"\\]|\\.)*"|[^\s:"(),]+))?:')
OPERATORS = {"AND": "and", "OR": "or", "NOT": "not"}

TokenType = Literal["(", ")", "and", "or", "not", "term", "words", "end"]


@dataclass(frozen=True, slots=True)
class Value:
    text: str
    quoted: bool
    position: int


@dataclass(frozen=True, slots=True)
class Token:
    type: TokenType
    position: int
    field: str = ""
    key: str | None = None
    values: tuple[Value, ...] = ()


def tokens(source: str) -> Iterator[Token]:
    """Tokens of `source`, the last of type "end". Raises QueryError."""
    at = 0
    while True:
        if space := SPACE.match(source, at):
            at = space.end()
        if at >= len(source):
            yield Token("end", at)
            return
        token, at = _token(source, at)
        yield token


def _token(source: str, at: int) -> tuple[Token, int]:
    character = source[at]
    if character == "(":
        return Token("(", at), at + 1
    if character == ")":
        return Token(")", at), at + 1
    if character == "-" and at + 1 < len(source) and not source[at + 1].isspace():
        return Token("not", at), at + 1
    if match := FIELD.match(source, at):
        key = match[2]
        if key and key[0] == '"':
            key = _unescape(key[1:-1])
        values, end = _values(source, match.end())
        return Token("term", at, match[1], key, values), end
    value, end = _value(source, at)
    if not value.quoted and value.text in OPERATORS:
        operator: TokenType = OPERATORS[value.text]  # type: ignore[assignment]
        return Token(operator, at), end
    if end == at:
        raise QueryError(at, f"{character!r} is not expected here")
    return Token("words", at, values=(value,)), end


def _values(source: str, at: int) -> tuple[tuple[Value, ...], int]:
    """The values after `field:`, separated by commas without spaces."""
    values = []
    while True:
        value, end = _value(source, at)
        if end == at:
            raise QueryError(at, "A value is missing here")
        values.append(value)
        if end >= len(source) or source[end] != ",":
            return tuple(values), end
        at = end + 1


def _value(source: str, at: int) -> tuple[Value, int]:
    if source[at : at + 1] == '"':
        return _quoted(source, at)
    end, open_brackets = at, 0
    while end < len(source):
        character = source[end]
        if character.isspace() or character in '",':
            break
        if character == "(":
            open_brackets += 1
        elif character == ")":
            if not open_brackets:
                break
            open_brackets -= 1
        end += 1
    return Value(source[at:end], False, at), end


def _quoted(source: str, at: int) -> tuple[Value, int]:
    end = at + 1
    while end < len(source) and source[end] != '"':
        end += 2 if source[end] == "\\" else 1
    if end >= len(source):
        raise QueryError(at, "This quote is not closed")
    return Value(_unescape(source[at + 1 : end]), True, at), end + 1


def _unescape(text: str) -> str:
    return re.sub(r"\\(.)", r"\1", text, flags=re.DOTALL)
