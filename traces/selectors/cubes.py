"""Sums of spans, traces and scores over time and by dimension, exact at any moment.

Stored sums (`traces.rollups`) answer for whole buckets, hours and days; raw rows for what is marked
as changed and for the ragged ends of a range. A query that asks about anything but dimensions is
answered from raw rows alone, within the time limit of reads.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from django.db import connection

from traces.query import Query
from traces.rollups import matching, segments
from traces.rollups.dimensions import (
    DIMENSIONS,
    OTHER,
    SCORE_DIMENSIONS,
    SEPARATOR,
    SEVERAL,
    Family,
    Level,
    finest,
)
from traces.rollups.measures import SCORE_SUMS, SKETCHED, SUMS, Measures, ScoreMeasures
from traces.rollups.segments import BUCKET_NS, SPANNED
from traces.selectors import lumps, raw_sums, stored_sums
from traces.selectors.asking import Ask, Step, Steps, steps_of
from traces.selectors.one_reading import shared
from traces.selectors.paging import READ_LIMIT_MS, TimeRange, TooSlow, time_limit
from traces.selectors.raw_sums import Row
from traces.selectors.search import EVERYTHING

M = TypeVar("M", Measures, ScoreMeasures)
MOST_RAW = 576
"""Marked buckets that a reader sums up from raw rows, each in some milliseconds: of two days."""
RAW_LIMIT_MS = 2_000


@dataclass(slots=True)
class Cell(Generic[M]):
    """Sums of one step and group. `time_ns`: when the step begins; None where none was asked."""

    time_ns: int | None
    group: tuple[str | None, ...]
    sums: M


@dataclass(slots=True)
class Cube(Generic[M]):
    cells: list[Cell[M]] = field(default_factory=list)
    pending: int = 0
    """Buckets of which older sums were read, because too many have changed; 0: exact."""


def of_spans(
    project_id: int,
    *,
    query: Query = EVERYTHING,
    range: TimeRange,
    step: Step | None = None,
    by: Sequence[str] = (),
    width_ns: int | None = None,
    only: Sequence[str] | None = None,
    costliest: int | None = None,
    kept: Collection[str] | None = None,
) -> Cube[Measures]:
    """Sums of spans. `by`: dimensions of spans, or user_id or tag (each with environment at most).

    `only`: the sums that are wanted (names of Measures, latency, first_token), to read less.
    `costliest`: of the one dimension, without a step, all but so many groups may be left out,
    those of least cost and spans, which are asked for.
    `kept`: other values of the one dimension are added up as OTHER.
    Raises TooSlow, and ValueError for a dimension that there is not.
    """
    families = (Family.SPAN, Family.SPAN_USER, Family.SPAN_TAG)
    ask = Ask(project_id, query, _bounds(range), tuple(by), families, kept=_kept(by, kept))
    ask.costliest = _costliest(costliest, ask, step or width_ns, only, "spans")
    return _measured(ask, steps_of(step, width_ns, ask.low), only)


def of_traces(
    project_id: int,
    *,
    query: Query = EVERYTHING,
    range: TimeRange,
    step: Step | None = None,
    by: Sequence[str] = (),
    width_ns: int | None = None,
    only: Sequence[str] | None = None,
    costliest: int | None = None,
    kept: Collection[str] | None = None,
) -> Cube[Measures]:
    """Sums of traces; by kind, provider, model or prompt one counts once for each it has.

    `costliest`: of the one dimension, without a step, all but so many groups may be left out,
    those of least cost and traces, which are asked for.
    """
    families = (Family.TRACE, Family.TRACE_USER, Family.TRACE_TAG)
    ask = Ask(project_id, query, _bounds(range), tuple(by), families, kept=_kept(by, kept))
    ask.costliest = _costliest(costliest, ask, step or width_ns, only, "traces")
    return _measured(ask, steps_of(step, width_ns, ask.low), only)


def of_scores(
    project_id: int,
    *,
    name: str | None = None,
    query: Query = EVERYTHING,
    range: TimeRange,
    step: Step | None = None,
    by: Sequence[str] = (),
    width_ns: int | None = None,
) -> Cube[ScoreMeasures]:
    """Sums of scores, of one `name` or of all, at the time of what they are about."""
    ask = Ask(project_id, query, _bounds(range), tuple(by), (Family.SCORE,), name)
    steps = steps_of(step, width_ns, ask.low)
    rows = _read(ask, steps, stored_sums.scores, SCORE_SUMS)
    return _cube(rows, steps)


def _measured(ask: Ask, steps: Steps, only: Sequence[str] | None) -> Cube[Measures]:
    wanted = tuple(only) if only is not None else (*SUMS, *SKETCHED)
    unknown = set(wanted) - {*SUMS, *SKETCHED}
    if unknown:
        raise ValueError(f"there is no sum {unknown.pop()}")
    return _cube(_read(ask, steps, stored_sums.measures, wanted), steps)


def _kept(by: Sequence[str], kept: Collection[str] | None) -> frozenset[str] | None:
    if kept is None:
        return None
    if len(by) != 1:
        raise ValueError("values are kept of one dimension")
    return frozenset(kept)


def _costliest(
    most: int | None,
    ask: Ask,
    step: Step | int | None,
    only: Sequence[str] | None,
    counted: str,
) -> int | None:
    if most is not None and (len(ask.by) != 1 or step or set(only or ()) != {"cost", counted}):
        raise ValueError(f"the costliest are found by one dimension's cost and {counted}")
    return most


def _bounds(range: TimeRange) -> tuple[int, int]:
    if range.start_ns is None or range.end_ns is None:
        raise ValueError("sums need a range with both ends")
    return range.start_ns, range.end_ns


@dataclass(slots=True)
class _Rows(Generic[M]):
    """(step, group, sums) and how many buckets lag behind."""

    found: list[tuple[int, tuple[str | None, ...], M]]
    pending: int = 0


def _cube(rows: _Rows[M], steps: Steps) -> Cube[M]:
    cells: dict[tuple[int, tuple[str | None, ...]], Cell[M]] = {}
    for number, group, sums in rows.found:
        key = number, group
        if key in cells:
            cells[key].sums.add(sums)
        else:
            cells[key] = Cell(steps.time_of(number), group, sums)
    ordered = sorted(cells.values(), key=lambda cell: cell.time_ns or 0)
    return Cube(ordered, rows.pending)


def _read(ask: Ask, steps: Steps, stored: Any, wanted: Sequence[str]) -> _Rows[Any]:
    _check(ask)
    family = ask.family()
    unfit = None if family is None else lumps.unfit(ask, family)
    if family is not None and unfit is not None:
        return _from_sums(ask, steps, family, unfit, stored, wanted)
    low, high = ask.bounds
    with time_limit():
        rows = _raw(ask, steps, ask.by, low, high, ask.query)
    return _Rows(
        [
            (row.step, group, _copy(row.sums))
            for row in rows
            for group in _groups(ask, dict(zip(ask.by, row.dimensions, strict=True)))
        ]
    )


def _check(ask: Ask) -> None:
    known = set(SCORE_DIMENSIONS) if ask.is_of_scores else set(raw_sums.SPAN_COLUMNS)
    if ask.families[0] is Family.TRACE:
        known = set(raw_sums.TRACE_COLUMNS)
    if ask.is_of_scores:
        known |= {"user_id", "tag"}
    unknown = set(ask.by) - known
    if unknown:
        raise ValueError(f"there is no dimension {unknown.pop()}")


def _wanted(ask: Ask, dimensions: dict[str, str | None]) -> bool:
    if ask.name is not None and dimensions["score"] != ask.name:
        return False
    return matching.matches(ask.query.root, dimensions)


def _groups(ask: Ask, dimensions: dict[str, str | None]) -> list[tuple[str | None, ...]]:
    """The groups that a slice counts in: one for each combination of its several values."""
    groups: list[tuple[str | None, ...]] = [()]
    for name in ask.by:
        value = dimensions[name]
        values = [value] if value is None or name not in SEVERAL else value.split(SEPARATOR)
        if ask.kept is not None:
            values = [one if one is None or one in ask.kept else OTHER for one in values]
        groups = [(*group, one) for group in groups for one in values]
    return groups


def _from_sums(
    ask: Ask,
    steps: Steps,
    family: Family,
    unfit: Mapping[Level, Collection[int]],
    stored: Any,
    wanted: Sequence[str],
) -> _Rows[Any]:
    marked = {level: found.union(unfit[level]) for level, found in _marked(ask).items()}
    try:
        return _planned(ask, steps, family, marked, stored, wanted, MOST_RAW)
    except TooSlow:  # much has come in: what was stored last, rather than nothing
        return _planned(ask, steps, family, marked, stored, wanted, 0)


def _planned(
    ask: Ask,
    steps: Steps,
    family: Family,
    marked: Mapping[Level, Collection[int]],
    stored: Any,
    wanted: Sequence[str],
    most_raw: int,
) -> _Rows[Any]:
    low, high = ask.bounds
    made = segments.plan(
        low,
        high,
        coarsest=steps.coarsest,
        marked=marked,
        most_raw=most_raw,
        finest=finest(family),
    )
    found: list[Any] = []
    if made.raw:
        with time_limit(RAW_LIMIT_MS if most_raw else READ_LIMIT_MS):
            for start, end in made.raw:
                found += _raw_slices(ask, steps, family, start, end)
    if made.stored:
        seen = {one for _, group, _ in found for one in group[:1]}
        with time_limit():
            found += stored(ask, steps, family, made, wanted, seen)
    return _Rows(found, made.pending)


def _marked(ask: Ask) -> dict[Level, set[int]]:
    first, end = ask.bounds[0] // BUCKET_NS - SPANNED[Level.DAY], ask.bounds[1] // BUCKET_NS + 1

    def look() -> dict[Level, set[int]]:
        found: dict[Level, set[int]] = {level: set() for level in Level}
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT DISTINCT level, bucket FROM traces_mark"
                " WHERE project_id = %s AND bucket BETWEEN %s AND %s",
                [ask.project_id, first, end],
            )
            for level, bucket in cursor.fetchall():
                found[Level(level)].add(bucket)
        return found

    return shared(("marked", ask.project_id, first, end), look)


def _raw_slices(ask: Ask, steps: Steps, family: Family, low: int, high: int) -> list[Any]:
    """From raw rows by all dimensions of the family, then matched and grouped as slices are."""
    names = DIMENSIONS[family]
    key = ("raw", ask.project_id, family, ask.name, low, high, steps.sql)
    found = []
    for row in shared(key, lambda: _raw(ask, steps, names, low, high, EVERYTHING)):
        dimensions = dict(zip(names, row.dimensions, strict=True))
        if _wanted(ask, dimensions):
            found += [(row.step, group, _copy(row.sums)) for group in _groups(ask, dimensions)]
    return found


def _copy(sums: M) -> M:
    """What is shared within a reading is not added to."""
    made = type(sums)()
    made.add(sums)
    return made


def _raw(
    ask: Ask, steps: Steps, names: Sequence[str], low: int, high: int, query: Query
) -> list[Row[Any]]:
    more: dict[str, Any] = {"dimensions": names, "step": steps.sql, "query": query}
    with connection.cursor() as cursor:
        if ask.is_of_scores:
            return list(
                raw_sums.of_scores(cursor, ask.project_id, low, high, name=ask.name, **more)
            )
        read = raw_sums.of_traces if ask.families[0] is Family.TRACE else raw_sums.of_spans
        return list(read(cursor, ask.project_id, low, high, **more))
