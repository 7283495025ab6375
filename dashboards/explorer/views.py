"""The trace explorer."""

from django.http import HttpResponse
from django.shortcuts import render

from sightglass.accounts.access import Permission, ProjectRequest, project_page


@project_page(Permission.READ)
def traces(request: ProjectRequest) -> HttpResponse:
    return render(request, "explorer/traces.html")
