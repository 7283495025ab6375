"""The shapes of bodies out, for the description of the API and the columns of exports."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from traces.api import schema


class Answers(serializers.DictField):
    """By key of the question."""


class ReviewRubricRow(serializers.Serializer[Any]):
    version = serializers.IntegerField()
    questions = serializers.ListField(child=serializers.DictField())
    created_at = serializers.DateTimeField()


class ReviewCountsRow(serializers.Serializer[Any]):
    total = serializers.IntegerField()
    states = serializers.DictField(child=serializers.IntegerField())
    overdue = serializers.IntegerField()
    flagged = serializers.IntegerField()


class ReviewQueueRow(serializers.Serializer[Any]):
    slug = serializers.CharField()
    name = serializers.CharField()
    guidelines = serializers.CharField(allow_blank=True)
    rubric = ReviewRubricRow()
    labels_wanted = serializers.IntegerField()
    blind = serializers.BooleanField()
    show_marks = serializers.BooleanField()
    order = serializers.CharField()
    order_score = serializers.CharField(allow_blank=True)
    seed = serializers.IntegerField()
    goal_hours = serializers.IntegerField(allow_null=True)
    lease_minutes = serializers.IntegerField()
    gold_share = serializers.FloatField(allow_null=True, help_text="for leads")
    reviewers = serializers.DictField(help_text="by address: reviewer or lead")
    version = serializers.IntegerField(help_text="of its settings; see PATCH")
    archived_at = serializers.DateTimeField(allow_null=True)
    items = ReviewCountsRow()


class ReviewQueuePage(serializers.Serializer[Any]):
    results = ReviewQueueRow(many=True)
    next = serializers.CharField(allow_null=True)


class ReviewRuleRow(serializers.Serializer[Any]):
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


class ReviewRulePage(serializers.Serializer[Any]):
    results = ReviewRuleRow(many=True)
    next = serializers.CharField(allow_null=True)


class ReviewItemRow(serializers.Serializer[Any]):
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


class ReviewItemPage(serializers.Serializer[Any]):
    results = ReviewItemRow(many=True)
    next = serializers.CharField(allow_null=True)


class ReviewAddedRow(serializers.Serializer[Any]):
    ids = serializers.ListField(child=serializers.IntegerField())
    duplicates = serializers.IntegerField()
    unknown = serializers.ListField(child=serializers.DictField())


class ReviewLabelRow(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    reviewer = serializers.CharField()
    rubric = serializers.IntegerField()
    answers = Answers()
    seconds = serializers.FloatField(allow_null=True)
    submitted_at = serializers.DateTimeField()
    adjudicates = serializers.BooleanField()


class ReviewCommentRow(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    item = serializers.IntegerField()
    author = serializers.CharField(allow_null=True)
    text = serializers.CharField(
        allow_null=True, help_text="null: it asks you, and is shown once you have labelled the item"
    )
    created_at = serializers.DateTimeField()


class ReviewCommentPage(serializers.Serializer[Any]):
    results = ReviewCommentRow(many=True)
    next = serializers.CharField(allow_null=True)


class ReviewFlagRow(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    author = serializers.CharField(allow_null=True)
    reason = serializers.CharField()
    created_at = serializers.DateTimeField()
    resolved_at = serializers.DateTimeField(allow_null=True)


class ReviewDraftRow(serializers.Serializer[Any]):
    item = serializers.IntegerField()
    answers = Answers()
    saved_at = serializers.DateTimeField()


class ReviewClaimRow(serializers.Serializer[Any]):
    item = serializers.IntegerField()
    until = serializers.DateTimeField()


class ReviewMineRow(serializers.Serializer[Any]):
    claimed_until = serializers.DateTimeField(allow_null=True)
    draft = ReviewDraftRow(allow_null=True)
    label = ReviewLabelRow(allow_null=True)  # type: ignore[assignment]
    skipped = serializers.CharField(allow_null=True)


class ReviewContentRow(serializers.Serializer[Any]):
    """`trace` is null where it is not stored any more."""

    trace = schema.TraceSummary(allow_null=True)
    spans = schema.Span(many=True)
    scores = schema.ScoreRow(many=True)
    next = serializers.CharField(allow_null=True)


class ReviewItemWhole(ReviewItemRow):
    rubric = ReviewRubricRow()
    mine = ReviewMineRow()
    given = ReviewLabelRow(many=True)
    comments = ReviewCommentRow(many=True)
    flags = ReviewFlagRow(many=True)
    content = ReviewContentRow()


class ReviewNextRow(serializers.Serializer[Any]):
    """null: there is nothing for you."""

    item = ReviewItemWhole(allow_null=True)


class ReviewProgressRow(serializers.Serializer[Any]):
    labelled = serializers.IntegerField()
    today = serializers.IntegerField(help_text="since midnight, UTC")
    pace = serializers.IntegerField(help_text="labels in the last hour")
    median_seconds = serializers.FloatField(allow_null=True)
    left = serializers.IntegerField(help_text="1000 is that or more")
    held = ReviewClaimRow(many=True)
    drafts = ReviewDraftRow(many=True)
    due = ReviewItemRow(many=True)
    mentions = ReviewCommentRow(many=True)


class ReviewExportedLabel(ReviewLabelRow):
    item = serializers.IntegerField()
    trace_id = serializers.CharField()
    span_id = serializers.CharField(allow_null=True)
    state = serializers.CharField()
    origin = serializers.CharField()
    probability = serializers.FloatField(allow_null=True)
    stratum = serializers.CharField(allow_blank=True)
    gold = serializers.BooleanField()


class ReviewExportedPage(serializers.Serializer[Any]):
    results = ReviewExportedLabel(many=True)
    next = serializers.CharField(allow_null=True)


class ReviewEstimateRow(serializers.Serializer[Any]):
    """A figure of `n` cases with its 95 % interval, or the reason why there is none."""

    value = serializers.FloatField(allow_null=True)
    low = serializers.FloatField(allow_null=True)
    high = serializers.FloatField(allow_null=True)
    n = serializers.IntegerField()
    reason = serializers.CharField(allow_null=True)


class ReviewPairRow(serializers.Serializer[Any]):
    reviewers = serializers.ListField(child=serializers.CharField())
    observed = ReviewEstimateRow()
    kappa = ReviewEstimateRow()
    weighted = ReviewEstimateRow(allow_null=True)


class ReviewerRow(serializers.Serializer[Any]):
    reviewer = serializers.CharField()
    bias = ReviewEstimateRow()
    drift = ReviewEstimateRow()


class ReviewAgreementRow(serializers.Serializer[Any]):
    question = serializers.CharField()
    versions = serializers.ListField(
        child=serializers.IntegerField(), help_text="of the rubric, whose labels these are"
    )
    kind = serializers.CharField()
    level = serializers.CharField()
    alpha = ReviewEstimateRow()
    fleiss = ReviewEstimateRow()
    pairs = ReviewPairRow(many=True)
    reviewers = ReviewerRow(many=True)


class ReviewGoldRow(serializers.Serializer[Any]):
    reviewer = serializers.CharField()
    items = serializers.IntegerField()
    questions = serializers.DictField(child=ReviewEstimateRow())


class ReviewAgreementWhole(serializers.Serializer[Any]):
    questions = ReviewAgreementRow(many=True)
    former = ReviewAgreementRow(many=True)
    gold = ReviewGoldRow(many=True)


class ReviewBrief(serializers.Serializer[Any]):
    """The item as it is now, and what the caller has of it."""

    item = ReviewItemRow()
    mine = ReviewMineRow()
