"""Storing what evaluators said: one score for each version and object, however often it is said."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import orjson
from django.db import connection, transaction

from evals import calibrated
from evals.models import EvaluatorVersion, Kind
from evals.subjects import Subject
from sightglass.kernel.storable import storable
from traces.services import marks
from traces.services.scores import summarise

MAX_EVIDENCE = 50
MAX_EXPLANATION = 4_000
MAX_CATEGORY = 200

STORE = """
INSERT INTO traces_score (project_id, trace_id, span_id, session_id, name, number, boolean,
    category, source, comment, created_at, evaluator_version, higher_is_better, flagged,
    confidence, probability, evidence, input_tokens, output_tokens, cost, duration_ms, reused)
SELECT %(project)s, r.trace_id, r.span_id, r.session_id, r.name, r.number, r.boolean, r.category,
    r.source, r.comment, now(), r.evaluator_version, r.higher_is_better, r.flagged, r.confidence,
    r.probability, r.evidence, r.input_tokens, r.output_tokens, r.cost, r.duration_ms, r.reused
FROM json_populate_recordset(NULL::traces_score, %(rows)s::json) r
ORDER BY r.evaluator_version, r.trace_id, r.span_id, r.session_id
ON CONFLICT (project_id, evaluator_version, trace_id, span_id, session_id)
    WHERE evaluator_version IS NOT NULL
DO UPDATE SET (name, number, boolean, category, source, comment, created_at, higher_is_better,
    flagged, confidence, probability, evidence, input_tokens, output_tokens, cost, duration_ms,
    reused) = ROW(excluded.name, excluded.number, excluded.boolean, excluded.category,
    excluded.source, excluded.comment, excluded.created_at, excluded.higher_is_better,
    excluded.flagged, excluded.confidence, excluded.probability, excluded.evidence,
    excluded.input_tokens, excluded.output_tokens, excluded.cost, excluded.duration_ms,
    excluded.reused)
RETURNING (xmax = 0), evaluator_version"""

SAID_BEFORE = """
SELECT extract(epoch FROM created_at) * 1000000000 FROM traces_score
WHERE project_id = %s AND session_id = ANY(%s) AND trace_id IS NULL
  AND evaluator_version = ANY(%s)"""

COUNT_DAY = """
INSERT INTO evals_evaluatorday
    (evaluator_id, day, scored, skipped, failed, reused, cost, saved, lag_ms)
SELECT evaluator, %(day)s, scored, skipped, failed, reused, cost, saved, lag
FROM unnest(%(evaluators)s::int8[], %(scored)s::int4[], %(skipped)s::int4[], %(failed)s::int4[],
    %(reused)s::int4[], %(cost)s::int8[], %(saved)s::int8[], %(lag)s::int8[])
    AS d(evaluator, scored, skipped, failed, reused, cost, saved, lag)
ORDER BY evaluator
ON CONFLICT (evaluator_id, day) DO UPDATE SET
    scored = evals_evaluatorday.scored + excluded.scored,
    skipped = evals_evaluatorday.skipped + excluded.skipped,
    failed = evals_evaluatorday.failed + excluded.failed,
    reused = evals_evaluatorday.reused + excluded.reused,
    cost = evals_evaluatorday.cost + excluded.cost,
    saved = evals_evaluatorday.saved + excluded.saved,
    lag_ms = evals_evaluatorday.lag_ms + excluded.lag_ms"""

Value = float | bool | str
EMBEDDED = (Kind.DETECTOR, Kind.CONSISTENCY)


@dataclass(slots=True)
class Outcome:
    """One version's word on one object."""

    version: EvaluatorVersion
    subject: Subject
    value: Value
    explanation: str = ""
    confidence: float | None = None
    evidence: list[dict[str, Any]] = field(default_factory=list)
    probability: float = 1.0
    input_tokens: int | None = None
    output_tokens: int | None = None
    cost: int | None = None
    """Pico dollars; None where no money is involved."""
    saved: int = 0
    duration_ms: float | None = None
    reused: bool = False

    def __post_init__(self) -> None:
        curve = self.version.config.get("calibration")
        if curve and isinstance(self.value, float | int) and not isinstance(self.value, bool):
            self.value = round(calibrated.apply(curve, float(self.value)), 4)

    @property
    def source(self) -> str:
        return "code" if self.version.kind in EMBEDDED else "judge"

    @property
    def flagged(self) -> bool | None:
        return is_flagged(self.version, self.value)


@dataclass(slots=True)
class Count:
    """What happened to an evaluator's work, for its day."""

    scored: int = 0
    skipped: int = 0
    failed: int = 0
    reused: int = 0
    cost: int = 0
    saved: int = 0
    lag: int = 0


def is_flagged(version: EvaluatorVersion, value: Value) -> bool | None:
    """Whether somebody should look; None for categories and where no threshold is set."""
    if isinstance(value, str):
        return value in version.config.get("flag", []) if version.config.get("flag") else None
    if isinstance(value, bool):
        return value is not version.higher_is_better
    if version.threshold is None:
        return None
    if version.higher_is_better:
        return value < version.threshold
    return value >= version.threshold


def store(
    project_id: int, outcomes: Sequence[Outcome], skipped: Mapping[int, int] | None = None
) -> int:
    """Store scores, show them on their traces, count them; returns how many were new.

    `skipped`: by evaluator, what it says nothing of, which is only counted. In a transaction of
    its own or the caller's. Saying the same again changes nothing but `cost`.
    """
    if not outcomes:
        _count((), skipped or {})
        return 0
    rows = [_row(outcome) for outcome in _last_of_each(outcomes)]
    with transaction.atomic(), connection.cursor() as cursor:
        _mark_said_before(cursor, project_id, outcomes)
        cursor.execute(
            STORE, {"project": project_id, "rows": orjson.dumps(rows, default=str).decode()}
        )
        stored = cursor.fetchall()
        traces = sorted({one.subject.trace_id for one in outcomes if one.subject.trace_id})
        summarise(project_id, traces)
        _mark(cursor, project_id, outcomes)
        _count(outcomes, skipped or {})
    return sum(1 for new, _ in stored if new)


def _mark(cursor: Any, project_id: int, outcomes: Sequence[Outcome]) -> None:
    """A score counts where its span or trace began; of a session, when it was said."""
    subjects = [one.subject for one in outcomes]
    starts = [one.start_ns for one in subjects if one.span_id is not None]
    if any(one.trace_id is None for one in subjects):
        starts.append(time.time_ns())
    marks.mark_times(cursor, project_id, starts)
    whole = [one.trace_id for one in subjects if one.trace_id and one.span_id is None]
    marks.mark_scored(cursor, project_id, [(trace_id, None) for trace_id in whole])


def _mark_said_before(cursor: Any, project_id: int, outcomes: Sequence[Outcome]) -> None:
    """What is said of a session again moves from when it was said before."""
    sessions = {one.subject.session_id for one in outcomes if one.subject.trace_id is None}
    if sessions:
        versions = {one.version.pk for one in outcomes}
        cursor.execute(SAID_BEFORE, [project_id, sorted(filter(None, sessions)), list(versions)])
        marks.mark_times(cursor, project_id, [int(ns) for (ns,) in cursor.fetchall()])


def _last_of_each(outcomes: Sequence[Outcome]) -> list[Outcome]:
    def key(one: Outcome) -> tuple[int, UUID | None, int | None, str | None]:
        return one.version.pk, one.subject.trace_id, one.subject.span_id, one.subject.session_id

    return list({key(one): one for one in outcomes}.values())


def _row(one: Outcome) -> dict[str, Any]:
    value, subject = one.value, one.subject
    return {
        "trace_id": None if subject.trace_id is None else str(subject.trace_id),
        "span_id": subject.span_id,
        "session_id": subject.session_id if subject.trace_id is None else None,
        "name": one.version.evaluator.name,
        "number": value if isinstance(value, float | int) and not isinstance(value, bool) else None,
        "boolean": value if isinstance(value, bool) else None,
        "category": value[:MAX_CATEGORY] if isinstance(value, str) else None,
        "source": one.source,
        "comment": storable(one.explanation)[:MAX_EXPLANATION],
        "evaluator_version": one.version.pk,
        "higher_is_better": one.version.higher_is_better,
        "flagged": one.flagged,
        "confidence": one.confidence,
        "probability": one.probability,
        "evidence": one.evidence[:MAX_EVIDENCE] or None,
        "input_tokens": one.input_tokens,
        "output_tokens": one.output_tokens,
        "cost": one.cost,
        "duration_ms": one.duration_ms,
        "reused": one.reused,
    }


def _count(outcomes: Sequence[Outcome], skipped: Mapping[int, int]) -> None:
    counts = {pk: Count(skipped=number) for pk, number in skipped.items() if number}
    now = datetime.now(UTC)
    for one in outcomes:
        count = counts.setdefault(one.version.evaluator_id, Count())
        count.scored += 1
        count.reused += one.reused
        count.cost += one.cost or 0
        count.saved += one.saved
        if one.subject.received_at is not None:
            count.lag += max(0, int((now - one.subject.received_at).total_seconds() * 1000))
    count_day(counts)


def count_day(counts: dict[int, Count]) -> None:
    """Add to today's figures, by evaluator id; locked in one order."""
    if not counts:
        return
    ids = sorted(counts)
    columns = ("scored", "skipped", "failed", "reused", "cost", "saved", "lag")
    with connection.cursor() as cursor:
        cursor.execute(
            COUNT_DAY,
            {
                "day": datetime.now(UTC).date(),
                "evaluators": ids,
                **{name: [getattr(counts[pk], name) for pk in ids] for name in columns},
            },
        )
