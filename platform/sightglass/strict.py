"""Bodies of the JSON API that say when they are not understood."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from rest_framework import serializers
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response


class Strict(serializers.Serializer[Any]):
    """A field that there is not is an error, so that a misspelt one is noticed."""

    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, dict) and (strange := data.keys() - self.fields.keys()):
            raise ValidationError(
                {str(name)[:100]: ["There is no such field."] for name in sorted(map(str, strange))}
            )
        return super().to_internal_value(data)


def bodiless(method: Callable[..., Response]) -> Callable[..., Response]:
    """A method of a view that takes no body, or an empty object: 400 for what is given besides."""

    @wraps(method)
    def checked(self: Any, request: Request, *arguments: Any, **named: Any) -> Response:
        if request.data:
            Strict(data=request.data).is_valid(raise_exception=True)
        return method(self, request, *arguments, **named)

    return checked
