"""Latency, speed, throughput, errors and retrieval of a project."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from dashboards import frame as frames
from dashboards.charts import ChartCard
from dashboards.overview.sentence import versus
from dashboards.performance import cards, figures
from dashboards.performance.reading import Reading, reading
from sightglass.accounts.access import Permission, ProjectRequest, project_page
from traces.selectors.paging import TooSlow


@require_GET
@project_page(Permission.READ)
def performance(request: ProjectRequest) -> HttpResponse:
    """The page; `csv=<card>`: a card's table. `by`: how errors are grouped."""
    frame = frames.read(request, "performance", "by")
    choice = frame.more.get("by", "kind")
    choice = choice if choice in cards.BY else "kind"
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
            context |= {
                "cards": charts,
                "bar": frame.bar(found.environments),
                "stats": figures.stats(found),
                "versus": "" if found.unsettled else versus(frame),
                "models": figures.slow_models(found),
                "names": figures.slow_names(found),
                "pending": found.pending,
                "nothing": not found.total.traces,
            }
    return render(request, "performance/performance.html", context)


def charts_of(found: Reading, choice: str) -> dict[str, ChartCard]:
    """By id."""
    made = [
        cards.latency(found),
        cards.distribution(found),
        cards.first_token(found),
        cards.speed(found),
        cards.throughput(found),
        cards.errors(found, choice),
        cards.found_nothing(found),
        cards.relevance(found),
        cards.retriever_latency(found),
    ]
    return {card.id: card for card in made}
