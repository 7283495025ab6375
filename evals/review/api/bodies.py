"""Bodies in."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from evals.review.models import FillRule, Order, QueueReviewer
from evals.review.services import queues, rules
from sightglass.strict import Strict


class People(serializers.DictField):
    child = serializers.ChoiceField(choices=QueueReviewer.Role.choices)


class ReviewQueueChange(Strict):
    """What is named is changed; `questions` and `reviewers` are replaced whole."""

    name = serializers.CharField(max_length=120)
    guidelines = serializers.CharField(
        required=False, allow_blank=True, max_length=queues.LONGEST_GUIDELINES, help_text="Markdown"
    )
    questions = serializers.JSONField(help_text="the rubric; see docs/review.md")
    labels_wanted = serializers.IntegerField(required=False, min_value=1, max_value=5)
    blind = serializers.BooleanField(required=False)
    show_marks = serializers.BooleanField(required=False, help_text="what detectors marked")
    order = serializers.ChoiceField(choices=Order.choices, required=False)
    order_score = serializers.CharField(
        required=False, allow_blank=True, max_length=100, help_text="names of scores, with commas"
    )
    seed = serializers.IntegerField(required=False, min_value=-(2**31), max_value=2**31 - 1)
    goal_hours = serializers.IntegerField(
        required=False, allow_null=True, min_value=1, max_value=8760
    )
    lease_minutes = serializers.IntegerField(required=False, min_value=1, max_value=1440)
    gold_share = serializers.FloatField(required=False, min_value=0, max_value=0.5)
    reviewers = People(required=False, help_text="by address: reviewer or lead")
    version = serializers.IntegerField(
        required=False, min_value=1, max_value=2**31 - 1, help_text="of the queue as it was read"
    )


class ReviewQueueGiven(ReviewQueueChange):
    version = None  # type: ignore[assignment]
    slug = serializers.CharField(max_length=60)


def settings_from(said: dict[str, Any]) -> dict[str, Any]:
    """As services have them: without what is no setting, addresses in lower case and in order."""
    fields = {name: value for name, value in said.items() if name not in ("slug", "version")}
    if "reviewers" in fields:
        given = fields["reviewers"]
        fields["reviewers"] = {email.lower(): given[email] for email in sorted(given)}
    return fields


class ReviewRuleGiven(Strict):
    """`since`: from when on it looks; now, if not given."""

    kind = serializers.ChoiceField(choices=FillRule.Kind.choices)
    q = serializers.CharField(required=False, allow_blank=True, max_length=2000)
    target = serializers.ChoiceField(choices=["trace", "span"], required=False)
    rate = serializers.FloatField(required=False)
    rates = serializers.DictField(child=serializers.FloatField(), required=False)
    stratify = serializers.CharField(required=False, allow_blank=True, max_length=100)
    per_day = serializers.IntegerField(
        required=False, allow_null=True, min_value=1, max_value=rules.MOST_A_DAY
    )
    config = serializers.DictField(required=False)
    since = serializers.CharField(required=False, max_length=64, help_text="RFC 3339 or Unix ns")


class ReviewPlace(Strict):
    trace_id = serializers.RegexField(r"^[0-9a-fA-F]{32}$")
    span_id = serializers.RegexField(r"^[0-9a-fA-F]{16}$", required=False, allow_null=True)


class ReviewItemsGiven(Strict):
    items = serializers.ListField(child=ReviewPlace(), min_length=1, max_length=1000)


class ReviewNextGiven(Strict):
    """`besides`: items that are open already, so that another one is fetched ahead."""

    besides = serializers.ListField(
        child=serializers.IntegerField(min_value=1, max_value=2**63 - 1),
        required=False, max_length=100,
    )  # fmt: skip


class ReviewDraftGiven(Strict):
    answers = serializers.DictField()


class ReviewSubmitGiven(Strict):
    answers = serializers.DictField()
    rubric = serializers.IntegerField(required=False, min_value=1, max_value=2**31 - 1)
    seconds = serializers.FloatField(required=False, allow_null=True, min_value=0)
    replaces = serializers.IntegerField(required=False, allow_null=True, min_value=1)


class ReviewAdjudicateGiven(Strict):
    answers = serializers.DictField()
    version = serializers.IntegerField(required=False, min_value=0, help_text="of the item as seen")


class ReviewGoldGiven(Strict):
    """null: it is gold no more."""

    answers = serializers.DictField(allow_null=True)


class ReviewReasonGiven(Strict):
    reason = serializers.CharField(max_length=2000)


class ReviewCommentGiven(Strict):
    text = serializers.CharField(max_length=10_000)
    mentions = serializers.ListField(
        child=serializers.CharField(max_length=254), required=False, max_length=20
    )


def read(shape: type[Strict], data: Any, **more: Any) -> dict[str, Any]:
    """Raises ValidationError."""
    given = shape(data=data, **more)
    given.is_valid(raise_exception=True)
    checked: dict[str, Any] = given.validated_data
    return checked
