"""Budgets and how they stand, by API."""

from __future__ import annotations

from typing import ClassVar

from django.core.exceptions import ValidationError as DjangoValidationError
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from dashboards.budgets import selectors, services
from dashboards.budgets import serializers as bodies
from sightglass.accounts.access import Permission
from traces.api import schema
from traces.api.pagination import page_of
from traces.api.read import ReadView, access_of


class BudgetList(ReadView):
    permissions: ClassVar = {"GET": Permission.READ, "POST": Permission.WRITE}

    @extend_schema(
        operation_id="budgets_list",
        parameters=schema.PAGING,
        responses={200: bodies.BudgetPage, **schema.errors(401, 403)},
    )
    def get(self, request: Request) -> Response:
        """The project's budgets, by name."""
        found = list(selectors.list_budgets(access_of(request)))
        page = page_of(request.GET, found, "budgets", lambda one: one.pk)
        rows = [bodies.budget_row(one) for one in page.results]
        return Response({"results": rows, "next": page.next})

    @extend_schema(
        operation_id="budgets_create",
        request=bodies.BudgetGiven,
        responses={201: bodies.BudgetRow, **schema.errors(400, 401, 403)},
    )
    def post(self, request: Request) -> Response:
        """Make a budget."""
        given = bodies.BudgetGiven(data=request.data)
        given.is_valid(raise_exception=True)
        try:
            made = services.create(access_of(request), bodies.draft_from(given.validated_data))
        except DjangoValidationError as error:
            raise bodies.refused(error) from None
        return Response(bodies.budget_row(made), status=201)


class BudgetDetail(ReadView):
    permissions: ClassVar = {
        "GET": Permission.READ,
        "PATCH": Permission.WRITE,
        "DELETE": Permission.WRITE,
    }

    @extend_schema(
        operation_id="budgets_read",
        responses={200: bodies.BudgetRow, **schema.errors(401, 403, 404)},
    )
    def get(self, request: Request, pk: int) -> Response:
        """One budget."""
        return Response(bodies.budget_row(selectors.get_budget(access_of(request), pk)))

    @extend_schema(
        operation_id="budgets_change",
        request=bodies.BudgetGiven(partial=True),
        responses={200: bodies.BudgetRow, **schema.errors(400, 401, 403, 404)},
    )
    def patch(self, request: Request, pk: int) -> Response:
        """Change what is named; `thresholds` and `channels` are replaced whole."""
        access = access_of(request)
        found = selectors.get_budget(access, pk)
        given = bodies.BudgetGiven(data=request.data, partial=True)
        given.is_valid(raise_exception=True)
        said = bodies.body_of(services.draft_of(found)) | {"amount": found.amount}
        try:
            draft = bodies.draft_from(said | given.validated_data)
            changed = services.change(access, found, draft)
        except DjangoValidationError as error:
            raise bodies.refused(error) from None
        return Response(bodies.budget_row(changed))

    @extend_schema(
        operation_id="budgets_delete", responses={204: None, **schema.errors(401, 403, 404)}
    )
    def delete(self, request: Request, pk: int) -> Response:
        """Delete it with its past."""
        access = access_of(request)
        services.remove(access, selectors.get_budget(access, pk))
        return Response(status=204)


class Status(ReadView):
    @extend_schema(
        operation_id="budgets_status",
        responses={200: bodies.StatusRow, **schema.errors(401, 403, 404, 503)},
    )
    def get(self, request: Request, pk: int) -> Response:
        """How it stands now: cheap enough to be asked before each call of a model.

        `spent` is of this moment, and exact where `pending` is 0; the forecast is at most a minute
        old.
        """
        found = selectors.get_budget(access_of(request), pk)
        return Response(bodies.status_row(services.current(found)))
