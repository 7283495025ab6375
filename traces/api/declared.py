"""The query parameters that an operation takes are those that its description names."""

from __future__ import annotations

from functools import cache
from types import SimpleNamespace
from typing import Any

from drf_spectacular.utils import OpenApiParameter
from rest_framework.request import Request
from rest_framework.views import APIView

from traces.api.pagination import bad_parameter

# What a description asks of its view; the API has no versions that it could differ by.
UNVERSIONED = SimpleNamespace(
    request=None, kwargs={}, determine_version=lambda request, **named: (None, None)
)


def check_parameters(view: APIView, request: Request) -> None:
    """Raises Problem (400) for a parameter that there is not, so that a misspelt one is noticed."""
    method = "get" if request.method == "HEAD" else str(request.method).lower()
    handler = getattr(type(view), method, None)
    if method == "options" or handler is None:
        return  # 405 and the like are the framework's to say
    for name in request.GET:
        if name not in described(handler):
            raise bad_parameter(name[:100], "There is no such parameter.")


@cache
def described(handler: Any) -> frozenset[str]:
    """The query parameters that `extend_schema` names of a view's method."""
    make = getattr(handler, "kwargs", {}).get("schema")
    if make is None:
        return frozenset()
    schema = make()
    schema.view = UNVERSIONED
    given = schema.get_override_parameters()
    return frozenset(one.name for one in given if one.location == OpenApiParameter.QUERY)
