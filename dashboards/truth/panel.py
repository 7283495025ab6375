"""The panel of an evaluator: its nights, what turned, and who is told."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from dashboards.alerts.documents import LONGEST_SLUG
from dashboards.alerts.models import Rule
from dashboards.alerts.reading import DocumentError
from dashboards.alerts.services import rules
from dashboards.channels.models import Channel
from dashboards.truth import drawing, tabs, words
from dashboards.truth.detail import too_slow
from dashboards.truth.words import TESTS, Said
from evals.models import Evaluator
from evals.selectors.evaluators import get_evaluator
from evals.stats.change import LEVEL
from evals.truth.api.rows import share
from evals.truth.models import Panel, PanelRun
from evals.truth.selectors import panels as selected
from evals.truth.selectors.panels import Turned
from evals.truth.services import asking, panels
from evals.truth.services.nights import HOUR, name_of_change
from sightglass.accounts.access import Permission, ProjectRequest, project_page
from traces.ids import span_hex
from traces.selectors.paging import CursorError, TooSlow

SHOWN = 30
NOT_A_SLUG = re.compile(r"[^a-z0-9]+")


@dataclass(frozen=True, slots=True)
class Night:
    """A run as the page lists it."""

    run: PanelRun

    @property
    def agreement(self) -> Said:
        return words.of_share(share(self.run.right, self.run.answered))

    @property
    def tone(self) -> str:
        if self.run.state != PanelRun.State.DONE:
            return "warn" if self.run.state == PanelRun.State.STOPPED else ""
        return "bad" if self.run.changed else "good"

    @property
    def label(self) -> str:
        if self.run.state != PanelRun.State.DONE:
            return self.run.get_state_display()
        if self.run.first_id is None:
            return "First of its version"
        return "Changed" if self.run.changed else "As before"

    @property
    def why(self) -> str:
        """Which test says that it has changed."""
        tests = self.run.tests
        if not self.run.changed or not tests:
            return ""
        told = [name for name in TESTS if name in tests and tests[name][2] * len(tests) < LEVEL]
        name = told[0] if told else next(iter(tests))
        more, fewer, _ = tests[name]
        way = TESTS[name][0 if more > fewer else 1]
        return f"{way}: {more} cases one way, {fewer} the other"


@dataclass(frozen=True, slots=True)
class TurnedLine:
    """A case that turned, as the page lists it."""

    turned: Turned
    url: str

    @property
    def short_id(self) -> str:
        return self.turned.item.trace_id.hex[:8]


@require_GET
@project_page(Permission.READ)
def panel(request: ProjectRequest, pk: int) -> HttpResponse:
    """The page."""
    try:
        evaluator, whole = tabs.found(request, pk)
        context = tabs.context_of(request, whole, "truth_panel")
        context |= _context(request, evaluator)
    except TooSlow:
        return too_slow(request, pk)
    except CursorError:
        raise Http404("There is no such page.") from None
    able = sum(pair.people is not None for pair in whole.pairs)
    context |= {
        "able": able,
        "fewest": panels.FEWEST,
        "usual": min(max(able, panels.FEWEST), panels.USUAL),
        "most": panels.MOST,
        "askable": whole.newest.kind in asking.KINDS,
        "costs": whole.newest.kind != "detector",
        "hour": HOUR,
    }
    return render(request, "truth/panel.html", context)


def _context(request: ProjectRequest, evaluator: Evaluator) -> dict[str, Any]:
    at_work = tabs.panel_of(evaluator)
    if at_work is None:
        return {"panel": None}
    cursor = request.GET.get("cursor") or None
    page = selected.runs_of(at_work, limit=SHOWN, cursor=cursor)
    last = selected.last_runs([at_work]).get(at_work.pk)
    told = _rules(request, evaluator)
    return {
        "panel": at_work,
        "cases": selected.items_of(at_work).count(),
        "nights": [Night(run) for run in page.results],
        "columns": _columns(page.results),
        "older": f"?cursor={page.next}" if page.next else "",
        "last": Night(last) if last else None,
        "turned": _turned(request, last) if last else [],
        "rules": told,
        "channels": [] if told else _channels(request),
        "metric": f"score:{name_of_change(evaluator.name)}",
    }


def _columns(runs: Sequence[PanelRun]) -> list[drawing.Night]:
    done = [run for run in reversed(runs) if run.answered]
    return drawing.nights(
        [
            (
                run.right / run.answered,
                bool(run.changed),
                f"{run.day}: {run.right} of {run.answered} as people say",
            )
            for run in done
        ]
    )


def _turned(request: ProjectRequest, run: PanelRun) -> list[TurnedLine]:
    slug = request.access.project.slug
    found = []
    for one in selected.turned(run)[:SHOWN]:
        url = reverse("trace", args=[slug, one.item.trace_id.hex])
        span = one.item.span_id
        found.append(TurnedLine(one, url if span is None else f"{url}?span={span_hex(span)}"))
    return found


def _rules(request: ProjectRequest, evaluator: Evaluator) -> list[Rule]:
    metric = f"score:{name_of_change(evaluator.name)}"
    rows = Rule.objects.filter(project=request.access.project, metric=metric, archived_at=None)
    return list(rows.order_by("name")[:10])


def _channels(request: ProjectRequest) -> list[Channel]:
    return list(Channel.objects.filter(project=request.access.project, enabled=True)[:50])


@require_POST
@project_page(Permission.WRITE)
def change(request: ProjectRequest, pk: int) -> HttpResponse:
    """`do`: freeze (with `size`), retire, run, or accept (with `day`)."""
    access = request.access
    evaluator = get_evaluator(access, pk)
    do = request.POST.get("do", "")
    try:
        if do == "freeze":
            made = panels.freeze(access, evaluator, _size(request.POST.get("size", "")))
            messages.success(request, f"{made.size} cases are frozen as panel {made.number}.")
        else:
            _change(request, selected.panel_of(access, evaluator), do)
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
    except TooSlow:
        messages.error(request, "Reading the labels took too long and was stopped.")
    return redirect("truth_panel", access.project.slug, pk)


def _size(text: str) -> int:
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 6 else panels.USUAL


def _change(request: ProjectRequest, panel: Panel, do: str) -> None:
    """Raises ValidationError, Http404."""
    access = request.access
    if do == "retire":
        panels.retire(access, panel)
        messages.success(request, "The panel is retired. Its nights stay in the API’s log.")
    elif do == "run":
        panels.run_now(access, panel)
        messages.success(request, "Today’s run begins within a minute.")
    elif do == "accept":
        try:
            day = date.fromisoformat(request.POST.get("day", ""))
        except ValueError:
            raise Http404("There is no such day.") from None
        panels.accept(access, selected.run_of(panel, day))
        messages.success(request, f"Later nights are compared with that of {day:%d %b %Y}.")
    else:
        raise Http404("There is nothing of this name to do.")


@require_POST
@project_page(Permission.WRITE)
def alert(request: ProjectRequest, pk: int) -> HttpResponse:
    """Make the alert rule that tells the chosen `channel`s when the judge has changed."""
    access = request.access
    evaluator = get_evaluator(access, pk)
    known = {str(one.pk): one.name for one in _channels(request)}
    chosen = [known[one] for one in request.POST.getlist("channel") if one in known]
    try:
        rule = rules.create(access, rule_of(evaluator, chosen))
        messages.success(request, f"The rule “{rule.name}” watches the panel.")
    except DocumentError as error:
        messages.error(request, " ".join(error.errors.values()))
    return redirect("truth_panel", access.project.slug, pk)


def rule_of(evaluator: Evaluator, channels: Sequence[str]) -> dict[str, Any]:
    """An alert rule as a document: any change within the last day."""
    slug = NOT_A_SLUG.sub("-", f"{evaluator.name}-judge-changed"[:LONGEST_SLUG]).strip("-")
    return {
        "slug": slug,
        "name": f"{evaluator.name}: the judge has changed",
        "metric": f"score:{name_of_change(evaluator.name)}",
        "window": "1d",
        "condition": {"type": "threshold", "above": 0},
        "message": "Asked about the same labelled cases it says something else than before."
        " See the panel of the evaluator under Agreement.",
        "channels": list(channels),
    }
