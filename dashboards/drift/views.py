"""The pages: monitors with one window whole; the form of a monitor; what can be done with one."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from dashboards import frame as frames
from dashboards.alerts.models import Rule
from dashboards.drift import reading, words
from dashboards.drift.forms import MonitorForm, initial_of
from dashboards.explorer import state
from dashboards.frame import Frame
from evals.drift import selectors
from evals.drift.models import Monitor, Window
from evals.drift.services import monitors
from sightglass.accounts.access import Access, Permission, ProjectRequest, project_page
from traces.models import Trace
from traces.selectors.paging import TooSlow


@require_GET
@project_page(Permission.READ)
def drift(request: ProjectRequest) -> HttpResponse:
    """All monitors; the one that drifts most is chosen."""
    return _page(request, None, None)


@require_GET
@project_page(Permission.READ)
def monitor(request: ProjectRequest, pk: int) -> HttpResponse:
    """The same with this monitor chosen."""
    return _page(request, selectors.get_monitor(request.access, pk), None)


@require_GET
@project_page(Permission.READ)
def window(request: ProjectRequest, pk: int) -> HttpResponse:
    """The same with this window chosen."""
    found = selectors.get_window(request.access, pk)
    return _page(request, found.monitor, found)


def _page(request: ProjectRequest, chosen: Monitor | None, shown: Window | None) -> HttpResponse:
    access, frame = request.access, frames.read(request, "drift")
    known = selectors.monitors_of(access)
    context: dict[str, Any] = {"frame": frame, "bar": frame.bar()}
    if not known:
        context["has_traces"] = Trace.objects.filter(project=access.project).exists()
        return render(request, "drift/empty.html", context)
    try:
        windows = selectors.between(known, *reading.range_of(frame))
        last = reading.last_of(frame, known, windows)
        chosen = chosen or _worst(known, last)
        context["card"] = reading.timeline(frame, known, windows, chosen)
    except TooSlow:
        return render(request, "drift/drift.html", context | {"problem": frames.TOO_SLOW})
    if request.GET.get("csv") == "drift":
        return frames.csv_response(context["card"], "drift")
    return render(request, "drift/drift.html", context | _chosen(
        frame, known, windows, last, chosen, shown
    ))  # fmt: skip


def _chosen(
    frame: Frame,
    known: list[Monitor],
    windows: dict[int, list[Window]],
    last: dict[int, Window],
    chosen: Monitor,
    shown: Window | None,
) -> dict[str, Any]:
    access = frame.access
    shown = shown or _telling(windows.get(chosen.pk, []), last.get(chosen.pk))
    if shown is not None:
        shown.monitor = chosen
    of_chosen = windows.get(chosen.pk, [])
    for one in of_chosen:
        one.monitor = chosen
    waiting, judged = selectors.progress(access)
    return {
        "cards": reading.cards(frame, known, windows, last, chosen),
        "chosen": chosen,
        "events": reading.events(frame),
        "false_alarms": words.false_alarms(chosen.alpha),
        "period": words.period(chosen),
        "compared": words.compared(chosen),
        "ticks": reading.ticks(frame, of_chosen, shown),
        "whole": reading.whole(frame, shown) if shown and shown.state == "done" else None,
        "shown": shown,
        "stage": words.STAGES.get(shown.stage, "") if shown else "",
        "waiting": waiting,
        "done": judged,
        "all": waiting + judged,
        "under_way": chosen.windows.filter(by_hand=True, state__in=["waiting", "running"]).first(),
        "rules": list(
            Rule.objects.filter(
                project=access.project, metric=f"score:{chosen.score}", archived_at=None
            ).order_by("name")[:5]
        ),
        "alert_url": _alert_url(access, chosen),
    }


def _worst(known: list[Monitor], last: dict[int, Window]) -> Monitor:
    """The one that drifts, with most of it changed; else the first."""

    def rank(one: Monitor) -> tuple[bool, float]:
        window = last.get(one.pk)
        return (bool(window and window.drift), (window.changed_share or 0.0) if window else 0.0)

    return max(known, key=rank)


def _telling(windows: list[Window], last: Window | None) -> Window | None:
    """The newest of the range that drifts, else its newest, else the last of all; whole."""
    drifting = [one for one in windows if one.drift]
    newest = drifting[-1:] or windows[-1:]
    if newest:
        return Window.objects.get(pk=newest[0].pk)
    return last


def _alert_url(access: Access, chosen: Monitor) -> str:
    asked = {"metric": f"score:{chosen.score}", "name": f"Drift of {chosen.name}"}
    return f"{reverse('alert_new', args=[access.project.slug])}?{state.encoded(asked)}"


@require_http_methods(["GET", "POST"])
@project_page(Permission.WRITE)
def new(request: ProjectRequest) -> HttpResponse:
    """The form of a new monitor."""
    if request.method == "GET":
        return _form(request, MonitorForm(request.access, initial={"hours": 24}), None)
    return _save(request, None)


@require_http_methods(["GET", "POST"])
@project_page(Permission.WRITE)
def edit(request: ProjectRequest, pk: int) -> HttpResponse:
    """The form of one that is there."""
    found = selectors.get_monitor(request.access, pk)
    if request.method == "GET":
        return _form(request, MonitorForm(request.access, initial=initial_of(found)), found)
    return _save(request, found)


def _form(request: ProjectRequest, form: MonitorForm, found: Monitor | None) -> HttpResponse:
    return render(request, "drift/form.html", {"form": form, "monitor": found})


def _save(request: ProjectRequest, found: Monitor | None) -> HttpResponse:
    access, form = request.access, MonitorForm(request.access, request.POST)
    if not form.is_valid():
        return _form(request, form, found)
    try:
        if found is None:
            made = monitors.make(access, form.wanted())
            said = "The windows of the last four weeks are judged first."
            messages.success(request, f"{made.name} is watched. {said}")
        else:
            made = monitors.change(access, found, form.wanted())
            messages.success(request, f"{made.name} is saved.")
    except ValidationError as error:
        form.add_error(None, error)
        return _form(request, form, found)
    return redirect("drift_monitor", access.project.slug, made.pk)


@require_POST
@project_page(Permission.WRITE)
def change(request: ProjectRequest, pk: int) -> HttpResponse:
    """`do`: test it now, or archive it. Raises Http404 for anything else."""
    access = request.access
    found = selectors.get_monitor(access, pk)
    do = request.POST.get("do", "")
    if do == "test":
        made = monitors.test_now(access, found)
        messages.success(request, "The time up to now is tested; this page shows how far it is.")
        return redirect("drift_window", access.project.slug, made.pk)
    if do == "archive":
        monitors.archive(access, found)
        messages.success(request, f"{found.name} is watched no more. Its scores stay.")
        return redirect("drift", access.project.slug)
    raise Http404("There is nothing of this name to do.")
