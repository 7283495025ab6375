"""Sums as they are stored, of a plan's days, hours and buckets, matched and grouped by Postgres."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from django.db import connection

from traces.rollups import matching
from traces.rollups.dimensions import COARSE, OTHER, Family, Level, narrowest, table_of
from traces.rollups.measures import (
    PACKED,
    SKETCHED,
    SUMS,
    Measures,
    ScoreMeasures,
    numbers,
)
from traces.rollups.segments import BUCKET_NS, Plan
from traces.selectors import people, slicing
from traces.selectors.asking import Ask, Steps

READ = """
unnest(%s::int4[], %s::int4[], %s::int4[]) AS p(level, first, "end")
CROSS JOIN LATERAL (
    SELECT * FROM {table} WHERE project_id = %s AND family = {family} AND level = p.level
        AND bucket >= p.first AND bucket < p."end" OFFSET 0) AS r"""
"""A stretch after the other, by its index: how little they hold is not known when this is planned,
and joined it would be all rows of the family that are read (so OFFSET)."""
STORED = """
SELECT {columns} FROM {read} {slices} {where} GROUP BY {groups}"""
BY_SLICE = """
(SELECT {step} AS step, r.slice_id, {sums} FROM {read} GROUP BY 1, 2) AS r"""
"""Summed before it is known what a slice is of: cheaper where there are thousands of them, or
where many rows of a step are of the same."""
COSTLIEST = """
SELECT step, value, {sums}
FROM ({stored}) AS u(step, value, {names})
GROUP BY step, value
ORDER BY coalesce(value = ANY(%s), %s) DESC,
    sum(cost) DESC NULLS LAST, sum({counted}) DESC NULLS LAST
LIMIT %s"""
"""Those that raw rows hold, too, come first: what they come to is not known here."""
SLICES = """
JOIN traces_slice s ON s.id = r.slice_id AND s.project_id = {project} AND s.family = {family}"""
"""Of one family alone, or all slices of the installation would be looked through."""
EACH_SLICE = """
CROSS JOIN LATERAL (SELECT dimensions FROM traces_slice WHERE id = r.slice_id OFFSET 0) AS s"""
"""For those of a few hours: the planner would look through all that the family has had, first."""


def _rows(
    ask: Ask,
    steps: Steps,
    family: Family,
    made: Plan,
    sums: Sequence[str],
    seen: Collection[str | None] = (),
) -> list[tuple[int, tuple[str | None, ...], Sequence[Any]]]:
    """(step, group, summed columns) of the slices that match, from stored rows.

    `seen`: values that are read besides the costliest.
    """
    needed = (matching.asked(ask.query.root) or frozenset()) | set(ask.by)
    narrow = narrowest(family, needed if ask.name is None else needed | {"score"})
    parts: dict[Family, list[tuple[Level, int, int]]] = {}
    for one in made.stored:
        parts.setdefault(narrow if one[0] is Level.DAY else family, []).append(one)
    texts, params = [], list[Any]()
    for each, stretches in parts.items():
        text, more = _query(ask, steps, each, stretches, sums)
        texts.append(text)
        params += more
    width = len(ask.by)
    text = " UNION ALL ".join(texts)
    if ask.costliest is not None:
        text, more = _costliest(text, ask.costliest, sums, seen)
        params += more
    with connection.cursor() as cursor:
        cursor.execute(text, params)
        return [(row[0], row[1 : width + 1], row[width + 1 :]) for row in cursor.fetchall()]


def _costliest(
    stored: str, most: int, sums: Sequence[str], seen: Collection[str | None]
) -> tuple[str, list[Any]]:
    names = _names(sums)
    named = [value for value in seen if value is not None]
    text = COSTLIEST.format(
        stored=stored,
        names=", ".join(names),
        sums=", ".join(f"sum({name})" for name in names),
        counted=next(name for name in names if name != "cost"),
    )
    return text, [named, None in seen, most + len(seen)]


def _names(sums: Sequence[str]) -> list[str]:
    return [one.removeprefix("sum(r.").removesuffix(")") for one in sums]


def _query(
    ask: Ask,
    steps: Steps,
    family: Family,
    stretches: Sequence[tuple[Level, int, int]],
    sums: Sequence[str],
) -> tuple[str, list[Any]]:
    columns, joins = slicing.groups(ask.by, family)
    kept = list[Any]()
    if ask.kept is not None:
        [column] = columns
        columns = [slicing.kept(column)]
        kept = [sorted(ask.kept), OTHER]
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
    read = READ.format(table=table_of(family), family=int(family))
    finer = steps.coarsest is Level.DAY and all(level < Level.DAY for level, _, _ in stretches)
    plain = not tests and all(one.startswith("sum(") for one in sums)
    if plain and (family in COARSE or finer):
        within = ", ".join(f"sum(r.{name}) AS {name}" for name in dict.fromkeys(_names(sums)))
        read, step = BY_SLICE.format(step=step, sums=within, read=read), "r.step"
    if plain and finer and family not in COARSE:
        slices = EACH_SLICE + joins
    text = STORED.format(
        columns=", ".join([step, *columns, *sums]),
        read=read,
        slices=slices if tests or columns else "",
        where=f"WHERE {' AND '.join(tests)}" if tests else "",
        groups=", ".join(str(i + 1) for i, _ in enumerate([None, *columns])),
    )
    places: list[Any] = [[int(level) for level, _, _ in stretches]]
    places += [[first for _, first, _ in stretches], [end for _, _, end in stretches]]
    return text, [*kept, *places, ask.project_id, *asked]


def measures(
    ask: Ask,
    steps: Steps,
    family: Family,
    made: Plan,
    wanted: Sequence[str],
    seen: Collection[str | None] = (),
) -> list[Any]:
    """(step, group, sums). `seen`: groups that are read besides the costliest, if these are."""
    if people.fit(family, made, wanted):
        return people.measures(ask, steps, family, made, seen)
    sums = [name for name in wanted if name in SUMS]
    columns = [f"sum(r.{name})" for name in sums]
    sketches = [name for name in SKETCHED if name in wanted]
    columns += [f"array_agg(r.{name}) FILTER (WHERE r.{name} IS NOT NULL)" for name in sketches]
    return [
        (step, group, _measured(sums, sketches, values))
        for step, group, values in _rows(ask, steps, family, made, columns, seen)
    ]


def _measured(sums: Sequence[str], sketches: Sequence[str], values: Sequence[Any]) -> Measures:
    found = Measures(**numbers(sums, values[: len(sums)]))
    for name, packed in zip(sketches, values[len(sums) :], strict=True):
        setattr(found, PACKED[name], packed or [])
    return found


def scores(
    ask: Ask,
    steps: Steps,
    family: Family,
    made: Plan,
    wanted: Sequence[str],
    seen: Collection[str | None] = (),
) -> list[Any]:
    """As `measures`, of scores, which have no costliest."""
    columns = [f"sum(r.{name})" for name in wanted]
    return [
        (step, group, ScoreMeasures(**numbers(wanted, values)))
        for step, group, values in _rows(ask, steps, family, made, columns)
    ]
