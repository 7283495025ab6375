"""Sessions and users: totals, pages, other projects."""

import pytest
from django.http import Http404

from sightglass.accounts.access import ROLE_PERMISSIONS, Access
from sightglass.accounts.models import Project, Role
from tests.traces.selectors.rows import NOON, SECOND, make_trace
from traces.query import parse
from traces.selectors import groups
from traces.selectors.paging import CursorError, TimeRange

pytestmark = pytest.mark.django_db


@pytest.fixture
def sessions(project: Project) -> None:
    for i in range(12):
        make_trace(
            project,
            start_ns=NOON + i * SECOND,
            session_id=f"s{i % 5}",
            user_id=f"u{i % 2}",
            error_count=int(i == 3),
            cost_total=None if i % 5 == 4 else 10 * i,
            input_tokens=7,
            models_used=[f"m{i % 3}"],
        )
    make_trace(project, start_ns=NOON)


@pytest.mark.usefixtures("sessions")
def test_totals_of_sessions(access: Access) -> None:
    page = groups.list_sessions(access)
    assert [g.id for g in page.results] == ["s1", "s0", "s4", "s3", "s2"]
    first = page.results[0]
    assert (first.trace_count, first.start_ns, first.last_start_ns) == (
        3,
        NOON + SECOND,
        NOON + 11 * SECOND,
    )
    assert first.sums["cost_total"] == 10 + 60 + 110
    assert first.sums["input_tokens"] == 21
    assert first.sums["output_tokens"] is None
    assert sorted(first.models) == ["m0", "m1", "m2"]
    assert first.other_count == 2
    assert page.results[2].sums["cost_total"] is None
    assert page.results[3].error_traces == 1


@pytest.mark.usefixtures("sessions")
def test_pages_of_sessions_join(access: Access) -> None:
    first = groups.list_sessions(access, limit=2)
    second = groups.list_sessions(access, limit=2, cursor=first.next)
    third = groups.list_sessions(access, limit=2, cursor=second.next)
    assert [g.id for p in (first, second, third) for g in p.results] == [
        "s1",
        "s0",
        "s4",
        "s3",
        "s2",
    ]
    assert third.next is None and first.previous is None
    back = groups.list_sessions(access, limit=2, cursor=third.previous)
    assert [g.id for g in back.results] == ["s4", "s3"]


@pytest.mark.usefixtures("sessions")
def test_query_and_range_narrow_the_groups(access: Access) -> None:
    found = groups.list_users(access, query=parse("session:s3"), range=TimeRange(NOON + 4 * SECOND))
    assert [(g.id, g.trace_count) for g in found.results] == [("u0", 1)]


@pytest.mark.usefixtures("sessions")
def test_one_session(access: Access, other_project: Project) -> None:
    assert groups.session_summary(access, "s2").trace_count == 2
    assert groups.user_summary(access, "u1").trace_count == 6
    page = groups.traces_of_session(access, "s2")
    assert [t.start_ns for t in page.results] == [NOON + 2 * SECOND, NOON + 7 * SECOND]
    rival = Access(other_project, ROLE_PERMISSIONS[Role.OWNER])
    for stranger, name in ((rival, "s2"), (access, "nobody"), (access, "nul\x00")):
        with pytest.raises(Http404):
            groups.session_summary(stranger, name)


def test_a_cursor_of_another_list_is_refused(access: Access, sessions: None) -> None:
    cursor = groups.list_sessions(access, limit=1).next
    with pytest.raises(CursorError):
        groups.list_users(access, cursor=cursor)
