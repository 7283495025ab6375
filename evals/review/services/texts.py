"""The texts of an item in which spans are marked: those that evidence is counted in, too."""

from __future__ import annotations

from collections.abc import Sequence

from evals.review.models import Item
from evals.review.questions import FIELDS, Kind, Question
from evals.services import loading
from evals.subjects import Subject
from traces.models import Span


def subject_of(item: Item) -> Subject | None:
    """What evaluators read of the item; None where it is not stored any more."""
    project_id = item.queue.project_id
    if item.span_id is None:
        return loading.subject_of_trace(project_id, item.trace_id)
    rows = list(
        Span.objects.filter(project_id=project_id, trace_id=item.trace_id, span_id=item.span_id)[:1]
    )
    return loading.subjects_of(project_id, rows).get((item.trace_id, item.span_id))


def lengths(item: Item, questions: Sequence[Question]) -> dict[str, int] | None:
    """By field, in characters; None where no question needs to know."""
    if not any(question["kind"] == Kind.SPAN for question in questions):
        return None
    subject = subject_of(item)
    if subject is None:
        return {}
    return {field: len(getattr(subject, field) or "") for field in FIELDS}
