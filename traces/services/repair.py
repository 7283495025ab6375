"""Whether stored sums are what the raw rows say, and making them so."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

from django.db import connection

from traces.rollups import sketch
from traces.rollups.dimensions import (
    COARSE,
    COUNTED,
    DIMENSIONS,
    NARROWED,
    OF_SCORES,
    WHOLE,
    Family,
    Level,
    table_of,
)
from traces.rollups.measures import SCORE_SUMS, SKETCHED, SUMS
from traces.rollups.segments import BUCKET_NS, SPANNED
from traces.selectors.raw_sums import Row
from traces.services import marks, rolling, storing_sums

Sums = dict[tuple[int, tuple[str | None, ...]], tuple[Any, ...]]

STORED = """
SELECT r.bucket, s.dimensions, {sums} FROM {table} r JOIN traces_slice s ON s.id = r.slice_id
WHERE r.project_id = %s AND r.level = %s AND r.bucket >= %s AND r.bucket < %s {family}"""
MISPACKED = """
SELECT bucket FROM ({packed}) p FULL JOIN (
    SELECT * FROM traces_people_day WHERE project_id = %s AND family = %s AND bucket = %s
) d USING (bucket)
WHERE (p.slices, p.cost, p.counted) IS DISTINCT FROM (d.slices, d.cost, d.counted)"""
WAITING = """
SELECT count(DISTINCT bucket) FROM traces_mark WHERE project_id = %s AND level = %s"""
EXTENT = """
SELECT least((SELECT min(start_ns) FROM traces_span WHERE project_id = %(project)s),
             (SELECT min(bucket) * %(width)s FROM traces_rollup WHERE project_id = %(project)s)),
       greatest((SELECT max(start_ns) FROM traces_span WHERE project_id = %(project)s),
             (SELECT max(bucket) * %(width)s FROM traces_rollup WHERE project_id = %(project)s))"""


def wrong(project_id: int) -> Iterator[int]:
    """Buckets whose stored sums, or those of their hour or day, are not those of the raw rows.

    Marked ones are left out: they are known to be behind. A day at a time.
    """
    with connection.cursor() as cursor:
        cursor.execute(EXTENT, {"project": project_id, "width": BUCKET_NS})
        low, high = cursor.fetchone()
    if low is None:
        return
    length = SPANNED[Level.DAY]
    first = marks.bucket_of(low)
    for day in range(first - first % length, marks.bucket_of(high) + 1, length):
        yield from sorted(_wrong_of_day(project_id, day))


def waiting(project_id: int) -> int:
    """Buckets that are known to be behind: marked, and not yet made anew."""
    with connection.cursor() as cursor:
        cursor.execute(WAITING, [project_id, Level.BUCKET])
        return int(cursor.fetchone()[0])


def repair(project_id: int) -> int:
    """Make anew what is wrong; returns how many buckets that were."""
    found = list(wrong(project_id))
    with connection.cursor() as cursor:
        marks.mark_times(cursor, project_id, [bucket * BUCKET_NS for bucket in found])
    rolling.run(math.inf, project_id=project_id)
    return len(found)


def _wrong_of_day(project_id: int, day: int) -> set[int]:
    end = day + SPANNED[Level.DAY]
    found: set[int] = set()
    with connection.cursor() as cursor:
        marked = _marked(cursor, project_id, day, end)
        for family in WHOLE:
            finest = Level.HOUR if family in COARSE else Level.BUCKET
            stored = _stored(cursor, project_id, family, finest, day, end)
            raw = _raw(cursor, project_id, family, day, end)
            found |= _differing(raw, stored) - _not_due(marked, finest)
            for level in (level for level in Level if level > finest):
                above = _stored(cursor, project_id, family, level, day, end)
                differing = _differing(_totals(stored, level), _totals(above, level))
                found |= differing - _not_due(marked, level)
            for narrow in NARROWED.get(family, ()):
                differing = _differing(
                    _projected(above, family, narrow),
                    _numbers(_stored(cursor, project_id, narrow, Level.DAY, day, end)),
                )
                found |= differing - _not_due(marked, Level.DAY)
            if family in COUNTED:
                mispacked = _mispacked(cursor, project_id, family, day)
                found |= mispacked - _not_due(marked, Level.DAY)
    return found


def _mispacked(cursor: Any, project_id: int, family: Family, day: int) -> set[int]:
    packed = storing_sums.PACKED_DAYS.format(counted=COUNTED[family])
    place = [project_id, int(family)]
    cursor.execute(MISPACKED.format(packed=packed), [*place, int(Level.DAY), [day], *place, day])
    return {bucket for (bucket,) in cursor.fetchall()}


def _not_due(marked: dict[Level, set[int]], level: Level) -> set[int]:
    """Rows of a level that are not up to date, and say so."""
    finer = [one for below in Level if below <= level for one in marked[below]]
    return {one - one % SPANNED[level] for one in finer}


def _marked(cursor: Any, project_id: int, day: int, end: int) -> dict[Level, set[int]]:
    found: dict[Level, set[int]] = {level: set() for level in Level}
    cursor.execute(
        "SELECT DISTINCT level, bucket FROM traces_mark"
        " WHERE project_id = %s AND bucket >= %s AND bucket < %s",
        [project_id, day, end],
    )
    for level, bucket in cursor.fetchall():
        found[Level(level)].add(bucket)
    return found


def _stored(
    cursor: Any, project_id: int, family: Family, level: Level, first: int, end: int
) -> Sums:
    scores = family in OF_SCORES
    names = SCORE_SUMS if scores else (*SUMS, *SKETCHED)
    cursor.execute(
        STORED.format(
            sums=", ".join(f"r.{name}" for name in names),
            table=table_of(family),
            family=f"AND r.family = {int(family)}",
        ),
        [project_id, level, first, end],
    )
    return {
        (bucket, tuple(dimensions)): tuple(value or 0 for value in values)
        for bucket, dimensions, *values in cursor.fetchall()
    }


def _raw(cursor: Any, project_id: int, family: Family, first: int, end: int) -> Sums:
    low, high = first * BUCKET_NS, end * BUCKET_NS
    rows: list[Row[Any]]
    if family is Family.SCORE:
        rows = list(rolling.score_rows(cursor, project_id, low, high))
    else:
        rows = list(rolling.raw_rows(cursor, project_id, family, low, high))
    kept = storing_sums.bounded(family, rows)
    return {(row.step, row.dimensions): _values(row, family) for row in kept}


def _values(row: Row[Any], family: Family) -> tuple[Any, ...]:
    if family is Family.SCORE:
        return tuple(getattr(row.sums, name) for name in SCORE_SUMS)
    sketches = (
        sketch.pack(sketch.unpacked_sum(parts)) if parts else 0
        for parts in (row.sums.packed, row.sums.packed_first)
    )
    return (*(getattr(row.sums, name) for name in SUMS), *sketches)


def _totals(sums: Sums, level: Level) -> Sums:
    """Numbers added up by hour or day over all slices: what was cut off is in them, too."""
    added: dict[int, list[Any]] = {}
    for (bucket, _), numbers in _numbers(sums).items():
        place = bucket - bucket % SPANNED[level]
        known = added.setdefault(place, [0] * len(numbers))
        added[place] = [one + other for one, other in zip(known, numbers, strict=True)]
    return {(place, ()): tuple(values) for place, values in added.items()}


def _projected(sums: Sums, family: Family, narrow: Family) -> Sums:
    """What the narrower family's rows of a day should say. Sketches are left out."""
    places = [DIMENSIONS[family].index(name) for name in DIMENSIONS[narrow]]
    added: Sums = {}
    for (bucket, dimensions), values in _numbers(sums).items():
        key = bucket, tuple(dimensions[at] for at in places)
        known = added.get(key, (0,) * len(values))
        added[key] = tuple(one + other for one, other in zip(known, values, strict=True))
    return added


def _numbers(sums: Sums) -> Sums:
    return {
        key: tuple(0 if isinstance(one, bytes) else one for one in values)
        for key, values in sums.items()
    }


def _differing(one: Sums, other: Sums) -> set[int]:
    return {
        bucket
        for bucket, dimensions in one.keys() | other.keys()
        if not _alike(one.get((bucket, dimensions)), other.get((bucket, dimensions)))
    }


def _alike(one: tuple[Any, ...] | None, other: tuple[Any, ...] | None) -> bool:
    if one is None or other is None:
        return one is other
    return all(
        math.isclose(a, b, rel_tol=1e-9) if isinstance(a, float) or isinstance(b, float) else a == b
        for a, b in zip(one, other, strict=True)
    )
