"""What waits for one person in all their queues at once, in as many queries for one as for many."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median

from django.db.models import Count, Exists, Min, OuterRef, Q, QuerySet
from django.utils import timezone

from evals.review.models import Comment, Draft, Item, Label, Queue, State
from sightglass.accounts.models import User
from traces.selectors.paging import time_limit

LATEST = 500
"""Labels that the pace is taken from."""
MENTIONED = timedelta(days=30)
MOST_MENTIONS = 20


@dataclass(slots=True)
class Work:
    """One person's work in a queue. `left`: items that they could still label, gold among them.

    `late` of these are overdue, `due` is when the next one is; `begun`: those with a draft of
    theirs.
    """

    left: int = 0
    late: int = 0
    due: datetime | None = None
    labelled: int = 0
    today: int = 0
    pace: int = 0
    seconds: float | None = None
    begun: int = 0


def work_of(user: User, queues: Sequence[Queue], now: datetime | None = None) -> dict[int, Work]:
    """By queue. Raises TooSlow."""
    now = now or timezone.now()
    found = {queue.pk: Work() for queue in queues}
    if not found:
        return found
    with time_limit():
        _count_left(user, queues, now, found)
        _count_labels(user, queues, now, found)
        _time(user, queues, found)
        drafts = Draft.objects.filter(
            reviewer=user, item__queue__in=queues, item__state=State.OPEN, item__flagged=False
        )
        rows = drafts.values("item__queue_id").annotate(n=Count("pk")).order_by()
        for queue_id, number in rows.values_list("item__queue_id", "n"):
            found[queue_id].begun = number
    return found


def _mine(user: User, queues: Sequence[Queue]) -> QuerySet[Label]:
    return Label.objects.filter(
        reviewer=user, item__queue__in=queues, withdrawn_at=None, adjudicates=False
    )


def _count_left(user: User, queues: Sequence[Queue], now: datetime, found: dict[int, Work]) -> None:
    labelled = Label.objects.filter(
        item=OuterRef("pk"), reviewer=user, withdrawn_at=None, adjudicates=False
    )
    rows = (
        Item.objects.filter(~Exists(labelled), queue__in=queues, state=State.OPEN, flagged=False)
        .values("queue_id")
        .annotate(n=Count("pk"), late=Count("pk", filter=Q(due_at__lt=now)), due=Min("due_at"))
        .order_by()
    )
    for row in rows:
        work = found[row["queue_id"]]
        work.left, work.late, work.due = row["n"], row["late"], row["due"]


def _count_labels(
    user: User, queues: Sequence[Queue], now: datetime, found: dict[int, Work]
) -> None:
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    rows = (
        _mine(user, queues)
        .values("item__queue_id")
        .annotate(
            n=Count("pk"),
            today=Count("pk", filter=Q(submitted_at__gte=midnight)),
            pace=Count("pk", filter=Q(submitted_at__gte=now - timedelta(hours=1))),
        )
        .order_by()
    )
    for row in rows:
        work = found[row["item__queue_id"]]
        work.labelled, work.today, work.pace = row["n"], row["today"], row["pace"]


def _time(user: User, queues: Sequence[Queue], found: dict[int, Work]) -> None:
    taken: dict[int, list[float]] = defaultdict(list)
    latest = _mine(user, queues).exclude(seconds=None).order_by("-submitted_at")
    for queue_id, seconds in latest.values_list("item__queue_id", "seconds")[:LATEST]:
        if seconds is not None:
            taken[queue_id].append(seconds)
    for queue_id, each in taken.items():
        found[queue_id].seconds = median(each)


def mentions_of(user: User, queues: Sequence[Queue], now: datetime | None = None) -> list[Comment]:
    """What mentions the person and they have not answered, the newest first.

    Whoever comments on the item later, or labels it, has answered. Raises TooSlow.
    """
    since = (now or timezone.now()) - MENTIONED
    said = Comment.objects.filter(item=OuterRef("item"), author=user, pk__gt=OuterRef("pk"))
    labelled = Label.objects.filter(
        item=OuterRef("item"), reviewer=user, submitted_at__gt=OuterRef("created_at")
    )
    rows = (
        Comment.objects.filter(
            ~Exists(said), ~Exists(labelled),
            item__queue__in=queues, mentions__contains=[user.pk], created_at__gte=since,
        )
        .exclude(author=user)
        .exclude(item__state=State.WITHDRAWN)
        .select_related("author", "item")
    )  # fmt: skip
    with time_limit():
        return list(rows.order_by("-pk")[:MOST_MENTIONS])
