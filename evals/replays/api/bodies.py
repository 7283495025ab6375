"""Bodies in."""

from __future__ import annotations

from decimal import Decimal

from rest_framework import serializers

from evals.replays.services import trials
from evals.replays.services.recorded import SAME
from sightglass.strict import Strict


class ReplayRange(Strict):
    start = serializers.DateTimeField(help_text="RFC 3339")
    end = serializers.DateTimeField(help_text="RFC 3339; at most 93 days later")
    q = serializers.CharField(
        max_length=2_000, allow_blank=True, default="", help_text="in the query language `q`"
    )


class CacheReplayGiven(ReplayRange):
    """How the cache is."""

    ttl_seconds = serializers.IntegerField(
        min_value=1, max_value=366 * 86_400, allow_null=True, default=7 * 86_400,
        help_text="how long an answer is kept; null: for ever",
    )  # fmt: skip
    same = serializers.ListField(
        child=serializers.ChoiceField(choices=SAME), default=list(SAME),
        max_length=len(SAME),
        help_text="what calls must share to answer each other; a real cache compares all of it",
    )  # fmt: skip
    evaluator = serializers.IntegerField(
        allow_null=True, default=None, min_value=1, max_value=2**62,
        help_text="whose verdicts say whether answers disagree; null: their vectors do",
    )  # fmt: skip
    alike = serializers.FloatField(
        default=0.8, min_value=0.01, max_value=0.99,
        help_text="cosine similarity of answers below which they disagree",
    )  # fmt: skip
    most_wrong = serializers.FloatField(
        default=0.05, min_value=0.001, max_value=0.5, help_text="share of hits that may be wrong"
    )


class ReplayTrialGiven(ReplayRange):
    """What is tried. `margin`: 0.02 is two points."""

    connection = serializers.IntegerField(min_value=1, max_value=2**62)
    model = serializers.CharField(
        max_length=200, allow_blank=True, default="", help_text="empty: the connection's"
    )
    evaluators = serializers.ListField(
        child=serializers.IntegerField(min_value=1, max_value=2**62), min_length=1,
        max_length=trials.MOST_EVALUATORS, help_text="judges or detectors",
    )  # fmt: skip
    slice_by = serializers.ChoiceField(choices=trials.SLICES, default="prompt")
    most = serializers.IntegerField(
        min_value=trials.FEWEST, max_value=trials.MOST, default=trials.USUAL
    )
    margin = serializers.FloatField(default=0.02, min_value=0.001, max_value=0.5)
    budget = serializers.DecimalField(
        max_digits=10, decimal_places=6, min_value=Decimal("0.000001"), max_value=Decimal(1000),
        default=Decimal(5), help_text="US dollars, of answers and verdicts together",
    )  # fmt: skip
