"""Connections to providers. Keys go in and never come out."""

from __future__ import annotations

from typing import Any, ClassVar

from django.core.exceptions import ValidationError as DjangoValidationError
from django.http import Http404
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from evals.api import serializers as bodies
from evals.models import Connection
from evals.services import connections
from evals.services.connections import Tested
from sightglass.accounts.access import Access, Permission
from sightglass.strict import bodiless
from traces.api import schema
from traces.api.pagination import page_of
from traces.api.read import ReadView, access_of


def get_connection(access: Access, pk: int) -> Connection:
    """Raises Http404 for one that is not there or another project's."""
    found = Connection.objects.filter(pk=pk, project=access.project).first()
    if found is None:
        raise Http404("There is no such connection.")
    return found


class ConnectionList(ReadView):
    permissions: ClassVar = {"GET": Permission.READ, "POST": Permission.ADMIN}

    @extend_schema(
        operation_id="connections_list",
        parameters=schema.PAGING,
        responses={200: bodies.ConnectionPage, **schema.errors(401, 403)},
    )
    def get(self, request: Request) -> Response:
        """The project's connections, by name, and whether they rest after failures."""
        found = list(Connection.objects.filter(project=access_of(request).project))
        page = page_of(request.GET, found, "connections", lambda one: one.pk)
        rows = [bodies.connection_row(row) for row in page.results]
        return Response({"results": rows, "next": page.next})

    @extend_schema(
        operation_id="connections_create",
        request=bodies.ConnectionGiven,
        responses={201: bodies.ConnectionRow, **schema.errors(400, 401, 403)},
    )
    def post(self, request: Request) -> Response:
        """Add one. It is tested by a small call; the result stands in `test`."""
        given = bodies.ConnectionGiven(data=request.data)
        given.is_valid(raise_exception=True)
        said = dict(given.validated_data)
        key = said.pop("key", "")
        return saved(access_of(request), Connection(**said), key, status=201)


class ConnectionDetail(ReadView):
    permissions: ClassVar = {
        "GET": Permission.READ,
        "PATCH": Permission.ADMIN,
        "DELETE": Permission.ADMIN,
    }

    @extend_schema(
        operation_id="connections_read",
        responses={200: bodies.ConnectionRow, **schema.errors(401, 403, 404)},
    )
    def get(self, request: Request, pk: int) -> Response:
        """One connection."""
        return Response(bodies.connection_row(get_connection(access_of(request), pk)))

    @extend_schema(
        operation_id="connections_change",
        request=bodies.ConnectionGiven(partial=True),
        responses={200: bodies.ConnectionRow, **schema.errors(400, 401, 403, 404)},
    )
    def patch(self, request: Request, pk: int) -> Response:
        """Change it; without `key` the stored one is kept, unless the address changes."""
        access = access_of(request)
        row = get_connection(access, pk)
        given = bodies.ConnectionGiven(row, data=request.data, partial=True)
        given.is_valid(raise_exception=True)
        said: dict[str, Any] = dict(given.validated_data)
        key = said.pop("key", None)
        for name, value in said.items():
            setattr(row, name, value)
        return saved(access, row, key)

    @extend_schema(
        operation_id="connections_delete",
        responses={204: None, **schema.errors(400, 401, 403, 404)},
    )
    def delete(self, request: Request, pk: int) -> Response:
        """Remove it with its key; refused while an evaluator asks it."""
        access = access_of(request)
        try:
            connections.remove(access, get_connection(access, pk))
        except DjangoValidationError as error:
            raise bodies.refused(error) from None
        return Response(status=204)


class ConnectionTest(ReadView):
    permission = Permission.ADMIN

    @extend_schema(
        operation_id="connections_test",
        request=None,
        responses={200: bodies.TestRow, **schema.errors(400, 401, 403, 404)},
    )
    @bodiless
    def post(self, request: Request, pk: int) -> Response:
        """Make a small call now."""
        return Response(_tested(connections.test(get_connection(access_of(request), pk))))


def saved(access: Access, row: Connection, key: str | None, status: int = 200) -> Response:
    try:
        tested = connections.save(access, row, key)
    except DjangoValidationError as error:
        raise bodies.refused(error) from None
    row.refresh_from_db()
    return Response(bodies.connection_row(row) | {"test": _tested(tested)}, status=status)


def _tested(tested: Tested) -> bodies.Body:
    return {"ok": tested.ok, "detail": tested.detail, "milliseconds": tested.milliseconds}
