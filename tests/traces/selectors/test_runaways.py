"""Traces with many more calls than others of their name: found, added up, and nothing else."""

from __future__ import annotations

import time
from typing import Any

import pytest

from sightglass.accounts.access import ROLE_PERMISSIONS, Access
from sightglass.accounts.models import Project, Role, User
from tests.traces.sending import SECOND, decoded, llm
from traces.query import parse
from traces.rollups.explain import TAKEN
from traces.rollups.measures import Measures
from traces.selectors import cubes, runaways
from traces.selectors.paging import TimeRange
from traces.services.ingest import store_spans

pytestmark = pytest.mark.django_db

DAY = 86_400 * SECOND
NOON = time.time_ns() // DAY * DAY - 3 * DAY + DAY // 2
RANGE = TimeRange(NOON - DAY // 2, NOON + DAY // 2)


def traced(
    number: int,
    at: int,
    calls: int,
    *,
    name: str = "research",
    user: str = "acct_1",
    model: str = "gpt-4o",
) -> list[dict[str, Any]]:
    """One trace: each call is sent more than the one before."""
    more: dict[str, Any] = {
        "gen_ai__response__model": model,
        "langfuse__observation__prompt__name": "step",
        "user__id": user,
    }
    return [
        llm(number.to_bytes(16, "big"), name=name, start_ns=at + i * SECOND,
            gen_ai__usage__input_tokens=500 * (i + 1), **more)
        for i in range(calls)
    ]  # fmt: skip


def usual(access: Access, *, name: str = "research", traces: int = 24, calls: int = 2) -> None:
    """Eight days of it, three traces each."""
    for i in range(traces):
        at = NOON - (1 + i % 8) * DAY + i * 60 * SECOND
        number = 1_000 + i + len(name) * 1_000
        store_spans(access, decoded(*traced(number, at, calls, name=name)))


def found(access: Access, q: str = "", by: tuple[str, ...] = ()) -> runaways.Runaways:
    return runaways.runaways(access.project.pk, query=parse(q), range=RANGE, by=by)


def test_a_trace_with_many_more_calls_is_found_with_what_it_cost(access: Access) -> None:
    usual(access)
    store_spans(access, decoded(*traced(1, NOON, 15), *traced(2, NOON, 3)))
    [one] = found(access).traces
    assert (one.trace_id.int, one.name, one.calls, one.usual) == (1, "research", 15, 2)
    assert one.grown == (500, 7_500)
    each = sum(500 * (i + 1) for i in range(15)) * 2_500_000 + 15 * 100 * 10_000_000
    assert one.sums.cost == each and one.sums.calls == 15
    assert (one.user_id, one.failed, list(one.tags), one.metadata) == ("acct_1", False, [], {})
    assert not one.unanswered, "its sender keeps texts to itself"


def test_groups_are_parts_of_the_sums_of_the_range(access: Access) -> None:
    """In every measure that a change is explained by, also under a filter."""
    usual(access)
    store_spans(
        access,
        decoded(
            *traced(1, NOON, 15, user="acct_1"),
            *traced(3, NOON + 60 * SECOND, 14, user="acct_2", model="gpt-4o-mini"),
            *traced(2, NOON, 3),
        ),
    )
    for q in ("", "user:acct_2", "model:gpt-4o"):
        gone = found(access, q, by=("model", "prompt"))
        cube = cubes.of_spans(
            access.project.pk, query=parse(q), range=RANGE, by=("model", "prompt")
        )
        whole = {cell.group: cell.sums for cell in cube.cells}
        assert gone.groups
        for group, sums in gone.groups.items():
            for name in TAKEN:
                assert getattr(sums, name) <= getattr(whole[group], name), (q, group, name)
        assert Measures.total(gone.groups.values()).cost == gone.cost > 0
    assert [one.sums.calls for one in found(access, "user:acct_2").traces] == [14]
    assert found(access, "user:nobody").traces == []


def test_many_bad_traces_do_not_become_usual(access: Access) -> None:
    """A day on which nearly all run away is one day of many."""
    usual(access)
    for i in range(10):
        store_spans(access, decoded(*traced(i + 1, NOON + i * 60 * SECOND, 20)))
    assert len(found(access).traces) == 10


def test_a_name_that_always_takes_as_many_calls_does_not_run_away(access: Access) -> None:
    usual(access, name="thorough", calls=14)
    store_spans(access, decoded(*traced(1, NOON, 16, name="thorough")))
    assert found(access).traces == []


@pytest.mark.parametrize(("calls", "away"), [(12, False), (13, True)])
def test_the_limit_of_a_name_with_few_calls(access: Access, calls: int, away: bool) -> None:
    """Two are usual: three times that is little, so it must be more than ten above."""
    usual(access)
    store_spans(access, decoded(*traced(1, NOON, calls)))
    assert bool(found(access).traces) is away


def test_names_with_few_traces_have_no_usual(access: Access) -> None:
    usual(access, traces=runaways.LEAST_TRACES - 2)
    store_spans(access, decoded(*traced(1, NOON, 30)))
    assert found(access).traces == []


def test_only_traces_of_the_range_and_of_the_project(
    access: Access, other_project: Project, stranger: User
) -> None:
    other = Access(other_project, ROLE_PERMISSIONS[Role.OWNER], user=stranger)
    usual(access)
    usual(other)
    store_spans(access, decoded(*traced(1, NOON - 2 * DAY, 15)))
    store_spans(other, decoded(*traced(2, NOON, 15)))
    assert found(access).traces == []


def test_more_than_are_counted_is_said(access: Access, monkeypatch: pytest.MonkeyPatch) -> None:
    usual(access)
    store_spans(access, decoded(*traced(1, NOON, 15), *traced(2, NOON, 16), *traced(3, NOON, 17)))
    monkeypatch.setattr(runaways, "MOST", 2)
    cut = found(access)
    assert cut.cut and [one.calls for one in cut.traces] == [17, 16]
    assert [one.grown for one in cut.traces] == [(500, 8_500), (500, 8_000)]
