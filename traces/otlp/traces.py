"""OTLP trace export requests to spans: each judged by itself, so that a bad one costs no neighbour."""

from __future__ import annotations

import time

from google.protobuf.message import DecodeError
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from traces.otlp import BodyError, Decoded, wire
from traces.spans import Flag, RawSpan, Rejection, Resource, Scope

EARLIEST_NS = 946_684_800 * 10**9  # 2000-01-01: what lies before is a confused unit or no time at all
AHEAD_NS = 86_400 * 10**9
"""How far ahead of our clock a span may lie."""

NO_TRACE, NO_SPAN = bytes(16), bytes(8)
SENT_START, SENT_END = "sightglass.sent.start_time_unix_nano", "sightglass.sent.end_time_unix_nano"


def decode_protobuf(body: bytes, *, now_ns: int | None = None) -> Decoded[RawSpan]:
    """An `ExportTraceServiceRequest` in protobuf. Raises BodyError (400) if it is none."""
    try:
        request = ExportTraceServiceRequest.FromString(body)
    except (DecodeError, RecursionError) as error:
        raise BodyError(400, "malformed", f"Not an ExportTraceServiceRequest: {error}") from None
    return read_request(request, now_ns=now_ns)


def read_request(
    request: ExportTraceServiceRequest, *, now_ns: int | None = None
) -> Decoded[RawSpan]:
    """Its spans in order; `Rejection.index` counts them through the whole request."""
    now = time.time_ns() if now_ns is None else now_ns
    decoded: Decoded[RawSpan] = Decoded()
    for group in request.resource_spans:
        resource = wire.read_resource(group.resource)
        for scoped in group.scope_spans:
            scope = wire.read_scope(scoped.scope)
            for span in scoped.spans:
                _take(decoded, span, resource, scope, now)
    return decoded


def _take(
    decoded: Decoded[RawSpan], span: Span, resource: Resource, scope: Scope, now: int
) -> None:
    index = decoded.received
    decoded.received += 1
    fault = fault_of(span.trace_id, span.span_id)
    if fault is not None:
        decoded.rejections.append(Rejection(index, *fault))
        return
    raw = wire.read_span(span, resource, scope)
    if clamp(raw, now):
        raw.wire = span.SerializeToString()
        raw.wire = wire.encode_span(raw)
    else:
        raw.wire = span.SerializeToString()
    decoded.items.append(raw)


def fault_of(trace_id: bytes, span_id: bytes) -> tuple[str, str] | None:
    """Why a span with these ids cannot be stored: a slug and a sentence."""
    if len(trace_id) != 16 or trace_id == NO_TRACE:
        return "invalid_trace_id", f"trace_id has {len(trace_id)} bytes, or all are zero; 16 needed"
    if len(span_id) != 8 or span_id == NO_SPAN:
        return "invalid_span_id", f"span_id has {len(span_id)} bytes, or all are zero; 8 needed"
    return None


def clamp(raw: RawSpan, now: int) -> bool:
    """Replace impossible times; what was sent is kept as attributes. Returns whether it had to."""
    latest = now + AHEAD_NS
    start, end = raw.start_ns, raw.end_ns
    if EARLIEST_NS <= start <= latest and (end is None or start <= end <= latest):
        return False
    if not EARLIEST_NS <= start <= latest:
        raw.attributes[SENT_START] = str(start)
        raw.start_ns = end if end is not None and EARLIEST_NS <= end <= latest else now
    if end is not None and not raw.start_ns <= end <= latest:
        raw.attributes[SENT_END] = str(end)
        raw.end_ns = raw.start_ns
    raw.flags |= Flag.TIME_CLAMPED
    return True
