"""Choosing a project's model, and giving stored calls their vectors of it, the newest first.

What arrives meanwhile gets vectors of both models; once the new one has gone through what is
stored, it answers, and the old one's are deleted in pieces. Every step is a transaction on the
project's row, so a worker that dies loses one step, and two do not do the same.
"""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import connection, transaction
from django.utils import timezone

from evals.models import Connection
from evals.providers.errors import ProviderError
from evals.services.loading import rows_of
from evals.vectors import endpoint
from evals.vectors.models import Choice, Model
from evals.vectors.selectors import models
from evals.vectors.services import storing
from evals.vectors.texts import texts_of
from sightglass.accounts import audit
from sightglass.accounts.access import Access, Permission
from sightglass.kernel.storable import storable
from traces.spans import Kind

AT_ONCE = 200
"""Calls of one step."""
DROPPED_AT_ONCE = 20_000
NEWEST = 2**63 - 1
TRY = "Where is my order?"
logger = logging.getLogger(__name__)

STORED = f"""
SELECT trace_id, span_id, start_ns FROM traces_span
WHERE project_id = %s AND kind = '{Kind.LLM.value}' AND start_ns >= %s AND start_ns <= %s
  AND (start_ns, trace_id, span_id) < (%s, %s, %s)
ORDER BY start_ns DESC, trace_id DESC, span_id DESC LIMIT %s"""  # noqa: S608 - a constant
COUNT = f"""
SELECT count(*) FROM traces_span
WHERE project_id = %s AND kind = '{Kind.LLM.value}' AND start_ns >= %s"""  # noqa: S608
DROP = """
DELETE FROM vectors_vector WHERE (project_id, model_id, field, trace_id, span_id, start_ns) IN (
    SELECT project_id, model_id, field, trace_id, span_id, start_ns FROM vectors_vector
    WHERE project_id = %s AND model_id = %s LIMIT %s)"""


@dataclass(frozen=True, slots=True)
class Progress:
    """`coming`: what is being filled; `calls` of about `of_calls` have been gone through."""

    model: Model
    coming: Model | None
    calls: int
    of_calls: int
    problem: str


def progress(access: Access) -> Progress:
    """Raises PermissionDenied."""
    access.require(Permission.READ)
    row = Choice.objects.filter(project=access.project).select_related("model", "coming").first()
    if row is None:
        return Progress(models.embedded(), None, 0, 0, "")
    return Progress(row.model, row.coming, row.calls, row.of_calls, row.problem)


def choose(access: Access, row: Connection | None, name: str = "") -> Choice:
    """Make this the project's model once stored calls have its vectors. None: the embedded one.

    The endpoint is tried first. Chosen again, all is embedded again. Raises PermissionDenied,
    ValidationError.
    """
    access.require(Permission.ADMIN)
    wanted = models.embedded() if row is None else _tried(access, row, name.strip())
    return begin(access, wanted)


def begin(access: Access, wanted: Model, since_ns: int = 0) -> Choice:
    """Fill this model from `since_ns` on. Raises PermissionDenied."""
    access.require(Permission.ADMIN)
    with transaction.atomic():
        choice, _ = Choice.objects.select_for_update().get_or_create(
            project=access.project, defaults={"model": models.present(access.project.pk)}
        )
        audit.record(
            "vectors.model", str(wanted), access=access, before={"model": str(choice.model)}
        )
        choice.coming, choice.cursor, choice.since_ns = wanted, None, since_ns
        choice.calls, choice.of_calls, choice.problem = 0, _count(access.project.pk, since_ns), ""
        choice.changed_at = timezone.now()
        choice.save()
    return choice


def _tried(access: Access, row: Connection, name: str) -> Model:
    if not name:
        raise ValidationError({"model": "Name the model, such as text-embedding-3-small."})
    if row.project_id != access.project.pk:
        raise ValidationError({"connection": "There is no such connection."})
    try:
        dimensions = endpoint.embed(row, name, [TRY]).shape[1]
    except ProviderError as error:
        raise ValidationError({"model": f"It gave no vector: {error}."}) from error
    # What a name stands for can change: vectors of other lengths cannot be compared.
    found, _ = Model.objects.get_or_create(
        project=access.project,
        connection=row,
        name=name,
        version=models.version_of(f"{dimensions}"),
        defaults={"dimensions": dimensions},
    )
    return found


def run(seconds: float) -> int:
    """Steps of all projects that are being filled, in turn. Returns how many were done."""
    end, done = time.monotonic() + seconds, 0
    while time.monotonic() < end:
        waiting = Choice.objects.exclude(coming=None, dropping=None).order_by("pk")
        steps = [_tell(pk) for pk in waiting.values_list("pk", flat=True)]
        done += sum(steps)
        if not any(steps):
            break
    return done


def _tell(pk: int) -> bool:
    """One step; whether it got on. Why it did not stands on the row."""
    try:
        return step(pk)
    except Exception as error:
        if not isinstance(error, ProviderError):
            logger.exception("Vectors of a project could not be filled")
        said = storable(f"{error}" or type(error).__name__)[:1_000]
        Choice.objects.filter(pk=pk).update(problem=said)
        return False


def step(pk: int) -> bool:
    """The next calls of one project, or the next of what is dropped. False: somebody else does."""
    with transaction.atomic():
        choice = (
            Choice.objects.select_for_update(skip_locked=True, of=("self",))
            .select_related("coming", "dropping", "model")
            .filter(pk=pk)
            .first()
        )
        if choice is None or (choice.coming is None and choice.dropping is None):
            return False
        if choice.coming is not None:
            _fill(choice, choice.coming)
        else:
            _drop(choice)
        choice.problem = ""
        choice.save()
    return True


def _fill(choice: Choice, coming: Model) -> None:
    keys = _stored(choice)
    if not keys:
        _switch(choice, coming)
        return
    rows = [row for row in rows_of(choice.project_id, keys) if storing.is_embedded(row)]
    texts = texts_of(choice.project_id, [(r.trace_id, r.span_id, r.start_ns) for r in rows])
    there = [row for row in rows if (row.trace_id, row.span_id) in texts]
    storing.store(choice.project_id, coming, storing.vectors_of(coming, there, texts))
    trace_id, span_id, start_ns = keys[-1]
    choice.cursor = [start_ns, str(trace_id), span_id]
    choice.calls += len(keys)


def _stored(choice: Choice) -> list[tuple[UUID, int, int]]:
    start, trace_id, span_id = choice.cursor or [NEWEST, "ffffffff-ffff-ffff-ffff-ffffffffffff", 0]
    asked: list[Any] = [choice.project_id, choice.since_ns, start, start, trace_id, span_id]
    with connection.cursor() as cursor:
        cursor.execute(STORED, [*asked, AT_ONCE])
        return list(cursor.fetchall())


def _switch(choice: Choice, coming: Model) -> None:
    if choice.model != coming:
        choice.dropping, choice.model = choice.model, coming
    choice.coming, choice.cursor = None, None


def _drop(choice: Choice) -> None:
    with connection.cursor() as cursor:
        cursor.execute(DROP, [choice.project_id, choice.dropping_id, DROPPED_AT_ONCE])
        if cursor.rowcount < DROPPED_AT_ONCE:
            choice.dropping = None


def _count(project_id: int, since_ns: int) -> int:
    with connection.cursor() as cursor:
        cursor.execute(COUNT, [project_id, since_ns])
        return int(cursor.fetchone()[0])
