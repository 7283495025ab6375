"""Bodies of the JSON API that say when they are not understood."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers
from rest_framework.exceptions import ValidationError


class Strict(serializers.Serializer[Any]):
    """A field that there is not is an error, so that a misspelt one is noticed."""

    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, dict) and (strange := data.keys() - self.fields.keys()):
            raise ValidationError(
                {str(name)[:100]: ["There is no such field."] for name in sorted(map(str, strange))}
            )
        return super().to_internal_value(data)
