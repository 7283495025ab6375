"""A project's API keys."""

from __future__ import annotations

from datetime import timedelta

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from sightglass.accounts import keys as api_keys
from sightglass.accounts.access import Permission, ProjectRequest, project_page

SCOPES = {
    "ingest": "send spans, logs, metrics and scores",
    "read": "read traces, spans, sessions, users, scores and prices",
    "write": "read, and send scores",
    "admin": "everything in the project, also setting prices; not naming owners",
}
LIFETIMES = (("", "Never"), ("30", "In 30 days"), ("90", "In 90 days"), ("365", "In a year"))
OVERLAPS = {"now": timedelta(0), "day": timedelta(days=1), "week": timedelta(days=7)}


class KeyForm(forms.Form):
    name = forms.CharField(max_length=120, label="Name")
    scopes = forms.MultipleChoiceField(
        choices=[(scope, f"{scope}: {what}") for scope, what in SCOPES.items()],
        widget=forms.CheckboxSelectMultiple,
        initial=["ingest"],
        label="Scopes",
    )
    days = forms.ChoiceField(choices=LIFETIMES, required=False, label="Expires")


@never_cache
@project_page(Permission.ADMIN)
def keys(request: ProjectRequest) -> HttpResponse:
    """The list, and making one: its secret is shown in this answer and never again."""
    form = KeyForm(request.POST or None)
    secret = ""
    if request.method == "POST" and form.is_valid():
        days = form.cleaned_data["days"]
        _, secret = api_keys.issue(
            request.access,
            name=form.cleaned_data["name"],
            scopes=form.cleaned_data["scopes"],
            expires_at=timezone.now() + timedelta(days=int(days)) if days else None,
        )
        form = KeyForm()
    return _page(request, form, secret)


def _page(request: ProjectRequest, form: KeyForm, secret: str) -> HttpResponse:
    context = {
        "form": form,
        "secret": secret,
        "keys": request.access.project.api_keys.select_related("created_by").order_by(
            "-created_at"
        )[:500],
        "section": "keys",
    }
    return render(request, "settings/keys.html", context)


@require_POST
@never_cache
@project_page(Permission.ADMIN)
def rotate(request: ProjectRequest, pk: str) -> HttpResponse:
    """A new key in this one's place, which goes on for a while."""
    key = get_object_or_404(request.access.project.api_keys, pk=pk)
    overlap = OVERLAPS.get(request.POST.get("overlap", "day"), OVERLAPS["day"])
    try:
        _, secret = api_keys.rotate(request.access, key, overlap=overlap)
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
        return redirect("settings_keys", request.access.project.slug)
    return _page(request, KeyForm(), secret)


@require_POST
@project_page(Permission.ADMIN)
def revoke(request: ProjectRequest, pk: str) -> HttpResponse:
    """End a key now."""
    key = get_object_or_404(request.access.project.api_keys, pk=pk)
    api_keys.revoke(request.access, key)
    messages.success(request, f"The key {key} no longer works.")
    return redirect("settings_keys", request.access.project.slug)
