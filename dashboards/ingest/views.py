"""The ledger: what arrived, what became of it, and what was refused."""

from __future__ import annotations

from collections import defaultdict
from datetime import timedelta
from typing import Any

from django.contrib import messages
from django.db import Error
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST

from dashboards.ingest import look
from sightglass.accounts.access import Access, Permission, ProjectRequest, project_page
from traces.blocks import decompress
from traces.models import RejectedPayload
from traces.otlp import BodyError
from traces.services import ledger as counts
from traces.services.ledger import Line
from traces.services.replay import NotReplayable, replay

RANGES = {
    "1d": (1, 1, "Last 24 hours"),
    "7d": (7, 1, "Last 7 days"),
    "30d": (30, look.DAY, "Last 30 days"),
}
"""Days, hours of a bar, and name."""

PAYLOADS = 50
NO_KEY = "signed in, or a deleted key"

Lines = dict[tuple[str | None, str], Line]


@project_page(Permission.READ)
def ledger(request: ProjectRequest) -> HttpResponse:
    """Counts by key and signal and by hour; payloads refused in the last day."""
    project = request.access.project
    name = request.GET.get("range", "1d")
    name = name if name in RANGES else "1d"
    days, step, _ = RANGES[name]
    until = timezone.now()
    since = until - timedelta(days=days)
    lines = counts.lines(project.pk, since)
    total = Line()
    for line in lines.values():
        total.merge(line)
    hours = counts.by_hour(project.pk, since)
    refused = RejectedPayload.objects.filter(project=project).defer("body").order_by("-at", "-pk")
    context = {
        "range": name,
        "ranges": [(key, label) for key, (_, _, label) in RANGES.items()],
        "keys": by_key(request.access, lines),
        "total": total,
        "reasons": total.rejected.most_common(30),
        "bars": look.bars(hours, since, until, step) if hours else [],
        "per": "day" if step == look.DAY else "hour",
        "refused": refused[:PAYLOADS],
    }
    return render(request, "ledger/ledger.html", context)


def by_key(access: Access, lines: Lines) -> list[dict[str, Any]]:
    """Each key with its signals and the reasons of refusals, the busiest first."""
    names = {str(key.pk): str(key) for key in access.project.api_keys.all()[:1000]}
    signals: dict[str | None, list[tuple[str, Line]]] = defaultdict(list)
    for (key, signal), line in sorted(lines.items(), key=lambda item: -item[1].received):
        signals[key].append((signal, line))
    return [
        {
            "name": names.get(key or "", NO_KEY),
            "signals": [
                {"signal": signal, "line": line, "reasons": reasons_of(line)}
                for signal, line in found
            ],
        }
        for key, found in signals.items()
    ]


def reasons_of(line: Line) -> list[tuple[str, int]]:
    """Why records of a line were refused; what was left out on purpose is not among them."""
    return [(name, count) for name, count in line.rejected.most_common(5) if name != "ignored"]


@project_page(Permission.WRITE)
def payload(request: ProjectRequest, pk: int) -> HttpResponse:
    """A refused payload: why, and its beginning as text or hexadecimal."""
    found = get_object_or_404(RejectedPayload, pk=pk, project=request.access.project)
    body = decompress(bytes(found.body))
    context = {
        "payload": found,
        "look": look.look_at(body),
        "can_replay": found.whole and body != b"",
    }
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
