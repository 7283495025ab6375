"""One firing: what was seen, what changed most, which traces show it, who saw to it."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_POST

from dashboards import numbers
from dashboards.alerts import conditions as cond
from dashboards.alerts import links, plans, samples, selectors
from dashboards.alerts.models import Transition
from dashboards.alerts.pages import charting, sentences
from dashboards.alerts.pages.listing import firing_for
from dashboards.alerts.reading import DocumentError
from dashboards.alerts.services import acknowledging, drifting
from dashboards.alerts.windows import SECOND, last_end
from dashboards.charts import Chart, ChartCard, Level, Series, lines
from sightglass.accounts.access import Access, Permission, ProjectRequest, project_page
from traces.models import Trace
from traces.query import QueryError, parse
from traces.selectors.metrics import UnknownMetric
from traces.selectors.paging import TooSlow

BEFORE, AFTER = 24, 12
"""Windows that the chart shows before it fired, and after."""
MOST_ENDS = 180
NARROWEST = 40
"""The least part of the chart's width that is shaded: narrower, it is taken for a line."""
GONE = "The rule names what is no more, so its windows cannot be drawn."
LATE = "Drawing the windows took too long and was stopped."


@dataclass(frozen=True, slots=True)
class Slice:
    """A part of the traffic that moved the value; `width`: of its bar, in percent."""

    by: str
    group: str
    change: str
    count: int
    count_before: int
    width: float


@require_GET
@project_page(Permission.READ)
def firing(request: ProjectRequest, pk: int) -> HttpResponse:
    found = selectors.get_firing(request.access, pk)
    evidence = found.evidence
    context = {
        "firing": found,
        "rule": found.rule,
        "sentence": sentences.of(found.rule),
        "is_open": found.ended_ns is None,
        "lasted": _lasted(found),
        "is_late": is_late(found),
        "words": evidence.get("words", {}),
        "missing": evidence.get("missing", []),
        "explorer": evidence.get("explorer", ""),
        "slices": _slices(evidence.get("slices", [])),
        "examples": _examples(request.access, evidence.get("examples", [])),
        "drift": drifting.verdict_of(found),
        "drift_url": _drift_url(found),
        "course": selectors.course_of(found),
        "card": card_of(found),
        "may_acknowledge": request.access.may(Permission.WRITE),
    }
    return render(request, "alerts/firing.html", context)


@require_POST
@project_page(Permission.WRITE)
def acknowledge(request: ProjectRequest, pk: int) -> HttpResponse:
    """With a note; it is repeated no more."""
    found = selectors.get_firing(request.access, pk)
    acknowledging.acknowledge(request.access, found, request.POST.get("note", "").strip())
    messages.success(request, "Acknowledged. It is not repeated any more.")
    return redirect("alert_firing", request.access.project.slug, pk)


def _drift_url(found: Transition) -> str:
    pk = found.evidence.get("drift")
    return "" if pk is None else links.drift_window(found.rule.project.slug, pk)


def is_late(found: Transition) -> bool:
    """Whether the window had ended before there was the rule: it did not fire then."""
    return found.at_ns < int(found.rule.created_at.timestamp()) * SECOND


def _lasted(found: Transition) -> str:
    if found.ended_ns is None:
        return firing_for(found.rule, found.at_ns)
    return numbers.duration(found.ended_ns - found.at_ns)


def _slices(given: list[dict[str, object]]) -> list[Slice]:
    parts = [abs(float(str(one["part"]))) for one in given]
    most = max(parts, default=0.0) or 1.0
    return [
        Slice(
            sentences.each_of(str(one["by"])),
            str(one["group"]),
            str(one["change"]),
            int(str(one["count"])),
            int(str(one["count_before"])),
            round(part / most * 100, 1),
        )
        for one, part in zip(given, parts, strict=True)
    ]


def _examples(access: Access, ids: list[str]) -> list[Trace]:
    """Traces that are still kept, in the order of the evidence."""
    wanted = [UUID(hex=one) for one in ids]
    rows = Trace.objects.filter(project=access.project, trace_id__in=wanted)
    known = {trace.trace_id: trace for trace in rows}
    return [known[one] for one in wanted if one in known]


def card_of(found: Transition) -> ChartCard:
    """The windows around it, by what is known today and the rule as it is."""
    card = ChartCard("windows", "Around it", sub="the firing shaded", size="m")
    try:
        chart = _chart(found)
    except (DocumentError, UnknownMetric, QueryError):
        return replace(card, problem=GONE)
    except TooSlow:
        return replace(card, problem=LATE)
    if chart is None:
        return replace(card, problem="A budget's course is on its own page.")
    return replace(card, chart=chart, explore=found.evidence.get("explorer", ""))


def _chart(found: Transition) -> Chart | None:
    plan = plans.plan_of(found.project_id, found.rule)
    if isinstance(plan.condition, cond.Budget):
        return None
    window, step = plan.look.window_ns, plan.timing.step_ns
    now = last_end(time.time_ns(), window)
    ended = min(found.ended_ns or now, now)
    first = found.at_ns - BEFORE * window
    last = min(max(ended, found.at_ns) + AFTER * window, now)
    every = -(-(last - first) // (MOST_ENDS * step)) * step
    ends = list(range(last - (last - first) // every * every, last + 1, every))
    query = parse(found.evidence.get("filter", found.rule.filter))
    source = replace(plan.source, group_by=None, query=query)
    seen = samples.read(source, ends).groups[None]
    begun = next((end for end in ends if seen[end].count or end >= found.at_ns), ends[0])
    ends = [end for end in ends if end >= begun]
    unit = charting.unit_of(plan.condition, plan.figures.unit)
    scale = charting.scale_of(plan.condition, unit)
    absent = isinstance(plan.condition, cond.Absence)

    def scaled(name: str) -> list[float | None]:
        values = [getattr(seen[end], name) for end in ends]
        return [None if value is None else value * scale for value in values]

    low, high = scaled("low"), scaled("high")
    has_interval = not absent and any(value is not None for value in low)
    series = Series(
        found.group or plan.figures.label,
        ends,
        scaled("count") if absent else scaled("value"),
        low=low if has_interval else (),
        high=high if has_interval else (),
        counts=[seen[end].count for end in ends],
    )
    levels = charting.levels_of(plan.condition, plan.figures, scale)
    if not levels and found.limit is not None:
        level = Level(found.limit * scale, plan.figures.written(found.limit))
        levels = [level]
    chart = lines([series], unit=unit, step_ns=every, levels=levels)
    # What began at the right edge would be shaded beyond it: the step up to its end is, then.
    seen_from = min(found.at_ns, ends[-1] - max(every, (ends[-1] - ends[0]) // NARROWEST))
    return charting.shaded(chart, [(seen_from, max(ended, found.at_ns + every))])
