"""Drafts, labels, and taking a label back."""

from __future__ import annotations

from typing import Any

import orjson
from django.db import transaction
from django.utils import timezone

from evals.review import answers as checking
from evals.review.answers import Answers
from evals.review.errors import Conflict, invalid
from evals.review.models import Claim, Draft, Item, Label, Queue, Rubric, Skip, State
from evals.review.services import claiming, queues, settling, standing, texts
from sightglass.accounts import audit
from sightglass.accounts.access import Access
from sightglass.accounts.models import User

LARGEST_DRAFT = 1_000_000
LONGEST_WORK = 24 * 3600.0


def save_draft(access: Access, item: Item, answers: Any) -> Draft:
    """Keep what has been typed, right or wrong, with or without a lease; an empty one forgets it.

    Raises PermissionDenied, Invalid (no object, or larger than LARGEST_DRAFT bytes).
    """
    user = standing.labeller(access, item.queue)
    if not isinstance(answers, dict):
        raise invalid("/answers", "Must be an object.")
    if len(orjson.dumps(answers, default=str)) > LARGEST_DRAFT:
        raise invalid("/answers", f"At most {LARGEST_DRAFT} bytes.")
    if not answers:
        Draft.objects.filter(item=item, reviewer=user).delete()
        return Draft(item=item, reviewer=user)
    draft, _ = Draft.objects.update_or_create(
        item=item, reviewer=user, defaults={"answers": answers, "saved_at": timezone.now()}
    )
    return draft


def submit(
    access: Access,
    item: Item,
    answers: Any,
    *,
    rubric: int | None = None,
    seconds: float | None = None,
    replaces: int | None = None,
) -> Label:
    """Give one's label. The same answers again are the same label.

    `rubric` is the version that was answered; `replaces` the id of one's own label that this one
    takes the place of. Whoever has lost the lease may still submit while a place is free. Whatever
    is refused stays as a draft. Raises PermissionDenied, Invalid, Conflict.
    """
    user = standing.labeller(access, item.queue)
    try:
        with transaction.atomic():
            return _submitted(access, user, item, answers, rubric, seconds, replaces)
    except Conflict:
        if isinstance(answers, dict):
            save_draft(access, item, answers)
        raise


def _submitted(
    access: Access,
    user: User,
    item: Item,
    answers: Any,
    version: int | None,
    seconds: float | None,
    replaces: int | None,
) -> Label:
    locked = claiming.lock(item)
    if locked.queue.archived_at is not None:
        raise Conflict("archived", "The queue is archived.")
    mine = own_label(locked, user)
    asked = _rubric(locked, version, mine)
    checked = checking.checked(asked.questions, answers, texts.lengths(locked, asked.questions))
    if mine is not None and mine.answers == checked and mine.rubric_id == asked.pk:
        return mine
    before = None
    if mine is not None and replaces == mine.pk:
        _check_changeable(locked)
        before = mine.answers
        withdraw(locked, mine)
    else:
        claiming.check_open(locked, user)
        if not claiming.has_place(locked, user):
            detail = "Your lease has ended, and others are at work on this item."
            raise Conflict("held", detail, claiming.state_of(locked))
    label = Label.objects.create(
        item=locked,
        reviewer=user,
        reviewer_label=user.email[:200],
        rubric=asked,
        answers=checked,
        seconds=None if seconds is None else min(max(seconds, 0.0), LONGEST_WORK),
    )
    _forget_work(locked, user)
    locked.labels += 1
    settling.weigh(locked)
    action = "review.label_changed" if before is not None else "review.label_given"
    tell(access, action, locked, before, checked)
    return label


def _rubric(item: Item, version: int | None, mine: Label | None) -> Rubric:
    """The newest one; an answer to an older one is a conflict, unless it repeats one's label."""
    newest = queues.newest(item.queue)
    if version is None or version == newest.version:
        return newest
    if mine is not None and mine.rubric.version == version:
        return mine.rubric
    current = {"rubric": {"version": newest.version, "questions": newest.questions}}
    raise Conflict("rubric", "The questions have changed; answer the new ones.", current)


def own_label(item: Item, user: User) -> Label | None:
    return (
        Label.objects.select_related("rubric")
        .filter(item=item, reviewer=user, withdrawn_at=None, adjudicates=False)
        .first()
    )


def _check_changeable(item: Item) -> None:
    """What a lead has settled does not change under them."""
    if item.given.filter(withdrawn_at=None, adjudicates=True).exists():
        detail = "A lead has settled this item."
        raise Conflict("adjudicated", detail, claiming.state_of(item))
    if item.state == State.WITHDRAWN:
        detail = "The item was taken out of the queue."
        raise Conflict("withdrawn", detail, claiming.state_of(item))


def withdraw(item: Item, label: Label) -> None:
    label.withdrawn_at = timezone.now()
    label.save(update_fields=["withdrawn_at"])
    if not label.adjudicates:
        item.labels -= 1


def _forget_work(item: Item, user: User) -> None:
    """What is labelled needs no lease, draft or skip."""
    for model in (Claim, Draft, Skip):
        model._default_manager.filter(item=item, reviewer=user).delete()


def undo(access: Access, item: Item) -> Label:
    """Take one's own label of the item back: its answers become the draft again, held as before.

    A draft that was written since the label stays. Scores that rest on the label go. Raises
    PermissionDenied, Conflict (there is none, a lead has settled the item, the queue is archived).
    """
    with transaction.atomic():
        locked = claiming.lock(item)
        if locked.queue.archived_at is not None:
            raise Conflict("archived", "The queue is archived.")
        user = standing.labeller(access, locked.queue)
        mine = own_label(locked, user)
        if mine is None:
            raise Conflict("nothing", "You have no label on this item.", claiming.state_of(locked))
        _check_changeable(locked)
        withdraw(locked, mine)
        Draft.objects.get_or_create(
            item=locked,
            reviewer=user,
            defaults={"answers": mine.answers, "saved_at": timezone.now()},
        )
        settling.weigh(locked)
        if claiming.has_place(locked, user):
            claiming.hold(locked, user, first=True)
        tell(access, "review.label_undone", locked, mine.answers, None)
    return mine


def undo_last(access: Access, queue: Queue) -> tuple[Item, str]:
    """Take back what the caller did last in the queue: the item, and "label" or "skip".

    Raises PermissionDenied, Conflict (nothing was done, or as `undo` does).
    """
    user = standing.labeller(access, queue)
    last = (
        Label.objects.filter(item__queue=queue, reviewer=user, withdrawn_at=None, adjudicates=False)
        .select_related("item")
        .order_by("-submitted_at", "-pk")
        .first()
    )
    skip = (
        Skip.objects.filter(item__queue=queue, reviewer=user, item__state=State.OPEN)
        .select_related("item")
        .order_by("-created_at", "-pk")
        .first()
    )
    if skip is not None and (last is None or skip.created_at > last.submitted_at):
        skip.item.queue = queue
        _take_up(skip.item, skip, user)
        return skip.item, "skip"
    if last is None:
        raise Conflict("nothing", "You have done nothing in this queue.")
    last.item.queue = queue
    undo(access, last.item)
    return last.item, "label"


def _take_up(item: Item, skip: Skip, user: User) -> None:
    """The skip is gone; the item is held again where there is a place."""
    with transaction.atomic():
        locked = claiming.lock(item)
        skip.delete()
        if locked.state == State.OPEN and claiming.has_place(locked, user):
            claiming.hold(locked, user, first=True)


def tell(
    access: Access, action: str, item: Item, before: Answers | None, after: Answers | None
) -> None:
    """In the audit log. It comes last: its lock is the project's, and is held to the end."""
    via = {} if access.key is None else {"by key": access.key.name}
    target = f"{item.queue.slug} #{item.pk}"
    audit.record(action, target, access=access, before=before, after=(after or {}) | via or None)
