"""What operators see of ingest: the ledger, the backlog, findings."""

from collections.abc import Iterator

from django.db import connection
from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, Metric

from sightglass.kernel.findings import Finding
from traces.services import ledger, partitions

LATE_SECONDS = 300.0
BACKLOG = """
SELECT count(*), coalesce(extract(epoch FROM now() - min(created_at)), 0) FROM traces_batch
WHERE consumer = 'index'"""


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
    waiting, oldest = backlog()
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


def backlog() -> tuple[float, float]:
    """Requests that wait for the workers, and the age in seconds of the oldest."""
    with connection.cursor() as cursor:
        cursor.execute(BACKLOG)
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
    oldest = backlog()[1]
    if oldest > LATE_SECONDS:
        detail = f"stored spans wait {oldest:.0f} s to be indexed: do workers run, and enough?"
        yield Finding("warning", "backlog", detail)
