"""Queues with their counts, and how one's own work goes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from statistics import median
from typing import Any

from django.db.models import Count, Exists, OuterRef, Q
from django.utils import timezone

from evals.review.models import Claim, Comment, Draft, Item, Label, Queue, Rubric, State
from evals.review.selectors import hearing
from evals.review.services import standing
from sightglass.accounts.access import Access
from traces.selectors.paging import time_limit

MOST_SHOWN = 50
MOST_COUNTED = 1_000


@dataclass(slots=True)
class Counts:
    """Of a queue's items, gold among them: one could tell it by its absence."""

    states: dict[str, int] = field(default_factory=dict)
    overdue: int = 0
    flagged: int = 0

    @property
    def total(self) -> int:
        return sum(count for state, count in self.states.items() if state != State.WITHDRAWN)


def list_queues(access: Access, *, archived: bool = False) -> list[Queue]:
    """Those that the caller sees, by name."""
    rows = standing.visible(access).filter(archived_at__isnull=not archived)
    return list(rows.select_related("project")[:MOST_COUNTED])


def newest_rubrics(queues: Sequence[Queue]) -> dict[int, Rubric]:
    """By queue."""
    rows = Rubric.objects.filter(queue__in=queues).order_by("queue_id", "-version")
    return {rubric.queue_id: rubric for rubric in rows.distinct("queue_id")}


def counts_of(queues: Sequence[Queue]) -> dict[int, Counts]:
    """By queue. Raises TooSlow."""
    found: dict[int, Counts] = defaultdict(Counts)
    overdue = Q(state=State.OPEN, due_at__lt=timezone.now())
    rows = (
        Item.objects.filter(queue__in=queues)
        .values("queue_id", "state")
        .annotate(
            number=Count("pk"),
            late=Count("pk", filter=overdue),
            asked=Count("pk", filter=Q(flagged=True)),
        )
        .order_by()
    )
    with time_limit():
        for row in rows:
            counts = found[row["queue_id"]]
            counts.states[row["state"]] = row["number"]
            counts.overdue += row["late"]
            counts.flagged += row["asked"]
    return found


def gold_counts(queues: Sequence[Queue]) -> dict[int, int]:
    """By queue: items whose answers are known. For leads only. Raises TooSlow."""
    if not queues:
        return {}
    rows = Item.objects.filter(queue__in=queues, gold__isnull=False).exclude(state=State.WITHDRAWN)
    with time_limit():
        return dict(rows.values("queue_id").annotate(n=Count("pk")).values_list("queue_id", "n"))


@dataclass(slots=True)
class Progress:
    """One person's work in a queue. `pace`: labels in the last hour."""

    labelled: int
    today: int
    pace: int
    median_seconds: float | None
    left: int
    """Items that they could still label; MOST_COUNTED is that or more."""
    held: list[Claim]
    drafts: list[Draft]
    due: list[Item]
    mentions: list[Comment]


def progress(access: Access, queue: Queue, now: datetime | None = None) -> Progress:
    """The caller's own. Raises PermissionDenied for who does not label here."""
    user = standing.labeller(access, queue)
    now = now or timezone.now()
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    mine = Label.objects.filter(
        item__queue=queue, reviewer=user, withdrawn_at=None, adjudicates=False
    )
    told = mine.aggregate(
        all=Count("pk"),
        today=Count("pk", filter=Q(submitted_at__gte=midnight)),
        hour=Count("pk", filter=Q(submitted_at__gte=now - timedelta(hours=1))),
    )
    lately = mine.exclude(seconds=None).order_by("-submitted_at").values_list("seconds", flat=True)
    seconds = [float(one) for one in lately[:MOST_SHOWN] if one is not None]
    left = _left(queue, user)
    held = Claim.objects.filter(item__queue=queue, reviewer=user, until__gt=now)
    drafts = Draft.objects.filter(item__queue=queue, reviewer=user)
    rows = Comment.objects.filter(item__queue=queue, mentions__contains=[user.pk])
    mentions = list(rows.select_related("author", "item").order_by("-pk")[:MOST_SHOWN])
    for comment in mentions:
        comment.item.queue = queue
    return Progress(
        labelled=told["all"],
        today=told["today"],
        pace=told["hour"],
        median_seconds=median(seconds) if seconds else None,
        left=left[:MOST_COUNTED].count(),
        held=list(held.order_by("since")[:MOST_SHOWN]),
        drafts=list(drafts.order_by("-saved_at")[:MOST_SHOWN]),
        due=list(left.filter(due_at__isnull=False).order_by("due_at", "pk")[:MOST_SHOWN]),
        mentions=hearing.keep_back(access, mentions),
    )


def _left(queue: Queue, user: Any) -> Any:
    labelled = Label.objects.filter(
        item=OuterRef("pk"), reviewer=user, withdrawn_at=None, adjudicates=False
    )
    return Item.objects.filter(~Exists(labelled), queue=queue, state=State.OPEN, flagged=False)
