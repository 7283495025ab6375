"""The way to the first trace of an empty project."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import never_cache

from dashboards.onboarding.snippets import snippets
from sightglass.accounts.access import Permission, ProjectRequest, project_page
from traces.models import Trace

STAND_IN = "YOUR_API_KEY"


@project_page(Permission.READ)
def start(request: ProjectRequest) -> HttpResponse:
    """Snippets with this installation's address, and a place that waits for the first trace."""
    base = request.build_absolute_uri("/").rstrip("/")
    offered = snippets(base, STAND_IN)
    chosen = next((one for one in offered if one.id == request.GET.get("client")), offered[0])
    context = {
        "base": base,
        "snippets": offered,
        "chosen": chosen,
        "first": _newest(request),
        "stand_in": STAND_IN,
    }
    return render(request, "onboarding/start.html", context)


@never_cache
@project_page(Permission.READ)
def waiting(request: ProjectRequest) -> HttpResponse:
    """Asked every two seconds: says that nothing came yet, or leads to the trace that did."""
    found = _newest(request)
    if found is None:
        return render(request, "onboarding/waiting.html")
    response = HttpResponse(status=204)
    response["HX-Redirect"] = reverse(
        "trace", args=[request.access.project.slug, found.trace_id.hex]
    )
    return response


def _newest(request: ProjectRequest) -> Trace | None:
    return Trace.objects.filter(project=request.access.project).order_by("-start_ns").first()
