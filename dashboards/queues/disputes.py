"""What waits for a lead: answers that differ, side by side, and open questions of reviewers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from dashboards.queues import framing, links, previews, words
from dashboards.queues.previews import Preview
from evals.review.models import Flag, Item, Label, Queue
from evals.review.questions import COMPARED, Question
from evals.review.selectors import deciding
from evals.review.selectors.deciding import Dispute
from evals.review.services import standing
from sightglass.accounts.access import Permission, ProjectRequest, project_page
from traces.selectors.paging import CursorError, TooSlow


@dataclass(frozen=True, slots=True)
class Answered:
    """One question with what each of the labels says to it, in their order."""

    question: Question
    answers: list[str]
    differ: bool
    compared: bool


@dataclass(frozen=True, slots=True)
class Card:
    """A disputed item."""

    item: Item
    preview: Preview
    url: str
    labels: list[Label]
    rows: list[Answered]

    @property
    def differing(self) -> list[str]:
        """Texts of the questions in which the labels differ."""
        return [row.question["text"] for row in self.rows if row.differ]


@dataclass(frozen=True, slots=True)
class Asked:
    """A flag that nobody has answered."""

    flag: Flag
    preview: Preview
    url: str


@require_GET
@project_page(Permission.REVIEW)
def disputes(request: ProjectRequest, queue: str) -> HttpResponse:
    """For leads; `cursor`."""
    access = request.access
    found = standing.queue_of(access, queue)
    standing.lead(access, found)
    context: dict[str, Any] = framing.frame(access, found, "disputes")
    cursor = request.GET.get("cursor") or None
    try:
        page = deciding.disputes(found, cursor=cursor)
        flags = [] if cursor else deciding.open_flags(found)
    except (TooSlow, CursorError) as error:
        context["problem"] = "slow" if isinstance(error, TooSlow) else "cursor"
        return render(request, "queues/disputes.html", context)
    texts = previews.of_items(
        found.project_id, [*(one.item for one in page.results), *(flag.item for flag in flags)]
    )
    context |= {
        "cards": [card(found, one, texts[one.item.trace_id, one.item.span_id])
                  for one in page.results],
        "flags": [_asked(found, flag, texts[flag.item.trace_id, flag.item.span_id])
                  for flag in flags],
        "next": page.next,
        "later": cursor is not None,
    }  # fmt: skip
    return render(request, "queues/disputes.html", context)


def card(queue: Queue, one: Dispute, preview: Preview) -> Card:
    """Questions that differ stand first."""
    one.item.queue = queue
    questions = deciding.questions_in(one.labels)
    rows = [_answered(question, one) for question in questions.values()]
    rows.sort(key=lambda row: not row.differ)
    return Card(one.item, preview, links.item(one.item), one.labels, rows)


def _answered(question: Question, one: Dispute) -> Answered:
    key = question["key"]
    return Answered(
        question,
        [words.answer(label.answers.get(key)) for label in one.labels],
        key in one.differ,
        question["kind"] in COMPARED,
    )


def _asked(queue: Queue, flag: Flag, preview: Preview) -> Asked:
    flag.item.queue = queue
    return Asked(flag, preview, links.item(flag.item))
