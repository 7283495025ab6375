"""Scoring what has just been stored.

Every request that stored spans left a row of `traces_batch` for us, in its own transaction.
Scoring its spans with the embedded detectors, making the jobs of the judges and removing the row
is one transaction.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.db import connection

from evals.models import EvaluatorVersion, Target
from evals.models.work import State
from evals.services import choosing, detecting, gates, jobs, loading, requests, scoring
from evals.services.choosing import identity_of, is_sampled
from evals.services.jobs import Plan
from evals.services.loading import Key
from evals.services.requests import Arrived
from evals.subjects import Subject

CONSUMER = "evaluate"
CLAIM = 4
"""Requests of one project that are scored together."""
QUIET_SECONDS = 20
"""A trace or session is scored as a whole when nothing has come for so long."""

NOTE_QUIET = """
INSERT INTO evals_quiet (project_id, trace_id, session_id, due_at)
SELECT %(project)s, trace, session, now() + make_interval(secs => %(seconds)s)
FROM unnest(%(traces)s::uuid[], %(sessions)s::text[]) AS d(trace, session)
ORDER BY trace, session
ON CONFLICT (project_id, trace_id, session_id) DO UPDATE SET due_at = excluded.due_at"""


def run(seconds: float) -> int:
    """Score stored requests for so long at most, a project at a time, in turn.

    Returns how many requests were done. Safe to run any number of times at once.
    """
    return requests.work_off(CONSUMER, seconds, CLAIM, _score)


def _score(arrived: Arrived) -> None:
    versions = choosing.at_work(arrived.project_id)
    if not versions or not arrived.rows:
        return
    _note_quiet(arrived, versions)
    _score_spans(arrived, choosing.span_versions(versions))


def _note_quiet(arrived: Arrived, versions: Sequence[EvaluatorVersion]) -> None:
    """Put whole traces and sessions down for later, if anybody scores these."""
    targets = {version.target for version in versions}
    due: set[tuple[UUID | None, str | None]] = set()
    if Target.TRACE in targets:
        due |= {(row.trace_id, None) for row in arrived.rows}
    if Target.SESSION in targets:
        due |= {(None, row.session_id) for row in arrived.rows if row.session_id}
    if due:
        listed = sorted(due, key=str)
        with connection.cursor() as cursor:
            cursor.execute(
                NOTE_QUIET,
                {
                    "project": arrived.project_id,
                    "seconds": QUIET_SECONDS,
                    "traces": [trace for trace, _ in listed],
                    "sessions": [session for _, session in listed],
                },
            )


def _score_spans(arrived: Arrived, versions: Sequence[EvaluatorVersion]) -> None:
    chosen = choosing.chosen_keys(arrived.project_id, arrived.rows, versions)
    anybody: set[Key] = set().union(*chosen.values())
    rows = [row for row in arrived.rows if (row.trace_id, row.span_id) in anybody]
    subjects = loading.subjects_of(arrived.project_id, rows, arrived.raws)
    outcomes: list[scoring.Outcome] = []
    skipped: dict[int, int] = {}
    plans: list[Plan] = []
    for version in versions:
        mine = [
            subject
            for key, subject in subjects.items()
            if key in chosen[version.pk] and is_sampled(version, identity_of(*key, None))
        ]
        if version.kind in scoring.EMBEDDED:
            scored, silent, failures = detecting.detect(version, mine, version.sampling)
            outcomes += scored
            left = sum(1 for subject in silent if detecting.unmeasured(version, subject))
            skipped[version.evaluator_id] = left
            plans += [failed_plan(version, subject, error) for subject, error in failures]
        else:
            plans += plans_of(version, mine)
    scoring.store(arrived.project_id, outcomes, skipped)
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
