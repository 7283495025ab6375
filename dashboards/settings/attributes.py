"""Which attribute keys arrive that no convention reads."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import render

from sightglass.accounts.access import Permission, ProjectRequest, project_page
from traces.models import UnmappedKey

MOST = 500


@project_page(Permission.READ)
def attributes(request: ProjectRequest) -> HttpResponse:
    """Unmapped keys, the most frequent first."""
    keys = UnmappedKey.objects.filter(project=request.access.project).order_by("-count", "key")
    context = {"keys": keys[:MOST], "section": "attributes"}
    return render(request, "settings/attributes.html", context)
