"""What a lead decides: disputes, gold, what is taken out of a queue."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils import timezone

from evals.review import answers as checking
from evals.review.errors import Conflict
from evals.review.models import Claim, Item, Label, State
from evals.review.services import claiming, labelling, queues, settling, standing, texts
from sightglass.accounts import audit
from sightglass.accounts.access import Access
from sightglass.accounts.models import User


def _lead(access: Access, item: Item) -> User:
    standing.lead(access, item.queue)
    if access.user is None:
        raise PermissionDenied("Only a person can do that.")
    return access.user


def settle(access: Access, item: Item, answers: Any, *, version: int | None = None) -> Label:
    """Decide an item whatever its labels say. An earlier decision gives way.

    `version` is the item as the lead saw it; a label that came since is a Conflict. Raises
    PermissionDenied, Invalid, Conflict.
    """
    user = _lead(access, item)
    with transaction.atomic():
        locked = claiming.lock(item)
        _check(locked, version)
        rubric = queues.newest(locked.queue)
        lengths = texts.lengths(locked, rubric.questions)
        checked = checking.checked(rubric.questions, answers, lengths)
        earlier = locked.given.filter(withdrawn_at=None, adjudicates=True).first()
        if earlier is not None:
            if earlier.answers == checked and earlier.rubric_id == rubric.pk:
                return earlier
            labelling.withdraw(locked, earlier)
        label = Label.objects.create(
            item=locked,
            reviewer=user,
            reviewer_label=user.email[:200],
            rubric=rubric,
            answers=checked,
            adjudicates=True,
        )
        locked.flags.filter(resolved_at=None).update(resolved_at=timezone.now(), resolved_by=user)
        locked.flagged = False
        locked.save(update_fields=["flagged"])
        settling.weigh(locked)
        before = None if earlier is None else earlier.answers
        labelling.tell(access, "review.settled", locked, before, checked)
    return label


def _check(item: Item, version: int | None) -> None:
    if item.queue.archived_at is not None:
        raise Conflict("archived", "The queue is archived.")
    if item.state == State.WITHDRAWN:
        raise Conflict("withdrawn", "The item was taken out of the queue.")
    if item.gold is not None:
        raise Conflict("gold", "The item is gold: its answers are known.")
    if version is not None and version != item.version:
        detail = "The item has changed since you opened it."
        raise Conflict("changed", detail, claiming.state_of(item))


def reopen(access: Access, item: Item) -> Label:
    """Take the decision back; the labels count again. Raises PermissionDenied, Conflict."""
    _lead(access, item)
    with transaction.atomic():
        locked = claiming.lock(item)
        decided = locked.given.filter(withdrawn_at=None, adjudicates=True).first()
        if decided is None:
            raise Conflict("nothing", "No lead has settled the item.", claiming.state_of(locked))
        labelling.withdraw(locked, decided)
        settling.weigh(locked)
        labelling.tell(access, "review.settling_undone", locked, decided.answers, None)
    return decided


def make_gold(access: Access, item: Item, answers: Any) -> Item:
    """Say what is right (None: it is gold no more). Every reviewer gets the item then, unmarked.

    Raises PermissionDenied, Invalid.
    """
    standing.lead(access, item.queue)
    with transaction.atomic():
        locked = claiming.lock(item)
        if locked.queue.archived_at is not None or locked.state == State.WITHDRAWN:
            raise Conflict("withdrawn", "The item was taken out of the queue.")
        before = locked.gold
        if answers is None:
            locked.gold = None
        else:
            questions = queues.newest(locked.queue).questions
            lengths = texts.lengths(locked, questions)
            locked.gold = checking.checked(questions, answers, lengths)
        locked.save(update_fields=["gold"])
        settling.weigh(locked)
        labelling.tell(access, "review.gold_set", locked, before, locked.gold)
    return locked


def withdraw(access: Access, item: Item) -> None:
    """Take the item out of the queue, with the scores that came of it; its labels are kept."""
    standing.lead(access, item.queue)
    with transaction.atomic():
        locked = claiming.lock(item)
        if locked.state == State.WITHDRAWN:
            return
        locked.state = State.WITHDRAWN
        Claim.objects.filter(item=locked).delete()
        settling.weigh(locked)
        target = f"{item.queue.slug} #{item.pk}"
        audit.record("review.item_withdrawn", target, access=access)


def put_back(access: Access, item: Item) -> None:
    """Undo `withdraw`."""
    standing.lead(access, item.queue)
    with transaction.atomic():
        locked = claiming.lock(item)
        if locked.state != State.WITHDRAWN:
            return
        locked.state = State.OPEN
        settling.weigh(locked)
        target = f"{item.queue.slug} #{item.pk}"
        audit.record("review.item_put_back", target, access=access)
