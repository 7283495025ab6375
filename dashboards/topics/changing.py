"""What can be done with topics: find them now, call one otherwise, choose who names them."""

from __future__ import annotations

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST

from dashboards.topics import reading
from evals.topics import selectors
from evals.topics.services import plans
from sightglass.accounts.access import Permission, ProjectRequest, project_page


@require_POST
@project_page(Permission.WRITE)
def find(request: ProjectRequest) -> HttpResponse:
    """Find topics now."""
    plans.find_now(request.access)
    return redirect("topics", request.access.project.slug)


@require_POST
@project_page(Permission.WRITE)
def rename(request: ProjectRequest, number: int) -> HttpResponse:
    """Give a topic a name, or take it back."""
    topic = selectors.get_topic(request.access, number)
    try:
        topic = plans.rename(request.access, topic, request.POST.get("name", ""))
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
    else:
        messages.success(request, f"The topic is called {topic.title} now.")
    return redirect(reading.read(request.access, request.GET.dict()).page(topic.number))


@require_POST
@project_page(Permission.WRITE)
def naming(request: ProjectRequest) -> HttpResponse:
    """Have topics named by a model, or by their terms."""
    given = request.POST.get("connection", "")
    chosen = int(given) if given.isascii() and given.isdigit() and len(given) < 10 else None
    try:
        plan = plans.choose(request.access, chosen)
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
    else:
        by = f"by {plan.connection}" if plan.connection else "by their own words"
        messages.success(request, f"Topics are named {by}.")
    return redirect("topics", request.access.project.slug)
