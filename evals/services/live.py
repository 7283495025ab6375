"""Scoring what has just been stored.

Every request that stored spans left a row of `traces_batch` for us, in its own transaction.
It is claimed by a lease. Scoring its spans with the embedded detectors, making the jobs of the
judges and removing the row is one transaction: of a worker that dies nothing is half done, and
another takes the row over.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import connection, transaction

from evals.models import EvaluatorVersion, Target
from evals.models.work import State
from evals.services import choosing, detecting, gates, jobs, loading, scoring
from evals.services.choosing import identity_of, is_sampled
from evals.services.jobs import Plan
from evals.services.loading import Key
from evals.subjects import Subject
from sightglass.kernel.storable import storable
from traces import blocks
from traces.ids import span_to_column
from traces.models import Span
from traces.services.indexing import REST, is_busy
from traces.spans import RawSpan

CONSUMER = "evaluate"
CLAIM = 4
"""Requests of one project that are scored together."""
MAX_ATTEMPTS = 8
LEASE_SECONDS = 60
"""After so long a request whose worker died is taken over."""
QUIET_SECONDS = 20
"""A trace or session is scored as a whole when nothing has come for so long."""
logger = logging.getLogger(__name__)

PROJECTS = """
WITH RECURSIVE p(id) AS (
    (SELECT project_id FROM traces_batch WHERE consumer = %(consumer)s
     ORDER BY project_id LIMIT 1)
    UNION ALL
    SELECT (SELECT b.project_id FROM traces_batch b WHERE b.consumer = %(consumer)s
            AND b.project_id > p.id ORDER BY b.project_id LIMIT 1)
    FROM p WHERE p.id IS NOT NULL)
SELECT id FROM p WHERE id IS NOT NULL"""
CLAIM_BATCHES = """
UPDATE traces_batch SET attempts = attempts + 1,
    not_before = now() + make_interval(secs => %(lease)s)
WHERE id IN (
    SELECT id FROM traces_batch
    WHERE consumer = %(consumer)s AND project_id = %(project)s AND attempts < %(most)s
      AND (attempts > 0) = %(again)s AND (not_before IS NULL OR not_before <= now())
    ORDER BY id LIMIT %(limit)s FOR UPDATE SKIP LOCKED)
RETURNING id, blocks, weeks"""
POSTPONE = """
UPDATE traces_batch SET error = %s,
    not_before = now() + make_interval(secs => least(power(4, attempts - 1), 3600))
WHERE id = ANY(%s)"""
NOTE_QUIET = """
INSERT INTO evals_quiet (project_id, trace_id, session_id, due_at)
SELECT %(project)s, trace, session, now() + make_interval(secs => %(seconds)s)
FROM unnest(%(traces)s::uuid[], %(sessions)s::text[]) AS d(trace, session)
ORDER BY trace, session
ON CONFLICT (project_id, trace_id, session_id) DO UPDATE SET due_at = excluded.due_at"""


@dataclass(slots=True)
class _Arrived:
    """What one claim brought: spans with their originals."""

    project_id: int
    rows: list[Span]
    raws: dict[Key, RawSpan]


def run(seconds: float) -> int:
    """Work off stored requests for so long at most, a project at a time, in turn.

    Returns how many requests were done. Safe to run any number of times at once.
    """
    end, done = time.monotonic() + seconds, 0
    while time.monotonic() < end:
        before = done
        for project_id in _projects():
            began, busy = time.monotonic(), is_busy()
            # Leave the machine to those who wait for an answer, and never take it for long at once.
            done += _claim_and_score(project_id, 1 if busy else CLAIM)
            if began > end:
                break
            if busy:
                spent = time.monotonic() - began
                time.sleep(max(0.0, min(spent * REST, end - time.monotonic())))
        if done == before:
            break
    return done


def _projects() -> list[int]:
    with connection.cursor() as cursor:
        cursor.execute(PROJECTS, {"consumer": CONSUMER})
        return [row[0] for row in cursor.fetchall()]


def _claim_and_score(project_id: int, limit: int) -> int:
    with connection.cursor() as cursor:
        # What has been tried before may be what its worker died of: it is tried alone.
        claimed = _claimed(cursor, project_id, limit, again=False)
        claimed = claimed or _claimed(cursor, project_id, 1, again=True)
        if not claimed:
            return 0
        ids = [record[0] for record in claimed]
        try:
            with transaction.atomic():
                _score(cursor, project_id, claimed)
                cursor.execute("DELETE FROM traces_batch WHERE id = ANY(%s)", [ids])
        except Exception as error:  # noted on the rows and tried again; other projects go on
            logger.exception("Requests %s could not be scored", ids)
            said = storable(f"{type(error).__name__}: {error}")[:2000]
            cursor.execute(POSTPONE, [said, ids])
    return len(claimed)


def _claimed(cursor: Any, project_id: int, limit: int, *, again: bool) -> list[tuple[Any, ...]]:
    """Committed before the work begins, so that an attempt counts even if the worker dies."""
    wanted = {
        "consumer": CONSUMER,
        "project": project_id,
        "most": MAX_ATTEMPTS,
        "lease": LEASE_SECONDS,
        "again": again,
        "limit": limit,
    }
    cursor.execute(CLAIM_BATCHES, wanted)
    return sorted(cursor.fetchall())


def _score(cursor: Any, project_id: int, claimed: Sequence[tuple[Any, ...]]) -> None:
    versions = choosing.at_work(project_id)
    if not versions:
        return
    wanted = {(week, block) for _, blocks_, weeks in claimed
              for block, week in zip(blocks_, weeks, strict=True)}  # fmt: skip
    arrived = _arrived(cursor, project_id, wanted)
    if not arrived.rows:
        return
    _note_quiet(cursor, arrived, versions)
    _score_spans(arrived, choosing.span_versions(versions))


def _arrived(cursor: Any, project_id: int, wanted: set[tuple[int, int]]) -> _Arrived:
    cursor.execute(
        "SELECT id, data FROM traces_payload WHERE week = ANY(%s) AND id = ANY(%s)"
        " AND project_id = %s ORDER BY id",
        [[week for week, _ in wanted], [block for _, block in wanted], project_id],
    )
    raws: dict[Key, RawSpan] = {}
    for _, data in cursor.fetchall():
        for raw in blocks.read(bytes(data)).values():
            raws[UUID(bytes=raw.trace_id), span_to_column(raw.span_id)] = raw
    keys = [(trace_id, span_id, raw.start_ns) for (trace_id, span_id), raw in raws.items()]
    rows = loading.rows_of(project_id, keys)
    # A span that was revised since stands in another block, which has its own request.
    current = {block for _, block in wanted}
    return _Arrived(project_id, [row for row in rows if row.block_id in current], raws)


def _note_quiet(cursor: Any, arrived: _Arrived, versions: Sequence[EvaluatorVersion]) -> None:
    """Put whole traces and sessions down for later, if anybody scores these."""
    targets = {version.target for version in versions}
    due: set[tuple[UUID | None, str | None]] = set()
    if Target.TRACE in targets:
        due |= {(row.trace_id, None) for row in arrived.rows}
    if Target.SESSION in targets:
        due |= {(None, row.session_id) for row in arrived.rows if row.session_id}
    if due:
        listed = sorted(due, key=str)
        cursor.execute(
            NOTE_QUIET,
            {
                "project": arrived.project_id,
                "seconds": QUIET_SECONDS,
                "traces": [trace for trace, _ in listed],
                "sessions": [session for _, session in listed],
            },
        )


def _score_spans(arrived: _Arrived, versions: Sequence[EvaluatorVersion]) -> None:
    chosen = choosing.chosen_keys(arrived.project_id, arrived.rows, versions)
    anybody: set[Key] = set().union(*chosen.values())
    rows = [row for row in arrived.rows if (row.trace_id, row.span_id) in anybody]
    subjects = loading.subjects_of(arrived.project_id, rows, arrived.raws)
    outcomes: list[scoring.Outcome] = []
    plans: list[Plan] = []
    for version in versions:
        mine = [
            subject
            for key, subject in subjects.items()
            if key in chosen[version.pk] and is_sampled(version, identity_of(*key, None))
        ]
        if version.kind in scoring.EMBEDDED:
            scored, _, failures = detecting.detect(version, mine, version.sampling)
            outcomes += scored
            plans += [failed_plan(version, subject, error) for subject, error in failures]
        else:
            plans += plans_of(version, mine)
    scoring.store(arrived.project_id, outcomes)
    jobs.plan(arrived.project_id, plans)


def plan_of(version: EvaluatorVersion, subject: Subject, **values: Any) -> Plan:
    """A job on this subject."""
    whole_session = version.target == Target.SESSION
    return Plan(
        version,
        trace_id=None if whole_session else subject.trace_id,
        span_id=subject.span_id if version.target == Target.SPAN else None,
        session_id=subject.session_id if whole_session else None,
        start_ns=subject.start_ns,
        **{"probability": version.sampling, **values},
    )


def failed_plan(version: EvaluatorVersion, subject: Subject, error: str) -> Plan:
    """A job that tries a failed text again later, and shows why it failed."""
    return plan_of(version, subject, error=error, attempts=1, wait=4.0)


def plans_of(version: EvaluatorVersion, subjects: Sequence[Subject], **values: Any) -> list[Plan]:
    """The jobs of a judge: those that its gate lets through, and the others as skipped."""
    plans = []
    for subject, passed in zip(subjects, gates.passed(version, subjects), strict=True):
        if passed is None:
            skipped = {"state": State.SKIPPED, "reason": "gate"}
            plans.append(plan_of(version, subject, **{**values, **skipped}))
        else:
            probability = version.sampling * passed
            plans.append(plan_of(version, subject, **values, probability=probability))
    return plans
