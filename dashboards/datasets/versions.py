"""Versions, what changed between two, tags, and the log."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_POST

from dashboards.datasets import shown
from dashboards.datasets.detail import Frame, frame
from evals.datasets.models import LogEntry
from evals.datasets.selectors import datasets as selected
from evals.datasets.selectors import items as listed
from evals.datasets.services import tagging
from evals.review.errors import Conflict, Invalid
from sightglass.accounts.access import Permission, ProjectRequest, project_page
from traces.selectors.paging import CursorError, TooSlow

NOTHING = "0"
"""As the version to compare from: what there was before the first."""
SHOWN, LOGGED, COMPARED = 50, 50, 30
ACTIONS = {
    "created": ("plus", "made the dataset"),
    "changed": ("gear", "changed its settings"),
    "archived": ("inbox", "archived it"),
    "restored": ("refresh", "took it back from the archive"),
    "added": ("plus", "added"),
    "edited": ("doc", "edited"),
    "removed": ("x", "took out"),
    "erased": ("trash", "erased"),
    "tagged": ("flag", "tagged"),
    "untagged": ("flag", "took the tag away from"),
}


BESIDE = {
    "added": "added",
    "edited": "replaced",
    "removed": "taken out",
    "left_out": "rows left out because they were wrong",
}


@require_GET
@project_page(Permission.READ)
def versions(request: ProjectRequest, dataset: str) -> HttpResponse:
    """Versions with their tags, and the log beside them."""
    framed = frame(request, dataset)
    found = framed.dataset
    cursor = request.GET.get("cursor") or None
    try:
        page = selected.list_versions(found, limit=SHOWN, cursor=cursor)
    except CursorError:
        page = selected.list_versions(found, limit=SHOWN)
    names: dict[int, list[str]] = {}
    for tag in framed.tags:
        names.setdefault(tag.version, []).append(tag.name)
    log = selected.list_log(found, limit=LOGGED).results
    context: dict[str, Any] = {
        "frame": framed,
        "dataset": found,
        "rows": [(one, names.get(one.number, [])) for one in page.results],
        "older": f"?cursor={page.next}" if page.next else "",
        "log": [_line(entry) for entry in log],
        "tab": "versions",
    }
    return render(request, "datasets/versions.html", context)


def _line(entry: LogEntry) -> dict[str, Any]:
    icon, verb = ACTIONS.get(entry.action, ("info", entry.action))
    detail = entry.detail
    counts = [
        f"{detail[name]:,} {words}"
        for name, words in BESIDE.items()
        if isinstance(detail.get(name), int) and name != entry.action
    ]
    own = detail.get("items" if entry.action == "erased" else entry.action)
    numbers = detail.get("numbers")
    few = numbers if isinstance(numbers, list) and len(numbers) <= 5 else []
    return {
        "entry": entry,
        "icon": icon,
        "verb": verb,
        "beside": counts if entry.action != "erased" else [],
        "numbers": few,
        "file": detail.get("file", ""),
        "tag": detail.get("tag", ""),
        "from": detail.get("from"),
        "reason": detail.get("reason", ""),
        "own": own if isinstance(own, int) else None,
        "split": detail.get("split"),
        "fields": ", ".join(detail.get("fields", [])),
    }


@require_POST
@project_page(Permission.WRITE)
def tag(request: ProjectRequest, dataset: str) -> HttpResponse:
    """Let `name` stand for `version`; with `remove`, for none any more."""
    access = request.access
    found = selected.dataset_of(access, dataset)
    name, number = request.POST.get("name", "").strip(), request.POST.get("version", "")
    try:
        if "remove" in request.POST:
            tagging.take_away(access, found, name)
            messages.success(request, f"No version is {name} any more.")
        else:
            made = tagging.put(
                access, found, name, int(number) if number.isdecimal() and len(number) < 10 else 0
            )
            messages.success(request, f"{made.name} is version {made.version} now.")
    except Invalid as error:
        messages.error(request, error.errors[0]["detail"])
    except Conflict as error:
        messages.error(request, error.detail)
    return redirect("dataset_versions", access.project.slug, found.slug)


def _choices(framed: Frame, *numbers: int) -> list[tuple[int, str]]:
    """Versions to compare, the newest first: recent ones, those with a tag, and these."""
    names: dict[int, list[str]] = {one.number: [] for one, _ in framed.recent}
    names |= {number: [] for number in numbers if number}
    for tag in framed.tags:
        names.setdefault(tag.version, []).append(tag.name)
    return [
        (number, f"Version {number}" + (f" ({', '.join(named)})" if named else ""))
        for number, named in sorted(names.items(), reverse=True)
    ]


@require_GET
@project_page(Permission.READ)
def diff(request: ProjectRequest, dataset: str) -> HttpResponse:
    """What differs `from` one version `to` another; without, from the one before."""
    framed = frame(request, dataset, "latest")
    found = framed.dataset
    after = selected.number_of(found, request.GET.get("to"))
    named = request.GET.get("from")
    before = max(0, after - 1)
    if named and named != NOTHING:
        before = selected.number_of(found, named)
    elif named:
        before = 0
    if found.version == 0:
        return redirect("dataset", request.access.project.slug, found.slug)
    context: dict[str, Any] = {
        "frame": framed, "dataset": found, "before": before, "after": after, "tab": "diff",
        "choices": _choices(framed, before, after),
    }  # fmt: skip
    cursor = request.GET.get("cursor") or None
    try:
        try:
            page = listed.diff(found, before, after, limit=COMPARED, cursor=cursor)
        except CursorError:
            page = listed.diff(found, before, after, limit=COMPARED)
        context["counts"] = listed.counts(found, before, after)
    except TooSlow:
        context["problem"] = "Comparing took longer than 5 seconds and was stopped."
        return render(request, "datasets/diff.html", context)
    context["rows"] = [(one, shown.changes(one.before, one.after)) for one in page.results]
    if page.next:
        context["older"] = f"?from={before}&to={after}&cursor={page.next}"
    return render(request, "datasets/diff.html", context)
