"""What runs beside the requests: from rows, so it can be lost, repeated or run twice at once."""

from celery import shared_task
from django.utils import timezone

from dashboards.queues import noticing, telling


@shared_task
def tell() -> int:
    """Write down who is to be told, and send what waits. Returns how many messages were sent."""
    noticing.note(timezone.now())
    return telling.run()


@shared_task
def purge() -> int:
    """Forget old notices. Returns how many."""
    return telling.purge(timezone.now())
