"""What operators see of scoring: how far behind it is, what failed, which connections rest."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from django.db import connection
from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, Metric

from evals.services.live import CONSUMER
from sightglass.kernel.findings import Finding
from traces.services import work

LATE_SECONDS = 600.0
OPEN_JOBS = """
SELECT count(*), coalesce(extract(epoch FROM now() - min(created_at)), 0)
FROM evals_job WHERE state IN ('waiting', 'running')"""
JOBS = """
SELECT queue, count(*), coalesce(extract(epoch FROM now() - min(created_at)), 0)
FROM evals_job WHERE state IN ('waiting', 'running') GROUP BY queue ORDER BY queue"""
DAYS = """
SELECT p.slug, e.name, sum(d.scored), sum(d.skipped), sum(d.failed), sum(d.cost) / 1e12,
    sum(d.lag_ms) / 1e3
FROM evals_evaluatorday d JOIN evals_evaluator e ON e.id = d.evaluator_id
JOIN accounts_project p ON p.id = e.project_id
GROUP BY p.slug, e.name ORDER BY p.slug, e.name"""
RESTING = """
SELECT p.slug, c.name, c.open_until > now() FROM evals_connection c
JOIN accounts_project p ON p.id = c.project_id ORDER BY p.slug, c.name"""


@dataclass(frozen=True, slots=True)
class Backlog:
    """What waits: requests and jobs, and the age in seconds of the oldest."""

    waiting: int
    seconds: float


def backlog(project_id: int | None = None) -> Backlog:
    """Of one project, or of all."""
    requests, oldest = work.waiting(CONSUMER, project_id)
    where, parameters = ("", []) if project_id is None else (" AND project_id = %s", [project_id])
    with connection.cursor() as cursor:
        cursor.execute(OPEN_JOBS + where, parameters)
        jobs, job_age = cursor.fetchone()
    return Backlog(requests + jobs, max(oldest, float(job_age)))


def collect() -> Iterator[Metric]:
    """Read at each scrape."""
    waiting, oldest = work.waiting(CONSUMER)
    with connection.cursor() as cursor:
        cursor.execute(JOBS)
        queues = cursor.fetchall()
        cursor.execute(DAYS)
        days = cursor.fetchall()
        cursor.execute(RESTING)
        resting = cursor.fetchall()
    yield from _waiting([("live", waiting, oldest), *queues])
    yield from _ended(days)
    open_ = GaugeMetricFamily(
        "sightglass_connection_resting",
        "1 while calls to the provider rest after failures.",
        labels=["project", "connection"],
    )
    for slug, name, rests in resting:
        open_.add_metric([slug, name], float(bool(rests)))
    yield open_


def _waiting(rows: list[tuple[str, int, float]]) -> Iterator[Metric]:
    count = GaugeMetricFamily(
        "sightglass_evaluation_waiting",
        "Requests and jobs that wait to be scored.",
        labels=["queue"],
    )
    age = GaugeMetricFamily(
        "sightglass_evaluation_waiting_seconds", "Age of the oldest of them.", labels=["queue"]
    )
    for queue, waiting, oldest in rows:
        count.add_metric([queue], float(waiting))
        age.add_metric([queue], float(oldest))
    yield count
    yield age


def _ended(rows: list[tuple[str, str, int, int, int, float, float]]) -> Iterator[Metric]:
    ended = CounterMetricFamily(
        "sightglass_evaluations", "Objects that evaluators ended with, by outcome.",
        labels=["project", "evaluator", "outcome"],
    )  # fmt: skip
    cost = CounterMetricFamily(
        "sightglass_evaluation_cost_dollars", "What judges have cost.",
        labels=["project", "evaluator"],
    )  # fmt: skip
    lag = CounterMetricFamily(
        "sightglass_evaluation_lag_seconds",
        "Sum over scored objects of the time from stored to scored.",
        labels=["project", "evaluator"],
    )
    for slug, name, scored, skipped, failed, spent, waited in rows:
        for outcome, number in (("scored", scored), ("skipped", skipped), ("failed", failed)):
            ended.add_metric([slug, name, outcome], float(number))
        cost.add_metric([slug, name], float(spent))
        lag.add_metric([slug, name], float(waited))
    yield ended
    yield cost
    yield lag


def check() -> Iterator[Finding]:
    """For `sightglass check`."""
    behind = backlog()
    if behind.seconds > LATE_SECONDS:
        detail = f"scoring is {behind.seconds:.0f} s behind: do workers run, and enough?"
        yield Finding("warning", "scoring", detail)
