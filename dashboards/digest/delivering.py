"""From reports that are due to messages that are handed over; see the package for what it owes."""

from __future__ import annotations

import logging
import smtplib
import time
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q
from django.http import Http404
from django.utils import timezone

from dashboards.digest.content import Content, content_of
from dashboards.digest.message import message_of, pictures_of
from dashboards.digest.models import Delivery, Recipient, Report
from dashboards.digest.schedule import LATEST, end_of, last_due
from sightglass.accounts.access import Permission, roles_with
from sightglass.accounts.models import Membership
from sightglass.email import refusal
from traces.selectors.paging import TooSlow

logger = logging.getLogger(__name__)
LEASE = timedelta(minutes=10)
"""Longer than making and handing over a message takes."""
MOST_ATTEMPTS = 5
FIRST_WAIT = timedelta(minutes=5)
KEPT = timedelta(days=180)
UNSURE = "The worker ended while the message was handed over. It may have arrived; not sent again."
State = Delivery.State


def enqueue(now: datetime) -> int:
    """A row for each recipient of each report that is due. Returns how many are new."""
    made = 0
    reports = Report.objects.filter(enabled=True, project__deleted_at=None)
    for report in reports.prefetch_related("recipients").iterator(chunk_size=500):
        try:
            made += _enqueue(report, now)
        except Exception:  # such as a time zone that is no more; the others go on
            logger.exception("Report %s could not be written down", report.pk)
    return made


def _enqueue(report: Report, now: datetime) -> int:
    due = last_due(report.frequency, report.weekday, report.hour, report.time_zone, now)
    if due.at < max(report.scheduled_at, now - LATEST[report.frequency]):
        return 0
    rows = [
        Delivery(report=report, user_id=one.user_id, period=due.period, end_ns=end_of(due.at),
                 not_before=now)
        for one in report.recipients.all() if one.unsubscribed_at is None
    ]  # fmt: skip
    known = Delivery.objects.filter(report=report, period=due.period)
    before = set(known.values_list("user_id", flat=True))
    rows = [row for row in rows if row.user_id not in before]
    Delivery.objects.bulk_create(rows, ignore_conflicts=True)
    return len(rows)


@dataclass(slots=True)
class _Made:
    """The content of a report and its pictures, made once for all recipients of a run."""

    content: Content
    pictures: dict[str, bytes]


def run(now: datetime | None = None, *, seconds: float = 60.0) -> int:
    """Send what waits. Returns how many messages were handed over."""
    started, sent = time.monotonic(), 0
    made: dict[tuple[int, int], _Made] = {}
    give_up(now or timezone.now())
    while time.monotonic() - started < seconds:
        delivery = claim(now or timezone.now())
        if delivery is None:
            break
        sent += _attempt(delivery, made, now or timezone.now())
    return sent


def claim(now: datetime) -> Delivery | None:
    """The next one that waits, put off for the time of a lease."""
    with transaction.atomic():
        waiting = Delivery.objects.filter(state=State.WAITING, not_before__lte=now)
        delivery = (
            waiting.select_for_update(skip_locked=True, of=("self",))
            .select_related("report__project", "report__board", "user")
            .order_by("not_before", "pk")
            .first()
        )
        if delivery is None:
            return None
        delivery.attempts += 1
        delivery.not_before = now + LEASE
        delivery.save(update_fields=["attempts", "not_before"])
    return delivery


def give_up(now: datetime) -> int:
    """End what was being handed over when its worker was killed."""
    left = Delivery.objects.filter(state=State.SENDING, handed_at__lt=now - LEASE)
    return left.update(state=State.FAILED, ended_at=now, error=UNSURE)


def _attempt(delivery: Delivery, made: dict[tuple[int, int], _Made], now: datetime) -> bool:
    if not _wanted(delivery):
        _end(delivery, State.DROPPED, now)
        return False
    key = delivery.report_id, delivery.end_ns
    try:
        if key not in made:
            content = content_of(delivery.report, delivery.end_ns)
            made[key] = _Made(content, pictures_of(content))
        message = message_of(delivery, made[key].content, made[key].pictures)
    except Http404:
        _end(delivery, State.FAILED, now, "The dashboard is not shared any more.")
        return False
    except TooSlow:
        _later(delivery, now, "The figures took too long.")
        return False
    except Exception as error:  # ours to mend, and no end of the others
        logger.exception("Report %s could not be made", delivery.report_id)
        _later(delivery, now, f"It could not be made ({type(error).__name__}).")
        return False
    mine = Delivery.objects.filter(pk=delivery.pk, state=State.WAITING, attempts=delivery.attempts)
    if not mine.update(state=State.SENDING, handed_at=now):
        return False  # another worker has it, or it is not wanted any more
    try:
        message.send()
    except (smtplib.SMTPException, OSError) as error:
        _refused(delivery, error, now)
        return False
    except Exception as error:  # refused before it was handed over, such as an odd address
        logger.exception("Report %s could not be sent", delivery.report_id)
        _end(delivery, State.FAILED, now, f"It could not be sent ({type(error).__name__}).")
        return False
    _end(delivery, State.SENT, now)
    return True


def _wanted(delivery: Delivery) -> bool:
    """Whether the person may still read it and is a recipient, or has asked for it just now."""
    project, user = delivery.report.project, delivery.user
    member = Membership.objects.filter(
        project=project, user=user, user__is_active=True, role__in=roles_with(Permission.READ)
    )
    if project.deleted_at is not None or not member.exists():
        return False
    if delivery.asked_for:
        return True
    mine = Recipient.objects.filter(report=delivery.report, user=user, unsubscribed_at=None)
    return delivery.report.enabled and mine.exists()


def _refused(delivery: Delivery, error: Exception, now: datetime) -> None:
    text, for_good = refusal(error)
    if for_good:
        _end(delivery, State.FAILED, now, text)
        return
    _later(delivery, now, text)


def _later(delivery: Delivery, now: datetime, error: str) -> None:
    """Three times as late each time; after MOST_ATTEMPTS it has failed."""
    logger.warning("Report %s to user %s: %s", delivery.report_id, delivery.user_id, error)
    if delivery.attempts >= MOST_ATTEMPTS:
        _end(delivery, State.FAILED, now, error)
        return
    wait = FIRST_WAIT * 3 ** (delivery.attempts - 1)
    Delivery.objects.filter(pk=delivery.pk).update(
        state=State.WAITING, not_before=now + wait, error=error, handed_at=None
    )


def _end(delivery: Delivery, state: str, now: datetime, error: str = "") -> None:
    Delivery.objects.filter(pk=delivery.pk).update(state=state, ended_at=now, error=error)


def purge(now: datetime) -> int:
    """Forget old deliveries that have ended. Returns how many."""
    old = Delivery.objects.filter(~Q(state__in=[State.WAITING, State.SENDING]))
    return old.filter(ended_at__lt=now - KEPT).delete()[0]
