"""What runs beside the requests. Each task works from rows: it can be lost, repeated, doubled."""

from celery import shared_task

from evals.replays.services import caches


@shared_task
def work_off() -> int:
    """Replay through caches what waits. Returns how many ended."""
    return caches.work_off()
