"""Tokens to a tree: OR binds weakest, then AND (or just a space), then NOT and brackets."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from traces.ids import span_from_hex, trace_from_hex
from traces.query import fields
from traces.query.errors import QueryError
from traces.query.lexer import Token, TokenType, Value, tokens
from traces.query.nodes import All, Any, Node, Not, Term, Words
from traces.query.values import match_of

MAX_LENGTH = 2_000
MAX_TERMS = 100
MAX_DEPTH = 20
MAX_WORDS = 30
"""Words and quoted texts that are each other's alternatives: any of many may be anywhere, where
all of many are looked for by the rarest.
"""


@dataclass(frozen=True, slots=True)
class Query:
    """A query that has been read. `root` is None when it asks for everything."""

    source: str = ""
    root: Node | None = None

    def __bool__(self) -> bool:
        return self.root is not None


def parse(q: str) -> Query:
    """Read a query. Raises QueryError, and nothing else, whatever the text."""
    if len(q) > MAX_LENGTH:
        raise QueryError(MAX_LENGTH, f"A query has at most {MAX_LENGTH:,} characters")
    refuse_unstorable(q)
    reader = _Reader(list(tokens(q)))
    if len(reader.tokens) == 1:
        return Query(q)
    root = reader.alternatives()
    if reader.next.type != "end":
        raise QueryError(reader.next.position, "This bracket was not opened")
    return Query(q, root)


def refuse_unstorable(q: str) -> None:
    """A lone surrogate is no character: nothing stored can hold it."""
    try:
        q.encode()
    except UnicodeEncodeError as error:
        raise QueryError(error.start, "This is not a character") from None


class _Reader:
    """Recursive descent with a bound on depth and on the number of values."""

    def __init__(self, found: list[Token]) -> None:
        self.tokens = found
        self.at = 0
        self.depth = 0
        self.terms = 0

    @property
    def next(self) -> Token:
        return self.tokens[self.at]

    def take(self) -> Token:
        token = self.tokens[self.at]
        self.at += 1
        return token

    def alternatives(self) -> Node:
        parts = [self.conjunction()]
        while self.next.type == "or":
            position = self.take().position
            parts.append(self.conjunction())
            refuse_many(parts, position)
        return parts[0] if len(parts) == 1 else Any(tuple(parts))

    def conjunction(self) -> Node:
        parts = [self.factor()]
        ends: set[TokenType] = {"or", ")", "end"}
        while self.next.type not in ends:
            if self.next.type == "and":
                self.take()
            parts.append(self.factor())
        return parts[0] if len(parts) == 1 else All(tuple(parts))

    def factor(self) -> Node:
        token = self.take()
        if token.type in {"(", "not"}:
            self.depth += 1
            if self.depth > MAX_DEPTH:
                raise QueryError(token.position, f"Nested deeper than {MAX_DEPTH} levels")
            node = Not(self.factor()) if token.type == "not" else self.bracket(token)
            self.depth -= 1
            return node
        if token.type in {"term", "words"}:
            self.terms += len(token.values)
            if self.terms > MAX_TERMS:
                raise QueryError(token.position, f"A query has at most {MAX_TERMS} values")
            node = term(token) if token.type == "term" else words(token.values[0])
            refuse_many([node] if isinstance(node, Any) else [], token.position)
            return node
        raise QueryError(token.position, "A term is expected here")

    def bracket(self, opening: Token) -> Node:
        node = self.alternatives()
        if self.next.type != ")":
            raise QueryError(opening.position, "This bracket is not closed")
        self.take()
        return node


def refuse_many(alternatives: Sequence[Node], position: int) -> None:
    """Raises QueryError where they look for too many words."""
    if sum(map(_words_in, alternatives)) > MAX_WORDS:
        raise QueryError(position, f"At most {MAX_WORDS} words or texts in quotes beside OR")


def _words_in(node: Node) -> int:
    if isinstance(node, All | Any):
        return sum(map(_words_in, node.parts))
    return _words_in(node.part) if isinstance(node, Not) else int(isinstance(node, Words))


def term(token: Token) -> Node:
    field = fields.find(token.field)
    if field is None:
        meant = fields.closest(token.field)
        hint = f"; did you mean {meant}?" if meant else ""
        raise QueryError(token.position, f"There is no field {token.field!r}{hint}", meant)
    if field.keyed and not token.key:
        raise QueryError(token.position, f"Write {field.name}.<key>:value", f"{field.name}.")
    if token.key is not None and not field.keyed:
        raise QueryError(token.position, f"{field.name} has no parts", field.name)
    if token.key is not None and "\x00" in token.key:
        raise QueryError(token.position, "The character NUL is never stored")
    if field.type is fields.Type.WORDS:
        found = tuple(words(value) for value in token.values)
        return found[0] if len(found) == 1 else Any(found)
    if field.name == "id":
        return by_id(token)
    return Term(field.name, token.key, tuple(match_of(field, value) for value in token.values))


def by_id(token: Token) -> Node:
    """`id:` takes what people paste: a trace id or a span id, told apart by length."""
    parts: list[Node] = []
    for value in token.values:
        name, read = (
            ("span_id", span_from_hex) if len(value.text) == 16 else ("trace", trace_from_hex)
        )
        try:
            read(value.text)
        except ValueError:
            detail = "A trace id has 32 hex digits, a span id 16"
            raise QueryError(value.position, detail) from None
        parts.append(Term(name, None, (match_of(fields.BY_NAME[name], value),)))
    return parts[0] if len(parts) == 1 else Any(tuple(parts))


def words(value: Value) -> Words:
    if "\x00" in value.text:
        raise QueryError(value.position, "The character NUL is never stored")
    stem = value.text[:-1]
    if not value.quoted and value.text.endswith("*"):
        if len(stem) < 2 or not stem.isalnum():
            detail = "Before a star in a word stand two or more letters or digits"
            raise QueryError(value.position, detail)
        return Words(stem, prefix=True)
    if not any(character.isalnum() for character in value.text):
        raise QueryError(value.position, "There is no word to look for here")
    return Words(value.text)
