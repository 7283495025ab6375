"""The audit log of a project."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from sightglass.accounts import audit as log
from sightglass.accounts.access import Permission, ProjectRequest, project_page
from sightglass.accounts.models import AuditEntry, Project

PAGE = 50
AREAS = ("alert_rule", "channel", "key", "member", "project", "price", "redaction", "user")


@project_page(Permission.ADMIN)
def audit(request: ProjectRequest) -> HttpResponse:
    """What was changed in the project, by whom."""
    return log_page(request, request.access.project, "settings/audit.html")


def log_page(request: HttpRequest, project: Project | None, template: str) -> HttpResponse:
    """Entries, newest first: `area` and `q` narrow, `before` pages, `verify` checks the chain."""
    entries, asked = _asked(request, project)
    before = request.GET.get("before", "")
    if before.isdecimal() and len(before) < 19:
        entries = entries.filter(pk__lt=int(before))
    found = list(entries[: PAGE + 1])
    context: dict[str, Any] = {
        "entries": found[:PAGE],
        "areas": AREAS,
        "asked": asked,
        "section": "audit",
    }
    if len(found) > PAGE:
        context["older"] = "?" + urlencode(asked | {"before": found[PAGE - 1].pk})
    if "verify" in request.GET:
        context["verdict"] = log.verify(project)
    return render(request, template, context)


def _asked(
    request: HttpRequest, project: Project | None
) -> tuple[QuerySet[AuditEntry], dict[str, str]]:
    entries = AuditEntry.objects.filter(project=project).order_by("-pk")
    area, words = request.GET.get("area", ""), request.GET.get("q", "").replace("\0", "")[:200]
    asked = {}
    if area in AREAS:
        asked["area"] = area
        entries = entries.filter(action__startswith=area)
    if words.strip():
        asked["q"] = words.strip()
        entries = entries.filter(
            Q(actor_label__icontains=asked["q"])
            | Q(target__icontains=asked["q"])
            | Q(action__icontains=asked["q"])
        )
    return entries, asked
