"""The texts that become vectors: what was asked last in the user's own words, and the answer."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from evals.services.loading import rows_of
from evals.subjects import Subject, of_content
from evals.vectors.embedding import LONGEST
from traces.conventions import content
from traces.models import Span
from traces.selectors import payloads
from traces.spans import RawLog, RawSpan

Key = tuple[UUID, int]
"""Trace and span id."""


@dataclass(frozen=True, slots=True)
class Texts:
    """Empty where nothing was said in words; bounded by LONGEST characters."""

    input: str = ""
    output: str = ""


def texts_of(project_id: int, keys: Iterable[tuple[UUID, int, int]]) -> dict[Key, Texts]:
    """By trace and span, from what is stored; keys are (trace, span, start in ns)."""
    rows = rows_of(project_id, keys)
    raws = dict(zip(map(_key, rows), payloads.raw_spans(project_id, rows), strict=True))
    return texts_in(project_id, rows, raws)


def texts_in(
    project_id: int, rows: Sequence[Span], raws: Mapping[Key, RawSpan]
) -> dict[Key, Texts]:
    """By trace and span, of spans whose originals are at hand."""
    found = {_key(row): _texts(row, raws[_key(row)]) for row in rows}
    silent = [row for row in rows if found[_key(row)] == Texts()]
    for row in silent:  # some applications say it in log records
        logs = payloads.logs_of(project_id, row.trace_id, [row.span_id])
        if logs:
            found[_key(row)] = _texts(row, raws[_key(row)], logs.get(row.span_id, ()))
    return found


def _key(row: Span) -> Key:
    return row.trace_id, row.span_id


def _texts(row: Span, raw: RawSpan, logs: Sequence[RawLog] = ()) -> Texts:
    told = of_content(content(raw, logs), row.kind, row.metadata or {})
    example = Subject(project_id=row.project_id, **told).example()
    return Texts(_cut(example.input), _cut(example.output))


def _cut(text: str | None) -> str:
    return (text or "").strip()[:LONGEST]
