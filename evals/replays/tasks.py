"""What runs beside the requests. Each task works from rows: it can be lost, repeated, doubled."""

from __future__ import annotations

import logging
import time
from datetime import datetime

from celery import shared_task
from django.utils import timezone

from evals.replays.models import Trial
from evals.replays.services import caches, stepping
from evals.truth.services import asking

ASK_SECONDS = 30.0
logger = logging.getLogger(__name__)


@shared_task
def work_off() -> int:
    """Replay through caches what waits. Returns how many ended."""
    return caches.work_off()


@shared_task
def ask() -> int:
    """Ask other models about recorded prompts. Returns how many batches were done."""
    return run(ASK_SECONDS)


def run(seconds: float, now: datetime | None = None) -> int:
    """Batches of trials in turn, for so long at most."""
    at = now or timezone.now()
    waiting = stepping.due(at)
    if not waiting:
        return 0
    try:
        return asking.alone(lambda: _in_turn(waiting, time.monotonic() + seconds, at))
    except asking.AskedAlready:
        return 0


def _in_turn(waiting: list[Trial], end: float, at: datetime) -> int:
    done = 0
    while waiting:
        left = []
        for trial in waiting:
            if _goes_on(trial, at):
                left.append(trial)
                done += 1
            if time.monotonic() > end:
                return done
        waiting = left
    return done


def _goes_on(trial: Trial, at: datetime) -> bool:
    """One that fails stops no other's; it is tried again by the next run."""
    try:
        return stepping.step(trial, at)
    except Exception:
        logger.exception("A batch of trial %s failed", trial.pk)
        return False
