"""Vectors of certain calls, as a matrix."""

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
from evals.vectors.selectors.nearest import parsed
from traces.selectors.paging import time_limit

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
