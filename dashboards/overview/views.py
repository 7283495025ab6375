"""The overview of a project, and the one across the projects of a person."""

from __future__ import annotations

from typing import Any, cast

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from dashboards import frame as frames
from dashboards.charts import ChartCard
from dashboards.overview import across as crossing
from dashboards.overview import cards, govern
from dashboards.overview.reading import GROUPS, Reading, reading
from dashboards.overview.sentence import sentence, versus
from dashboards.overview.stats import stats
from sightglass.accounts.access import Permission, ProjectRequest, project_page
from sightglass.accounts.models import User
from traces.selectors.paging import TooSlow


@require_GET
@project_page(Permission.READ)
def overview(request: ProjectRequest) -> HttpResponse:
    """The page; `csv=<card>`: a card's table. `by`: how the cost card is grouped."""
    frame = frames.read(request, "overview", "by")
    choice = frame.more.get("by", "model")
    choice = choice if choice in GROUPS else "model"
    context: dict[str, Any] = {"frame": frame, "bar": frame.bar()}
    if frame.query is not None:
        try:
            found = reading(frame)
        except TooSlow:
            context["problem"] = frames.TOO_SLOW
        else:
            charts = charts_of(found, choice)
            if wanted := request.GET.get("csv"):
                return frames.csv_response(charts.get(wanted), request.access.project.slug)
            context |= page_of(found) | {
                "cards": charts,
                "bar": frame.bar(found.environments),
                "budget": govern.budget_card(request.access),
                "alerts": govern.alert_lines(request.access),
                "drift": govern.drift_line(frame),
                "has_rules": govern.has_rules(request.access),
            }
    return render(request, "overview/overview.html", context)


def charts_of(found: Reading, choice: str) -> dict[str, ChartCard]:
    events = cards.releases(found)
    return {
        "cost": frames.asked("cost", "Cost", lambda: cards.cost(found, choice, events)),
        "quality": cards.quality(found, found.known, events),
        "latency": cards.latency(found, events),
        "errors": cards.errors(found, events),
    }


def page_of(found: Reading) -> dict[str, Any]:
    """All but the charts."""
    frame = found.frame
    nothing_before = not found.total_before.traces
    whole = not nothing_before and found.incomplete is None and not found.unsettled
    names = found.names_before.cells if whole else None
    users = found.users_before.cells if whole else None
    strip = stats(found, found.known[0] if found.known else None)
    return {
        "sentence": sentence(found, strip, cards.releases(found)),
        "stats": strip,
        "versus": "" if found.unsettled else versus(frame, nothing=nothing_before),
        "features": cards.top(frame, "name", found.names.cells, names),
        "all_users": frame.page("users"),
        "users": cards.top(frame, "user_id", found.users.cells, users),
        "pending": found.pending,
        "nothing": not found.total.traces,
    }


@require_GET
@login_required
def across(request: HttpRequest) -> HttpResponse:
    """Spend, traces, errors and quality of every project that this person may see."""
    context = crossing.page(cast(User, request.user), request.GET.get("range", ""))
    return render(request, "overview/across.html", context)
