"""Errors of the JSON API as RFC 9457 problem details."""

from http import HTTPStatus
from typing import Any

from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views import defaults
from rest_framework import exceptions
from rest_framework.response import Response
from rest_framework.views import exception_handler as default_handler

CONTENT_TYPE = "application/problem+json"
API_PREFIXES = ("/api/", "/v1/")
NOTHING = "There is nothing at this address."
UNPLAIN = " matches the given query."
"""How Django ends what it says of an object that is not there, by the name of its class."""


class Problem(exceptions.APIException):
    """An answer that is an error. `errors` say where: {"pointer", "detail"} and what else helps."""

    def __init__(
        self,
        status: int,
        detail: str,
        *,
        title: str | None = None,
        errors: list[dict[str, Any]] | None = None,
        retry_after: int | None = None,
    ) -> None:
        super().__init__(detail)
        self.status_code = status
        self.title, self.errors = title, errors
        if retry_after is not None:
            self.wait = retry_after  # DRF's handler makes Retry-After of it


def pointers(detail: Any, at: str = "") -> list[dict[str, str]]:
    """DRF's nested error detail as a flat list of JSON pointers."""
    if isinstance(detail, dict):
        return [item for key, value in detail.items() for item in pointers(value, f"{at}/{key}")]
    if isinstance(detail, list):
        nested = any(isinstance(value, dict | list) for value in detail)
        if nested:
            return [item for i, value in enumerate(detail) for item in pointers(value, f"{at}/{i}")]
        return [{"pointer": at, "detail": str(value)} for value in detail]
    return [{"pointer": at, "detail": str(detail)}]


def exception_handler(error: Exception, context: dict[str, Any]) -> Response | None:
    response = default_handler(error, context)
    if response is None:
        return None
    detail = response.data
    problem = body(response.status_code, "", getattr(error, "title", None))
    if isinstance(error, exceptions.ValidationError):
        problem["detail"] = "The request is not valid."
        problem["errors"] = pointers(detail)
    else:
        problem["detail"] = (
            str(detail.get("detail", "")) if isinstance(detail, dict) else str(detail)
        )
        if problem["detail"].endswith(UNPLAIN):
            problem["detail"] = NOTHING
        if errors := getattr(error, "errors", None):
            problem["errors"] = errors
    response.data = problem
    response.content_type = CONTENT_TYPE
    return response


def body(status: int, detail: str, title: str | None = None) -> dict[str, Any]:
    return {
        "type": "about:blank",
        "title": title or HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
    }


def answer(status: int, detail: str) -> JsonResponse:
    return JsonResponse(body(status, detail), status=status, content_type=CONTENT_TYPE)


def is_api(request: HttpRequest) -> bool:
    return request.path_info.startswith(API_PREFIXES)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Django's handler400: a problem for the API, a page for people."""
    if isinstance(exception, RequestDataTooBig):
        most = settings.DATA_UPLOAD_MAX_MEMORY_SIZE or 0
        detail = f"A body may have {most / 2**20:g} MB."
        if is_api(request):
            return answer(413, detail)
        return HttpResponse(detail, status=413, content_type="text/plain; charset=utf-8")
    if is_api(request):
        return answer(400, "The request cannot be read.")
    return defaults.bad_request(request, exception)


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Django's handler403."""
    if is_api(request):
        return answer(403, "You may not do this.")
    return defaults.permission_denied(request, exception)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Django's handler404."""
    if is_api(request):
        return answer(404, NOTHING)
    return defaults.page_not_found(request, exception)


def server_error(request: HttpRequest) -> HttpResponse:
    """Django's handler500."""
    if is_api(request):
        return answer(500, "Something went wrong on our side.")
    return defaults.server_error(request)
