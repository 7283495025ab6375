"""Prices and re-pricing by API."""

from __future__ import annotations

from typing import Any

from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from sightglass.accounts.access import Permission
from traces.api import schema
from traces.api.pagination import page_by_pk
from traces.api.read import ReadView, access_of
from traces.management.commands.reprice import as_json
from traces.models import PriceOverride
from traces.otlp.native import nanoseconds
from traces.otlp.otlp_json import Fault
from traces.services import prices
from traces.services.reprice import MOST_IN_REQUEST, TooMany, reprice

PER_TOKEN = ("input", "output", "cache_read", "cache_write", "reasoning", "audio")


class Price(serializers.ModelSerializer[PriceOverride]):
    """US dollars per million tokens, or `gpu_hour` for a self-hosted model."""

    class Meta:
        model = PriceOverride
        fields = (
            *("id", "model", "provider", "valid_from", "valid_to", *PER_TOKEN),
            *("gpu_hour", "gpus", "note"),
        )
        read_only_fields = ("id",)
        extra_kwargs = {name: {"min_value": 0} for name in (*PER_TOKEN, "gpu_hour")}

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        try:
            prices.check(PriceOverride(**attrs))
        except prices.PriceError as error:
            raise ValidationError(str(error)) from None
        return attrs


class PricePage(serializers.Serializer[Any]):
    results = Price(many=True)
    next = serializers.CharField(allow_null=True)


class PriceList(ReadView):
    permissions = {"GET": Permission.READ, "POST": Permission.ADMIN}

    @extend_schema(
        operation_id="prices_list",
        parameters=schema.PAGING,
        responses={200: PricePage, **schema.errors(401, 403)},
    )
    def get(self, request: Request) -> Response:
        """The project's own prices, in the order in which they were added."""
        rows = PriceOverride.objects.filter(project=access_of(request).project)
        page = page_by_pk(request.GET, rows, "prices")
        return Response({"results": Price(page.results, many=True).data, "next": page.next})

    @extend_schema(
        operation_id="prices_create",
        request=Price,
        responses={201: Price, **schema.errors(400, 401, 403)},
    )
    def post(self, request: Request) -> Response:
        """Add a price. It holds for spans that arrive from now on."""
        access = access_of(request)
        serializer = Price(data=request.data)
        serializer.is_valid(raise_exception=True)
        made = prices.add(access, PriceOverride(**serializer.validated_data))
        return Response(Price(made).data, status=201)


class PriceDetail(ReadView):
    permission = Permission.ADMIN

    @extend_schema(
        operation_id="prices_delete", responses={204: None, **schema.errors(401, 403, 404)}
    )
    def delete(self, request: Request, pk: int) -> Response:
        """Remove a price."""
        access = access_of(request)
        found = get_object_or_404(PriceOverride, pk=pk, project=access.project)
        prices.remove(access, found)
        return Response(status=204)


class RepriceAsked(serializers.Serializer[Any]):
    """`apply` false: only the difference."""

    start = serializers.CharField(max_length=64, help_text="RFC 3339 or Unix ns, included")
    end = serializers.CharField(max_length=64, help_text="RFC 3339 or Unix ns, not included")
    apply = serializers.BooleanField(default=False)


class RepriceModel(serializers.Serializer[Any]):
    model = serializers.CharField()
    spans = serializers.IntegerField()
    changed = serializers.IntegerField()
    newly_priced = serializers.IntegerField()
    newly_unknown = serializers.IntegerField()
    before = serializers.CharField()
    after = serializers.CharField()


class RepriceDone(serializers.Serializer[Any]):
    """The difference, money in US dollars as decimal text."""

    applied = serializers.BooleanField()
    spans_changed = serializers.IntegerField()
    before = serializers.CharField()
    after = serializers.CharField()
    models = RepriceModel(many=True)


class Reprice(ReadView):
    permission = Permission.ADMIN

    @extend_schema(
        operation_id="reprice",
        request=RepriceAsked,
        responses={200: RepriceDone, **schema.errors(400, 401, 403)},
    )
    def post(self, request: Request) -> Response:
        """What today's prices make of a time range; with `apply`, store it."""
        serializer = RepriceAsked(data=request.data)
        serializer.is_valid(raise_exception=True)
        asked = serializer.validated_data
        try:
            start, end = (nanoseconds(name, asked[name]) for name in ("start", "end"))
        except Fault as fault:
            raise ValidationError({fault.field: str(fault)}) from None
        if not 0 <= start < end < 2**63:
            raise ValidationError({"end": "Must be after start."})
        access = access_of(request)
        try:
            change = reprice(access, start, end, apply=asked["apply"], most=MOST_IN_REQUEST)
        except TooMany as error:
            detail = f"{error} Take a shorter range, or the command `sightglass reprice`."
            raise ValidationError({"end": detail}) from None
        return Response(as_json(change))
