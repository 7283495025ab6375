"""Who is to be told of what: a row for each mention and each flag, made once whatever is killed.

Comments and flags are looked through by their numbers. A number is given out before its row is
committed, so the mark follows behind: rows younger than SLACK are looked at again.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import TypeVar

from django.db import transaction
from django.db.models import Max

from dashboards.queues.models import Mark, Notice
from evals.review.models import Comment, Flag, Queue, QueueReviewer
from sightglass.accounts.access import Permission, roles_with
from sightglass.accounts.models import Membership, User

Row = TypeVar("Row", Comment, Flag)
SLACK = timedelta(minutes=5)
"""Longer than a transaction takes that writes a comment or flag."""
OLDEST = timedelta(days=1)
"""What is older when all this begins is not told of."""
DELAY = timedelta(minutes=1)
"""So long a comment can be taken back; what comes meanwhile goes into the same message."""
PAGE = 500


def note(now: datetime) -> None:
    """Write down what is new."""
    with transaction.atomic():
        for comments in _fresh(Comment, now):
            _store(
                Notice(user_id=user, comment=one, not_before=one.created_at + DELAY)
                for one in comments
                for user in one.mentions
                if user != one.author_id
            )
    with transaction.atomic():
        for flags in _fresh(Flag, now):
            asked = _asked(flags)
            _store(
                Notice(user_id=user, flag=one, not_before=one.created_at + DELAY)
                for one in flags
                for user in asked[one.pk]
                if user != one.author_id
            )


def _fresh(model: type[Row], now: datetime) -> Iterator[list[Row]]:
    """Rows behind the mark in pages, in the caller's transaction; none where another is at it."""
    mark = _mark(model, now)
    if mark is None:
        return
    at, settled = mark.seen, True
    while rows := list(model.objects.filter(pk__gt=at).order_by("pk")[:PAGE]):
        yield rows
        at = rows[-1].pk
        for row in rows:
            settled = settled and row.created_at <= now - SLACK
            if settled:
                mark.seen = row.pk
    mark.save(update_fields=["seen"])


def _mark(model: type[Row], now: datetime) -> Mark | None:
    """Locked; None while another run has it."""
    kind = model.__name__.lower()
    if not Mark.objects.filter(kind=kind).exists():
        old = model.objects.filter(created_at__lt=now - OLDEST).aggregate(last=Max("pk"))
        Mark.objects.get_or_create(kind=kind, defaults={"seen": old["last"] or 0})
    return Mark.objects.select_for_update(skip_locked=True).filter(kind=kind).first()


def _asked(flags: Sequence[Flag]) -> dict[int, set[int]]:
    """By flag: whom it asks."""
    queues = dict(
        Flag.objects.filter(pk__in=[one.pk for one in flags]).values_list("pk", "item__queue_id")
    )
    leads = {one.pk: askable(one) for one in Queue.objects.filter(pk__in=set(queues.values()))}
    return {pk: leads[queue] for pk, queue in queues.items()}


def askable(queue: Queue) -> set[int]:
    """Who is told of flags: the leads; without one who made the queue, else administrators."""
    members = Membership.objects.filter(project_id=queue.project_id, user__is_active=True)
    named = QueueReviewer.objects.filter(queue=queue, role=QueueReviewer.Role.LEAD)
    for rows in (
        members.filter(user__in=named.values("user"), role__in=roles_with(Permission.REVIEW)),
        members.filter(user=queue.created_by_id, role__in=roles_with(Permission.WRITE)),
        members.filter(role__in=roles_with(Permission.ADMIN)),
    ):
        if found := set(rows.values_list("user_id", flat=True)):
            return found
    return set()


def _store(notices: Iterable[Notice]) -> None:
    """Those that are not there yet, of people who still exist."""
    rows = list(notices)
    known = set(
        User.objects.filter(pk__in={row.user_id for row in rows}).values_list("pk", flat=True)
    )
    Notice.objects.bulk_create((row for row in rows if row.user_id in known), ignore_conflicts=True)
