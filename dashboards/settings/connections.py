"""Connections to providers of models: made, tested, changed. Keys go in and never come out."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from evals.models import Connection
from evals.selectors.evaluators import newest_versions
from evals.services import connections as service
from evals.services.connections import LIMITS, Tested
from sightglass.accounts.access import Access, Permission, ProjectRequest, project_page

SHOWN = 200
ADDRESSES = (
    ("https://api.openai.com/v1", "OpenAI"),
    ("https://api.anthropic.com/v1", "Anthropic"),
    ("http://localhost:11434/v1", "Ollama on this machine"),
    ("http://localhost:8000/v1", "vLLM on this machine"),
)
FIELDS = ("name", "api", "base_url", "model", *LIMITS)


class ConnectionForm(forms.Form):
    name = forms.CharField(max_length=100, label="Name")
    api = forms.ChoiceField(choices=Connection.Api.choices, label="API")
    base_url = forms.CharField(
        max_length=500,
        label="Base URL",
        widget=forms.URLInput(attrs={"list": "addresses", "spellcheck": "false"}),
        help_text="Up to the version, like https://api.openai.com/v1.",
    )
    key = forms.CharField(
        max_length=2_000,
        required=False,
        label="Key",
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text="Kept encrypted and never shown again. Models of your own may need none.",
    )
    remove_key = forms.BooleanField(required=False, label="Forget the stored key")
    model = forms.CharField(
        max_length=200,
        label="Model",
        widget=forms.TextInput(attrs={"spellcheck": "false"}),
        help_text="Asked where an evaluator names none.",
    )
    concurrency = forms.IntegerField(label="Calls at once", initial=8)
    requests_per_minute = forms.IntegerField(
        required=False, label="Calls per minute", help_text="Empty: no limit."
    )
    timeout_seconds = forms.IntegerField(label="Timeout in seconds", initial=60)

    def __init__(self, *args: Any, row: Connection | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, (low, high) in LIMITS.items():
            self.fields[name].widget.attrs |= {"min": low, "max": high}
        if row is None or not row.secret:
            del self.fields["remove_key"]
        else:
            ends = f", which ends in {row.hint}" if row.hint else ""
            self.fields["key"].help_text = f"Leave it empty to keep the stored key{ends}."

    @property
    def new_key(self) -> str | None:
        """The key to store; None keeps the stored one."""
        if self.cleaned_data.get("remove_key"):
            return ""
        return self.cleaned_data["key"].strip() or None


@dataclass(frozen=True, slots=True)
class Line:
    """A connection in the list."""

    row: Connection
    tone: str
    state: str
    detail: str
    used_by: list[str]


@never_cache
@project_page(Permission.ADMIN)
def connections(request: ProjectRequest) -> HttpResponse:
    """The list, and adding one."""
    form = ConnectionForm(request.POST or None, initial={"api": Connection.Api.OPENAI})
    row = Connection(created_by=request.access.user)
    if request.method == "POST" and (tested := _saved(request, row, form)) is not None:
        _tell(request, row, tested, saved=True)
        return _to(request, row, tested)
    rows = Connection.objects.filter(project=request.access.project)[:SHOWN]
    users = _users(request.access)
    context = {
        "form": form,
        "lines": [_line(row, users.get(row.pk, [])) for row in rows],
        "addresses": ADDRESSES,
        "section": "connections",
    }
    return render(request, "settings/connections.html", context)


@never_cache
@project_page(Permission.ADMIN)
def change(request: ProjectRequest, pk: int) -> HttpResponse:
    """One connection and changing it."""
    row = get_object_or_404(Connection, pk=pk, project=request.access.project)
    given = {name: getattr(row, name) for name in FIELDS}
    line = _line(row, service.using(row))
    form = ConnectionForm(request.POST or None, initial=given, row=row)
    if request.method == "POST" and (tested := _saved(request, row, form)) is not None:
        _tell(request, row, tested, saved=True)
        return _to(request, row, tested)
    context = {"form": form, "line": line, "addresses": ADDRESSES, "section": "connections"}
    return render(request, "settings/connection.html", context)


@require_POST
@project_page(Permission.ADMIN)
def test(request: ProjectRequest, pk: int) -> HttpResponse:
    """Make a small call now."""
    row = get_object_or_404(Connection, pk=pk, project=request.access.project)
    tested = service.test(row)
    _tell(request, row, tested, saved=False)
    return _to(request, row, tested)


@require_POST
@project_page(Permission.ADMIN)
def delete(request: ProjectRequest, pk: int) -> HttpResponse:
    """Remove it with its key; refused while an evaluator asks it."""
    row = get_object_or_404(Connection, pk=pk, project=request.access.project)
    try:
        service.remove(request.access, row)
    except ValidationError as error:
        messages.error(request, f"{row.name} was not removed. {' '.join(error.messages)}")
    else:
        messages.success(request, f"{row.name} and its key are gone.")
    return redirect("settings_connections", request.access.project.slug)


def _saved(request: ProjectRequest, row: Connection, form: ConnectionForm) -> Tested | None:
    """Store and test; None where the form now says what is wrong."""
    if not form.is_valid():
        return None
    for name in FIELDS:
        setattr(row, name, form.cleaned_data[name])
    try:
        return service.save(request.access, row, form.new_key)
    except ValidationError as error:
        form.add_error(None, error)
        if row.pk is not None:
            row.refresh_from_db()
        return None


def _tell(request: ProjectRequest, row: Connection, tested: Tested, *, saved: bool) -> None:
    if tested.ok:
        done = "Saved and tested" if saved else "It works"
        messages.success(request, f"{done}: {tested.detail} It took {tested.milliseconds:,} ms.")
    else:
        done = f"{row.name} is saved, but its test failed" if saved else "The test failed"
        messages.error(request, f"{done}: {tested.detail}")


def _to(request: ProjectRequest, row: Connection, tested: Tested) -> HttpResponse:
    """To the list, or to what has to be mended."""
    if tested.ok:
        return redirect("settings_connections", request.access.project.slug)
    return redirect("settings_connection", request.access.project.slug, row.pk)


def _users(access: Access) -> dict[int, list[str]]:
    """By connection: the evaluators whose newest version asks it."""
    found: dict[int, list[str]] = defaultdict(list)
    for version in newest_versions(access):
        for pk in {one["connection"] for one in version.config.get("models", [])}:
            found[pk].append(version.evaluator.name)
    return found


def _line(row: Connection, used_by: list[str]) -> Line:
    return Line(row, *_state(row), used_by)


def _state(row: Connection) -> tuple[str, str, str]:
    """Class, word and explanation of how it is."""
    if row.open_until is not None:
        failures = f"{row.failures} failures in a row"
        if row.state == "open":
            left = max(1, round((row.open_until - timezone.now()).total_seconds()))
            until = f"{failures}; tried again at {row.open_until:%H:%M:%S} UTC"
            return "is-bad", f"rests {left} s", until
        return "is-warn", "rested", f"{failures}; the next call tries it"
    if row.last_error_at and (row.last_ok_at is None or row.last_ok_at < row.last_error_at):
        return "is-warn", "last call failed", f"at {row.last_error_at:%Y-%m-%d %H:%M} UTC"
    if row.last_ok_at is None:
        return "", "not called yet", ""
    return "is-good", "works", f"answered at {row.last_ok_at:%Y-%m-%d %H:%M} UTC"
