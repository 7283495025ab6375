"""A project's own settings."""

from __future__ import annotations

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST

from sightglass.accounts import projects
from sightglass.accounts.access import Permission, ProjectRequest, project_page


class GeneralForm(forms.Form):
    name = forms.CharField(max_length=120, label="Name")
    retention_days = forms.IntegerField(
        min_value=1,
        max_value=3650,
        label="Keep traces for (days)",
        help_text="Older traces are deleted within an hour. Scores go with them.",
    )
    spans_per_minute = forms.IntegerField(
        min_value=1,
        max_value=100_000_000,
        required=False,
        label="Spans per minute at most",
        help_text="Empty: no limit. Beyond it, clients are told to try again (429).",
    )


class DeleteForm(forms.Form):
    """Deleting asks for the project's slug, typed out."""

    slug = forms.CharField(max_length=60)

    def __init__(self, *args: object, expected: str, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        self.expected = expected
        self.fields["slug"].label = f"Type {expected} to confirm"

    def clean_slug(self) -> str:
        slug: str = self.cleaned_data["slug"]
        if slug != self.expected:
            raise ValidationError(f"Type {self.expected}.")
        return slug


@project_page(Permission.ADMIN)
def general(request: ProjectRequest) -> HttpResponse:
    """Name, retention and quota."""
    project = request.access.project
    form = _form(request, request.POST or None)
    if request.method == "POST" and form.is_valid():
        projects.change_settings(request.access, **form.cleaned_data)
        messages.success(request, "Settings saved.")
        return redirect("settings_general", project.slug)
    return _page(request, form, DeleteForm(expected=project.slug))


def _form(request: ProjectRequest, data: QueryDict | None) -> GeneralForm:
    project = request.access.project
    initial = {name: getattr(project, name) for name in projects.SETTINGS}
    return GeneralForm(data, initial=initial)


def _page(request: ProjectRequest, form: GeneralForm, delete_form: DeleteForm) -> HttpResponse:
    context = {
        "form": form,
        "delete_form": delete_form,
        "may_delete": request.access.may(Permission.OWN),
        "grace_days": projects.GRACE.days,
        "section": "general",
    }
    return render(request, "settings/general.html", context)


@require_POST
@project_page(Permission.OWN)
def delete(request: ProjectRequest) -> HttpResponse:
    """Delete the project: closed at once, emptied after a while."""
    project = request.access.project
    form = DeleteForm(request.POST, expected=project.slug)
    if not form.is_valid():
        return _page(request, _form(request, None), form)
    projects.delete_project(request.access)
    messages.success(request, f"{project.name} is deleted. Until its data go, restore it here.")
    return redirect("profile")
