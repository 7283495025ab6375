"""The shapes of bodies in and out, for the description of the API."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from evals.topics.models import LONGEST_NAME, Run
from sightglass.strict import Strict

MARKS = ("", "new", "back", "vanished")


class Shape(serializers.Serializer[Any]):
    """Of a body out."""


class TopicNameGiven(Strict):
    name = serializers.CharField(
        max_length=LONGEST_NAME, allow_blank=True, help_text="empty: as it was named before"
    )


class TopicNamingGiven(Strict):
    connection = serializers.IntegerField(
        allow_null=True, min_value=1, max_value=2**31 - 1,
        help_text="asked for names of topics; null: topics are named by their terms",
    )  # fmt: skip


class TopicNaming(Shape):
    connection = serializers.IntegerField(allow_null=True)
    spent = serializers.CharField(allow_null=True, help_text="US dollars for names so far")
    problem = serializers.CharField(allow_blank=True)


class TopicTerm(Shape):
    text = serializers.CharField()
    share = serializers.FloatField(help_text="of the topic's texts")


class TopicInterval(Shape):
    """A figure with its 95 % interval."""

    value = serializers.FloatField()
    low = serializers.FloatField(allow_null=True)
    high = serializers.FloatField(allow_null=True)


class TopicScore(TopicInterval):
    name = serializers.CharField()
    n = serializers.IntegerField()
    flagged = TopicInterval(
        allow_null=True, help_text="share that is flagged, of a score that can be"
    )


class TopicFigures(Shape):
    calls = serializers.IntegerField()
    failed = serializers.IntegerField()
    failure_rate = TopicInterval(allow_null=True)
    cost = serializers.CharField(allow_null=True, help_text="US dollars")
    tokens = serializers.IntegerField()
    traces = serializers.IntegerField(help_text="of how many traces the calls are")
    scores = TopicScore(many=True)


class TopicRow(Shape):
    number = serializers.IntegerField(help_text="its own for good; no other topic gets it")
    title = serializers.CharField()
    name = serializers.CharField(allow_blank=True, help_text="given by a person")
    given = serializers.CharField(allow_blank=True, help_text="given by a model")
    words = serializers.CharField(help_text="its name by its terms")
    terms = TopicTerm(many=True)
    share = serializers.FloatField(help_text="of the calls that the last run looked at")
    mark = serializers.ChoiceField(
        choices=MARKS, help_text="new: first asked about in these days, after a week without"
    )
    split_from = serializers.IntegerField(
        allow_null=True, help_text="number of the topic that most of its calls were of before"
    )
    merged_into = serializers.IntegerField(
        allow_null=True, help_text="number of the topic that most of its calls are of now"
    )
    found_at = serializers.DateTimeField()
    back_at = serializers.DateTimeField(allow_null=True)
    vanished_at = serializers.DateTimeField(allow_null=True)
    x = serializers.FloatField(help_text="on the map, -1 to 1")
    y = serializers.FloatField()
    figures = TopicFigures()


class TopicDay(TopicFigures):
    day = serializers.DateField()


class TopicWhole(TopicRow):
    by_day = TopicDay(many=True)


class TopicRun(Shape):
    id = serializers.IntegerField()
    state = serializers.ChoiceField(choices=Run.State.choices)
    stage = serializers.CharField(allow_blank=True)
    by_hand = serializers.BooleanField()
    progress = serializers.IntegerField(help_text="texts that were read")
    total = serializers.IntegerField()
    start_time = serializers.CharField()
    end_time = serializers.CharField()
    topics = serializers.IntegerField()
    limit = serializers.IntegerField(
        allow_null=True, help_text="the number of topics at which it had to stop; null: it had not"
    )
    silhouette = serializers.FloatField(allow_null=True)
    other = serializers.FloatField(allow_null=True, help_text="share that belongs to no topic")
    problem = serializers.CharField(allow_blank=True)
    created_at = serializers.DateTimeField()
    finished_at = serializers.DateTimeField(allow_null=True)


class TopicList(Shape):
    results = TopicRow(many=True)
    next = serializers.CharField(allow_null=True)
    none = TopicFigures(help_text="calls that belong to no topic")
    run = TopicRun(allow_null=True, help_text="whose topics these are")


class TopicRunPage(Shape):
    results = TopicRun(many=True)
    next = serializers.CharField(allow_null=True)


class TopicExample(Shape):
    trace_id = serializers.CharField()
    span_id = serializers.CharField()
    start_time = serializers.CharField()
    likeness = serializers.FloatField(help_text="1: most typical")
    text = serializers.CharField(allow_blank=True)


class TopicExamples(Shape):
    results = TopicExample(many=True)
    next = serializers.CharField(allow_null=True)
