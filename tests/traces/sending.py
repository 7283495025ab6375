"""Short ways to make what a client would send."""

import os
import time
from typing import Any

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from traces.otlp import Decoded, traces, wire
from traces.spans import RawSpan

SECOND = 10**9


def span(
    trace_id: bytes | None = None,
    *,
    span_id: bytes | None = None,
    parent: bytes | None = None,
    name: str = "chat",
    start_ns: int | None = None,
    end_ns: int | None = None,
    running: bool = False,
    error: str | None = None,
    **attributes: Any,
) -> dict[str, Any]:
    """One span as keyword arguments of the OTLP message;

    `__` in an attribute's name stands for a dot.
    """
    start = time.time_ns() - 60 * SECOND if start_ns is None else start_ns
    return {
        "trace_id": trace_id or os.urandom(16),
        "span_id": span_id or os.urandom(8),
        "parent_span_id": parent or b"",
        "name": name,
        "start_time_unix_nano": start,
        "end_time_unix_nano": 0 if running else end_ns or start + SECOND,
        "status": {} if error is None else {"code": 2, "message": error},
        "attributes": {key.replace("__", "."): value for key, value in attributes.items()},
    }


def llm(trace_id: bytes | None = None, **more: Any) -> dict[str, Any]:
    """A call of a model: 1,000 tokens in and 100 out unless said otherwise."""
    usual: dict[str, Any] = {
        "gen_ai__operation__name": "chat",
        "gen_ai__provider__name": "openai",
        "gen_ai__request__model": "gpt-4o",
        "gen_ai__response__model": "gpt-4o-2024-08-06",
        "gen_ai__usage__input_tokens": 1000,
        "gen_ai__usage__output_tokens": 100,
    }
    return span(trace_id, **(usual | more))


def request(*spans: dict[str, Any], **resource: Any) -> ExportTraceServiceRequest:
    """An export request of these spans in one group."""
    made = ExportTraceServiceRequest()
    group = made.resource_spans.add()
    wire.write_attributes(
        {key.replace("__", "."): value for key, value in resource.items()},
        group.resource.attributes,
    )
    scoped = group.scope_spans.add()
    scoped.scope.name = "tests"
    for one in spans:
        fields = dict(one)
        attributes = fields.pop("attributes")
        message = scoped.spans.add(**fields)
        wire.write_attributes(attributes, message.attributes)
    return made


def decoded(*spans: dict[str, Any], **resource: Any) -> Decoded[RawSpan]:
    return traces.decode_protobuf(request(*spans, **resource).SerializeToString())
