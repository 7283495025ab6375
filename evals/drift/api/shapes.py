"""The shapes of bodies in and out, for the description of the API."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from evals.drift.models import Monitor, Window
from evals.drift.services.monitors import MOST_HOURS, MOST_SIZE
from sightglass.strict import Strict


class Shape(serializers.Serializer[Any]):
    """Of a body out."""


class DriftMonitorGiven(Strict):
    """How a monitor is to be. A window is so many `hours`, or ends after `size` traces."""

    name = serializers.SlugField(max_length=60, help_text="its score is `drift.` and this name")
    what = serializers.ChoiceField(choices=Monitor.What.choices)
    q = serializers.CharField(
        max_length=4_000, default="", allow_blank=True, help_text="a query for traces"
    )
    hours = serializers.IntegerField(min_value=0, max_value=MOST_HOURS, default=24)
    size = serializers.IntegerField(min_value=0, max_value=MOST_SIZE, default=0)
    reference = serializers.ChoiceField(choices=Monitor.Reference.choices, default="previous")
    release = serializers.CharField(max_length=200, default="", allow_blank=True)
    dataset = serializers.CharField(
        max_length=60, default=None, allow_null=True, help_text="its slug"
    )
    alpha = serializers.FloatField(
        min_value=0.001, max_value=0.5, default=0.05,
        help_text="share of false ones among the windows that are said to drift",
    )  # fmt: skip
    enabled = serializers.BooleanField(default=True)


class DriftWindow(Shape):
    id = serializers.IntegerField()
    monitor = serializers.IntegerField()
    start_time = serializers.CharField()
    end_time = serializers.CharField()
    state = serializers.ChoiceField(choices=Window.State.choices)
    stage = serializers.CharField(allow_blank=True, help_text="of one under way")
    by_hand = serializers.BooleanField()
    drift = serializers.BooleanField(allow_null=True)
    p = serializers.FloatField(allow_null=True)
    adjusted = serializers.FloatField(
        allow_null=True, help_text="p corrected for the project's windows of two weeks"
    )
    changed_share = serializers.FloatField(allow_null=True)
    detectable = serializers.FloatField(
        allow_null=True, help_text="the smallest share that would have been seen, power 0.8"
    )
    reference_size = serializers.IntegerField()
    current_size = serializers.IntegerField()
    cause = serializers.CharField(allow_blank=True, help_text="users, model or both")
    verdict = serializers.CharField(allow_blank=True)
    problem = serializers.CharField(allow_blank=True)


class DriftTest(Shape):
    name = serializers.CharField()
    kind = serializers.CharField()
    statistic = serializers.FloatField()
    p_value = serializers.FloatField()
    adjusted = serializers.FloatField(help_text="Benjamini–Hochberg over the window's tests")
    effect = serializers.FloatField()
    reference = serializers.FloatField(allow_null=True)
    current = serializers.FloatField(allow_null=True)
    level = serializers.CharField(allow_null=True)


class DriftSlice(Shape):
    dimension = serializers.CharField()
    value = serializers.CharField(allow_blank=True)
    n_before = serializers.IntegerField()
    n_now = serializers.IntegerField()
    before = serializers.FloatField()
    now = serializers.FloatField()
    explains = serializers.FloatField(help_text="of the change; adds up to 1 over a dimension")
    left = serializers.FloatField(
        allow_null=True, help_text="of the change, without it; above 1: it goes against the rest"
    )
    p = serializers.FloatField(help_text="whether its share changed, corrected")
    carries = serializers.BooleanField()


class DriftTerm(Shape):
    term = serializers.CharField()
    weight = serializers.FloatField()
    reference = serializers.FloatField()
    current = serializers.FloatField()


class DriftText(Shape):
    trace_id = serializers.CharField()
    span_id = serializers.CharField()
    time = serializers.CharField()
    stored = serializers.BooleanField()
    input = serializers.CharField(allow_blank=True)
    output = serializers.CharField(allow_blank=True)


class DriftExample(Shape):
    now = DriftText()
    before = DriftText(allow_null=True, help_text="of the reference, the one most like it")


class DriftLength(Shape):
    """Words of an answer, on average."""

    before = serializers.FloatField()
    now = serializers.FloatField()
    by_model = serializers.FloatField(help_text="the change at the same questions")
    significant = serializers.BooleanField()


class DriftParts(Shape):
    """Of the change, by cause; they add up to 1."""

    users = serializers.FloatField()
    model = serializers.FloatField()


class DriftWindowWhole(DriftWindow):
    tests = DriftTest(many=True)
    terms = DriftTerm(many=True)
    slices = DriftSlice(many=True)
    parts = DriftParts(allow_null=True)
    length = DriftLength(allow_null=True)
    examples = DriftExample(many=True)


class DriftWindowPage(Shape):
    results = DriftWindow(many=True)
    next = serializers.CharField(allow_null=True)


class DriftMonitor(Shape):
    id = serializers.IntegerField()
    name = serializers.CharField()
    what = serializers.ChoiceField(choices=Monitor.What.choices)
    q = serializers.CharField(allow_blank=True)
    hours = serializers.IntegerField()
    size = serializers.IntegerField()
    reference = serializers.ChoiceField(choices=Monitor.Reference.choices)
    release = serializers.CharField(allow_blank=True)
    dataset = serializers.CharField(allow_null=True)
    alpha = serializers.FloatField()
    enabled = serializers.BooleanField()
    score = serializers.CharField(help_text="what an alert rule looks at: `score:` and this name")
    created_at = serializers.DateTimeField()
    last = DriftWindow(allow_null=True)


class DriftMonitorPage(Shape):
    results = DriftMonitor(many=True)
    next = serializers.CharField(allow_null=True)
