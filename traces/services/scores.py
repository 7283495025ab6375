"""Scores from outside: what users, people and code thought of a trace, span or session."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from django.db import connection, transaction

from sightglass.accounts.access import Access, Permission
from traces.models import Score


@dataclass(slots=True)
class Given:
    """One score to store; `id` makes it idempotent within the project."""

    name: str
    value: float | bool | str
    source: str
    trace_id: UUID | None = None
    span_id: int | None = None
    session_id: str | None = None
    comment: str = ""
    id: str | None = None


# Latest first wins: an object has each name once, the last one given.
SUMMARISE = """
UPDATE traces_trace t SET updated_at = now(), scores = coalesce((
    SELECT jsonb_object_agg(s.name, coalesce(to_jsonb(s.number), to_jsonb(s.boolean),
                            to_jsonb(s.category)) ORDER BY s.created_at, s.id)
    FROM traces_score s
    WHERE s.project_id = t.project_id AND s.trace_id = t.trace_id AND s.span_id IS NULL), '{}')
WHERE t.project_id = %s AND t.trace_id = ANY(%s)"""


def store(access: Access, given: Sequence[Given]) -> list[Score]:
    """Store scores and the summaries of their traces; one with a known id replaces its value."""
    if not (access.may(Permission.INGEST) or access.may(Permission.WRITE)):
        access.require(Permission.WRITE)
    project = access.project
    with transaction.atomic():
        made = [_stored(project.pk, one) for one in given]
        traces = sorted({one.trace_id for one in given if one.trace_id is not None})
        if traces:
            with connection.cursor() as cursor:
                cursor.execute(SUMMARISE, [project.pk, traces])
    return made


def _stored(project_id: int, given: Given) -> Score:
    value = given.value
    fields = {
        "trace_id": given.trace_id,
        "span_id": given.span_id,
        "session_id": given.session_id,
        "name": given.name,
        "number": float(value) if type(value) in (int, float) else None,
        "boolean": value if isinstance(value, bool) else None,
        "category": value if isinstance(value, str) else None,
        "source": given.source,
        "comment": given.comment,
    }
    if given.id is None:
        return Score.objects.create(project_id=project_id, **fields)
    score, _ = Score.objects.update_or_create(
        project_id=project_id, external_id=given.id, defaults=fields
    )
    return score
