"""One rule: the sentence it is, its preview, and what can be done with it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from dashboards.alerts import examples, selectors
from dashboards.alerts.models import Rule
from dashboards.alerts.pages import forms, listing, options, preview, testing
from dashboards.alerts.pages.forms import RuleForm
from dashboards.alerts.reading import DocumentError
from dashboards.alerts.services import rules
from dashboards.alerts.windows import SECOND, DurationError, read_duration
from sightglass.accounts.access import Permission, ProjectRequest, project_page

LONGEST_MUTE = 90 * 86_400 * SECOND


@require_http_methods(["GET", "POST"])
@project_page(Permission.WRITE)
def new(request: ProjectRequest) -> HttpResponse:
    """A blank sentence, a shipped example (`?example=`), a copy (`?copy=`), or of a `?metric=`."""
    if request.method == "POST":
        return _posted(request, None)
    form = _first(request)
    shown = preview.Preview(preview.DAYS[0]) if form is None else _preview(request, form)
    context = _context(request, form or forms.blank(), None) | {"preview": shown}
    return render(request, "alerts/rule.html", context)


@require_http_methods(["GET", "POST"])
@project_page(Permission.READ)
def rule(request: ProjectRequest, pk: int) -> HttpResponse:
    """A rule; POST changes it or tries what is in the form."""
    found = selectors.get_rule(request.access, pk)
    if request.method == "POST":
        request.access.require(Permission.WRITE)
        return _posted(request, found)
    form = forms.of_document(rules.written(found))
    context = _context(request, form, found) | {"preview": _preview(request, form)}
    return render(request, "alerts/rule.html", context)


def _of_metric(metric: str, name: str) -> dict[str, Any]:
    """A rule that tells once the metric is above nothing within a day."""
    condition = {"type": "threshold", "above": 0}
    return {"name": name, "metric": metric, "window": "1d", "condition": condition}


def _first(request: ProjectRequest) -> RuleForm | None:
    """What a new rule begins with; None for a blank one. Raises Http404."""
    if slug := request.GET.get("example"):
        if slug not in examples.names():
            raise Http404("There is no such example.")
        return forms.of_document(examples.document(slug))
    if metric := request.GET.get("metric"):
        return forms.of_document(_of_metric(metric[:200], request.GET.get("name", metric)[:120]))
    copied = request.GET.get("copy", "")
    if not (copied.isdecimal() and len(copied) < 19):
        return None
    document = rules.written(selectors.get_rule(request.access, int(copied)))
    name = f"{document['name'][:110]} (copy)"
    return forms.of_document(document | {"name": name, "slug": ""})


def _posted(request: ProjectRequest, found: Rule | None) -> HttpResponse:
    """By the button: save; or show the form anew with other fields, or its preview."""
    form, action = forms.posted(request.POST), request.POST.get("action", "save")
    if action == "save":
        return _save(request, form, found)
    if action == "certain":
        form.said["type"] = "interval"
    elif action.startswith("hold:"):
        form.said["for"] = action.removeprefix("hold:")
    shown = None if action == "update" and request.htmx else _preview(request, form)
    context = _context(request, form, found) | {"preview": shown}
    if request.htmx:
        fragment = {"update": "alerts/sentence.html", "preview": "alerts/preview.html"}
        return render(request, fragment.get(action, "alerts/fields.html"), context)
    return render(request, "alerts/rule.html", context)


def _save(request: ProjectRequest, form: RuleForm, found: Rule | None) -> HttpResponse:
    access, slug = request.access, request.access.project.slug
    document = form.document()
    if not form.errors:
        try:
            made = (
                rules.create(access, document)
                if found is None
                else rules.change(access, found, document)
            )
        except DocumentError as error:
            form.refuse(error)
        else:
            said = "is watched from now on" if found is None else "is saved"
            messages.success(request, f"{made.name} {said}.")
            return redirect("alert_rule", slug, made.pk)
    context = _context(request, form, found) | {"preview": _preview(request, form)}
    return render(request, "alerts/rule.html", context)


def _preview(request: ProjectRequest, form: RuleForm) -> preview.Preview:
    asked = request.POST.get("days_shown", "")
    days = int(asked) if asked in map(str, preview.DAYS) else preview.DAYS[0]
    return preview.of(request.access, form, now=timezone.now(), days=days)


def _context(request: ProjectRequest, form: RuleForm, found: Rule | None) -> dict[str, Any]:
    said = form.said
    known = options.of(request.access, said["metric"])
    return {
        "form": form,
        "said": said,
        "rule": found,
        "is_muted": found is not None and listing.is_muted(found),
        "may_write": request.access.may(Permission.WRITE),
        "options": known,
        "choices": {
            "types": options.TYPES,
            "sides": options.BOTH_SIDES if said["type"] == "anomaly" else options.SIDES,
            "moves": options.MOVES,
            "against": options.AGAINST,
            "seasons": options.SEASONS,
            "on": options.ON,
            "severities": options.SEVERITIES,
            "groupings": options.groupings(),
            "windows": options.durations(options.WINDOWS, said["window"]),
            "waits": options.durations(options.WAITS, said["for"], none="one window"),
            "ends": options.durations(
                options.WAITS, said["resolve_after"], none="as soon as it is over"
            ),
            "repeats": options.durations(options.REPEATS, said["repeat"], none="never"),
            "mutes": options.MUTES,
            "days": options.DAYS,
        },
        "ranges": preview.DAYS,
        "examples": options.shipped() if found is None else [],
        "firings": selectors.alerts_of(found) if found is not None else [],
    }


@require_POST
@project_page(Permission.WRITE)
def mute(request: ProjectRequest, pk: int) -> HttpResponse:
    """Tell nobody for a while (`for`, such as 8h), or tell again (no `for`)."""
    found = selectors.get_rule(request.access, pk)
    try:
        length = read_duration(request.POST["for"]) if request.POST.get("for") else 0
    except DurationError:
        length = 0
    length = min(length, LONGEST_MUTE)
    until = timezone.now() + timedelta(microseconds=length // 1000) if length else None
    rules.mute(request.access, found, until)
    if until:
        said = f"Nobody is told of {found.name} until {until:%a %d %b %H:%M} UTC."
    else:
        said = f"{found.name} tells its channels again."
    messages.success(request, said)
    return redirect("alert_rule", request.access.project.slug, pk)


@require_POST
@project_page(Permission.WRITE)
def delete(request: ProjectRequest, pk: int) -> HttpResponse:
    """End it; its history stays."""
    found = selectors.get_rule(request.access, pk)
    rules.archive(request.access, found)
    messages.success(request, f"{found.name} is deleted. Its history stays.")
    return redirect("alerts", request.access.project.slug)


@require_POST
@project_page(Permission.WRITE)
def test(request: ProjectRequest, pk: int) -> HttpResponse:
    """Send a message that says it is a test to the rule's channels."""
    found = selectors.get_rule(request.access, pk)
    said = testing.send(request.access, found)
    if said:
        messages.success(request, said)
    else:
        messages.error(request, "The rule has no channel that is on. Choose one and save it.")
    return redirect("alert_rule", request.access.project.slug, pk)
