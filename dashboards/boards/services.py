"""Making, changing, sharing and copying dashboards. Each change goes to the audit log."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, replace

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.http import Http404
from django.utils import timezone

from dashboards.boards.checking import (
    MAX_NAME,
    BoardDraft,
    ChartDraft,
    checked_board,
    checked_chart,
    draft_of_board,
    draft_of_chart,
    told,
)
from dashboards.boards.models import Board, BoardChart
from dashboards.boards.selectors import may_change
from sightglass.accounts import audit
from sightglass.accounts.access import Access, Permission

MAX_CHARTS = 24
MAX_BOARDS = 100
"""Of one person in one project, and of all API keys of a project together."""


def create(access: Access, draft: BoardDraft, charts: Sequence[ChartDraft] = ()) -> Board:
    """Raises ValidationError; PermissionDenied for a shared one of who may not write."""
    draft = checked_board(draft)
    checked = checked_charts(charts)
    if draft.shared or access.user is None:
        access.require(Permission.WRITE)
    if Board.objects.filter(project=access.project, owner=access.user).count() >= MAX_BOARDS:
        raise ValidationError(f"There are {MAX_BOARDS} dashboards already. Delete one first.")
    with transaction.atomic():
        board = Board.objects.create(project=access.project, owner=access.user, **asdict(draft))
        _put(board, checked)
        audit.record("dashboard.created", board.name, access=access, after=told(draft))
    return board


def change(access: Access, board: Board, draft: BoardDraft) -> None:
    """Its name, description, time range, filter, and whether it is shared.

    Raises ValidationError; PermissionDenied.
    """
    _require(access, board)
    draft, before = checked_board(draft), draft_of_board(board)
    if draft.shared != board.shared:
        _may_share(access, board)
    if draft == before:
        return
    with transaction.atomic():
        for name, value in asdict(draft).items():
            setattr(board, name, value)
        _touch(board)
        audit.record(
            "dashboard.changed", board.name, access=access, before=told(before), after=told(draft)
        )


def replace_charts(access: Access, board: Board, charts: Sequence[ChartDraft]) -> None:
    """All of its charts, in this order. Raises ValidationError; PermissionDenied."""
    _require(access, board)
    checked = checked_charts(charts)
    with transaction.atomic():
        _lock(board)
        before = [told(draft_of_chart(one)) for one in _charts(board)]
        after = [told(one) for one in checked]
        if before == after:
            return
        BoardChart.objects.filter(board=board).delete()
        _put(board, checked)
        _touch(board)
        audit.record(
            "dashboard.charts_replaced", board.name, access=access,
            before={"charts": before}, after={"charts": after},
        )  # fmt: skip


def delete(access: Access, board: Board) -> None:
    """Raises PermissionDenied."""
    _require(access, board)
    with transaction.atomic():
        audit.record(
            "dashboard.deleted", board.name, access=access, before=told(draft_of_board(board))
        )
        board.delete()


def duplicate(access: Access, board: Board) -> Board:
    """A copy of one's own, not shared. Raises ValidationError."""
    draft = draft_of_board(board)
    name = f"{draft.name[: MAX_NAME - 7]} (copy)"
    charts = [draft_of_chart(one) for one in board.charts.all()]
    return create(access, replace(draft, name=name, shared=False), charts)


def add_chart(access: Access, board: Board, draft: ChartDraft) -> BoardChart:
    """At the end. Raises ValidationError; PermissionDenied."""
    _require(access, board)
    draft = checked_chart(draft)
    with transaction.atomic():
        _lock(board)
        charts = _charts(board)
        if len(charts) >= MAX_CHARTS:
            raise ValidationError(f"A dashboard has at most {MAX_CHARTS} charts.")
        last = charts[-1].position if charts else 0
        chart = board.charts.create(position=last + 1, **asdict(draft))
        _touch(board)
        audit.record("dashboard.chart_added", board.name, access=access, after=told(draft))
    return chart


def change_chart(access: Access, board: Board, chart: BoardChart, draft: ChartDraft) -> None:
    """Raises ValidationError; PermissionDenied."""
    _require(access, board)
    draft, before = checked_chart(draft), draft_of_chart(chart)
    if draft == before:
        return
    with transaction.atomic():
        for name, value in asdict(draft).items():
            setattr(chart, name, value)
        chart.save()
        _touch(board)
        audit.record(
            "dashboard.chart_changed", board.name, access=access,
            before=told(before), after=told(draft),
        )  # fmt: skip


def remove_chart(access: Access, board: Board, chart: BoardChart) -> None:
    """Raises PermissionDenied."""
    _require(access, board)
    with transaction.atomic():
        chart.delete()
        _touch(board)
        audit.record(
            "dashboard.chart_removed", board.name, access=access,
            before=told(draft_of_chart(chart)),
        )  # fmt: skip


def move_chart(access: Access, board: Board, pk: int, steps: int) -> bool:
    """So many places later (below 0: earlier); False where it is at that end already.

    Raises PermissionDenied. Order is no content: it is not in the audit log.
    """
    _require(access, board)
    with transaction.atomic():
        _lock(board)
        charts = _charts(board)
        place = next((i for i, one in enumerate(charts) if one.pk == pk), None)
        if place is None or not 0 <= place + steps < len(charts):
            return False
        charts.insert(place + steps, charts.pop(place))
        for position, one in enumerate(charts, 1):
            one.position = position
        BoardChart.objects.bulk_update(charts, ["position"])
        _touch(board)
    return True


def checked_charts(charts: Sequence[ChartDraft]) -> list[ChartDraft]:
    """Raises ValidationError for the first that is wrong."""
    if len(charts) > MAX_CHARTS:
        raise ValidationError({"charts": f"A dashboard has at most {MAX_CHARTS} charts."})
    return [checked_chart(one) for one in charts]


def _put(board: Board, charts: Sequence[ChartDraft]) -> None:
    BoardChart.objects.bulk_create(
        BoardChart(board=board, position=position, **asdict(one))
        for position, one in enumerate(charts, 1)
    )


def _require(access: Access, board: Board) -> None:
    if not may_change(access, board):
        raise PermissionDenied


def _may_share(access: Access, board: Board) -> None:
    """Sharing takes the right to write; taking back also ownership, else nobody would see it."""
    access.require(Permission.WRITE)
    if board.shared and (access.user is None or board.owner_id != access.user.pk):
        raise PermissionDenied


def _lock(board: Board) -> None:
    """One change of its charts at a time. Raises Http404 if it has just been deleted."""
    if not Board.objects.select_for_update().filter(pk=board.pk).exists():
        raise Http404


def _charts(board: Board) -> list[BoardChart]:
    """As they are now, not as they were when the request began."""
    return list(BoardChart.objects.filter(board=board))


def _touch(board: Board) -> None:
    board.changed_at = timezone.now()
    board.save()
