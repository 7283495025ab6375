"""What operators see of ingest: the ledger, the backlog, findings."""

from collections.abc import Iterator

from django.db import connection
from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, Metric

from sightglass.kernel.findings import Finding
from traces.services import ledger, partitions, work

LATE_SECONDS = 300.0
CHANGED = """
SELECT count(DISTINCT (project_id, bucket)), coalesce(extract(epoch FROM now() - min(at)), 0)
FROM traces_mark WHERE level = 300"""


def collect() -> Iterator[Metric]:
    """Read at each scrape."""
    records = CounterMetricFamily(
        "sightglass_ingest_records",
        "Records received, by what became of them.",
        labels=["project", "signal", "outcome"],
    )
    for labels, count in sorted(ledger.totals().items()):
        records.add_metric(labels, float(count))
    yield records
    waiting, oldest = work.waiting(work.INDEX)
    yield GaugeMetricFamily(
        "sightglass_index_waiting_requests",
        "Stored requests whose words are not indexed yet.",
        value=waiting,
    )
    yield GaugeMetricFamily(
        "sightglass_index_waiting_seconds",
        "Age of the oldest of them.",
        value=oldest,
    )
    buckets, oldest = unsummed()
    yield GaugeMetricFamily(
        "sightglass_rollup_waiting_buckets",
        "Stretches of five minutes whose sums are behind the spans.",
        value=buckets,
    )
    yield GaugeMetricFamily(
        "sightglass_rollup_waiting_seconds",
        "Age of the oldest change among them.",
        value=oldest,
    )


def unsummed() -> tuple[float, float]:
    """Buckets that wait to be summed up, and the age in seconds of the oldest change."""
    with connection.cursor() as cursor:
        cursor.execute(CHANGED)
        waiting, oldest = cursor.fetchone()
    return float(waiting), float(oldest)


def check() -> Iterator[Finding]:
    """For `sightglass check`."""
    next_week = partitions.current_week() + 1
    with connection.cursor() as cursor:
        cursor.execute("SELECT to_regclass(%s) IS NULL", [f"traces_span_w{next_week}"])
        if cursor.fetchone()[0]:
            detail = "next week's partitions are not there: does the schedule (beat) run?"
            yield Finding("error", "partitions", detail)
    _, oldest = work.waiting(work.INDEX)
    if oldest > LATE_SECONDS:
        detail = f"stored spans wait {oldest:.0f} s to be indexed: do workers run, and enough?"
        yield Finding("warning", "backlog", detail)
    _, oldest = unsummed()
    if oldest > LATE_SECONDS:
        detail = f"changes wait {oldest:.0f} s to be summed up for dashboards and alerts"
        yield Finding("warning", "rollups", f"{detail}: do workers run, and enough?")
