"""Who may make, change, share and copy what, and what the audit log says of it."""

from __future__ import annotations

import threading
from dataclasses import replace

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import connection
from django.http import Http404

from dashboards.boards import selectors, services
from dashboards.boards.checking import BoardDraft, ChartDraft, draft_of_board
from dashboards.boards.models import Board, BoardChart
from sightglass.accounts.access import Access
from sightglass.accounts.models import AuditEntry, Project, Role
from tests.dashboards.boards.making import COST, ERRORS, TRACES, board, someone, titles

pytestmark = pytest.mark.django_db


def actions() -> list[str]:
    found = AuditEntry.objects.filter(action__startswith="dashboard.").order_by("pk")
    return list(found.values_list("action", flat=True))


def test_charts_stand_in_the_order_given(access: Access) -> None:
    made = board(access, COST, ERRORS, TRACES, filter="environment:production")
    assert titles(made) == ["cost", "error_rate", "traces"]
    assert actions() == ["dashboard.created"]
    entry = AuditEntry.objects.get(action="dashboard.created")
    assert entry.after == {
        "name": "Morning", "range": "7d", "filter": "environment:production",
    }  # fmt: skip


def test_one_wrong_chart_makes_none(access: Access) -> None:
    with pytest.raises(ValidationError):
        board(access, COST, ChartDraft("nothing"))
    assert (Board.objects.count(), actions()) == (0, [])


def test_a_viewer_has_dashboards_but_shares_none(project: Project) -> None:
    viewer = someone(project)
    mine = board(viewer, COST)
    with pytest.raises(PermissionDenied):
        board(viewer, shared=True)
    with pytest.raises(PermissionDenied):
        services.change(viewer, mine, replace(draft_of_board(mine), shared=True))
    services.change(viewer, mine, BoardDraft("Evening"))
    services.add_chart(viewer, mine, ERRORS)
    assert titles(mine) == ["cost", "error_rate"]


def test_what_is_not_shared_is_nobody_elses(access: Access, project: Project) -> None:
    mine = board(access, COST)
    other = someone(project, Role.ADMIN)
    assert selectors.boards_of(other) == []
    with pytest.raises(Http404):
        selectors.get_board(other, mine.pk)


def test_shared_is_seen_by_all_and_changed_by_those_who_may_write(
    access: Access, project: Project
) -> None:
    shared = board(access, COST, shared=True)
    viewer = someone(project)
    engineer = someone(project, Role.ENGINEER, "engineer")
    assert [one.pk for one in selectors.boards_of(viewer)] == [shared.pk]
    assert selectors.boards_of(viewer)[0].count == 1  # type: ignore[attr-defined]
    for refused in (
        lambda: services.change(viewer, shared, BoardDraft("x", shared=True)),
        lambda: services.add_chart(viewer, shared, COST),
        lambda: services.replace_charts(viewer, shared, []),
        lambda: services.move_chart(viewer, shared, shared.charts.get().pk, 1),
        lambda: services.change_chart(viewer, shared, shared.charts.get(), ERRORS),
        lambda: services.remove_chart(viewer, shared, shared.charts.get()),
        lambda: services.delete(viewer, shared),
    ):
        with pytest.raises(PermissionDenied):
            refused()
    services.change(engineer, shared, BoardDraft("Noon", shared=True))
    assert Board.objects.get().name == "Noon"


def test_only_the_owner_takes_back_what_is_shared(access: Access, project: Project) -> None:
    shared = board(access, shared=True)
    engineer = someone(project, Role.ENGINEER)
    with pytest.raises(PermissionDenied):
        services.change(engineer, shared, BoardDraft("Morning", shared=False))
    services.change(access, shared, BoardDraft("Morning", shared=False))
    assert selectors.boards_of(engineer) == []


def test_another_projects_is_not_there(access: Access, other_project: Project) -> None:
    mine = board(access, shared=True)
    stranger = someone(other_project, Role.OWNER)
    with pytest.raises(Http404):
        selectors.get_board(stranger, mine.pk)
    assert selectors.boards_of(stranger) == []


def test_an_owner_who_goes_leaves_what_is_shared(access: Access, project: Project) -> None:
    shared = board(access, shared=True)
    assert access.user is not None
    access.user.delete()
    assert Board.objects.get(pk=shared.pk).owner is None
    engineer = someone(project, Role.ENGINEER)
    assert selectors.may_change(engineer, selectors.get_board(engineer, shared.pk))


def test_moving(access: Access) -> None:
    made = board(access, COST, ERRORS, TRACES)
    first, second, third = made.charts.all()
    assert services.move_chart(access, made, third.pk, -1)
    assert titles(made) == ["cost", "traces", "error_rate"]
    assert services.move_chart(access, made, first.pk, 1)
    assert titles(made) == ["traces", "cost", "error_rate"]
    assert not services.move_chart(access, made, third.pk, -1)
    assert not services.move_chart(access, made, second.pk, 1)
    assert not services.move_chart(access, made, 999_999, 1)
    assert titles(made) == ["traces", "cost", "error_rate"]
    assert actions() == ["dashboard.created"]


def test_changes_of_charts_are_told_with_what_they_were(access: Access) -> None:
    made = board(access, COST)
    chart = made.charts.get()
    services.change_chart(access, made, chart, replace(COST, group_by="user_id"))
    services.change_chart(access, made, chart, replace(COST, group_by="user_id"))  # nothing new
    services.remove_chart(access, made, chart)
    assert actions() == ["dashboard.created", "dashboard.chart_changed", "dashboard.chart_removed"]
    entry = AuditEntry.objects.get(action="dashboard.chart_changed")
    assert entry.before is not None and entry.after is not None
    assert (entry.before["group_by"], entry.after["group_by"]) == ("model", "user_id")


def test_replacing_all_charts_is_one_change(access: Access) -> None:
    made = board(access, COST, ERRORS)
    before = made.changed_at
    services.replace_charts(access, made, [TRACES, COST])
    assert titles(made) == ["traces", "cost"]
    assert Board.objects.get().changed_at > before
    services.replace_charts(access, made, [TRACES, COST])
    assert actions() == ["dashboard.created", "dashboard.charts_replaced"]


def test_a_copy_is_ones_own(access: Access, project: Project) -> None:
    shared = board(access, COST, ERRORS, shared=True, filter="model:gpt*", range="30d")
    viewer = someone(project)
    made = services.duplicate(viewer, shared)
    assert (made.owner, made.shared) == (viewer.user, False)
    assert (made.name, made.filter, made.range) == ("Morning (copy)", "model:gpt*", "30d")
    assert titles(made) == titles(shared)
    services.remove_chart(viewer, made, made.charts.all()[0])
    assert titles(shared) == ["cost", "error_rate"]


def test_the_name_of_a_copy_is_never_too_long(access: Access) -> None:
    made = services.duplicate(access, board(access, name="n" * 80))
    assert len(made.name) <= 80


def test_deleting_takes_the_charts_along(access: Access) -> None:
    services.delete(access, board(access, COST, ERRORS))
    assert (Board.objects.count(), BoardChart.objects.count()) == (0, 0)
    assert actions()[-1] == "dashboard.deleted"


def test_there_is_room_for_so_many(access: Access, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(services, "MAX_CHARTS", 2)
    made = board(access, COST, ERRORS)
    with pytest.raises(ValidationError, match="at most 2"):
        services.add_chart(access, made, TRACES)
    with pytest.raises(ValidationError, match="at most 2"):
        services.replace_charts(access, made, [COST, COST, COST])
    monkeypatch.setattr(services, "MAX_BOARDS", 1)
    with pytest.raises(ValidationError, match="Delete one first"):
        board(access, COST)


@pytest.mark.django_db(transaction=True)
def test_two_who_add_at_once_both_find_a_place(
    access: Access, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = board(access, COST)
    monkeypatch.setattr(services, "MAX_CHARTS", 4)
    refused: list[ValidationError] = []

    def add() -> None:
        try:
            services.add_chart(access, made, ERRORS)
        except ValidationError as error:
            refused.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=add) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    places = list(BoardChart.objects.values_list("position", flat=True).order_by("position"))
    assert places == [1, 2, 3, 4]
    assert len(refused) == 2
