"""A query on a slice's dimensions, where these are all that the query asks about. Pure.

The same rules as `traces.selectors.conditions` has in SQL: a test of a value that is not there is
not true, NOT is true of what is not true, and of several values one that matches is enough.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from traces.query import nodes
from traces.query.nodes import Compare, Like, Match, Node, Present, Term, Words
from traces.rollups.dimensions import SEPARATOR

DIMENSION_OF = {
    "kind": "kind",
    "status": "status",
    "name": "name",
    "span_name": "name",
    "provider": "provider",
    "model": "model",
    "environment": "environment",
    "release": "release",
    "prompt": "prompt",
    "prompt_version": "prompt_version",
    "user": "user_id",
    "tag": "tag",
}
"""Fields of the query language that are dimensions of sums."""


def asked(node: Node | None) -> frozenset[str] | None:
    """The dimensions that a query asks about; None if it asks about anything else."""
    if node is None:
        return frozenset()
    found = set()
    for leaf in leaves(node):
        if isinstance(leaf, Words) or leaf.field not in DIMENSION_OF:
            return None
        found.add(DIMENSION_OF[leaf.field])
    return frozenset(found)


def leaves(node: Node) -> Iterator[Term | Words]:
    match node:
        case nodes.All(parts) | nodes.Any(parts):
            for part in parts:
                yield from leaves(part)
        case nodes.Not(part):
            yield from leaves(part)
        case Term() | Words():
            yield node


def is_one_value(node: Node | None) -> bool:
    """Whether a query is one field with one exact value."""
    if not isinstance(node, Term) or len(node.matches) != 1:
        return False
    match = node.matches[0]
    return isinstance(match, Compare) and match.operator == "="


def matches(node: Node | None, dimensions: Mapping[str, str | None]) -> bool:
    """Whether a slice is what the query asks for. `asked(node)` is within `dimensions`."""
    match node:
        case None:
            return True
        case nodes.All(parts):
            return all(matches(part, dimensions) for part in parts)
        case nodes.Any(parts):
            return any(matches(part, dimensions) for part in parts)
        case nodes.Not(part):
            return not matches(part, dimensions)
        case Term(field, _, wanted):
            value = dimensions[DIMENSION_OF[field]]
            values = value.split(SEPARATOR) if value is not None else []
            return any(_is(one, match) for one in values for match in wanted)
    raise TypeError(f"{node!r} asks about words")


def _is(value: str, match: Match) -> bool:
    match match:
        case Present():
            return True
        case Compare("=", wanted):
            return value == wanted
        case Like(parts):
            return is_like(value, parts)
    return False  # text has no order that a query could ask for


def is_like(value: str, parts: Sequence[str]) -> bool:
    """Whether `value` is these parts with anything between them.

    Each part is taken where it comes first, so that hostile patterns take no longer than others.
    """
    first, *middle, last = parts
    if not (value.startswith(first) and value.endswith(last)):
        return False
    at, end = len(first), len(value) - len(last)
    for part in middle:
        found = value.find(part, at, end)
        if found < 0:
            return False
        at = found + len(part)
    return at <= end
