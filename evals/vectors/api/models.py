"""`/api/v1/vectors`: by which model a project's calls are compared, and how far that is."""

from __future__ import annotations

from typing import Any, ClassVar

from django.core.exceptions import ValidationError as DjangoValidationError
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from evals.api.serializers import refused
from evals.models import Connection
from evals.truth.api.base import read
from evals.vectors.fields import Field
from evals.vectors.models import Model
from evals.vectors.selectors import state
from evals.vectors.selectors.state import MOST_COUNTED
from evals.vectors.services import filling
from sightglass.accounts.access import Access, Permission
from sightglass.strict import Strict
from traces.api import schema
from traces.api.read import ReadView, access_of


class VectorModelGiven(Strict):
    connection = serializers.IntegerField(
        min_value=1,
        max_value=2**63 - 1,
        allow_null=True,
        help_text="An OpenAI-compatible connection of the project; null: the embedded model.",
    )
    model = serializers.CharField(
        max_length=200, required=False, allow_blank=True, help_text="Of the connection."
    )


class VectorModel(serializers.Serializer[Any]):
    name = serializers.CharField()
    version = serializers.CharField(allow_blank=True)
    dimensions = serializers.IntegerField()
    connection = serializers.IntegerField(allow_null=True)


class VectorState(serializers.Serializer[Any]):
    model = VectorModel(help_text="What answers searches.")
    coming = VectorModel(allow_null=True, help_text="What stored calls get vectors of just now.")
    calls = serializers.IntegerField(
        help_text="While another model is coming, or after: stored calls that were gone through."
    )
    of_calls = serializers.IntegerField(help_text="About so many there were; 0 before any change.")
    inputs = serializers.IntegerField(
        help_text=f"Calls whose input has a vector of the model, counted to {MOST_COUNTED:,}."
    )
    outputs = serializers.IntegerField(help_text="Calls whose answer has one, likewise.")
    waiting = serializers.IntegerField(help_text="Stored requests whose calls have none yet.")
    problem = serializers.CharField(help_text="Why the last try failed; empty if it did not.")


class VectorDetail(ReadView):
    permissions: ClassVar = {"GET": Permission.READ, "PUT": Permission.ADMIN}

    def handle_exception(self, exc: Exception) -> Response:
        if isinstance(exc, DjangoValidationError):
            exc = refused(exc)
        return super().handle_exception(exc)

    @extend_schema(
        operation_id="vectors_read", responses={200: VectorState, **schema.errors(400, 401, 403)}
    )
    def get(self, request: Request) -> Response:
        """By which model calls are compared, and how far that is."""
        return Response(shape(access_of(request)))

    @extend_schema(
        operation_id="vectors_choose",
        request=VectorModelGiven,
        responses={202: VectorState, **schema.errors(400, 401, 403)},
    )
    def put(self, request: Request) -> Response:
        """Compare by another model, or by the same with all made again. It begins at once."""
        said, access = read(VectorModelGiven, request.data), access_of(request)
        row = None
        if said["connection"] is not None:
            known = Connection.objects.filter(project=access.project, pk=said["connection"])
            if (row := known.first()) is None:
                raise DjangoValidationError({"connection": "There is no such connection."})
        filling.choose(access, row, said.get("model", ""))
        return Response(shape(access), status=202)


def shape(access: Access) -> dict[str, Any]:
    found, counts = filling.progress(access), state.counted(access.project.pk)
    return {
        "model": _model(found.model),
        "coming": _model(found.coming) if found.coming else None,
        "calls": found.calls,
        "of_calls": found.of_calls,
        "inputs": counts[Field.INPUT],
        "outputs": counts[Field.OUTPUT],
        "waiting": state.waiting(access.project.pk),
        "problem": found.problem,
    }


def _model(one: Model) -> dict[str, Any]:
    return {
        "name": one.name,
        "version": one.version,
        "dimensions": one.dimensions,
        "connection": one.connection_id,
    }
