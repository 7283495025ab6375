"""The list of datasets, making one, and its settings."""

from __future__ import annotations

import json
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.text import slugify
from django.views.decorators.http import require_GET, require_http_methods

from evals.datasets.models import Dataset
from evals.datasets.selectors import datasets as selected
from evals.datasets.services import datasets as service
from evals.datasets.shape import PARTS
from evals.review.errors import Conflict, Invalid
from sightglass.accounts.access import Access, Permission, ProjectRequest, project_page
from traces.selectors.paging import CursorError

SHOWN = 50


@require_GET
@project_page(Permission.READ)
def datasets(request: ProjectRequest) -> HttpResponse:
    """The list; `archived=1` shows those that ended."""
    archived = request.GET.get("archived") == "1"
    cursor = request.GET.get("cursor") or None
    try:
        page = selected.list_datasets(request.access, archived=archived, limit=SHOWN, cursor=cursor)
    except CursorError:
        page = selected.list_datasets(request.access, archived=archived, limit=SHOWN)
    tags = selected.tags_of(page.results)
    context = {
        "rows": [(one, tags[one.pk]) for one in page.results],
        "archived": archived,
        "older": f"?cursor={page.next}{'&archived=1' if archived else ''}" if page.next else "",
    }
    return render(request, "datasets/list.html", context)


class SchemaField(forms.CharField):
    """A JSON schema as text; empty: none."""

    widget = forms.Textarea(attrs={"class": "ta mono", "rows": 4, "spellcheck": "false"})

    def clean(self, value: Any) -> Any:
        text = super().clean(value)
        if not text.strip():
            return None
        try:
            return json.loads(text)
        except (ValueError, RecursionError) as error:
            raise forms.ValidationError(f"Is not JSON: {str(error)[:200]}.") from None


class DatasetForm(forms.Form):
    """Name and description, and the form that items must have."""

    name = forms.CharField(
        max_length=service.LONGEST_NAME, help_text="What the cases are about, for people."
    )
    slug = forms.CharField(
        max_length=60,
        required=False,
        label="Short name",
        help_text="For addresses and the API: lower-case letters, digits and -. It stays.",
    )
    description = forms.CharField(
        max_length=service.LONGEST_DESCRIPTION,
        required=False,
        widget=forms.Textarea(attrs={"class": "ta", "rows": 3}),
        help_text="What it is for, and what belongs in it.",
    )
    input = SchemaField(required=False, label="Input")
    expected = SchemaField(required=False, label="Expected output")
    metadata = SchemaField(required=False, label="Metadata")

    def __init__(self, *args: Any, dataset: Dataset | None = None, **more: Any) -> None:
        super().__init__(*args, **more)
        if dataset is not None:
            del self.fields["slug"]

    @property
    def what(self) -> list[forms.BoundField]:
        return [self[name] for name in ("name", "slug", "description") if name in self.fields]

    @property
    def schemas(self) -> list[forms.BoundField]:
        return [self[name] for name in PARTS]

    @property
    def has_schema(self) -> bool:
        return any(self[name].value() or self[name].errors for name in PARTS)

    def settings(self) -> service.Settings:
        said = self.cleaned_data
        schema = {name: said[name] for name in PARTS if said.get(name) is not None}
        return service.Settings(said["name"].strip(), said["description"], schema or None)

    def refuse(self, error: Invalid) -> None:
        """What the service said, at its field."""
        for one in error.errors:
            name = one["pointer"].strip("/").split("/")[-1]
            self.add_error(name if name in self.fields else None, one["detail"])


@require_http_methods(["GET", "POST"])
@project_page(Permission.WRITE)
def new(request: ProjectRequest) -> HttpResponse:
    """Make a dataset."""
    form = DatasetForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        slug = form.cleaned_data["slug"] or free_slug(request.access, form.cleaned_data["name"])
        try:
            dataset = service.create(request.access, slug, form.settings())
        except Invalid as error:
            form.refuse(error)
        else:
            messages.success(request, f"{dataset.name} is there. Its first items make version 1.")
            return redirect("dataset", request.access.project.slug, dataset.slug)
    return render(request, "datasets/form.html", {"form": form})


@require_http_methods(["GET", "POST"])
@project_page(Permission.WRITE)
def settings(request: ProjectRequest, dataset: str) -> HttpResponse:
    """Change it; `archive` ends it, `restore` takes it back."""
    access = request.access
    found = selected.dataset_of(access, dataset)
    if request.method == "POST" and "archive" in request.POST:
        service.archive(access, found)
        messages.success(request, f"{found.name} is archived. Its versions can still be read.")
        return redirect("datasets", access.project.slug)
    if request.method == "POST" and "restore" in request.POST:
        service.restore(access, found)
        messages.success(request, f"{found.name} takes items again.")
        return redirect("dataset", access.project.slug, found.slug)
    if request.method == "POST":
        form = DatasetForm(request.POST, dataset=found)
        if form.is_valid() and _changed(access, found, form):
            messages.success(request, "Saved.")
            return redirect("dataset", access.project.slug, found.slug)
    else:
        form = DatasetForm(initial=_initial(found), dataset=found)
    return render(request, "datasets/form.html", {"form": form, "dataset": found})


def _changed(access: Access, dataset: Dataset, form: DatasetForm) -> bool:
    try:
        service.update(access, dataset, form.settings())
    except Invalid as error:
        form.refuse(error)
    except Conflict as error:
        form.add_error(None, error.detail)
    else:
        return True
    return False


def _initial(dataset: Dataset) -> dict[str, Any]:
    schema = dataset.schema or {}
    texts = {
        name: json.dumps(schema[name], indent=2, ensure_ascii=False)
        for name in PARTS
        if name in schema
    }
    return {"name": dataset.name, "description": dataset.description, **texts}


def free_slug(access: Access, name: str) -> str:
    """A short name made of the name, with a number where it is taken."""
    base = slugify(name)[:50].strip("-_").replace("_", "-") or "dataset"
    rows = Dataset.objects.filter(project=access.project, slug__startswith=base)
    taken = set(rows.values_list("slug", flat=True)) | service.RESERVED
    if base not in taken:
        return base
    return next(f"{base}-{n}" for n in range(2, len(taken) + 3) if f"{base}-{n}" not in taken)
