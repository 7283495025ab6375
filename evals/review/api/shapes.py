"""The shapes of bodies out, for the description of the API and the columns of exports."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from traces.api import schema


class Answers(serializers.DictField):
    """By key of the question."""


class RubricRow(serializers.Serializer[Any]):
    version = serializers.IntegerField()
    questions = serializers.ListField(child=serializers.DictField())
    created_at = serializers.DateTimeField()


class CountsRow(serializers.Serializer[Any]):
    total = serializers.IntegerField()
    states = serializers.DictField(child=serializers.IntegerField())
    overdue = serializers.IntegerField()
    flagged = serializers.IntegerField()


class QueueRow(serializers.Serializer[Any]):
    slug = serializers.CharField()
    name = serializers.CharField()
    guidelines = serializers.CharField(allow_blank=True)
    rubric = RubricRow()
    labels_wanted = serializers.IntegerField()
    blind = serializers.BooleanField()
    order = serializers.CharField()
    order_score = serializers.CharField(allow_blank=True)
    seed = serializers.IntegerField()
    goal_hours = serializers.IntegerField(allow_null=True)
    lease_minutes = serializers.IntegerField()
    gold_share = serializers.FloatField(allow_null=True, help_text="for leads")
    reviewers = serializers.DictField(help_text="by address: reviewer or lead")
    archived_at = serializers.DateTimeField(allow_null=True)
    items = CountsRow()


class QueuePage(serializers.Serializer[Any]):
    results = QueueRow(many=True)
    next = serializers.CharField(allow_null=True)


class RuleRow(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    kind = serializers.CharField()
    q = serializers.CharField(allow_blank=True)
    target = serializers.CharField()
    rate = serializers.FloatField()
    rates = serializers.DictField()
    stratify = serializers.CharField(allow_blank=True)
    per_day = serializers.IntegerField(allow_null=True)
    config = serializers.DictField()
    active = serializers.BooleanField()
    added = serializers.IntegerField()
    problem = serializers.CharField(allow_blank=True)
    created_at = serializers.DateTimeField()


class RulePage(serializers.Serializer[Any]):
    results = RuleRow(many=True)
    next = serializers.CharField(allow_null=True)


class ItemRow(serializers.Serializer[Any]):
    """What stands behind `due_at` is there for leads only."""

    id = serializers.IntegerField()
    trace_id = serializers.CharField()
    span_id = serializers.CharField(allow_null=True)
    state = serializers.CharField()
    flagged = serializers.BooleanField()
    added_at = serializers.DateTimeField()
    due_at = serializers.DateTimeField(allow_null=True)
    origin = serializers.CharField(required=False)
    probability = serializers.FloatField(required=False, allow_null=True)
    stratum = serializers.CharField(required=False, allow_blank=True)
    labels = serializers.IntegerField(required=False)
    version = serializers.IntegerField(required=False)
    gold = serializers.DictField(required=False, allow_null=True)
    settled_answers = serializers.DictField(required=False, allow_null=True)


class ItemPage(serializers.Serializer[Any]):
    results = ItemRow(many=True)
    next = serializers.CharField(allow_null=True)


class AddedRow(serializers.Serializer[Any]):
    ids = serializers.ListField(child=serializers.IntegerField())
    duplicates = serializers.IntegerField()
    unknown = serializers.ListField(child=serializers.DictField())


class LabelRow(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    reviewer = serializers.CharField()
    rubric = serializers.IntegerField()
    answers = Answers()
    seconds = serializers.FloatField(allow_null=True)
    submitted_at = serializers.DateTimeField()
    adjudicates = serializers.BooleanField()


class CommentRow(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    item = serializers.IntegerField()
    author = serializers.CharField(allow_null=True)
    text = serializers.CharField()
    created_at = serializers.DateTimeField()


class CommentPage(serializers.Serializer[Any]):
    results = CommentRow(many=True)
    next = serializers.CharField(allow_null=True)


class FlagRow(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    author = serializers.CharField(allow_null=True)
    reason = serializers.CharField()
    created_at = serializers.DateTimeField()
    resolved_at = serializers.DateTimeField(allow_null=True)


class DraftRow(serializers.Serializer[Any]):
    item = serializers.IntegerField()
    answers = Answers()
    saved_at = serializers.DateTimeField()


class ClaimRow(serializers.Serializer[Any]):
    item = serializers.IntegerField()
    until = serializers.DateTimeField()


class MineRow(serializers.Serializer[Any]):
    claimed_until = serializers.DateTimeField(allow_null=True)
    draft = DraftRow(allow_null=True)
    label = LabelRow(allow_null=True)  # type: ignore[assignment]
    skipped = serializers.CharField(allow_null=True)


class ContentRow(serializers.Serializer[Any]):
    """`trace` is null where it is not stored any more."""

    trace = schema.TraceSummary(allow_null=True)
    spans = schema.Span(many=True)
    scores = schema.ScoreRow(many=True)
    next = serializers.CharField(allow_null=True)


class ItemWhole(ItemRow):
    rubric = RubricRow()
    mine = MineRow()
    given = LabelRow(many=True)
    comments = CommentRow(many=True)
    flags = FlagRow(many=True)
    content = ContentRow()


class NextRow(serializers.Serializer[Any]):
    """null: there is nothing for you."""

    item = ItemWhole(allow_null=True)


class ProgressRow(serializers.Serializer[Any]):
    labelled = serializers.IntegerField()
    today = serializers.IntegerField(help_text="since midnight, UTC")
    pace = serializers.IntegerField(help_text="labels in the last hour")
    median_seconds = serializers.FloatField(allow_null=True)
    left = serializers.IntegerField(help_text="1000 is that or more")
    held = ClaimRow(many=True)
    drafts = DraftRow(many=True)
    due = ItemRow(many=True)
    mentions = CommentRow(many=True)


class ExportedLabel(LabelRow):
    item = serializers.IntegerField()
    trace_id = serializers.CharField()
    span_id = serializers.CharField(allow_null=True)
    state = serializers.CharField()
    origin = serializers.CharField()
    probability = serializers.FloatField(allow_null=True)
    stratum = serializers.CharField(allow_blank=True)
    gold = serializers.BooleanField()


class ExportedPage(serializers.Serializer[Any]):
    results = ExportedLabel(many=True)
    next = serializers.CharField(allow_null=True)


class EstimateRow(serializers.Serializer[Any]):
    """A figure of `n` cases with its 95 % interval, or the reason why there is none."""

    value = serializers.FloatField(allow_null=True)
    low = serializers.FloatField(allow_null=True)
    high = serializers.FloatField(allow_null=True)
    n = serializers.IntegerField()
    reason = serializers.CharField(allow_null=True)


class PairRow(serializers.Serializer[Any]):
    reviewers = serializers.ListField(child=serializers.CharField())
    observed = EstimateRow()
    kappa = EstimateRow()
    weighted = EstimateRow(allow_null=True)


class ReviewerRow(serializers.Serializer[Any]):
    reviewer = serializers.CharField()
    bias = EstimateRow()
    drift = EstimateRow()


class AgreementRow(serializers.Serializer[Any]):
    question = serializers.CharField()
    kind = serializers.CharField()
    level = serializers.CharField()
    alpha = EstimateRow()
    fleiss = EstimateRow()
    pairs = PairRow(many=True)
    reviewers = ReviewerRow(many=True)


class GoldRow(serializers.Serializer[Any]):
    reviewer = serializers.CharField()
    items = serializers.IntegerField()
    questions = serializers.DictField(child=EstimateRow())


class AgreementWhole(serializers.Serializer[Any]):
    questions = AgreementRow(many=True)
    gold = GoldRow(many=True)


class Brief(serializers.Serializer[Any]):
    """The item as it is now, and what the caller has of it."""

    item = ItemRow()
    mine = MineRow()
