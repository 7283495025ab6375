"""Asking for an erasure, and doing it: by a worker, in pieces that can each be repeated."""

from __future__ import annotations

import hashlib
import logging
import time
from dataclasses import dataclass

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from django.utils import timezone

from evals.datasets.services import erasing as datasets
from evals.drift.services import forgetting as drift
from evals.erasures import reviews
from evals.erasures.models import Erasure
from evals.probes.services import sets
from evals.replays.services import trials
from evals.topics.services import forgetting as topics
from evals.truth.services import forgetting
from sightglass.accounts import audit
from sightglass.accounts.access import ROLE_PERMISSIONS, Access, Permission
from sightglass.accounts.models import Role
from traces.models import Trace
from traces.services import retention

LONGEST_USER = 1_000
LONGEST_REASON = 500
MOST_COUNTED = 10_000
MOST_AT_ONCE = 100
State = Erasure.State
logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Foreseen:
    """What would be erased now. `traces` are counted up to MOST_COUNTED."""

    traces: int
    dataset_items: int


def foresee(access: Access, user_id: str) -> Foreseen:
    """Raises PermissionDenied, ValidationError."""
    access.require(Permission.ADMIN)
    _check_user(user_id)
    traces = Trace.objects.filter(project=access.project, user_id=user_id)
    held = datasets.holding(access, datasets.Wanted(user_id=user_id))
    return Foreseen(traces[:MOST_COUNTED].count(), sum(one.items for one in held))


def ask(access: Access, user_id: str, reason: str) -> Erasure:
    """Have everything of a user of the application erased; the same one if that is under way.

    Raises PermissionDenied, ValidationError.
    """
    access.require(Permission.ADMIN)
    _check_user(user_id)
    reason = reason.strip()
    if not 0 < len(reason) <= LONGEST_REASON or "\0" in reason:
        raise ValidationError({"reason": f"1 to {LONGEST_REASON} characters."})
    if user_id in reason:
        raise ValidationError({"reason": "It outlives the erasure: do not name the person in it."})
    with transaction.atomic():
        made, created = Erasure.objects.exclude(state=State.DONE).get_or_create(
            project=access.project,
            user_id=user_id,
            defaults={"reason": reason, "created_by": access.user},
        )
        if created:
            after = {"reason": reason}
            audit.record("person.erasure", _name(user_id), access=access, after=after)
    return made


def _check_user(user_id: str) -> None:
    if not 0 < len(user_id) <= LONGEST_USER or "\0" in user_id:
        raise ValidationError({"user_id": f"1 to {LONGEST_USER} characters."})


def _name(user_id: str) -> str:
    """Whoever knows the id can tell that it was this one; nobody else can."""
    return f"user {hashlib.sha256(user_id.encode()).hexdigest()[:16]}"


def of_project(access: Access) -> QuerySet[Erasure]:
    """Raises PermissionDenied."""
    access.require(Permission.ADMIN)
    return Erasure.objects.filter(project=access.project)


def get(access: Access, pk: int) -> Erasure:
    """Raises Http404 for one that is not the project's, PermissionDenied."""
    return get_object_or_404(of_project(access), pk=pk)


def run(seconds: float) -> int:
    """Work on what waits for so long at most. Returns how many erasures are done since."""
    end, done = time.monotonic() + seconds, 0
    waiting = Erasure.objects.exclude(state=State.DONE).order_by("pk")
    for pk in list(waiting.values_list("pk", flat=True)[:MOST_AT_ONCE]):
        while time.monotonic() < end:
            try:
                if _step(pk):
                    done += 1
                    break
            except Exception as error:
                logger.exception("Erasure %s failed and is tried again", pk)
                problem = f"{type(error).__name__}: it is tried again."
                Erasure.objects.filter(pk=pk).update(problem=problem)
                break
    return done


def _step(pk: int) -> bool:
    """One piece of it; whether nothing is left. Another worker's is left to that."""
    with transaction.atomic():
        row = (
            Erasure.objects.select_for_update(skip_locked=True, of=("self",))
            .select_related("project", "created_by")
            .exclude(state=State.DONE)
            .filter(pk=pk)
            .first()
        )
        if row is None:
            return True
        if row.state == State.WAITING:
            _copies(row)
            row.state = State.RUNNING
        elif not _some_traces(row):
            _finish(row)
        row.problem = ""
        row.save()
        return row.state == State.DONE


def _copies(row: Erasure) -> None:
    """First what was copied from the traces: that is found by these."""
    access = Access(row.project, ROLE_PERMISSIONS[Role.OWNER], user=row.created_by)
    held = datasets.erase(access, datasets.Wanted(user_id=row.user_id), row.reason)
    gone = forgetting.forget(access, row.user_id)
    drift.forget(access, row.user_id)
    topics.forget(access, row.user_id)
    trials.forget(row.project_id, row.user_id)
    sets.forget(row.project_id, row.user_id)
    row.dataset_items += sum(one.items for one in held)
    row.panel_cases += gone.cases
    row.prompt_examples += gone.examples


def _some_traces(row: Erasure) -> int:
    """Delete the next chunk of traces with all that belongs to them. Returns how many."""
    found = retention.delete_of_user(row.project_id, row.user_id)
    row.review_items += reviews.scrub(row.project_id, found)
    row.traces += len(found)
    return len(found)


def _finish(row: Erasure) -> None:
    _copies(row)  # somebody may have taken copies while traces were deleted
    told = {
        "traces": row.traces,
        "review_items": row.review_items,
        "dataset_items": row.dataset_items,
        "panel_cases": row.panel_cases,
        "prompt_examples": row.prompt_examples,
    }
    audit.record("person.erased", _name(row.user_id), project=row.project, after=told)
    row.state, row.user_id, row.finished_at = State.DONE, "", timezone.now()
