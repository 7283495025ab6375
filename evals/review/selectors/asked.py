"""What a reviewer asked of a lead, and what the lead answered."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.utils import timezone

from evals.review.models import Comment, Flag, Item, Label, Queue, Skip, State
from sightglass.accounts.access import Access
from sightglass.accounts.models import User
from traces.selectors.paging import time_limit

TOLD = timedelta(days=30)
TOLD_OF_DONE = timedelta(days=3)
"""An item that others have labelled meanwhile leaves nothing to do: it is told of for so long."""
MOST = 20


@dataclass(frozen=True, slots=True)
class Answer:
    """`flag` with its item; `text` is empty where the lead handed the item out without a word."""

    flag: Flag
    who: User | None
    text: str


def answers_for(user: User, queues: Sequence[Queue], now: datetime | None = None) -> list[Answer]:
    """Answers that the person has not taken up, the newest first. Raises TooSlow.

    Whoever labels the item after it, passes it over or comments on it has taken it up.
    """
    now = now or timezone.now()
    item = OuterRef("item")
    after = OuterRef("resolved_at")
    own = {"item": item, "reviewer": user}
    rows = (
        _resolved(user)
        .filter(
            ~Exists(Label.objects.filter(submitted_at__gt=after, **own)),
            ~Exists(Skip.objects.filter(created_at__gt=after, **own)),
            ~Exists(Comment.objects.filter(item=item, author=user, created_at__gt=after)),
            Q(item__state=State.OPEN) | Q(resolved_at__gte=now - TOLD_OF_DONE),
            item__queue__in=queues,
            resolved_at__gte=now - TOLD,
        )
        .exclude(item__state=State.WITHDRAWN)
    )
    with time_limit():
        return _with_words(list(rows.order_by("-resolved_at", "-pk")[:MOST]))


def answers_on(access: Access, item: Item) -> list[Answer]:
    """What leads answered to the caller's questions about the item, in order."""
    if access.user is None:
        return []
    return _with_words(
        list(_resolved(access.user).filter(item=item).order_by("resolved_at")[:MOST])
    )


def _resolved(user: User) -> QuerySet[Flag]:
    rows = Flag.objects.filter(author=user, resolved_at__isnull=False)
    return rows.exclude(resolved_by=F("author")).select_related("item", "resolved_by")


def _with_words(flags: Sequence[Flag]) -> list[Answer]:
    if not flags:
        return []
    leads = {flag.resolved_by_id for flag in flags if flag.resolved_by_id is not None}
    items = {flag.item_id for flag in flags}
    said = list(Comment.objects.filter(item__in=items, author__in=leads).order_by("-pk"))
    return [Answer(flag, flag.resolved_by, _words(flag, said)) for flag in flags]


def _words(flag: Flag, said: Sequence[Comment]) -> str:
    """What the lead who answered said last since it was asked; `said`: the newest first."""
    about = (flag.item_id, flag.resolved_by_id)
    for one in said:
        if (one.item_id, one.author_id) == about and one.created_at >= flag.created_at:
            return one.text
    return ""
