"""Answers to OTLP exporters, in the request's own encoding."""

from __future__ import annotations

from typing import Literal

import orjson
from google.rpc.status_pb2 import Status
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceResponse
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceResponse,
)
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse

Signal = Literal["traces", "logs", "metrics"]
PROTOBUF, JSON = "application/x-protobuf", "application/json"
REJECTED = {
    "traces": ("rejected_spans", "rejectedSpans"),
    "logs": ("rejected_log_records", "rejectedLogRecords"),
    "metrics": ("rejected_data_points", "rejectedDataPoints"),
}
RESPONSES = {
    "traces": ExportTraceServiceResponse,
    "logs": ExportLogsServiceResponse,
    "metrics": ExportMetricsServiceResponse,
}
CODES = {400: 3, 401: 16, 403: 7, 404: 5, 405: 12, 413: 3, 415: 3, 429: 8, 503: 14}
"""google.rpc codes of the HTTP statuses that are answered."""


def success(signal: Signal, content_type: str, rejected: int, message: str) -> bytes:
    """The body of a 200; `partial_success` is set only if something was rejected."""
    field, json_field = REJECTED[signal]
    if content_type == JSON:
        partial = {json_field: str(rejected), "errorMessage": message}
        return orjson.dumps({"partialSuccess": partial} if rejected else {})
    response = RESPONSES[signal]()
    if rejected:
        setattr(response.partial_success, field, rejected)
        response.partial_success.error_message = message
    return bytes(response.SerializeToString())


def failure(http_status: int, message: str, content_type: str) -> bytes:
    """A google.rpc.Status."""
    code = CODES.get(http_status, 2)
    if content_type == JSON:
        return orjson.dumps({"code": code, "message": message})
    return bytes(Status(code=code, message=message).SerializeToString())
