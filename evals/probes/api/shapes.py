"""Bodies in and out. Money is US dollars as text."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from rest_framework import serializers

from evals.probes.models import ProbeSet
from evals.probes.services import sets
from sightglass.strict import Strict


class ProbeSetGiven(Strict):
    """Prompts come from one of `prompts`, `dataset` (its newest version), or `q` with a range."""

    name = serializers.CharField(max_length=60)
    connection = serializers.IntegerField(min_value=1, max_value=2**62)
    model = serializers.CharField(max_length=200, allow_blank=True, default="")
    prompts = serializers.ListField(
        child=serializers.CharField(max_length=sets.LONGEST), max_length=sets.MOST, default=list
    )
    dataset = serializers.CharField(max_length=100, allow_blank=True, default="")
    q = serializers.CharField(max_length=2_000, allow_blank=True, default="")
    start = serializers.DateTimeField(allow_null=True, default=None)
    end = serializers.DateTimeField(allow_null=True, default=None)
    most = serializers.IntegerField(min_value=5, max_value=sets.MOST, default=30)
    every = serializers.ChoiceField(choices=ProbeSet.Every.choices, default="night")
    baseline_runs = serializers.IntegerField(min_value=2, max_value=10, default=3)
    budget = serializers.DecimalField(
        max_digits=9, decimal_places=6, min_value=Decimal("0.000001"), max_value=Decimal(100),
        default=Decimal(1), help_text="US dollars a day (UTC)",
    )  # fmt: skip


class ProbeSetChange(Strict):
    paused = serializers.BooleanField()


class Shape(serializers.Serializer[Any]):
    """Of a body out."""


class ProbeTest(Shape):
    name = serializers.CharField()
    value = serializers.FloatField()
    usual = serializers.FloatField()
    p = serializers.FloatField()


class ProbeRunRow(Shape):
    id = serializers.IntegerField()
    slot = serializers.DateTimeField(help_text="the beginning of its night or hour")
    state = serializers.ChoiceField(choices=["running", "done", "stopped"])
    problem = serializers.CharField(allow_blank=True)
    answered = serializers.IntegerField()
    cost = serializers.CharField(allow_null=True)
    baseline = serializers.BooleanField(help_text="others are held against it")
    changed = serializers.BooleanField(allow_null=True)
    p = serializers.FloatField(allow_null=True)
    same = serializers.FloatField(allow_null=True, help_text="share of answers there were before")
    usual_same = serializers.FloatField(allow_null=True)
    tests = ProbeTest(many=True)
    accepted_at = serializers.DateTimeField(allow_null=True)
    finished_at = serializers.DateTimeField(allow_null=True)


class ProbeSetRow(Shape):
    id = serializers.IntegerField()
    name = serializers.CharField()
    connection = serializers.IntegerField(allow_null=True)
    model = serializers.CharField()
    every = serializers.ChoiceField(choices=ProbeSet.Every.choices)
    baseline_runs = serializers.IntegerField()
    budget = serializers.CharField(allow_null=True)
    paused = serializers.BooleanField()
    score = serializers.CharField(help_text="what an alert rule looks at: `score:` and this name")
    last = ProbeRunRow(allow_null=True)


class ProbeSetPage(Shape):
    results = ProbeSetRow(many=True)
    next = serializers.CharField(allow_null=True)


class ProbeRunPage(Shape):
    results = ProbeRunRow(many=True)
    next = serializers.CharField(allow_null=True)


class ProbeBeside(Shape):
    messages = serializers.ListField(child=serializers.DictField())
    before = serializers.CharField(allow_blank=True)
    after = serializers.CharField(allow_blank=True)
    same = serializers.BooleanField()
    error = serializers.CharField(allow_blank=True)


class ProbeRunWhole(ProbeRunRow):
    answers = ProbeBeside(many=True)
