"""By which model calls are compared: the embedded one, or a provider's."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render

from evals.models import Connection
from evals.vectors.fields import Field
from evals.vectors.selectors import state
from evals.vectors.services import filling
from sightglass.accounts.access import Permission, ProjectRequest, project_page


@project_page(Permission.READ)
def meaning(request: ProjectRequest) -> HttpResponse:
    """What is at work and how far it is; choosing another, or making all vectors again."""
    if request.method != "POST":
        return _page(request)
    request.access.require(Permission.ADMIN)
    pk, name = request.POST.get("connection", ""), request.POST.get("model", "")
    row = None
    if pk:
        known = Connection.objects.filter(project=request.access.project)
        row = get_object_or_404(known, pk=int(pk) if pk.isdecimal() and len(pk) < 19 else 0)
    try:
        filling.choose(request.access, row, name)
    except ValidationError as error:
        return _page(request, errors=error.messages, name=name, chosen=row)
    messages.success(request, "Stored calls are gone through; until then the old model answers.")
    return redirect("settings_meaning", request.access.project.slug)


def _page(request: ProjectRequest, **more: Any) -> HttpResponse:
    project = request.access.project
    found, counts = filling.progress(request.access), state.counted(project.pk)
    context = {
        "found": found,
        "chosen": found.model.connection,
        "percent": round(100 * min(found.calls / found.of_calls, 1)) if found.of_calls else 0,
        "inputs": counts[Field.INPUT],
        "outputs": counts[Field.OUTPUT],
        "most_counted": state.MOST_COUNTED,
        "waiting": state.waiting(project.pk),
        "connections": Connection.objects.filter(project=project, api=Connection.Api.OPENAI),
        "section": "meaning",
    }
    return render(request, "settings/meaning.html", context | more)
