"""Rows of work: made once, claimed by lease, ended as done, skipped or failed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db import connection, transaction
from django.utils import timezone

from evals.models import EvaluatorVersion, Job, Kind
from evals.models.work import Lane, State
from evals.services.scoring import Count, count_day
from sightglass.kernel.storable import storable

MAX_ATTEMPTS = 5
LEASE = timedelta(minutes=5)
KEEP = timedelta(days=14)
"""How long ended jobs are kept: they answer why something was, or was not, scored."""
BACKFILL_SHARE = 4
"""Of so many claims one is of the back-fills while live work waits."""

PLAN = """
INSERT INTO evals_job (project_id, version_id, trace_id, span_id, session_id, start_ns, queue, lane,
    backfill_id, probability, state, reason, error, attempts, not_before, created_at, finished_at)
SELECT %(project)s, version, trace, span, session, start, queue, lane, backfill, probability, state,
    reason, error, attempts, now() + make_interval(secs => wait), now(),
    CASE WHEN state IN ('done', 'skipped', 'failed') THEN now() END
FROM unnest(%(version)s::int8[], %(trace)s::uuid[], %(span)s::int8[], %(session)s::text[],
    %(start)s::int8[], %(queue)s::text[], %(lane)s::int2[],
    %(backfill)s::int8[], %(probability)s::float8[],
    %(state)s::text[], %(reason)s::text[], %(error)s::text[], %(attempts)s::int2[],
    %(wait)s::float8[]) AS d(version, trace, span, session, start, queue, lane, backfill,
    probability, state, reason, error, attempts, wait)
ORDER BY version, trace, span, session
ON CONFLICT (version_id, trace_id, span_id, session_id) DO UPDATE
SET state = excluded.state, reason = excluded.reason, error = excluded.error,
    not_before = excluded.not_before, attempts = excluded.attempts,
    probability = excluded.probability, lane = excluded.lane, finished_at = excluded.finished_at,
    backfill_id = coalesce(excluded.backfill_id, evals_job.backfill_id)
WHERE (evals_job.state = 'skipped' AND excluded.state <> 'skipped')
   OR (%(again)s AND evals_job.state IN ('done', 'failed'))"""

# An array is made once: a plan may run a plain IN again and again, and claim more than the limit.
CLAIM = """
UPDATE evals_job SET state = 'running', attempts = attempts + 1,
    not_before = now() + make_interval(secs => %(seconds)s)
WHERE id = ANY(ARRAY(
    SELECT id FROM evals_job
    WHERE queue = %(queue)s AND project_id = %(project)s AND lane = %(lane)s
      AND state IN ('waiting', 'running') AND not_before <= now()
    ORDER BY not_before LIMIT %(limit)s FOR UPDATE SKIP LOCKED))
RETURNING id"""

# One step of the index for each project, however many jobs wait.
PROJECTS = """
WITH RECURSIVE p(id) AS (
    (SELECT project_id FROM evals_job WHERE state IN ('waiting', 'running') AND queue = %(queue)s
     ORDER BY project_id LIMIT 1)
    UNION ALL
    SELECT (SELECT j.project_id FROM evals_job j WHERE j.state IN ('waiting', 'running')
            AND j.queue = %(queue)s AND j.project_id > p.id ORDER BY j.project_id LIMIT 1)
    FROM p WHERE p.id IS NOT NULL)
SELECT id FROM p WHERE id IS NOT NULL"""

LOCKS = {"judge": 7_317_001, "ragas": 7_317_002}
"""Advisory locks of queues that one process at a time works on."""
QUEUES = {
    Kind.DETECTOR: "detector",
    Kind.CONSISTENCY: "detector",
    Kind.JUDGE: "judge",
    Kind.PAIRWISE: "judge",
    Kind.RAGAS: "ragas",
}


@dataclass(slots=True)
class Plan:
    """A job to make. `state` other than waiting is an answer that is known already."""

    version: EvaluatorVersion
    trace_id: UUID | None = None
    span_id: int | None = None
    session_id: str | None = None
    start_ns: int = 0
    lane: int = Lane.LIVE
    backfill: int | None = None
    probability: float = 1.0
    state: str = State.WAITING
    reason: str = ""
    error: str = ""
    attempts: int = 0
    wait: float = 0.0


def plan(project_id: int, plans: Sequence[Plan], *, again: bool = False) -> int:
    """Make jobs that are not there; returns how many were made or woken.

    A skipped one wakes up when there is something to do after all; `again` also wakes what has
    ended, for traces and sessions that have grown.
    """
    if not plans:
        return 0
    columns: dict[str, Any] = {
        "version": [one.version.pk for one in plans],
        "queue": [QUEUES[Kind(one.version.kind)] for one in plans],
        "trace": [one.trace_id for one in plans],
        "span": [one.span_id for one in plans],
        "session": [one.session_id for one in plans],
        "start": [one.start_ns for one in plans],
        **{
            name: [getattr(one, name) for one in plans]
            for name in ("lane", "backfill", "probability", "state", "reason", "error")
        },
        "attempts": [one.attempts for one in plans],
        "wait": [one.wait for one in plans],
    }
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(PLAN, {"project": project_id, "again": again, **columns})
        return int(cursor.rowcount)


def claim(
    queue: str,
    limit: int,
    turn: int = 0,
    lease: timedelta = LEASE,
    held: Mapping[int, int] | None = None,
    most: int | None = None,
) -> list[Job]:
    """Up to `limit` jobs of this queue, a fair share of each project's; theirs for `lease`.

    A project of which `held` says that the caller has some already gets no more than `most` in
    all; and only a quarter of that at once or more, so that claims stay few.
    Live work comes before back-fills, which still get every BACKFILL_SHARE-th `turn`. A job whose
    lease has run out (its worker died) is claimed again.
    """
    lanes = [Lane.LIVE, Lane.BACKFILL]
    if turn % BACKFILL_SHARE == BACKFILL_SHARE - 1:
        lanes.reverse()
    room = {project: (most or limit) - count for project, count in (held or {}).items()}
    room = {project: left if left * 4 >= (most or limit) else 0 for project, left in room.items()}
    claimed: list[int] = []
    for lane in lanes:
        if len(claimed) < limit:
            left = limit - len(claimed)
            claimed += _claim_lane(queue, lane, left, turn, lease, room, most or limit)
    rows = Job.objects.filter(pk__in=claimed).select_related("version__evaluator")
    ready = []
    for job in rows.order_by("pk"):
        if job.attempts > MAX_ATTEMPTS:
            fail(job, job.error or "each worker that took it died", final=True)
        else:
            ready.append(job)
    return ready


def _claim_lane(
    queue: str,
    lane: int,
    limit: int,
    turn: int,
    lease: timedelta,
    room: dict[int, int],
    most: int,
) -> list[int]:
    """`room`: how many more a project may get; lowered by what it got here."""
    with connection.cursor() as cursor:
        cursor.execute(PROJECTS, {"queue": queue})
        projects = sorted(row[0] for row in cursor.fetchall())
        if not projects:
            return []
        first = turn % len(projects)
        projects = projects[first:] + projects[:first]
        claimed: list[int] = []
        for left, project in zip(range(len(projects), 0, -1), projects, strict=True):
            share = min(max(1, (limit - len(claimed)) // left), room.get(project, most))
            if len(claimed) >= limit:
                break
            if share <= 0:
                continue
            cursor.execute(
                CLAIM,
                {
                    "seconds": lease.total_seconds(),
                    "project": project,
                    "lane": lane,
                    "queue": queue,
                    "limit": share,
                },
            )
            got = [row[0] for row in cursor.fetchall()]
            room[project] = room.get(project, most) - len(got)
            claimed += got
    return claimed


def take_queue(queue: str) -> bool:
    """Become the only one who works on the queue, as long as this database session lives.

    What is running then was left by one who died, and is taken over at once. False: somebody is
    at it already.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s)", [LOCKS[queue]])
        row = cursor.fetchone()
    if not row or not row[0]:
        return False
    Job.objects.filter(queue=queue, state=State.RUNNING).update(not_before=timezone.now())
    return True


def leave_queue(queue: str) -> None:
    """Let others work on it."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_unlock(%s)", [LOCKS[queue]])


def finish(jobs: Iterable[Job]) -> None:
    """These have their score."""
    _end([job.pk for job in jobs], State.DONE, "")


def skip(jobs: Sequence[Job], reason: str, detail: str = "") -> None:
    """These get none, and this is why (a slug of `evals.services.reasons`)."""
    _end([job.pk for job in jobs], State.SKIPPED, reason, detail)
    _note(jobs, "skipped")


def _end(ids: Sequence[int], state: str, reason: str, error: str = "") -> None:
    if ids:
        Job.objects.filter(pk__in=list(ids)).update(
            state=state, reason=reason, error=storable(error)[:2000], finished_at=timezone.now()
        )


def fail(job: Job, error: str, *, final: bool = False, wait: float | None = None) -> None:
    """Try again later (4, 16, 64 … s, or `wait`), or end as failed after MAX_ATTEMPTS."""
    if final or job.attempts >= MAX_ATTEMPTS:
        _end([job.pk], State.FAILED, "error", error)
        _note([job], "failed")
        return
    delay = timedelta(seconds=wait if wait is not None else 4.0**job.attempts)
    Job.objects.filter(pk=job.pk).update(
        state=State.WAITING, error=storable(error)[:2000], not_before=timezone.now() + delay
    )


def postpone(jobs: Iterable[Job], until: Any, reason: str) -> None:
    """Give claimed jobs back untried, for a time when they can be done."""
    ids = [job.pk for job in jobs]
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE evals_job SET state = 'waiting', attempts = greatest(attempts - 1, 0),"
            " not_before = %s, reason = %s WHERE id = ANY(%s)",
            [until, reason, ids],
        )


def retry(project_id: int, version: EvaluatorVersion | None = None, pk: int | None = None) -> int:
    """Wake failed jobs of the project, of one version or one job; returns how many."""
    rows = Job.objects.filter(project_id=project_id, state=State.FAILED)
    if version is not None:
        rows = rows.filter(version=version)
    if pk is not None:
        rows = rows.filter(pk=pk)
    return rows.update(
        state=State.WAITING, attempts=0, not_before=timezone.now(), finished_at=None, reason=""
    )


def _note(jobs: Sequence[Job], what: str) -> None:
    counts: dict[int, Count] = {}
    for job in jobs:
        count = counts.setdefault(job.version.evaluator_id, Count())
        setattr(count, what, getattr(count, what) + 1)
    count_day(counts)


def purge() -> int:
    """Forget ended jobs after KEEP; their scores stay."""
    gone, _ = Job.objects.filter(finished_at__lt=timezone.now() - KEEP).delete()
    return gone
