"""The front doors: of the installation and of a project."""

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse

from dashboards.context import projects_of
from sightglass.accounts.access import Permission, ProjectRequest, project_page
from traces.models import Trace


@login_required
def home(request: HttpRequest) -> HttpResponse:
    """To the only project, or to a choice among several."""
    projects = projects_of(request)()
    if len(projects) == 1:
        return HttpResponseRedirect(reverse("project_home", args=[projects[0].slug]))
    return render(request, "home.html")


@login_required
def traces(request: HttpRequest) -> HttpResponse:
    """To the traces of the only project with the same search, or to a choice among several."""
    projects = projects_of(request)()
    if len(projects) != 1:
        return HttpResponseRedirect(reverse("home"))
    said = request.META.get("QUERY_STRING", "")
    address = reverse("traces", args=[projects[0].slug])
    return HttpResponseRedirect(f"{address}?{said}" if said else address)


@project_page(Permission.READ, Permission.REVIEW)
def project_home(request: ProjectRequest) -> HttpResponse:
    """To the overview; before the first trace to the explorer, which says how to send it.

    Who only reviews: to their queues.
    """
    project = request.access.project
    if not request.access.may_read:
        return HttpResponseRedirect(reverse("queues", args=[project.slug]))
    known = Trace.objects.filter(project_id=project.pk).exists()
    return HttpResponseRedirect(reverse("overview" if known else "traces", args=[project.slug]))
