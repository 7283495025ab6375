"""From notices to e-mails that are handed over, each notice in one of them.

A message that was being handed over when its worker ended may have arrived, and is not sent again.
Without a mail server nobody is told, and later nobody is told of what is past.
"""

from __future__ import annotations

import logging
import smtplib
import time
from collections.abc import Sequence
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.http import Http404
from django.utils import timezone

from dashboards.queues.mail import Told, message_of
from dashboards.queues.models import Notice
from evals.review.models import Item, Queue, State
from evals.review.services import standing
from sightglass.accounts.access import access_of_user
from sightglass.email import refusal

logger = logging.getLogger(__name__)
LEASE = timedelta(minutes=10)
"""Longer than handing a message over takes."""
MOST_ATTEMPTS = 5
FIRST_WAIT = timedelta(minutes=5)
MOST_IN_ONE = 50
KEPT = timedelta(days=30)
UNSURE = "The worker ended while the message was handed over. It may have arrived; not sent again."
NO_SERVER = "No mail server is set (SIGHTGLASS_EMAIL_URL)."
S = Notice.State


def run(now: datetime | None = None, *, seconds: float = 30.0) -> int:
    """Send what waits. Returns how many messages were handed over."""
    started, sent = time.monotonic(), 0
    give_up(now or timezone.now())
    while time.monotonic() - started < seconds:
        notices = claim(now or timezone.now())
        if not notices:
            break
        sent += _attempt(notices, now or timezone.now())
    return sent


def claim(now: datetime) -> list[Notice]:
    """The next ones of one person, of one project, put off for the time of a lease."""
    due = Notice.objects.filter(state=S.WAITING, not_before__lte=now)
    with transaction.atomic():
        rows = due.select_for_update(skip_locked=True, of=("self",))
        first = rows.order_by("not_before", "pk").first()
        if first is None:
            return []
        mine = rows.filter(user_id=first.user_id).select_related(
            "user", "comment__author", "comment__item__queue__project",
            "flag__author", "flag__item__queue__project",
        )  # fmt: skip
        found = list(mine.order_by("not_before", "pk")[:MOST_IN_ONE])
        project = item_of(found[0]).queue.project_id
        found = [one for one in found if item_of(one).queue.project_id == project]
        for one in found:
            one.attempts += 1
            one.not_before = now + LEASE
        Notice.objects.bulk_update(found, ["attempts", "not_before"])
    return found


def item_of(notice: Notice) -> Item:
    about = notice.comment or notice.flag
    assert about is not None  # noqa: S101 - a constraint of the table
    return about.item


def give_up(now: datetime) -> int:
    """End what was being handed over when its worker was killed."""
    left = Notice.objects.filter(state=S.SENDING, handed_at__lt=now - LEASE)
    return left.update(state=S.FAILED, ended_at=now, error=UNSURE)


def _attempt(notices: Sequence[Notice], now: datetime) -> bool:
    wanted = [one for one in notices if _is_wanted(one)]
    _end([one for one in notices if one not in wanted], S.DROPPED, now)
    if not wanted:
        return False
    if not settings.EMAIL_URL:
        _end(wanted, S.DROPPED, now, NO_SERVER)
        return False
    try:
        message = message_of(wanted[0].user, wanted[0].message_id, [Told.of(one) for one in wanted])
    except Exception as error:  # ours to mend, and no end of the others
        logger.exception("A notice to user %s could not be made", wanted[0].user_id)
        _end(wanted, S.FAILED, now, f"It could not be made ({type(error).__name__}).")
        return False
    if not _hand_over(wanted, now):
        return False
    try:
        message.send()
    except (smtplib.SMTPException, OSError) as error:
        _refused(wanted, error, now)
        return False
    except Exception as error:  # refused before it was handed over, such as an odd address
        logger.exception("A notice to user %s could not be sent", wanted[0].user_id)
        _end(wanted, S.FAILED, now, f"It could not be sent ({type(error).__name__}).")
        return False
    _end(wanted, S.SENT, now)
    return True


def _hand_over(notices: Sequence[Notice], now: datetime) -> bool:
    """Say that they are under way; False where another worker has got hold of one of them."""
    attempts = {one.pk: one.attempts for one in notices}
    with transaction.atomic():
        rows = Notice.objects.select_for_update().filter(pk__in=attempts, state=S.WAITING)
        still = {row.pk for row in rows if row.attempts == attempts[row.pk]}
        if len(still) < len(attempts):
            return False
        Notice.objects.filter(pk__in=still).update(state=S.SENDING, handed_at=now)
    return True


def _is_wanted(notice: Notice) -> bool:
    """Whether the person may see it, and there is still something to answer."""
    item = item_of(notice)
    queue: Queue = item.queue
    if item.state == State.WITHDRAWN or queue.archived_at is not None or not notice.user.is_active:
        return False
    try:
        access = access_of_user(notice.user, queue.project.slug)
    except Http404:
        return False
    if notice.flag is not None:
        return notice.flag.resolved_at is None and standing.may_lead(access, queue)
    return standing.visible(access).filter(pk=queue.pk).exists()


def _refused(notices: Sequence[Notice], error: Exception, now: datetime) -> None:
    text, for_good = refusal(error)
    if for_good:
        _end(notices, S.FAILED, now, text)
        return
    for one in notices:
        _later(one, now, text)


def _later(notice: Notice, now: datetime, error: str) -> None:
    """Three times as late each time; after MOST_ATTEMPTS it has failed."""
    logger.warning("Notice %s to user %s: %s", notice.pk, notice.user_id, error)
    if notice.attempts >= MOST_ATTEMPTS:
        _end([notice], S.FAILED, now, error)
        return
    wait = FIRST_WAIT * 3 ** (notice.attempts - 1)
    Notice.objects.filter(pk=notice.pk).update(
        state=S.WAITING, not_before=now + wait, error=error, handed_at=None
    )


def _end(notices: Sequence[Notice], state: str, now: datetime, error: str = "") -> None:
    pks = [one.pk for one in notices]
    if pks:
        Notice.objects.filter(pk__in=pks).update(state=state, ended_at=now, error=error)


def purge(now: datetime) -> int:
    """Forget old notices that have ended. Returns how many."""
    return Notice.objects.filter(ended_at__lt=now - KEPT).delete()[0]
