"""Queues: made, changed, archived; their rubrics and people. Every change is audited."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields, replace
from datetime import timedelta
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import F
from django.utils import timezone

from evals.review import questions as rubrics
from evals.review.errors import Conflict, Fault, Invalid, invalid
from evals.review.models import Item, Order, Queue, QueueReviewer, Rubric, State
from evals.review.services import ranking
from sightglass.accounts import audit
from sightglass.accounts.access import ROLE_PERMISSIONS, Access, Permission
from sightglass.accounts.models import Membership

SLUG = re.compile(r"[a-z0-9][a-z0-9-]{0,59}")
RESERVED = frozenset({"new", "add"})
"""Slugs that are addresses of pages."""
MOST = 200
"""Queues of a project that are not archived."""
MOST_PEOPLE = 500
LONGEST_GUIDELINES = 50_000
LIMITS = {
    "labels_wanted": (1, 5),
    "goal_hours": (1, 24 * 365),
    "lease_minutes": (1, 24 * 60),
    "seed": (-(2**31), 2**31 - 1),
}


@dataclass(slots=True)
class Draft:
    """What a queue is made of, unchecked. `reviewers`: by e-mail address, the role."""

    name: str
    questions: list[rubrics.Question]
    guidelines: str = ""
    labels_wanted: int = 1
    blind: bool = True
    show_marks: bool = True
    order: str = Order.OLDEST
    order_score: str = ""
    seed: int = 1
    goal_hours: int | None = None
    lease_minutes: int = 15
    gold_share: float = 0.1
    reviewers: dict[str, str] = field(default_factory=dict)


SETTINGS = (
    *("name", "guidelines", "labels_wanted", "blind", "show_marks", "order", "order_score"),
    *("seed", "goal_hours", "lease_minutes", "gold_share"),
)
ORDERING = ("order", "order_score", "seed")


def create(access: Access, slug: str, draft: Draft) -> Queue:
    """A new queue with its first rubric. Raises PermissionDenied, Invalid."""
    access.require(Permission.WRITE)
    if not SLUG.fullmatch(slug):
        raise invalid("/slug", "Lower-case letters, digits and -; at most 60.")
    if slug in RESERVED:
        raise invalid("/slug", "Is the address of a page.")
    mine = Queue.objects.filter(project=access.project, archived_at=None)
    if mine.count() >= MOST:
        raise invalid("/slug", f"A project has at most {MOST} queues.")
    _check(draft)
    people = _people(access, draft.reviewers)
    try:
        with transaction.atomic():
            queue = Queue.objects.create(
                project=access.project, slug=slug, created_by=access.user, **_settings(draft)
            )
            _set_people(queue, people)
            _version(access, queue, 1, draft.questions)
            audit.record("review.queue_created", slug, access=access, after=asdict(draft))
    except IntegrityError as error:
        raise invalid("/slug", "There is a queue of this name.") from error
    return queue


def update(access: Access, queue: Queue, draft: Draft) -> Queue:
    """Make the queue what `draft` says. Raises what `change` does."""
    return change(access, queue, {one.name: getattr(draft, one.name) for one in fields(Draft)})


def change(
    access: Access, queue: Queue, said: Mapping[str, Any], *, version: int | None = None
) -> Queue:
    """Set what is `said`, and leave all else as it is by then; other questions are a new version.

    `version` is that of the queue as the caller saw it. What is settled stays so; items that are
    open go by the new settings at once. Raises PermissionDenied, Invalid, Conflict (changed since).
    """
    access.require(Permission.WRITE)
    with transaction.atomic():
        locked = Queue.objects.select_for_update().get(pk=queue.pk, project=access.project)
        if locked.archived_at is not None:
            raise invalid("", "It is archived.")
        if version is not None and version != locked.version:
            detail = "The queue has been changed since you read it."
            raise Conflict("changed", detail, {"version": locked.version})
        before = draft_of(locked)
        draft = replace(before, **said)
        _check(draft)
        people = _people(access, draft.reviewers) if "reviewers" in said else []
        if before == draft:
            return locked
        _apply(access, locked, before, draft, people)
    return locked


def _apply(
    access: Access, locked: Queue, before: Draft, draft: Draft, people: Sequence[tuple[int, str]]
) -> None:
    for name, value in _settings(draft).items():
        setattr(locked, name, value)
    locked.version += 1
    locked.save(update_fields=[*SETTINGS, "version"])
    if before.reviewers != draft.reviewers:
        _set_people(locked, people)
    if before.questions != draft.questions:
        _version(access, locked, newest(locked).version + 1, draft.questions)
    if any(getattr(before, name) != getattr(draft, name) for name in ORDERING):
        Item.objects.filter(queue=locked, state=State.OPEN).update(rank=None, ranked_at=None)
        ranking.rank_some(locked)
    if before.goal_hours != draft.goal_hours:
        set_due(locked)
    changed = {
        name: value for name, value in asdict(draft).items() if value != getattr(before, name)
    }
    audit.record(
        "review.queue_changed",
        locked.slug,
        access=access,
        before={name: getattr(before, name) for name in changed},
        after=changed,
    )


def archive(access: Access, queue: Queue) -> None:
    """End it: nothing is put in or labelled any more. Labels, drafts and scores stay."""
    access.require(Permission.WRITE)
    with transaction.atomic():
        ended = Queue.objects.filter(pk=queue.pk, project=access.project, archived_at=None).update(
            archived_at=timezone.now()
        )
        if ended:
            queue.rules.filter(active=True).update(active=False)
            audit.record("review.queue_archived", queue.slug, access=access)


def restore(access: Access, queue: Queue) -> None:
    """Undo `archive`. Its rules stay stopped. Raises PermissionDenied, Invalid (too many)."""
    access.require(Permission.WRITE)
    with transaction.atomic():
        rows = Queue.objects.filter(project=access.project)
        if rows.filter(archived_at=None).count() >= MOST:
            raise invalid("", f"A project has at most {MOST} queues.")
        if rows.filter(pk=queue.pk, archived_at__isnull=False).update(archived_at=None):
            audit.record("review.queue_restored", queue.slug, access=access)


def newest(queue: Queue) -> Rubric:
    return queue.rubrics.order_by("-version")[0]


def draft_of(queue: Queue) -> Draft:
    """The queue as it is, as what it could be made of."""
    return Draft(
        questions=newest(queue).questions,
        reviewers=dict(queue.reviewers.order_by("user__email").values_list("user__email", "role")),
        **{name: getattr(queue, name) for name in SETTINGS},
    )


def set_due(queue: Queue) -> None:
    """By the queue's goal, of what is open."""
    due: Any = (
        None if queue.goal_hours is None else F("added_at") + timedelta(hours=queue.goal_hours)
    )
    Item.objects.filter(queue=queue, state=State.OPEN).update(due_at=due)


def _settings(draft: Draft) -> dict[str, Any]:
    return {name: getattr(draft, name) for name in SETTINGS}


def _check(draft: Draft) -> None:
    """Completes the questions and cleans the name. Raises Invalid with all that is wrong."""
    draft.name = draft.name.strip()
    errors = _wrong_words(draft)
    for name, (low, high) in LIMITS.items():
        value = getattr(draft, name)
        if value is not None and not low <= value <= high:
            errors.append({"pointer": f"/{name}", "detail": f"Must be from {low} to {high}."})
    if not (math.isfinite(draft.gold_share) and 0 <= draft.gold_share <= 0.5):
        errors.append({"pointer": "/gold_share", "detail": "Must be from 0 to 0.5."})
    try:
        draft.questions = rubrics.checked(draft.questions)
    except Invalid as error:
        errors += error.errors
    if errors:
        raise Invalid(errors)


def _wrong_words(draft: Draft) -> list[Fault]:
    """What is wrong with the texts and choices."""
    scores = {name.strip() for name in draft.order_score.split(",")} - {""}
    tests = {
        "name": (0 < len(draft.name) <= 120, "Must have 1 to 120 characters."),
        "guidelines": (
            len(draft.guidelines) <= LONGEST_GUIDELINES,
            f"At most {LONGEST_GUIDELINES} characters.",
        ),
        "order": (draft.order in Order.values, f"Must be one of {', '.join(Order.values)}."),
        "order_score": (
            len(draft.order_score) <= 100 and (draft.order != Order.DISAGREE or len(scores) > 1),
            "Names of scores with commas between, at most 100 characters; to disagree, two.",
        ),
    }
    return [
        {"pointer": f"/{name}", "detail": detail}
        for name, (good, detail) in tests.items()
        if not good
    ]


def _people(access: Access, reviewers: Mapping[str, str]) -> list[tuple[int, str]]:
    """(user, role): all members who may label, else Invalid."""
    if len(reviewers) > MOST_PEOPLE:
        raise invalid("/reviewers", f"At most {MOST_PEOPLE} people.")
    members = {
        one.user.email: one
        for one in Membership.objects.filter(
            project=access.project, user__email__in=list(reviewers)
        ).select_related("user")
    }
    errors: list[Fault] = []
    found = []
    for email, role in reviewers.items():
        member = members.get(email)
        if role not in QueueReviewer.Role.values:
            detail = f"Must be one of {', '.join(QueueReviewer.Role.values)}."
            errors.append({"pointer": f"/reviewers/{email[:100]}", "detail": detail})
        elif member is None or Permission.REVIEW not in ROLE_PERMISSIONS[member.role]:
            detail = "Is no member of the project who may label."
            errors.append({"pointer": f"/reviewers/{email[:100]}", "detail": detail})
        else:
            found.append((member.user_id, role))
    if errors:
        raise Invalid(errors)
    return found


def _set_people(queue: Queue, people: Sequence[tuple[int, str]]) -> None:
    queue.reviewers.all().delete()
    QueueReviewer.objects.bulk_create(
        QueueReviewer(queue=queue, user_id=user, role=role) for user, role in people
    )


def _version(
    access: Access, queue: Queue, number: int, questions: list[rubrics.Question]
) -> Rubric:
    return Rubric.objects.create(
        queue=queue, version=number, questions=questions, created_by=access.user
    )
