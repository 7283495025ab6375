"""Every evaluator beside people."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import NoReverseMatch, reverse
from django.views.decorators.http import require_GET

from dashboards.evaluators import words as evaluator_words
from dashboards.frame import TOO_SLOW
from dashboards.truth import drawing, words
from dashboards.truth.drawing import Forest
from dashboards.truth.words import Said
from evals.models import EvaluatorVersion
from evals.stats.judging import Comparison
from evals.truth.models import Panel, PanelRun
from evals.truth.selectors import comparisons, panels
from evals.truth.selectors.comparisons import Figures, Row
from sightglass.accounts.access import Permission, ProjectRequest, project_page
from traces.selectors.paging import TooSlow


@dataclass(frozen=True, slots=True)
class Line:
    """An evaluator as the list shows it."""

    row: Row
    figures: Figures
    panel: Panel | None
    run: PanelRun | None

    @property
    def version(self) -> EvaluatorVersion:
        return self.row.newest

    @property
    def kind(self) -> dict[str, str]:
        return evaluator_words.kind(self.version)

    @property
    def compared(self) -> Comparison | None:
        return self.figures.comparison

    @property
    def of_older(self) -> int | None:
        """The version that the figures are of, where it is not the one at work."""
        shown = self.row.shown
        return None if shown is None or shown.version == self.version else shown.version.number

    @property
    def kappa(self) -> Said:
        return words.of_kappa(self.compared.kappa if self.compared else None)

    @property
    def forest(self) -> Forest | None:
        return drawing.forest(self.compared.kappa if self.compared else None)

    @property
    def sensitivity(self) -> Said:
        return words.of_share(self.compared.sensitivity if self.compared else None)

    @property
    def specificity(self) -> Said:
        return words.of_share(self.compared.specificity if self.compared else None)

    @property
    def people(self) -> Said:
        return words.of_share(self.figures.people)

    @property
    def need(self) -> str:
        return "" if self.compared else words.need(self.figures)


@require_GET
@project_page(Permission.READ)
def truth(request: ProjectRequest) -> HttpResponse:
    """The list; those without labels below."""
    context: dict[str, Any] = {"steps": steps(request)}
    try:
        rows = comparisons.of_project(request.access)
    except TooSlow:
        context["problem"] = TOO_SLOW
        return render(request, "truth/list.html", context)
    lines = lines_of(rows)
    context |= {
        "lines": lines,
        "rest": [row for row in rows if row.shown is None],
        "sentence": words.sentence(rows),
        "changed": [line for line in lines if line.run is not None and line.run.changed],
    }
    return render(request, "truth/list.html", context)


def lines_of(rows: Sequence[Row]) -> list[Line]:
    at_work = panels.at_work(row.newest.evaluator_id for row in rows)
    runs = panels.last_runs(at_work.values())
    found = []
    for row in rows:
        if row.shown is not None:
            panel = at_work.get(row.newest.evaluator_id)
            run = runs.get(panel.pk) if panel else None
            found.append(Line(row, row.shown.figures, panel, run))
    return found


def steps(request: ProjectRequest) -> dict[str, str]:
    """Where labels are made: addresses of pages that are there and open to this person."""
    found = {}
    for name in ("queues", "queue_new", "evaluators"):
        try:
            found[name] = reverse(name, args=[request.access.project.slug])
        except NoReverseMatch:
            continue
    return found
