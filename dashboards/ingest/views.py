"""The ledger: what arrived, what became of it, and what was refused."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.contrib import messages
from django.db import Error
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST

from sightglass.accounts.access import Permission, ProjectRequest, project_page
from traces.blocks import decompress
from traces.models import RejectedPayload
from traces.otlp import BodyError
from traces.services import ledger as counts
from traces.services.replay import NotReplayable, replay

RANGES = {"1d": (1, "Last 24 hours"), "7d": (7, "Last 7 days"), "30d": (30, "Last 30 days")}
SHOWN_BYTES = 4_000
PAYLOADS = 50


@project_page(Permission.READ)
def ledger(request: ProjectRequest) -> HttpResponse:
    """Counts by key and signal and by hour; payloads refused in the last day."""
    project = request.access.project
    name = request.GET.get("range", "1d")
    name = name if name in RANGES else "1d"
    since = timezone.now() - timedelta(days=RANGES[name][0])
    lines = counts.lines(project.pk, since)
    names = {str(key.pk): str(key) for key in project.api_keys.all()[:1000]}
    total = counts.Line()
    for line in lines.values():
        total.merge(line)
    context = {
        "range": name,
        "ranges": [(key, label) for key, (_, label) in RANGES.items()],
        "lines": [
            {"key": names.get(key or "", "deleted key"), "signal": signal, "line": line}
            for (key, signal), line in sorted(lines.items(), key=lambda item: -item[1].received)
        ],
        "total": total,
        "reasons": total.rejected.most_common(30),
        "bars": bars(counts.by_hour(project.pk, since)),
        "refused": RejectedPayload.objects.filter(project=project)
        .defer("body")
        .order_by("-at")[:PAYLOADS],
    }
    return render(request, "ledger/ledger.html", context)


def bars(hours: dict[Any, counts.Line]) -> list[dict[str, Any]]:
    """Hours as bars, in percent of the tallest; hours without anything have their place too."""
    if hours:
        first, last = min(hours), max(hours)
        slots = int((last - first).total_seconds() // 3600) + 1
        every = [first + timedelta(hours=i) for i in range(max(slots, 24))]
        hours = {hour: hours.get(hour, counts.Line()) for hour in every}
    tallest = max((line.received for line in hours.values()), default=0) or 1
    width = 100 / max(len(hours), 1)
    return [
        {
            "x": f"{i * width:.2f}",
            "width": f"{width * 0.8:.2f}",
            "good": f"{100 * (line.received - line.rejected_total) / tallest:.1f}",
            "top": f"{100 - 100 * line.received / tallest:.1f}",
            "bad": f"{100 * line.rejected_total / tallest:.1f}",
            "good_top": f"{100 - 100 * (line.received - line.rejected_total) / tallest:.1f}",
            "label": f"{hour:%d %b %H:00}: {line.received:,} received,"
            f" {line.rejected_total:,} rejected",
        }
        for i, (hour, line) in enumerate(hours.items())
    ]


@project_page(Permission.WRITE)
def payload(request: ProjectRequest, pk: int) -> HttpResponse:
    """A refused payload: why, and its beginning as text."""
    found = get_object_or_404(RejectedPayload, pk=pk, project=request.access.project)
    body = decompress(bytes(found.body))
    shown = body[:SHOWN_BYTES].decode("utf-8", "backslashreplace")
    text = "".join(one if one.isprintable() or one in "\n\t" else "·" for one in shown)
    context = {"payload": found, "text": text, "cut": len(body) > SHOWN_BYTES}
    return render(request, "ledger/payload.html", context)


@require_POST
@project_page(Permission.WRITE)
def replay_payload(request: ProjectRequest, pk: int) -> HttpResponse:
    """Send it once more."""
    found = get_object_or_404(RejectedPayload, pk=pk, project=request.access.project)
    try:
        stored = replay(request.access, found)
    except (BodyError, NotReplayable) as error:
        messages.error(request, f"Refused again: {error}")
    except Error:
        messages.error(request, "The database did not store it. Try again in a moment.")
    else:
        messages.success(
            request,
            f"Replayed: {stored.stored} stored, {stored.duplicates} known already,"
            f" {len(stored.rejections)} rejected.",
        )
    return redirect("ledger_payload", request.access.project.slug, pk)
