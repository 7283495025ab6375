"""The texts that become vectors: what was asked last, without documents, and the answer."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from evals.services.loading import rows_of, sources_of
from evals.subjects import Subject, distinct, last_said, of_content
from evals.vectors.embedding import LONGEST
from traces.conventions import content
from traces.conventions.asking import asked_in
from traces.models import Span
from traces.selectors import payloads
from traces.spans import RawLog, RawSpan

Key = tuple[UUID, int]
"""Trace and span id."""
LONG = 400
"""Characters of a question in which there may be documents still."""
QUESTIONS = ("question", "query", "user_input", "input", "prompt", "message")


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
    subjects = {_key(row): _subject(row, raws[_key(row)]) for row in rows}
    silent = [row for row in rows if not (subjects[_key(row)].input or subjects[_key(row)].output)]
    for row in silent:  # some applications say it in log records
        logs = payloads.logs_of(project_id, row.trace_id, [row.span_id])
        if logs:
            subjects[_key(row)] = _subject(row, raws[_key(row)], logs.get(row.span_id, ()))
    found = {key: Texts(_cut(asked_of(one)), _cut(one.output)) for key, one in subjects.items()}
    long = [row for row in rows if len(found[_key(row)].input) > LONG]
    sources = sources_of(project_id, long, dict(raws)) if long else {}
    for row in long:  # documents that nothing sets off are known by what the trace retrieved
        subject = subjects[_key(row)]
        before = sources.get(row.trace_id, ())
        subject.contexts = distinct(
            [*subject.contexts, *(t for at, ts in before if at <= row.start_ns for t in ts)]
        )
        found[_key(row)] = Texts(_cut(asked_of(subject)), found[_key(row)].output)
    return found


def asked_of(subject: Subject) -> str:
    """What was asked last, without what the application put around it; empty for nothing."""
    return asked_in(subject.input, subject.contexts) if subject.input else ""


def _key(row: Span) -> Key:
    return row.trace_id, row.span_id


def _subject(row: Span, raw: RawSpan, logs: Sequence[RawLog] = ()) -> Subject:
    sent = content(raw, logs)
    told = of_content(sent, row.kind, row.metadata or {})
    said = sent.input_messages or []
    if not last_said(said, "user"):  # a whole prompt may be an instruction, or the input's fields
        told["input"] = last_said(said, "system") or _question(sent.input) or told["input"]
    return Subject(project_id=row.project_id, **told)


def _question(given: Any) -> str | None:
    """The field of an input that says what is asked."""
    if not isinstance(given, dict):
        return None
    said = (given.get(name) for name in QUESTIONS)
    return next((text for text in said if isinstance(text, str) and text.strip()), None)


def _cut(text: str | None) -> str:
    return (text or "").strip()[:LONGEST]
