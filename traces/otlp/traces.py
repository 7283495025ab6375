"""OTLP trace export requests to spans:

each judged by itself, so that a bad one costs no neighbour.
"""

from __future__ import annotations

import time

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import ResourceSpans, Span

from traces.otlp import Decoded, otlp_json, requests, wire
from traces.spans import Flag, RawSpan, Rejection, Resource, Scope

EARLIEST_NS = (
    946_684_800 * 10**9
)  # 2000-01-01: what lies before is a confused unit or no time at all
AHEAD_NS = 86_400 * 10**9
"""How far ahead of our clock a span may lie."""

NO_TRACE, NO_SPAN = bytes(16), bytes(8)
SENT_START, SENT_END = "sightglass.sent.start_time_unix_nano", "sightglass.sent.end_time_unix_nano"


def decode_protobuf(body: bytes, *, now_ns: int | None = None) -> Decoded[RawSpan]:
    """An `ExportTraceServiceRequest` in protobuf. Raises BodyError (400) if it is none."""
    request = requests.parse(ExportTraceServiceRequest, body)
    return read_request(request, now_ns=now_ns)


def decode_json(body: bytes, *, now_ns: int | None = None) -> Decoded[RawSpan]:
    """The same in OTLP JSON.

    Raises BodyError (400) if it is none; a span that is wrong is rejected.
    """
    now = time.time_ns() if now_ns is None else now_ns
    decoded: Decoded[RawSpan] = Decoded()
    for group, scoped, records in requests.json_groups(body, ResourceSpans, "Spans", "spans"):
        resource, scope = wire.read_resource(group.resource), wire.read_scope(scoped.scope)
        for record in records:
            cleaner, span = wire.Cleaner(), Span()
            try:
                otlp_json.fill(span, record, cleaner)
            except otlp_json.Fault as fault:
                slug = INVALID_IDS.get(fault.field, "invalid_field")
                decoded.rejections.append(Rejection(decoded.received, slug, str(fault)))
                decoded.received += 1
                continue
            taken = _take(decoded, span, resource, scope, now)
            if taken is not None and cleaner.used:
                taken.flags |= Flag.SANITISED
    return decoded


INVALID_IDS = {"traceId": "invalid_trace_id", "spanId": "invalid_span_id"}


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
) -> RawSpan | None:
    index = decoded.received
    decoded.received += 1
    fault = fault_of(span.trace_id, span.span_id)
    if fault is not None:
        decoded.rejections.append(Rejection(index, *fault))
        return None
    raw = wire.read_span(span, resource, scope)
    raw.wire = span.SerializeToString()
    if clamp(raw, now):
        raw.wire = wire.encode_span(raw)
    decoded.items.append(raw)
    return raw


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
