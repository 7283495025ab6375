"""The ledger: what became of everything received, by hour, key and signal."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from django.db import connection, transaction

CHUNK = 5_000

# Concurrent folds take different receipts; the hour's row is locked by the upsert itself.
# The inner query is an array, which is made once: a plan may run a plain IN again and again, and
# take more than the limit.
TAKE = """
DELETE FROM traces_receipt WHERE id = ANY(ARRAY(
    SELECT id FROM traces_receipt ORDER BY id LIMIT %s FOR UPDATE SKIP LOCKED))
RETURNING project_id, key_id, date_trunc('hour', at, 'UTC'), signal,
    received, stored, duplicates, revised, rejected::text"""
ADD = """
INSERT INTO traces_ledgerhour
    (project_id, key_id, hour, signal, requests, received, stored, duplicates, revised, rejected)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
ON CONFLICT (project_id, hour, signal, key_id) DO UPDATE SET
    requests = traces_ledgerhour.requests + excluded.requests,
    received = traces_ledgerhour.received + excluded.received,
    stored = traces_ledgerhour.stored + excluded.stored,
    duplicates = traces_ledgerhour.duplicates + excluded.duplicates,
    revised = traces_ledgerhour.revised + excluded.revised,
    rejected = (
        SELECT coalesce(jsonb_object_agg(reason, count), '{}') FROM (
            SELECT reason, sum(count::bigint) AS count FROM (
                SELECT * FROM jsonb_each_text(traces_ledgerhour.rejected) AS o(reason, count)
                UNION ALL
                SELECT * FROM jsonb_each_text(excluded.rejected) AS n(reason, count)
            ) both_sides GROUP BY reason) added)"""

COUNTS = ("received", "stored", "duplicates", "revised")


@dataclass(slots=True)
class Line:
    """Counts of one key and signal."""

    requests: int = 0
    received: int = 0
    stored: int = 0
    duplicates: int = 0
    revised: int = 0
    rejected: Counter[str] = field(default_factory=Counter)

    def merge(self, other: Line) -> None:
        self.requests += other.requests
        for name in COUNTS:
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.rejected.update(other.rejected)

    @property
    def rejected_total(self) -> int:
        """Refused records; what was left out on purpose is not among them."""
        return sum(count for reason, count in self.rejected.items() if reason != "ignored")


def fold() -> int:
    """Add receipts up into their hours;

    returns how many. Safe to run at any time and twice at once.
    """
    folded = 0
    while True:
        with transaction.atomic():
            taken = _fold_chunk()
        folded += taken
        if taken < CHUNK:
            return folded


def _fold_chunk() -> int:
    with connection.cursor() as cursor:
        cursor.execute(TAKE, [CHUNK])
        records = cursor.fetchall()
        sums: dict[tuple[Any, ...], tuple[list[int], Counter[str]]] = {}
        for project_id, key_id, hour, signal, *counts, rejected in records:
            line = sums.setdefault((project_id, key_id, hour, signal), ([0] * 5, Counter()))
            for i, count in enumerate((1, *counts)):
                line[0][i] += count
            line[1].update(json.loads(rejected))
        for key in sorted(sums, key=str):  # one order, so that folds cannot deadlock
            totals, reasons = sums[key]
            cursor.execute(ADD, [*key, *totals, json.dumps(reasons)])
    return len(records)


def lines(project_id: int, since: datetime) -> dict[tuple[str | None, str], Line]:
    """Counts since a time by key (its id, as text) and signal:

    folded hours and what is not folded yet.
    """
    return _lines(project_id, since, "key_id::text, signal")


def by_hour(project_id: int, since: datetime) -> dict[datetime, Line]:
    """Counts since a time by hour."""
    found = _lines(project_id, since, "hour")
    return {hour: found[hour] for hour in sorted(found)}


def _lines(project_id: int, since: datetime, group: str) -> dict[Any, Line]:
    """Sums in the database; `group` is one of our own expressions."""
    found: dict[Any, Line] = {}
    with connection.cursor() as cursor:
        cursor.execute(SUMS.format(group=group), {"project": project_id, "since": since})
        for *names, requests, received, stored, duplicates, revised in cursor.fetchall():
            key = names[0] if len(names) == 1 else tuple(names)
            found[key] = Line(requests, received, stored, duplicates, revised)
        cursor.execute(REASONS.format(group=group), {"project": project_id, "since": since})
        for *names, reason, count in cursor.fetchall():
            key = names[0] if len(names) == 1 else tuple(names)
            found[key].rejected[reason] = count
    return found


ROWS = """
WITH ledger AS (
    SELECT hour, key_id, signal, requests, received, stored, duplicates, revised, rejected
    FROM traces_ledgerhour WHERE project_id = %(project)s
        AND hour >= date_trunc('hour', %(since)s::timestamptz, 'UTC')
    UNION ALL
    SELECT date_trunc('hour', at, 'UTC'), key_id, signal, 1, received, stored, duplicates, revised,
        rejected
    FROM traces_receipt WHERE project_id = %(project)s
        AND at >= date_trunc('hour', %(since)s::timestamptz, 'UTC'))"""
SUMS = f"""{ROWS}
SELECT {{group}}, sum(requests)::int8, sum(received)::int8, sum(stored)::int8,
    sum(duplicates)::int8, sum(revised)::int8
FROM ledger GROUP BY {{group}}"""  # noqa: S608
REASONS = f"""{ROWS}
SELECT {{group}}, reason, sum(count::int8)::int8
FROM ledger, jsonb_each_text(rejected) AS each(reason, count) GROUP BY {{group}}, reason"""  # noqa: S608


def forget(before: datetime) -> None:
    """Add hours before a time up into one line a project and signal, so that totals never fall."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(FORGET, [before])
        for project_id, signal, *totals, rejected in cursor.fetchall():
            cursor.execute(ADD, [project_id, None, BEGINNING, signal, *totals, rejected])


BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)
"""The hour that stands for all that are forgotten."""

FORGET = """
WITH gone AS (
    DELETE FROM traces_ledgerhour WHERE hour < %s AND hour > to_timestamp(0)
    RETURNING project_id, signal, requests, received, stored, duplicates, revised, rejected),
reasons AS (
    SELECT project_id, signal, jsonb_object_agg(reason, count) AS rejected FROM (
        SELECT project_id, signal, reason, sum(count::int8) AS count
        FROM gone, jsonb_each_text(rejected) AS each(reason, count) GROUP BY 1, 2, 3) added
    GROUP BY 1, 2)
SELECT g.project_id, g.signal, sum(requests)::int8, sum(received)::int8, sum(stored)::int8,
    sum(duplicates)::int8, sum(revised)::int8, coalesce(r.rejected, '{}')::text
FROM gone g LEFT JOIN reasons r USING (project_id, signal)
GROUP BY g.project_id, g.signal, r.rejected ORDER BY 1, 2"""


def totals() -> dict[tuple[str, str, str], int]:
    """All counts by (project slug, signal, outcome), for metrics; an outcome is stored, duplicate,
    revised, ignored, or rejected:<reason>. They never fall while a project exists.
    """
    with connection.cursor() as cursor:
        cursor.execute(TOTALS)
        return {(slug, signal, outcome): count for slug, signal, outcome, count in cursor}


TOTALS = """
WITH all_rows AS (
    SELECT project_id, signal, stored, duplicates, revised, rejected FROM traces_ledgerhour
    UNION ALL
    SELECT project_id, signal, stored, duplicates, revised, rejected FROM traces_receipt),
counts AS (
    SELECT project_id, signal, sum(stored) AS stored, sum(duplicates) AS duplicates,
        sum(revised) AS revised
    FROM all_rows GROUP BY 1, 2),
outcomes AS (
    SELECT project_id, signal, outcome, count FROM counts, LATERAL (
        VALUES ('stored', stored), ('duplicate', duplicates), ('revised', revised)
    ) AS o(outcome, count)
    UNION ALL
    SELECT project_id, signal,
        CASE reason WHEN 'ignored' THEN reason ELSE 'rejected:' || reason END, sum(count::int8)
    FROM all_rows, jsonb_each_text(rejected) AS each(reason, count)
    WHERE rejected <> '{}' GROUP BY 1, 2, 3)
SELECT p.slug, signal, outcome, count::int8 FROM outcomes
JOIN accounts_project p ON p.id = project_id"""
