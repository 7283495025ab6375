"""One dataset: the items of a version, what is done with several, and its file."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_POST

from dashboards.datasets import shown
from dashboards.queues.adding import text_of
from evals.datasets.formats import FORMATS, Format
from evals.datasets.models import Dataset, Import, Item, Tag, Version
from evals.datasets.selectors import datasets as selected
from evals.datasets.selectors import exporting
from evals.datasets.selectors import items as listed
from evals.datasets.services import editing
from evals.review.errors import Conflict, Invalid
from sightglass.accounts.access import Permission, ProjectRequest, project_page
from traces.selectors.paging import CursorError, Page, TooSlow

SHOWN, PICKED = 50, 12
MOST_SENT = 100
"""Items that are sent to review at once: an address of the next page has to hold them."""
NO_SPLIT = "-"
"""In addresses: items without a split, which an empty parameter could not tell from all."""


@dataclass
class Frame:
    """What every page of a dataset says at its top."""

    dataset: Dataset
    version: int
    tags: list[Tag]
    recent: list[tuple[Version, list[str]]]

    @property
    def is_newest(self) -> bool:
        return self.version == self.dataset.version

    @property
    def query(self) -> str:
        """`?version=…` where it is not the newest."""
        return "" if self.is_newest else f"?version={self.version}"

    @cached_property
    def splits(self) -> list[tuple[str, int]]:
        """Splits of the version with their items, to export one; none where that takes long."""
        try:
            return listed.splits_of(self.dataset, self.version) if self.version else []
        except TooSlow:
            return []

    @property
    def formats(self) -> list[tuple[str, Format]]:
        return list(FORMATS.items())

    @property
    def named(self) -> list[str]:
        return [tag.name for tag in self.tags if tag.version == self.version]


def frame(request: ProjectRequest, slug: str, version: str | None = None) -> Frame:
    """Raises Http404."""
    dataset = selected.dataset_of(request.access, slug)
    number = selected.number_of(dataset, version or request.GET.get("version"))
    tags = selected.tags_of([dataset])[dataset.pk]
    names: dict[int, list[str]] = {}
    for tag in tags:
        names.setdefault(tag.version, []).append(tag.name)
    recent = selected.list_versions(dataset, limit=PICKED).results
    return Frame(dataset, number, tags, [(one, names.get(one.number, [])) for one in recent])


def split_asked(request: HttpRequest) -> str | None:
    """None: all; empty: those without."""
    given = request.GET.get("split", "")
    if not given or len(given) > 40 or "\0" in given:
        return None
    return "" if given == NO_SPLIT else given


@require_GET
@project_page(Permission.READ)
def dataset(request: ProjectRequest, dataset: str) -> HttpResponse:
    """Items of a version (`version`), in a `split`, that hold a text (`q`)."""
    framed = frame(request, dataset)
    split, text = split_asked(request), request.GET.get("q", "").replace("\0", "")[:200].strip()
    problem, page = "", Page[Item]()
    try:
        page = _page(request, framed, split, text)
    except TooSlow:
        problem = "This search took longer than 5 seconds and was stopped."
    asked = {
        "version": "" if framed.is_newest else str(framed.version),
        "split": NO_SPLIT if split == "" else split or "",
        "q": text,
    }
    kept = {name: value for name, value in asked.items() if value}
    waiting = Import.objects.filter(dataset=framed.dataset, data__isnull=False)
    context: dict[str, Any] = {
        "frame": framed,
        "dataset": framed.dataset,
        "rows": [(item, shown.origin(item)) for item in page.results],
        "older": f"?{urlencode(kept | {'cursor': page.next})}" if page.next else "",
        "paged": bool(request.GET.get("cursor")),
        "first": f"?{urlencode(kept)}",
        "splits": [_split(name, many, kept, split) for name, many in framed.splits],
        "all_url": f"?{urlencode({k: v for k, v in kept.items() if k != 'split'})}",
        "split": split,
        "split_value": asked["split"],
        "q": text,
        "problem": problem,
        "imports": list(waiting.order_by("-pk")[:5]) if request.access.may_write else [],
        "tab": "items",
    }
    if framed.is_newest:
        context |= _lacking(request, framed)
    return render(request, "datasets/dataset.html", context)


def _lacking(request: ProjectRequest, framed: Frame) -> dict[str, Any]:
    """What has no expected output, for who can do something about it; nothing where looking takes
    too long."""
    found = framed.dataset
    if not (framed.version and request.access.may_write) or found.archived_at is not None:
        return {}
    try:
        lacking = listed.lacking(found, framed.version)
    except TooSlow:
        return {}
    sent = lacking.sources[:MOST_SENT]
    return {
        "lacking": lacking,
        "sources": ",".join(map(text_of, sent)),
        "sent": len(sent) if len(sent) < len(lacking.sources) else 0,
    }


def _page(request: ProjectRequest, framed: Frame, split: str | None, text: str) -> Page[Item]:
    asked: dict[str, Any] = {"split": split, "text": text, "whole": False, "limit": SHOWN}
    try:
        return listed.list_items(
            framed.dataset, framed.version, **asked, cursor=request.GET.get("cursor") or None
        )
    except CursorError:
        return listed.list_items(framed.dataset, framed.version, **asked)


def _split(name: str, many: int, kept: dict[str, str], asked: str | None) -> dict[str, Any]:
    url = urlencode(kept | {"split": name or NO_SPLIT})
    return {"name": name, "many": many, "url": f"?{url}", "current": asked == name}


@require_POST
@project_page(Permission.WRITE)
def change(request: ProjectRequest, dataset: str) -> HttpResponse:
    """Of the ticked items (`number`): `move` puts them into `split`, `remove` takes them out."""
    access = request.access
    found = selected.dataset_of(access, dataset)
    numbers = [int(one) for one in request.POST.getlist("number") if one.isdecimal()][:1_000]
    try:
        if "move" in request.POST:
            split = request.POST.get("split", "").strip()
            version = editing.move(access, found, numbers, split)
            done = f"Now in {split}" if split else "Now in no split"
        else:
            version = editing.remove(access, found, numbers)
            done = "Taken out; earlier versions keep them"
    except Invalid as error:
        messages.error(
            request, "Tick some items first." if not numbers else str(error.errors[0]["detail"])
        )
    except Conflict as error:
        messages.error(request, error.detail)
    else:
        if version is None:
            messages.info(request, "Nothing to change: they are so already.")
        else:
            messages.success(request, f"{done}. This is version {version.number}.")
    return redirect("dataset", access.project.slug, found.slug)


@require_GET
@project_page(Permission.READ)
def export(request: ProjectRequest, dataset: str) -> HttpResponseBase:
    """The version as a file in `form`; the filter by split holds for it, too."""
    framed = frame(request, dataset)
    form = request.GET.get("form", "jsonl")
    form = form if form in FORMATS else "jsonl"
    return exporting.file_of(framed.dataset, framed.version, form, split_asked(request))
