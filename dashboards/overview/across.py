"""The overview across projects: one line for each, read from sums."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.urls import reverse

from dashboards import changes
from dashboards.changes import Change
from dashboards.charts import Spark, sparkline
from dashboards.explorer.ranges import iso
from dashboards.overview.quality import Scored, scored
from dashboards.overview.reading import added, by_step
from dashboards.periods import (
    DEFAULT,
    PRESETS,
    Period,
    bounds,
    day_span,
    grain_of,
    preset,
    times_of,
)
from sightglass.accounts.access import Permission, roles_with
from sightglass.accounts.models import Project, User
from traces.rollups.measures import Measures
from traces.selectors import cubes, metrics
from traces.selectors.metrics import Value
from traces.selectors.paging import TooSlow

MOST = 30
"""Projects that one page reads, by name."""


@dataclass(slots=True)
class Line:
    """A project; `total` is None where it took too long."""

    project: Project
    url: str
    traces_url: str
    """The explorer in the same time: add a query."""
    total: Measures | None = None
    spend: Change | None = None
    errors: Value | None = None
    errors_change: Change | None = None
    best: Scored | None = None
    quality: Value | None = None
    spark: Spark | None = None


def page(user: User, name: str) -> dict[str, Any]:
    """The context of the page; at most MOST projects, by name."""
    name = name if name in PRESETS else DEFAULT
    period = preset(name, time.time_ns())
    mine = Project.objects.filter(
        memberships__user=user, memberships__role__in=roles_with(Permission.READ), deleted_at=None
    ).order_by("name", "slug")
    found = list(mine[: MOST + 1])
    lines = [line(project, period, name) for project in found[:MOST]]
    known = [one for one in lines if one.total]
    total = added(one.total for one in known if one.total)
    lines.sort(key=lambda one: -(one.total.cost if one.total else 0))
    return {
        "lines": lines,
        "more": len(found) > MOST,
        "most": MOST,
        "total": total,
        "presets": [(label, f"?range={key}", key == name) for key, label in PRESETS.items()],
        "label": PRESETS[name],
        "days": day_span(period.range),
    }


def line(project: Project, period: Period, name: str) -> Line:
    start, end = bounds(period.range)
    when = urlencode({"from": iso(start), "to": iso(end)})
    made = Line(
        project,
        f"{reverse('overview', args=[project.slug])}?range={name}",
        f"{reverse('traces', args=[project.slug])}?{when}",
    )
    try:
        _read(made, period)
    except TooSlow:
        made.total = None
    return made


def _read(made: Line, period: Period) -> None:
    start, end = bounds(period.range)
    grain, _ = grain_of(end - start)
    asked: dict[str, Any] = {"only": ("traces", "failed", "cost"), **grain}
    times, times_before = times_of(period.range), times_of(period.previous)
    project = made.project.pk
    now = by_step(cubes.of_traces(project, range=period.range, **asked), times)
    before = by_step(cubes.of_traces(project, range=period.previous, **asked), times_before)
    made.total = added(now)
    made.spend = changes.of_totals(
        [one.cost for one in now], [one.cost for one in before], "usd", "down"
    )
    rates = [metrics.value_of("trace_error_rate", added(steps)) for steps in (now, before)]
    made.errors = rates[0]
    made.errors_change = changes.of_values(rates[0], rates[1], "ratio", "down")
    made.spark = sparkline([one.cost for one in now], [one.cost for one in before])
    by = ("score", "source", "category")
    scores = cubes.of_scores(project, range=period.range, by=by, **grain)
    earlier = cubes.of_scores(project, range=period.previous, by=by, **grain)
    known = scored(scores, earlier, times, times_before)
    if known:
        made.best, made.quality = known[0], known[0].value(known[0].steps)
