"""Dashboards over HTTP: those that are shared in the key's project."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, ClassVar

from django.core.exceptions import ValidationError as DjangoValidationError
from django.db import transaction
from drf_spectacular.utils import extend_schema
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from dashboards.boards import selectors, services
from dashboards.boards import serializers as bodies
from dashboards.boards.checking import ChartDraft, checked_chart, draft_of_board
from dashboards.boards.models import Board
from sightglass.accounts.access import Access, Permission
from sightglass.strict import Strict
from traces.api import schema
from traces.api.pagination import page_by_pk
from traces.api.read import ReadView, access_of


class DashboardList(ReadView):
    permissions: ClassVar = {"GET": Permission.READ, "POST": Permission.WRITE}

    @extend_schema(
        operation_id="dashboards_list",
        parameters=schema.PAGING,
        responses={200: bodies.BoardPage, **schema.errors(400, 401, 403)},
    )
    def get(self, request: Request) -> Response:
        """The project's shared dashboards, the last made first."""
        boards = Board.objects.filter(selectors.visible(access_of(request)))
        boards = boards.select_related("owner").prefetch_related("charts")
        page = page_by_pk(request.GET, boards, "dashboards", newest_first=True)
        rows = [bodies.board_row(board) for board in page.results]
        return Response({"results": rows, "next": page.next})

    @extend_schema(
        operation_id="dashboards_create",
        request=bodies.BoardGiven,
        responses={201: bodies.BoardRow, **schema.errors(400, 401, 403)},
    )
    def post(self, request: Request) -> Response:
        """Make a dashboard, shared in the project."""
        given = bodies.BoardGiven(data=request.data)
        given.is_valid(raise_exception=True)
        said, access = given.validated_data, access_of(request)
        charts = _checked(said["charts"])
        try:
            board = services.create(access, bodies.board_draft(said), charts)
        except DjangoValidationError as error:
            raise refused(error) from None
        return Response(_row(access, board.pk), status=201)


class DashboardDetail(ReadView):
    permissions: ClassVar = {
        "GET": Permission.READ,
        "PUT": Permission.WRITE,
        "PATCH": Permission.WRITE,
        "DELETE": Permission.WRITE,
    }

    @extend_schema(
        operation_id="dashboards_read",
        responses={200: bodies.BoardRow, **schema.errors(401, 403, 404)},
    )
    def get(self, request: Request, pk: int) -> Response:
        """One dashboard with its charts."""
        return Response(_row(access_of(request), pk))

    @extend_schema(
        operation_id="dashboards_replace",
        request=bodies.BoardGiven,
        responses={200: bodies.BoardRow, **schema.errors(400, 401, 403, 404)},
    )
    def put(self, request: Request, pk: int) -> Response:
        """Replace it and all of its charts."""
        return self._changed(request, pk, bodies.BoardGiven)

    @extend_schema(
        operation_id="dashboards_change",
        request=bodies.BoardChange,
        responses={200: bodies.BoardRow, **schema.errors(400, 401, 403, 404)},
    )
    def patch(self, request: Request, pk: int) -> Response:
        """Change what is given; `charts` replaces all of its charts."""
        return self._changed(request, pk, bodies.BoardChange)

    @extend_schema(
        operation_id="dashboards_delete", responses={204: None, **schema.errors(401, 403, 404)}
    )
    def delete(self, request: Request, pk: int) -> Response:
        """Delete it."""
        access = access_of(request)
        services.delete(access, selectors.get_board(access, pk))
        return Response(status=204)

    def _changed(self, request: Request, pk: int, kind: type[Strict]) -> Response:
        access = access_of(request)
        board = selectors.get_board(access, pk)
        given = kind(data=request.data)
        given.is_valid(raise_exception=True)
        said = dict(given.validated_data)
        charts = said.pop("charts", None)
        drafts = _checked(charts) if charts is not None else None
        try:
            with transaction.atomic():
                services.change(access, board, replace(draft_of_board(board), **said))
                if drafts is not None:
                    services.replace_charts(access, board, drafts)
        except DjangoValidationError as error:
            raise refused(error) from None
        return Response(_row(access, pk))


def _row(access: Access, pk: int) -> bodies.Body:
    return bodies.board_row(selectors.get_board(access, pk))


def _checked(charts: list[bodies.Body]) -> list[ChartDraft]:
    """Raises ValidationError with the place of each mistake."""
    checked: list[ChartDraft] = []
    mistakes: list[dict[str, Any]] = []
    for draft in bodies.chart_drafts(charts):
        try:
            checked.append(checked_chart(draft))
            mistakes.append({})
        except DjangoValidationError as error:
            mistakes.append(error.message_dict)
    if any(mistakes):
        raise ValidationError({"charts": mistakes})
    return checked


def refused(error: DjangoValidationError) -> ValidationError:
    """The same, as the API says it."""
    told = error.message_dict if hasattr(error, "error_dict") else error.messages
    return ValidationError(told)
