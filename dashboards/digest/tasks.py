"""What runs beside the requests: from rows, so it can be lost, repeated or run twice at once."""

from celery import shared_task
from django.utils import timezone

from dashboards.digest import delivering


@shared_task
def send_due() -> int:
    """Write down what is due and send what waits. Returns how many messages were sent."""
    delivering.enqueue(timezone.now())
    return delivering.run()


@shared_task
def purge() -> int:
    """Forget old deliveries. Returns how many."""
    return delivering.purge(timezone.now())
