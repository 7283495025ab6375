"""Vectors of what has just been stored.

Every request that stored spans left a row of `traces_batch` for us, in its own transaction.
Embedding its calls, storing the vectors and removing the row is one transaction: of a worker that
dies nothing is half done, and another takes the row over.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import numpy as np
import orjson
from django.db import connection
from numpy.typing import NDArray

from evals.services import requests
from evals.services.requests import Arrived
from evals.vectors.embedders import embed_with
from evals.vectors.fields import Field
from evals.vectors.models import Model
from evals.vectors.selectors import models
from evals.vectors.texts import Key, Texts, texts_in
from traces.models import Span
from traces.spans import Flag, Kind

CONSUMER = "embed"
TABLE = "vectors_vector"
CLAIM = 8
"""Requests of one project that are embedded together."""
REST = 1.0
"""While requests come in, it rests as long as it has worked: storing and words come first. So it
keeps up with 500 texts a second (docs/performance.md)."""
DIGITS = 5
"""Of numbers in [-1, 1]: half precision holds no more than four."""
STORE = """
INSERT INTO vectors_vector (project_id, model_id, field, trace_id, span_id, start_ns, vector)
SELECT %s, %s, d.field, d.trace_id, d.span_id, d.start_ns, d.vector::halfvec
FROM unnest(%s::int2[], %s::uuid[], %s::int8[], %s::int8[], %s::text[])
    AS d(field, trace_id, span_id, start_ns, vector)
ORDER BY d.field, d.trace_id, d.span_id
ON CONFLICT (project_id, model_id, field, trace_id, span_id, start_ns)
    DO UPDATE SET vector = excluded.vector"""


@dataclass(frozen=True, slots=True)
class Vector:
    field: Field
    trace_id: UUID
    span_id: int
    start_ns: int
    values: NDArray[np.float32]


def run(seconds: float, *, elsewhere: bool = False) -> int:
    """Embed stored requests for so long at most, a project at a time, in turn.

    `elsewhere`: of projects whose vectors come from a provider, else of the others. Returns how
    many requests were done. Safe to run any number of times at once.
    """
    waits = set(models.elsewhere())
    return requests.work_off(
        CONSUMER,
        seconds,
        CLAIM,
        _embed,
        lambda project_id: (project_id in waits) == elsewhere,
        rest=REST,
    )


def _embed(arrived: Arrived) -> None:
    rows = [row for row in arrived.rows if is_embedded(row)]
    texts = texts_in(arrived.project_id, rows, arrived.raws)
    for model in models.at_work(arrived.project_id):
        store(arrived.project_id, model, vectors_of(model, rows, texts))


def is_embedded(row: Span) -> bool:
    """Calls of models; of one that several spans report, the one that counts."""
    return row.kind == Kind.LLM and not row.flags & Flag.NOT_COUNTED


def vectors_of(model: Model, rows: Sequence[Span], texts: dict[Key, Texts]) -> list[Vector]:
    """Of inputs and outputs that say something; each text is embedded once."""
    said = [
        (field, row, text)
        for row in rows
        for field in Field
        if (text := _text(texts[row.trace_id, row.span_id], field))
    ]
    places = {text: place for place, text in enumerate(dict.fromkeys(text for *_, text in said))}
    matrix = embed_with(model, list(places))
    return [
        Vector(field, row.trace_id, row.span_id, row.start_ns, values)
        for field, row, text in said
        if (values := matrix[places[text]]).any()
    ]


def _text(texts: Texts, field: Field) -> str:
    return texts.input if field is Field.INPUT else texts.output


def store(project_id: int, model: Model, vectors: Sequence[Vector]) -> None:
    """Store them, or put them in the place of those that are there. In the caller's transaction."""
    if not vectors:
        return
    columns: list[list[Any]] = [
        [int(one.field) for one in vectors],
        [one.trace_id for one in vectors],
        [one.span_id for one in vectors],
        [one.start_ns for one in vectors],
        [written(one.values) for one in vectors],
    ]
    with connection.cursor() as cursor:
        cursor.execute(STORE, [project_id, model.pk, *columns])


def written(values: NDArray[np.float32]) -> str:
    """As pgvector reads it."""
    rounded = np.ascontiguousarray(np.round(values, DIGITS), dtype=np.float32)
    return orjson.dumps(rounded, option=orjson.OPT_SERIALIZE_NUMPY).decode()
