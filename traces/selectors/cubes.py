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
    COARSE,
    DIMENSIONS,
    OF_SCORES,
    OTHER,
    SCORE_DIMENSIONS,
    SEPARATOR,
    SEVERAL,
    Family,
    Level,
    narrowest,
)
from traces.rollups.measures import SCORE_SUMS, SUMS, Measures, ScoreMeasures, numbers
from traces.rollups.segments import BUCKET_NS, SPANNED, Plan
from traces.selectors import raw_sums, slicing
from traces.selectors.one_reading import shared
from traces.selectors.paging import READ_LIMIT_MS, TimeRange, TooSlow, time_limit
from traces.selectors.raw_sums import Row
from traces.selectors.search import EVERYTHING

M = TypeVar("M", Measures, ScoreMeasures)
DAY_NS = 86_400 * 10**9
MOST_RAW = 576
"""Marked buckets that a reader sums up from raw rows, each in some milliseconds: of two days."""
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
    costliest: int | None = None,
) -> Cube[Measures]:
    """Sums of traces; by kind, provider, model or prompt one counts once for each it has.

    `costliest`: without a step, all but so many groups may be left out, those of least cost and
    traces.
    """
    families = (Family.TRACE, Family.TRACE_USER, Family.TRACE_TAG)
    ask = _Ask(project_id, query, _bounds(range), tuple(by), families, costliest=costliest)
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
    return _cube(rows, steps)


def _measured(ask: _Ask, steps: Steps, only: Sequence[str] | None) -> Cube[Measures]:
    wanted = tuple(only) if only is not None else (*SUMS, *SKETCHED)
    unknown = set(wanted) - {*SUMS, *SKETCHED}
    if unknown:
        raise ValueError(f"there is no sum {unknown.pop()}")
    return _cube(_read(ask, steps, _stored_measures, wanted), steps)


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
    costliest: int | None = None

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


def _read(ask: _Ask, steps: Steps, stored: Any, wanted: Sequence[str]) -> _Rows[Any]:
    _check(ask)
    family = ask.family()
    if family is not None and not _given_up(ask, family):
        return _from_sums(ask, steps, family, stored, wanted)
    low, high = ask.bounds
    with time_limit():
        rows = _raw(ask, steps, ask.by, low, high, ask.query)
    return _Rows(
        [
            (row.step, group, _copy(row.sums))
            for row in rows
            for group in _groups(ask.by, dict(zip(ask.by, row.dimensions, strict=True)))
        ]
    )


def _check(ask: _Ask) -> None:
    known = set(SCORE_DIMENSIONS) if ask.is_of_scores else set(raw_sums.SPAN_COLUMNS)
    if ask.families[0] is Family.TRACE:
        known = set(raw_sums.TRACE_COLUMNS)
    if ask.is_of_scores:
        known |= {"user_id", "tag"}
    unknown = set(ask.by) - known
    if unknown:
        raise ValueError(f"there is no dimension {unknown.pop()}")


def _given_up(ask: _Ask, family: Family) -> bool:
    """Whether values that the query asks about were too many to keep apart in some slice."""
    asked = sorted(matching.asked(ask.query.root) or ())
    if not asked:
        return False

    def look() -> bool:
        other = " OR ".join(f"{slicing.place(name, family)} = %s" for name in asked)
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT EXISTS (SELECT 1 FROM traces_slice s"  # noqa: S608
                f" WHERE s.project_id = %s AND s.family = %s AND ({other}))",
                [ask.project_id, family, *[OTHER] * len(asked)],
            )
            return bool(cursor.fetchone()[0])

    return shared(("given up", ask.project_id, family, *asked), look)


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
    ask: _Ask, steps: Steps, family: Family, stored: Any, wanted: Sequence[str]
) -> _Rows[Any]:
    try:
        return _planned(ask, steps, family, stored, wanted, MOST_RAW)
    except TooSlow:  # much has come in: what was stored last, rather than nothing
        return _planned(ask, steps, family, stored, wanted, 0)


def _planned(
    ask: _Ask, steps: Steps, family: Family, stored: Any, wanted: Sequence[str], most_raw: int
) -> _Rows[Any]:
    low, high = ask.bounds
    made = segments.plan(
        low,
        high,
        coarsest=steps.coarsest,
        marked=_marked(ask),
        most_raw=most_raw,
        finest=Level.HOUR if family in COARSE else Level.BUCKET,
    )
    found: list[Any] = []
    if made.raw:
        with time_limit(RAW_LIMIT_MS if most_raw else READ_LIMIT_MS):
            for start, end in made.raw:
                found += _raw_slices(ask, steps, family, start, end)
    if made.stored:
        with time_limit():
            found += stored(ask, steps, family, made, wanted)
    return _Rows(found, made.pending)


def _marked(ask: _Ask) -> dict[Level, set[int]]:
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


def _raw_slices(ask: _Ask, steps: Steps, family: Family, low: int, high: int) -> list[Any]:
    """From raw rows by all dimensions of the family, then matched and grouped as slices are."""
    names = DIMENSIONS[family]
    key = ("raw", ask.project_id, family, ask.name, low, high, steps.sql)
    found = []
    for row in shared(key, lambda: _raw(ask, steps, names, low, high, EVERYTHING)):
        dimensions = dict(zip(names, row.dimensions, strict=True))
        if _wanted(ask, dimensions):
            found += [(row.step, group, _copy(row.sums)) for group in _groups(ask.by, dimensions)]
    return found


def _copy(sums: M) -> M:
    """What is shared within a reading is not added to."""
    made = type(sums)()
    made.add(sums)
    return made


def _raw(
    ask: _Ask, steps: Steps, names: Sequence[str], low: int, high: int, query: Query
) -> list[Row[Any]]:
    more: dict[str, Any] = {"dimensions": names, "step": steps.sql, "query": query}
    with connection.cursor() as cursor:
        if ask.is_of_scores:
            return list(
                raw_sums.of_scores(cursor, ask.project_id, low, high, name=ask.name, **more)
            )
        read = raw_sums.of_traces if ask.families[0] is Family.TRACE else raw_sums.of_spans
        return list(read(cursor, ask.project_id, low, high, **more))


STORED = """
SELECT {columns}
FROM unnest(%s::int4[], %s::int4[], %s::int4[]) AS p(level, first, "end")
JOIN {table} r ON r.project_id = %s AND r.level = p.level
    AND r.bucket >= p.first AND r.bucket < p."end" AND r.family = {family}
{slices} {where} GROUP BY {groups}"""
COSTLIEST = "ORDER BY sum(r.cost) DESC NULLS LAST, sum(r.traces) DESC NULLS LAST"
SLICES = """
JOIN traces_slice s ON s.id = r.slice_id AND s.project_id = {project} AND s.family = {family}"""
"""Of one family alone, or all slices of the installation would be looked through."""


def _stored_rows(
    ask: _Ask, steps: Steps, family: Family, made: Plan, sums: Sequence[str]
) -> list[tuple[int, tuple[str | None, ...], Sequence[Any]]]:
    """(step, group, summed columns) of the slices that match, from stored rows."""
    needed = (matching.asked(ask.query.root) or frozenset()) | set(ask.by)
    narrow = narrowest(family, needed if ask.name is None else needed | {"score"})
    parts: dict[Family, list[tuple[Level, int, int]]] = {}
    for one in made.stored:
        parts.setdefault(narrow if one[0] is Level.DAY else family, []).append(one)
    texts, params = [], list[Any]()
    for each, stretches in parts.items():
        text, more = _stored_query(ask, steps, each, stretches, sums)
        texts.append(text)
        params += more
    width = len(ask.by)
    text = " UNION ALL ".join(texts)
    if ask.costliest and steps.width_ns is None and not made.raw and len(texts) == 1:
        text += f" {COSTLIEST} LIMIT {int(ask.costliest)}"
    with connection.cursor() as cursor:
        cursor.execute(text, params)
        return [(row[0], row[1 : width + 1], row[width + 1 :]) for row in cursor.fetchall()]


def _stored_query(
    ask: _Ask,
    steps: Steps,
    family: Family,
    stretches: Sequence[tuple[Level, int, int]],
    sums: Sequence[str],
) -> tuple[str, list[Any]]:
    columns, joins = slicing.groups(ask.by, family)
    tests, asked = [], list[Any]()
    if ask.name is not None:
        tests.append(f"{slicing.place('score', family)} = %s")
        asked.append(ask.name)
    if ask.query.root is not None:
        sql, more = slicing.condition(ask.query.root, family)
        tests.append(sql)
        asked += more
    slices = SLICES.format(project=int(ask.project_id), family=int(family)) + joins
    step = steps.sql.format(start=f"(r.bucket * {BUCKET_NS}::int8)")
    text = STORED.format(
        columns=", ".join([step, *columns, *sums]),
        table="traces_score_rollup" if family in OF_SCORES else "traces_rollup",
        family=int(family),
        slices=slices if tests or columns else "",
        where=f"WHERE {' AND '.join(tests)}" if tests else "",
        groups=", ".join(str(i + 1) for i, _ in enumerate([None, *columns])),
    )
    places: list[Any] = [[int(level) for level, _, _ in stretches]]
    places += [[first for _, first, _ in stretches], [end for _, _, end in stretches]]
    return text, [*places, ask.project_id, *asked]


def _stored_measures(
    ask: _Ask, steps: Steps, family: Family, made: Plan, wanted: Sequence[str]
) -> list[Any]:
    sums = [name for name in wanted if name in SUMS]
    columns = [f"sum(r.{name})" for name in sums]
    columns += [
        f"array_agg(r.{name}) FILTER (WHERE r.{name} IS NOT NULL)" if name in wanted else "NULL"
        for name in SKETCHED
    ]
    return [
        (
            step,
            group,
            Measures(
                **numbers(sums, values[:-2]),
                packed=values[-2] or [],
                packed_first=values[-1] or [],
            ),
        )
        for step, group, values in _stored_rows(ask, steps, family, made, columns)
    ]


def _stored_scores(
    ask: _Ask, steps: Steps, family: Family, made: Plan, wanted: Sequence[str]
) -> list[Any]:
    columns = [f"sum(r.{name})" for name in wanted]
    return [
        (step, group, ScoreMeasures(**numbers(wanted, values)))
        for step, group, values in _stored_rows(ask, steps, family, made, columns)
    ]
