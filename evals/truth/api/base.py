"""What the views of truth have in common."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError as DjangoValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import Serializer

from evals.api.serializers import refused
from evals.models import Evaluator
from evals.selectors import evaluators as selected
from sightglass.accounts.access import Access
from traces.api.read import ReadView, access_of


class TruthView(ReadView):
    """Errors of services become problems here."""

    def handle_exception(self, exc: Exception) -> Response:
        if isinstance(exc, DjangoValidationError):
            exc = refused(exc)
        return super().handle_exception(exc)

    def evaluator(self, request: Request, pk: int) -> tuple[Access, Evaluator]:
        """Raises Http404 for one that is not the project's."""
        access = access_of(request)
        return access, selected.get_evaluator(access, pk)


def read(shape: type[Serializer[Any]], data: Any) -> dict[str, Any]:
    """Raises ValidationError."""
    given = shape(data=data)
    given.is_valid(raise_exception=True)
    return dict(given.validated_data)
