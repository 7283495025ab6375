"""Where values that a query asks about were added up with others, as OTHER: a day may have had too
many users to keep each apart where none of its hours had."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from django.db import connection

from traces.query.nodes import Node
from traces.rollups import matching
from traces.rollups.dimensions import COARSE, OTHER, Family, Level, finest, table_of
from traces.rollups.segments import BUCKET_NS, SPANNED
from traces.selectors import slicing
from traces.selectors.asking import Ask
from traces.selectors.one_reading import shared

MOST_SLICES = 64
"""With more slices of others than these only raw rows answer: each is looked for in each bucket."""
SLICES = """
SELECT id FROM traces_slice s WHERE s.project_id = %s AND s.family = %s AND ({other}) LIMIT %s"""
BESIDE = """
SELECT s.id, s.id = ANY(%s), s.dimensions[2] FROM traces_slice s
WHERE s.project_id = %s AND s.family = %s AND ({condition} OR s.id = ANY(%s))"""
PRESENT = """
SELECT r.bucket, r.slice_id FROM unnest(%s::int4[]) AS d(bucket)
CROSS JOIN LATERAL (
    SELECT bucket, slice_id FROM {table} WHERE project_id = %s AND family = %s AND level = %s
        AND bucket = d.bucket AND slice_id = ANY(%s) OFFSET 0) AS r"""
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
    found = shared(key, lambda: _unfit(ask.project_id, family, slices, low, high))
    if not found or not found[Level.DAY] or family not in COARSE:
        return found
    root = ask.query.root
    if root is None or not matching.is_one_value(root):
        return found
    apart = _apart(ask.project_id, root, family, slices, found[Level.DAY])
    return found | {Level.DAY: found[Level.DAY] - apart}


def _apart(
    project_id: int, root: Node, family: Family, others: Sequence[int], days: Collection[int]
) -> set[int]:
    """Of days with others, those on which these are not of the one value that is asked about.

    That is so where the value has a row of its own beside each of the others' rows, of the same
    environment: a row is kept or lumped as a whole. No hour of these days has others.
    """
    condition, params = slicing.condition(root, family)
    with connection.cursor() as cursor:
        cursor.execute(
            BESIDE.format(condition=condition),
            [list(others), project_id, int(family), *params, list(others)],
        )
        beside = {number: (is_other, rest) for number, is_other, rest in cursor.fetchall()}
        cursor.execute(
            PRESENT.format(table=table_of(family)),
            [sorted(days), project_id, int(family), int(Level.DAY), list(beside)],
        )
        present = cursor.fetchall()
    found: dict[int, dict[bool, set[Any]]] = {}
    for day, number in present:
        is_other, rest = beside[number]
        found.setdefault(day, {True: set(), False: set()})[is_other].add(rest)
    return {day for day, rests in found.items() if rests[True] and rests[True] <= rests[False]}


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
