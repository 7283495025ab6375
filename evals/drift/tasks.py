"""What runs beside the requests. It works from rows, so it can be lost, repeated or run twice."""

from celery import shared_task

from evals.drift.services import schedule

SECONDS = 40.0


@shared_task
def judge() -> int:
    """Judge the windows that have come. Returns how many."""
    return schedule.run(SECONDS)


@shared_task
def purge() -> int:
    """Forget windows that are older than a year."""
    return schedule.purge()
