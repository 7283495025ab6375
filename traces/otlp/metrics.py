"""OTLP metric export requests:

GenAI and GPU gauges and sums are kept, the rest is counted as ignored.
"""

from __future__ import annotations

import math
import time
from typing import Any

from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
)
from opentelemetry.proto.metrics.v1.metrics_pb2 import Metric, ResourceMetrics

from traces.otlp import Decoded, otlp_json, requests, wire
from traces.otlp.traces import AHEAD_NS, EARLIEST_NS
from traces.spans import RawMetricPoint, Rejection, Resource

KEPT = ("gen_ai.", "hw.gpu.", "gpu.", "DCGM_FI_")
MAX_NAME = 200


def decode_protobuf(body: bytes, *, now_ns: int | None = None) -> Decoded[RawMetricPoint]:
    """An `ExportMetricsServiceRequest` in protobuf. Raises BodyError (400) if it is none."""
    now = time.time_ns() if now_ns is None else now_ns
    decoded: Decoded[RawMetricPoint] = Decoded()
    for group in requests.parse(ExportMetricsServiceRequest, body).resource_metrics:
        resource = wire.read_resource(group.resource)
        for scoped in group.scope_metrics:
            for metric in scoped.metrics:
                _take(decoded, metric, resource, now)
    return decoded


def decode_json(body: bytes, *, now_ns: int | None = None) -> Decoded[RawMetricPoint]:
    """The same in OTLP JSON.

    Raises BodyError (400) if it is none; a metric that is wrong is rejected.
    """
    now = time.time_ns() if now_ns is None else now_ns
    decoded: Decoded[RawMetricPoint] = Decoded()
    for group, _, records in requests.json_groups(body, ResourceMetrics, "Metrics", "metrics"):
        resource = wire.read_resource(group.resource)
        for one in records:
            metric = Metric()
            try:
                otlp_json.fill(metric, one, wire.Cleaner())
            except otlp_json.Fault as fault:
                decoded.rejections.append(Rejection(decoded.received, "invalid_field", str(fault)))
                decoded.received += 1
                continue
            _take(decoded, metric, resource, now)
    return decoded


def _take(decoded: Decoded[RawMetricPoint], metric: Metric, resource: Resource, now: int) -> None:
    kind = metric.WhichOneof("data")
    points: Any = getattr(metric, kind).data_points if kind else ()
    wanted = kind in ("gauge", "sum") and metric.name.startswith(KEPT)
    for point in points:
        index = decoded.received
        decoded.received += 1
        if not wanted:
            decoded.ignored += 1
            continue
        value = point.as_double if point.WhichOneof("value") == "as_double" else point.as_int
        if not math.isfinite(value):
            decoded.rejections.append(
                Rejection(index, "invalid_value", f"{metric.name[:100]}: the value is {value}")
            )
            continue
        sent = point.time_unix_nano
        cleaner = wire.Cleaner()
        decoded.items.append(
            RawMetricPoint(
                cleaner.text(metric.name[:MAX_NAME]),
                cleaner.text(metric.unit[:MAX_NAME]),
                sent if EARLIEST_NS <= sent <= now + AHEAD_NS else now,
                float(value),
                wire.read_attributes(point.attributes, cleaner),
                resource,
            )
        )
