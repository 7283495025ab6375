"""A project's own settings."""

from __future__ import annotations

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render

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


@project_page(Permission.ADMIN)
def general(request: ProjectRequest) -> HttpResponse:
    """Name, retention and quota."""
    project = request.access.project
    names = list(GeneralForm.base_fields)
    form = GeneralForm(
        request.POST or None, initial={name: getattr(project, name) for name in names}
    )
    if request.method == "POST" and form.is_valid():
        projects.change_settings(request.access, **form.cleaned_data)
        messages.success(request, "Settings saved.")
        return redirect("settings_general", project.slug)
    return render(request, "settings/general.html", {"form": form, "section": "general"})
