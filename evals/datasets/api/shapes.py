"""Bodies out, for the description of the API."""

from __future__ import annotations

from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers


@extend_schema_field(OpenApiTypes.ANY)
class AnyJson(serializers.Field[Any, Any, Any, Any]):
    def to_representation(self, value: Any) -> Any:
        return value


class DatasetRow(serializers.Serializer[Any]):
    """`version` is the newest, 0 before the first item; `tags` say which version each names."""

    slug = serializers.CharField()
    name = serializers.CharField()
    description = serializers.CharField(allow_blank=True)
    schema = AnyJson()
    version = serializers.IntegerField()
    items = serializers.IntegerField()
    tags = serializers.DictField(child=serializers.IntegerField())
    created_at = serializers.DateTimeField()
    changed_at = serializers.DateTimeField()
    archived_at = serializers.DateTimeField(allow_null=True)


class DatasetPage(serializers.Serializer[Any]):
    results = DatasetRow(many=True)
    next = serializers.CharField(allow_null=True)


class DatasetOrigin(serializers.Serializer[Any]):
    """`expected_from`: correction, reference, answer, or right, an answer that people called so;
    empty: whoever added it said it."""

    kind = serializers.CharField()
    trace_id = serializers.CharField(allow_null=True)
    span_id = serializers.CharField(allow_null=True)
    review_item = serializers.IntegerField(allow_null=True)
    expected_from = serializers.CharField(allow_blank=True)


class DatasetItemRow(serializers.Serializer[Any]):
    """`version`: the one in which it got this state. Of an erased item the content is null."""

    number = serializers.IntegerField()
    id = serializers.CharField()
    input = AnyJson()
    expected = AnyJson()
    context = serializers.ListField(child=serializers.CharField(allow_blank=True))  # type: ignore[assignment]
    metadata = serializers.DictField()
    split = serializers.CharField(allow_blank=True)
    version = serializers.IntegerField()
    origin = DatasetOrigin()
    erased_at = serializers.DateTimeField(allow_null=True)


class DatasetItemPage(serializers.Serializer[Any]):
    version = serializers.IntegerField()
    results = DatasetItemRow(many=True)
    next = serializers.CharField(allow_null=True)


class DatasetAdded(serializers.Serializer[Any]):
    """`version` null: nothing changed. `numbers`: of the items given, null for those left out."""

    version = serializers.IntegerField(allow_null=True)
    numbers = serializers.ListField(child=serializers.IntegerField(allow_null=True))
    added = serializers.IntegerField()
    replaced = serializers.IntegerField()
    unchanged = serializers.IntegerField()
    skipped = serializers.IntegerField()
    dropped = serializers.IntegerField()
    redacted = serializers.IntegerField()


class DatasetPlaceRow(serializers.Serializer[Any]):
    trace_id = serializers.CharField()
    span_id = serializers.CharField(allow_null=True)


class DatasetGathered(DatasetAdded):
    """`unknown` is not stored, `silent` says nothing; `last`: where to go on in a queue."""

    unknown = DatasetPlaceRow(many=True)
    silent = DatasetPlaceRow(many=True)
    last = serializers.IntegerField(allow_null=True)


class DatasetFound(serializers.Serializer[Any]):
    kind = serializers.CharField()
    field = serializers.CharField()
    quote = serializers.CharField()


class DatasetNear(serializers.Serializer[Any]):
    """`number`: of an item that is there; else `item`: the place of an earlier one given."""

    number = serializers.IntegerField(allow_null=True)
    item = serializers.IntegerField(allow_null=True)
    similarity = serializers.FloatField()
    exact = serializers.BooleanField()
    input = serializers.CharField(allow_blank=True)


class DatasetFault(serializers.Serializer[Any]):
    pointer = serializers.CharField(allow_blank=True)
    detail = serializers.CharField()


class DatasetLook(serializers.Serializer[Any]):
    """`known`: same or other, where the id is there already."""

    errors = DatasetFault(many=True)  # type: ignore[assignment]
    personal_data = DatasetFound(many=True)
    near_duplicates = DatasetNear(many=True)
    known = serializers.CharField(allow_blank=True)


class DatasetLooks(serializers.Serializer[Any]):
    results = DatasetLook(many=True)


class DatasetVersionRow(serializers.Serializer[Any]):
    number = serializers.IntegerField()
    created_at = serializers.DateTimeField()
    author = serializers.CharField()
    note = serializers.CharField(allow_blank=True)
    added = serializers.IntegerField()
    edited = serializers.IntegerField()
    removed = serializers.IntegerField()
    items = serializers.IntegerField()


class DatasetVersionPage(serializers.Serializer[Any]):
    results = DatasetVersionRow(many=True)
    next = serializers.CharField(allow_null=True)


class DatasetChanged(serializers.Serializer[Any]):
    """null: nothing changed."""

    version = DatasetVersionRow(allow_null=True)


class DatasetDifference(serializers.Serializer[Any]):
    number = serializers.IntegerField()
    kind = serializers.ChoiceField(choices=["added", "edited", "removed"])
    before = DatasetItemRow(allow_null=True)
    after = DatasetItemRow(allow_null=True)


class DatasetDiff(serializers.Serializer[Any]):
    before = serializers.IntegerField()
    after = serializers.IntegerField()
    results = DatasetDifference(many=True)
    next = serializers.CharField(allow_null=True)


class DatasetLogRow(serializers.Serializer[Any]):
    at = serializers.DateTimeField()
    author = serializers.CharField()
    action = serializers.CharField()
    version = serializers.IntegerField(allow_null=True)
    detail = serializers.DictField()


class DatasetLogPage(serializers.Serializer[Any]):
    results = DatasetLogRow(many=True)
    next = serializers.CharField(allow_null=True)


class DatasetTagRow(serializers.Serializer[Any]):
    name = serializers.CharField()
    version = serializers.IntegerField()
    moved_at = serializers.DateTimeField()


class DatasetTagPage(serializers.Serializer[Any]):
    results = DatasetTagRow(many=True)
    next = serializers.CharField(allow_null=True)


class DatasetHolding(serializers.Serializer[Any]):
    dataset = serializers.CharField()
    items = serializers.IntegerField()
    live = serializers.IntegerField(help_text="of them in the newest version")


class DatasetErased(serializers.Serializer[Any]):
    erased = serializers.BooleanField()
    results = DatasetHolding(many=True)
