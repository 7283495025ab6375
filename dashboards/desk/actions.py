"""What a reviewer does at the desk. Each works as a form, and faster from the script."""

from __future__ import annotations

import time

from django.contrib import messages
from django.http import HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST

from dashboards.desk import making, pages, rubric, words
from dashboards.desk.answering import (
    desk_url,
    done,
    invalid_answers,
    is_script,
    read_url,
    refused,
)
from evals.review.answers import Answers
from evals.review.errors import Conflict, Invalid
from evals.review.models import Item
from evals.review.selectors.desk import skipped_by
from evals.review.services import standing, working
from sightglass.accounts.access import Permission, ProjectRequest, project_page

MOST_BESIDES = 50
LATEST_MS = 24 * 3600 * 1000


@require_POST
@project_page(Permission.REVIEW)
@refused
def next_item(request: ProjectRequest, queue: str) -> HttpResponseBase:
    """The next item besides those named, held, as a piece of the page; or why there is none.

    `item`: this one, with the questions as they are now. Raises Conflict where it cannot be had.
    """
    found = standing.queue_of(request.access, queue)
    wanted = request.POST.get("item", "")
    if wanted.isdecimal() and len(wanted) < 18:
        chosen = standing.item_of(request.access, found, int(wanted))
        working.claim(request.access, chosen)
        return HttpResponse(making.item_html(request, chosen))
    given = request.POST.getlist("besides")[:MOST_BESIDES]
    besides = [int(one) for one in given if one.isdecimal() and len(one) < 18]
    one = working.claim_next(request.access, found, besides)
    if one is None:
        return HttpResponse(making.nothing_html(request, found))
    return HttpResponse(making.item_html(request, one))


@require_POST
@project_page(Permission.REVIEW)
@refused
def claim(request: ProjectRequest, queue: str, pk: int) -> HttpResponseBase:
    """Hold the item (longer)."""
    one = making.find(request, queue, pk)
    until = working.claim(request.access, one)
    return done(request, queue, desk_url(request, queue, pk), until=words.millis(until))


@require_POST
@project_page(Permission.REVIEW)
@refused
def release(request: ProjectRequest, queue: str) -> HttpResponseBase:
    """Give back items that were fetched ahead, when the page is left."""
    found = standing.queue_of(request.access, queue)
    given = request.POST.getlist("item")[:MOST_BESIDES]
    for one in Item.objects.filter(
        queue=found, pk__in=[int(pk) for pk in given if pk.isdecimal() and len(pk) < 18]
    ):
        one.queue = found
        working.release(request.access, one)
    return done(request, queue, desk_url(request, queue))


def _answers(request: ProjectRequest, one: Item) -> Answers:
    questions = making.questions_of(one.queue)
    texts = making.texts_of(one, questions)
    return rubric.parsed(questions, request.POST, texts=texts)


@require_POST
@project_page(Permission.REVIEW)
@refused
def draft(request: ProjectRequest, queue: str, pk: int) -> HttpResponseBase:
    """Keep what is typed, the unsent comment too."""
    one = making.find(request, queue, pk)
    answers = _answers(request, one)
    if comment := rubric.clean(request.POST.get("comment", "")).strip():
        answers[rubric.COMMENT] = comment
    saved = working.save_draft(request.access, one, answers)
    said = "Kept for later."
    return done(request, queue, desk_url(request, queue), said, saved=words.millis(saved.saved_at))


@require_POST
@project_page(Permission.REVIEW)
@refused
def submit(request: ProjectRequest, queue: str, pk: int) -> HttpResponseBase:
    """One's label, and the comment that was written with it."""
    one = making.find(request, queue, pk)
    questions = making.questions_of(one.queue)
    given = _answers(request, one)
    answers = rubric.asked(questions, given)
    comment = rubric.clean(request.POST.get("comment", "")).strip()
    version = request.POST.get("rubric", "")
    kept = given | ({rubric.COMMENT: comment} if comment else {})
    try:
        rubric.checked_passages(questions, answers)
        label = working.submit(
            request.access,
            one,
            answers,
            rubric=int(version) if version.isdecimal() and len(version) < 9 else None,
            seconds=_seconds(request),
        )
    except Invalid as error:
        working.save_draft(request.access, one, kept)
        if is_script(request):
            return invalid_answers(error, one)
        told = words.of_errors(error, questions)
        return pages.page(request, one.queue, one, answers=kept, errors=told, status=400)
    except Conflict:
        working.save_draft(request.access, one, kept)
        raise
    if comment:
        _say_once(request, one, comment)
    head = making.head_html(request, one.queue) if is_script(request) else ""
    return done(request, queue, desk_url(request, queue), label=label.pk, head=head)


def _say_once(request: ProjectRequest, one: Item, text: str) -> None:
    """What the desk sends again, because it has heard no answer, is not said again."""
    if not one.comments.filter(author=request.user, text=text).exists():
        working.comment(request.access, one, text)


def _seconds(request: ProjectRequest) -> float | None:
    """How long it took, as the script has measured it, else since the page was made."""
    try:
        if request.POST.get("seconds"):
            return float(request.POST["seconds"][:20])
        shown = int(request.POST.get("shown", "")[:20])
    except ValueError:
        return None
    gone = time.time() * 1000 - shown
    return gone / 1000 if 0 <= gone <= LATEST_MS else None


@require_POST
@project_page(Permission.REVIEW)
@refused
def undo(request: ProjectRequest, queue: str, pk: int) -> HttpResponseBase:
    """Take one's label of this item back; the item comes back with its answers."""
    one = making.find(request, queue, pk)
    working.undo(request.access, one)
    return _undone(request, one, "label")


@require_POST
@project_page(Permission.REVIEW)
@refused
def undo_last(request: ProjectRequest, queue: str) -> HttpResponseBase:
    """The same for what one did last in the queue: a label or a skip."""
    found = standing.queue_of(request.access, queue)
    one, what = working.undo_last(request.access, found)
    return _undone(request, one, what)


def _undone(request: ProjectRequest, one: Item, what: str) -> HttpResponse:
    slug = one.queue.slug
    if not is_script(request):
        said = f"Taken back: your {what} of item {one.pk}."
        return done(request, slug, desk_url(request, slug, one.pk), said)
    html = making.item_html(request, one) if "html" in request.POST else ""
    head = making.head_html(request, one.queue)
    return JsonResponse({"ok": True, "item": one.pk, "what": what, "html": html, "head": head})


@require_POST
@project_page(Permission.REVIEW)
@refused
def skip(request: ProjectRequest, queue: str, pk: int) -> HttpResponseBase:
    """Leave the item to others."""
    one = making.find(request, queue, pk)
    # Where a browser takes the first button that it shows for Enter in the field: one's own counts.
    reason = request.POST.get("other", "").strip() or request.POST.get("reason", "")
    if not reason.strip() and not is_script(request):
        messages.error(request, words.NEEDS_REASON)
        return redirect(desk_url(request, queue, pk))
    working.skip(request.access, one, rubric.clean(reason))
    return done(request, queue, desk_url(request, queue), "Left to others.")


@require_POST
@project_page(Permission.REVIEW)
@refused
def unskip(request: ProjectRequest, queue: str) -> HttpResponseBase:
    """Take up again what one has passed over; `item`: only this one."""
    found = standing.queue_of(request.access, queue)
    standing.labeller(request.access, found)
    rows = skipped_by(request.access, found)
    if (only := request.POST.get("item", "")) and only.isdecimal() and len(only) < 18:
        rows = rows.filter(pk=int(only))
    for one in rows:
        one.queue = found
        working.unskip(request.access, one)
    return done(request, queue, desk_url(request, queue))


@require_POST
@project_page(Permission.REVIEW)
@refused
def flag(request: ProjectRequest, queue: str, pk: int) -> HttpResponseBase:
    """Ask a lead; the item waits for the answer."""
    one = making.find(request, queue, pk)
    working.flag(request.access, one, rubric.clean(request.POST.get("reason", "")))
    said = "A lead is asked. The item waits for the answer."
    return done(request, queue, desk_url(request, queue), said)


@require_POST
@project_page(Permission.REVIEW)
@refused
def comment(request: ProjectRequest, queue: str, pk: int) -> HttpResponseBase:
    """Say something about the item; @address shows it to that person."""
    one = making.find(request, queue, pk)
    text = rubric.clean(request.POST.get("comment", ""))
    from_desk = request.POST.get("from") == "desk"
    if from_desk:
        _say_once(request, one, text.strip())
    else:
        working.comment(request.access, one, text)
    if not is_script(request):
        there = desk_url(request, queue, pk) if from_desk else read_url(request, queue, pk)
        return done(request, queue, there, "Said.")
    return JsonResponse({"ok": True, "html": making.comments_html(request, one)})


@require_POST
@project_page(Permission.REVIEW)
@refused
def uncomment(request: ProjectRequest, queue: str, pk: int, comment: int) -> HttpResponseBase:
    """Take a comment of one's own back; a lead any."""
    one = making.find(request, queue, pk)
    working.remove_comment(request.access, one, comment)
    return done(request, queue, read_url(request, queue, pk), "Taken back.")
