"""One item: what it says, where it came from, how it was; and the form by which it changes."""

from __future__ import annotations

import json
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from dashboards.datasets import shown
from dashboards.datasets.detail import frame
from evals.datasets.content import Draft, Source
from evals.datasets.models import Dataset, Item, SourceKind
from evals.datasets.selectors import items as listed
from evals.datasets.services import adding, editing, erasing
from evals.datasets.services.adding import Alike, Choices, Look, Personal
from evals.review.errors import Conflict, Fault, Invalid
from sightglass.accounts.access import Access, Permission, ProjectRequest, project_page

SPARE = 1
"""Empty fields for one more document."""
KINDS = {"text": "Text", "json": "JSON"}


@require_GET
@project_page(Permission.READ)
def item(request: ProjectRequest, dataset: str, pk: int) -> HttpResponse:
    """An item, `pk` its number, as it is in a version."""
    framed = frame(request, dataset)
    history = listed.history_of(framed.dataset, pk)
    state = next((one for one in history if _is_in(one, framed.version)), None)
    if state is None and request.GET.get("version"):
        raise Http404("It is not in this version.")
    state = state or history[0]
    before, after = listed.neighbours(framed.dataset, pk, framed.version)
    pairs = zip(history, [*history[1:], None], strict=True)
    context: dict[str, Any] = {
        "frame": framed,
        "dataset": framed.dataset,
        "item": state,
        "shown": shown.whole(state),
        "origin": shown.origin(state),
        "before": before,
        "after": after,
        "live": history[0].removed_in is None and history[0].pk == state.pk,
        "gone": history[0].removed_in if state.pk == history[0].pk else None,
        "history": [(new, shown.changes(old, new) if old else []) for new, old in pairs],
    }
    return render(request, "datasets/item.html", context)


def _is_in(state: Item, version: int) -> bool:
    return state.added_in <= version and (state.removed_in is None or state.removed_in > version)


class Sent:
    """The form of an item: its texts as they are typed, and what they come to."""

    def __init__(self, texts: dict[str, Any]) -> None:
        self.texts = texts
        self.errors: dict[str, list[str]] = {}

    @classmethod
    def of(cls, item: Any) -> Sent:
        """As the form of an item, or of a draft, begins."""
        texts: dict[str, Any] = {"split": item.split, "context": list(item.context)}
        for name in ("input", "expected"):
            value = getattr(item, name)
            plain = value is None or isinstance(value, str)
            texts[f"{name}_kind"] = "text" if plain else "json"
            texts[name] = (value or "") if plain else _pretty(value)
        texts["metadata"] = _pretty(item.metadata) if item.metadata else ""
        return cls(texts)

    @classmethod
    def posted(cls, data: QueryDict) -> Sent:
        names = ("input", "input_kind", "expected", "expected_kind", "metadata", "split")
        # Browsers send \r\n; what was stored as \n and not changed must stay the same.
        texts: dict[str, Any] = {name: _lines(data.get(name, "")) for name in names}
        texts["context"] = [_lines(one) for one in data.getlist("context") if one.strip()]
        return cls(texts)

    @property
    def context_fields(self) -> list[str]:
        return [*self.texts["context"], *[""] * SPARE]

    def content(self) -> dict[str, Any]:
        """What is wrong with the JSON in it goes to `errors`."""
        made: dict[str, Any] = {
            "context": self.texts["context"],
            "split": self.texts["split"].strip(),
        }
        for name in ("input", "expected"):
            text = self.texts[name]
            if self.texts[f"{name}_kind"] == "json" and text.strip():
                made[name] = self._json(name, text)
            else:
                made[name] = text if text or name == "input" else None
        text = self.texts["metadata"]
        made["metadata"] = self._json("metadata", text) if text.strip() else {}
        return made

    def _json(self, name: str, text: str) -> Any:
        try:
            return json.loads(text)
        except (ValueError, RecursionError) as error:
            self.errors.setdefault(name, []).append(f"Is not JSON: {str(error)[:200]}.")
            return None

    def refuse(self, faults: list[Fault], prefix: str = "") -> None:
        for one in faults:
            path = one["pointer"].removeprefix(prefix).strip("/")
            name, _, inside = path.partition("/")
            told = f"{inside}: {one['detail']}" if inside else one["detail"]
            known = (
                name if name in ("input", "expected", "context", "metadata", "split") else "form"
            )
            self.errors.setdefault(known, []).append(told)


def _pretty(value: Any) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False)


def _lines(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")


@require_http_methods(["GET", "POST"])
@project_page(Permission.WRITE)
def edit(request: ProjectRequest, dataset: str, pk: int) -> HttpResponse:
    """The form of an item in the newest version; POST makes the next version."""
    access = request.access
    framed = frame(request, dataset, "latest")
    found = listed.item_at(framed.dataset, pk, framed.version)
    if found.erased_at is not None:
        raise Http404("It was erased.")
    context: dict[str, Any] = {"frame": framed, "dataset": framed.dataset, "item": found}
    if request.method == "GET":
        sent = Sent.of(found)
        return _form(request, sent, context | {"seen": found.added_in})
    sent, seen = Sent.posted(request.POST), request.POST.get("seen", "")
    context["seen"] = int(seen) if seen.isdecimal() and len(seen) < 10 else found.added_in
    version = _edited(request, framed.dataset, found, sent, context)
    if version is not None:
        messages.success(request, version)
        return redirect("dataset_item", access.project.slug, framed.dataset.slug, pk)
    return _form(request, sent, context)


def _edited(
    request: ProjectRequest, dataset: Dataset, item: Item, sent: Sent, context: dict[str, Any]
) -> str | None:
    """What was done, in words; None where the form is shown again."""
    changes = sent.content()
    if sent.errors:
        return None
    try:
        version = editing.edit(
            request.access,
            dataset,
            item.number,
            changes,
            seen=context["seen"],
            choice=_personal(request.POST),
            note=request.POST.get("note", "")[:500],
        )
    except Invalid as error:
        sent.refuse(error.errors)
    except Conflict as error:
        context["conflict"] = error
        if error.reason == "changed":
            context["seen"] = item.added_in  # saving once more overwrites, knowingly
            context["theirs"] = shown.changes(item, _as_item(changes))
        if error.reason == "personal-data":
            context["found"] = sorted({one["kind"] for one in error.current["found"]})
    else:
        if version is None:
            return "Nothing was changed."
        return f"Saved as version {version.number}. Earlier versions keep what was."
    return None


def _as_item(changes: dict[str, Any]) -> Item:
    return Item(**changes)


def _personal(data: QueryDict) -> Personal:
    given = data.get("personal", "")
    return Personal(given) if given in (Personal.REDACT, Personal.KEEP) else Personal.REFUSE


@require_http_methods(["GET", "POST"])
@project_page(Permission.WRITE)
def new(request: ProjectRequest, dataset: str) -> HttpResponse:
    """One item by hand. What is like it is shown before it is added all the same (`anyway`)."""
    access = request.access
    framed = frame(request, dataset, "latest")
    context: dict[str, Any] = {"frame": framed, "dataset": framed.dataset}
    if request.method == "GET":
        return _form(request, Sent.of(Draft("", split=request.GET.get("split", "")[:40])), context)
    sent = Sent.posted(request.POST)
    added = _added(access, framed.dataset, sent, request.POST, context)
    if added is None:
        return _form(request, sent, context)
    messages.success(request, f"Added as item {added}.")
    if "more" in request.POST:
        return redirect("dataset_item_new", access.project.slug, framed.dataset.slug)
    return redirect("dataset_item", access.project.slug, framed.dataset.slug, added)


def _added(
    access: Access, dataset: Dataset, sent: Sent, data: QueryDict, context: dict[str, Any]
) -> int | None:
    content = sent.content()
    if sent.errors:
        return None
    draft = Draft(**content, source=Source(SourceKind.HAND))
    try:
        [look] = adding.look(dataset, [draft])
        if look.near and "anyway" not in data and not look.faults:
            context["near"] = look.near
            context["look"] = _told(look, context)
            return None
        choices = Choices(_personal(data), Alike.KEEP)
        note = data.get("note", "")[:500]
        return adding.add(access, dataset, [draft], choices, note=note).numbers[0]
    except Invalid as error:
        sent.refuse(error.errors, "/items/0")
    except Conflict as error:
        context["conflict"] = error
        if error.reason == "personal-data":
            context["found"] = sorted({one["kind"] for one in error.current["found"]})
            context["near"] = look.near
    return None


def _told(look: Look, context: dict[str, Any]) -> Look:
    if look.found:
        context["found"] = sorted({one.kind for one in look.found})
    return look


def _form(request: ProjectRequest, sent: Sent, context: dict[str, Any]) -> HttpResponse:
    dataset: Dataset = context["dataset"]
    more = {
        "sent": sent,
        "kinds": KINDS,
        "splits": [name for name, _ in listed.splits_of(dataset, dataset.version) if name],
    }
    return render(request, "datasets/item_form.html", context | more)


@require_POST
@project_page(Permission.WRITE)
def drop(request: ProjectRequest, dataset: str, pk: int) -> HttpResponse:
    """`remove` takes it out of the next version; `erase`, with a `reason`, out of all."""
    access = request.access
    framed = frame(request, dataset, "latest")
    listed.history_of(framed.dataset, pk)
    try:
        if "erase" in request.POST:
            reason = request.POST.get("reason", "")
            erasing.erase_items(access, framed.dataset, [pk], reason)
            messages.success(request, f"Item {pk} is erased from every version.")
        else:
            version = editing.remove(access, framed.dataset, [pk])
            said = (
                "was taken out before" if version is None else f"is not in version {version.number}"
            )
            messages.success(request, f"Item {pk} {said}. Earlier versions keep it.")
    except Invalid as error:
        messages.error(request, f"Say why: {error.errors[0]['detail']}")
        return redirect("dataset_item", access.project.slug, framed.dataset.slug, pk)
    except Conflict as error:
        messages.error(request, error.detail)
    return redirect("dataset", access.project.slug, framed.dataset.slug)
