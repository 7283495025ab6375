"""What operators see of embedding: how far behind it is, and which projects' models give none."""

from __future__ import annotations

from collections.abc import Iterator

from prometheus_client.metrics_core import GaugeMetricFamily, Metric

from evals.vectors.services.storing import CONSUMER
from sightglass.kernel.findings import Finding
from traces.services import work

LATE_SECONDS = 3_600.0


def collect() -> Iterator[Metric]:
    """Read at each scrape."""
    number, oldest = work.waiting(CONSUMER)
    yield GaugeMetricFamily(
        "sightglass_embedding_waiting_requests",
        "Stored requests whose calls have no vectors yet.",
        value=number,
    )
    yield GaugeMetricFamily(
        "sightglass_embedding_waiting_seconds", "Age of the oldest of them.", value=oldest
    )


def check() -> Iterator[Finding]:
    """For `sightglass check`."""
    _, oldest = work.waiting(CONSUMER)
    if oldest > LATE_SECONDS:
        detail = (
            f"search by meaning is {oldest:.0f} s behind: do workers run, and does the provider"
            " of each project's model answer?"
        )
        yield Finding("warning", "embedding", detail)
