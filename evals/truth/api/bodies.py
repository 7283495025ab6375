"""Bodies in."""

from __future__ import annotations

from rest_framework import serializers

from evals.truth.services import panels
from sightglass.strict import Strict


class TruthPairingGiven(Strict):
    """Which answers of people the evaluator is held against."""

    question = serializers.CharField(
        max_length=100, help_text="key of a question, or name of a score that people give"
    )
    opposite = serializers.BooleanField(default=False, help_text="people's yes is its no")
    least = serializers.FloatField(
        allow_null=True, default=None, min_value=-1e6, max_value=1e6,
        help_text="numbers from here on are yes",
    )  # fmt: skip
    words = serializers.ListField(
        child=serializers.CharField(max_length=200), max_length=20, default=list,
        help_text="options that are yes",
    )  # fmt: skip


class TruthPanelGiven(Strict):
    size = serializers.IntegerField(
        min_value=panels.FEWEST, max_value=panels.MOST, default=panels.USUAL
    )


class TruthAcceptGiven(Strict):
    day = serializers.DateField(help_text="of the run that later ones are compared with")


class TruthForgetGiven(Strict):
    user_id = serializers.CharField(max_length=10_000, trim_whitespace=False)
