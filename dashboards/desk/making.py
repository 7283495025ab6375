"""What the templates of the desk need: an item with its questions, or why there is none."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.http import HttpRequest
from django.template.loader import render_to_string
from django.utils import timezone

from dashboards.desk import content, rubric, words
from dashboards.markdown import rendered
from evals.review.models import Item, Label, Queue
from evals.review.questions import FIELDS, Kind, Question
from evals.review.selectors import asked, desk
from evals.review.selectors import items as selected
from evals.review.selectors import queues as progress
from evals.review.services import queues, standing, texts
from sightglass.accounts.access import Access, Permission, ProjectRequest
from traces.selectors.paging import TooSlow

Context = dict[str, Any]
AT_ONCE = "desk_at_once"
"""Cookie of those who submit with the last required answer."""
SKIP_REASONS = ("Cannot tell from what is here", "Not my field", "Not my language", "Unpleasant")


def find(request: ProjectRequest, queue: str, pk: int) -> Item:
    """An item of a queue that the caller sees. Raises Http404."""
    return standing.item_of(request.access, standing.queue_of(request.access, queue), pk)


def questions_of(queue: Queue) -> list[Question]:
    found: list[Question] = queues.newest(queue).questions
    return found


def texts_of(item: Item, questions: list[Question]) -> dict[str, str]:
    """By field, what ranges are marked in; empty where no question asks for any."""
    if not any(one["kind"] == Kind.SPAN for one in questions):
        return {}
    subject = texts.subject_of(item)
    return {name: getattr(subject, name, None) or "" for name in FIELDS}


def frame(request: ProjectRequest, queue: Queue) -> Context:
    """What all pages of a queue have in common."""
    leads = standing.may_lead(request.access, queue)
    return {
        "queue": queue,
        "leads": leads,
        "skip_reasons": SKIP_REASONS,
        "may_read": request.access.may(Permission.READ),
        "guidelines": rendered(queue.guidelines) if queue.guidelines.strip() else "",
    }


def people(queue: Queue) -> str:
    """Whom a comment can mention, as JSON for its completion."""
    return json.dumps([{"email": one.email, "name": one.name} for one in desk.mentionable(queue)])


def head(access: Access, queue: Queue) -> words.Head | None:
    """None where counting took too long."""
    try:
        return words.head(progress.progress(access, queue))
    except TooSlow:
        return None


def head_html(request: ProjectRequest, queue: Queue) -> str:
    return render_to_string("desk/head.html", {"head": head(request.access, queue)}, request)


def item(
    request: ProjectRequest,
    one: Item,
    *,
    answers: Mapping[str, Any] | None = None,
    errors: Mapping[str, str] | None = None,
    prefix: str = "q",
) -> Context:
    """An item to be labelled: with the draft, one's own label, or `answers` in its questions."""
    access, queue = request.access, one.queue
    version = queues.newest(queue)
    mine = selected.mine_of(access, [one])[one.pk]
    draft = mine.draft.answers if mine.draft is not None else None
    given = answers if answers is not None else draft
    if given is None:
        given = mine.label.answers if mine.label is not None else {}
    sight = standing.sight(access, one)
    seen = selected.labels_of(access, one, sight)
    others = [label for label in seen if not _is_own(access, label)]
    remarks = selected.comments_of(access, one, sight)
    names = desk.names_of(
        [*(label.reviewer_id for label in others), *(remark.author_id for remark in remarks)]
    )
    labels = [(names.get(label.reviewer_id or 0, label.reviewer_label), label) for label in others]
    field_texts = texts_of(one, version.questions)
    return {
        "item": one,
        "mine": mine,
        "rubric": version,
        "fields": rubric.fields(
            version.questions, given, prefix=prefix, errors=errors, labels=labels, texts=field_texts
        ),
        "errors": errors or {},
        "wrong": words.summary(errors or {}, version.questions),
        "comment": given.get(rubric.COMMENT, ""),
        "comments": [(names.get(each.author_id or 0, "Somebody"), each) for each in remarks],
        "answered": asked.answers_on(access, one),
        "shown": content.shown(access, one, version.questions, field_texts, sight),
        "sees_others": sight.others,
        "until": words.millis(mine.claim.until if mine.claim else None),
        "now": words.millis(timezone.now()),
        "kept": words.millis(_kept_at(mine)),
        "restored": mine.draft is not None and bool(draft),
        "has_correction": any(each["kind"] == Kind.CORRECTION for each in version.questions),
    }


def _kept_at(mine: selected.Mine) -> datetime | None:
    """When the caller last sent what they have of the item, as draft or label."""
    times = [
        *([mine.draft.saved_at] if mine.draft is not None else []),
        *([mine.label.submitted_at] if mine.label is not None else []),
    ]
    return max(times, default=None)


def _is_own(access: Access, label: Label) -> bool:
    return access.user is not None and label.reviewer_id == access.user.pk


def comments_html(request: ProjectRequest, one: Item) -> str:
    """What was said of the item, as far as the caller may know it."""
    remarks = selected.comments_of(request.access, one)
    names = desk.names_of([each.author_id for each in remarks])
    said = [(names.get(each.author_id or 0, "Somebody"), each) for each in remarks]
    context = frame(request, one.queue) | {"item": one, "comments": said}
    return render_to_string("desk/comments.html", context, request)


def item_html(request: ProjectRequest, one: Item) -> str:
    context = frame(request, one.queue) | item(request, one)
    return render_to_string("desk/item.html", context, request)


def nothing(request: ProjectRequest, queue: Queue) -> Context:
    """Why there is no item, and what else there is to do."""
    access = request.access
    found = [other for other in progress.list_queues(access) if other.pk != queue.pk]
    stands = standing.standings(access, found)
    others = [other for other in found if stands[other.pk].awaited]
    try:
        why = desk.why_nothing(access, queue)
    except TooSlow:
        why = None
    return {"why": why, "others": others[:5], "now": words.millis(timezone.now())}


def nothing_html(request: ProjectRequest, queue: Queue) -> str:
    context = frame(request, queue) | nothing(request, queue)
    return render_to_string("desk/none.html", context, request)


def at_once(request: HttpRequest) -> bool:
    return request.COOKIES.get(AT_ONCE) == "1"
