"""What runs beside the requests.

Each task works from rows, so it can be lost, repeated or run twice at once.
"""

from celery import shared_task

from evals.services import (
    backfills,
    comparing,
    jobs,
    judging,
    live,
    metrics,
    reuse,
    sweeping,
    working,
)

LIVE_SECONDS, JOB_SECONDS, JUDGE_SECONDS = 8.0, 8.0, 45.0


@shared_task
def score_stored() -> int:
    """Score what has just been stored. Returns how many requests were done."""
    return live.run(LIVE_SECONDS)


@shared_task
def work_off() -> int:
    """Do the jobs of embedded detectors. Returns how many ended."""
    return working.run(JOB_SECONDS)


@shared_task
def judge() -> int:
    """Do the jobs of LLM judges. Returns how many ended."""
    return judging.run(JUDGE_SECONDS)


@shared_task
def run_ragas() -> int:
    """Do the jobs of ragas metrics. Returns how many ended."""
    return metrics.run(JUDGE_SECONDS)


@shared_task
def sweep() -> int:
    """Make the jobs of traces and sessions that have gone quiet, and of back-fills."""
    return sweeping.run() + backfills.run()


@shared_task
def purge() -> int:
    """Forget ended jobs and old verdicts."""
    return jobs.purge() + reuse.purge() + comparing.purge()
