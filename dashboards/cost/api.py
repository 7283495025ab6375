"""Cost by API: why it changed, and what it would have been otherwise."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

from django.http import HttpResponseBase, QueryDict
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request

from dashboards.cost import reading, what_if
from dashboards.cost.reading import FEATURES
from dashboards.cost.what_if import Kept, Moved, OnModel, Source
from traces.api import schema
from traces.api.pagination import bad_parameter, bad_query, read_time
from traces.api.read import ReadView, access_of, json_response
from traces.query import Query, QueryError
from traces.rollups.explain import CAUSES, Change
from traces.rollups.measures import Measures
from traces.selectors.paging import TimeRange
from traces.selectors.prices import prices_now
from traces.selectors.search import parse
from traces.selectors.shapes import money, time_text

DAY_NS = 86_400 * 10**9
DEFAULT_DAYS = 30
MOST_SLICES = 1_000
Q = schema.parameter("q", "Of which spans, in the query language.")
START = schema.parameter("start", f"30 days before the end if not given. {schema.TIME}")
END = schema.parameter("end", f"Now if not given. {schema.TIME}")


class CausesShape(serializers.Serializer[Any]):
    """US dollars as decimal strings; they add up to the difference exactly."""

    volume = serializers.CharField(help_text="More or fewer calls.")
    models = serializers.CharField(help_text="Another mix of models.")
    slices = serializers.CharField(help_text="Another mix of slices within models.")
    retries = serializers.CharField(help_text="Calls that repeat one of their trace.")
    runaways = serializers.CharField(
        help_text="Traces with many more calls than others of their name, as a whole."
    )
    input = serializers.CharField(help_text="Input tokens per call.")
    output = serializers.CharField(help_text="Output tokens per call.")
    cache = serializers.CharField(help_text="Share of input read from or written to caches.")
    price = serializers.CharField(help_text="Prices of tokens.")
    coverage = serializers.CharField(help_text="Share of calls whose cost is known.")


class PeriodShape(serializers.Serializer[Any]):
    start = serializers.DateTimeField()
    end = serializers.DateTimeField()
    cost = serializers.CharField()
    calls = serializers.IntegerField()
    unpriced = serializers.IntegerField(help_text="Calls whose cost is not known: not in it.")


class SliceShape(serializers.Serializer[Any]):
    """`model`: null where there is none, and where slices are users."""

    model = serializers.CharField(allow_null=True)
    group = serializers.CharField(allow_null=True)
    before = serializers.CharField()
    after = serializers.CharField()
    difference = serializers.CharField()
    causes = CausesShape()


class ChangeShape(serializers.Serializer[Any]):
    """`divided` false: models could not be told apart in time, all is one slice."""

    before = PeriodShape()
    after = PeriodShape()
    difference = serializers.CharField()
    causes = CausesShape()
    group_by = serializers.ChoiceField(choices=list(FEATURES))
    divided = serializers.BooleanField()
    slices = SliceShape(many=True)
    pending = serializers.IntegerField()


class MovedShape(serializers.Serializer[Any]):
    provider = serializers.CharField(allow_null=True)
    model = serializers.CharField(allow_null=True)
    calls = serializers.IntegerField()
    input_tokens = serializers.IntegerField()
    output_tokens = serializers.IntegerField()
    before = serializers.CharField()
    after = serializers.CharField(allow_null=True)
    difference = serializers.CharField(allow_null=True)


class LeftShape(serializers.Serializer[Any]):
    provider = serializers.CharField(allow_null=True)
    model = serializers.CharField(allow_null=True)


class OnModelShape(serializers.Serializer[Any]):
    """`left_out`: traffic whose cost is not known, which is not in the sums."""

    model = serializers.CharField()
    price_ref = serializers.CharField()
    before = serializers.CharField()
    after = serializers.CharField(allow_null=True)
    difference = serializers.CharField(allow_null=True)
    models = MovedShape(many=True)
    left_out = LeftShape(many=True)
    unpriced = serializers.IntegerField()
    assumptions = serializers.ListField(child=serializers.CharField())
    pending = serializers.IntegerField()


class KeptShape(serializers.Serializer[Any]):
    lifetime = serializers.ChoiceField(choices=list(what_if.LIFETIMES))
    calls = serializers.IntegerField()
    calls_share = serializers.FloatField(allow_null=True)
    saved = serializers.CharField()
    cost_share = serializers.FloatField(allow_null=True)


class CacheShape(serializers.Serializer[Any]):
    calls = serializers.IntegerField()
    cost = serializers.CharField()
    lifetimes = KeptShape(many=True)
    assumptions = serializers.ListField(child=serializers.CharField())
    pending = serializers.IntegerField()


class ChangeView(ReadView):
    @extend_schema(
        operation_id="cost_change",
        parameters=[
            START,
            END,
            schema.parameter("base_start", f"As long before the start if not given. {schema.TIME}"),
            schema.parameter("base_end", f"The start if not given. {schema.TIME}"),
            schema.parameter(
                "group_by",
                "What slices are told apart by beside the model; users alone.",
                enum=list(FEATURES),
            ),
            Q,
        ],
        responses={200: ChangeShape, **schema.errors(400, 401, 403, 503)},
        tags=["cost"],
    )
    def get(self, request: Request) -> HttpResponseBase:
        """Why the cost of one period differs from that of another, split exactly into causes."""
        given = request.GET
        query, now = _query(given), _range(given)
        before = _base(given, now)
        by = given.get("group_by") or "prompt"
        if by not in FEATURES:
            raise bad_parameter("group_by", f"One of {', '.join(FEATURES)}.")
        project_id = access_of(request).project.pk
        slices = reading.both(project_id, query, before, now, by)
        change = reading.changed(*slices)
        shaped = _change(change, before, now) | {
            "group_by": by,
            "divided": not slices[0].whole,
            "pending": sum(one.pending for one in slices),
        }
        return json_response(shaped)


class ModelView(ReadView):
    @extend_schema(
        operation_id="cost_what_if_model",
        parameters=[
            schema.parameter(
                "model", "As the price list, an own price or a call names it.", required=True
            ),
            schema.parameter("provider", "Whose price, where several sell the model."),
            START,
            END,
            Q,
        ],
        responses={200: OnModelShape, **schema.errors(400, 401, 403, 503)},
        tags=["cost"],
    )
    def get(self, request: Request) -> HttpResponseBase:
        """What the same traffic of chat models would have cost at another model's prices."""
        given = request.GET
        asked = _Asked.of(request)
        model = given.get("model", "").strip()[:200]
        price = prices_now(asked.project_id, [model]).of(given.get("provider") or None, model)
        if price.rates is None:
            raise bad_parameter("model", "No price per token is known for it.")
        traffic, pending = asked.traffic()
        moved = what_if.on_model(traffic, price.rates)
        return json_response(_on_model(model, price.ref or "", moved) | {"pending": pending})


class CacheView(ReadView):
    @extend_schema(
        operation_id="cost_what_if_cache",
        parameters=[START, END, Q],
        responses={200: CacheShape, **schema.errors(400, 401, 403, 503)},
        tags=["cost"],
    )
    def get(self, request: Request) -> HttpResponseBase:
        """What a cache of exact answers would have saved, by how long it keeps one."""
        traffic, pending = _Asked.of(request).traffic()
        whole = Measures()
        for sums in traffic.values():
            whole.add(sums)
        return json_response(
            {
                "calls": whole.calls,
                "cost": money(whole.cost),
                "lifetimes": [_kept(one) for one in what_if.with_cache(whole)],
                "assumptions": what_if.CACHE_ASSUMPTIONS,
                "pending": pending,
            }
        )


@dataclass(frozen=True, slots=True)
class _Asked:
    project_id: int
    query: Query
    range: TimeRange

    @classmethod
    def of(cls, request: Request) -> _Asked:
        return cls(access_of(request).project.pk, _query(request.GET), _range(request.GET))

    def traffic(self) -> tuple[dict[Source, Measures], int]:
        """Of chat models, by provider and model; and how far sums are behind."""
        cube = reading.by_model(self.project_id, self.query, self.range)
        return what_if.models_of(reading.summed(cube)), cube.pending


def _query(given: QueryDict) -> Query:
    try:
        return parse(given.get("q", ""))
    except QueryError as error:
        raise bad_query(error) from None


def _range(given: QueryDict) -> TimeRange:
    end = read_time(given, "end")
    end = time.time_ns() if end is None else end
    start = read_time(given, "start")
    start = end - DEFAULT_DAYS * DAY_NS if start is None else start
    if start >= end:
        raise bad_parameter("start", "Before the end.")
    return TimeRange(max(start, 0), max(end, 1))


def _base(given: QueryDict, now: TimeRange) -> TimeRange:
    first, last = now.start_ns or 0, now.end_ns or 0
    end = read_time(given, "base_end")
    end = first if end is None else end
    start = read_time(given, "base_start")
    start = end - (last - first) if start is None else start
    if start >= end:
        raise bad_parameter("base_start", "Before its end.")
    return TimeRange(max(start, 0), max(end, 1))


def _change(change: Change, before: TimeRange, now: TimeRange) -> dict[str, Any]:
    return {
        "before": _period(before, change.before),
        "after": _period(now, change.after),
        "difference": money(change.difference),
        "causes": {cause.value: money(change.causes[cause]) for cause in CAUSES},
        "slices": [
            {
                "model": line.group[0],
                "group": line.group[-1],
                "before": money(line.before.cost),
                "after": money(line.after.cost),
                "difference": money(line.difference),
                "causes": {cause.value: money(line.causes[cause]) for cause in CAUSES},
            }
            for line in change.lines[:MOST_SLICES]
        ],
    }


def _period(range: TimeRange, sums: Measures) -> dict[str, Any]:
    return {
        "start": time_text(range.start_ns),
        "end": time_text(range.end_ns),
        "cost": money(sums.cost),
        "calls": sums.calls,
        "unpriced": sums.unpriced,
    }


def _on_model(model: str, ref: str, moved: OnModel) -> dict[str, Any]:
    return {
        "model": model,
        "price_ref": ref,
        "before": money(moved.before),
        "after": money(moved.after),
        "difference": money(moved.difference),
        "models": [_moved(one) for one in moved.moved],
        "left_out": [{"provider": provider, "model": name} for provider, name in moved.left_out],
        "unpriced": moved.partly,
        "assumptions": what_if.ASSUMPTIONS,
    }


def _moved(one: Moved) -> dict[str, Any]:
    return {
        "provider": one.source[0],
        "model": one.source[1],
        "calls": one.calls,
        "input_tokens": one.input_tokens,
        "output_tokens": one.output_tokens,
        "before": money(one.before),
        "after": money(one.after),
        "difference": money(one.difference),
    }


def _kept(one: Kept) -> dict[str, Any]:
    return {
        "lifetime": one.lifetime,
        "calls": one.calls,
        "calls_share": one.share,
        "saved": money(one.saved),
        "cost_share": one.cost_share,
    }
