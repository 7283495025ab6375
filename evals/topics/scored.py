"""On which days scores were added, taken back or revised since topics were last summed."""

from __future__ import annotations

from collections.abc import Mapping

from django.db import connection

from traces.rollups.dimensions import Family, Level
from traces.rollups.segments import SPANNED

SUMS = """
SELECT bucket, sum(n)::text || ' ' || sum(wx)::text FROM traces_score_rollup
WHERE project_id = %s AND family = %s AND level = %s AND bucket >= %s AND bucket < %s
GROUP BY bucket"""


def by_day(project_id: int, first: int, end: int) -> dict[str, str]:
    """What a project's scores add up to on each of these days (since 1970, the end excluded).

    Days that are over have stored sums; of a day without any nothing is said.
    """
    unit = SPANNED[Level.DAY]
    with connection.cursor() as cursor:
        cursor.execute(SUMS, [project_id, Family.SCORE_ALL, Level.DAY, first * unit, end * unit])
        return {str(bucket // unit): sums for bucket, sums in cursor.fetchall()}


def changed(known: Mapping[str, str], found: Mapping[str, str]) -> set[int]:
    """Days of these sums that had others, or none, when they were known."""
    return {int(day) for day, sums in found.items() if known.get(day) != sums}
