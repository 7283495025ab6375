"""What runs beside the requests of reviewers.

Each task works from rows, so it can be lost, repeated or run twice at once.
"""

from celery import shared_task

from evals.review.services import tending, topping_up

FILL_SECONDS = 8.0


@shared_task
def fill() -> int:
    """Let rules fill their queues. Returns how many items were added."""
    return topping_up.run(FILL_SECONDS)


@shared_task
def tend() -> int:
    """Rank items anew, close and take out what should be. Returns how many changed."""
    return tending.run()
