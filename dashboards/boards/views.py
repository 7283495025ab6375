"""Looking at dashboards: the list, one of them, and the one on the wall."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET

from dashboards import frame as frames
from dashboards.boards import selectors
from dashboards.boards.drawing import frame_of, tile, tiles
from dashboards.boards.models import Board
from dashboards.boards.selectors import may_change
from dashboards.explorer.ranges import PRESETS
from dashboards.frame import Frame
from dashboards.periods import day_span
from sightglass.accounts.access import Permission, ProjectRequest, project_page

REFRESH_SECONDS = 60


@require_GET
@project_page(Permission.READ)
def boards(request: ProjectRequest) -> HttpResponse:
    """One's own dashboards and the shared ones."""
    access = request.access
    found = selectors.boards_of(access)
    rows = [(board, may_change(access, board), PRESETS[board.range]) for board in found]
    return render(request, "boards/list.html", {"rows": rows})


@require_GET
@project_page(Permission.READ)
def board(request: ProjectRequest, pk: int) -> HttpResponse:
    """A dashboard under the address's time range and filter; `csv`: a chart's table as a file."""
    found, frame = read(request, pk)
    if wanted := request.GET.get("csv"):
        return _file(found, frame, wanted)
    there = reverse("board", args=[request.access.project.slug, found.pk])
    shown = tiles(found, frame) if frame.query is not None else []
    context: dict[str, Any] = {
        "board": found,
        "frame": frame,
        "bar": frame.bar() | {"action": there},
        "tiles": shown,
        "pending": max((one.late for one in shown), default=0),
        "may_change": may_change(request.access, found),
    }
    return render(request, "boards/board.html", context)


@require_GET
@project_page(Permission.READ)
def tv(request: ProjectRequest, pk: int) -> HttpResponse:
    """For a wall: no navigation, dark, large; asks for itself anew each minute."""
    found, frame = read(request, pk)
    shown = tiles(found, frame) if frame.query is not None else []
    context = {"board": found, "frame": frame, "tiles": shown, "seconds": REFRESH_SECONDS}
    context["days"] = day_span(frame.range)
    template = "boards/tv_body.html" if request.headers.get("HX-Request") else "boards/tv.html"
    response = render(request, template, context)
    response["Vary"] = "HX-Request"
    return response


def read(request: ProjectRequest, pk: int) -> tuple[Board, Frame]:
    """Raises Http404."""
    found = selectors.get_board(request.access, pk)
    frame = frames.read(request, "boards")
    chosen = any(request.GET.get(name) for name in ("range", "from", "to"))
    return found, frame_of(found, frame, chosen=chosen)


def _file(board: Board, frame: Frame, wanted: str) -> HttpResponse:
    """Raises Http404 for a chart that is not there or has no rows over time."""
    chart = next((one for one in board.charts.all() if f"chart-{one.pk}" == wanted), None)
    if chart is None or frame.query is None:
        raise Http404
    return frames.csv_response(tile(board, chart, frame).card, "dashboard")
