"""Reading sums: ragged ranges, marks, filters that sums can answer and those that they cannot."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection

from sightglass.accounts.access import Access
from tests.traces.sending import SECOND, decoded, llm, span
from traces.rollups.dimensions import MOST_ROWS, OTHER, Family, Level, narrowest
from traces.rollups.segments import BUCKET_NS, plan
from traces.selectors import asking, cubes, lumps, raw_sums
from traces.selectors.asking import Step
from traces.selectors.search import EVERYTHING, TimeRange, parse
from traces.services import repair, rolling
from traces.services.ingest import store_spans

pytestmark = pytest.mark.django_db
HOUR = 3_600 * SECOND
DAY = 24 * HOUR
NOW = time.time_ns()
MIDNIGHT = NOW - NOW % DAY - 2 * DAY
"""Of the day before yesterday: a day that is over."""


def send(access: Access, *spans: dict[str, Any], **resource: Any) -> None:
    store_spans(access, decoded(*spans, **resource))


def rolled(access: Access) -> None:
    rolling.run(60, project_id=access.project.pk)


def at(start: int, **more: Any) -> dict[str, Any]:
    return llm(start_ns=start, end_ns=start + SECOND, **more)


def spans_in(access: Access, low: int, high: int, q: str = "") -> int:
    query = parse(q) if q else EVERYTHING
    cube = cubes.of_spans(access.project.pk, query=query, range=TimeRange(low, high))
    assert cube.pending == 0
    return sum(cell.sums.spans for cell in cube.cells)


@pytest.fixture
def no_raw(monkeypatch: pytest.MonkeyPatch) -> Callable[[], int]:
    """How often raw rows were read."""
    calls = 0
    real = raw_sums.of_spans

    def counted(*args: Any, **kwargs: Any) -> Any:
        nonlocal calls
        calls += 1
        return real(*args, **kwargs)

    monkeypatch.setattr(raw_sums, "of_spans", counted)
    return lambda: calls


def test_a_day_that_is_over_is_one_row_and_read_as_one(
    access: Access, no_raw: Callable[[], int]
) -> None:
    send(access, at(MIDNIGHT), at(MIDNIGHT + 5 * HOUR), at(MIDNIGHT + DAY - 1))
    rolled(access)
    before = no_raw()
    assert spans_in(access, MIDNIGHT, MIDNIGHT + DAY) == 3
    assert no_raw() == before
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM traces_rollup WHERE level = 86400 AND family = 0")
        assert cursor.fetchone() == (1,)
        narrow = narrowest(Family.SPAN, ())
        cursor.execute(
            "UPDATE traces_rollup SET spans = 70 WHERE level = 86400 AND family = %s", [narrow]
        )
    assert spans_in(access, MIDNIGHT, MIDNIGHT + DAY) == 70  # that row it was


def test_a_question_about_few_dimensions_goes_to_the_days_that_have_no_more() -> None:
    assert narrowest(Family.TRACE, ()) is Family.TRACE_ALL
    assert narrowest(Family.TRACE, {"name"}) is Family.TRACE_NAME
    assert narrowest(Family.TRACE, {"name", "release"}) is Family.TRACE
    assert narrowest(Family.SPAN, {"model"}) is Family.SPAN_MODEL
    assert narrowest(Family.SPAN, {"model", "name"}) is Family.SPAN
    assert narrowest(Family.SCORE, {"score", "source"}) is not Family.SCORE
    assert narrowest(Family.SCORE, {"status"}) is Family.SCORE
    assert narrowest(Family.TRACE_USER, {"user_id"}) is Family.TRACE_USER


def test_what_is_late_counts_at_once_and_for_good(access: Access) -> None:
    send(access, at(MIDNIGHT))
    rolled(access)
    send(access, at(MIDNIGHT + HOUR))
    assert spans_in(access, MIDNIGHT, MIDNIGHT + DAY) == 2
    rolled(access)
    assert spans_in(access, MIDNIGHT, MIDNIGHT + DAY) == 2
    assert list(repair.wrong(access.project.pk)) == []


def test_the_ends_of_a_range_count_to_the_nanosecond(access: Access) -> None:
    start = MIDNIGHT + 7 * HOUR + 123
    send(access, at(start), at(start + BUCKET_NS), at(start + 3 * HOUR))
    for _ in range(2):
        assert spans_in(access, start, start + 3 * HOUR + 1) == 3
        assert spans_in(access, start + 1, start + 3 * HOUR + 1) == 2
        assert spans_in(access, start, start + 3 * HOUR) == 2
        assert spans_in(access, start, start + 1) == 1
        assert spans_in(access, start + 1, start + 2) == 0
        rolled(access)


QUERIES = (
    "kind:llm", "kind:llm,tool", "model:gpt-4o*", "-model:gpt-4o*", "model:*", "status:error",
    "name:chat environment:staging", "environment:production OR name:task", "release:2.0",
    "NOT (environment:staging OR status:error)", "provider:openai -name:task", "prompt:*",
    "-prompt_version:3",
    "user:ana", "-user:ana", "tag:beta", "environment:staging user:ben",
)  # fmt: skip


def variety(access: Access) -> None:
    """Traces whose root alone says environment, release, user and tags."""
    for i in range(24):
        trace_id, root = bytes([i + 1] * 16), bytes([i + 1] * 8)
        start = MIDNIGHT + i * HOUR
        more: dict[str, Any] = {"user__id": ["ana", "ben"][i % 2], "service__version": "2.0"}
        more["deployment__environment__name"] = ["production", "staging"][i // 2 % 2]
        if i % 3 == 0:
            more["tag__tags"] = ["beta", "gold"]
        head = span(
            trace_id, span_id=root, name=["ask", "task"][i % 2], start_ns=start,
            end_ns=start + 9 * SECOND, error="no" if i % 5 == 0 else None, **more,
        )  # fmt: skip
        model = ["gpt-4o-2024-08-06", "claude-sonnet-4-5"][i // 3 % 2]
        call = at(start + SECOND, gen_ai__response__model=model)
        send(access, head, call | {"trace_id": trace_id, "parent_span_id": root})


@pytest.mark.parametrize("q", QUERIES)
def test_sums_answer_what_raw_rows_do(
    access: Access, q: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    variety(access)
    rolled(access)
    for read in (cubes.of_spans, cubes.of_traces):
        arguments: dict[str, Any] = {
            "query": parse(q), "range": TimeRange(MIDNIGHT, MIDNIGHT + 2 * DAY), "step": Step.DAY
        }  # fmt: skip
        if read is cubes.of_traces and q in ("prompt:*", "status:error"):
            continue
        summed = numbers(read(access.project.pk, **arguments))
        with monkeypatch.context() as patched:
            patched.setattr(asking.Ask, "family", lambda self: None)
            assert summed == numbers(read(access.project.pk, **arguments))


def numbers(cube: Any) -> list[tuple[Any, ...]]:
    return [
        (cell.time_ns, cell.sums.spans, cell.sums.traces, cell.sums.cost, cell.sums.input_tokens,
         cell.sums.latency.tolist())
        for cell in cube.cells if cell.sums.spans
    ]  # fmt: skip


def test_of_many_values_those_that_are_shown_are_kept_apart(access: Access) -> None:
    """From raw rows and from sums alike; nothing is lost."""
    variety(access)
    whole = TimeRange(MIDNIGHT, MIDNIGHT + 2 * DAY)
    for _ in range(2):
        for read in (cubes.of_spans, cubes.of_traces):
            ask: dict[str, Any] = {"range": whole, "by": ("user_id",)}
            apart = {cell.group[0]: cell.sums for cell in read(access.project.pk, **ask).cells}
            assert apart.keys() == {"ana", "ben"}
            cube = read(access.project.pk, **ask, step=Step.DAY, kept=["ben"])
            found = {cell.group[0]: cell.sums for cell in cube.cells}
            assert found.keys() == {"ben", OTHER}
            assert found["ben"].spans == apart["ben"].spans
            assert found[OTHER].cost == apart["ana"].cost
            assert found[OTHER].latency.tolist() == apart["ana"].latency.tolist()
        rolled(access)
    with pytest.raises(ValueError, match="one dimension"):
        cubes.of_spans(access.project.pk, range=whole, by=("model", "name"), kept=["x"])


def test_of_a_list_of_the_costliest_the_rest_is_not_read(access: Access) -> None:
    variety(access)
    send(access, at(MIDNIGHT + HOUR, user__id="ben"))
    whole = TimeRange(MIDNIGHT, MIDNIGHT + 2 * DAY)
    rolled(access)
    ask: dict[str, Any] = {"range": whole, "by": ("user_id",), "only": ("cost", "traces")}
    first, second = sorted(
        cubes.of_traces(access.project.pk, **ask).cells,
        key=lambda cell: (-cell.sums.cost, -cell.sums.traces),
    )
    assert (first.sums.cost, first.sums.traces) > (second.sums.cost, second.sums.traces) > (0, 0)
    [found] = cubes.of_traces(access.project.pk, **ask, costliest=1).cells
    assert (found.group, found.sums.cost) == (first.group, first.sums.cost)
    # Who has raw rows is read, too: what they come to with these is known only then.
    send(access, at(MIDNIGHT + HOUR, user__id="cleo"))
    send(access, *[at(MIDNIGHT + HOUR, user__id=second.group[0]) for _ in range(20)])
    everyone = cubes.of_traces(access.project.pk, **ask).cells
    ranked = sorted(everyone, key=lambda cell: (-cell.sums.cost, -cell.sums.traces))
    assert len(ranked) == 3 and ranked[0].group == second.group
    some = cubes.of_traces(access.project.pk, **ask, costliest=1).cells
    assert {cell.group: cell.sums.cost for cell in some} == {
        cell.group: cell.sums.cost for cell in ranked
    }, "the first, and who has raw rows"
    rolled(access)
    [found] = cubes.of_traces(access.project.pk, **ask, costliest=1).cells
    assert (found.group, found.sums.cost) == (second.group, ranked[0].sums.cost)
    for wrong in ({"by": ("user_id", "environment")}, {"only": ("cost",)}, {"step": Step.DAY}):
        with pytest.raises(ValueError, match="costliest"):
            cubes.of_traces(access.project.pk, **ask | wrong, costliest=1)


@pytest.mark.parametrize("q", QUERIES)
def test_most_filters_need_no_raw_rows(access: Access, q: str, no_raw: Callable[[], int]) -> None:
    variety(access)
    rolled(access)
    before = no_raw()
    spans_in(access, MIDNIGHT, MIDNIGHT + DAY, q)
    assert no_raw() == before


def test_a_filter_on_anything_else_is_added_up_from_the_spans(access: Access) -> None:
    dear, cheap = at(MIDNIGHT, gen_ai__usage__output_tokens=90_000), at(MIDNIGHT)
    send(access, dear, cheap)
    rolled(access)
    assert spans_in(access, MIDNIGHT, MIDNIGHT + DAY, "output_tokens:>1000") == 1
    assert spans_in(access, MIDNIGHT, MIDNIGHT + DAY, "metadata.x:1") == 0


def test_the_least_of_too_many_are_other_and_nothing_is_lost(
    access: Access, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(MOST_ROWS, Family.SPAN_USER, 3)
    for i in range(6):
        call = at(MIDNIGHT + i, user__id=f"u{i}", gen_ai__usage__output_tokens=100 * (i + 1))
        send(access, call)
    rolled(access)
    cube = cubes.of_spans(
        access.project.pk, range=TimeRange(MIDNIGHT, MIDNIGHT + DAY), by=("user_id",)
    )
    users = {cell.group[0]: cell.sums.spans for cell in cube.cells}
    assert users == {"u5": 1, "u4": 1, "u3": 1, OTHER: 3}
    assert spans_in(access, MIDNIGHT, MIDNIGHT + DAY, "user:u0") == 1  # from the spans themselves
    assert list(repair.wrong(access.project.pk)) == []


def test_hours_answer_where_a_day_had_too_many_users(
    access: Access, monkeypatch: pytest.MonkeyPatch, no_raw: Callable[[], int]
) -> None:
    monkeypatch.setitem(MOST_ROWS, Family.SPAN_USER, 3)
    for i in range(6):  # no hour has more than two, the day has six
        start = MIDNIGHT + i // 2 * HOUR
        send(access, at(start, user__id=f"u{i}", gen_ai__usage__output_tokens=100 * (i + 1)))
    send(access, at(MIDNIGHT - DAY, user__id="u0"))
    rolled(access)
    before = no_raw()
    assert spans_in(access, MIDNIGHT, MIDNIGHT + DAY, "user:u0") == 1
    assert spans_in(access, MIDNIGHT - DAY, MIDNIGHT + DAY, "user:u0") == 2
    assert spans_in(access, MIDNIGHT - DAY, MIDNIGHT + DAY, "-user:u0") == 5
    assert no_raw() == before
    for i in range(6, 10):  # now one hour has four
        send(access, at(MIDNIGHT + 9 * HOUR, user__id=f"u{i}"))
    rolled(access)
    before = no_raw()
    assert spans_in(access, MIDNIGHT, MIDNIGHT + 9 * HOUR, "user:u0") == 1
    assert no_raw() == before, "the hour is not asked about"
    assert spans_in(access, MIDNIGHT, MIDNIGHT + DAY, "user:u9") == 1
    assert no_raw() > before
    monkeypatch.setattr(lumps, "MOST_SLICES", 0)
    before = no_raw()
    assert spans_in(access, MIDNIGHT, MIDNIGHT + 9 * HOUR, "user:u0") == 1
    assert no_raw() > before, "too many are others to look for them"


def test_another_project_sees_nothing(access: Access, other_project: Any) -> None:
    send(access, at(MIDNIGHT))
    rolled(access)
    everything = TimeRange(MIDNIGHT - DAY, NOW)
    assert cubes.of_spans(other_project.pk, range=everything).cells == []
    assert cubes.of_traces(other_project.pk, range=everything).cells == []


def test_steps_of_any_multiple_of_five_minutes(access: Access) -> None:
    send(access, at(MIDNIGHT + HOUR), at(MIDNIGHT + HOUR + 20 * 60 * SECOND))
    for _ in range(2):
        cube = cubes.of_spans(
            access.project.pk,
            range=TimeRange(MIDNIGHT + HOUR, MIDNIGHT + 2 * HOUR),
            width_ns=15 * 60 * SECOND,
        )
        assert [(cell.time_ns, cell.sums.spans) for cell in cube.cells] == [
            (MIDNIGHT + HOUR, 1),
            (MIDNIGHT + HOUR + 15 * 60 * SECOND, 1),
        ]
        rolled(access)
    with pytest.raises(ValueError, match="five minutes"):
        cubes.of_spans(access.project.pk, range=TimeRange(0, DAY), width_ns=7)


def test_weeks_begin_on_monday(access: Access) -> None:
    monday = 1_762_128_000 * SECOND  # 2025-11-03
    for _ in range(2):
        send(access, at(monday - 1), at(monday), at(monday + 7 * DAY - 1))
        cube = cubes.of_spans(
            access.project.pk, range=TimeRange(monday - DAY, monday + 8 * DAY), step=Step.WEEK
        )
        assert [cell.time_ns for cell in cube.cells] == [monday - 7 * DAY, monday]
        rolled(access)


def test_wrong_sums_are_found_and_mended(access: Access) -> None:
    variety(access)
    rolled(access)
    assert list(repair.wrong(access.project.pk)) == []
    for change in (
        "UPDATE traces_rollup SET cost = cost + 1 WHERE level = 300 AND cost > 0",
        "DELETE FROM traces_rollup WHERE level = 3600",
        "UPDATE traces_rollup SET spans = 5 WHERE level = 86400",
        "UPDATE traces_rollup SET latency = NULL WHERE level = 300",
        "UPDATE traces_rollup SET spans = spans + 1 WHERE level = 86400 AND family = 7",
        "DELETE FROM traces_rollup WHERE family = 9",
    ):
        with connection.cursor() as cursor:
            cursor.execute(change)
        assert list(repair.wrong(access.project.pk)) != []
        assert repair.repair(access.project.pk) > 0
        assert list(repair.wrong(access.project.pk)) == []
    assert spans_in(access, MIDNIGHT, MIDNIGHT + DAY) == 48


def test_a_plan_covers_every_moment_once() -> None:
    for low in (0, 1, BUCKET_NS, 13 * BUCKET_NS + 5, 287 * BUCKET_NS):
        for length in (1, BUCKET_NS, 12 * BUCKET_NS, 600 * BUCKET_NS + 7, 900 * BUCKET_NS):
            marked = {Level.BUCKET: {14, 300}, Level.HOUR: {24}, Level.DAY: {576}}
            made = plan(low, low + length, coarsest=Level.DAY, marked=marked, most_raw=9)
            parts = [(f * BUCKET_NS, e * BUCKET_NS) for _, f, e in made.stored] + made.raw
            parts.sort()
            assert parts[0][0] == low
            assert parts[-1][1] == low + length
            assert all(one[1] == two[0] for one, two in pairwise(parts))


def test_of_too_many_marked_buckets_the_newest_are_read_raw() -> None:
    marked = {Level.BUCKET: set(range(100)), Level.HOUR: set(), Level.DAY: set()}
    made = plan(0, 288 * BUCKET_NS, coarsest=Level.DAY, marked=marked, most_raw=10)
    assert made.raw == [(90 * BUCKET_NS, 100 * BUCKET_NS)]
    assert made.pending == 90


def test_the_command_says_what_is_still_to_be_added_up(
    access: Access, capsys: pytest.CaptureFixture[str]
) -> None:
    """ "All sums are right" alone would send a reader to figures that are half there."""
    send(access, at(MIDNIGHT), at(MIDNIGHT + HOUR), at(MIDNIGHT + HOUR + 1))
    call_command("rollups")
    assert "; 2 stretches of five minutes are still to be added up" in capsys.readouterr().out
    rolled(access)
    call_command("rollups", "--json")
    slug = access.project.slug
    assert json.loads(capsys.readouterr().out) == {
        "wrong": {slug: 0},
        "waiting": {slug: 0},
        "repaired": False,
    }


def test_sums_beyond_what_a_column_holds_are_its_most_and_stop_nobody(
    access: Access, other_project: Any
) -> None:
    send(access, *(at(MIDNIGHT + i) for i in range(3)))
    with connection.cursor() as cursor:  # more than ingest takes for a number of tokens
        cursor.execute("UPDATE traces_span SET input_tokens = %s", [2**62])
    send(Access(other_project, access.permissions), at(MIDNIGHT))
    rolling.run(60)
    cube = cubes.of_spans(access.project.pk, range=TimeRange(MIDNIGHT, MIDNIGHT + DAY))
    assert (cube.cells[0].sums.spans, cube.cells[0].sums.input_tokens) == (3, 2**63 - 1)
    assert left(other_project.pk) == 0


@pytest.mark.parametrize("fault", [OverflowError, ValueError, None])
def test_a_place_that_cannot_be_summed_keeps_its_marks_and_stops_nobody(
    access: Access, other_project: Any, monkeypatch: pytest.MonkeyPatch, fault: Any
) -> None:
    monkeypatch.setattr(rolling, "CLAIM", 1)  # so that the broken place comes first and alone
    send(access, at(MIDNIGHT))
    send(Access(other_project, access.permissions), at(MIDNIGHT))
    real = rolling.raw_rows

    def broken(cursor: Any, project_id: int, *more: Any) -> Any:
        if project_id == access.project.pk:
            if fault is not None:
                raise fault
            cursor.execute("SELECT 1 / 0")
        return real(cursor, project_id, *more)

    with monkeypatch.context() as patched:
        patched.setattr(rolling, "raw_rows", broken)
        rolling.run(60)
    assert (left(access.project.pk), left(other_project.pk)) == (1, 0)
    rolled(access)
    assert left(access.project.pk) == 0


def left(project_id: int) -> int:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM traces_mark WHERE project_id = %s AND level = 300", [project_id]
        )
        return int(cursor.fetchone()[0])
