"""Who is at work on what: claims with a lease.

An item that wants n labels is held by at most n people less the labels that it has. Whoever gives
out, renews or uses a place locks the item's row first and then counts; so two requests at once
cannot count the same free place. A lease that has ended holds no place, whether or not its row is
still there.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime, timedelta
from typing import Any

from django.db import connection, transaction
from django.db.models import Min
from django.utils import timezone

from evals.review.errors import Conflict
from evals.review.models import Claim, Item, Label, Queue, State
from evals.review.services import standing
from evals.review.services.chance import drawn
from sightglass.accounts.access import Access
from sightglass.accounts.models import User

MOST_HELD = 10
"""Items of one queue that a person holds at once: one in work, others fetched ahead."""
TRIES = 50
SKIPPING, WAITING = "FOR UPDATE OF i SKIP LOCKED", "FOR UPDATE OF i"

# What is full is asked for first, in a statement of its own: few items are held at a time, while
# the search may pass over very many that this person has labelled. Both see claims as they are
# committed at their start; `has_place` looks again once the row is locked.
FULL = """
SELECT i.id FROM review_claim c JOIN review_item i ON i.id = c.item_id
WHERE i.queue_id = %(queue)s AND i.gold IS NULL AND c.until > %(now)s
  AND c.reviewer_id <> %(user)s
GROUP BY i.id HAVING i.labels + count(*) >= %(wanted)s"""
NEXT = """
SELECT i.id FROM review_item i
WHERE i.queue_id = %(queue)s AND i.state = 'open' AND NOT i.flagged AND i.gold IS {gold} NULL
  AND i.id <> ALL(%(besides)s)
  AND NOT EXISTS (SELECT 1 FROM review_label l WHERE l.item_id = i.id
      AND l.reviewer_id = %(user)s AND l.withdrawn_at IS NULL AND NOT l.adjudicates)
  AND NOT EXISTS (SELECT 1 FROM review_skip s WHERE s.item_id = i.id AND s.reviewer_id = %(user)s)
  AND (i.gold IS NOT NULL OR i.labels < %(wanted)s)
ORDER BY i.rank, i.id LIMIT 1 {lock}"""


def claim_next(access: Access, queue: Queue, besides: Collection[int] = ()) -> Item | None:
    """The item that the caller should label now, held for them; None: there is nothing for them.

    One that they hold already comes first, unless it is among `besides`: so a page that was closed
    goes on where it was, and one that is open can fetch ahead. Raises PermissionDenied, Conflict
    (archived queue, too many held).
    """
    user = standing.labeller(access, queue)
    _check_open(queue)
    held = _held(queue, user)
    mine = [item for item in held if item.pk not in besides]
    if mine:
        Claim.objects.filter(item=mine[0], reviewer=user).update(until=_until(queue))
        return mine[0]
    if len(held) >= MOST_HELD:
        raise Conflict("too-many-held", f"You hold {MOST_HELD} items; label or skip one.")
    if _is_turn_of_gold(queue, user, len(held)) and _any(queue, user, besides):
        item = _take(queue, user, besides, gold=True)
        if item is not None:
            return item
    return _take(queue, user, besides)


def _is_turn_of_gold(queue: Queue, user: User, held: int) -> bool:
    """The same answer until the person has labelled or fetched one more."""
    done = Label.objects.filter(
        item__queue=queue, reviewer=user, withdrawn_at=None, adjudicates=False
    ).count()
    return drawn(f"gold:{queue.pk}", f"{user.pk}:{done + held}") < queue.gold_share


def _check_open(queue: Queue) -> None:
    if queue.archived_at is not None:
        raise Conflict("archived", "The queue is archived.")


def _held(queue: Queue, user: User) -> list[Item]:
    """Items that the person holds and can still label, the longest held first."""
    rows = Item.objects.filter(
        queue=queue,
        state=State.OPEN,
        flagged=False,
        claims__reviewer=user,
        claims__until__gt=timezone.now(),
    ).order_by("claims__since", "pk")
    items = list(rows)
    for item in items:
        item.queue = queue
    return items


def _until(queue: Queue) -> datetime:
    return timezone.now() + timedelta(minutes=queue.lease_minutes)


def _any(queue: Queue, user: User, besides: Iterable[int]) -> bool:
    """Whether there is anything but gold: gold alone would be known for what it is."""
    return _candidate(queue, user, list(besides), lock="") is not None


def _take(queue: Queue, user: User, besides: Iterable[int], *, gold: bool = False) -> Item | None:
    """Rows that others are giving out are passed over; where nothing else is left, waited for.

    Each try has its own transaction, so that no request waits for an item with another one locked.
    """
    besides, lock_ = list(besides), SKIPPING
    for _ in range(TRIES):
        with transaction.atomic():
            pk = _candidate(queue, user, besides, gold=gold, lock=lock_)
            if pk is not None:
                item = Item.objects.select_related("queue__project").get(pk=pk)
                if has_place(item, user):
                    hold(item, user)
                    item.queue = queue  # with what the caller knows of it
                    return item
                besides.append(pk)  # its place went while this request waited
                continue
        if lock_ == WAITING:
            return None
        lock_ = WAITING
    return None


def _candidate(
    queue: Queue, user: User, besides: list[int], *, gold: bool = False, lock: str
) -> int | None:
    """The best item with a free place."""
    asked: dict[str, Any] = {
        "queue": queue.pk,
        "user": user.pk,
        "now": timezone.now(),
        "wanted": queue.labels_wanted,
    }
    with connection.cursor() as cursor:
        cursor.execute(FULL, asked)
        full = [] if gold else [record[0] for record in cursor.fetchall()]
        text = NEXT.format(gold="NOT" if gold else "", lock=lock)
        cursor.execute(text, asked | {"besides": [*besides, *full]})
        found = cursor.fetchone()
    return found[0] if found else None


def has_place(item: Item, user: User) -> bool:
    """Whether one more person may label the item, whose row is locked. Gold is for everybody."""
    if item.gold is not None:
        return True
    others = item.claims.filter(until__gt=timezone.now()).exclude(reviewer=user).count()
    return item.labels + others < item.queue.labels_wanted


def hold(item: Item, user: User, *, first: bool = False) -> None:
    """`first`: before all else that the person holds, as what they have asked for by name."""
    since = _before_all(item.queue, user) if first else timezone.now()
    Claim.objects.update_or_create(
        item=item, reviewer=user, defaults={"until": _until(item.queue), "since": since}
    )


def _before_all(queue: Queue, user: User) -> datetime:
    """Since when an item is held that a reload brings back, whatever was fetched ahead."""
    held = Claim.objects.filter(item__queue=queue, reviewer=user)
    earliest: datetime | None = held.aggregate(since=Min("since"))["since"]
    return (earliest or timezone.now()) - timedelta(milliseconds=1)


def claim(access: Access, item: Item) -> datetime:
    """Hold this very item, or hold it longer; until when. Raises PermissionDenied, Conflict."""
    user = standing.labeller(access, item.queue)
    _check_open(item.queue)
    with transaction.atomic():
        locked = lock(item)
        check_open(locked, user)
        if not has_place(locked, user):
            raise Conflict("held", "Others are at work on this item.", state_of(locked))
        until = _until(item.queue)
        made = {"until": until, "since": _before_all(item.queue, user)}
        Claim.objects.update_or_create(
            item=locked, reviewer=user, defaults={"until": until}, create_defaults=made
        )
    return until


renew = claim


def release(access: Access, item: Item) -> None:
    """Give the item back; the draft stays."""
    user = standing.labeller(access, item.queue)
    Claim.objects.filter(item=item, reviewer=user).delete()


def lock(item: Item) -> Item:
    """The item as it is now, held by this transaction."""
    locked = Item.objects.select_for_update().get(pk=item.pk)
    locked.queue = item.queue
    return locked


def check_open(item: Item, user: User) -> None:
    """Raises Conflict where the person cannot label it (any more); the item is locked."""
    mine = Label.objects.filter(
        item=item, reviewer=user, withdrawn_at=None, adjudicates=False
    ).first()
    if mine is not None:
        current = state_of(item) | {"label": {"id": mine.pk, "answers": mine.answers}}
        raise Conflict("labelled", "You have labelled this item.", current)
    if item.state == State.WITHDRAWN:
        raise Conflict("withdrawn", "The item was taken out of the queue.", state_of(item))
    if item.state != State.OPEN:
        raise Conflict("complete", "The item has the labels that it wants.", state_of(item))


def state_of(item: Item) -> dict[str, object]:
    """What a caller whose change came too late should know."""
    return {"state": item.state, "version": item.version}


def forget_ended(now: datetime | None = None) -> int:
    """Remove claims that ended long ago; they hold nothing."""
    limit = (now or timezone.now()) - timedelta(days=1)
    ended = Claim.objects.filter(until__lt=limit).values_list("pk", flat=True)[:5_000]
    return Claim.objects.filter(pk__in=list(ended)).delete()[0]
