"""Samples of vectors: of a range by chance that repeats, or of certain calls."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import numpy as np
from django.db import connection
from numpy.typing import NDArray

from evals.vectors.fields import Field
from evals.vectors.models import Model
from evals.vectors.selectors import models
from evals.vectors.selectors.filters import filter_of
from evals.vectors.selectors.nearest import MATCHES, parsed
from traces.query import Query
from traces.selectors.paging import TimeRange, time_limit
from traces.selectors.search import EVERYTHING

SAMPLE = """
SELECT d.trace_id, d.span_id, d.start_ns, v.vector::text FROM (
    SELECT trace_id, span_id, start_ns FROM vectors_vector v
    WHERE project_id = %s AND model_id = %s AND field = %s AND start_ns >= %s AND start_ns < %s
    {more} ORDER BY hashint8extended(span_id, uuid_hash_extended(trace_id, %s)), trace_id LIMIT %s
) d JOIN vectors_vector v ON v.project_id = %s AND v.model_id = %s AND v.field = %s
    AND v.trace_id = d.trace_id AND v.span_id = d.span_id AND v.start_ns = d.start_ns
ORDER BY d.start_ns, d.trace_id, d.span_id"""
OF_SPANS = """
SELECT v.trace_id, v.span_id, v.start_ns, v.vector::text
FROM unnest(%s::uuid[], %s::int8[]) AS d(trace_id, span_id)
JOIN vectors_vector v ON v.project_id = %s AND v.model_id = %s AND v.field = %s
    AND v.trace_id = d.trace_id AND v.span_id = d.span_id
ORDER BY v.start_ns, v.trace_id, v.span_id"""


@dataclass(frozen=True, slots=True)
class Sample:
    """Calls, the oldest first. matrix: (calls, dimensions), rows of unit length."""

    trace_ids: list[UUID]
    span_ids: list[int]
    start_ns: NDArray[np.int64]
    matrix: NDArray[np.float32]


def sample(
    project_id: int,
    field: Field,
    range: TimeRange,
    most: int,
    *,
    seed: int = 0,
    query: Query = EVERYTHING,
) -> Sample:
    """At most `most` calls of the range, drawn by a hash: the same each time.

    Raises TooSlow, and ValueError for a range that is open.
    """
    if range.start_ns is None or range.end_ns is None:
        raise ValueError("a sample needs a range with both ends")
    model, wanted = models.present(project_id), filter_of(query)
    more = MATCHES.format(condition=wanted.sql) if wanted else ""
    whose = [project_id, model.pk, int(field)]
    asked = [*whose, range.start_ns, range.end_ns, *(wanted.params if wanted else ())]
    return _read(SAMPLE.format(more=more), [*asked, seed, most, *whose], model)


def of_spans(project_id: int, field: Field, keys: Sequence[tuple[UUID, int]]) -> Sample:
    """Of these calls those that have a vector. Raises TooSlow."""
    model = models.present(project_id)
    traces, spans = [key[0] for key in keys], [key[1] for key in keys]
    return _read(OF_SPANS, [traces, spans, project_id, model.pk, int(field)], model)


def _read(sql: str, params: Sequence[Any], model: Model) -> Sample:
    with time_limit(), connection.cursor() as cursor:
        cursor.execute(sql, params)
        rows = cursor.fetchall()
    matrix = np.zeros((len(rows), model.dimensions), dtype=np.float32)
    for place, row in enumerate(rows):
        matrix[place] = parsed(row[3])
    lengths = np.linalg.norm(matrix, axis=1, keepdims=True)  # half precision is not quite 1
    np.divide(matrix, lengths, out=matrix, where=lengths > 0)
    starts = np.array([row[2] for row in rows], dtype=np.int64)
    return Sample([row[0] for row in rows], [row[1] for row in rows], starts, matrix)
