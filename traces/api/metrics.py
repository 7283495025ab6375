"""Metrics over time and by group: `GET /api/v1/metrics`."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

from django.http import HttpResponseBase, QueryDict
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request

from traces.api import pagination, schema
from traces.api.pagination import bad_parameter, bad_query
from traces.api.read import ReadView, access_of, json_response
from traces.query import QueryError
from traces.selectors import metrics
from traces.selectors.asking import Step
from traces.selectors.metrics import Answer, Metric, Point, TooManyPoints, UnknownMetric
from traces.selectors.paging import TimeRange
from traces.selectors.search import EVERYTHING, Query, parse
from traces.selectors.shapes import money, time_text

DAY_NS = 86_400 * 10**9
DEFAULT_DAYS = 30
MAX_GROUPS = 200
DEFAULT_GROUPS = 50
GROUPS = (
    *("model", "provider", "name", "kind", "user_id", "environment", "release", "prompt", "tag"),
    *("prompt_version", "status"),
)
OF_SCORES = ("source", "category")


class MetricPoint(serializers.Serializer[Any]):
    """`value`: null where there is nothing to say it of; money is a decimal string in US dollars.

    `low`, `high`: the 95 % interval of rates and of means of scores.
    """

    time = serializers.DateTimeField()
    value = serializers.JSONField(allow_null=True)
    count = serializers.IntegerField(help_text="Spans, traces or scores that it is made of.")
    low = serializers.FloatField(required=False, allow_null=True)
    high = serializers.FloatField(required=False, allow_null=True)


class MetricSeries(serializers.Serializer[Any]):
    group = serializers.CharField(allow_null=True)
    points = MetricPoint(many=True)


class MetricAnswer(serializers.Serializer[Any]):
    """`pending`: stretches of five minutes whose latest changes are not counted yet."""

    metric = serializers.CharField()
    unit = serializers.CharField()
    interval = serializers.ChoiceField(choices=[step.value for step in Step])
    series = MetricSeries(many=True)
    pending = serializers.IntegerField()


@dataclass(frozen=True, slots=True)
class Asked:
    metric: Metric
    group_by: str | None
    step: Step
    range: TimeRange
    query: Query
    most: int


class MetricView(ReadView):
    @extend_schema(
        operation_id="metrics_read",
        parameters=[
            schema.parameter(
                "metric",
                f"{', '.join(metrics.METRICS)}, score:<name> or flagged:<name>.",
                required=True,
            ),
            schema.parameter("group_by", "One series for each value.", enum=[*GROUPS, *OF_SCORES]),
            schema.parameter("interval", "Of a point; UTC.", enum=[step.value for step in Step]),
            schema.parameter("start", f"30 days before the end if not given. {schema.TIME}"),
            schema.parameter("end", f"Now if not given. {schema.TIME}"),
            schema.parameter("q", "Of which spans or traces, in the query language."),
            schema.parameter("limit", "Series; the smallest beyond are added up.", schema.LIMIT),
        ],
        responses={200: MetricAnswer, **schema.errors(400, 401, 403, 503)},
        tags=["read"],
    )
    def get(self, request: Request) -> HttpResponseBase:
        """A metric as series of points. Cost, tokens and latency count each provider call once."""
        asked = read_asked(request.GET)
        try:
            answer = metrics.ask(
                access_of(request).project.pk,
                asked.metric.name,
                query=asked.query,
                range=asked.range,
                step=asked.step,
                group_by=asked.group_by,
                most=asked.most,
            )
        except TooManyPoints as error:
            raise bad_parameter("interval", str(error)) from None
        return json_response(shape(answer, asked))


def read_asked(given: QueryDict) -> Asked:
    """Raises Problem (400) with the name of the parameter."""
    try:
        metric = metrics.find(given.get("metric", ""))
    except UnknownMetric:
        known = f"One of {', '.join(metrics.METRICS)}, score:<name>, flagged:<name>."
        raise bad_parameter("metric", known) from None
    try:
        query = parse(given.get("q", ""))
    except QueryError as error:
        raise bad_query(error) from None
    return Asked(
        metric,
        _group(given, metric),
        _step(given),
        _range(given),
        query if query else EVERYTHING,
        pagination.read_limit(given, MAX_GROUPS, DEFAULT_GROUPS),
    )


def _group(given: QueryDict, metric: Metric) -> str | None:
    name = given.get("group_by") or None
    allowed: tuple[str, ...] = (*GROUPS, *OF_SCORES) if metric.source == "score" else GROUPS
    if metric.source == "trace":
        allowed = tuple(one for one in GROUPS if one != "prompt_version")
    if name is not None and name not in allowed:
        raise bad_parameter("group_by", f"One of {', '.join(allowed)}.")
    return name


def _step(given: QueryDict) -> Step:
    name = given.get("interval") or Step.DAY.value
    if name not in {step.value for step in Step}:
        raise bad_parameter("interval", f"One of {', '.join(Step)}.")
    return Step(name)


def _range(given: QueryDict) -> TimeRange:
    end = pagination.read_time(given, "end")
    end = time.time_ns() if end is None else end
    start = pagination.read_time(given, "start")
    start = end - DEFAULT_DAYS * DAY_NS if start is None else start
    if start >= end:
        raise bad_parameter("start", "Before the end.")
    return TimeRange(max(start, 0), max(end, 1))


def shape(answer: Answer, asked: Asked) -> dict[str, Any]:
    return {
        "metric": asked.metric.name,
        "unit": asked.metric.unit,
        "interval": asked.step.value,
        "series": [
            {"group": one.group, "points": [_point(asked.metric, p) for p in one.points]}
            for one in answer.series
        ],
        "pending": answer.pending,
    }


def _point(metric: Metric, point: Point) -> dict[str, Any]:
    shaped: dict[str, Any] = {
        "time": time_text(point.time_ns),
        "value": _value(metric, point.value),
        "count": point.count,
    }
    if point.low is not None and point.high is not None:
        shaped |= {"low": point.low, "high": point.high}
    return shaped


def _value(metric: Metric, value: float | None) -> float | str | None:
    if metric.unit != "usd" or value is None:
        return value
    return money(round(value))
