"""What runs beside the requests: it works from rows, so it can be lost, repeated, run twice."""

from celery import shared_task

from dashboards.alerts.services import evaluating, forgetting

EVALUATION_SECONDS = 50.0


@shared_task
def evaluate() -> int:
    """Judge the windows that have ended. Returns how many rules were evaluated."""
    return evaluating.run(EVALUATION_SECONDS)


@shared_task
def purge() -> int:
    """Forget old history. Returns how many transitions."""
    return forgetting.purge()
