"""Sums of spans, traces and scores over time and by dimension, exact at any moment.

Stored sums (`traces.rollups`) answer for whole buckets, hours and days; raw rows for what is marked
as changed and for the ragged ends of a range. A query that asks about anything but dimensions is
answered from raw rows alone, within the time limit of reads.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
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
)
from traces.rollups.measures import SCORE_SUMS, SUMS, Measures, ScoreMeasures, numbers
from traces.rollups.segments import BUCKET_NS, SPANNED, Plan
from traces.selectors import raw_sums
from traces.selectors.paging import READ_LIMIT_MS, TimeRange, TooSlow, time_limit
from traces.selectors.search import EVERYTHING

M = TypeVar("M", Measures, ScoreMeasures)
DAY_NS = 86_400 * 10**9
MOST_RAW = 24
"""Marked buckets that a reader sums up from raw rows: two hours."""
RAW_LIMIT_MS = 2_000
SKETCHED = ("latency", "first_token")


class Step(StrEnum):
    """Of UTC; weeks begin on Monday."""

    HOUR = "hour"
    DAY = "day"
    WEEK = "week"


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


@dataclass(frozen=True, slots=True)
class Steps:
    """How a start becomes the number of its step, and that a time."""

    sql: str
    """Of {start}, in nanoseconds."""
    width_ns: int | None
    offset_ns: int
    coarsest: Level

    def time_of(self, number: int) -> int | None:
        return None if self.width_ns is None else number * self.width_ns + self.offset_ns


def steps_of(step: Step | None, width_ns: int | None, low: int) -> Steps:
    """Raises ValueError for a width that is no multiple of a bucket."""
    if width_ns is not None:
        if width_ns <= 0 or width_ns % BUCKET_NS or low % BUCKET_NS:
            raise ValueError("steps are multiples of five minutes, as is where they begin")
        sql = f"(({{start}} - {low}) / {width_ns})::int4"
        fits = [
            level for level in Level if width_ns % (level * 10**9) == low % (level * 10**9) == 0
        ]
        return Steps(sql, width_ns, low, max(fits))
    if step is None:
        return Steps("0", None, 0, Level.DAY)
    if step is Step.WEEK:  # 1970 began on a Thursday
        sql = f"(({{start}} + {3 * DAY_NS}) / {7 * DAY_NS})::int4"
        return Steps(sql, 7 * DAY_NS, -3 * DAY_NS, Level.DAY)
    width = DAY_NS if step is Step.DAY else DAY_NS // 24
    return Steps(
        f"({{start}} / {width})::int4", width, 0, Level.DAY if step is Step.DAY else Level.HOUR
    )


def of_spans(
    project_id: int,
    *,
    query: Query = EVERYTHING,
    range: TimeRange,
    step: Step | None = None,
    by: Sequence[str] = (),
    width_ns: int | None = None,
    only: Sequence[str] | None = None,
) -> Cube[Measures]:
    """Sums of spans. `by`: dimensions of spans, or user_id or tag (each with environment at most).

    `only`: the sums that are wanted (names of Measures, latency, first_token), to read less.
    Raises TooSlow, and ValueError for a dimension that there is not.
    """
    families = (Family.SPAN, Family.SPAN_USER, Family.SPAN_TAG)
    ask = _Ask(project_id, query, _bounds(range), tuple(by), families)
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
) -> Cube[Measures]:
    """Sums of traces; by kind, provider, model or prompt one counts once for each it has."""
    families = (Family.TRACE, Family.TRACE_USER, Family.TRACE_TAG)
    ask = _Ask(project_id, query, _bounds(range), tuple(by), families)
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
    ask = _Ask(project_id, query, _bounds(range), tuple(by), (Family.SCORE,), name)
    steps = steps_of(step, width_ns, ask.low)
    rows = _read(ask, steps, _stored_scores, SCORE_SUMS)
    return _cube(rows, ask, steps, ScoreMeasures)


def _measured(ask: _Ask, steps: Steps, only: Sequence[str] | None) -> Cube[Measures]:
    wanted = tuple(only) if only is not None else (*SUMS, *SKETCHED)
    unknown = set(wanted) - {*SUMS, *SKETCHED}
    if unknown:
        raise ValueError(f"there is no sum {unknown.pop()}")
    return _cube(_read(ask, steps, _stored_measures, wanted), ask, steps, Measures)


def _bounds(range: TimeRange) -> tuple[int, int]:
    if range.start_ns is None or range.end_ns is None:
        raise ValueError("sums need a range with both ends")
    return range.start_ns, range.end_ns


@dataclass(slots=True)
class _Ask:
    project_id: int
    query: Query
    bounds: tuple[int, int]
    by: tuple[str, ...]
    families: tuple[Family, ...]
    name: str | None = None

    @property
    def low(self) -> int:
        return self.bounds[0]

    @property
    def is_of_scores(self) -> bool:
        return self.families == (Family.SCORE,)

    def family(self) -> Family | None:
        """The family whose slices can answer; None if only raw rows can."""
        asked = matching.asked(self.query.root)
        if asked is None:
            return None
        needed = asked | set(self.by)
        for family in self.families:
            if needed <= set(DIMENSIONS[family]):
                overlapping = "tag" in needed and not self._tag_alone(asked)
                return None if overlapping else family
        return None

    def _tag_alone(self, asked: frozenset[str]) -> bool:
        """A span with two tags is in two slices: no query may then look at more than one."""
        return "tag" not in asked or (not self.by and matching.is_one_value(self.query.root))


@dataclass(slots=True)
class _Rows(Generic[M]):
    """(step, group, sums) and how many buckets lag behind."""

    found: list[tuple[int, tuple[str | None, ...], M]]
    pending: int = 0


def _cube(rows: _Rows[M], ask: _Ask, steps: Steps, kind: type[M]) -> Cube[M]:
    cells: dict[tuple[int, tuple[str | None, ...]], Cell[M]] = {}
    for number, group, sums in rows.found:
        key = number, group
        if key not in cells:
            cells[key] = Cell(steps.time_of(number), group, kind())
        cells[key].sums.add(sums)
    ordered = sorted(cells.values(), key=lambda cell: cell.time_ns or 0)
    return Cube(ordered, rows.pending)


def _read(ask: _Ask, steps: Steps, stored: Any, wanted: Sequence[str]) -> _Rows[Any]:
    _check(ask)
    family = ask.family()
    if family is not None:
        slices = _slices(ask, family)
        if slices is not None:
            return _from_sums(ask, steps, family, slices, stored, wanted)
    low, high = ask.bounds
    with time_limit():
        return _Rows(_raw(ask, steps, ask.by, low, high, ask.query))


def _check(ask: _Ask) -> None:
    known = set(SCORE_DIMENSIONS) if ask.is_of_scores else set(raw_sums.SPAN_COLUMNS)
    if ask.families[0] is Family.TRACE:
        known = set(raw_sums.TRACE_COLUMNS)
    if ask.is_of_scores:
        known |= {"user_id", "tag"}
    unknown = set(ask.by) - known
    if unknown:
        raise ValueError(f"there is no dimension {unknown.pop()}")


@dataclass(slots=True)
class _Slices:
    """Numbers of the slices that match, each with the number of its group; groups by number."""

    ids: list[int] = field(default_factory=list)
    group_of: list[int] = field(default_factory=list)
    groups: list[tuple[str | None, ...]] = field(default_factory=list)


def _slices(ask: _Ask, family: Family) -> _Slices | None:
    """None if values that the query asks about were given up in some slice."""
    names = DIMENSIONS[family]
    asked = matching.asked(ask.query.root) or frozenset()
    found, numbers = _Slices(), dict[tuple[str | None, ...], int]()
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT id, dimensions FROM traces_slice WHERE project_id = %s AND family = %s",
            [ask.project_id, family],
        )
        for number, values in cursor.fetchall():
            dimensions = dict(zip(names, values, strict=True))
            if any(dimensions[name] == OTHER for name in asked):
                return None
            if _wanted(ask, dimensions):
                for group in _groups(ask.by, dimensions):
                    found.ids.append(number)
                    found.group_of.append(numbers.setdefault(group, len(numbers)))
    found.groups = list(numbers)
    return found


def _wanted(ask: _Ask, dimensions: dict[str, str | None]) -> bool:
    if ask.name is not None and dimensions["score"] != ask.name:
        return False
    return matching.matches(ask.query.root, dimensions)


def _groups(by: Sequence[str], dimensions: dict[str, str | None]) -> list[tuple[str | None, ...]]:
    """The groups that a slice counts in: one for each combination of its several values."""
    groups: list[tuple[str | None, ...]] = [()]
    for name in by:
        value = dimensions[name]
        values = [value] if value is None or name not in SEVERAL else value.split(SEPARATOR)
        groups = [(*group, one) for group in groups for one in values]
    return groups


def _from_sums(
    ask: _Ask, steps: Steps, family: Family, slices: _Slices, stored: Any, wanted: Sequence[str]
) -> _Rows[Any]:
    marked = _marked(ask)
    try:
        return _planned(ask, steps, family, slices, stored, wanted, marked, MOST_RAW)
    except TooSlow:  # much has come in: what was stored last, rather than nothing
        return _planned(ask, steps, family, slices, stored, wanted, marked, 0)


def _planned(
    ask: _Ask,
    steps: Steps,
    family: Family,
    slices: _Slices,
    stored: Any,
    wanted: Sequence[str],
    marked: dict[Level, set[int]],
    most_raw: int,
) -> _Rows[Any]:
    low, high = ask.bounds
    made = segments.plan(low, high, coarsest=steps.coarsest, marked=marked, most_raw=most_raw)
    found: list[Any] = []
    if made.raw:
        with time_limit(RAW_LIMIT_MS if most_raw else READ_LIMIT_MS):
            for start, end in made.raw:
                found += _raw_slices(ask, steps, family, start, end)
    if made.stored and slices.ids:
        with time_limit():
            found += stored(ask, steps, family, slices, made, wanted)
    return _Rows(found, made.pending)


def _marked(ask: _Ask) -> dict[Level, set[int]]:
    first, end = ask.bounds[0] // BUCKET_NS - SPANNED[Level.DAY], ask.bounds[1] // BUCKET_NS + 1
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


def _raw_slices(ask: _Ask, steps: Steps, family: Family, low: int, high: int) -> list[Any]:
    """From raw rows by all dimensions of the family, then matched and grouped as slices are."""
    names = DIMENSIONS[family]
    found = []
    for number, values, sums in _raw(ask, steps, names, low, high, None):
        dimensions = dict(zip(names, values, strict=True))
        if _wanted(ask, dimensions):
            found += [(number, group, sums) for group in _groups(ask.by, dimensions)]
    return found


def _raw(
    ask: _Ask, steps: Steps, names: Sequence[str], low: int, high: int, query: Query | None
) -> list[Any]:
    bounded = query if query is not None and query.root is not None else None
    with connection.cursor() as cursor:
        arguments: dict[str, Any] = {"dimensions": names, "step": steps.sql, "query": bounded}
        rows: list[Any]
        if ask.is_of_scores:
            rows = list(
                raw_sums.of_scores(cursor, ask.project_id, low, high, name=ask.name, **arguments)
            )
        elif ask.families[0] is Family.TRACE:
            rows = list(raw_sums.of_traces(cursor, ask.project_id, low, high, **arguments))
        else:
            rows = list(raw_sums.of_spans(cursor, ask.project_id, low, high, **arguments))
    if bounded is None and names != ask.by:
        return [(row.step, row.dimensions, row.sums) for row in rows]
    return [
        (row.step, group, row.sums)
        for row in rows
        for group in _groups(names, dict(zip(names, row.dimensions, strict=True)))
    ]


STORED = """
SELECT {step}, g.number, {sums}
FROM unnest(%(levels)s::int4[], %(firsts)s::int4[], %(ends)s::int4[]) AS p(level, first, "end")
JOIN {table} r ON r.project_id = %(project)s AND r.level = p.level
    AND r.bucket >= p.first AND r.bucket < p."end" {family}
JOIN unnest(%(slices)s::int8[], %(groups)s::int4[]) AS g(slice, number) ON g.slice = r.slice_id
GROUP BY 1, 2"""


def _stored_rows(
    ask: _Ask, steps: Steps, slices: _Slices, made: Plan, table: str, family: str, sums: str
) -> list[Any]:
    start = f"(r.bucket * {BUCKET_NS}::int8)"
    sql = STORED.format(step=steps.sql.format(start=start), sums=sums, table=table, family=family)
    with connection.cursor() as cursor:
        cursor.execute(
            sql,
            {
                "levels": [int(level) for level, _, _ in made.stored],
                "firsts": [first for _, first, _ in made.stored],
                "ends": [end for _, _, end in made.stored],
                "project": ask.project_id,
                "slices": slices.ids,
                "groups": slices.group_of,
            },
        )
        found: list[Any] = cursor.fetchall()
    return found


def _stored_measures(
    ask: _Ask, steps: Steps, family: Family, slices: _Slices, made: Plan, wanted: Sequence[str]
) -> list[Any]:
    sums = [name for name in wanted if name in SUMS]
    columns = [f"sum(r.{name})" for name in sums]
    columns += [
        f"array_agg(r.{name}) FILTER (WHERE r.{name} IS NOT NULL)" if name in wanted else "NULL"
        for name in SKETCHED
    ]
    of_family = f"AND r.family = {int(family)}"
    rows = _stored_rows(ask, steps, slices, made, "traces_rollup", of_family, ", ".join(columns))
    found = []
    for step, number, *values in rows:
        measures = Measures(
            **numbers(sums, values[:-2]), packed=values[-2] or [], packed_first=values[-1] or []
        )
        found.append((step, slices.groups[number], measures))
    return found


def _stored_scores(
    ask: _Ask, steps: Steps, family: Family, slices: _Slices, made: Plan, wanted: Sequence[str]
) -> list[Any]:
    columns = ", ".join(f"sum(r.{name})" for name in wanted)
    rows = _stored_rows(ask, steps, slices, made, "traces_score_rollup", "", columns)
    found = []
    for step, number, *values in rows:
        measures = ScoreMeasures(**numbers(wanted, values))
        found.append((step, slices.groups[number], measures))
    return found
