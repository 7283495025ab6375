"""The desk itself, and an item to read."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from dashboards.desk import making, words
from dashboards.desk.rubric import COMMENT, said
from evals.review import answers as checking
from evals.review.errors import Conflict
from evals.review.models import Item, Label, State
from evals.review.questions import COMPARED
from evals.review.selectors import desk as selected_desk
from evals.review.selectors import items as selected
from evals.review.selectors.items import Mine
from evals.review.services import standing, working
from sightglass.accounts.access import Access, Permission, ProjectRequest, project_page

STATES = {
    State.OPEN: ("Wants labels", "is-info"),
    State.DONE: ("Labelled", "is-good"),
    State.DISPUTED: ("Labels differ", "is-warn"),
    State.SETTLED: ("Settled", "is-good"),
    State.WITHDRAWN: ("Taken out", ""),
}


@require_GET
@project_page(Permission.REVIEW)
def desk(request: ProjectRequest, queue: str) -> HttpResponse:
    """The next item, held for whoever asks; or `?item=ID`, this one if it can be had."""
    found = standing.queue_of(request.access, queue)
    if not standing.may_label(request.access, found):
        return render(request, "desk/others.html", {"queue": found}, status=403)
    wanted = request.GET.get("item", "")
    trouble = ""
    one: Item | None = None
    try:
        if wanted.isdecimal() and len(wanted) < 18:
            one = standing.item_of(request.access, found, int(wanted))
            working.claim(request.access, one)
        else:
            one = working.claim_next(request.access, found)
    except Conflict as error:
        trouble = words.of_conflict(error)
    return page(request, found, one, trouble=trouble)


def page(
    request: ProjectRequest,
    queue: Any,
    one: Item | None,
    *,
    trouble: str = "",
    status: int = 200,
    **more: Any,
) -> HttpResponse:
    """The whole page with an item or with why there is none; `more` goes to `making.item`."""
    context = making.frame(request, queue)
    context |= {
        "head": making.head(request.access, queue),
        "people_json": making.people(queue),
        "at_once": making.at_once(request),
        "trouble": trouble,
    }
    context |= making.nothing(request, queue) if one is None else making.item(request, one, **more)
    return render(request, "desk/page.html", context, status=status)


@require_GET
@project_page(Permission.REVIEW)
def item(request: ProjectRequest, queue: str, pk: int) -> HttpResponse:
    """An item to read: labels side by side, what was said, what happened; a lead decides here."""
    return read(request, making.find(request, queue, pk))


def read(
    request: ProjectRequest, one: Item, *, trouble: str = "", status: int = 200, **more: Any
) -> HttpResponse:
    """`more` goes to `making.item`: answers and errors of a decision that was refused."""
    access = request.access
    context = making.frame(request, one.queue)
    labels = selected.labels_of(access, one)
    decided = next((label for label in labels if label.adjudicates), None)
    if context["leads"] and "answers" not in more:
        more["answers"] = (decided.answers if decided else None) or one.gold or {}
    context |= making.item(request, one, prefix="d", **more)
    mine = context["mine"]
    state = selected.shown_state(access, one, mine)
    label, tone = STATES[State(state)]
    may_label = standing.may_label(access, one.queue)
    differ = [] if one.gold is not None else differing(labels)
    if context["leads"] and one.gold is not None and state == State.OPEN:
        label = ""  # it wants no labels: it is gold, which has a tag of its own
    context |= {
        "people_json": making.people(one.queue),
        "state": label,
        "state_tone": tone,
        "table": table(access, one, labels),
        "decided": decided,
        "decides": context["leads"] and one.state != State.WITHDRAWN,
        "differing": differ,
        "folded": context["leads"]
        and decided is None
        and (bool(differ) or (may_label and _is_unsaid(one, mine))),
        "history": selected_desk.history(access, one),
        "flags": [flag for flag in selected.flags_of(access, one) if flag.resolved_at is None],
        "may_label": may_label,
        "draft": draft_of(one, mine),
        "trouble": trouble,
    }
    return render(request, "desk/read.html", context, status=status)


def _is_unsaid(one: Item, mine: Mine) -> bool:
    """Whether a lead may still label the item, whose answers the queue keeps from who does."""
    return one.queue.blind and one.state == State.OPEN and mine.label is None


def draft_of(one: Item, mine: Mine) -> list[tuple[str, str]]:
    """(question, answer) of what the caller has typed and not submitted; the comment at the end."""
    if mine.draft is None:
        return []
    kept = mine.draft.answers
    found = [
        (question["text"], said(question, kept[question["key"]]))
        for question in making.questions_of(one.queue)
        if question["key"] in kept
    ]
    return found + ([("Comment", kept[COMMENT])] if COMMENT in kept else [])


def table(access: Access, one: Item, labels: list[Label]) -> dict[str, Any]:
    """Labels side by side: a column for each person, a row for each question that was answered;
    `count` says how many there are."""
    names = selected_desk.names_of([label.reviewer_id for label in labels])
    columns = [(names.get(label.reviewer_id or 0, label.reviewer_label), label) for label in labels]
    by_key = {
        question["key"]: question
        for label in sorted(labels, key=lambda label: label.rubric.version)
        for question in label.rubric.questions
    }
    unlike = set(differing(labels))
    rows = []
    for key, question in by_key.items():
        cells = [
            said(question, label.answers[key]) if key in label.answers else "" for label in labels
        ]
        if any(cells):
            rows.append((question, cells, question["text"] in unlike))
    given = sum(not label.adjudicates for label in labels)
    count = words.of_labels(given, decided=given < len(labels))
    return {"columns": columns, "rows": rows, "count": count}


def differing(labels: list[Label]) -> list[str]:
    """Texts of the questions in which people's labels differ."""
    given = [label for label in labels if not label.adjudicates]
    if len(given) < 2:
        return []
    questions = max(given, key=lambda label: label.rubric.version).rubric.questions
    asked = [question for question in questions if question["kind"] in COMPARED]
    keys = checking.differing(asked, [label.answers for label in given])
    return [question["text"] for question in asked if question["key"] in keys]
