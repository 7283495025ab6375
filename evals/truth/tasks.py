"""What runs beside the requests: panels each night, and drafts that are to be tried.

It works from rows, so it can be lost, repeated or run twice at once.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from datetime import UTC, datetime

from celery import shared_task

from evals.truth.services import asking, improving, nights

ASK_SECONDS = 30.0
logger = logging.getLogger(__name__)


@shared_task
def ask() -> int:
    """Ask judges about panels and held-out cases. Returns how many batches were done."""
    return run(ASK_SECONDS)


@shared_task
def purge() -> int:
    """Forget answers that nothing is compared with any more."""
    return nights.purge()


def run(seconds: float, now: datetime | None = None) -> int:
    """Batches of what waits, in turn, for so long at most."""
    at = now or datetime.now(UTC)
    work: list[Callable[[], bool]] = [
        *(lambda panel=panel: nights.step(panel, at) for panel in nights.due(at)),
        *(lambda one=one: improving.step(one, at) for one in improving.waiting(at)),
    ]
    if not work:
        return 0
    try:
        return asking.alone(lambda: _in_turn(work, time.monotonic() + seconds))
    except asking.AskedAlready:
        return 0


def _in_turn(work: list[Callable[[], bool]], end: float) -> int:
    """At least one batch, so that each run gets on."""
    done = 0
    while work:
        left = []
        for step in work:
            if _goes_on(step):
                left.append(step)
                done += 1
            if time.monotonic() > end:
                return done
        work = left
    return done


def _goes_on(step: Callable[[], bool]) -> bool:
    """One that fails stops no other's; it is tried again by the next run."""
    try:
        return step()
    except Exception:
        logger.exception("A batch could not be asked about")
        return False
