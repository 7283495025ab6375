"""`/api/v1/erasures`: everything of a user of the application, erased."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError as DjangoValidationError
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from evals.api.serializers import refused
from evals.erasures import services
from evals.erasures.models import Erasure
from evals.truth.api.base import read
from sightglass.accounts.access import Permission
from sightglass.strict import Strict
from traces.api import schema
from traces.api.pagination import page_by_pk
from traces.api.read import ReadView, access_of

COUNTED = ("traces", "review_items", "dataset_items", "panel_cases", "prompt_examples")


class Text(serializers.CharField):
    """A number is no text: which text it would become is a guess."""

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            raise serializers.ValidationError("Must be a text.")
        return super().to_internal_value(data)


class Switch(serializers.BooleanField):
    """true or false and nothing that may mean it: what follows cannot be taken back."""

    def to_internal_value(self, data: Any) -> bool:
        if not isinstance(data, bool):
            raise serializers.ValidationError("Must be true or false.")
        return data


class ErasureGiven(Strict):
    user_id = Text(max_length=services.LONGEST_USER, trim_whitespace=False)
    reason = serializers.CharField(
        max_length=services.LONGEST_REASON,
        required=False,
        allow_blank=True,
        help_text="Outlives the erasure: do not name the person. Needed but with dry_run.",
    )
    dry_run = Switch(default=False)


class ErasureForeseen(serializers.Serializer[Any]):
    traces = serializers.IntegerField(help_text=f"Counted up to {services.MOST_COUNTED:,}.")
    dataset_items = serializers.IntegerField()


class ErasureRow(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    state = serializers.ChoiceField(Erasure.State.choices)
    reason = serializers.CharField()
    traces = serializers.IntegerField()
    review_items = serializers.IntegerField()
    dataset_items = serializers.IntegerField()
    panel_cases = serializers.IntegerField()
    prompt_examples = serializers.IntegerField()
    problem = serializers.CharField(help_text="Why the last try failed; empty if it did not.")
    created_at = serializers.DateTimeField()
    finished_at = serializers.DateTimeField(allow_null=True)


class ErasurePage(serializers.Serializer[Any]):
    results = ErasureRow(many=True)
    next = serializers.CharField(allow_null=True)


class ErasureView(ReadView):
    permission = Permission.ADMIN

    def handle_exception(self, exc: Exception) -> Response:
        if isinstance(exc, DjangoValidationError):
            exc = refused(exc)
        return super().handle_exception(exc)


class ErasureList(ErasureView):
    @extend_schema(
        operation_id="erasures_list",
        parameters=schema.PAGING,
        responses={200: ErasurePage, **schema.errors(400, 401, 403)},
    )
    def get(self, request: Request) -> Response:
        """What was asked for, the newest first. None says whose it was once it is done."""
        rows = services.of_project(access_of(request))
        page = page_by_pk(request.GET, rows, "erasures", newest_first=True)
        return Response({"results": [shape(one) for one in page.results], "next": page.next})

    @extend_schema(
        operation_id="erasures_create",
        request=ErasureGiven,
        responses={200: ErasureForeseen, 202: ErasureRow, **schema.errors(400, 401, 403)},
    )
    def post(self, request: Request) -> Response:
        """Erase everything of a user, within minutes. With `dry_run`: what there is."""
        said = read(ErasureGiven, request.data)
        access = access_of(request)
        if said["dry_run"]:
            found = services.foresee(access, said["user_id"])
            return Response({"traces": found.traces, "dataset_items": found.dataset_items})
        made = services.ask(access, said["user_id"], said.get("reason", ""))
        return Response(shape(made), status=202)


class ErasureDetail(ErasureView):
    @extend_schema(
        operation_id="erasures_read",
        responses={200: ErasureRow, **schema.errors(400, 401, 403, 404)},
    )
    def get(self, request: Request, pk: int) -> Response:
        """How far one is."""
        return Response(shape(services.get(access_of(request), pk)))


def shape(one: Erasure) -> dict[str, Any]:
    found: dict[str, Any] = {"id": one.pk, "state": one.state, "reason": one.reason}
    found |= {name: getattr(one, name) for name in COUNTED}
    return found | {
        "problem": one.problem,
        "created_at": one.created_at,
        "finished_at": one.finished_at,
    }
