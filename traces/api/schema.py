"""The contract in OpenAPI: shapes, parameters, and the routes that no framework view serves."""

from __future__ import annotations

from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse
from rest_framework import serializers


class ProblemDetail(serializers.Serializer[Any]):
    """RFC 9457."""

    type = serializers.CharField()
    title = serializers.CharField()
    status = serializers.IntegerField()
    detail = serializers.CharField()
    errors = serializers.ListField(  # type: ignore[assignment]
        child=serializers.DictField(), required=False
    )


class Usage(serializers.Serializer[Any]):
    """Tokens; null where not sent. `input_tokens` includes cached ones."""

    input_tokens = serializers.IntegerField(allow_null=True)
    output_tokens = serializers.IntegerField(allow_null=True)
    total_tokens = serializers.IntegerField(allow_null=True)
    cache_read_tokens = serializers.IntegerField(allow_null=True)
    cache_write_tokens = serializers.IntegerField(allow_null=True)
    reasoning_tokens = serializers.IntegerField(allow_null=True)
    audio_tokens = serializers.IntegerField(allow_null=True)


class Money(serializers.Serializer[Any]):
    """US dollars as decimal strings."""

    input = serializers.CharField(allow_null=True)
    output = serializers.CharField(allow_null=True)
    cache_read = serializers.CharField(allow_null=True)
    cache_write = serializers.CharField(allow_null=True)
    total = serializers.CharField(allow_null=True)


class Cost(Money):
    """`source`: reported by the client, priced by us, or unknown."""

    source = serializers.ChoiceField(  # type: ignore[assignment]
        choices=["reported", "priced", "unknown"]
    )


class UsageEstimated(serializers.Serializer[Any]):
    input_tokens = serializers.IntegerField(allow_null=True)
    output_tokens = serializers.IntegerField(allow_null=True)
    cost = serializers.CharField(allow_null=True)


class Prompt(serializers.Serializer[Any]):
    name = serializers.CharField()
    version = serializers.CharField(allow_null=True)


def texts() -> serializers.ListField:
    return serializers.ListField(child=serializers.CharField(allow_blank=True))


def text() -> serializers.CharField:
    return serializers.CharField(allow_null=True, allow_blank=True)


class TraceSummary(serializers.Serializer[Any]):
    trace_id = serializers.CharField()
    name = serializers.CharField(allow_blank=True)
    start_time = serializers.DateTimeField()
    end_time = serializers.DateTimeField(allow_null=True)
    duration_ms = serializers.FloatField(allow_null=True)
    status = serializers.CharField()
    span_count = serializers.IntegerField()
    error_count = serializers.IntegerField()
    user_id = text()
    session_id = text()
    environment = text()
    release = text()
    tags = texts()
    metadata = serializers.DictField()
    models = texts()
    providers = texts()
    kinds = texts()
    prompts = texts()
    usage = Usage(allow_null=True)
    usage_estimated = UsageEstimated(allow_null=True)
    cost = Cost()
    scores = serializers.DictField()
    input_preview = text()
    output_preview = text()
    flags = texts()
    suspect_reasons = texts()
    received_at = serializers.DateTimeField()


class SpanColumns(serializers.Serializer[Any]):
    trace_id = serializers.CharField()
    span_id = serializers.CharField()
    parent_id = serializers.CharField(allow_null=True)
    name = serializers.CharField(allow_blank=True)
    kind = serializers.CharField()
    start_time = serializers.DateTimeField()
    end_time = serializers.DateTimeField(allow_null=True)
    duration_ms = serializers.FloatField(allow_null=True)
    time_to_first_token_ms = serializers.FloatField(allow_null=True)
    status = serializers.CharField()
    provider = text()
    model = text()
    request_model = text()
    usage = Usage(allow_null=True)
    usage_estimated = UsageEstimated(allow_null=True)
    cost = Cost()
    price_ref = text()
    user_id = text()
    session_id = text()
    environment = text()
    release = text()
    tags = texts()
    metadata = serializers.DictField()
    prompt = Prompt(allow_null=True)
    input_preview = text()
    output_preview = text()
    flags = texts()
    suspect_reasons = texts()
    received_at = serializers.DateTimeField()


class Span(SpanColumns):
    """A span; what follows `received_at` is there when the payload was asked for."""

    status_message = serializers.CharField(required=False, allow_blank=True)
    parameters = serializers.DictField(required=False)
    input_messages = serializers.ListField(
        child=serializers.DictField(), allow_null=True, required=False
    )
    output_messages = serializers.ListField(
        child=serializers.DictField(), allow_null=True, required=False
    )
    # Any JSON, null too: said twice, null would be of two kinds at once and so of none.
    input = serializers.JSONField(required=False)
    output = serializers.JSONField(required=False)
    tools = serializers.ListField(child=serializers.DictField(), allow_null=True, required=False)
    documents = serializers.ListField(
        child=serializers.DictField(), allow_null=True, required=False
    )
    finish_reasons = serializers.ListField(
        child=serializers.CharField(), allow_null=True, required=False
    )
    tool_name = serializers.CharField(required=False, allow_null=True)
    tool_call_id = serializers.CharField(required=False, allow_null=True)
    attributes = serializers.DictField(required=False)
    events = serializers.ListField(child=serializers.DictField(), required=False)
    links = serializers.ListField(child=serializers.DictField(), required=False)
    resource = serializers.DictField(required=False)
    scope = serializers.DictField(required=False)


class ScoreRow(serializers.Serializer[Any]):
    id = serializers.CharField()
    trace_id = serializers.CharField(allow_null=True)
    span_id = serializers.CharField(allow_null=True)
    session_id = text()
    name = serializers.CharField()
    value = serializers.JSONField()
    source = serializers.CharField()  # type: ignore[assignment]
    comment = serializers.CharField(
        allow_blank=True, help_text="a person's words, or why an evaluator says so"
    )
    created_at = serializers.DateTimeField()
    evaluator_version = serializers.IntegerField(allow_null=True)
    higher_is_better = serializers.BooleanField(allow_null=True)
    flagged = serializers.BooleanField(
        allow_null=True, help_text="beyond the threshold of its evaluator"
    )
    confidence = serializers.FloatField(allow_null=True)
    probability = serializers.FloatField(
        help_text="with which this was chosen to be scored; weight a rate by its inverse"
    )
    evidence = serializers.ListField(
        child=serializers.DictField(), help_text="character ranges: field, start, end, label"
    )
    cost = serializers.CharField(allow_null=True, help_text="US dollars that the scoring took")
    duration_ms = serializers.FloatField(allow_null=True)
    reused = serializers.BooleanField()


class ScorePage(serializers.Serializer[Any]):
    results = ScoreRow(many=True)
    next = serializers.CharField(allow_null=True)


class TraceWhole(serializers.Serializer[Any]):
    trace = TraceSummary()
    spans = Span(many=True)
    scores = ScoreRow(many=True)
    next = serializers.CharField(allow_null=True)


class Grouped(serializers.Serializer[Any]):
    start_time = serializers.DateTimeField()
    last_time = serializers.DateTimeField()
    end_time = serializers.DateTimeField(allow_null=True)
    duration_ms = serializers.FloatField(allow_null=True)
    trace_count = serializers.IntegerField()
    span_count = serializers.IntegerField()
    error_count = serializers.IntegerField()
    models = texts()
    usage = Usage(allow_null=True)
    cost = Money()


class Session(Grouped):
    session_id = serializers.CharField(allow_blank=True)
    user_count = serializers.IntegerField()


class User(Grouped):
    user_id = serializers.CharField(allow_blank=True)
    session_count = serializers.IntegerField()


def columns(shape: type[serializers.Serializer[Any]], prefix: str = "") -> list[str]:
    """The columns of a CSV: fields of the shape, those of objects laid out with dots."""
    names = []
    for name, field in shape().fields.items():
        if isinstance(field, serializers.Serializer):
            names += columns(type(field), f"{prefix}{name}.")
        else:
            names.append(prefix + name)
    return names


def errors(*statuses: int) -> dict[Any, Any]:
    """With 400, which each operation answers to a parameter that it does not have."""
    said = sorted({400, *statuses})
    return {(status, "application/problem+json"): ProblemDetail for status in said}


def parameter(
    name: str, about: str, type_: Any = OpenApiTypes.STR, **more: Any
) -> OpenApiParameter:
    return OpenApiParameter(name, type_, description=about, **more)


TIME = "RFC 3339 with a zone, or Unix nanoseconds."
LIMIT = {"type": "integer", "minimum": 1, "maximum": 1000, "default": 50}
CURSOR = parameter("cursor", "Where the page begins: `next` or `previous` of an earlier answer.")
NEXT = parameter("cursor", "Where the page begins: `next` of an earlier answer.")
PAGING = [parameter("limit", "Rows of a page.", LIMIT), NEXT]
ROWS = parameter("limit", "Rows of a page; of an export, rows in all.", LIMIT)
FORMAT = parameter("format", "`jsonl` and `csv` stream everything.", enum=["json", "jsonl", "csv"])


def listing(
    name: str,
    shape: type[serializers.Serializer[Any]],
    *,
    order: bool = False,
    payload: bool = False,
) -> dict[str, Any]:
    """Arguments of `extend_schema` for a list."""
    page = type(
        f"{shape.__name__}Page",
        (serializers.Serializer,),
        {
            "results": shape(many=True),
            "next": serializers.CharField(allow_null=True),
            "previous": serializers.CharField(allow_null=True),
        },
    )
    parameters = [
        parameter("q", "What to find, in the query language."),
        parameter("start", f"Begun at or after. {TIME}"),
        parameter("end", f"Begun before. {TIME}"),
        ROWS,
        CURSOR,
        FORMAT,
    ]
    if order:
        known = ["start_time"] if payload else ["start_time", "duration", "cost", "tokens"]
        allowed = [sign + field for field in known for sign in ("-", "")]
        parameters.append(parameter("order", "Sorted by; `-` is descending.", enum=allowed))
    if payload:
        about = "With messages, attributes and events."
        parameters.append(parameter("payload", about, OpenApiTypes.BOOL))
    return {
        "operation_id": f"{name}_list",
        "parameters": parameters,
        "responses": {**exported(page), **errors(400, 401, 403, 503)},
        "tags": ["read"],
    }


def exported(page: type[serializers.Serializer[Any]]) -> dict[Any, Any]:
    """Answers of a list: a page, or all of it as a file."""
    rows = OpenApiResponse(OpenApiTypes.STR, description="Exports")
    return {
        (200, "application/json"): page,
        (200, "application/x-ndjson"): rows,
        (200, "text/csv"): rows,
    }


def trace_detail(most: int) -> dict[str, Any]:
    limit = {"type": "integer", "minimum": 1, "maximum": most, "default": most}
    return {
        "operation_id": "traces_read",
        "parameters": [parameter("limit", "Spans of one answer.", limit), CURSOR],
        "responses": {
            (200, "application/json"): TraceWhole,
            **errors(400, 401, 403, 404, 503),
        },
        "tags": ["read"],
    }


def span_detail() -> dict[str, Any]:
    return {
        "operation_id": "spans_read",
        "responses": {(200, "application/json"): Span, **errors(401, 403, 404, 503)},
        "tags": ["read"],
    }


class KeyScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """Tells the generator what our keys are."""

    target_class = "sightglass.accounts.authentication.KeyAuthentication"
    name = "key"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        return {"type": "http", "scheme": "bearer", "description": "A key of the project."}


OTLP = (
    ("/v1/traces", "otlp_traces", "Spans, OTLP/HTTP: ExportTraceServiceRequest."),
    ("/api/public/otel/v1/traces", "otlp_traces_alias", "The same as /v1/traces."),
    ("/v1/logs", "otlp_logs", "Log records, OTLP/HTTP: ExportLogsServiceRequest."),
    ("/v1/metrics", "otlp_metrics", "Metrics, OTLP/HTTP: ExportMetricsServiceRequest."),
)
OTLP_ANSWERS = {
    "200": "Committed; `partial_success` counts what could not be stored.",
    "400": "The body cannot be read.",
    "401": "No key, or a wrong one.",
    "403": "The key may not ingest.",
    "413": "Too large.",
    "415": "Another type or encoding.",
    "429": "Quota; see Retry-After.",
    "503": "Try again; see Retry-After.",
}


def add_ingest(result: dict[str, Any], **_: Any) -> dict[str, Any]:
    """A postprocessing hook: describes the OTLP routes, which are plain functions."""
    content = {
        "application/x-protobuf": {
            "schema": {"type": "string", "contentMediaType": "application/x-protobuf"}
        },
        "application/json": {"schema": {"type": "object"}},
    }
    for path, name, about in OTLP:
        result["paths"][path] = {
            "post": {
                "operationId": name,
                "description": about,
                "tags": ["ingest"],
                "security": [{"key": []}],
                "requestBody": {"required": True, "content": content},
                "responses": {
                    status: {"description": text, "content": content}
                    for status, text in OTLP_ANSWERS.items()
                },
            }
        }
    result["paths"].setdefault("/api/v1/spans", {})["post"] = NATIVE
    return result


NATIVE = {
    "operationId": "spans_create",
    "description": "Spans in our own JSON, or one a line as NDJSON.",
    "tags": ["ingest"],
    "security": [{"key": []}],
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {
                "schema": {
                    "type": "object",
                    "required": ["spans"],
                    "properties": {
                        "spans": {
                            "type": "array",
                            "items": {
                                "type": "object",
                                "required": ["name", "start_time"],
                                "properties": {
                                    "name": {"type": "string"},
                                    "start_time": {"type": ["string", "integer"]},
                                },
                            },
                        }
                    },
                }
            }
        },
    },
    "responses": {
        "200": {"description": "What was accepted, and why the rest was not"},
        "400": {"description": "Not JSON"},
        "401": {"description": "No valid key"},
        "403": {"description": "The key lacks the scope"},
        "413": {"description": "Too large"},
        "415": {"description": "Another content type"},
        "422": {"description": "Every span was rejected"},
        "429": {"description": "More than the project may send"},
        "503": {"description": "Try again"},
    },
}
