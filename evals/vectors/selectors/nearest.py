"""Calls whose input or output is nearest to a vector.

Where a project has few vectors in a week they are all compared; where it has many, an HNSW graph
answers (Malkov and Yashunin, IEEE TPAMI 2020), built by a worker (`services.indexes`). A query that
few calls match is answered exactly; one that many match by walking the graph until enough of what
it passes matches.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

import numpy as np
from django.db import connection, transaction
from numpy.typing import NDArray

from evals.vectors.fields import Field
from evals.vectors.models import Model
from evals.vectors.selectors import models
from evals.vectors.services.storing import written
from traces.query import Query
from traces.selectors.conditions import condition
from traces.selectors.paging import TimeRange, time_limit
from traces.selectors.search import EVERYTHING
from traces.services.partitions import WEEK_NS

EF_SEARCH, EF_OF_MANY = 100, 40
"""Candidates that are kept in walking a graph; of many weeks' graphs, which together look at more,
fewer of each. More are asked for where more are wanted. Recall: benchmarks/search.py."""
MANY_WEEKS = 4
MOST_EXACT = 5_000
"""Calls that match a query, up to which all of them are compared."""
MOST_SCANNED = 20_000
EARLIEST, LATEST = -(2**63), 2**63 - 1

NEAR = """
SELECT v.trace_id, v.span_id, v.start_ns, 1 - (v.vector::halfvec({dimensions}) <=> %s::halfvec)
FROM vectors_vector v
WHERE v.project_id = {project} AND v.model_id = {model} AND v.field = {field}
  AND v.start_ns >= %s AND v.start_ns < %s {more}
ORDER BY v.vector::halfvec({dimensions}) <=> %s::halfvec LIMIT %s"""
FARTHER = " AND (v.vector::halfvec({dimensions}) <=> %s::halfvec) > %s"
ROUNDING = 1e-6
"""Of two computations of the same distance."""
SPAN = """traces_span.project_id = v.project_id AND traces_span.trace_id = v.trace_id
  AND traces_span.span_id = v.span_id AND traces_span.start_ns = v.start_ns"""
MATCHING = """
SELECT trace_id, span_id, start_ns FROM traces_span
WHERE project_id = %s AND start_ns >= %s AND start_ns < %s AND kind = 'llm' AND ({condition})
LIMIT %s"""
EXACT = """
SELECT v.trace_id, v.span_id, v.start_ns, 1 - (v.vector::halfvec({dimensions}) <=> %s::halfvec)
FROM unnest(%s::uuid[], %s::int8[], %s::int8[]) AS d(trace_id, span_id, start_ns)
JOIN vectors_vector v ON v.project_id = {project} AND v.model_id = {model} AND v.field = {field}
  AND v.trace_id = d.trace_id AND v.span_id = d.span_id AND v.start_ns = d.start_ns {more}
ORDER BY 4 DESC, 1, 2 LIMIT %s"""


@dataclass(frozen=True, slots=True)
class Near:
    """`similarity`: cosine, in [-1, 1]."""

    trace_id: UUID
    span_id: int
    start_ns: int
    similarity: float


def nearest(
    project_id: int,
    field: Field,
    vector: NDArray[np.float32],
    most: int,
    *,
    range: TimeRange,
    query: Query = EVERYTHING,
    below: float | None = None,
) -> list[Near]:
    """The calls nearest to `vector`, the nearest first; of those less similar than `below`.

    Raises TooSlow.
    """
    model = models.present(project_id)
    low = EARLIEST if range.start_ns is None else range.start_ns
    high = LATEST if range.end_ns is None else range.end_ns
    names = _names(project_id, model, field)
    wanted = condition(query, "span")
    text = written(vector)
    with time_limit(), transaction.atomic(), connection.cursor() as cursor:
        more, params = "", list[Any]()
        if wanted is not None:
            found = _matching(cursor, project_id, low, high, wanted.sql, wanted.params)
            if len(found) <= MOST_EXACT:
                return _exact(cursor, names, text, found, most, below)
            more = f"AND (SELECT true FROM traces_span WHERE {SPAN} AND ({wanted.sql}) LIMIT 1)"  # noqa: S608
            params = wanted.params
        if below is not None:
            more += FARTHER.format(**names)
            params = [*params, text, 1 - below + ROUNDING]
        cursor.execute(
            "SELECT set_config('hnsw.ef_search', %s, true),"
            " set_config('hnsw.iterative_scan', 'strict_order', true),"
            " set_config('hnsw.max_scan_tuples', %s, true)",
            [
                str(EF_OF_MANY if high - low > MANY_WEEKS * WEEK_NS else EF_SEARCH),
                str(MOST_SCANNED),
            ],
        )
        cursor.execute(NEAR.format(more=more, **names), [text, low, high, *params, text, most])
        return [Near(*record) for record in cursor.fetchall()]


def vector_of(
    project_id: int, field: Field, trace_id: UUID, span_id: int
) -> NDArray[np.float32] | None:
    """The call's own vector of the present model; None where it has none."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT vector::text FROM vectors_vector WHERE project_id = %s AND model_id = %s"
            " AND field = %s AND trace_id = %s AND span_id = %s LIMIT 1",
            [project_id, models.present(project_id).pk, int(field), trace_id, span_id],
        )
        record = cursor.fetchone()
    return None if record is None else parsed(record[0])


def parsed(text: str) -> NDArray[np.float32]:
    """As pgvector writes it."""
    return np.fromstring(text[1:-1], dtype=np.float32, sep=",")


def _names(project_id: int, model: Model, field: Field) -> dict[str, int]:
    """Numbers that stand in the text of a statement, so that it fits the index of that project."""
    return {
        "project": int(project_id),
        "model": int(model.pk),
        "field": int(field),
        "dimensions": int(model.dimensions),
    }


def _matching(
    cursor: Any, project_id: int, low: int, high: int, sql: str, params: list[Any]
) -> list[tuple[UUID, int, int]]:
    cursor.execute(MATCHING.format(condition=sql), [project_id, low, high, *params, MOST_EXACT + 1])
    return list(cursor.fetchall())


def _exact(
    cursor: Any,
    names: dict[str, int],
    text: str,
    found: list[tuple[UUID, int, int]],
    most: int,
    below: float | None,
) -> list[Near]:
    if not found:
        return []
    columns = [list(column) for column in zip(*found, strict=True)]
    more = "" if below is None else FARTHER.format(**names)
    params = [] if below is None else [text, 1 - below + ROUNDING]
    cursor.execute(EXACT.format(more=more, **names), [text, *columns, *params, most])
    return [Near(*record) for record in cursor.fetchall()]
