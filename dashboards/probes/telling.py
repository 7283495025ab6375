"""Who is told when a model has changed: an alert rule, made with one press."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST

from dashboards.alerts.documents import LONGEST_SLUG
from dashboards.alerts.models import Rule
from dashboards.alerts.reading import DocumentError
from dashboards.alerts.services import rules
from dashboards.channels.models import Channel
from evals.probes.models import ProbeSet
from evals.probes.selectors import reading
from sightglass.accounts.access import Permission, ProjectRequest, project_page

MOST_RULES, MOST_CHANNELS = 10, 50
NOT_A_SLUG = re.compile(r"[^a-z0-9]+")


def context_of(request: ProjectRequest, row: ProbeSet) -> dict[str, Any]:
    """The rules that look at it, and the channels that one could tell."""
    found = Rule.objects.filter(
        project=request.access.project, metric=f"score:{row.score}", archived_at=None
    )
    told = list(found.order_by("name")[:MOST_RULES])
    return {"rules": told, "channels": [] if told else _channels(request)}


def _channels(request: ProjectRequest) -> list[Channel]:
    return list(
        Channel.objects.filter(project=request.access.project, enabled=True)[:MOST_CHANNELS]
    )


@require_POST
@project_page(Permission.WRITE)
def probe_alert(request: ProjectRequest, pk: int) -> HttpResponse:
    """Make the alert rule that tells the chosen `channel`s when the model has changed."""
    access = request.access
    row = reading.probe_set(access, pk)
    known = {str(one.pk): one.name for one in _channels(request)}
    chosen = [known[one] for one in request.POST.getlist("channel") if one in known]
    try:
        rule = rules.create(access, rule_of(row, chosen))
        messages.success(request, f"The rule “{rule.name}” watches these probes.")
    except DocumentError as error:
        messages.error(request, " ".join(error.errors.values()))
    return redirect("probe_set", access.project.slug, pk)


def rule_of(row: ProbeSet, channels: Sequence[str]) -> dict[str, Any]:
    """An alert rule as a document: any change within the last day."""
    slug = NOT_A_SLUG.sub("-", f"{row.name}-model-changed"[:LONGEST_SLUG]).strip("-")
    return {
        "slug": slug,
        "name": f"{row.name}: the model has changed",
        "metric": f"score:{row.score}",
        "window": "1d",
        "condition": {"type": "threshold", "above": 0},
        "message": "Asked the same prompts it answers otherwise than before."
        " See the set under Evaluators, Probes.",
        "channels": list(channels),
    }
