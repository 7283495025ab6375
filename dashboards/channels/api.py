"""Channels over HTTP."""

from __future__ import annotations

from typing import Any, ClassVar

from django.core.exceptions import ValidationError as DjangoValidationError
from drf_spectacular.utils import extend_schema
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from dashboards.channels import delivering, selectors, services
from dashboards.channels import serializers as bodies
from dashboards.channels.models import Channel
from evals.api.serializers import refused
from sightglass.accounts.access import Access, Permission
from sightglass.problems import Problem
from sightglass.strict import bodiless
from traces.api import schema
from traces.api.pagination import DEFAULT_LIMIT, page_of, read_limit
from traces.api.read import ReadView, access_of
from traces.selectors.paging import MAX_LIMIT


class ChannelList(ReadView):
    permissions: ClassVar = {"GET": Permission.READ, "POST": Permission.ADMIN}

    @extend_schema(
        operation_id="channels_list",
        parameters=schema.PAGING,
        responses={200: bodies.ChannelPage, **schema.errors(401, 403)},
    )
    def get(self, request: Request) -> Response:
        """The project's channels, by name, and whether they work."""
        found = list(selectors.channels(access_of(request)))
        page = page_of(request.GET, found, "channels", lambda one: one.pk)
        rows = [bodies.channel_row(row) for row in page.results]
        return Response({"results": rows, "next": page.next})

    @extend_schema(
        operation_id="channels_create",
        request=bodies.ChannelGiven,
        responses={201: bodies.ChannelRow, **schema.errors(400, 401, 403)},
    )
    def post(self, request: Request) -> Response:
        """Add one. Nothing is sent to it before an alert, or a test, is."""
        given = bodies.ChannelGiven(data=request.data)
        given.is_valid(raise_exception=True)
        said = dict(given.validated_data)
        secret = said.pop("secret", None)
        access = access_of(request)
        return saved(access, Channel(**said, created_by=access.user), secret, status=201)


class ChannelDetail(ReadView):
    permissions: ClassVar = {
        "GET": Permission.READ,
        "PATCH": Permission.ADMIN,
        "DELETE": Permission.ADMIN,
    }

    @extend_schema(
        operation_id="channels_read",
        responses={200: bodies.ChannelRow, **schema.errors(401, 403, 404)},
    )
    def get(self, request: Request, pk: int) -> Response:
        """One channel."""
        return Response(bodies.channel_row(selectors.get_channel(access_of(request), pk)))

    @extend_schema(
        operation_id="channels_change",
        request=bodies.ChannelGiven(partial=True),
        responses={200: bodies.ChannelRow, **schema.errors(400, 401, 403, 404)},
    )
    def patch(self, request: Request, pk: int) -> Response:
        """Change it; without `secret` the stored one is kept, unless a webhook's host changes."""
        access = access_of(request)
        row = selectors.get_channel(access, pk)
        given = bodies.ChannelGiven(data=request.data, partial=True)
        given.is_valid(raise_exception=True)
        said: dict[str, Any] = dict(given.validated_data)
        secret = said.pop("secret", None)
        for name, value in said.items():
            setattr(row, name, value)
        return saved(access, row, secret)

    @extend_schema(
        operation_id="channels_delete",
        responses={204: None, **schema.errors(401, 403, 404)},
    )
    def delete(self, request: Request, pk: int) -> Response:
        """Remove it with its secret and its log. Rules go on telling the other channels."""
        access = access_of(request)
        services.remove(access, selectors.get_channel(access, pk))
        return Response(status=204)


class ChannelTest(ReadView):
    permission = Permission.ADMIN

    @extend_schema(
        operation_id="channels_test",
        request=None,
        responses={200: bodies.ChannelTested, **schema.errors(400, 401, 403, 404, 503)},
    )
    @bodiless
    def post(self, request: Request, pk: int) -> Response:
        """Send a test message now and say what came of it. At PagerDuty it opens an incident."""
        access = access_of(request)
        try:
            outcome = services.test(access, selectors.get_channel(access, pk))
        except delivering.Crowded:
            detail = "Too many test messages are on their way. Try again in a moment."
            raise Problem(503, detail, title="Busy") from None
        return Response(bodies.tested(outcome))


class DeliveryList(ReadView):
    @extend_schema(
        operation_id="channels_deliveries",
        parameters=[
            schema.parameter("limit", "1 to 1000"),
            schema.parameter("cursor", "from `next`"),
        ],
        responses={200: bodies.DeliveryPage, **schema.errors(400, 401, 403, 404)},
    )
    def get(self, request: Request, pk: int) -> Response:
        """What was sent to it, failed or waits, newest first. Kept for 90 days."""
        channel = selectors.get_channel(access_of(request), pk)
        limit = read_limit(request.GET, MAX_LIMIT, DEFAULT_LIMIT)
        page = selectors.deliveries(channel, limit=limit, cursor=request.GET.get("cursor"))
        rows = [bodies.delivery_row(row) for row in page.results]
        return Response({"results": rows, "next": page.next})


class DeliveryRetry(ReadView):
    permission = Permission.ADMIN

    @extend_schema(
        operation_id="channels_delivery_retry",
        request=None,
        responses={200: bodies.DeliveryRetried, **schema.errors(400, 401, 403, 404)},
    )
    @bodiless
    def post(self, request: Request, pk: int, delivery: int) -> Response:
        """Send one that was given up again, for another day."""
        access = access_of(request)
        row = selectors.get_delivery(selectors.get_channel(access, pk), delivery)
        return Response({"retried": services.retry(access, row)})


def saved(access: Access, row: Channel, secret: str | None, status: int = 200) -> Response:
    try:
        services.save(access, row, secret)
    except DjangoValidationError as error:
        raise _placed(refused(error)) from None
    return Response(bodies.channel_row(row), status=status)


def _placed(error: ValidationError) -> ValidationError:
    """What is wrong with a part of `config`, there."""
    if not isinstance(error.detail, dict):
        return error
    own = bodies.ChannelGiven().fields
    outer = {name: said for name, said in error.detail.items() if name in own}
    inner = {name: said for name, said in error.detail.items() if name not in own}
    return ValidationError(outer | ({"config": inner} if inner else {}))
