"""Reports of a project, their log, and the way out of one."""

from __future__ import annotations

from dataclasses import asdict

from django.conf import settings
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from dashboards.digest import services
from dashboards.digest.forms import ReportForm
from dashboards.digest.links import recipient_of
from dashboards.digest.models import Delivery, Report
from dashboards.digest.schedule import WEEKDAYS, next_due
from sightglass.accounts.access import Permission, ProjectRequest, project_page

MOST_LOGGED = 50


@require_GET
@project_page(Permission.READ)
def reports(request: ProjectRequest) -> HttpResponse:
    """All reports, and what was sent lately."""
    project = request.access.project
    found = Report.objects.filter(project=project).select_related("board")
    rows = [_row(one) for one in found.prefetch_related("recipients__user").order_by("pk")]
    log = Delivery.objects.filter(report__project=project).select_related("report__board", "user")
    context = {
        "rows": rows,
        "log": log.order_by("-pk")[:MOST_LOGGED],
        "no_mail": not settings.EMAIL_URL,
    }
    return render(request, "digest/list.html", context)


def _row(report: Report) -> dict[str, object]:
    everyone = list(report.recipients.all())
    people = [one.user.email for one in everyone if one.unsubscribed_at is None]
    return {
        "report": report,
        "when": when(report),
        "next": next_due(
            report.frequency, report.weekday, report.hour, report.time_zone, timezone.now()
        ),
        "people": people,
        "left": len(everyone) - len(people),
    }


def when(report: Report) -> str:
    """Mondays at 08:00, Europe/Berlin."""
    day = "Daily" if report.frequency == "daily" else f"{WEEKDAYS[report.weekday]}s"
    return f"{day} at {report.hour:02}:00, {report.time_zone}"


@require_http_methods(["GET", "POST"])
@project_page(Permission.WRITE)
def new(request: ProjectRequest) -> HttpResponse:
    """The form of a new report; POST makes it."""
    access = request.access
    initial = {"hour": 8, "time_zone": "UTC", "users": [request.user.pk]}
    initial["board"] = request.GET.get("board", "")
    form = ReportForm(access, request.POST or None, initial=initial)
    if request.method == "POST" and form.is_valid():
        try:
            services.create(access, form.draft(), form.cleaned_data["users"])
        except ValidationError as error:
            form.refuse(error)
        else:
            messages.success(request, "The report goes out from its next time on.")
            return redirect("reports", access.project.slug)
    return render(request, "digest/form.html", {"form": form})


@require_http_methods(["GET", "POST"])
@project_page(Permission.WRITE)
def edit(request: ProjectRequest, pk: int) -> HttpResponse:
    """The form of a report; POST changes it."""
    access = request.access
    report = services.get_report(access, pk)
    users = report.recipients.filter(unsubscribed_at=None).values_list("user_id", flat=True)
    initial = asdict(services.draft_of(report)) | {"users": list(users)}
    form = ReportForm(access, request.POST or None, initial=initial)
    if request.method == "POST" and form.is_valid():
        try:
            services.change(access, report, form.draft(), form.cleaned_data["users"])
        except ValidationError as error:
            form.refuse(error)
        else:
            messages.success(request, "Saved.")
            return redirect("reports", access.project.slug)
    return render(request, "digest/form.html", {"form": form, "report": report})


@require_POST
@project_page(Permission.WRITE)
def delete(request: ProjectRequest, pk: int) -> HttpResponse:
    services.delete(request.access, services.get_report(request.access, pk))
    messages.success(request, "The report is deleted.")
    return redirect("reports", request.access.project.slug)


@require_POST
@project_page(Permission.READ)
def send_now(request: ProjectRequest, pk: int) -> HttpResponse:
    """One to whoever asks."""
    access = request.access
    report = services.get_report(access, pk)
    try:
        services.send_now(access, report)
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
    else:
        messages.success(
            request, f"It goes to {request.user.email} within a minute. The log says how it went."
        )
    return redirect("reports", access.project.slug)


@csrf_exempt  # mail programs unsubscribe by a POST of their own (RFC 8058); the link is signed
@require_http_methods(["GET", "POST"])
def unsubscribe(request: HttpRequest, token: str) -> HttpResponse:
    """GET asks, since programs follow links to look at them; POST leaves. Raises Http404."""
    recipient = recipient_of(token)
    if recipient is None:
        raise Http404
    if request.method == "POST":
        services.unsubscribe(recipient)
        recipient.refresh_from_db()
    return render(request, "digest/unsubscribe.html", {"recipient": recipient})
