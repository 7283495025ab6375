"""Cache replays: asked for, worked off by a worker in one go, stored whole or not at all.

A replay only reads. Whoever takes one holds it for LEASE and renews that as it gets on; one that
died is begun anew by the next, and ends in the same figures.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import F, QuerySet
from django.utils import timezone

from evals.models import EvaluatorVersion
from evals.replays.models import CacheReplay, State
from evals.replays.services import figures
from evals.replays.services.recorded import SAME
from sightglass.accounts import audit
from sightglass.accounts.access import Access, Permission
from traces.query import QueryError, parse

LEASE = timedelta(minutes=3)
MOST_TRIES = 3
MOST_WAITING = 5
"""Replays of a project that are not done yet."""
LONGEST = 93 * 86_400 * 10**9
logger = logging.getLogger(__name__)


class Stopped(Exception):
    """Somebody stopped it, or another worker has taken it over."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """`ttl_seconds` None keeps answers for ever; `version` None judges by the answers' vectors."""

    start_ns: int
    end_ns: int
    q: str = ""
    ttl_seconds: int | None = 7 * 86_400
    same: Sequence[str] = SAME
    version: EvaluatorVersion | None = None
    alike: float = 0.8
    most_wrong: float = 0.05


def check_range(start_ns: int, end_ns: int, q: str) -> dict[str, str]:
    """What is wrong with a range and its filter, by name."""
    errors = {}
    if not 0 <= start_ns < end_ns < 2**62:
        errors["start"] = "It must begin before it ends."
    elif end_ns - start_ns > LONGEST:
        errors["start"] = "At most 93 days are replayed."
    try:
        parse(q)
    except QueryError as error:
        errors["q"] = str(error)
    return errors


def create(access: Access, wanted: Wanted) -> CacheReplay:
    """Have it replayed. Raises PermissionDenied, ValidationError."""
    access.require(Permission.WRITE)
    errors = check_range(wanted.start_ns, wanted.end_ns, wanted.q)
    ttl = wanted.ttl_seconds
    if ttl is not None and not 1 <= ttl <= 366 * 86_400:
        errors["ttl_seconds"] = "Between a second and 366 days, or none for ever."
    if not set(wanted.same) <= set(SAME):
        errors["same"] = f"Some of {', '.join(SAME)}."
    if not 0 < wanted.alike < 1:
        errors["alike"] = "Between 0 and 1."
    if not 0 < wanted.most_wrong < 1:
        errors["most_wrong"] = "Between 0 and 1."
    version = wanted.version
    if version is not None and version.evaluator.project_id != access.project.pk:
        errors["evaluator"] = "There is no such evaluator."
    open_ones = CacheReplay.objects.filter(
        project=access.project, state__in=[State.WAITING, State.RUNNING]
    )
    if not errors and open_ones.count() >= MOST_WAITING:
        raise ValidationError(f"{MOST_WAITING} replays wait already: stop one, or wait for it.")
    if errors:
        raise ValidationError(errors)
    with transaction.atomic():
        made = CacheReplay.objects.create(
            project=access.project,
            start_ns=wanted.start_ns,
            end_ns=wanted.end_ns,
            q=wanted.q.strip(),
            ttl_seconds=ttl,
            same=[name for name in SAME if name in wanted.same],
            version=version,
            alike=wanted.alike,
            most_wrong=wanted.most_wrong,
            created_by=access.user,
        )
        audit.record("replay.cache", str(made.pk), access=access)
    return made


def stop(access: Access, row: CacheReplay) -> None:
    """Raises PermissionDenied."""
    access.require(Permission.WRITE)
    going = CacheReplay.objects.filter(
        pk=row.pk, project=access.project, state__in=[State.WAITING, State.RUNNING]
    )
    with transaction.atomic():
        if going.update(state=State.STOPPED, finished_at=timezone.now()):
            audit.record("replay.stopped", str(row.pk), access=access)


def remove(access: Access, row: CacheReplay) -> None:
    """Raises PermissionDenied."""
    access.require(Permission.WRITE)
    with transaction.atomic():
        audit.record("replay.removed", str(row.pk), access=access)
        CacheReplay.objects.filter(pk=row.pk, project=access.project).delete()


def work_off(now: datetime | None = None) -> int:
    """Do what waits, one after the other; returns how many ended."""
    ended = 0
    while (row := _claim(now or timezone.now())) is not None:
        ended += _work(row)
    return ended


def _claim(now: datetime) -> CacheReplay | None:
    with transaction.atomic():
        row = (
            CacheReplay.objects.select_for_update(skip_locked=True, of=("self",))
            .filter(state__in=[State.WAITING, State.RUNNING], not_before__lte=now)
            .filter(project__deleted_at=None)
            .select_related("project", "version__evaluator")
            .order_by("not_before", "pk")
            .first()
        )
        if row is None:
            return None
        row.state, row.not_before = State.RUNNING, timezone.now() + LEASE
        row.attempts += 1
        row.done = 0
        row.save(update_fields=["state", "not_before", "attempts", "done"])
    return row


def _work(row: CacheReplay) -> bool:
    if row.attempts > MOST_TRIES:
        _end(row, state=State.FAILED, problem="Workers have died on it again and again.")
        return True
    try:
        result = figures.replay(row, lambda done, total: _progress(row, done, total))
    except Stopped:
        return False
    except Exception as error:
        logger.exception("Cache replay %s failed", row.pk)
        _end(row, state=State.FAILED, problem=f"{type(error).__name__}: {error}"[:500])
        return True
    _end(row, state=State.DONE, result=result, problem="", done=F("total"))
    return True


def _mine(row: CacheReplay) -> QuerySet[CacheReplay]:
    return CacheReplay.objects.filter(pk=row.pk, state=State.RUNNING, attempts=row.attempts)


def _progress(row: CacheReplay, done: int, total: int) -> None:
    """Raises Stopped."""
    later = timezone.now() + LEASE
    if not _mine(row).update(done=done, total=total, not_before=later):
        raise Stopped


def _end(row: CacheReplay, **values: object) -> None:
    _mine(row).update(finished_at=timezone.now(), **values)
