"""The tree that a query is read into. Every value has been checked and is in its stored unit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal
from uuid import UUID

Operator = Literal["=", "<", "<=", ">", ">="]
Scalar = str | int | float | bool | UUID


@dataclass(frozen=True, slots=True)
class Present:
    """`field:*`: the field has a value."""


@dataclass(frozen=True, slots=True)
class Compare:
    operator: Operator
    value: Scalar


@dataclass(frozen=True, slots=True)
class Range:
    """`low..high`, both ends included."""

    low: Scalar
    high: Scalar


@dataclass(frozen=True, slots=True)
class Like:
    """A wildcard: `parts` are the literal texts between the stars."""

    parts: tuple[str, ...]


Match = Present | Compare | Range | Like


@dataclass(frozen=True, slots=True)
class Term:
    """`field:a,b`: any of the matches. `key` is set for `metadata.<key>` and `score.<name>`."""

    field: str
    key: str | None
    matches: tuple[Match, ...]


@dataclass(frozen=True, slots=True)
class Words:
    """Words of inputs and outputs, all of them in one span; `prefix`: the beginning of one word."""

    text: str
    prefix: bool = False


@dataclass(frozen=True, slots=True)
class All:
    parts: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Any:
    parts: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Not:
    part: Node


Node = Term | Words | All | Any | Not
