"""What a lead does with an item: decide it, make it gold, answer a question, take it out."""

from __future__ import annotations

from django.http import HttpResponseBase
from django.urls import reverse
from django.utils.html import format_html
from django.views.decorators.http import require_POST

from dashboards.desk import making, pages, rubric, words
from dashboards.desk.answering import done, read_url, refused
from evals.review.answers import Answers
from evals.review.errors import Conflict, Invalid
from evals.review.models import Item, State
from evals.review.services import adjudicating, working
from sightglass.accounts.access import Permission, ProjectRequest, project_page


def _answers(request: ProjectRequest, one: Item) -> Answers:
    questions = making.questions_of(one.queue)
    texts = making.texts_of(one, questions)
    return rubric.parsed(questions, request.POST, prefix="d", texts=texts)


@require_POST
@project_page(Permission.REVIEW)
@refused
def settle(request: ProjectRequest, queue: str, pk: int) -> HttpResponseBase:
    """Decide the item, or with `gold` say that these answers are right for ever.

    `following`: the next dispute opens then, unless the lead chose to `stay`.
    """
    one = making.find(request, queue, pk)
    questions = making.questions_of(one.queue)
    given = _answers(request, one)
    version = request.POST.get("version", "")
    try:
        answers = rubric.asked(questions, given)
        rubric.checked_passages(questions, answers)
        if "gold" in request.POST:
            adjudicating.make_gold(request.access, one, answers)
            said = "is gold: every reviewer gets it, unmarked."
        else:
            seen = int(version) if version.isdecimal() and len(version) < 10 else None
            adjudicating.settle(request.access, one, answers, version=seen)
            said = "is decided."
    except Invalid as error:
        told = words.of_errors(error, questions)
        return pages.read(request, one, answers=given, errors=told, status=400)
    except Conflict as error:
        one.refresh_from_db(fields=["version", "state", "gold", "labels", "flagged"])
        said = words.of_conflict(error)
        return pages.read(request, one, answers=given, trouble=said, status=409)
    if "following" in request.POST and "stay" not in request.POST:
        return _go_on(request, one, said)
    return done(request, queue, read_url(request, queue, pk), f"Item {pk} {said}")


def _go_on(request: ProjectRequest, one: Item, said: str) -> HttpResponseBase:
    """To the next dispute; where none is left, to the list that it came from."""
    slug, following = one.queue.slug, next_dispute(one)
    if following is not None:
        there, more = read_url(request, slug, following), "This is the next dispute."
    else:
        there = reverse("queue_disputes", args=[request.access.project.slug, slug])
        more = "No dispute is left."
    link = read_url(request, slug, one.pk)
    told = format_html('<a href="{}">Item {}</a> {} {}', link, one.pk, said, more)
    return done(request, slug, there, told)


def next_dispute(one: Item) -> int | None:
    """The disputed item of the queue that comes after this one, else the first."""
    others = Item.objects.filter(queue=one.queue, state=State.DISPUTED).exclude(pk=one.pk)
    rows = others.order_by("pk").values_list("pk", flat=True)
    return rows.filter(pk__gt=one.pk).first() or rows.first()


@require_POST
@project_page(Permission.REVIEW)
@refused
def reopen(request: ProjectRequest, queue: str, pk: int) -> HttpResponseBase:
    """Take the decision back."""
    one = making.find(request, queue, pk)
    adjudicating.reopen(request.access, one)
    return done(request, queue, read_url(request, queue, pk), "The labels count again.")


@require_POST
@project_page(Permission.REVIEW)
@refused
def ungold(request: ProjectRequest, queue: str, pk: int) -> HttpResponseBase:
    """It is gold no more."""
    one = making.find(request, queue, pk)
    adjudicating.make_gold(request.access, one, None)
    return done(request, queue, read_url(request, queue, pk), "Gold no more.")


@require_POST
@project_page(Permission.REVIEW)
@refused
def answered(request: ProjectRequest, queue: str, pk: int) -> HttpResponseBase:
    """A lead has answered the question: the item is handed out again."""
    one = making.find(request, queue, pk)
    text = rubric.clean(request.POST.get("comment", "")).strip()
    working.resolve_flags(request.access, one)
    if text:
        working.comment(request.access, one, text)
    return done(request, queue, read_url(request, queue, pk), "It is handed out again.")


@require_POST
@project_page(Permission.REVIEW)
@refused
def withdraw(request: ProjectRequest, queue: str, pk: int) -> HttpResponseBase:
    """Take the item out of the queue, or with `back` put it in again."""
    one = making.find(request, queue, pk)
    if "back" in request.POST:
        adjudicating.put_back(request.access, one)
    else:
        adjudicating.withdraw(request.access, one)
    return done(request, queue, read_url(request, queue, pk))
