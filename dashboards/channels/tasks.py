"""What runs beside the requests: from rows, so it can be lost, repeated or run twice at once."""

from celery import shared_task

from dashboards.channels import delivering

SECONDS = 8.0


@shared_task
def deliver() -> int:
    """Send what is due. Returns how many attempts were made."""
    return delivering.run(SECONDS)


@shared_task
def purge() -> int:
    """Forget old deliveries. Returns how many."""
    return delivering.purge()
