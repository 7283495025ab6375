"""Bodies in. Items are read by `content`, which says more exactly what is wrong where."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from evals.datasets.content import Draft, Source, read
from evals.datasets.models import SourceKind
from evals.datasets.services import datasets, writing
from evals.datasets.services.adding import MOST_AT_ONCE, Alike, Choices, Known, Personal
from evals.datasets.services.gathering import MOST, OF_QUEUE, OF_TRACES, Expected, Key, Rule
from evals.review.errors import Fault, Invalid
from sightglass.strict import Strict
from traces.ids import span_from_hex, trace_from_hex


class Schemas(serializers.DictField):
    """JSON schemas of `input`, `expected` and `metadata`."""


class DatasetChange(Strict):
    """What is named is changed."""

    name = serializers.CharField(max_length=datasets.LONGEST_NAME)
    description = serializers.CharField(
        required=False, allow_blank=True, max_length=datasets.LONGEST_DESCRIPTION
    )
    schema = Schemas(required=False, allow_null=True)


class DatasetGiven(DatasetChange):
    slug = serializers.CharField(max_length=60)


@extend_schema_field(OpenApiTypes.OBJECT)
class Item(serializers.Field[Any, Any, Any, Any]):
    """Checked by `drafts`, with all others at once."""

    def to_internal_value(self, data: Any) -> Any:
        return data

    def to_representation(self, value: Any) -> Any:
        return value


def choice(kind: type[Personal] | type[Alike] | type[Known], what: str) -> serializers.ChoiceField:
    return serializers.ChoiceField(
        choices=[each.value for each in kind], required=False, help_text=what
    )


class DatasetAdding(Strict):
    """What becomes of what is found in the items."""

    personal_data = choice(Personal, "refuse, if not given")
    near_duplicates = choice(Alike, "keep, if not given")
    known = choice(Known, "of an id with another content: refuse, if not given")
    note = serializers.CharField(required=False, allow_blank=True, max_length=writing.LONGEST_NOTE)


class DatasetItemsGiven(DatasetAdding):
    items = serializers.ListField(child=Item(), min_length=1, max_length=MOST_AT_ONCE)


class DatasetCheckGiven(Strict):
    items = serializers.ListField(child=Item(), min_length=1, max_length=MOST_AT_ONCE)


class DatasetPlace(Strict):
    trace_id = serializers.RegexField(r"^[0-9a-fA-F]{32}$")
    span_id = serializers.RegexField(r"^[0-9a-fA-F]{16}$", required=False, allow_null=True)


def expected(usual: Expected) -> serializers.ChoiceField:
    return serializers.ChoiceField(
        choices=[each.value for each in Expected],
        required=False,
        help_text="without a correction or a reference: nothing (people); the answer that was"
        " given, where `right_if` holds (right), where no reviewer has judged it (unreviewed), or"
        f" everywhere (answer). {usual.value}, if not given",
    )


class DatasetRightIf(Strict):
    """The answer is right where people gave this answer to this boolean question."""

    question = serializers.CharField(max_length=100)
    answer = serializers.BooleanField()


def rule_of(said: dict[str, Any], usual: Rule) -> Rule:
    """Raises Invalid for `right` without a question, and a question without `right`."""
    told = said.get("right_if")
    asked = Expected(said["expected"]) if "expected" in said else None
    if told is not None and asked in (None, Expected.RIGHT):
        return Rule(Expected.RIGHT, told["question"], told["answer"])
    if told is not None or asked == Expected.RIGHT:
        detail = 'Belongs to "expected": "right", and is needed there.'
        raise Invalid([{"pointer": "/right_if", "detail": detail}])
    return usual if asked is None else Rule(asked)


class DatasetTracesGiven(DatasetAdding):
    items = serializers.ListField(child=DatasetPlace(), min_length=1, max_length=MOST)
    expected = expected(OF_TRACES.expected)
    right_if = DatasetRightIf(required=False)
    split = serializers.CharField(required=False, allow_blank=True, max_length=40)


class DatasetQueueGiven(DatasetAdding):
    """`items`: ids of settled items; without, the settled ones behind `after`."""

    queue = serializers.CharField(max_length=60)
    items = serializers.ListField(
        child=serializers.IntegerField(min_value=1, max_value=2**63 - 1),
        required=False, min_length=1, max_length=MOST,
    )  # fmt: skip
    after = serializers.IntegerField(required=False, min_value=0, max_value=2**63 - 1)
    expected = expected(OF_QUEUE.expected)
    right_if = DatasetRightIf(required=False)
    split = serializers.CharField(required=False, allow_blank=True, max_length=40)


class DatasetItemChange(Strict):
    """What is named is changed. `version`: of the item as seen; another since is a conflict."""

    input = serializers.JSONField(required=False)
    expected = serializers.JSONField(required=False, allow_null=True)
    context = serializers.ListField(  # type: ignore[assignment]
        child=serializers.CharField(allow_blank=True, trim_whitespace=False), required=False
    )
    metadata = serializers.DictField(required=False)
    split = serializers.CharField(required=False, allow_blank=True, max_length=40)
    version = serializers.IntegerField(required=False, min_value=1, max_value=2**31 - 1)
    personal_data = serializers.ChoiceField(
        choices=[Personal.REFUSE.value, Personal.REDACT.value, Personal.KEEP.value], required=False
    )
    note = serializers.CharField(required=False, allow_blank=True, max_length=writing.LONGEST_NOTE)


class Numbers(serializers.ListField):
    child = serializers.IntegerField(min_value=1, max_value=2**31 - 1)


class DatasetRemoval(Strict):
    numbers = Numbers(min_length=1, max_length=MOST_AT_ONCE)
    note = serializers.CharField(required=False, allow_blank=True, max_length=writing.LONGEST_NOTE)


class DatasetTagGiven(Strict):
    version = serializers.IntegerField(min_value=1, max_value=2**31 - 1)


class DatasetErasure(Strict):
    """One of user_id, trace_id and text; `dry_run` only counts."""

    user_id = serializers.CharField(required=False, max_length=500)
    trace_id = serializers.RegexField(r"^[0-9a-fA-F]{32}$", required=False)
    text = serializers.CharField(required=False, max_length=500)
    reason = serializers.CharField(required=False, max_length=writing.LONGEST_NOTE)
    dry_run = serializers.BooleanField(required=False)


class DatasetItemErasure(Strict):
    reason = serializers.CharField(max_length=writing.LONGEST_NOTE)


def drafts_of(given: list[Any]) -> list[Draft]:
    """Raises Invalid, pointers below /items."""
    drafts: list[Draft] = []
    faults: list[Fault] = []
    for n, one in enumerate(given):
        draft, wrong = read(one, Source(SourceKind.API), f"/items/{n}")
        faults += wrong
        if draft is not None:
            drafts.append(draft)
        if len(faults) >= 100:
            break
    if faults:
        raise Invalid(faults[:100])
    return drafts


def choices_of(said: dict[str, Any]) -> Choices:
    return Choices(
        Personal(said.get("personal_data", Personal.REFUSE)),
        Alike(said.get("near_duplicates", Alike.KEEP)),
        Known(said.get("known", Known.REFUSE)),
    )


def keys_of(places: list[dict[str, Any]]) -> list[Key]:
    return [
        (
            trace_from_hex(one["trace_id"]),
            span_from_hex(one["span_id"]) if one.get("span_id") else None,
        )
        for one in places
    ]


def trace_of(said: dict[str, Any]) -> UUID | None:
    return trace_from_hex(said["trace_id"]) if "trace_id" in said else None
