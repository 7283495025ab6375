"""The ledger: what became of everything received, by hour, key and signal."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import connection, transaction

from traces.models import LedgerHour, Receipt

CHUNK = 5_000

# Concurrent folds take different receipts; the hour's row is locked by the upsert itself.
TAKE = """
DELETE FROM traces_receipt WHERE id IN (
    SELECT id FROM traces_receipt ORDER BY id LIMIT %s FOR UPDATE SKIP LOCKED)
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

    def add(self, row: LedgerHour | Receipt) -> None:
        self.requests += row.requests if isinstance(row, LedgerHour) else 1
        for name in COUNTS:
            setattr(self, name, getattr(self, name) + getattr(row, name))
        self.rejected.update(row.rejected)

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
    found: dict[tuple[str | None, str], Line] = {}
    hours = LedgerHour.objects.filter(project_id=project_id, hour__gte=since)
    receipts = Receipt.objects.filter(project_id=project_id, at__gte=since).order_by("-at")
    rows: list[LedgerHour | Receipt] = [*hours, *receipts[:CHUNK]]
    for row in rows:
        key = None if row.key_id is None else str(row.key_id)
        found.setdefault((key, row.signal), Line()).add(row)
    return found


def by_hour(project_id: int, since: datetime) -> dict[datetime, Line]:
    """Counts since a time by hour."""
    found: dict[datetime, Line] = {}
    hours = LedgerHour.objects.filter(project_id=project_id, hour__gte=since).order_by("hour")
    receipts = Receipt.objects.filter(project_id=project_id, at__gte=since).order_by("-at")
    rows: list[LedgerHour | Receipt] = [*hours, *receipts[:CHUNK]]
    for row in rows:
        at = row.hour if isinstance(row, LedgerHour) else row.at
        hour = at.replace(minute=0, second=0, microsecond=0)
        found.setdefault(hour, Line()).add(row)
    return dict(sorted(found.items()))


def totals() -> dict[tuple[str, str, str], int]:
    """All counts by (project slug, signal, outcome), for metrics; an outcome is stored, duplicate,
    revised,
    ignored, or rejected:<reason>. They fall when ledger hours are forgotten."""
    with connection.cursor() as cursor:
        cursor.execute(TOTALS)
        return {(slug, signal, outcome): count for slug, signal, outcome, count in cursor}


TOTALS = """
WITH all_rows AS (
    SELECT project_id, signal, stored, duplicates, revised, rejected FROM traces_ledgerhour
    UNION ALL
    SELECT project_id, signal, stored, duplicates, revised, rejected FROM traces_receipt)
SELECT p.slug, signal, outcome, sum(count)::bigint FROM all_rows r
JOIN accounts_project p ON p.id = r.project_id,
LATERAL (
    VALUES ('stored', stored::bigint), ('duplicate', duplicates), ('revised', revised)
    UNION ALL
    SELECT CASE key WHEN 'ignored' THEN key ELSE 'rejected:' || key END, value::bigint
    FROM jsonb_each_text(rejected)) AS o(outcome, count)
GROUP BY 1, 2, 3"""
