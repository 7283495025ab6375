"""Forgetting: whole weeks are dropped once nobody keeps them, traces one by one before."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import OperationalError, connection, transaction
from django.db.models import Max

from sightglass.accounts import projects
from sightglass.accounts.models import Project
from traces.services import ledger, marks, originals, partitions, slices

CHUNK = 500
MAX_CHUNKS = 200
"""Per project and run, so that one run ends; the next goes on."""

LEDGER_DAYS = 62
logger = logging.getLogger(__name__)

EXPIRED = """
SELECT trace_id, start_ns, last_start_ns FROM traces_trace
WHERE project_id = %s AND start_ns < %s AND last_start_ns < %s AND received_at < %s
ORDER BY start_ns DESC LIMIT %s FOR UPDATE SKIP LOCKED"""
OF_USER = """
SELECT trace_id, start_ns, last_start_ns, session_id FROM traces_trace
WHERE project_id = %s AND user_id = %s LIMIT %s FOR UPDATE"""
DELETE_SESSION_SCORES = """
DELETE FROM traces_score WHERE project_id = %s AND session_id = ANY(%s) AND trace_id IS NULL"""
FORGET_EXAMPLES = "UPDATE traces_unmappedkey SET example = '' WHERE project_id = %s"
"""Whose an example of an attribute was is not known."""
DELETE_SPANS = """
DELETE FROM traces_span WHERE project_id = %(project)s AND trace_id = ANY(%(traces)s)
    AND start_ns BETWEEN %(low)s AND %(high)s RETURNING start_ns, block_id"""
beside: list[str] = []
"""Tables of higher floors that have rows of spans (project_id, trace_id, start_ns), which go with
them; added in `AppConfig.ready`."""
expiring: list[Callable[[int, datetime], None]] = []
"""What else of a project goes once it is older: (project_id, kept_since); added likewise."""
DELETE_BESIDE = """
DELETE FROM {} WHERE project_id = %(project)s AND trace_id = ANY(%(traces)s)
    AND start_ns BETWEEN %(low)s AND %(high)s"""
DELETE_ROWS = "DELETE FROM {} WHERE project_id = %(project)s AND trace_id = ANY(%(traces)s)"


def apply(now: datetime | None = None) -> dict[str, int]:
    """Drop expired weeks and delete expired traces.

    Returns the counts. Can be repeated and interrupted.
    """
    now = now or datetime.now(UTC)
    dropped, deleted = drop_weeks(now), 0
    for project in Project.objects.order_by("pk").iterator():
        since = kept_since(project, now)
        deleted += _delete_traces(project, since)
        for expire in expiring:
            expire(project.pk, since)
    return {"weeks": dropped, "traces": deleted, "slices": _forget_slices()}


def _forget_slices() -> int:
    forgotten = 0
    for project_id in Project.objects.order_by("pk").values_list("pk", flat=True).iterator():
        with transaction.atomic(), connection.cursor() as cursor:
            forgotten += slices.forget_unused(cursor, project_id)
    return forgotten


def kept_since(project: Project, now: datetime) -> datetime:
    """What is older goes; of a project that was deleted long enough ago, everything."""
    if project.deleted_at is not None and project.deleted_at < now - projects.GRACE:
        return now
    return now - timedelta(days=project.retention_days)


def drop_weeks(now: datetime) -> int:
    """Drop partitions older than the longest retention, unless something in them arrived since."""
    longest = Project.objects.aggregate(days=Max("retention_days"))["days"]
    if longest is None:
        return 0
    cutoff = now - timedelta(days=longest)
    last = partitions.week_of(_ns(cutoff))
    dropped = 0
    for week in _weeks():
        if week < last and not _arrived_since(week, cutoff):
            dropped += _drop(week)
    partitions.forget()
    return dropped


def _weeks() -> list[int]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT substring(c.relname FROM 'w(\\d+)$')::int FROM pg_inherits i"
            " JOIN pg_class c ON c.oid = i.inhrelid"
            " WHERE i.inhparent = 'traces_span'::regclass AND c.relname ~ '_w\\d+$' ORDER BY 1"
        )
        return [record[0] for record in cursor.fetchall()]


def _arrived_since(week: int, cutoff: datetime) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT EXISTS (SELECT 1 FROM traces_span_w{week} WHERE received_at >= %s)",  # noqa: S608
            [cutoff],
        )
        return bool(cursor.fetchone()[0])


def _drop(week: int) -> bool:
    """Drop one week of every table.

    Gives way to traffic that holds the tables and is tried again next time.
    """
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SET LOCAL lock_timeout = '2s'")
            for table in (*partitions.tables, "traces_payload"):
                cursor.execute(f"DROP TABLE IF EXISTS {table}_w{week}")
            first = marks.bucket_of(week * partitions.WEEK_NS)
            last = marks.bucket_of((week + 1) * partitions.WEEK_NS) - 1
            for table in ("traces_rollup", "traces_people_day", "traces_score_rollup"):
                cursor.execute(
                    f"DELETE FROM {table} WHERE bucket BETWEEN %s AND %s",  # noqa: S608
                    [first, last],
                )
    except OperationalError:
        logger.warning("Week %s is in use and was not dropped; the next run tries again", week)
        return False
    return True


def _delete_traces(project: Project, cutoff: datetime) -> int:
    deleted = 0
    for _ in range(MAX_CHUNKS):
        with transaction.atomic(), connection.cursor() as cursor:
            before = _ns(cutoff)
            cursor.execute(EXPIRED, [project.pk, before, before, cutoff, CHUNK])
            expired = cursor.fetchall()
            if expired:
                _delete(cursor, project.pk, expired)
        deleted += len(expired)
        if len(expired) < CHUNK:
            break
    return deleted


def delete_of_user(project_id: int, user_id: str) -> list[UUID]:
    """Delete the next CHUNK of a user's traces, and what is said of their sessions.

    Runs in the caller's transaction. Returns the traces' ids; none: nothing is left.
    """
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(OF_USER, [project_id, user_id, CHUNK])
        found = cursor.fetchall()
        if found:
            _delete(cursor, project_id, [record[:3] for record in found])
            sessions = sorted({record[3] for record in found if record[3]})
            cursor.execute(DELETE_SESSION_SCORES, [project_id, sessions])
            cursor.execute(FORGET_EXAMPLES, [project_id])
    return [record[0] for record in found]


def _delete(cursor: Any, project_id: int, expired: list[tuple[Any, int, int]]) -> None:
    bounds: dict[str, Any] = {
        "project": project_id,
        "traces": [trace_id for trace_id, _, _ in expired],
        "low": min(low for _, low, _ in expired),
        "high": max(high for _, _, high in expired),
    }
    marks.mark_followers(cursor, project_id, bounds["traces"])
    cursor.execute(DELETE_SPANS, bounds)
    spans = cursor.fetchall()
    weeks = {partitions.week_of(start) for start, _ in spans}
    began = {low for _, low, _ in expired}
    marks.mark_times(cursor, project_id, began | {start for start, _ in spans})
    for table in ("traces_log", "traces_text", *beside):
        cursor.execute(DELETE_BESIDE.format(table), bounds)
    for table in ("traces_score", "traces_trace"):
        cursor.execute(DELETE_ROWS.format(table), bounds)
    originals.forget(cursor, project_id, weeks, {block for _, block in spans})


def purge_beside(now: datetime | None = None) -> None:
    """Delete refused payloads after a day and metric points by retention; add ledger hours up after
    LEDGER_DAYS.
    """
    now = now or datetime.now(UTC)
    ledger.forget(now - timedelta(days=LEDGER_DAYS))
    with connection.cursor() as cursor:
        cursor.execute(
            "DELETE FROM traces_rejectedpayload WHERE at < %s", [now - timedelta(days=1)]
        )
        for project in Project.objects.order_by("pk").iterator():
            cursor.execute(
                "DELETE FROM traces_metricpoint WHERE project_id = %s AND time_ns < %s",
                [project.pk, _ns(kept_since(project, now))],
            )


def _ns(moment: datetime) -> int:
    return int(moment.timestamp()) * 10**9
