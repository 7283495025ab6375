"""A file into a dataset: upload, columns, what would become of it, and how far it has come."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from dashboards.datasets import adding as ways
from dashboards.datasets import shown
from dashboards.trace.panes import Room
from evals.datasets import files, mapping
from evals.datasets.models import Import
from evals.datasets.selectors import datasets as selected
from evals.datasets.services import importing as service
from evals.datasets.services.adding import Alike, Choices, Known, Look, Personal
from evals.review.errors import Conflict, Invalid
from sightglass.accounts.access import Permission, ProjectRequest, project_page

POLL_ENDS = 286
"""The status by which htmx stops asking."""
KNOWN = {
    Known.REFUSE: ("Add nothing", "and say which they are"),
    Known.REPLACE: ("Replace them", "the next version has what the file says"),
    Known.SKIP: ("Leave them", "as they are in the dataset"),
}
State = Import.State
LEAVE_WRONG = "leave"
"""What `begin` is for a file whose wrong rows are left out knowingly."""


@require_http_methods(["GET", "POST"])
@project_page(Permission.WRITE)
def upload(request: ProjectRequest, dataset: str) -> HttpResponse:
    """Choose a file."""
    access = request.access
    found = selected.dataset_of(access, dataset)
    problem = ""
    if request.method == "POST":
        sent = request.FILES.get("file")
        if sent is None:
            problem = "Choose a file first."
        elif (sent.size or 0) > files.LARGEST:
            problem = f"A file has at most {files.LARGEST // 2**20} MB."
        else:
            try:
                row = service.upload(access, found, sent.name or "file", sent.read())
            except Invalid as error:
                problem = error.errors[0]["detail"]
            except Conflict as error:
                problem = error.detail
            else:
                return redirect("dataset_import", access.project.slug, found.slug, row.pk)
    context = {
        "dataset": found,
        "problem": problem,
        "megabytes": files.LARGEST // 2**20,
        "rows": files.MOST_ROWS,
    }
    return render(request, "datasets/upload.html", context)


@require_http_methods(["GET", "POST"])
@project_page(Permission.WRITE)
def mapped(request: ProjectRequest, dataset: str, pk: int) -> HttpResponse:
    """Its columns and what they make of the first rows; POST `begin` adds, `discard` forgets."""
    access = request.access
    found = selected.dataset_of(access, dataset)
    row = service.import_of(access, found, pk)
    if request.method == "POST" and "discard" in request.POST:
        service.discard(access, row)
        messages.success(request, f"{row.name} is forgotten. Nothing was added.")
        return redirect("dataset", access.project.slug, found.slug)
    if row.state in (State.WAITING, State.RUNNING, State.DONE):
        return _progress(request, row)
    if row.data is None:
        return render(request, "datasets/import_gone.html", {"dataset": found, "row": row})
    given = request.POST if request.method == "POST" else None
    chosen, choices = _asked(row, given)
    problem = ""
    if given is not None and "begin" in given:
        try:
            leave = given["begin"] == LEAVE_WRONG
            row = service.begin(access, row, chosen, choices, leave_wrong=leave)
        except Invalid as error:
            problem = error.errors[0]["detail"]
        except Conflict as error:
            problem = error.detail
        else:
            if row.state != State.REFUSED:
                return redirect("dataset_import", access.project.slug, found.slug, pk)
    return _page(request, row, chosen, choices, problem)


def _asked(row: Import, given: QueryDict | None) -> tuple[dict[str, str], Choices]:
    """The mapping and choices of the form, or those that it had last."""
    if given is None:
        said = row.choices
        return said["mapping"], _choices(
            said.get("personal", Personal.REDACT),
            said.get("alike", Alike.SKIP_EXACT),
            said.get("known", Known.REFUSE),
        )
    chosen = {column: given.get(f"column-{n}", "") for n, column in enumerate(row.columns)}
    return chosen, _choices(given.get("personal"), given.get("alike"), given.get("known"))


def _choices(personal: Any, alike: Any, known: Any) -> Choices:
    return Choices(
        Personal(personal) if personal in set(ways.PERSONAL) else Personal.REDACT,
        Alike(alike) if alike in set(ways.ALIKE) else Alike.SKIP_EXACT,
        Known(known) if known in set(Known) else Known.REFUSE,
    )


def _page(
    request: ProjectRequest,
    row: Import,
    chosen: dict[str, str],
    choices: Choices,
    problem: str = "",
) -> HttpResponse:
    seen = service.preview(row, chosen)
    context: dict[str, Any] = {
        "dataset": row.dataset,
        "row": row,
        "columns": [(n, column, chosen.get(column, "")) for n, column in enumerate(row.columns)],
        "roles": mapping.ROLES,
        "chosen": choices,
        "personal": ways.PERSONAL,
        "alike": ways.ALIKE,
        "known": KNOWN,
        "problem": problem or seen.problem,
        "leave": _leaves(row),
        "looks": [_look(line, look) for line, look in seen.looks],
        "previewed": service.PREVIEWED,
    }
    name = "datasets/import_preview.html" if request.htmx else "datasets/import.html"
    return render(request, name, context)


def _leaves(row: Import) -> bool:
    """Whether the file could be added without what is wrong in it."""
    refused = row.state == State.REFUSED and not row.problem
    return refused and row.faults_count < row.rows and not row.choices.get("leave_wrong")


def _look(line: int, look: Look) -> dict[str, Any]:
    faults = [
        f"{one['pointer'].strip('/')}: {one['detail']}".removeprefix(": ") for one in look.faults
    ]
    return {
        "line": line,
        "look": look,
        "faults": faults,
        "whole": None if faults else shown.whole(look.draft, Room(each=400, left=2_000)),
        "found": shown.found_by_kind(look.found),
    }


def _progress(request: ProjectRequest, row: Import) -> HttpResponse:
    """How far it has come, asked for each second until it is done."""
    context: dict[str, Any] = {"dataset": row.dataset, "row": row}
    if row.state == State.DONE:
        context["told"] = _told(row)
    if not request.htmx:
        return render(request, "datasets/importing.html", context)
    status = POLL_ENDS if row.state == State.DONE else 200
    return render(request, "datasets/import_progress.html", context, status=status)


def _told(row: Import) -> list[str]:
    words = {
        "added": "added",
        "replaced": "replaced",
        "unchanged": "there already",
        "skipped": "left out as duplicates",
        "dropped": "left out for personal data",
        "redacted": "redacted",
        "wrong": "left out because they were wrong",
    }
    return [f"{row.result[name]:,} {said}" for name, said in words.items() if row.result.get(name)]
