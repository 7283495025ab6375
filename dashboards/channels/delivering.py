"""Sends what was written down: from rows, by as many workers as there are.

A delivery is claimed in a short transaction that locks its channel's row (`SKIP LOCKED`) and sets a
lease, is sent, and its outcome is written at once. So

- one channel is sent to by one worker at a time, and what waits on a slow one waits alone;
- of one alert (`thread`) a channel gets `firing` before `resolved`, also after failures;
- a worker that is killed leaves a lease behind, and when that ends another sends again. Only what
  was killed between the service's answer and the commit after it is sent twice, and it carries the
  same id (`webhook-id`, `Message-ID`, PagerDuty's `dedup_key`), so that receivers can drop it;
- what fails comes again later, each time later, until a day has passed.

Network calls are made in threads that do not touch the database; claims and outcomes are this
thread's.
"""

from __future__ import annotations

import logging
import random
import time
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from datetime import datetime, timedelta
from threading import BoundedSemaphore
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Case, Exists, F, OuterRef, Q, QuerySet, Value, When
from django.utils import timezone

from dashboards.channels.events import Event
from dashboards.channels.models import Channel, Delivery
from dashboards.channels.sending import chat, mail, webhook
from dashboards.channels.sending.outcome import Outcome, failed
from evals.services import secrets
from sightglass.email import NO_SERVER

logger = logging.getLogger(__name__)
LEASE = timedelta(seconds=90)
"""Longer than an attempt can take; so late a killed worker's delivery is taken over."""
AT_ONCE = 8
FIRST_WAIT, LONGEST_WAIT = 10.0, 3_600.0
RESTS_AFTER = 3
"""Failures in a row: from then on the channel rests too."""
FIRST_REST, LONGEST_REST = 10.0, 300.0
OPEN = (Delivery.State.WAITING, Delivery.State.SENDING)
KEPT = timedelta(days=90)
PURGED_AT_ONCE = 5_000
TESTS = BoundedSemaphore(3)
"""So many threads of a web process may wait for a test message."""

Sender = Callable[[dict[str, Any], str, Event, UUID], Outcome]
SENDERS: dict[str, Sender] = {
    Channel.Kind.EMAIL: mail.send,
    Channel.Kind.SLACK: chat.send_slack,
    Channel.Kind.TEAMS: chat.send_teams,
    Channel.Kind.DISCORD: chat.send_discord,
    Channel.Kind.PAGERDUTY: chat.send_pagerduty,
    Channel.Kind.WEBHOOK: webhook.send,
}


class Crowded(Exception):
    """Too many test messages are on their way."""


def run(seconds: float) -> int:
    """Send what is due, for about so long. Returns how many attempts were made."""
    give_up()
    until, made = time.monotonic() + seconds, 0
    under_way: dict[Future[Outcome], Delivery] = {}
    with ThreadPoolExecutor(AT_ONCE) as threads:
        while True:
            room = AT_ONCE - len(under_way) if time.monotonic() < until else 0
            for delivery in claim(room):
                under_way[threads.submit(attempt(delivery))] = delivery
            if not under_way:
                return made
            ended, _ = wait(under_way, return_when=FIRST_COMPLETED)
            for one in ended:
                note(under_way.pop(one), outcome_of(one))
                made += 1


def outcome_of(ended: Future[Outcome]) -> Outcome:
    """What the sender says; what it did not foresee is ours to mend, and no end of the others."""
    error = ended.exception()
    if error is None:
        return ended.result()
    logger.error("a notification could not be sent", exc_info=error)
    return failed(f"It could not be sent ({type(error).__name__}).")


def claim(most: int) -> list[Delivery]:
    """At most so many due deliveries, of a channel each, marked as being sent."""
    if most <= 0:
        return []
    now = timezone.now()
    free = Q(busy_until=None) | Q(busy_until__lte=now)
    awake = Q(rests_until=None) | Q(rests_until__lte=now)
    with transaction.atomic():
        channels = list(
            Channel.objects.filter(free, awake, Exists(due(OuterRef("pk"), now)), enabled=True)
            .select_for_update(skip_locked=True, no_key=True)
            .order_by(F("busy_until").asc(nulls_first=True), "pk")[:most]  # who waits longest
        )
        # Asked again now that the rows are locked: another worker may just have sent.
        claimed = [_claim_one(channel, now) for channel in channels]
    return [delivery for delivery in claimed if delivery is not None]


def due(channel: Any, now: datetime) -> QuerySet[Delivery]:
    """What may be sent to a channel now; not what another of its thread must go before."""
    waiting = Q(state=Delivery.State.WAITING, not_before__lte=now)
    left_behind = Q(state=Delivery.State.SENDING, lease_until__lte=now)
    before = Delivery.objects.filter(
        channel=OuterRef("channel"),
        thread=OuterRef("thread"),
        pk__lt=OuterRef("pk"),
        state__in=OPEN,
    ).exclude(thread="")
    return Delivery.objects.filter(waiting | left_behind, ~Exists(before), channel=channel)


def _claim_one(channel: Channel, now: datetime) -> Delivery | None:
    """The oldest that is due, of a channel whose row is locked."""
    delivery = due(channel, now).order_by("pk").first()
    if delivery is None:
        return None
    delivery.state, delivery.lease_until = Delivery.State.SENDING, now + LEASE
    delivery.attempts += 1
    delivery.channel = channel
    delivery.save(update_fields=["state", "lease_until", "attempts"])
    channel.busy_until = delivery.lease_until
    channel.save(update_fields=["busy_until"])
    return delivery


def attempt(delivery: Delivery) -> Callable[[], Outcome]:
    """The call that sends it, which needs no database any more."""
    channel = delivery.channel
    try:
        secret = secrets.unseal(bytes(channel.secret))
        event = Event.from_json(delivery.event)
    except secrets.Unreadable as error:
        said = str(error)
        return lambda: failed(said, final=True)
    except (KeyError, TypeError, ValueError):
        logger.exception("notification %s cannot be read", delivery.pk)
        return lambda: failed("It was written down in a form that cannot be read.", final=True)
    send, config, message_id = SENDERS[channel.kind], channel.config, delivery.message_id
    return lambda: send(config, secret, event, message_id)


def send_once(delivery: Delivery) -> Outcome:
    """Send what was claimed, from a web process. Raises Crowded."""
    if not TESTS.acquire(blocking=False):
        raise Crowded
    try:
        with ThreadPoolExecutor(1) as thread:  # the caller's may have a running event loop
            ended = thread.submit(attempt(delivery))
            wait([ended])
            return outcome_of(ended)
    finally:
        TESTS.release()


def note(delivery: Delivery, outcome: Outcome) -> None:
    """Write down how the attempt ended, for the delivery and for its channel."""
    now = timezone.now()
    mine = Q(state=Delivery.State.SENDING, attempts=delivery.attempts)  # else taken over
    with transaction.atomic():
        rows = Delivery.objects.filter(pk=delivery.pk)
        if outcome.ok:
            state = Delivery.State.LOGGED if outcome.logged else Delivery.State.SENT
            said = NO_SERVER if outcome.logged else ""
            rows.exclude(state=Delivery.State.SENT).update(
                state=state, status=outcome.status, error=said, ended_at=now
            )
        else:
            changed = rows.filter(mine).update(**_put_off(delivery, outcome, now))
            if not changed:
                return
        _note_channel(delivery.channel_id, outcome, now)


def _put_off(delivery: Delivery, outcome: Outcome, now: datetime) -> dict[str, Any]:
    """What becomes of a delivery that failed: later, or never."""
    said = {"status": outcome.status, "error": outcome.error}
    at = now + timedelta(seconds=back_off(delivery.attempts, outcome.wait))
    if outcome.final or at >= delivery.give_up_at:
        return said | {"state": Delivery.State.FAILED, "ended_at": now}
    return said | {"state": Delivery.State.WAITING, "not_before": at}


def back_off(attempts: int, asked: float | None) -> float:
    """Seconds until the next attempt: doubled each time, scattered, and never before the service

    wants to be asked again.
    """
    longest = min(FIRST_WAIT * 2.0 ** (min(attempts, 20) - 1), LONGEST_WAIT)
    own = longest * random.uniform(0.5, 1.0)  # noqa: S311 (it only scatters)
    return max(own, asked or 0.0)


def _note_channel(pk: int, outcome: Outcome, now: datetime) -> None:
    row = Channel.objects.select_for_update(no_key=True).filter(pk=pk).first()
    if row is None:
        return
    row.busy_until = now
    if outcome.ok:
        row.failures, row.rests_until, row.last_ok_at = 0, None, now
    else:
        row.failures += 1
        row.last_error, row.last_error_at = outcome.error, now
        row.rests_until = now + timedelta(seconds=_rest(row.failures, outcome.wait))
    row.save(
        update_fields=[
            *("busy_until", "failures", "rests_until", "last_ok_at", "last_error"),
            "last_error_at",
        ]
    )


def _rest(failures: int, asked: float | None) -> float:
    own = 0.0
    if failures >= RESTS_AFTER:
        own = min(FIRST_REST * 2.0 ** min(failures - RESTS_AFTER, 20), LONGEST_REST)
    return max(own, asked or 0.0)


def give_up() -> int:
    """End what could not be sent within its day: its channel rested, was off, or killed workers."""
    now = timezone.now()
    nobodys = Q(lease_until=None) | Q(lease_until__lte=now)
    return Delivery.objects.filter(nobodys, state__in=OPEN, give_up_at__lte=now).update(
        state=Delivery.State.FAILED,
        ended_at=now,
        error=Case(When(error="", then=Value("Not sent within its day.")), default=F("error")),
    )


def purge() -> int:
    """Forget what ended long ago. Returns how many."""
    old = Delivery.objects.filter(ended_at__lt=timezone.now() - KEPT).order_by("ended_at")
    keys = list(old.values_list("pk", flat=True)[:PURGED_AT_ONCE])
    return Delivery.objects.filter(pk__in=keys).delete()[0]
