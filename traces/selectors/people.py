"""Costs and counts of people over days, of packed sums: a row for each day, added up by numpy.

What Postgres adds up row by row, a thousand users for each day, takes numpy a fraction of the time.
`traces.services.storing_sums` packs a day in the transaction that stores its rows.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, fields, replace
from itertools import repeat
from typing import Any

import numpy as np
from django.db import connection
from numpy.typing import NDArray

from traces.rollups.dimensions import COUNTED, OTHER, Family, Level
from traces.rollups.measures import Measures
from traces.rollups.segments import BUCKET_NS, SPANNED, Plan
from traces.selectors import slicing
from traces.selectors.asking import Ask, Steps
from traces.selectors.one_reading import shared

Numbers = NDArray[np.int64]
Group = tuple[str | None, ...]
Found = list[tuple[int, Group, Measures]]
DAYS = """
SELECT d.bucket, d.slices, d.cost, d.counted
FROM unnest(%s::int4[], %s::int4[]) AS p(first, "end")
CROSS JOIN LATERAL (
    SELECT * FROM traces_people_day WHERE project_id = %s AND family = %s
        AND bucket >= p.first AND bucket < p."end" OFFSET 0) AS d"""
ROWS = """
SELECT {step}, r.slice_id, sum(r.cost & 4294967295)::int8, sum(r.cost >> 32)::int8,
    sum(r.counted)::int8
FROM unnest(%s::int4[], %s::int4[]) AS p(first, "end")
CROSS JOIN LATERAL (
    SELECT bucket, slice_id, coalesce(cost, 0) AS cost, coalesce({counted}, 0) AS counted
    FROM traces_rollup WHERE project_id = %s AND family = %s AND level = %s AND {within}
    OFFSET 0) AS r
GROUP BY 1, 2"""
WHOLE = 'bucket >= p.first AND bucket < p."end"'
ONLY = "bucket = p.first AND slice_id = ANY(%s)"
"""Row by row: within a stretch the slices of everyone would be looked through."""
LABELS = """
SELECT {columns} FROM traces_slice s WHERE s.project_id = %s AND s.family = %s {tests}"""
FEW = 200
"""So many slices or fewer are looked for one by one among the rows of days and hours."""
HALF, LOW = 32, 2**32 - 1
"""Bits: money is added up in two halves, so that sums of any size are exact in a double."""


@dataclass(frozen=True, slots=True)
class Sums:
    """Parallel arrays, of a slice at a time each. Money is `high` * 2**HALF + `low`."""

    times: Numbers
    """Buckets, or numbers of steps."""
    slices: Numbers
    low: Numbers
    high: Numbers
    counted: Numbers


@dataclass(frozen=True, slots=True)
class Labels:
    """Slices, ascending, and the number of each one's group. `rest`: of all others; -1: of none."""

    ids: Numbers
    codes: Numbers
    groups: list[Group]
    rest: int

    @property
    def are_few(self) -> bool:
        return self.rest < 0 and len(self.ids) <= FEW

    def of(self, slices: Numbers) -> Numbers:
        """The number of each one's group; -1 of those that do not match."""
        if not len(self.ids):
            return np.full(len(slices), self.rest)
        at = np.minimum(np.searchsorted(self.ids, slices), len(self.ids) - 1)
        return np.where(self.ids[at] == slices, self.codes[at], self.rest)


def fit(family: Family, made: Plan, wanted: Collection[str]) -> bool:
    """Whether days of the plan are packed with these sums."""
    packed = family in COUNTED and set(wanted) <= {"cost", COUNTED[family]}
    return packed and any(level is Level.DAY for level, _, _ in made.stored)


def measures(
    ask: Ask, steps: Steps, family: Family, made: Plan, seen: Collection[str | None] = ()
) -> Found:
    """As `stored_sums.measures`: costs and counts."""
    labels = _labels(ask, family)
    days = [(first, end) for level, first, end in made.stored if level is Level.DAY]
    hours = [(first, end) for level, first, end in made.stored if level is Level.HOUR]
    if labels.are_few:
        sums = _rows(ask, steps, family, Level.DAY, days, labels)
    else:
        key = ("people", ask.project_id, family, *days)
        packed = shared(key, lambda: _days(ask.project_id, family, days))
        sums = replace(packed, times=_numbers(packed.times, steps))
    if hours:
        sums = _joined(sums, _rows(ask, steps, family, Level.HOUR, hours, labels))
    return _added(sums, labels, ask, family, seen)


def _numbers(buckets: Numbers, steps: Steps) -> Numbers:
    """Of the steps that they are in."""
    if steps.width_ns is None:
        return np.zeros_like(buckets)
    numbers: Numbers = (buckets * BUCKET_NS - steps.offset_ns) // steps.width_ns
    return numbers


def _labels(ask: Ask, family: Family) -> Labels:
    columns, _ = slicing.groups(ask.by, family)
    tests, params = [], list[Any]([ask.project_id, int(family)])
    if ask.query.root is not None:
        sql, more = slicing.condition(ask.query.root, family)
        tests.append(f" AND {sql}")
        params += more
    codes: dict[Group, int] = {}
    rest = -1
    if ask.kept is not None and ask.query.root is None:  # all others are OTHER: a few to look up
        rest = codes.setdefault((OTHER,), 0)
        tests.append(f" AND ({columns[0]} IS NULL OR {columns[0]} = ANY(%s))")
        params.append(sorted(ask.kept))
    elif ask.kept is not None:
        columns = [slicing.kept(columns[0])]
        params = [sorted(ask.kept), OTHER, *params]
    text = LABELS.format(columns=", ".join(["s.id", *columns]), tests="".join(tests))
    with connection.cursor() as cursor:
        cursor.execute(text, params)
        rows = cursor.fetchall()
    ids, *values = zip(*rows, strict=True) if rows else ((), *((),) * len(columns))
    groups = zip(*values, strict=True) if values else repeat((), len(ids))
    numbers = [codes.setdefault(group, len(codes)) for group in groups]
    order = np.argsort(_whole(ids))
    return Labels(_whole(ids)[order], _whole(numbers)[order], list(codes), rest)


def _whole(values: Sequence[int]) -> Numbers:
    return np.array(values, dtype=np.int64)


def _days(project_id: int, family: Family, stretches: Sequence[tuple[int, int]]) -> Sums:
    places = [[first for first, _ in stretches], [end for _, end in stretches]]
    with connection.cursor() as cursor:
        cursor.execute(DAYS, [*places, project_id, int(family)])
        rows = cursor.fetchall()
    slices, cost, counted = (
        np.frombuffer(b"".join(row[at] for row in rows), dtype=">i8").astype(np.int64)
        for at in (1, 2, 3)
    )
    buckets = np.repeat(_whole([row[0] for row in rows]), [len(row[1]) // 8 for row in rows])
    return Sums(buckets, slices, cost & LOW, cost >> HALF, counted)


def _rows(
    ask: Ask,
    steps: Steps,
    family: Family,
    level: Level,
    stretches: Sequence[tuple[int, int]],
    labels: Labels,
) -> Sums:
    few, length = labels.are_few, SPANNED[level]
    if few:
        stretches = [(one, one) for first, end in stretches for one in range(first, end, length)]
    text = ROWS.format(
        step=steps.sql.format(start=f"(r.bucket * {BUCKET_NS}::int8)"),
        counted=COUNTED[family],
        within=ONLY if few else WHOLE,
    )
    params: list[Any] = [[first for first, _ in stretches], [end for _, end in stretches]]
    params += [ask.project_id, int(family), int(level)]
    with connection.cursor() as cursor:
        cursor.execute(text, [*params, labels.ids.tolist()] if few else params)
        rows = cursor.fetchall()
    return Sums(*_whole(rows).reshape(-1, 5).T)


def _joined(one: Sums, other: Sums) -> Sums:
    pairs = ((getattr(one, each.name), getattr(other, each.name)) for each in fields(Sums))
    return Sums(*(np.concatenate(pair) for pair in pairs))


def _added(
    sums: Sums, labels: Labels, ask: Ask, family: Family, seen: Collection[str | None]
) -> Found:
    """A row for each step and group that there is, or of the costliest groups."""
    codes = labels.of(sums.slices)
    known = codes >= 0
    if not known.any():
        return []
    width, first = len(labels.groups), int(sums.times.min())
    keys = (sums.times[known] - first) * width + codes[known]
    present = np.flatnonzero(np.bincount(keys))
    low, high, counted = (
        np.bincount(keys, weights=one[known])[present].astype(np.int64)
        for one in (sums.low, sums.high, sums.counted)
    )
    high, low = high + (low >> HALF), low & LOW
    if ask.costliest is not None:
        unseen = np.array([labels.groups[one][0] not in seen for one in present])
        chosen = np.lexsort((-counted, -low, -high, unseen))[: ask.costliest + len(seen)]
        present, low, high, counted = (one[chosen] for one in (present, low, high, counted))
    found = zip(*(one.tolist() for one in (present, low, high, counted)), strict=True)
    name = COUNTED[family]
    return [
        (
            first + key // width,
            labels.groups[key % width],
            Measures(cost=(above << HALF) + below, **{name: count}),
        )
        for key, below, above, count in found
    ]
