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
from evals.vectors.selectors.filters import Call, Filter, bounds
from evals.vectors.services.storing import written
from traces.selectors.paging import TimeRange, time_limit
from traces.services.partitions import WEEK_NS

EF_SEARCH, EF_OF_MANY = 100, 40
"""Candidates that are kept in walking a graph; of many weeks' graphs, which together look at more,
fewer of each. More are asked for where more are wanted. Recall: benchmarks/search.py."""
MANY_WEEKS = 4
MOST_SCANNED = 20_000

NEAR = """
SELECT v.trace_id, v.span_id, v.start_ns, 1 - (v.vector::halfvec({dimensions}) <=> %s::halfvec)
FROM vectors_vector v
WHERE v.project_id = {project} AND v.model_id = {model} AND v.field = {field}
  AND v.start_ns >= %s AND v.start_ns < %s {more}
ORDER BY v.vector::halfvec({dimensions}) <=> %s::halfvec LIMIT %s"""
FARTHER = " AND (v.vector::halfvec({dimensions}) <=> %s::halfvec) > %s"
ROUNDING = 1e-6
"""Of two computations of the same distance."""
MATCHES = """AND (SELECT true FROM traces_span WHERE traces_span.project_id = v.project_id
  AND traces_span.trace_id = v.trace_id AND traces_span.span_id = v.span_id
  AND traces_span.start_ns = v.start_ns AND ({condition}) LIMIT 1)"""
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
    among: Filter | None = None,
    below: float | None = None,
    model: Model | None = None,
) -> list[Near]:
    """The calls nearest to `vector`, the nearest first; of those less similar than `below`, by the
    project's present model unless one is given.

    Raises TooSlow.
    """
    names = _names(project_id, model or models.present(project_id), field)
    text = written(vector)
    more, params = "", list[Any]()
    if below is not None:
        more, params = FARTHER.format(**names), [text, 1 - below + ROUNDING]
    with time_limit(), transaction.atomic(), connection.cursor() as cursor:
        if among is not None and among.calls is not None:
            return _exact(cursor, EXACT.format(more=more, **names), text, among.calls, params, most)
        if among is not None:
            matches = MATCHES.format(condition=among.sql)
            more, params = f"{matches} {more}", [*among.params, *params]
        low, high = bounds(range)
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


def _exact(
    cursor: Any, sql: str, text: str, calls: list[Call], params: list[Any], most: int
) -> list[Near]:
    """Of these calls, all of which are compared."""
    if not calls:
        return []
    columns = [list(column) for column in zip(*calls, strict=True)]
    cursor.execute(sql, [text, *columns, *params, most])
    return [Near(*record) for record in cursor.fetchall()]
