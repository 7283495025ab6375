"""OTLP log export requests:

records that belong to a span are kept, application logs are not ours.
"""

from __future__ import annotations

import time

from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord, ResourceLogs

from traces.otlp import Decoded, otlp_json, requests, wire
from traces.otlp.traces import AHEAD_NS, EARLIEST_NS, fault_of
from traces.spans import RawLog, Rejection, Resource, Scope

GENAI = ("gen_ai.",)


def decode_protobuf(body: bytes, *, now_ns: int | None = None) -> Decoded[RawLog]:
    """An `ExportLogsServiceRequest` in protobuf. Raises BodyError (400) if it is none."""
    now = time.time_ns() if now_ns is None else now_ns
    decoded: Decoded[RawLog] = Decoded()
    for group in requests.parse(ExportLogsServiceRequest, body).resource_logs:
        resource = wire.read_resource(group.resource)
        for scoped in group.scope_logs:
            scope = wire.read_scope(scoped.scope)
            for record in scoped.log_records:
                _take(decoded, record, resource, scope, now)
    return decoded


def decode_json(body: bytes, *, now_ns: int | None = None) -> Decoded[RawLog]:
    """The same in OTLP JSON.

    Raises BodyError (400) if it is none; a record that is wrong is rejected.
    """
    now = time.time_ns() if now_ns is None else now_ns
    decoded: Decoded[RawLog] = Decoded()
    for group, scoped, records in requests.json_groups(body, ResourceLogs, "Logs", "logRecords"):
        resource, scope = wire.read_resource(group.resource), wire.read_scope(scoped.scope)
        for one in records:
            record = LogRecord()
            try:
                otlp_json.fill(record, one, wire.Cleaner())
            except otlp_json.Fault as fault:
                decoded.rejections.append(Rejection(decoded.received, "invalid_field", str(fault)))
                decoded.received += 1
                continue
            _take(decoded, record, resource, scope, now)
    return decoded


def _take(
    decoded: Decoded[RawLog], record: LogRecord, resource: Resource, scope: Scope, now: int
) -> None:
    index = decoded.received
    decoded.received += 1
    log = wire.read_log(record, resource, scope)
    if not log.event_name.startswith(GENAI):
        decoded.ignored += 1
        return
    fault = fault_of(log.trace_id, log.span_id)
    if fault is not None:
        decoded.rejections.append(Rejection(index, *fault))
        return
    if not EARLIEST_NS <= log.time_ns <= now + AHEAD_NS:
        log.time_ns = now
    decoded.items.append(log)
