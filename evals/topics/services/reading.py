"""What calls asked, as texts and vectors. What is asked is the last thing that the user said."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import connection

from evals.services.loading import READ_AT_ONCE, Key, rows_of, sources_of
from evals.subjects import distinct, of_content
from evals.topics.clustering import Matrix
from evals.vectors.embedding import LONGEST, embed
from traces.conventions import content
from traces.conventions.asking import asked_in
from traces.models import Span
from traces.selectors import payloads
from traces.selectors.paging import time_limit
from traces.spans import Kind, RawSpan

Call = tuple[UUID, int, int]
"""Trace id, span id and start in ns of a call of a model."""
LIMIT_MS = 30_000
MODEL = f"kind = '{Kind.LLM.value}'"
# Traces are drawn, then calls of each through its key, which ends where a trace has given its own:
# a loop of a hundred thousand calls is not read.
DRAWN = f"""
SELECT s.trace_id, s.span_id, s.start_ns FROM (
    SELECT trace_id, start_ns, greatest(start_ns, last_start_ns) AS last_ns FROM traces_trace
    WHERE project_id = %(project)s AND start_ns >= %(low)s AND start_ns < %(high)s
        AND kinds @> ARRAY['{Kind.LLM.value}']
    ORDER BY uuid_hash_extended(trace_id, 0) LIMIT %(most)s
) t CROSS JOIN LATERAL (
    SELECT trace_id, span_id, start_ns FROM traces_span
    WHERE project_id = %(project)s AND trace_id = t.trace_id AND {MODEL}
        AND start_ns >= t.start_ns AND start_ns <= t.last_ns AND start_ns < %(high)s
    ORDER BY span_id LIMIT %(each)s
) s ORDER BY uuid_hash_extended(s.trace_id, 0), s.span_id LIMIT %(most)s"""  # noqa: S608 - a constant
FEW, ENOUGH = 3, 500
"""Calls of a trace that are drawn at most where traces give fewer than ENOUGH with one of each."""
WITHOUT_TOPIC = f"""
SELECT trace_id, span_id, start_ns FROM traces_span s
WHERE project_id = %s AND start_ns >= %s AND start_ns < %s AND {MODEL}
  AND NOT EXISTS (SELECT 1 FROM topics_member m WHERE m.project_id = s.project_id
                  AND m.trace_id = s.trace_id AND m.span_id = s.span_id)
ORDER BY start_ns LIMIT %s"""  # noqa: S608 - a constant
BEFORE = f"""
SELECT trace_id, span_id, start_ns FROM traces_span
WHERE project_id = %s AND start_ns >= %s AND start_ns < %s AND {MODEL}
ORDER BY start_ns DESC LIMIT %s"""  # noqa: S608 - a constant


@dataclass(frozen=True, slots=True)
class Asked:
    """What some calls asked; all parts in the same order. matrix: (n, d), rows of unit length."""

    calls: list[Call]
    texts: list[str]
    matrix: Matrix


def drawn(project_id: int, start_ns: int, end_ns: int, most: int) -> list[Call]:
    """At most `most` calls of traces that began in the range by a hash, the same each time.

    One of each trace, so that an agent that asks a model for hundreds of times weighs no more than
    who asked once; FEW where there are few traces. Raises TooSlow.
    """
    values = {"project": project_id, "low": start_ns, "high": end_ns, "most": most}
    found = _calls(DRAWN, values | {"each": 1})
    return found if len(found) >= min(ENOUGH, most) else _calls(DRAWN, values | {"each": FEW})


def without_topic(project_id: int, start_ns: int, end_ns: int, most: int) -> list[Call]:
    """The oldest calls of the range that have not been given a topic. Raises TooSlow."""
    return _calls(WITHOUT_TOPIC, [project_id, start_ns, end_ns, most])


def before(project_id: int, start_ns: int, end_ns: int, most: int) -> list[Call]:
    """The newest calls of the range. Raises TooSlow."""
    return _calls(BEFORE, [project_id, start_ns, end_ns, most])


def _calls(sql: str, values: list[Any] | dict[str, Any]) -> list[Call]:
    with time_limit(LIMIT_MS), connection.cursor() as cursor:
        cursor.execute(sql, values)
        return [(record[0], record[1], record[2]) for record in cursor.fetchall()]


def asked(project_id: int, calls: Sequence[Call]) -> Asked:
    """What these calls asked; those that are gone in the meantime are left out."""
    texts = texts_of(project_id, calls)
    there = [call for call in calls if call[:2] in texts]
    said = [texts[call[:2]] for call in there]
    return Asked(there, said, embed(said))


def texts_of(project_id: int, calls: Sequence[Call]) -> dict[Key, str]:
    """By trace and span id, in the user's own words: without the documents and rules that the
    application put around them. Empty where nothing was said in words."""
    found: dict[Key, str] = {}
    for at in range(0, len(calls), READ_AT_ONCE):
        rows = rows_of(project_id, calls[at : at + READ_AT_ONCE])
        keys = [(row.trace_id, row.span_id) for row in rows]
        raws = dict(zip(keys, payloads.raw_spans(project_id, rows), strict=True))
        sources = sources_of(project_id, rows, raws)
        for key, row in zip(keys, rows, strict=True):
            found[key] = _own_words(row, raws[key], sources.get(row.trace_id, ()))
    return found


def _own_words(row: Span, raw: RawSpan, sources: Iterable[tuple[int, list[str]]]) -> str:
    told = of_content(content(raw, ()), row.kind, row.metadata or {})
    if not told["input"]:  # some applications say it in log records
        logs = payloads.logs_of(row.project_id, row.trace_id, [row.span_id])
        told = of_content(content(raw, logs.get(row.span_id, ())), row.kind, row.metadata or {})
    before = [text for start, texts in sources if start <= row.start_ns for text in texts]
    told["contexts"] = distinct([*told["contexts"], *before])
    return asked_in(told["input"] or "", told["contexts"]).strip()[:LONGEST]
