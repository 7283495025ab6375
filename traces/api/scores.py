"""Scores by API: giving them, one or many, and listing them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from django.http import HttpResponseBase
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from sightglass.accounts.access import Access, Permission
from sightglass.kernel.storable import storable
from sightglass.problems import Problem
from sightglass.strict import Strict
from traces.api import schema
from traces.api.pagination import ListParameters, bad_parameter
from traces.api.read import ListView, access_of
from traces.ids import span_from_hex, trace_from_hex
from traces.models import Score
from traces.selectors import shapes
from traces.selectors.paging import Page
from traces.selectors.scores import list_scores
from traces.services import feedback
from traces.services.quota import Exceeded
from traces.services.scores import Given, own_ids, own_names, store

SOURCES = ("user", "human", "code", "judge")
MOST = 1_000
GIVERS = (Permission.INGEST, Permission.WRITE, Permission.FEEDBACK)
LARGEST = 1e300


@extend_schema_field(OpenApiTypes.ANY)
class Value(serializers.Field[Any, Any, Any, Any]):
    """A number, true or false, or a category."""

    def to_internal_value(self, data: Any) -> float | bool | str:
        if isinstance(data, bool):
            return data
        if isinstance(data, int | float) and abs(data) <= LARGEST:
            return float(data)
        if isinstance(data, str) and 0 < len(data) <= 200 and storable(data) == data:
            return data
        raise ValidationError(
            "Must be a finite number, a boolean, or a text of 1 to 200 characters."
        )

    def to_representation(self, value: Any) -> Any:
        return value


class ScoreGiven(Strict):
    """One score.

    Of trace_id and session_id at least one is needed; it may come before its trace.
    """

    trace_id = serializers.RegexField(r"^[0-9a-fA-F]{32}$", required=False, allow_null=True)
    span_id = serializers.RegexField(r"^[0-9a-fA-F]{16}$", required=False, allow_null=True)
    session_id = serializers.CharField(max_length=500, required=False, allow_null=True)
    name = serializers.CharField(max_length=100)
    value = Value()
    source = serializers.ChoiceField(choices=SOURCES)  # type: ignore[assignment]
    comment = serializers.CharField(max_length=10_000, required=False, allow_blank=True, default="")
    id = serializers.CharField(max_length=200, required=False, allow_null=True)

    def validate_name(self, name: str) -> str:
        return _of_a_client(name, own_names)

    def validate_id(self, id: str | None) -> str | None:
        return None if id is None else _of_a_client(id, own_ids)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if not attrs.get("trace_id") and not attrs.get("session_id"):
            raise ValidationError("Give trace_id or session_id.")
        if attrs.get("span_id") and not attrs.get("trace_id"):
            raise ValidationError({"span_id": "Needs its trace_id."})
        return attrs


def _of_a_client(text: str, own: Sequence[str]) -> str:
    """Raises ValidationError for what a client could only forge."""
    for begin in own:
        if text.startswith(begin):
            raise ValidationError(f"What begins with {begin} is given by Sightglass alone.")
    return text


class ScoreList(ListView):
    name = "scores"
    serializer = schema.ScoreRow
    turns_back = False
    permissions: ClassVar = {"GET": Permission.READ, "POST": Permission.READ}

    def check_permissions(self, request: Request) -> None:
        """Who sends traces may send scores, so may who writes, and public keys what users think."""
        access = access_of(request) if request.auth is not None else None
        if request.method == "POST" and access is not None:
            if not any(access.may(one) for one in GIVERS):
                self.permission_denied(
                    request, "This key lacks the scope ingest, write or feedback."
                )
            return
        super().check_permissions(request)

    @extend_schema(
        operation_id="scores_list",
        parameters=[
            schema.parameter("name", "only scores of this name"),
            schema.parameter("source", "only from this source"),
            schema.parameter("start", "RFC 3339 or Unix ns, included"),
            schema.parameter("end", "RFC 3339 or Unix ns, not included"),
            schema.ROWS,
            schema.NEXT,
            schema.FORMAT,
        ],
        responses={**schema.exported(schema.ScorePage), **schema.errors(400, 401, 403, 503)},
    )
    def get(self, request: Request) -> HttpResponseBase:
        """Scores, the last given first."""
        return self.listed(request)

    def page(
        self, request: Request, asked: ListParameters, limit: int, cursor: str | None
    ) -> Page[Score]:
        name, source = (request.GET.get(one) or None for one in ("name", "source"))
        if source is not None and source not in SOURCES:
            raise bad_parameter("source", f"Must be one of {', '.join(SOURCES)}.")
        if name is not None and name != storable(name):
            raise bad_parameter("name", "Must not hold NUL.")
        return list_scores(
            access_of(request),
            range=asked.range,
            name=name,
            source=source,
            limit=limit,
            cursor=cursor,
        )

    def rendered(self, request: Request, rows: Sequence[Score]) -> list[dict[str, Any]]:
        return shapes.scores(rows)

    @extend_schema(
        operation_id="scores_create",
        request=ScoreGiven,
        responses={201: schema.ScoreRow, **schema.errors(400, 401, 403, 429)},
    )
    def post(self, request: Request) -> Response:
        """Give one score, or a list of up to 1000.

        With a public key (scope feedback) a browser gives those of the source user, up to 20, from
        the key's origins; the answer is then {"accepted": number}.
        """
        many = isinstance(request.data, list)
        if many and len(request.data) > MOST:
            raise ValidationError(f"At most {MOST} scores at once.")
        serializer = ScoreGiven(data=request.data, many=many)
        serializer.is_valid(raise_exception=True)
        checked = serializer.validated_data if many else [serializer.validated_data]
        access, given = access_of(request), [_given(one) for one in checked]
        if access.key is not None and access.key.is_public:
            return Response({"accepted": _from_browser(request, access, given)}, status=201)
        made = shapes.scores(store(access, given))
        return Response(made if many else made[0], status=201)


def _from_browser(request: Request, access: Access, given: list[Given]) -> int:
    """The answer to a public key tells nothing but how many there were. Raises Problem."""
    if len(given) > feedback.MOST:
        raise ValidationError(f"At most {feedback.MOST} scores at once with a public key.")
    origin, address = request.headers.get("Origin", ""), request.META.get("REMOTE_ADDR", "")
    try:
        return feedback.give(access, given, origin=origin, address=address)
    except feedback.Refused as error:
        errors = [{"pointer": error.pointer, "detail": str(error)}] if error.pointer else None
        raise Problem(403, str(error), errors=errors) from None
    except Exceeded as error:
        raise Problem(429, str(error), retry_after=error.retry_after) from None


def _given(checked: dict[str, Any]) -> Given:
    trace_id, span_id = checked.get("trace_id"), checked.get("span_id")
    return Given(
        name=checked["name"],
        value=checked["value"],
        source=checked["source"],
        trace_id=trace_from_hex(trace_id) if trace_id else None,
        span_id=span_from_hex(span_id) if span_id else None,
        session_id=checked.get("session_id") or None,
        comment=checked.get("comment") or "",
        id=checked.get("id") or None,
    )
