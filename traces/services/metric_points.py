"""Points of OTLP metrics that are kept as series."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from uuid import UUID

import orjson

from traces.models import MetricPoint
from traces.spans import RawMetricPoint

CHUNK = 2_000


def store(project_id: int, points: Sequence[RawMetricPoint]) -> int:
    """Store points that are new, in the caller's transaction; returns how many were."""
    distinct = {}
    for point in points:
        attributes = point.resource.attributes | point.attributes
        series = series_of(point.name, attributes)
        distinct[point.name, series, point.time_ns] = MetricPoint(
            project_id=project_id,
            name=point.name,
            unit=point.unit,
            time_ns=point.time_ns,
            series=series,
            value=point.value,
            attributes=attributes,
        )
    if not distinct:
        return 0
    before = _present(project_id, list(distinct.values()))
    MetricPoint.objects.bulk_create(distinct.values(), ignore_conflicts=True, batch_size=CHUNK)
    return len(distinct) - before


def series_of(name: str, attributes: dict[str, object]) -> UUID:
    """What names one series: the metric and all of its attributes."""
    encoded = orjson.dumps([name, attributes], option=orjson.OPT_SORT_KEYS)
    return UUID(bytes=hashlib.blake2b(encoded, digest_size=16).digest())


def _present(project_id: int, points: Sequence[MetricPoint]) -> int:
    times = [point.time_ns for point in points]
    stored = MetricPoint.objects.filter(
        project_id=project_id,
        name__in={point.name for point in points},
        series__in={point.series for point in points},
        time_ns__gte=min(times),
        time_ns__lte=max(times),
    ).values_list("name", "series", "time_ns")
    arriving = {(point.name, point.series, point.time_ns) for point in points}
    return sum(record in arriving for record in stored)
