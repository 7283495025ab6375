"""Making an evaluator and changing one: the gallery, the form, and saving it."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from dashboards.evaluators import gallery
from dashboards.evaluators.forms import FORMS, EvaluatorForm, initial_of
from evals.judges.prompts import VARIABLES
from evals.models import Connection, Evaluator, EvaluatorVersion
from evals.selectors import evaluators as selected
from evals.services import evaluators as service
from sightglass.accounts.access import Access, Permission, ProjectRequest, project_page


@require_http_methods(["GET", "POST"])
@project_page(Permission.WRITE)
def new(request: ProjectRequest) -> HttpResponse:
    """The gallery; with `from` the form of what was chosen there; POST makes the evaluator."""
    key = request.GET.get("from", "")
    if not key:
        return _gallery(request)
    start, draft = gallery.opened(key)
    if request.method == "POST":
        form = form_of(request.access, request.POST)
        version = _created(request.access, form)
        if version is not None:
            messages.success(
                request, f"{version.evaluator.name} is on. It scores what arrives from now on."
            )
            return redirect("evaluator", request.access.project.slug, version.evaluator_id)
        return _form(request, form, start=start)
    name = _free_name(request.access, start.name)
    initial = initial_of(draft, name=name, description=start.description)
    return _form(request, FORMS[draft.kind](request.access, initial=initial), start=start)


@require_http_methods(["GET", "POST"])
@project_page(Permission.WRITE)
def edit(request: ProjectRequest, pk: int) -> HttpResponse:
    """The form of the newest version; POST makes the next one."""
    access = request.access
    evaluator = selected.get_evaluator(access, pk)
    if evaluator.archived_at is not None:
        raise Http404("It is archived.")
    version = service.newest(evaluator)
    if request.method == "POST":
        form = form_of(access, request.POST, evaluator)
        made = _changed(access, form, evaluator)
        if made is not None:
            said = f"Version {made.number} is at work." if made.number > version.number else (
                "Saved. How it scores has not changed, so there is no new version."
            )  # fmt: skip
            messages.success(request, said)
            return redirect("evaluator", access.project.slug, evaluator.pk)
        return _form(request, form, version=version)
    initial = initial_of(service.draft_of(version), description=evaluator.description)
    form = FORMS[version.kind](access, initial=initial, fixed_name=evaluator.name)
    return _form(request, form, version=version)


def form_of(access: Access, sent: QueryDict, evaluator: Evaluator | None = None) -> EvaluatorForm:
    """The form of the kind that was sent. Raises Http404 for a kind that there is not."""
    kind = FORMS.get(sent.get("kind", ""))
    if kind is None:
        raise Http404("There is no such kind of evaluator.")
    return kind(access, sent, fixed_name=evaluator.name if evaluator else "")


def _created(access: Access, form: EvaluatorForm) -> EvaluatorVersion | None:
    if not form.is_valid():
        return None
    said = form.cleaned_data
    try:
        return service.create(access, said["name"], form.draft(), description=said["description"])
    except ValidationError as error:
        form.refuse(error)
        return None


def _changed(access: Access, form: EvaluatorForm, evaluator: Evaluator) -> EvaluatorVersion | None:
    if not form.is_valid():
        return None
    description = form.cleaned_data["description"]
    try:
        before = service.draft_of(service.newest(evaluator))
        return service.change(access, evaluator, form.draft(before), description=description)
    except ValidationError as error:
        form.refuse(error)
        return None


def _free_name(access: Access, name: str) -> str:
    """The name, with a number if an evaluator has it already."""
    taken = _names(access)
    if not name or name not in taken:
        return name
    return next(f"{name}_{n}" for n in range(2, len(taken) + 3) if f"{name}_{n}" not in taken)


def _names(access: Access) -> set[str]:
    rows = Evaluator.objects.filter(project=access.project, archived_at=None)
    return set(rows.values_list("name", flat=True))


def _gallery(request: ProjectRequest) -> HttpResponse:
    shelves = gallery.shelves()
    context = {
        "shelves": shelves,
        "taken": gallery.taken(shelves, _names(request.access)),
        "connected": Connection.objects.filter(project=request.access.project).exists(),
    }
    return render(request, "evaluators/gallery.html", context)


def _form(
    request: ProjectRequest,
    form: EvaluatorForm,
    start: gallery.Start | None = None,
    version: EvaluatorVersion | None = None,
) -> HttpResponse:
    context: dict[str, Any] = {
        "form": form,
        "start": start,
        "version": version,
        "next_number": version.number + 1 if version else 1,
        "variables": VARIABLES,
        "kind": form["kind"].value(),
    }
    return render(request, "evaluators/form.html", context)
