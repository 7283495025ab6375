"""Where values that a query asks about were added up with others, as OTHER: a day may have had too
many users to keep each apart where none of its hours had."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.db import connection

from traces.rollups import matching
from traces.rollups.dimensions import OTHER, Family, Level, finest, table_of
from traces.rollups.segments import BUCKET_NS, SPANNED
from traces.selectors import slicing
from traces.selectors.asking import Ask
from traces.selectors.one_reading import shared

MOST_SLICES = 64
"""With more slices of others than these only raw rows answer: each is looked for in each bucket."""
SLICES = """
SELECT id FROM traces_slice s WHERE s.project_id = %s AND s.family = %s AND ({other}) LIMIT %s"""
ROW = """EXISTS (
    SELECT 1 FROM {table} r WHERE r.project_id = %s AND r.family = %s AND r.level = %s
        AND r.bucket = d.bucket {more})"""


def unfit(ask: Ask, family: Family) -> Mapping[Level, set[int]] | None:
    """Rows, by their first buckets, that do not tell the values apart: finer ones do.

    None if the finest do not either, so that raw rows alone can answer.
    """
    asked = sorted(matching.asked(ask.query.root) or ())
    if not asked:
        return {level: set() for level in Level}
    slices = shared(
        ("lumped", ask.project_id, family, *asked), lambda: _slices(ask.project_id, family, asked)
    )
    if len(slices) > MOST_SLICES:
        return None
    low, high = ask.bounds
    key = ("lumps", ask.project_id, family, *asked, low, high)
    return shared(key, lambda: _unfit(ask.project_id, family, slices, low, high))


def _slices(project_id: int, family: Family, asked: Sequence[str]) -> list[int]:
    """Of what was added up, at most one more than MOST_SLICES."""
    other = " OR ".join(f"{slicing.place(name, family)} = %s" for name in asked)
    params: list[Any] = [project_id, family, *[OTHER] * len(asked), MOST_SLICES + 1]
    with connection.cursor() as cursor:
        cursor.execute(SLICES.format(other=other), params)
        return [row[0] for row in cursor.fetchall()]


def _unfit(
    project_id: int, family: Family, slices: Sequence[int], low: int, high: int
) -> dict[Level, set[int]] | None:
    found: dict[Level, set[int]] = {level: set() for level in Level}
    if not slices:
        return found
    day, last = SPANNED[Level.DAY], finest(family)
    buckets = list(range(low // BUCKET_NS // day * day, -(-high // BUCKET_NS), day))
    for level in sorted((one for one in Level if one > last), reverse=True):
        found[level] = set(_lumped(project_id, family, level, buckets, slices, whole=False))
        finer = max(one for one in Level if one < level)
        buckets = [
            begin + number
            for begin in sorted(found[level])
            for number in range(0, SPANNED[level], SPANNED[finer])
        ]
    inside = [
        one for one in buckets if low < (one + SPANNED[last]) * BUCKET_NS and one * BUCKET_NS < high
    ]
    return None if _lumped(project_id, family, last, inside, slices, whole=True) else found


def _lumped(
    project_id: int,
    family: Family,
    level: Level,
    buckets: Sequence[int],
    slices: Sequence[int],
    *,
    whole: bool,
) -> list[int]:
    """Those of these that hold others and, unless `whole`, those that are not stored at all."""
    table = table_of(family)
    tests = ROW.format(table=table, more="AND r.slice_id = ANY(%s)")
    params: list[Any] = [list(buckets), project_id, family, level, list(slices)]
    if not whole:
        tests += f" OR NOT {ROW.format(table=table, more='')}"
        params += [project_id, family, level]
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT d.bucket FROM unnest(%s::int4[]) AS d(bucket) WHERE {tests}",  # noqa: S608
            params,
        )
        return [row[0] for row in cursor.fetchall()]
