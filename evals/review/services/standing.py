"""Who a caller is to a queue: the one place that says what they see and do in it.

- A queue is seen by those who work on it, by all who may write in the project, and, without a say
  in it, by those who only read (a viewer sees the project's figures, too).
- It is worked on by its reviewers and leads; without a reviewer, by every member who may label.
- It is led by its leads and by administrators; without a lead, by all who may write and are not
  named as its reviewers.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from django.core.exceptions import PermissionDenied
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.http import Http404
from django.utils import timezone

from evals.review.models import Claim, Draft, Item, Label, Queue, QueueReviewer, State
from sightglass.accounts.access import ROLE_PERMISSIONS, Access, Permission, roles_with
from sightglass.accounts.models import Membership, User

REVIEWER, LEAD = QueueReviewer.Role.REVIEWER, QueueReviewer.Role.LEAD


def visible(access: Access) -> QuerySet[Queue]:
    """The project's queues that the caller sees, archived ones too."""
    rows = Queue.objects.filter(project_id=access.project.pk)
    if access.may(Permission.WRITE):
        return rows
    if access.may(Permission.REVIEW) and access.user is not None:
        of_queue = QueueReviewer.objects.filter(queue=OuterRef("pk"))
        listed = Exists(of_queue.filter(user=access.user))
        return rows.filter(listed | ~Q(Exists(of_queue.filter(role=REVIEWER))))
    return rows if access.may(Permission.READ) else rows.none()


def queue_of(access: Access, slug: str) -> Queue:
    """With its project and who is named in it, which `roles` then does not ask for again.

    Raises Http404 for one that is not there or not the caller's to see.
    """
    rows = visible(access).filter(slug=slug).select_related("project")
    found = rows.prefetch_related("reviewers").first()
    if found is None:
        raise Http404("There is no such queue.")
    return found


def item_of(access: Access, queue: Queue, pk: int) -> Item:
    """An item of a queue that the caller sees. Raises Http404."""
    found = Item.objects.filter(pk=pk, queue=queue, queue__project_id=access.project.pk).first()
    if found is None:
        raise Http404("There is no such item.")
    found.queue = queue
    return found


Named = Mapping[int, str]
"""Who is named in a queue: by user, what they are in it."""


@dataclass(frozen=True, slots=True)
class Standing:
    """What a caller may do in a queue that they see."""

    labels: bool
    leads: bool
    awaited: bool
    """Whether labels are waited for: not from a lead, where others are named to give them."""


def roles(queue: Queue) -> dict[int, str]:
    """By user: what they are in the queue, as `queue_of` has read it if it did."""
    return {one.user_id: one.role for one in queue.reviewers.all()}


def may_label(access: Access, queue: Queue) -> bool:
    return _labels(access, roles(queue))


def may_lead(access: Access, queue: Queue) -> bool:
    return access.may(Permission.ADMIN) or _leads(access, roles(queue))


def standing_of(access: Access, queue: Queue) -> Standing:
    return _standing(access, roles(queue))


def standings(access: Access, queues: Sequence[Queue]) -> dict[int, Standing]:
    """By queue, in one query for all."""
    named = _named({queue.pk for queue in queues})
    return {pk: _standing(access, of) for pk, of in named.items()}


def _named(queues: Collection[int]) -> dict[int, dict[int, str]]:
    """By id of a queue: who is named in it."""
    named: dict[int, dict[int, str]] = {pk: {} for pk in queues}
    rows = QueueReviewer.objects.filter(queue__in=queues)
    for queue_id, user_id, role in rows.values_list("queue_id", "user_id", "role"):
        named[queue_id][user_id] = role
    return named


def _standing(access: Access, named: Named) -> Standing:
    labels, leads = _labels(access, named), _leads(access, named)
    only_leads = _role(access, named) == LEAD and REVIEWER in named.values()
    return Standing(labels, leads, labels and not only_leads)


def _labels(access: Access, named: Named) -> bool:
    if access.user is None or not access.may(Permission.REVIEW):
        return False
    return access.user.pk in named or REVIEWER not in named.values()


def _leads(access: Access, named: Named) -> bool:
    if access.may(Permission.ADMIN):
        return True
    if (role := _role(access, named)) is not None:
        return role == LEAD and access.may(Permission.REVIEW)
    return LEAD not in named.values() and access.may(Permission.WRITE)


def _role(access: Access, named: Named) -> str | None:
    return None if access.user is None else named.get(access.user.pk)


def leads_of(queue: Queue) -> list[int]:
    """Ids of the members who lead the queue."""
    named = roles(queue)
    can = Q(role__in=roles_with(Permission.WRITE)) | Q(user_id__in=list(named))
    members = Membership.objects.filter(can, project_id=queue.project_id).select_related("user")
    return [
        member.user_id
        for member in members
        if _leads(Access(queue.project, ROLE_PERMISSIONS[member.role], user=member.user), named)
    ]


def labeller(access: Access, queue: Queue) -> User:
    """The person who labels. Raises PermissionDenied."""
    if access.user is None or not may_label(access, queue):
        raise PermissionDenied("You do not label in this queue.")
    return access.user


def lead(access: Access, queue: Queue) -> None:
    """Raises PermissionDenied for who does not lead the queue."""
    if not may_lead(access, queue):
        raise PermissionDenied("Only a lead of this queue can do that.")


def whole(access: Access, queue: Queue) -> None:
    """For who may know what everybody said: leads, and readers who do not label here themselves.

    Raises PermissionDenied for others.
    """
    if may_lead(access, queue):
        return
    if may_label(access, queue) or not access.may(Permission.READ):
        raise PermissionDenied("Only a lead of this queue can see that.")


@dataclass(frozen=True, slots=True)
class Sight:
    """What may be shown of an item."""

    others: bool
    """What others said of it: in a blind queue not to reviewers who have not said it themselves;
    nor, while labels are wanted, to those who lead only because nobody else was named, nor to whom
    leads or administers while they label it."""
    marks: bool
    """What detectors marked in its texts: where the queue hides it, to leads who do not label it
    just now, and to reviewers once they have said it themselves."""


def sight(access: Access, item: Item) -> Sight:
    """Both at once: whether the caller has labelled it is asked at most once."""
    named = roles(item.queue)
    above = access.may(Permission.ADMIN) or _role(access, named) == LEAD
    if above and _labels(access, named) and _is_labelling(access, item):
        above = False
    others, marks = _others(access, item, named, above), _marks(access, item, named, above)
    own = _has_labelled(access, item) if others is None or marks is None else False
    return Sight(own if others is None else others, own if marks is None else marks)


def heard(access: Access, items: Sequence[Item]) -> set[int]:
    """Ids of those of the items of which the caller may know what others said, as `sight` has it,
    in as many queries for one as for many, but for who is above the labellers."""
    own = {"item__in": items, "reviewer": access.user}
    rows = Label.objects.filter(withdrawn_at=None, adjudicates=False, **own)
    labelled = set(rows.values_list("item_id", flat=True))
    named = _named({item.queue_id for item in items})
    found = set()
    for item in items:
        of = named[item.queue_id]
        above = access.may(Permission.ADMIN) or _role(access, of) == LEAD
        if above and _labels(access, of) and _is_labelling(access, item):
            above = False
        others = _others(access, item, of, above)
        if item.pk in labelled if others is None else others:
            found.add(item.pk)
    return found


def _marks(access: Access, item: Item, named: Named, above: bool) -> bool | None:
    """None: if they have labelled it themselves."""
    return True if item.queue.show_marks or above or not _labels(access, named) else None


def _others(access: Access, item: Item, named: Named, above: bool) -> bool | None:
    """None: if they have labelled it themselves."""
    if not item.queue.blind or above:
        return True
    if not _labels(access, named):
        return _leads(access, named) or access.may(Permission.READ)
    return True if item.state != State.OPEN and _leads(access, named) else None


def _is_labelling(access: Access, item: Item) -> bool:
    """Whether something is hidden from labellers, and the caller holds the item or has begun it."""
    if item.state != State.OPEN or (item.queue.show_marks and not item.queue.blind):
        return False
    own = {"item": item, "reviewer": access.user}
    is_held = Claim.objects.filter(until__gt=timezone.now(), **own).exists()
    return is_held or Draft.objects.filter(**own).exists()


def _has_labelled(access: Access, item: Item) -> bool:
    return Label.objects.filter(
        item=item, reviewer=access.user, withdrawn_at=None, adjudicates=False
    ).exists()
