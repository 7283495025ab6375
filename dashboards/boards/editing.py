"""Making and changing dashboards and their charts."""

from __future__ import annotations

import time
from dataclasses import asdict

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from dashboards import frame as frames
from dashboards.boards import services
from dashboards.boards.checking import (
    GROUPS,
    ChartDraft,
    checked_chart,
    draft_of_board,
    draft_of_chart,
)
from dashboards.boards.drawing import Tile, frame_of, tile, title_of
from dashboards.boards.forms import BoardForm, ChartForm
from dashboards.boards.models import Board, BoardChart
from dashboards.boards.selectors import get_board, get_chart, may_change
from dashboards.explorer.ranges import PRESETS
from dashboards.periods import preset
from sightglass.accounts.access import Access, Permission, ProjectRequest, project_page
from traces.rollups.dimensions import OTHER
from traces.selectors import cubes, metrics
from traces.selectors.paging import TooSlow

SCORES_RANGE = "30d"


@require_http_methods(["GET", "POST"])
@project_page(Permission.READ)
def new(request: ProjectRequest) -> HttpResponse:
    """The form of a new dashboard; POST makes it and leads to its first chart."""
    access = request.access
    may_share = access.may(Permission.WRITE)
    form = BoardForm(request.POST or None, may_share=may_share, initial={"range": "7d"})
    if request.method == "POST" and form.is_valid():
        try:
            board = services.create(access, form.draft())
        except ValidationError as error:
            form.refuse(error)
        else:
            return redirect("board_chart_new", access.project.slug, board.pk)
    return render(request, "boards/form.html", {"form": form})


@require_http_methods(["GET", "POST"])
@project_page(Permission.READ)
def edit(request: ProjectRequest, pk: int) -> HttpResponse:
    """Its name and filter, and its charts in order; POST saves the first."""
    access = request.access
    board = changeable(access, pk)
    may_share = access.may(Permission.WRITE)
    initial = asdict(draft_of_board(board))
    form = BoardForm(request.POST or None, may_share=may_share, initial=initial)
    if request.method == "POST" and form.is_valid():
        try:
            services.change(access, board, form.draft(board.shared))
        except ValidationError as error:
            form.refuse(error)
        else:
            messages.success(request, "Saved.")
            return redirect("board", access.project.slug, board.pk)
    return render(request, "boards/edit.html", {"board": board, "form": form} | _list(board))


@require_POST
@project_page(Permission.READ)
def duplicate(request: ProjectRequest, pk: int) -> HttpResponse:
    """A copy of one's own."""
    access = request.access
    try:
        made = services.duplicate(access, get_board(access, pk))
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
        return redirect("boards", access.project.slug)
    messages.success(request, f"{made.name} is yours.")
    return redirect("board_edit", access.project.slug, made.pk)


@require_POST
@project_page(Permission.READ)
def delete(request: ProjectRequest, pk: int) -> HttpResponse:
    access = request.access
    board = get_board(access, pk)
    services.delete(access, board)
    messages.success(request, f"{board.name} is deleted.")
    return redirect("boards", access.project.slug)


@require_http_methods(["GET", "POST"])
@project_page(Permission.READ)
def chart_new(request: ProjectRequest, pk: int) -> HttpResponse:
    """The form of a new chart; POST adds it at the end, or with `preview` only draws it."""
    access = request.access
    board = changeable(access, pk)
    form = ChartForm(request.POST or None, scores=scores_of(access))
    if request.method == "POST" and form.is_valid():
        if "preview" in request.POST:
            return _form(request, board, form)
        try:
            chart = services.add_chart(access, board, form.draft())
        except ValidationError as error:
            form.refuse(error)
        else:
            messages.success(request, f"{title(chart)} is on the dashboard.")
            return redirect("board_edit", access.project.slug, board.pk)
    return _form(request, board, form)


@require_http_methods(["GET", "POST"])
@project_page(Permission.READ)
def chart_edit(request: ProjectRequest, pk: int, chart: int) -> HttpResponse:
    """The form of a chart; POST changes it, or with `preview` only draws it."""
    access = request.access
    board = changeable(access, pk)
    found = get_chart(board, chart)
    initial = asdict(draft_of_chart(found))
    form = ChartForm(request.POST or None, scores=scores_of(access), initial=initial)
    if request.method == "POST" and form.is_valid():
        if "preview" in request.POST:
            return _form(request, board, form, found)
        try:
            services.change_chart(access, board, found, form.draft())
        except ValidationError as error:
            form.refuse(error)
        else:
            messages.success(request, "Saved.")
            return redirect("board_edit", access.project.slug, board.pk)
    return _form(request, board, form, found)


@require_POST
@project_page(Permission.READ)
def chart_move(request: ProjectRequest, pk: int, chart: int) -> HttpResponse:
    """One place earlier or later; answers htmx with the list alone."""
    access = request.access
    board = changeable(access, pk)
    get_chart(board, chart)
    services.move_chart(access, board, chart, -1 if request.POST.get("to") == "earlier" else 1)
    if request.headers.get("HX-Request"):
        again = get_board(access, pk)
        return render(request, "boards/charts.html", {"board": again} | _list(again))
    return redirect("board_edit", access.project.slug, board.pk)


@require_POST
@project_page(Permission.READ)
def chart_remove(request: ProjectRequest, pk: int, chart: int) -> HttpResponse:
    access = request.access
    board = changeable(access, pk)
    found = get_chart(board, chart)
    services.remove_chart(access, board, found)
    messages.success(request, f"{title(found)} is off the dashboard.")
    return redirect("board_edit", access.project.slug, board.pk)


def changeable(access: Access, pk: int) -> Board:
    """Raises Http404; PermissionDenied for one that the caller may only look at."""
    board = get_board(access, pk)
    if not may_change(access, board):
        raise PermissionDenied
    return board


def scores_of(access: Access) -> list[str]:
    """Names of scores of the last 30 days; none where that takes too long."""
    range = preset(SCORES_RANGE, time.time_ns()).range
    try:
        cube = cubes.of_scores(access.project.pk, range=range, by=("score",))
    except TooSlow:
        return []
    return sorted({str(cell.group[0]) for cell in cube.cells if cell.group[0] not in (None, OTHER)})


def title(chart: BoardChart) -> str:
    try:
        return title_of(chart, metrics.find(chart.metric))
    except metrics.UnknownMetric:
        return title_of(chart, None)


def _list(board: Board) -> dict[str, object]:
    rows = [(chart, title(chart), _about(chart)) for chart in board.charts.all()]
    return {"charts": rows, "most": services.MAX_CHARTS}


def _about(chart: BoardChart) -> str:
    """Lines, half, last 30 days, model:gpt-5*."""
    group = f"by {GROUPS[chart.group_by].lower()}" if chart.group_by else ""
    parts = (
        chart.get_kind_display(),
        group,
        chart.get_size_display().lower(),
        PRESETS.get(chart.range, "").lower(),
        chart.filter,
    )
    return ", ".join(part for part in parts if part)


def _form(
    request: ProjectRequest, board: Board, form: ChartForm, chart: BoardChart | None = None
) -> HttpResponse:
    context = {
        "board": board,
        "form": form,
        "chart": chart,
        "tile": preview(request, board, form, chart),
    }
    return render(request, "boards/chart_form.html", context)


def preview(
    request: ProjectRequest, board: Board, form: ChartForm, chart: BoardChart | None
) -> Tile | None:
    """What the form says, drawn; the chart as it is where nothing was sent."""
    frame = frame_of(board, frames.read(request, "boards"), chosen=False)
    if not form.is_bound:
        return tile(board, chart, frame) if chart else None
    if not form.is_valid():
        return None
    draft: ChartDraft = form.draft()
    try:
        draft = checked_chart(draft)
    except ValidationError as error:
        form.refuse(error)
        return None
    return tile(board, BoardChart(pk=0, board=board, position=0, **asdict(draft)), frame)
