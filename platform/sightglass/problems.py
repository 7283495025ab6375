"""Errors of the JSON API as RFC 9457 problem details."""

from typing import Any

from rest_framework import exceptions
from rest_framework.response import Response
from rest_framework.views import exception_handler as default_handler


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
    problem: dict[str, Any] = {
        "type": "about:blank",
        "title": response.status_text,
        "status": response.status_code,
    }
    if isinstance(error, exceptions.ValidationError):
        problem["detail"] = "The request is not valid."
        problem["errors"] = pointers(detail)
    else:
        problem["detail"] = (
            str(detail.get("detail", "")) if isinstance(detail, dict) else str(detail)
        )
    response.data = problem
    response.content_type = "application/problem+json"
    return response
