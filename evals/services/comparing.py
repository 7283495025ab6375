"""Self-consistency: each answer against what was answered to the same question lately."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.db import connection

from evals import consistency
from evals.models import Answered, EvaluatorVersion
from evals.services.scoring import Outcome
from evals.subjects import Subject, text_of

DAY_NS = 86_400 * 10**9
KEEP_DAYS = 30
EARLIER = 5
"""Answers to the same question that one is compared with, the latest."""

REMEMBER = """
INSERT INTO evals_answered (project_id, question, start_ns, trace_id, span_id, words)
SELECT %(project)s, question, start, trace, span, ARRAY(
    SELECT jsonb_array_elements_text(words::jsonb)::int4)
FROM unnest(%(question)s::int8[], %(start)s::int8[], %(trace)s::uuid[], %(span)s::int8[],
    %(words)s::text[]) AS d(question, start, trace, span, words)
ORDER BY question, trace, span
ON CONFLICT (project_id, question, trace_id, span_id) DO UPDATE SET words = excluded.words"""
FIND = """
SELECT d.trace, d.span, a.trace_id, a.words
FROM unnest(%(question)s::int8[], %(start)s::int8[], %(trace)s::uuid[], %(span)s::int8[])
    AS d(question, start, trace, span)
CROSS JOIN LATERAL (
    SELECT trace_id, words FROM evals_answered
    WHERE project_id = %(project)s AND question = d.question AND start_ns < d.start
      AND start_ns > d.start - %(reach)s AND (trace_id, span_id) <> (d.trace, d.span)
    ORDER BY start_ns DESC LIMIT %(earlier)s) a"""


def compare(
    version: EvaluatorVersion, subjects: Sequence[Subject], probability: float
) -> tuple[list[Outcome], list[Subject]]:
    """Scores of answers whose question came before; the others have nothing to compare with."""
    asked = [one for one in map(_asked, subjects) if one is not None]
    if not asked:
        return [], list(subjects)
    earlier = _earlier(version, asked)
    outcomes, scored = [], set()
    for question in asked:
        subject = question["subject"]
        others = earlier.get((subject.trace_id, subject.span_id))
        if others:
            scored.add(id(subject))
            outcomes.append(_outcome(version, subject, question["words"], others, probability))
    return outcomes, [one for one in subjects if id(one) not in scored]


def _asked(subject: Subject) -> dict[str, Any] | None:
    if not subject.input or not subject.output or subject.trace_id is None or subject.tool_calls:
        return None
    earlier = [text for text in _said(subject, "user") if text != subject.input]
    told = [*_said(subject, "system"), *_said(subject, "developer")]
    question = consistency.question_of(subject.input, [*earlier, *subject.contexts], told)
    if question is None:
        return None
    return {"subject": subject, "question": question,
            "words": consistency.words_of(subject.output)}  # fmt: skip


def _said(subject: Subject, role: str) -> list[str]:
    texts = (text_of(one.get("content")) for one in subject.messages if one.get("role") == role)
    return [text for text in texts if text]


def _earlier(
    version: EvaluatorVersion, asked: Sequence[dict[str, Any]]
) -> dict[tuple[UUID, int], list[tuple[UUID, list[int]]]]:
    columns = {
        "project": version.evaluator.project_id,
        "question": [one["question"] for one in asked],
        "start": [one["subject"].start_ns for one in asked],
        "trace": [one["subject"].trace_id for one in asked],
        "span": [one["subject"].span_id for one in asked],
        "words": [str(one["words"]) for one in asked],
        "reach": version.config.get("days", 7) * DAY_NS,
        "earlier": EARLIER,
    }
    found: dict[tuple[UUID, int], list[tuple[UUID, list[int]]]] = defaultdict(list)
    with connection.cursor() as cursor:
        cursor.execute(REMEMBER, columns)
        cursor.execute(FIND, columns)
        for trace, span, other, words in cursor.fetchall():
            found[trace, span].append((other, words))
    return found


def _outcome(
    version: EvaluatorVersion,
    subject: Subject,
    words: list[int],
    others: list[tuple[UUID, list[int]]],
    probability: float,
) -> Outcome:
    """The mean difference from the earlier answers; the one that differs most is named."""
    differences = [(consistency.difference(words, other), trace) for trace, other in others]
    worst, trace = max(differences, key=lambda one: one[0])
    mean = sum(value for value, _ in differences) / len(differences)
    answers = "an earlier answer" if len(others) == 1 else f"{len(others)} earlier answers"
    said = f"Compared with {answers} to the same question."
    if worst > 0:
        said += f" The one that differs most ({worst:.2f}) is in trace {trace.hex}."
    return Outcome(version, subject, round(mean, 4), explanation=said, probability=probability)


def purge() -> int:
    """Forget answers that nothing is compared with any more."""
    oldest = time.time_ns() - KEEP_DAYS * DAY_NS
    gone, _ = Answered.objects.filter(start_ns__lt=oldest).delete()
    return gone
