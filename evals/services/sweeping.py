"""Whole traces and sessions are scored when nothing has come for them for a while."""

from __future__ import annotations

from uuid import UUID

from django.db import connection, transaction

from evals.models import EvaluatorVersion, Target
from evals.services import choosing, gates, jobs, loading
from evals.services.choosing import identity_of, is_sampled
from evals.services.live import plan_of
from evals.subjects import Subject
from traces.models import Trace
from traces.query import Query, QueryError, parse
from traces.selectors.conditions import condition

CHUNK = 200
# An array is made once: a plan may run a plain IN again and again, and take more than the limit.
TAKE = """
DELETE FROM evals_quiet WHERE id = ANY(ARRAY(
    SELECT id FROM evals_quiet WHERE due_at <= now() ORDER BY due_at LIMIT %s
    FOR UPDATE SKIP LOCKED))
RETURNING project_id, trace_id, session_id"""


def run() -> int:
    """Make the jobs of what has gone quiet; returns how many traces and sessions that were."""
    taken = CHUNK
    total = 0
    while taken == CHUNK:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(TAKE, [CHUNK])
            due = cursor.fetchall()
            for project_id in sorted({record[0] for record in due}):
                mine = [record[1:] for record in due if record[0] == project_id]
                _plan(project_id, mine)
        taken = len(due)
        total += taken
    return total


def _plan(project_id: int, due: list[tuple[UUID | None, str | None]]) -> None:
    versions = choosing.at_work(project_id)
    traces = [trace for trace, _ in due if trace is not None]
    sessions = [session for _, session in due if session is not None]
    plans = []
    for version in versions:
        if version.target == Target.TRACE:
            for trace_id in traces_matching(project_id, version, traces):
                plans += _plans_of_trace(project_id, version, trace_id)
        elif version.target == Target.SESSION:
            for session in sessions_matching(project_id, version, sessions):
                subject = Subject(project_id, session_id=session)
                if is_sampled(version, identity_of(None, None, session)):
                    plans.append(plan_of(version, subject))
    jobs.plan(project_id, plans, again=True)


def _plans_of_trace(project_id: int, version: EvaluatorVersion, trace_id: UUID) -> list[jobs.Plan]:
    if not is_sampled(version, identity_of(trace_id, None, None)):
        return []
    subject: Subject | None = Subject(project_id, trace_id=trace_id)
    if version.config.get("gate"):
        subject = loading.subject_of_trace(project_id, trace_id)
    if subject is None:
        return []
    passed = gates.passed(version, [subject])[0]
    if passed is None:
        return [plan_of(version, subject, state="skipped", reason="gate")]
    return [plan_of(version, subject, probability=version.sampling * passed)]


def traces_matching(
    project_id: int, version: EvaluatorVersion, trace_ids: list[UUID]
) -> list[UUID]:
    """Those of the traces that the version's filter leaves."""
    rows = Trace.objects.filter(project_id=project_id, trace_id__in=trace_ids)
    try:
        wanted = condition(parse(version.filter) if version.filter.strip() else Query(), "trace")
    except QueryError:
        return []
    if wanted is not None:
        rows = rows.filter(wanted)
    return list(rows.values_list("trace_id", flat=True))


def sessions_matching(project_id: int, version: EvaluatorVersion, sessions: list[str]) -> list[str]:
    """Those of the sessions of which the filter leaves at least one trace."""
    if not version.filter.strip():
        return sessions
    rows = Trace.objects.filter(project_id=project_id, session_id__in=sessions)
    try:
        wanted = condition(parse(version.filter), "trace")
    except QueryError:
        return []
    if wanted is not None:
        rows = rows.filter(wanted)
    return sorted({str(one) for one in rows.values_list("session_id", flat=True)})
