"""Slices in SQL: the same rules as `traces.rollups.matching`, on `s.dimensions` of traces_slice.

The text is put together from constants and positions; what a person wrote is a parameter.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any as Anything

from traces.query import nodes
from traces.query.nodes import Compare, Like, Match, Node, Present, Term, Words
from traces.rollups.dimensions import DIMENSIONS, OF_SPANS, SEPARATOR, SEVERAL, Family
from traces.rollups.matching import DIMENSION_OF
from traces.selectors.conditions import pattern

Params = list[Anything]


def condition(node: Node, family: Family) -> tuple[str, Params]:
    """What a query asks of a slice of this family, of whose dimensions it asks alone."""
    match node:
        case nodes.All(parts):
            return _joined([condition(part, family) for part in parts], " AND ")
        case nodes.Any(parts):
            return _joined([condition(part, family) for part in parts], " OR ")
        case nodes.Not(part):
            sql, params = condition(part, family)
            return f"({sql}) IS NOT TRUE", params
        case Term(field, _, wanted):
            return _joined([_test(DIMENSION_OF[field], one, family) for one in wanted], " OR ")
        case Words():
            raise TypeError("words are no dimension")


def _joined(parts: list[tuple[str, Params]], glue: str) -> tuple[str, Params]:
    return f"({glue.join(sql for sql, _ in parts)})", [one for _, more in parts for one in more]


def place(name: str, family: Family) -> str:
    return f"s.dimensions[{DIMENSIONS[family].index(name) + 1}]"


def _several(name: str, family: Family) -> bool:
    return name in SEVERAL and family not in OF_SPANS


def _values(name: str, family: Family) -> str:
    return f"unnest(string_to_array({place(name, family)}, '{SEPARATOR}'))"


def _test(name: str, wanted: Match, family: Family) -> tuple[str, Params]:
    if _several(name, family):
        sql, params = _of("v", wanted)
        return f"EXISTS (SELECT 1 FROM {_values(name, family)} v WHERE {sql})", params  # noqa: S608
    return _of(place(name, family), wanted)


def _of(value: str, wanted: Match) -> tuple[str, Params]:
    match wanted:
        case Present():
            return f"{value} IS NOT NULL", []
        case Compare("=", one):
            return f"{value} = %s", [str(one)]
        case Like(parts):
            return f"{value} LIKE %s", [pattern(parts)]
    return "false", []  # text has no order that a query could ask for


def kept(column: str) -> str:
    """A dimension of which other values than those kept (a parameter) are one (another)."""
    return f"CASE WHEN {column} IS NULL OR {column} = ANY(%s) THEN {column} ELSE %s END"


def groups(by: Sequence[str], family: Family) -> tuple[list[str], str]:
    """SQL of each dimension to group by, and the joins that tell several values apart."""
    columns, joins = [], ""
    for i, name in enumerate(by):
        if _several(name, family):
            joins += f" LEFT JOIN LATERAL {_values(name, family)} AS v{i}(x) ON true"
            columns.append(f"v{i}.x")
        else:
            columns.append(place(name, family))
    return columns, joins
