"""The pages: the list of topics with their map, and one topic."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET

from dashboards import frame as frames
from dashboards.topics import mapped, people, reading
from dashboards.topics.reading import Asked
from evals.models import Connection
from evals.topics import askers, filtered, selectors
from evals.topics.clustering import COUNTS, FEWEST
from evals.topics.services import schedule
from sightglass.accounts.access import Permission, ProjectRequest, project_page
from traces.selectors.paging import TooSlow

EXAMPLES = 12
FIRST = 12
"""Topics that the list shows at first."""


@require_GET
@project_page(Permission.READ)
def topics(request: ProjectRequest) -> HttpResponse:
    """All topics; before the first run, what they are and how it goes."""
    access = request.access
    last, run = selectors.last_runs(access)
    asked = reading.read(access, request.GET.dict())
    plan = selectors.plan_of(access)
    context: dict[str, Any] = {
        "asked": asked,
        "last": last,
        "run": run,
        "phase": selectors.phase_of(last, run, plan),
        "fewest": FEWEST,
        "plan": plan,
        "connections": Connection.objects.filter(project=access.project).order_by("name"),
        "choices": [(days, asked.link(days=days), days == asked.days) for days in reading.DAYS],
        "most": filtered.MOST,
        "most_topics": COUNTS[-1],
        "few_scores": reading.FEW_SCORES,
        "without": asked.link(q=""),
    }
    if run is None:
        if plan is not None and plan.waits_since is not None:
            context["waits_until"] = plan.waits_since + schedule.PATIENCE
        return render(request, "topics/empty.html", context)
    if asked.mistake:
        return render(request, "topics/list.html", context | {"problem": asked.mistake})
    try:
        dots = selectors.dots(access, run)
        listing = reading.listing(asked)
    except TooSlow:
        return render(request, "topics/list.html", context | {"problem": frames.TOO_SLOW})
    shown = [one.topic for one in listing.lines]
    card = frames.asked("map", "Map", lambda: mapped.map_card(asked, dots, shown, run))
    lines = listing.matched
    every = request.GET.get("all") == "1" or len(lines) <= FIRST
    context |= {
        "listing": listing,
        "shown": reading.quoting(access, lines if every else lines[:FIRST]),
        "sorts": {name: _sort(asked, name) for name in reading.ORDERS},
        "all_url": "" if every else asked.link(all=1),
        "card": card,
        "scores": [
            (name, asked.link(score=name), name == listing.score) for name in listing.scores
        ],
    }
    return render(request, "topics/list.html", context)


def _sort(asked: Asked, name: str) -> tuple[str, str]:
    """The link that sorts the list by a column, falling first, and how it is sorted by it now."""
    falling = f"-{name}"
    now = {falling: "descending", name: "ascending"}.get(asked.order, "")
    return asked.link(order=name if now == "descending" else falling), now


@require_GET
@project_page(Permission.READ)
def run(request: ProjectRequest) -> HttpResponse:
    """How far the run is that a page waits for since `phase`; beyond that the page is to be asked
    for anew, for the run's end changes all of it."""
    access = request.access
    last, newest = selectors.last_runs(access)
    phase = selectors.phase_of(last, newest, selectors.plan_of(access))
    if not request.htmx:
        return redirect("topics", access.project.slug)
    if not phase or phase != request.GET.get("phase"):
        return HttpResponse(headers={"HX-Refresh": "true"})
    return render(request, "topics/run.html", {"last": last, "run": newest, "phase": phase})


@require_GET
@project_page(Permission.READ)
def topic(request: ProjectRequest, number: int) -> HttpResponse:
    """One topic: figures by day, examples, and what can be done with it."""
    access = request.access
    one = selectors.get_topic(access, number)
    asked = reading.read(access, request.GET.dict())
    whole = reading.whole(asked, one)
    if wanted := request.GET.get("csv"):
        card = next((card for card in whole.cards if card.id == wanted), None)
        return frames.csv_response(card, f"topic-{one.number}")
    typical = request.GET.get("show") != "latest"
    examples = selectors.examples(access, one, EXAMPLES, typical=typical)
    kin = [number for number in (one.split_from, one.merged_into) if number]
    review_url, dataset_url = mapped.sample_urls(access, one)
    context: dict[str, Any] = {
        "asked": asked,
        "topic": one,
        "whole": whole,
        "line": whole.line,
        "typical": typical,
        "kin": selectors.named(access, kin),
        "askers": people.asking(asked, one),
        "looked_at": askers.LOOKED_AT,
        "examples": [(each, mapped.call_url(access, each)) for each in examples],
        "review_url": review_url,
        "dataset_url": dataset_url,
        "sample": mapped.SAMPLE,
        "choices": [(days, asked.link(days=days), days == asked.days) for days in reading.DAYS],
        "scores": [(name, asked.link(score=name), name == whole.score) for name in whole.scores],
    }
    return render(request, "topics/topic.html", context)
