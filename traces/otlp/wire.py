"""OTLP messages to records and back: one span, one log record, and what a group of them shares.

What is stored is the serialised OTLP `Span` (or our own JSON), so reading it back goes through
here too.
"""

from __future__ import annotations

import base64
import math
from collections.abc import Iterable, Mapping
from typing import Any

from opentelemetry.proto.common.v1.common_pb2 import AnyValue, InstrumentationScope, KeyValue
from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord, ResourceLogs
from opentelemetry.proto.resource.v1.resource_pb2 import Resource as ResourceMessage
from opentelemetry.proto.trace.v1.trace_pb2 import ResourceSpans, Span

from traces.spans import Flag, RawEvent, RawLink, RawLog, RawSpan, Resource, Scope, Status

REPLACEMENT = "\ufffd"
STATUSES = {0: Status.UNSET, 1: Status.OK, 2: Status.ERROR}
STATUS_CODES = {status: code for code, status in STATUSES.items()}
NO_PARENTS = (b"", bytes(8))


class Cleaner:
    """Replaces what Postgres cannot hold, and remembers whether it had to."""

    __slots__ = ("used",)

    def __init__(self) -> None:
        self.used = False

    def text(self, value: str) -> str:
        if "\0" in value:
            self.used = True
            return value.replace("\0", REPLACEMENT)
        return value


def read_attributes(pairs: Iterable[KeyValue], cleaner: Cleaner) -> dict[str, Any]:
    """Flat attributes as JSON types. Of a key that is sent twice the last value stays."""
    found: dict[str, Any] = {}
    for pair in pairs:
        key, value = pair.key, pair.value
        if "\0" in key:
            key = cleaner.text(key)
        kind = value.WhichOneof("value")
        if kind == "string_value":
            text = value.string_value
            found[key] = text if "\0" not in text else cleaner.text(text)
        elif kind == "int_value":
            found[key] = value.int_value
        elif kind is None:
            found[key] = None
        else:
            found[key] = read_value(value, kind, cleaner)
    return found


def read_value(value: AnyValue, kind: str | None, cleaner: Cleaner) -> Any:
    """One value as a JSON type: bytes as base64, numbers that JSON lacks as their name."""
    if kind is None:
        return None
    if kind == "string_value":
        return cleaner.text(value.string_value)
    if kind == "array_value":
        items = value.array_value.values
        return [read_value(item, item.WhichOneof("value"), cleaner) for item in items]
    if kind == "kvlist_value":
        return read_attributes(value.kvlist_value.values, cleaner)
    if kind == "bytes_value":
        return base64.b64encode(value.bytes_value).decode()
    if kind == "double_value":
        number = value.double_value
        return number if math.isfinite(number) else str(number)
    return getattr(value, kind)


def write_value(value: Any, into: AnyValue) -> None:
    """Fill an AnyValue from a JSON type; an integer beyond 64 bits becomes a double."""
    if value is None:
        return
    if isinstance(value, str):
        into.string_value = value
    elif isinstance(value, bool):
        into.bool_value = value
    elif isinstance(value, int):
        if -(2**63) <= value < 2**63:
            into.int_value = value
        else:
            into.double_value = float(value)
    elif isinstance(value, float):
        into.double_value = value
    elif isinstance(value, Mapping):
        into.kvlist_value.SetInParent()
        write_attributes(value, into.kvlist_value.values)
    else:
        into.array_value.SetInParent()
        for item in value:
            write_value(item, into.array_value.values.add())


def write_attributes(attributes: Mapping[str, Any], into: Any) -> None:
    """Append attributes to a repeated field of KeyValue."""
    for key, value in attributes.items():
        pair = into.add()
        pair.key = key
        pair.value.SetInParent()
        write_value(value, pair.value)


def read_span(span: Span, resource: Resource, scope: Scope) -> RawSpan:
    """A span whose ids have the right length (`traces.otlp.traces` checks);

    its times as they were sent.
    """
    cleaner = Cleaner()
    parent = span.parent_span_id
    if len(parent) != 8:
        cleaner.used = cleaner.used or bool(parent)
        parent = b""
    end = span.end_time_unix_nano
    raw = RawSpan(
        trace_id=span.trace_id,
        span_id=span.span_id,
        parent_id=None if parent in NO_PARENTS else parent,
        name=cleaner.text(span.name) or "unnamed",
        start_ns=span.start_time_unix_nano,
        end_ns=end or None,
        attributes=read_attributes(span.attributes, cleaner),
        status=STATUSES.get(span.status.code, Status.UNSET),
        status_message=cleaner.text(span.status.message),
        otel_kind=span.kind,
        trace_state=cleaner.text(span.trace_state),
        resource=resource,
        scope=scope,
    )
    if span.events:
        raw.events = [
            RawEvent(
                cleaner.text(event.name),
                event.time_unix_nano,
                read_attributes(event.attributes, cleaner),
            )
            for event in span.events
        ]
    if span.links:
        raw.links = [
            RawLink(link.trace_id, link.span_id, read_attributes(link.attributes, cleaner))
            for link in span.links
        ]
    if cleaner.used:
        raw.flags |= Flag.SANITISED
    return raw


def decode_span(wire: bytes, resource: Resource, scope: Scope) -> RawSpan:
    """A stored span."""
    raw = read_span(Span.FromString(wire), resource, scope)
    raw.wire = wire
    return raw


def encode_span(raw: RawSpan) -> bytes:
    """What to store of a span that was changed after it was decoded."""
    if raw.native is not None:
        from traces.otlp import native

        return native.encode(raw.native)
    span = Span.FromString(raw.wire)
    span.DiscardUnknownFields()
    span.name, span.status.message, span.trace_state = (
        raw.name,
        raw.status_message,
        raw.trace_state,
    )
    span.start_time_unix_nano, span.end_time_unix_nano = raw.start_ns, raw.end_ns or 0
    del span.attributes[:], span.events[:], span.links[:]
    write_attributes(raw.attributes, span.attributes)
    for event in raw.events:
        made = span.events.add(name=event.name, time_unix_nano=event.time_ns)
        write_attributes(event.attributes, made.attributes)
    for link in raw.links:
        linked = span.links.add(trace_id=link.trace_id, span_id=link.span_id)
        write_attributes(link.attributes, linked.attributes)
    return span.SerializeToString()


def holds_more(raw: RawSpan) -> bool:
    """Whether the bytes of an OTLP span hold what reading it left out:

    unknown fields, an attribute that is sent twice, the state of a link.
    """
    span = Span.FromString(raw.wire)
    sent = [len(one.attributes) for one in span.events] + [
        len(one.attributes) for one in span.links
    ]
    read = [len(one.attributes) for one in raw.events] + [len(one.attributes) for one in raw.links]
    if len(span.attributes) != len(raw.attributes) or sent != read:
        return True
    span.DiscardUnknownFields()
    return span.ByteSize() != len(raw.wire) or any(link.trace_state for link in span.links)


def decode_native(wire: bytes) -> RawSpan:
    """A stored span that was sent as native JSON."""
    from traces.otlp import native

    return native.decode(wire)


def read_resource(message: ResourceMessage) -> Resource:
    return Resource(read_attributes(message.attributes, Cleaner()))


def read_scope(message: InstrumentationScope) -> Scope:
    cleaner = Cleaner()
    return Scope(
        cleaner.text(message.name),
        cleaner.text(message.version),
        read_attributes(message.attributes, cleaner),
    )


def _write_scope(scope: Scope, into: InstrumentationScope) -> None:
    into.name, into.version = scope.name, scope.version
    write_attributes(scope.attributes, into.attributes)


def encode_group(resource: Resource, scope: Scope) -> bytes:
    """What the spans of a group share, to be stored once beside them."""
    group = ResourceSpans()
    write_attributes(resource.attributes, group.resource.attributes)
    _write_scope(scope, group.scope_spans.add().scope)
    return group.SerializeToString()


def decode_group(wire: bytes) -> tuple[Resource, Scope]:
    group = ResourceSpans.FromString(wire)
    return read_resource(group.resource), read_scope(group.scope_spans[0].scope)


def read_log(record: LogRecord, resource: Resource, scope: Scope) -> RawLog:
    """A log record that names a span;

    its event name is a field or, of older clients, an attribute.
    """
    cleaner = Cleaner()
    attributes = read_attributes(record.attributes, cleaner)
    name = record.event_name or attributes.get("event.name") or ""
    return RawLog(
        trace_id=record.trace_id,
        span_id=record.span_id,
        time_ns=record.time_unix_nano or record.observed_time_unix_nano,
        event_name=cleaner.text(str(name)),
        body=read_value(record.body, record.body.WhichOneof("value"), cleaner),
        attributes=attributes,
        resource=resource,
        scope=scope,
    )


def encode_log(log: RawLog) -> bytes:
    """What is stored of a log record, with its resource and scope."""
    group = ResourceLogs()
    write_attributes(log.resource.attributes, group.resource.attributes)
    scoped = group.scope_logs.add()
    _write_scope(log.scope, scoped.scope)
    record = scoped.log_records.add(
        trace_id=log.trace_id,
        span_id=log.span_id,
        time_unix_nano=log.time_ns,
        event_name=log.event_name,
    )
    write_value(log.body, record.body)
    write_attributes(log.attributes, record.attributes)
    return group.SerializeToString()


def decode_log(wire: bytes) -> RawLog:
    group = ResourceLogs.FromString(wire)
    scoped = group.scope_logs[0]
    return read_log(scoped.log_records[0], read_resource(group.resource), read_scope(scoped.scope))
