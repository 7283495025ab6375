"""The shapes of bodies out, for the description of the API. Money is US dollars as text."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers


class Shape(serializers.Serializer[Any]):
    """Of a body out."""


class CachePoint(Shape):
    threshold = serializers.FloatField(allow_null=True, help_text="null: the exact cache")
    calls = serializers.IntegerField()
    hits = serializers.IntegerField()
    hit_rate = serializers.FloatField()
    saved = serializers.CharField(allow_null=True)
    saved_seconds = serializers.FloatField()
    judged = serializers.IntegerField(help_text="hits of which it is known whether they are wrong")
    wrong = serializers.IntegerField()
    wrong_rate = serializers.FloatField(allow_null=True)
    low = serializers.FloatField(allow_null=True, help_text="of the 95 % interval (Wilson)")
    high = serializers.FloatField(allow_null=True)


class CacheSlice(CachePoint):
    dimension = serializers.CharField()
    name = serializers.CharField()


class CacheExample(Shape):
    trace_id = serializers.CharField()
    span_id = serializers.CharField()
    entry_trace_id = serializers.CharField()
    entry_span_id = serializers.CharField()
    similarity = serializers.FloatField()


class CacheFound(Shape):
    calls = serializers.IntegerField(help_text="that were looked up")
    tool_steps = serializers.IntegerField(help_text="steps of agents with tools, left out")
    cut = serializers.BooleanField(help_text="only the newest calls of the range were replayed")
    start = serializers.DateTimeField()
    end = serializers.DateTimeField()
    traffic_seconds = serializers.FloatField(
        help_text="from the first call to the last, at least a day if the range is that long:"
        " what a month of 30 days is scaled from"
    )
    without_vector = serializers.IntegerField()
    unpriced = serializers.IntegerField()
    cost = serializers.CharField(allow_null=True)
    exact = CachePoint()
    points = CachePoint(many=True)
    recommended = serializers.FloatField(allow_null=True)
    slices = CacheSlice(many=True, help_text="at the recommended threshold, or the exact cache's")
    examples = CacheExample(many=True, help_text="wrong hits, likewise")


class ReplayShape(Shape):
    id = serializers.IntegerField()
    state = serializers.ChoiceField(choices=["waiting", "running", "done", "stopped", "failed"])
    problem = serializers.CharField(allow_blank=True)
    start = serializers.DateTimeField()
    end = serializers.DateTimeField()
    q = serializers.CharField(allow_blank=True)
    done = serializers.IntegerField()
    total = serializers.IntegerField()
    created_at = serializers.DateTimeField()
    finished_at = serializers.DateTimeField(allow_null=True)


class CacheReplayRow(ReplayShape):
    ttl_seconds = serializers.IntegerField(allow_null=True)
    same = serializers.ListField(child=serializers.CharField())
    evaluator = serializers.IntegerField(allow_null=True)
    alike = serializers.FloatField()
    most_wrong = serializers.FloatField()


class CacheReplayWhole(CacheReplayRow):
    result = CacheFound(allow_null=True)


class CacheReplayPage(Shape):
    results = CacheReplayRow(many=True)
    next = serializers.CharField(allow_null=True)


class ReplayTrialStratum(Shape):
    slice = serializers.CharField()
    calls = serializers.IntegerField()
    cost = serializers.CharField(allow_null=True)
    asked = serializers.IntegerField()
    read = serializers.IntegerField(help_text="calls that were looked at")
    able = serializers.IntegerField(help_text="of these, such as can be asked again")


class ReplayTrialForeseen(Shape):
    calls = serializers.IntegerField()
    cost = serializers.CharField(allow_null=True, help_text="about")
    priced = serializers.BooleanField(help_text="false: the model has no known price")
    cut = serializers.BooleanField()
    left_out = serializers.DictField(help_text="of those looked at: why, and how many")
    strata = ReplayTrialStratum(many=True)


class ReplayTrialEvaluator(Shape):
    evaluator = serializers.IntegerField()
    name = serializers.CharField()
    version = serializers.IntegerField()
    pairs = serializers.IntegerField()
    before = serializers.FloatField(allow_null=True, help_text="share of good recorded answers")
    after = serializers.FloatField(allow_null=True)
    difference = serializers.FloatField(allow_null=True)
    low = serializers.FloatField(allow_null=True)
    high = serializers.FloatField(allow_null=True)
    p = serializers.FloatField(allow_null=True)
    labels = serializers.IntegerField()
    corrected = serializers.BooleanField(help_text="by people's labels")
    reason = serializers.CharField(allow_blank=True)


class ReplayTrialSlice(Shape):
    slice = serializers.CharField()
    serves = serializers.BooleanField(help_text="not worse by more than the margin, for certain")
    calls = serializers.IntegerField()
    read = serializers.IntegerField(help_text="calls that were looked at")
    askable = serializers.IntegerField(help_text="calls that can be asked again, about")
    askable_share = serializers.FloatField(allow_null=True, help_text="of all calls, about")
    asked = serializers.IntegerField()
    answered = serializers.IntegerField()
    cost = serializers.CharField(allow_null=True, help_text="of 30 days as it is")
    askable_cost = serializers.CharField(
        allow_null=True, help_text="of it, that of calls that can be asked again, about"
    )
    saves = serializers.CharField(
        allow_null=True,
        help_text="in 30 days, on calls that can be asked again; negative: it costs more",
    )
    saves_low = serializers.CharField(allow_null=True, help_text="95 %")
    saves_high = serializers.CharField(allow_null=True)
    ms_before = serializers.FloatField(allow_null=True, help_text="median")
    ms_after = serializers.FloatField(allow_null=True)
    evaluators = ReplayTrialEvaluator(many=True)


class ReplayTrialFound(Shape):
    judged = serializers.IntegerField()
    failed = serializers.IntegerField()
    saves = serializers.CharField(allow_null=True, help_text="in 30 days where it could serve")
    saves_low = serializers.CharField(allow_null=True, help_text="95 %")
    saves_high = serializers.CharField(allow_null=True)
    slices = ReplayTrialSlice(many=True)


class ReplayTrialRow(ReplayShape):
    connection = serializers.IntegerField(allow_null=True)
    model = serializers.CharField()
    slice_by = serializers.CharField()
    evaluators = serializers.ListField(child=serializers.IntegerField())
    most = serializers.IntegerField()
    margin = serializers.FloatField()
    budget = serializers.CharField(allow_null=True)
    estimate = serializers.CharField(allow_null=True)
    spent = serializers.CharField(allow_null=True, help_text="what is under way included")
    left_out = serializers.DictField()


class ReplayTrialWhole(ReplayTrialRow):
    result = ReplayTrialFound(allow_null=True)


class ReplayTrialPage(Shape):
    results = ReplayTrialRow(many=True)
    next = serializers.CharField(allow_null=True)


class ReplayTrialCallRow(Shape):
    id = serializers.IntegerField()
    trace_id = serializers.CharField()
    span_id = serializers.CharField()
    slice = serializers.CharField()
    state = serializers.CharField()
    answer = serializers.CharField(allow_blank=True)
    cost_before = serializers.CharField(allow_null=True)
    cost = serializers.CharField(allow_null=True)
    ms_before = serializers.FloatField(allow_null=True)
    ms = serializers.FloatField(allow_null=True)
    error = serializers.CharField(allow_blank=True)
    verdicts = serializers.ListField(child=serializers.DictField())


class ReplayTrialCallPage(Shape):
    results = ReplayTrialCallRow(many=True)
    next = serializers.CharField(allow_null=True)
