"""Lists of scores."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from django.db import connection
from django.db.models import Q

from sightglass.accounts.access import Access
from traces.models import Score
from traces.selectors.paging import MAX_LIMIT, Cursor, Page, TimeRange, decode, encode, time_limit

ORDER = "scores"
MICROSECOND = 1_000
_ONE = """(SELECT true FROM traces_score c WHERE c.project_id = %(project)s AND c.name = wanted.name
    AND c.created_at >= %(since)s AND c.trace_id IS {} LIMIT 1)"""
# Scalar subqueries, so that each name is one look into the index and no join reads all scores.
OF_SESSIONS_ALONE = f"""SELECT wanted.name FROM unnest(%(names)s::text[]) AS wanted(name)
WHERE {_ONE.format("NOT NULL")} IS NULL AND {_ONE.format("NULL")}"""  # noqa: S608


def list_scores(
    access: Access,
    *,
    range: TimeRange,
    name: str | None = None,
    source: str | None = None,
    limit: int = 50,
    cursor: str | None = None,
) -> Page[Score]:
    """Scores by the time they were given, newest first. Raises CursorError, TooSlow."""
    rows = Score.objects.filter(project_id=access.project.pk)
    if name is not None:
        rows = rows.filter(name=name)
    if source is not None:
        rows = rows.filter(source=source)
    if range.start_ns is not None:
        rows = rows.filter(created_at__gte=_moment(range.start_ns))
    if range.end_ns is not None:
        rows = rows.filter(created_at__lt=_moment(range.end_ns))
    if cursor is not None:
        at, pk = decode(cursor, ORDER, (int, int)).key
        last = _moment(at)
        rows = rows.filter(Q(created_at__lt=last) | Q(created_at=last, pk__lt=pk))
    limit = max(1, min(limit, MAX_LIMIT))
    with time_limit():
        found = list(rows.order_by("-created_at", "-pk")[: limit + 1])
    page = Page(found[:limit])
    if len(found) > limit:
        last_row = found[limit - 1]
        page.next = encode(ORDER, Cursor((_ns(last_row.created_at), last_row.pk)))
    return page


def of_sessions_alone(project_id: int, names: Sequence[str], since_ns: int) -> frozenset[str]:
    """Names of scores that have been given to sessions since then, and to no trace.
    Raises TooSlow."""
    params: dict[str, Any] = {
        "project": project_id,
        "names": list(names),
        "since": _moment(since_ns),
    }
    with time_limit(), connection.cursor() as cursor:
        cursor.execute(OF_SESSIONS_ALONE, params)
        return frozenset(row[0] for row in cursor.fetchall())


def _moment(ns: int) -> datetime:
    seconds, rest = divmod(max(0, min(ns, 253_402_300_799 * 10**9)), 10**9)
    return datetime.fromtimestamp(seconds, UTC).replace(microsecond=rest // MICROSECOND)


def _ns(moment: datetime) -> int:
    return int(moment.timestamp()) * 10**9 + moment.microsecond * MICROSECOND
