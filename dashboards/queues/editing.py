"""Making a queue and changing one: settings, questions, people."""

from __future__ import annotations

from dataclasses import dataclass, field, fields, replace
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST

from dashboards.markdown import rendered
from dashboards.queues import framing, merging, rubric, words
from dashboards.queues.forms import Person, SettingsForm, chosen_in, initial_of, people_of
from dashboards.queues.merging import Base, Difference
from dashboards.queues.rubric import Row, Wrong
from evals.models import Evaluator
from evals.review.errors import Conflict, Invalid
from evals.review.models import Queue
from evals.review.services import queues, standing
from sightglass.accounts.access import Access, Permission, ProjectRequest, project_page

FRAGMENTS = {"rubric": "queues/rubric.html", "guide": "queues/guide.html"}
"""By the element that htmx asks for."""


@dataclass(slots=True)
class Page:
    """The form as it stands."""

    form: SettingsForm
    rows: list[Row]
    people: list[Person]
    problems: list[str] = field(default_factory=list)
    """Of the rubric as a whole, and of the people."""
    meanwhile: list[Difference] | None = None
    """What others have saved since the form was made; None: nobody has saved."""

    @property
    def wrong(self) -> list[Wrong]:
        """What is wrong with single fields, in the order of the page."""
        of_form = [
            Wrong(self.form[name].id_for_label, str(self.form[name].label), str(text))
            for name in self.form.fields
            for text in self.form.errors.get(name, ())
        ]
        return of_form + rubric.wrong(self.rows)


@require_http_methods(["GET", "POST"])
@project_page(Permission.WRITE)
def new(request: ProjectRequest) -> HttpResponse:
    """The empty form; POST makes the queue, or does what another button of it says."""
    if request.method != "POST":
        people = people_of(request.access, {})
        return _shown(request, Page(SettingsForm(), rubric.usual(), people))
    page = _sent(request)
    deed = request.POST.get("do", "save")
    if deed == "save":
        queue = _saved(request.access, page, None)
        if queue is not None:
            if chosen := request.GET.urlencode():
                messages.success(request, f"“{queue.name}” is made. Now send what you have chosen.")
                sending = reverse("review_add", args=[request.access.project.slug])
                return redirect(f"{sending}?{chosen}&queue={queue.slug}")
            messages.success(request, f"“{queue.name}” is made. Now say what comes into it.")
            return redirect("queue_rules", request.access.project.slug, queue.slug)
    return _shown(request, page, deed=deed)


@require_http_methods(["GET", "POST"])
@project_page(Permission.WRITE)
def settings(request: ProjectRequest, queue: str) -> HttpResponse:
    """The form of the queue as it is; POST changes it."""
    access = request.access
    found = standing.queue_of(access, queue)
    if request.method != "POST":
        return _shown(request, _page_of(access, queues.draft_of(found)), found)
    page = _sent(request, found)
    deed = request.POST.get("do", "save")
    if deed == "save":
        before = queues.newest(found).version
        base = merging.opened(request.POST.get("base", ""), found)
        changed = _saved(access, page, found, base)
        if page.meanwhile is not None:
            found.refresh_from_db()
            return _shown(request, page, found, deed, status=409)
        if changed is not None:
            now = queues.newest(changed).version
            said = f" Version {now} of the questions is asked from now on." if now > before else ""
            messages.success(request, f"Saved.{said}")
            return redirect("queue_settings", access.project.slug, found.slug)
    return _shown(request, page, found, deed)


@require_POST
@project_page(Permission.WRITE)
def archive(request: ProjectRequest, queue: str) -> HttpResponse:
    """End the queue, or with `restore` take it back."""
    access = request.access
    found = standing.queue_of(access, queue)
    if "restore" in request.POST:
        try:
            queues.restore(access, found)
        except Invalid as error:
            messages.error(request, error.errors[0]["detail"])
        else:
            messages.success(request, f"“{found.name}” is taken back. Its rules stay stopped.")
        return redirect("queue_settings", access.project.slug, found.slug)
    if "sure" not in request.POST:
        messages.error(request, "Say that it is to end, then archive it.")
        return redirect("queue_settings", access.project.slug, found.slug)
    queues.archive(access, found)
    messages.success(request, f"“{found.name}” is archived. What was labelled in it stays.")
    return redirect("queues", access.project.slug)


def _sent(request: ProjectRequest, queue: Queue | None = None) -> Page:
    """The form as it was sent, after the button that sent it."""
    sent = request.POST
    named = {} if queue is None else queues.draft_of(queue).reviewers
    everybody = people_of(request.access, named)
    chosen = chosen_in(sent, everybody)
    people = [replace(one, role=chosen.get(one.user.email, "")) for one in everybody]
    rows = rubric.changed(rubric.rows_from(sent), sent.get("do", ""))
    return Page(SettingsForm(sent, fixed=queue is not None), rows, people)


def _page_of(access: Access, draft: queues.Draft) -> Page:
    form = SettingsForm(initial=initial_of(draft), fixed=True)
    return Page(form, rubric.rows_of(draft.questions), people_of(access, draft.reviewers))


def _saved(
    access: Access, page: Page, queue: Queue | None, base: Base | None = None
) -> Queue | None:
    """The queue, or None with what is wrong, or changed meanwhile, written into the page."""
    form = page.form
    is_valid = form.is_valid()
    people = {one.user.email: one.role for one in page.people if one.role}
    if not is_valid:
        return None
    draft = form.draft(rubric.questions_from(page.rows), people)
    try:
        if queue is None:
            return queues.create(access, form.slug_said(), draft)
        version = None if base is None else base.version
        said = {one.name: getattr(draft, one.name) for one in fields(draft)}
        return queues.change(access, queue, said, version=version)
    except Conflict:
        _merge(access, page, queue, base, draft)
        return None
    except Invalid as error:
        form.refuse(error.errors)
        page.problems = rubric.place(page.rows, error.errors)
        page.problems += [
            f"{one['pointer'].rpartition('/')[2]}: {one['detail']}"
            for one in error.errors
            if one["pointer"].startswith("/reviewers")
        ]
        return None


def _merge(
    access: Access, page: Page, queue: Queue | None, base: Base | None, typed: queues.Draft
) -> None:
    """What was typed over what others have saved; saved again, it takes the place of theirs."""
    if queue is None or base is None:
        return
    draft, page.meanwhile = merging.merged(base.draft, queues.draft_of(queue), typed)
    fresh = _page_of(access, draft)
    page.form, page.rows, page.people = fresh.form, fresh.rows, fresh.people


def _shown(
    request: ProjectRequest,
    page: Page,
    queue: Queue | None = None,
    deed: str = "",
    status: int = 200,
) -> HttpResponse:
    access = request.access
    context: dict[str, Any] = {
        "page": page,
        "form": page.form,
        "kinds": words.KINDS,
        "deed": deed,
        "wrong": deed == "save" and page.meanwhile is None,
        "guide": rendered(page.form["guidelines"].value() or ""),
        "preview": deed == "preview",
        "saving": "save",
    }
    fragment = FRAGMENTS.get(request.htmx.target or "") if request.htmx else None
    if fragment is not None and deed != "save":
        return render(request, fragment, context)
    context["scores"] = list(
        Evaluator.objects.filter(project=access.project, archived_at=None)
        .order_by("name")
        .values_list("name", flat=True)[:200]
    )
    if queue is not None:
        context |= framing.frame(access, queue, "settings")
        # A form that was sent is still made from what it was made from, unless it was merged.
        sent = request.POST.get("base") if page.meanwhile is None else None
        context["base"] = sent or merging.sealed(queue)
        context["versions"] = list(queue.rubrics.select_related("created_by")[:50])
    return render(request, "queues/form.html", context, status=status)
