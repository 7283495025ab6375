"""What runs beside the requests. Each task works from rows: it can be lost, repeated, doubled."""

from celery import shared_task

from evals.datasets.services import importing, tending


@shared_task
def work_off() -> int:
    """Read files that wait to be added. Returns how many."""
    return importing.work_off()


@shared_task
def tend() -> int:
    """Forget old uploads, and datasets of projects that are gone. Returns how many rows went."""
    return importing.purge() + tending.empty_deleted()
