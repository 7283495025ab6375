"""What runs beside the requests: probes, each night or hour. It works from rows."""

from __future__ import annotations

import logging
import time
from datetime import datetime

from celery import shared_task
from django.utils import timezone

from evals.probes.models import ProbeSet
from evals.probes.services import runs
from evals.truth.services import asking

ASK_SECONDS = 30.0
logger = logging.getLogger(__name__)


@shared_task
def ask() -> int:
    """Ask models about probes. Returns how many batches were done."""
    return run(ASK_SECONDS)


@shared_task
def purge() -> int:
    """Forget old answers that nothing is held against."""
    return runs.purge()


def run(seconds: float, now: datetime | None = None) -> int:
    """Batches of sets in turn, for so long at most."""
    at = now or timezone.now()
    waiting = runs.due(at)
    if not waiting:
        return 0
    try:
        return asking.alone(lambda: _in_turn(waiting, time.monotonic() + seconds, at))
    except asking.AskedAlready:
        return 0


def _in_turn(waiting: list[ProbeSet], end: float, at: datetime) -> int:
    done = 0
    while waiting:
        left = []
        for one in waiting:
            if _goes_on(one, at):
                left.append(one)
                done += 1
            if time.monotonic() > end:
                return done
        waiting = left
    return done


def _goes_on(one: ProbeSet, at: datetime) -> bool:
    """One that fails stops no other's; it is tried again by the next run."""
    try:
        return runs.step(one, at)
    except Exception:
        logger.exception("A batch of probes of set %s failed", one.pk)
        return False
