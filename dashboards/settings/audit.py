"""The audit log of a project."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.shortcuts import render

from sightglass.accounts import audit as log
from sightglass.accounts.access import Permission, ProjectRequest, project_page
from sightglass.accounts.models import AuditEntry

PAGE = 50


@project_page(Permission.ADMIN)
def audit(request: ProjectRequest) -> HttpResponse:
    """Entries, newest first, from `before` on; whether the chain holds."""
    project = request.access.project
    entries = AuditEntry.objects.filter(project=project).order_by("-pk")
    before, action = request.GET.get("before", ""), request.GET.get("action", "")[:80]
    if action:
        entries = entries.filter(action__startswith=action)
    if before.isdecimal() and len(before) < 19:
        entries = entries.filter(pk__lt=int(before))
    found = list(entries[: PAGE + 1])
    context: dict[str, Any] = {
        "entries": found[:PAGE],
        "older": found[PAGE - 1].pk if len(found) > PAGE else None,
        "action": action,
        "section": "audit",
    }
    if "verify" in request.GET:
        context |= {"verified": True, "broken": log.broken_at(project)}
    return render(request, "settings/audit.html", context)
