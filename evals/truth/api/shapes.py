"""The shapes of bodies out, for the description of the API."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers


class Shape(serializers.Serializer[Any]):
    """Of a body out."""


class TruthEstimate(Shape):
    """A figure with its 95 % interval; null with the `reason` where there is none."""

    value = serializers.FloatField(allow_null=True)
    low = serializers.FloatField(allow_null=True)
    high = serializers.FloatField(allow_null=True)
    n = serializers.IntegerField()
    reason = serializers.CharField(allow_null=True)


class TruthPairing(Shape):
    question = serializers.CharField()
    opposite = serializers.BooleanField()
    least = serializers.FloatField(allow_null=True)
    words = serializers.ListField(child=serializers.CharField())


class TruthFigures(Shape):
    """A version against people."""

    version = serializers.IntegerField()
    n = serializers.IntegerField(help_text="cases in the matrix")
    pairs = serializers.IntegerField(help_text="objects on which both said something")
    ties = serializers.IntegerField(help_text="of these, on which people are at odds")
    basis = serializers.ChoiceField(choices=["drawn", "picked", "targeted"])
    categories = serializers.ListField(help_text="what rows and columns stand for")
    matrix = serializers.ListField(
        child=serializers.ListField(child=serializers.IntegerField()),
        help_text="a row for what people say, a column for what the evaluator says",
    )
    sensitivity = TruthEstimate()
    specificity = TruthEstimate()
    accuracy = TruthEstimate()
    kappa = TruthEstimate()
    people_same = TruthEstimate()
    people_alpha = TruthEstimate()
    reason = serializers.CharField(allow_null=True, help_text="why there is no matrix")


class TruthSlice(TruthFigures):
    dimension = serializers.CharField()
    name = serializers.CharField()


class TruthRun(Shape):
    day = serializers.DateField()
    state = serializers.ChoiceField(choices=["running", "done", "stopped"])
    version = serializers.IntegerField()
    answered = serializers.IntegerField()
    right = serializers.IntegerField()
    agreement = TruthEstimate(help_text="the share that people agree with")
    cost = serializers.CharField(allow_null=True)
    compared_with = serializers.DateField(allow_null=True)
    changed = serializers.BooleanField(allow_null=True)
    p = serializers.FloatField(allow_null=True)
    tests = serializers.DictField(help_text="by name: [more, fewer, p]")
    accepted_at = serializers.DateTimeField(allow_null=True)
    problem = serializers.CharField(allow_blank=True)
    started_at = serializers.DateTimeField()
    finished_at = serializers.DateTimeField(allow_null=True)


class TruthRunPage(Shape):
    results = TruthRun(many=True)
    next = serializers.CharField(allow_null=True)


class TruthPanel(Shape):
    number = serializers.IntegerField()
    question = serializers.CharField()
    size = serializers.IntegerField()
    cases = serializers.IntegerField(help_text="fewer than `size` where a person's were deleted")
    frozen_at = serializers.DateTimeField()
    score = serializers.CharField(help_text="what an alert rule looks at: `score:` and this name")
    last = TruthRun(allow_null=True)


class TruthEvaluator(Shape):
    id = serializers.IntegerField()
    name = serializers.CharField()
    kind = serializers.CharField()
    version = serializers.IntegerField(help_text="the one at work")
    pairing = TruthPairing()
    figures = TruthFigures(allow_null=True, help_text="of the newest version with labels")
    changed = serializers.BooleanField(allow_null=True, help_text="by its panel; null: none")


class TruthEvaluatorPage(Shape):
    results = TruthEvaluator(many=True)
    next = serializers.CharField(allow_null=True)


class TruthWhole(TruthEvaluator):
    history = TruthFigures(many=True)
    slices = TruthSlice(many=True)
    cases = serializers.DictField(child=serializers.IntegerField())
    panel = TruthPanel(allow_null=True)


class TruthCase(Shape):
    trace_id = serializers.CharField()
    span_id = serializers.CharField(allow_null=True)
    stored = serializers.BooleanField()
    judge = serializers.JSONField()
    judge_yes = serializers.BooleanField(allow_null=True)
    people = serializers.ListField()
    decided = serializers.JSONField(help_text="by a lead; null: nothing was")
    people_yes = serializers.BooleanField(allow_null=True)
    confidence = serializers.FloatField(allow_null=True)
    weight = serializers.FloatField()
    basis = serializers.CharField()
    input = serializers.CharField(allow_blank=True)
    output = serializers.CharField(allow_blank=True)
    scored_at = serializers.DateTimeField()


class TruthCasePage(Shape):
    results = TruthCase(many=True)
    next = serializers.CharField(allow_null=True)


class TruthRaw(Shape):
    value = serializers.FloatField(allow_null=True)
    low = serializers.FloatField(allow_null=True)
    high = serializers.FloatField(allow_null=True)
    n = serializers.IntegerField()


class TruthRate(Shape):
    evaluator = serializers.IntegerField()
    name = serializers.CharField()
    source = serializers.CharField()  # type: ignore[assignment]
    measure = serializers.ChoiceField(choices=["yes", "flagged", "mean"])
    raw = TruthRaw()
    labels = serializers.IntegerField()
    basis = serializers.CharField(allow_null=True)
    corrected = TruthEstimate(allow_null=True, help_text="of answers like these")
    these_items = TruthEstimate(allow_null=True, help_text="of exactly those scored")
    labels_only = TruthEstimate(allow_null=True)
    power = serializers.FloatField(allow_null=True, help_text="lambda: how far the judge counts")
    labels_to_halve = serializers.IntegerField(allow_null=True)
    reason = serializers.CharField(allow_null=True)


class TruthRates(Shape):
    start = serializers.DateTimeField(allow_null=True)
    end = serializers.DateTimeField(allow_null=True)
    results = TruthRate(many=True)
    next = serializers.CharField(allow_null=True)


class TruthBin(Shape):
    score = serializers.FloatField()
    people = TruthEstimate()


class TruthCalibration(Shape):
    version = serializers.IntegerField()
    labels = serializers.IntegerField()
    applied = serializers.DictField(allow_null=True)
    bins = TruthBin(many=True)
    error = serializers.FloatField(allow_null=True)
    losses = serializers.DictField(help_text="by curve: value, gain, error (of the gain), helps")
    curve = serializers.DictField(
        allow_null=True, help_text="what POST would give the next version"
    )
    reason = serializers.CharField(allow_null=True)


class TruthVersion(Shape):
    version = serializers.IntegerField()


class TruthImprovement(Shape):
    id = serializers.IntegerField()
    evaluator = serializers.IntegerField()
    base = serializers.IntegerField(help_text="version")
    state = serializers.CharField()
    problem = serializers.CharField(allow_blank=True)
    cost = serializers.CharField(allow_null=True)
    created_at = serializers.DateTimeField()
    finished_at = serializers.DateTimeField(allow_null=True)
    adopted = serializers.IntegerField(allow_null=True, help_text="version")


class TruthImprovementPage(Shape):
    results = TruthImprovement(many=True)
    next = serializers.CharField(allow_null=True)


class TruthImprovementWhole(TruthImprovement):
    examples = serializers.ListField(child=serializers.DictField())
    parts = serializers.DictField(child=serializers.IntegerField())
    tried = serializers.IntegerField()
    failed = serializers.IntegerField()
    before = TruthEstimate(allow_null=True, help_text="share that people agree with")
    after = TruthEstimate(allow_null=True)
    difference = TruthEstimate(allow_null=True)
    better = serializers.IntegerField()
    worse = serializers.IntegerField()
    held_out = serializers.ListField(child=serializers.DictField())


class TruthForgotten(Shape):
    cases = serializers.IntegerField()
    examples = serializers.IntegerField()
