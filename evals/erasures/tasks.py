"""What runs beside the requests. It works from rows, so it can be lost, repeated or run twice."""

from celery import shared_task

from evals.erasures import services

SECONDS = 20.0


@shared_task
def erase() -> int:
    """Go on with what somebody asked to have erased. Returns how many are done."""
    return services.run(SECONDS)
