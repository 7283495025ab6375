"""Scores from outside: what users, people and code thought of a trace, span or session."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import connection, transaction

from sightglass.accounts.access import Access, Permission
from traces.models import Score
from traces.services import marks, previews

own_names: list[str] = []
own_ids: list[str] = []
"""What the names and ids of scores begin with that only code of higher floors gives: alerts and
labels go by them; added in `AppConfig.ready`."""


def is_own(name: str) -> bool:
    """Whether only code of higher floors gives scores of this name."""
    return name.startswith(tuple(own_names))


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
    probability: float = 1.0
    """With which the object was chosen to be scored."""
    at: datetime | None = None
    """When it was given; None: now. What is about nothing that is stored counts then."""


def summary(trace: str) -> str:
    """SQL of the scores that a trace shows: each name once.

    What was given to the trace as a whole wins, the last one; else the worst of its spans'.
    `trace` names the row that has `trace_id`; the project is the parameter %(project)s.
    """
    return f"""coalesce((
    SELECT jsonb_object_agg(name, value) FROM (
        SELECT DISTINCT ON (s.name) s.name,
            coalesce(to_jsonb(s.number), to_jsonb(s.boolean), to_jsonb(s.category)) AS value
        FROM traces_score s
        WHERE s.project_id = %(project)s AND s.trace_id = {trace}.trace_id
        ORDER BY s.name, s.span_id IS NOT NULL, CASE WHEN s.span_id IS NULL THEN 0
            WHEN s.higher_is_better THEN coalesce(s.number, s.boolean::int)
            WHEN NOT s.higher_is_better THEN -coalesce(s.number, s.boolean::int) END,
            s.created_at DESC, s.id DESC) shown), '{{}}')"""  # noqa: S608


SUMMARISE = f"""
UPDATE traces_trace t SET updated_at = now(), scores = {summary("t")}
WHERE t.project_id = %(project)s AND t.trace_id = ANY(%(traces)s)"""  # noqa: S608


def summarise(project_id: int, trace_ids: Sequence[UUID]) -> None:
    """Show these traces' scores on their summaries, in a transaction of the caller."""
    if trace_ids:
        with connection.cursor() as cursor:
            previews.lock(cursor, project_id, trace_ids)
            cursor.execute(SUMMARISE, {"project": project_id, "traces": list(trace_ids)})


def store(access: Access, given: Sequence[Given]) -> list[Score]:
    """Store scores and the summaries of their traces; one with a known id replaces its value."""
    if not (access.may(Permission.INGEST) or access.may(Permission.WRITE)):
        access.require(Permission.WRITE)
    return store_for(access.project.pk, given)


def store_for(project_id: int, given: Sequence[Given]) -> list[Score]:
    """The same without asking who gives them: for services that have decided that themselves."""
    with transaction.atomic():
        before = _said_before(project_id, [one.id for one in given if one.id is not None])
        made = [_stored(project_id, one) for one in given]
        _retell(project_id, [*before, *made])
    return made


def take_back(project_id: int, ids: Sequence[str]) -> int:
    """Delete scores by the ids that they were given with; returns how many there were."""
    with transaction.atomic():
        gone = _said_before(project_id, ids)
        Score.objects.filter(pk__in=[one.pk for one in gone]).delete()
        _retell(project_id, gone)
    return len(gone)


def _retell(project_id: int, said: Sequence[Score]) -> None:
    """Summaries of the traces, and marks on the sums, of scores that came or went."""
    about = [(one.trace_id, one.span_id) for one in said if one.trace_id is not None]
    summarise(project_id, sorted({trace_id for trace_id, _ in about}))
    with connection.cursor() as cursor:
        marks.mark_scored(cursor, project_id, about)
        told = [one.created_at for one in said if one.trace_id is None]
        marks.mark_times(cursor, project_id, [int(at.timestamp() * 1e9) for at in told])


def _said_before(project_id: int, ids: Sequence[str]) -> list[Score]:
    """What has these ids; what replaces it may be about something else."""
    if not ids:
        return []
    return list(Score.objects.filter(project_id=project_id, external_id__in=ids))


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
        "probability": given.probability,
        **({"created_at": given.at} if given.at else {}),
    }
    if given.id is None:
        return Score.objects.create(project_id=project_id, **fields)
    score, _ = Score.objects.update_or_create(
        project_id=project_id, external_id=given.id, defaults=fields
    )
    return score
