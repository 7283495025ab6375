"""Prices and re-pricing by API."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from sightglass.accounts import audit
from sightglass.accounts.access import Permission
from traces.api import schema
from traces.api.read import ReadView, access_of
from traces.management.commands.reprice import as_json
from traces.models import PriceOverride
from traces.otlp.native import nanoseconds
from traces.otlp.otlp_json import Fault
from traces.services import prices
from traces.services.reprice import reprice

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
        tokens = [attrs.get(name) for name in PER_TOKEN if attrs.get(name) is not None]
        if bool(tokens) == (attrs.get("gpu_hour") is not None):
            raise ValidationError("Give token prices, or a price per GPU hour.")
        start, end = attrs.get("valid_from"), attrs.get("valid_to")
        if start and end and start >= end:
            raise ValidationError("valid_from must be before valid_to.")
        return attrs


class PriceList(ReadView):
    permissions = {"GET": Permission.READ, "POST": Permission.ADMIN}

    @extend_schema(operation_id="prices_list", responses={200: Price(many=True)})
    def get(self, request: Request) -> Response:
        """The project's own prices."""
        rows = PriceOverride.objects.filter(project=access_of(request).project).order_by("pk")
        return Response({"results": Price(rows[:1000], many=True).data, "next": None})

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
        with transaction.atomic():
            made = serializer.save(project=access.project)
            audit.record("price.added", str(made), access=access)
        prices.forget(access.project.pk)
        return Response(serializer.data, status=201)


class PriceDetail(ReadView):
    permission = Permission.ADMIN

    @extend_schema(
        operation_id="prices_delete", responses={204: None, **schema.errors(401, 403, 404)}
    )
    def delete(self, request: Request, pk: int) -> Response:
        """Remove a price."""
        access = access_of(request)
        found = get_object_or_404(PriceOverride, pk=pk, project=access.project)
        with transaction.atomic():
            audit.record("price.removed", str(found), access=access)
            found.delete()
        prices.forget(access.project.pk)
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
        return Response(as_json(reprice(access_of(request), start, end, apply=asked["apply"])))
