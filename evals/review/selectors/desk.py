"""What the desk says besides the item: why there is none, who can be asked, what was before."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone

from evals.review.models import Claim, Flag, Item, Label, Queue, Skip, State
from evals.review.services import standing
from sightglass.accounts.access import Access, Permission, roles_with
from sightglass.accounts.models import Membership, Role, User
from traces.selectors.paging import time_limit

MOST_COUNTED = 1_000
MOST_PEOPLE = 200
MOST_EVENTS = 200


@dataclass(frozen=True, slots=True)
class Nothing:
    """Why nothing is handed out to a person. Counts are MOST_COUNTED for that or more."""

    items: bool
    """Whether there is anything in the queue at all."""
    held: int
    """Wanting labels, not this person's yet, with others at work on all free places."""
    free_at: datetime | None
    """When the first of these leases ends."""
    skipped: int
    flagged: int


def why_nothing(access: Access, queue: Queue) -> Nothing:
    """Raises PermissionDenied, TooSlow."""
    user = standing.labeller(access, queue)
    own: dict[str, Any] = {"item": OuterRef("pk"), "reviewer": user}
    labelled = Label.objects.filter(withdrawn_at=None, adjudicates=False, **own)
    skipped = Skip.objects.filter(**own)
    left = Item.objects.filter(~Exists(labelled), queue=queue, state=State.OPEN, gold__isnull=True)
    waiting = left.filter(~Exists(skipped), flagged=False)
    claims = Claim.objects.filter(item__in=waiting, until__gt=timezone.now()).exclude(reviewer=user)
    with time_limit():
        return Nothing(
            items=Item.objects.filter(queue=queue).exclude(state=State.WITHDRAWN).exists(),
            held=waiting[:MOST_COUNTED].count(),
            free_at=claims.order_by("until").values_list("until", flat=True).first(),
            skipped=left.filter(Exists(skipped), flagged=False)[:MOST_COUNTED].count(),
            flagged=left.filter(flagged=True)[:MOST_COUNTED].count(),
        )


def skipped_by(access: Access, queue: Queue) -> QuerySet[Item]:
    """Open items that the caller has passed over."""
    own = Skip.objects.filter(item=OuterRef("pk"), reviewer=access.user)
    return Item.objects.filter(Exists(own), queue=queue, state=State.OPEN)


def mentionable(queue: Queue) -> list[User]:
    """Members who see the queue, by address: those whom a comment can mention."""
    named = standing.roles(queue)
    is_open = standing.REVIEWER not in named.values()
    writers = roles_with(Permission.WRITE)
    rows = Membership.objects.filter(
        project_id=queue.project_id, role__in=[*writers, Role.REVIEWER], user__is_active=True
    ).select_related("user")
    found = [
        member.user
        for member in rows.order_by("user__email")[: MOST_PEOPLE * 5]
        if member.role in writers or is_open or member.user_id in named
    ]
    return found[:MOST_PEOPLE]


def names_of(ids: Sequence[int | None]) -> dict[int, str]:
    """By id of a user: how they are called."""
    wanted = {pk for pk in ids if pk is not None}
    rows = User.objects.filter(pk__in=wanted).only("name", "email") if wanted else []
    return {user.pk: str(user) for user in rows}


def names_of_labels(queue: Queue) -> dict[str, str]:
    """By the address that labels carry: how the person is called; of namesakes with the address."""
    rows = Label.objects.filter(item__queue=queue).exclude(reviewer__name="").order_by()
    with time_limit():
        found = dict(
            rows.exclude(reviewer=None).values_list("reviewer_label", "reviewer__name").distinct()
        )
    many = Counter(found.values())
    return {
        address: name if many[name] == 1 else f"{name} ({address})"
        for address, name in found.items()
    }


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened to an item; `text` is a reason that somebody gave."""

    at: datetime
    who: str
    what: str
    text: str = ""


def history(access: Access, item: Item) -> list[Event]:
    """The oldest first; for who does not lead, only what they did themselves."""
    leads = standing.may_lead(access, item.queue)
    own = {} if leads else {"reviewer": access.user}
    labels = list(Label.objects.filter(item=item, **own).order_by("-pk")[:MOST_EVENTS])
    skips = list(Skip.objects.filter(item=item, **own).order_by("-pk")[:MOST_EVENTS])
    asked = {} if leads else {"author": access.user}
    flags = list(Flag.objects.filter(item=item, **asked).order_by("-pk")[:MOST_EVENTS])
    people = [*(label.reviewer_id for label in labels), *(skip.reviewer_id for skip in skips)]
    people += [pk for flag in flags for pk in (flag.author_id, flag.resolved_by_id)]
    names = names_of(people)
    events = [Event(item.added_at, "", "Added to the queue")]
    for label in labels:
        who = names.get(label.reviewer_id or 0, label.reviewer_label)
        verb = "Decided" if label.adjudicates else "Labelled"
        events.append(Event(label.submitted_at, who, verb))
        if label.withdrawn_at is not None:
            events.append(Event(label.withdrawn_at, who, f"{verb} before: taken back"))
    for skip in skips:
        events.append(
            Event(skip.created_at, names.get(skip.reviewer_id, ""), "Passed over", skip.reason)
        )
    for flag in flags:
        who = names.get(flag.author_id or 0, "")
        events.append(Event(flag.created_at, who, "Asked a lead", flag.reason))
        if flag.resolved_at is not None:
            solver = names.get(flag.resolved_by_id or 0, "")
            events.append(Event(flag.resolved_at, solver, "Answered the question"))
    return sorted(events, key=lambda event: event.at)[-MOST_EVENTS:]
