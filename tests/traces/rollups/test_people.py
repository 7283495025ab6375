"""Costs of people over days are read packed, and are what rows and raw rows say."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import pytest
from django.db import connection

from sightglass.accounts.access import Access
from tests.traces.rollups.test_cubes import DAY, HOUR, MIDNIGHT, at, rolled, send, variety
from traces.rollups.dimensions import COUNTED, MOST_ROWS, OTHER, Family, Level
from traces.rollups.measures import Measures
from traces.rollups.segments import BUCKET_NS
from traces.selectors import asking, cubes, lumps, metrics, people
from traces.selectors.asking import Step
from traces.selectors.raw_sums import Row
from traces.selectors.search import TimeRange, parse
from traces.services import repair, storing_sums

pytestmark = pytest.mark.django_db
ASKED: tuple[dict[str, Any], ...] = (
    {"by": ("user_id",)},
    {"by": ("user_id", "environment"), "step": Step.DAY},
    {"by": ("environment",), "query": parse("user:ana")},
    {"query": parse("user:ana"), "step": Step.WEEK},
    {"query": parse("-user:ana environment:staging")},
    {"query": parse("user:nobody"), "by": ("user_id",)},
    {"by": ("user_id",), "kept": ["ben", "cleo"], "step": Step.DAY},
    {"by": ("user_id",), "kept": ["ben"], "query": parse("environment:production")},
    {"by": ("user_id",), "kept": [], "step": Step.WEEK},
)
RANGES = (
    TimeRange(MIDNIGHT - 9 * DAY, MIDNIGHT + 2 * DAY),
    TimeRange(MIDNIGHT - 9 * DAY, MIDNIGHT + 5 * HOUR + 7),
)


def people_of_days(access: Access) -> None:
    variety(access)
    for back in (1, 8):
        start = MIDNIGHT - back * DAY + 3 * HOUR
        send(access, at(start, user__id="cleo"), at(start + HOUR, user__id="ana"))
        send(access, at(start + 2 * HOUR))  # nobody's


def told(cube: Any, counted: str) -> list[tuple[Any, ...]]:
    return sorted(
        (
            (cell.time_ns, cell.group, cell.sums.cost, getattr(cell.sums, counted))
            for cell in cube.cells
            if getattr(cell.sums, counted)
        ),
        key=repr,
    )


@pytest.mark.parametrize("few", [people.FEW, -1])
@pytest.mark.parametrize("asked", ASKED)
@pytest.mark.parametrize("range", RANGES)
def test_packed_days_say_what_raw_rows_do(
    access: Access,
    asked: dict[str, Any],
    range: TimeRange,
    few: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Whether few slices are asked for, which are read as rows, or many."""
    monkeypatch.setattr(people, "FEW", few)
    people_of_days(access)
    rolled(access)
    packed: list[Family] = []
    real = people.measures

    def noted(*args: Any) -> Any:
        packed.append(args[2])
        return real(*args)

    monkeypatch.setattr(people, "measures", noted)
    for read, family, counted in (
        (cubes.of_spans, Family.SPAN_USER, "spans"),
        (cubes.of_traces, Family.TRACE_USER, "traces"),
    ):
        asking_for = asked | {"range": range, "only": ("cost", counted)}
        found = told(read(access.project.pk, **asking_for), counted)
        assert packed[-1:] == [family]
        with monkeypatch.context() as patched:
            patched.setattr(asking.Ask, "family", lambda self: None)
            assert found == told(read(access.project.pk, **asking_for), counted)
        assert bool(found) == ("nobody" not in repr(asked))


def test_days_that_keep_a_person_apart_answer_though_others_are_lumped(
    access: Access, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In each environment: who is kept in one may be lumped in the other."""
    for family in COUNTED:
        monkeypatch.setitem(MOST_ROWS, family, 4)
    costs = {
        *(("ana", "production", 900), ("ana", "staging", 800), ("ben", "production", 700)),
        *(("ben", "staging", 10), ("cleo", "production", 20), ("dan", "staging", 600)),
        *(("eve", "staging", 30), ("dan", "production", 25)),
    }
    for back in (0, 1):  # the second day lumps in staging alone
        for i, (user, environment, tokens) in enumerate(sorted(costs)):
            if back and (user, environment) in {("cleo", "production"), ("dan", "production")}:
                continue
            made: dict[str, Any] = {"gen_ai__usage__output_tokens": tokens, "user__id": user}
            send(
                access,
                at(MIDNIGHT - back * DAY + i * HOUR, **made),
                deployment__environment__name=environment,
            )
    rolled(access)
    unfit: list[int] = []
    real = lumps.unfit

    def noted(*args: Any) -> Any:
        found = real(*args)
        unfit.append(-1 if found is None else len(found[Level.DAY]))
        return found

    monkeypatch.setattr(lumps, "unfit", noted)
    whole = TimeRange(MIDNIGHT - DAY, MIDNIGHT + DAY)
    users = {"ana": 0, "ben": 2, "cleo": 2, "dan": 1, "eve": 2, "nobody": 2}
    for user, days in users.items():
        asked: dict[str, Any] = {
            "query": parse(f"user:{user}"), "range": whole, "only": ("cost", "spans"),
            "by": ("environment",), "step": Step.DAY,
        }  # fmt: skip
        found = told(cubes.of_spans(access.project.pk, **asked), "spans")
        assert unfit[-1] == days, user
        assert bool(found) == (user != "nobody")
        with monkeypatch.context() as patched:
            patched.setattr(asking.Ask, "family", lambda self: None)
            assert found == told(cubes.of_spans(access.project.pk, **asked), "spans")


def test_the_costliest_are_the_first_of_all(access: Access) -> None:
    people_of_days(access)
    rolled(access)
    asked: dict[str, Any] = {"by": ("user_id",), "only": ("cost", "spans"), "range": RANGES[0]}
    every = cubes.of_spans(access.project.pk, **asked).cells
    every.sort(key=lambda cell: (-cell.sums.cost, -cell.sums.spans))
    assert len(every) == 4
    for most in (1, 2, 4, 9):
        some = cubes.of_spans(access.project.pk, **asked, costliest=most).cells
        assert [(cell.group, cell.sums) for cell in some] == [
            (cell.group, cell.sums) for cell in every[:most]
        ]
    answer = metrics.ask(
        access.project.pk, "cost", range=RANGES[0], step=Step.WEEK, group_by="user_id", most=2
    )
    assert [one.group for one in answer.series] == [every[0].group[0], OTHER]
    assert sum(one.total.value or 0 for one in answer.series) == sum(
        cell.sums.cost for cell in every
    )


def test_sums_of_any_size_are_exact(access: Access) -> None:
    """Of what clients claim to have cost; and a group that is nothing but nothing is there."""
    costs = {"ana": [2**62 - 1, 2**62 - 3], "ben": [-(2**40) - 1, 5], "cleo": [0, 0]}
    days = [(MIDNIGHT - back * DAY) // BUCKET_NS for back in (1, 0)]
    rows = [
        Row(day, (name, None), Measures(traces=1, cost=cost))
        for name, found in costs.items()
        for day, cost in zip(days, found, strict=True)
    ]
    with connection.cursor() as cursor:
        args = (access.project.pk, Family.TRACE_USER, Level.DAY, days)
        storing_sums.replace(cursor, *args, rows)
    cube = cubes.of_traces(
        access.project.pk,
        by=("user_id",),
        range=TimeRange(days[0] * BUCKET_NS, days[0] * BUCKET_NS + 2 * DAY),
        only=("cost", "traces"),
    )
    assert {cell.group[0]: (cell.sums.cost, cell.sums.traces) for cell in cube.cells} == {
        name: (sum(found), 2) for name, found in costs.items()
    }


def test_the_migration_packs_what_is_there_as_workers_do(access: Access) -> None:
    people_of_days(access)
    rolled(access)
    migration = import_module("traces.migrations.0035_people_by_day")
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM traces_people_day ORDER BY 1, 2, 3")
        packed = cursor.fetchall()
        cursor.execute("DELETE FROM traces_people_day")
        cursor.execute(migration.EXISTING)
        cursor.execute("SELECT * FROM traces_people_day ORDER BY 1, 2, 3")
        assert cursor.fetchall() == packed
    assert {row[1] for row in packed} == {int(family) for family in COUNTED}
    assert len(packed) == 6


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE traces_people_day SET cost = counted WHERE family = 1",
        "DELETE FROM traces_people_day WHERE family = 4",
    ],
)
def test_a_day_that_is_packed_wrongly_is_found_and_mended(access: Access, change: str) -> None:
    people_of_days(access)
    rolled(access)
    assert list(repair.wrong(access.project.pk)) == []
    with connection.cursor() as cursor:
        cursor.execute(change)
    assert repair.repair(access.project.pk) == 3
    assert list(repair.wrong(access.project.pk)) == []
