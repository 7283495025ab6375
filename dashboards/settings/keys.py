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
    "feedback": "stand in a web page and send what its users think; goes with no other scope",
    "read": "read traces, spans, sessions, users, scores and prices",
    "write": "read, send scores, and make and change what engineers may: evaluators, datasets,"
    " queues, monitors, budgets and alerts, also what calls models at a price",
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
    origins = forms.CharField(
        required=False,
        widget=forms.Textarea(attrs={"rows": 2, "placeholder": "https://shop.example.org"}),
        label="Web pages (scope feedback)",
        help_text="Origins that may use the key, one a line.",
    )
    score_names = forms.CharField(
        required=False,
        max_length=2_000,
        label="Scores (scope feedback)",
        widget=forms.TextInput(attrs={"placeholder": ", ".join(api_keys.FEEDBACK_SCORES)}),
        help_text="Names that it may give, with commas.",
    )

    def public(self) -> api_keys.Public:
        given = self.cleaned_data
        names = given["score_names"].split(",")
        return api_keys.Public(
            tuple(given["origins"].split()), tuple(name for name in names if name.strip())
        )


@never_cache
@project_page(Permission.ADMIN)
def keys(request: ProjectRequest) -> HttpResponse:
    """The list, and making one: its secret is shown in this answer and never again."""
    form = KeyForm(request.POST or None)
    secret = ""
    if request.method == "POST" and form.is_valid():
        secret = _made(request, form)
        form = KeyForm() if secret else form
    return _page(request, form, secret)


def _made(request: ProjectRequest, form: KeyForm) -> str:
    """The secret of the new key; "" where the form now says what is wrong."""
    given, days = form.cleaned_data, form.cleaned_data["days"]
    try:
        return api_keys.issue(
            request.access,
            name=given["name"],
            scopes=given["scopes"],
            expires_at=timezone.now() + timedelta(days=int(days)) if days else None,
            public=form.public(),
        )[1]
    except ValidationError as error:
        form.add_error(None, error)
        return ""


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
