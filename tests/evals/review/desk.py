"""Short ways to a queue with something in it and people who work on it."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any
from uuid import UUID
from zlib import crc32

from django.utils import timezone

from evals.models import Evaluator
from evals.review.models import Claim, Item, Queue
from evals.review.services import filling, queues
from sightglass.accounts.access import Access, access_of_user
from sightglass.accounts.models import Membership, Project, Role, User
from tests.conftest import member
from tests.traces import sending
from traces.ids import span_to_column
from traces.models import Score
from traces.services.ingest import store_spans

HELPFUL = {"key": "helpful", "text": "Was it helpful?", "kind": "boolean"}
TONE = {"key": "tone", "text": "How was the tone?", "kind": "scale", "low": 1, "high": 5}
WHY = {
    "key": "why", "text": "What was wrong?", "kind": "choice", "options": ["false", "rude"],
    "when": {"question": "helpful", "is": False},
}  # fmt: skip
NOTE = {"key": "note", "text": "Anything else?", "kind": "text", "required": False}
RUBRIC: list[dict[str, Any]] = [HELPFUL, TONE, WHY, NOTE]

GOOD = {"helpful": True, "tone": 4}
BAD = {"helpful": False, "tone": 2, "why": "rude"}


def person(project: Project, name: str, role: str = Role.REVIEWER) -> Access:
    """A new member, as who they are in the project."""
    return access_of_user(member(project, f"{name}@example.org", role), project.slug)


def again(access: Access) -> Access:
    """The same person after a change of their role."""
    assert access.user is not None
    return access_of_user(access.user, access.project.slug)


def with_role(access: Access, role: str) -> Access:
    Membership.objects.filter(user=access.user, project=access.project).update(role=role)
    return again(access)


def user_of(access: Access) -> User:
    assert access.user is not None
    return access.user


def queue(access: Access, slug: str = "answers", **settings: Any) -> Queue:
    settings.setdefault("questions", RUBRIC)
    return queues.create(access, slug, queues.Draft(slug.title(), **settings))


def change(access: Access, found: Queue, **settings: Any) -> Queue:
    """The queue with these settings."""
    found.refresh_from_db()
    draft = queues.draft_of(found)
    for name, value in settings.items():
        setattr(draft, name, value)
    return queues.update(access, found, draft)


def send(access: Access, number: int = 1, **more: Any) -> list[UUID]:
    """Store traces of one call each, a second apart, the oldest first."""
    start = more.pop("start_ns", None) or time.time_ns() - 3600 * sending.SECOND
    ids = [os.urandom(16) for _ in range(number)]
    spans = [
        sending.llm(
            one, span_id=SPAN, start_ns=start + n * sending.SECOND,
            **{"gen_ai.input.messages": said("user", "Where is it?"),
               "gen_ai.output.messages": said("assistant", "On its way."), **more},
        )
        for n, one in enumerate(ids)
    ]  # fmt: skip
    store_spans(access, sending.decoded(*spans))
    return [UUID(bytes=one) for one in ids]


SPAN = bytes(range(1, 9))
SPAN_ID = span_to_column(SPAN)


def said(role: str, text: str) -> str:
    return f'[{{"role": "{role}", "parts": [{{"type": "text", "content": "{text}"}}]}}]'


def fill(access: Access, found: Queue, number: int = 1, **more: Any) -> list[Item]:
    """New traces, each an item of the queue; in order of adding."""
    traces = send(access, number, **more)
    added = filling.add(access, found, [(trace_id, None) for trace_id in traces])
    return items(found, added.items)


def items(found: Queue, pks: list[int]) -> list[Item]:
    rows = list(Item.objects.filter(pk__in=pks).order_by("rank", "pk"))
    for row in rows:
        row.queue = found
    return rows


def fresh(item: Item) -> Item:
    found = Item.objects.select_related("queue__project").get(pk=item.pk)
    return found


def end_lease(item: Item, access: Access) -> None:
    """As if its time were over."""
    past = timezone.now() - timedelta(seconds=1)
    changed = Claim.objects.filter(item=item, reviewer=access.user).update(until=past)
    assert changed == 1


def scores_of(item: Item) -> dict[str, Any]:
    """What people's labels of the item came to."""
    rows = Score.objects.filter(
        project_id=item.queue.project_id, external_id__startswith=f"review:{item.pk}:"
    )
    return {row.name: row.value for row in rows}


def judged(access: Access, trace_id: UUID, name: str, value: float | bool, **more: Any) -> Score:
    """A score as an evaluator gives it."""
    kind = "boolean" if isinstance(value, bool) else "number"
    fields = {"source": "judge", "evaluator_version": crc32(name.encode()) // 2, **more}
    return Score.objects.create(
        project=access.project, trace_id=trace_id, name=name, **{kind: value}, **fields
    )


def evaluators(access: Access, *names: str) -> None:
    """Evaluators of these names, which have scored nothing yet."""
    for name in names:
        Evaluator.objects.create(project=access.project, name=name)


@contextmanager
def raises(error: type[Exception], **attributes: Any) -> Iterator[None]:
    """The error is raised, and has these attributes."""
    try:
        yield
    except error as caught:
        told = {name: getattr(caught, name) for name in attributes}
        assert told == attributes
    else:
        raise AssertionError(f"no {error.__name__}")
