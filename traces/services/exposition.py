"""What /metrics says of ingest: counters of the ledger, and how far the workers are behind."""

from collections.abc import Iterator

from django.db import connection
from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, Metric

from traces.services import ledger

BACKLOG = """
SELECT count(*), coalesce(extract(epoch FROM now() - min(created_at)), 0) FROM traces_batch"""


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
    with connection.cursor() as cursor:
        cursor.execute(BACKLOG)
        waiting, oldest = cursor.fetchone()
    yield GaugeMetricFamily(
        "sightglass_index_waiting_requests",
        "Stored requests whose words are not indexed yet.",
        value=float(waiting),
    )
    yield GaugeMetricFamily(
        "sightglass_index_waiting_seconds",
        "Age of the oldest of them.",
        value=float(oldest),
    )
