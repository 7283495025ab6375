"""Storing sums: rows of a bucket, hour or day replaced whole; the least of too many added up."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

from traces.rollups import sketch
from traces.rollups.dimensions import COUNTED, DIMENSIONS, MOST_ROWS, OTHER, Family, Level
from traces.rollups.measures import SCORE_SUMS, SUMS, Measures, ScoreMeasures
from traces.selectors.raw_sums import Row
from traces.services import slices
from traces.services.copying import copy
from traces.services.summaries import MAX_SUM

FLOATS = frozenset(
    {"best_scores", "w", "w2", "wx", "wx2", "w2x", "w2x2"}
    | {"judged_w", "judged_w2", "flagged_w", "flagged_w2"}
)


def _types(names: Iterable[str]) -> list[tuple[str, str]]:
    return [(name, "float8" if name in FLOATS else "int8") for name in names]


PLACE = (
    *(("project_id", "int8"), ("level", "int4"), ("bucket", "int4"), ("slice_id", "int8")),
    ("family", "int2"),
)
ROLLUP_COLUMNS = (
    *PLACE,
    *_types(SUMS),
    ("latency", "bytea"),
    ("first_token", "bytea"),
)
SCORE_COLUMNS = (*PLACE, *_types(SCORE_SUMS))
PACKED_DAYS = """
SELECT project_id, family, bucket,
    string_agg(int8send(slice_id), '' ORDER BY slice_id) AS slices,
    string_agg(int8send(coalesce(cost, 0)), '' ORDER BY slice_id) AS cost,
    string_agg(int8send(coalesce({counted}, 0)), '' ORDER BY slice_id) AS counted
FROM traces_rollup WHERE project_id = %s AND family = %s AND level = %s AND bucket = ANY(%s)
GROUP BY 1, 2, 3"""
"""Numbers as Postgres sends them: eight bytes each, the highest first."""
FINE = frozenset({"name", "release", "prompt_version", "user_id", "tag", "category"})
"""Dimensions with many values: these are given up where a bucket has too many slices."""


def replace(
    cursor: Any,
    project_id: int,
    family: Family,
    level: Level,
    buckets: Sequence[int],
    rows: Sequence[Row[Measures]],
) -> Sequence[Row[Measures]]:
    """Make `rows` (whose `step` is their bucket) all that is stored of these buckets.

    Returns what was stored: the rows, or the largest of them and the rest added up.
    """
    cursor.execute(
        "DELETE FROM traces_rollup"
        " WHERE project_id = %s AND family = %s AND level = %s AND bucket = ANY(%s)",
        [project_id, family, level, list(buckets)],
    )
    rows = bounded(family, rows)
    known = slices.numbers(cursor, project_id, family, {row.dimensions for row in rows})
    records = (
        (
            *(project_id, level, row.step, known[row.dimensions], family),
            *(_storable(getattr(row.sums, name)) for name in SUMS),
            _packed(row.sums.packed),
            _packed(row.sums.packed_first),
        )
        for row in rows
    )
    copy(cursor.cursor, "traces_rollup", ROLLUP_COLUMNS, sorted(records, key=_place))
    if level is Level.DAY and family in COUNTED:
        _pack_days(cursor, project_id, family, buckets)
    return rows


def _pack_days(cursor: Any, project_id: int, family: Family, buckets: Sequence[int]) -> None:
    cursor.execute(
        "DELETE FROM traces_people_day WHERE project_id = %s AND family = %s AND bucket = ANY(%s)",
        [project_id, int(family), list(buckets)],
    )
    cursor.execute(
        "INSERT INTO traces_people_day (project_id, family, bucket, slices, cost, counted)"
        + PACKED_DAYS.format(counted=COUNTED[family]),
        [project_id, int(family), int(Level.DAY), list(buckets)],
    )


def replace_scores(
    cursor: Any,
    project_id: int,
    family: Family,
    level: Level,
    buckets: Sequence[int],
    rows: Sequence[Row[ScoreMeasures]],
) -> Sequence[Row[ScoreMeasures]]:
    """The same of scores."""
    cursor.execute(
        "DELETE FROM traces_score_rollup"
        " WHERE project_id = %s AND family = %s AND level = %s AND bucket = ANY(%s)",
        [project_id, family, level, list(buckets)],
    )
    rows = bounded(family, rows)
    known = slices.numbers(cursor, project_id, family, {row.dimensions for row in rows})
    records = (
        (
            *(project_id, level, row.step, known[row.dimensions], family),
            *(_storable(getattr(row.sums, name)) for name in SCORE_SUMS),
        )
        for row in rows
    )
    copy(cursor.cursor, "traces_score_rollup", SCORE_COLUMNS, sorted(records, key=_place))
    return rows


def _place(record: Sequence[Any]) -> tuple[int, int]:
    """In the order of the key, so that what is read together lies together."""
    return record[2], record[3]


def _storable(value: float) -> float | None:
    """Nothing is not stored; more than a column holds, which clients can claim, is its most."""
    if isinstance(value, float):
        return value or None
    return max(-MAX_SUM, min(value, MAX_SUM)) or None


def _packed(parts: Sequence[bytes]) -> bytes | None:
    if len(parts) > 1:
        return sketch.pack(sketch.unpacked_sum(parts))
    return parts[0] if parts else None


def bounded(family: Family, rows: Sequence[Row[Any]]) -> list[Row[Any]]:
    """Of each step the largest rows of a family; the others are added up under OTHER.

    What was narrowed comes of rows that were bounded before.
    """
    if family not in MOST_ROWS:
        return list(rows)
    steps: dict[int, list[Row[Any]]] = defaultdict(list)
    for row in rows:
        steps[row.step].append(row)
    return [row for found in steps.values() for row in _largest(family, found)]


def _largest(family: Family, rows: Sequence[Row[Any]]) -> Sequence[Row[Any]]:
    kept = [row for row in rows if OTHER not in row.dimensions]
    if len(kept) <= MOST_ROWS[family]:
        return rows
    kept.sort(key=_size, reverse=True)
    merged = {row.dimensions: row for row in rows if OTHER in row.dimensions}  # of a finer level
    for row in kept[MOST_ROWS[family] :]:
        wide = tuple(
            OTHER if name in FINE and value is not None else value
            for name, value in zip(DIMENSIONS[family], row.dimensions, strict=True)
        )
        known = merged.get(wide)
        if known is None:
            merged[wide] = Row(row.step, wide, row.sums)
        else:
            known.sums.add(row.sums)
    return [*kept[: MOST_ROWS[family]], *merged.values()]


def _size(row: Row[Any]) -> tuple[int, int]:
    sums = row.sums
    if isinstance(sums, ScoreMeasures):
        return sums.n, 0
    return sums.cost, sums.traces or sums.spans
