"""What runs beside the requests. It works from rows, so it can be lost, repeated or run twice."""

from __future__ import annotations

import logging
import time

from celery import shared_task

from evals.topics.models import Plan
from evals.topics.services import naming, schedule
from evals.truth.services import asking

SECONDS = 20.0
NAME_SECONDS = 30.0
logger = logging.getLogger(__name__)


@shared_task
def work() -> int:
    """Find topics that are due, give new calls theirs, add up. Returns how many pieces."""
    return schedule.work(SECONDS)


@shared_task
def name() -> int:
    """Have models name topics. Returns how many batches."""
    waiting = naming.waiting()
    if not waiting:
        return 0
    try:
        return asking.alone(lambda: _in_turn(waiting, time.monotonic() + NAME_SECONDS))
    except asking.AskedAlready:
        return 0


def _in_turn(waiting: list[Plan], end: float) -> int:
    done = 0
    for plan in waiting:
        try:
            while naming.step(plan) and time.monotonic() < end:
                done += 1
        except Exception:
            logger.exception("Topics of project %s could not be named", plan.pk)
        if time.monotonic() > end:
            break
    return done


@shared_task
def purge() -> int:
    """Forget old sums and runs."""
    return schedule.purge()
