"""`/api/v1/search` and what is similar to a span."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import Any, TypeVar

from django.http import HttpResponse, QueryDict
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from evals.providers.errors import ProviderError
from evals.vectors.fields import Field
from evals.vectors.selectors import searching
from evals.vectors.selectors.searching import LONGEST, MOST, By, Found, Hit, NoVector
from sightglass.problems import Problem
from traces.api import pagination, render, schema
from traces.api.pagination import DEFAULT_LIMIT, ListParameters, bad_parameter
from traces.api.read import ReadView, access_of, json_response, read_span_ids
from traces.selectors import traces

Choice = TypeVar("Choice", bound=StrEnum)


class Side(StrEnum):
    """Of a call, as people write it."""

    INPUT = "input"
    OUTPUT = "output"

    @property
    def field(self) -> Field:
        return Field[self.name]


class SearchSpan(schema.SpanColumns):
    rank = serializers.IntegerField(help_text="From 1, the best.")
    similarity = serializers.FloatField(
        allow_null=True, help_text="Cosine, at most 1; null where only the words led here."
    )
    matched = serializers.ListField(
        child=serializers.ChoiceField(choices=["input", "output", "words"]),
        help_text="What led here: the meaning of its input or its output, or its words.",
    )
    repeats = serializers.IntegerField(
        help_text="Further calls among the candidates that say the same; they are not listed."
    )

    weak = serializers.BooleanField(
        help_text="Only the meaning led here, and it is no nearer than any two texts."
    )
    asked = serializers.CharField(
        help_text="The beginning of what it asks, without documents around it."
    )


class SearchResults(serializers.Serializer[Any]):
    results = SearchSpan(many=True)


class SimilarResults(SearchResults):
    same = serializers.IntegerField(
        help_text="Calls left out because they repeat the span word for word."
    )


COMMON_PARAMETERS = [
    schema.parameter("q", "Which calls, in the query language."),
    schema.parameter("start", f"Begun at or after. {schema.TIME}"),
    schema.parameter("end", f"Begun before. {schema.TIME}"),
    schema.parameter(
        "limit",
        "Calls of the answer.",
        {"type": "integer", "minimum": 1, "maximum": MOST, "default": DEFAULT_LIMIT},
    ),
]


class SearchView(ReadView):
    """Errors of the search become problems here."""

    def handle_exception(self, exc: Exception) -> Response:
        if isinstance(exc, ProviderError):
            detail = f"The model that makes this project's vectors does not answer: {exc}"
            exc = Problem(503, detail, retry_after=30)
        elif isinstance(exc, NoVector):
            exc = Problem(
                409,
                "This span has no vector yet, or says nothing there in words.",
                title="No vector",
            )
        return super().handle_exception(exc)


class Search(SearchView):
    @extend_schema(
        operation_id="search",
        parameters=[
            schema.parameter(
                "text",
                "What to look for, in your own words.",
                {"type": "string", "minLength": 1, "maxLength": LONGEST, "pattern": r"\S"},
                required=True,
            ),
            schema.parameter("by", "`both` where it is absent.", enum=[str(one) for one in By]),
            *COMMON_PARAMETERS,
        ],
        responses={
            (200, "application/json"): SearchResults,
            **schema.errors(400, 401, 403, 503),
        },
        tags=["read"],
    )
    def get(self, request: Request) -> HttpResponse:
        """Calls of models by their words, by their meaning, or by both; the best first."""
        asked = _common(request.GET)
        text = request.GET.get("text", "")
        if not text.strip() or "\x00" in text or len(text) > LONGEST:
            raise bad_parameter("text", f"1 to {LONGEST:,} characters, not only spaces.")
        found = searching.search(
            access_of(request).project.pk,
            text,
            _one_of(By, request.GET, "by", By.BOTH),
            query=asked.query,
            range=asked.range,
            most=asked.limit,
        )
        return json_response({"results": shaped(found)})


class Similar(SearchView):
    @extend_schema(
        operation_id="spans_similar",
        parameters=[
            schema.parameter(
                "field", "`input` where it is absent.", enum=[str(one) for one in Side]
            ),
            *COMMON_PARAMETERS,
        ],
        responses={
            (200, "application/json"): SimilarResults,
            **schema.errors(400, 401, 403, 404, 409, 503),
        },
        tags=["read"],
    )
    def get(self, request: Request, trace_id: str, span_id: str) -> HttpResponse:
        """Calls whose input or output means the nearest to that of a span; the nearest first."""
        asked = _common(request.GET)
        side = _one_of(Side, request.GET, "field", Side.INPUT)
        span = traces.get_span(access_of(request), *read_span_ids(trace_id, span_id))
        found = searching.similar(
            span, side.field, query=asked.query, range=asked.range, most=asked.limit
        )
        return json_response({"results": shaped(found), "same": found.same})


def shaped(found: Found) -> Sequence[dict[str, Any]]:
    """As SearchSpan says."""
    return [
        render.span_columns(one.span)
        | {
            "rank": one.rank,
            "similarity": one.similarity,
            "matched": _matched(one),
            "repeats": one.repeats,
            "weak": one.weak,
            "asked": one.asked,
        }
        for one in found.hits
    ]


def _matched(hit: Hit) -> list[str]:
    fields = [] if hit.field is None else [hit.field.name.lower()]
    return [*fields, "words"] if hit.by_words else fields


def _common(given: QueryDict) -> ListParameters:
    """Raises Problem (400)."""
    asked = pagination.read_parameters(given)
    pagination.read_limit(given, MOST, DEFAULT_LIMIT)
    start, end = asked.range.start_ns, asked.range.end_ns
    if start is not None and end is not None and start >= end:
        raise bad_parameter("start", "Must be before the end.")
    return asked


def _one_of(kind: type[Choice], given: QueryDict, name: str, usual: Choice) -> Choice:
    """Raises Problem (400)."""
    try:
        return kind(given.get(name, usual))
    except ValueError:
        raise bad_parameter(name, f"One of {', '.join(kind)}.") from None
