"""Making marked sums anew: buckets from raw rows, hours from buckets, days from hours.

Of users and tags, hours from raw rows. Days are added up by fewer dimensions once more.

Each step is a transaction that first takes the marks away and then sums up, so that what is
committed in between is either seen or leaves a mark of its own. An advisory lock for each place
keeps two workers from storing an older sum over a newer one. Hours and days that are not over keep
their marks: readers take the finer rows until then. Any step can be repeated, and killed.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from typing import Any

from django.db import Error, connection, transaction

from traces.rollups.dimensions import COARSE, DIMENSIONS, NARROWED, WHOLE, Family, Level
from traces.rollups.measures import SCORE_SUMS, SKETCHED, SUMS, Measures, ScoreMeasures, numbers
from traces.rollups.segments import BUCKET_NS, SPANNED
from traces.selectors import raw_sums
from traces.selectors.raw_sums import Row
from traces.services import marks, resting, storing_sums

logger = logging.getLogger(__name__)
LOCK = 7_317_000
CLAIM = 200
BY_BUCKET = f"({{start}} / {BUCKET_NS})::int4"
BY_HOUR = f"({{start}} / {SPANNED[Level.HOUR] * BUCKET_NS} * {SPANNED[Level.HOUR]})::int4"

CLAIMABLE = """
SELECT project_id, bucket - bucket %% %(span)s AS place FROM traces_mark
WHERE level = %(level)s AND bucket <= %(over)s {only}
GROUP BY 1, 2 ORDER BY 2 LIMIT %(limit)s"""
"""Oldest first: what an older bucket says of a session changes what a newer one does. Readers take
the newest from raw rows meanwhile."""

TAKE = """
DELETE FROM traces_mark WHERE project_id = %s AND level = %s AND bucket >= %s AND bucket < %s
    AND bucket <= %s RETURNING bucket"""
PARTS = """
SELECT bucket - bucket %% %(span)s, dimensions, {sums} FROM (
    SELECT r.*, s.dimensions FROM {table} r JOIN traces_slice s ON s.id = r.slice_id
    WHERE r.project_id = %(project)s AND r.level = %(level)s {family}
      AND r.bucket >= %(first)s AND r.bucket < %(end)s
      AND r.bucket - r.bucket %% %(span)s = ANY(%(buckets)s)) r
GROUP BY 1, 2"""
ABOVE = {Level.BUCKET: Level.HOUR, Level.HOUR: Level.DAY}
BELOW = {Level.HOUR: Level.BUCKET, Level.DAY: Level.HOUR}
GATHERED = {Level.BUCKET: SPANNED[Level.HOUR], Level.HOUR: SPANNED[Level.DAY], Level.DAY: 8_064}
"""Buckets whose rows of a level are made in one step: of an hour, a day, four weeks."""


def run(
    seconds: float,
    *,
    project_id: int | None = None,
    now_ns: int | None = None,
    gently: bool = False,
) -> int:
    """Make anew what is marked, for so long at most. Returns how many steps were done.

    `gently`: while requests come in, rest longer than work, for those who wait for an answer.
    """
    end, done = time.monotonic() + seconds, 0
    now = marks.bucket_of(now_ns if now_ns is not None else time.time_ns())
    stuck: set[tuple[Level, int, int]] = set()
    for level in (Level.BUCKET, Level.HOUR, Level.DAY):
        while time.monotonic() < end:
            claimed = _claimable(level, now, project_id, CLAIM + len(stuck))
            claimed, marked = [one for one in claimed if (level, *one) not in stuck], 0
            for project, place in claimed:
                if time.monotonic() >= end:
                    break
                began = time.monotonic()
                try:
                    marked += _make(level, project, place, now)
                    done += 1
                except (Error, ArithmeticError, ValueError, TypeError):
                    logger.exception("Sums of project %s at %s keep their marks", project, place)
                    stuck.add((level, project, place))
                if gently and level is Level.BUCKET and resting.is_busy():
                    resting.rest(began, end)
            if len(claimed) < CLAIM and not marked:
                break
    return done


def _over(level: Level, now: int) -> int:
    """The last bucket at which a row may begin to be made: of hours and days, that are over."""
    return 2**31 - 1 if level is Level.BUCKET else now - SPANNED[level]


def _claimable(level: Level, now: int, project_id: int | None, most: int) -> list[tuple[int, int]]:
    only = "" if project_id is None else "AND project_id = %(project)s"
    with connection.cursor() as cursor:
        cursor.execute(
            CLAIMABLE.format(only=only),
            {
                "span": GATHERED[level],
                "level": level,
                "over": _over(level, now),
                "project": project_id,
                "limit": most,
            },
        )
        found: list[tuple[int, int]] = cursor.fetchall()
    return found


def _make(level: Level, project_id: int, place: int, now: int) -> int:
    """Returns how many further buckets it marked."""
    with transaction.atomic(), connection.cursor() as cursor:
        key = (project_id * 1_000_003 + place * 3 + level) % 2**31
        cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", [LOCK, key])
        end = place + GATHERED[level]
        cursor.execute(TAKE, [project_id, level, place, end, _over(level, now)])
        buckets = sorted({record[0] for record in cursor.fetchall()})
        if not buckets:
            return 0
        make: Callable[..., int] = _from_raw if level is Level.BUCKET else _from_parts
        marked = make(cursor, project_id, level, buckets)
        if level in ABOVE:
            above = ABOVE[level]
            higher = sorted({one - one % SPANNED[above] for one in buckets})
            cursor.execute(
                "INSERT INTO traces_mark (project_id, level, bucket)"
                " SELECT %s, %s, unnest(%s::int4[])",
                [project_id, above, higher],
            )
    return marked


def _from_raw(cursor: Any, project_id: int, level: Level, buckets: Sequence[int]) -> int:
    marked = 0
    for first, end in stretches(buckets):
        low, high = first * BUCKET_NS, end * BUCKET_NS
        whole = list(range(first, end))
        for family in WHOLE:
            if family is Family.SCORE:
                rows = score_rows(cursor, project_id, low, high)
                storing_sums.replace_scores(cursor, project_id, family, level, whole, rows)
            elif family not in COARSE:
                found = raw_rows(cursor, project_id, family, low, high)
                storing_sums.replace(cursor, project_id, family, level, whole, found)
        marked += marks.mark_following(cursor, project_id, low, high)
    return marked


def raw_rows(
    cursor: Any, project_id: int, family: Family, low: int, high: int
) -> list[Row[Measures]]:
    """What a family's finest rows are, from the raw rows of [low, high) ns."""
    ask = raw_sums.of_spans if family < Family.TRACE else raw_sums.of_traces
    step = BY_HOUR if family in COARSE else BY_BUCKET
    return ask(cursor, project_id, low, high, dimensions=DIMENSIONS[family], step=step)


def score_rows(cursor: Any, project_id: int, low: int, high: int) -> list[Row[ScoreMeasures]]:
    return raw_sums.of_scores(
        cursor, project_id, low, high, dimensions=DIMENSIONS[Family.SCORE], step=BY_BUCKET
    )


def stretches(buckets: Sequence[int], length: int = 1) -> list[tuple[int, int]]:
    """Sorted first buckets of rows of that length as runs [first, end)."""
    found: list[tuple[int, int]] = []
    for bucket in buckets:
        if found and found[-1][1] == bucket:
            found[-1] = (found[-1][0], bucket + length)
        else:
            found.append((bucket, bucket + length))
    return found


def _from_parts(cursor: Any, project_id: int, level: Level, buckets: Sequence[int]) -> int:
    for family in WHOLE:
        if family is Family.SCORE:
            scored = _score_parts(cursor, project_id, level, buckets)
            _store(storing_sums.replace_scores, cursor, project_id, family, level, buckets, scored)
        else:
            coarse = family in COARSE and level is Level.HOUR
            make = _raw_hours if coarse else _parts
            rows = make(cursor, project_id, family, level, buckets)
            _store(storing_sums.replace, cursor, project_id, family, level, buckets, rows)
    return 0


def _store(
    replace: Callable[..., Sequence[Row[Any]]],
    cursor: Any,
    project_id: int,
    family: Family,
    level: Level,
    buckets: Sequence[int],
    rows: Sequence[Row[Any]],
) -> None:
    """Store rows of an hour or day; of a day also by the family's fewer dimensions."""
    kept = replace(cursor, project_id, family, level, buckets, rows)
    for narrow in NARROWED.get(family, ()) if level is Level.DAY else ():
        replace(cursor, project_id, narrow, level, buckets, narrowed(kept, family, narrow))


def narrowed(rows: Sequence[Row[Any]], family: Family, narrow: Family) -> list[Row[Any]]:
    """Rows of a family added up by the dimensions of a narrower one."""
    places = [DIMENSIONS[family].index(name) for name in DIMENSIONS[narrow]]
    found: dict[tuple[int, tuple[str | None, ...]], Row[Any]] = {}
    for row in rows:
        dimensions = tuple(row.dimensions[at] for at in places)
        known = found.get((row.step, dimensions))
        if known is None:
            known = Row(row.step, dimensions, type(row.sums)())
            found[row.step, dimensions] = known
        known.sums.add(row.sums)
    return list(found.values())


def _raw_hours(
    cursor: Any, project_id: int, family: Family, level: Level, buckets: Sequence[int]
) -> list[Row[Measures]]:
    hours = stretches(buckets, SPANNED[level])
    return [
        row
        for first, end in hours
        for row in raw_rows(cursor, project_id, family, first * BUCKET_NS, end * BUCKET_NS)
    ]


def _parts(
    cursor: Any, project_id: int, family: Family, level: Level, buckets: Sequence[int]
) -> list[Row[Measures]]:
    sums = [f"sum({name})" for name in SUMS]
    sums += [f"array_agg({name}) FILTER (WHERE {name} IS NOT NULL)" for name in SKETCHED]
    records = _summed(cursor, "traces_rollup", sums, project_id, level, buckets, family)
    rows = []
    for step, dimensions, *values in records:
        packed, packed_first = values[-2] or [], values[-1] or []
        measures = Measures(**numbers(SUMS, values[:-2]), packed=packed, packed_first=packed_first)
        rows.append(Row(step, tuple(dimensions), measures))
    return rows


def _score_parts(
    cursor: Any, project_id: int, level: Level, buckets: Sequence[int]
) -> list[Row[ScoreMeasures]]:
    sums = [f"sum({name})" for name in SCORE_SUMS]
    records = _summed(cursor, "traces_score_rollup", sums, project_id, level, buckets, Family.SCORE)
    return [
        Row(step, tuple(dimensions), ScoreMeasures(**numbers(SCORE_SUMS, values)))
        for step, dimensions, *values in records
    ]


def _summed(
    cursor: Any,
    table: str,
    sums: Sequence[str],
    project_id: int,
    level: Level,
    buckets: Sequence[int],
    family: Family,
) -> list[Any]:
    cursor.execute(
        PARTS.format(
            sums=", ".join(sums),
            table=table,
            family=f"AND r.family = {int(family)}",
        ),
        {
            "project": project_id,
            "level": BELOW[level],
            "span": SPANNED[level],
            "first": min(buckets),
            "end": max(buckets) + SPANNED[level],
            "buckets": list(buckets),
        },
    )
    found: list[Any] = cursor.fetchall()
    return found
