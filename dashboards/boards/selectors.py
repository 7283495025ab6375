"""Which dashboards a caller sees and may change."""

from __future__ import annotations

from django.db.models import Count, Q
from django.http import Http404

from dashboards.boards.models import Board, BoardChart
from sightglass.accounts.access import Access, Permission

MAX_SHOWN = 500


def visible(access: Access) -> Q:
    """A person's own and the shared ones; a key has only the shared ones."""
    mine = Q(owner=access.user) if access.user is not None else Q(pk__in=[])
    return Q(project=access.project) & (mine | Q(shared=True))


def boards_of(access: Access) -> list[Board]:
    """By name, with `count` of charts and the owner."""
    boards = Board.objects.filter(visible(access)).select_related("owner")
    return list(boards.annotate(count=Count("charts")).order_by("name", "pk")[:MAX_SHOWN])


def get_board(access: Access, pk: int) -> Board:
    """Raises Http404."""
    boards = Board.objects.filter(visible(access), pk=pk).select_related("owner")
    board = boards.prefetch_related("charts").first()
    if board is None:
        raise Http404
    return board


def get_chart(board: Board, pk: int) -> BoardChart:
    """Raises Http404."""
    chart = next((one for one in board.charts.all() if one.pk == pk), None)
    if chart is None:
        raise Http404
    return chart


def may_change(access: Access, board: Board) -> bool:
    """The owner may; of what is shared also who may write."""
    if access.user is not None and board.owner_id == access.user.pk:
        return True
    return board.shared and access.may(Permission.WRITE)
