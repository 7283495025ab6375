"""What all pages of one evaluator have: its name, its tabs, and how it stands."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.urls import reverse

from dashboards.evaluators import words as evaluator_words
from dashboards.truth import words
from evals.models import Evaluator, Kind
from evals.selectors.evaluators import get_evaluator
from evals.truth.models import Panel
from evals.truth.selectors import cases, comparisons, panels
from evals.truth.selectors.comparisons import Whole
from sightglass.accounts.access import ProjectRequest


@dataclass(frozen=True, slots=True)
class Tab:
    label: str
    url: str
    current: bool
    count: int | None = None


def found(request: ProjectRequest, pk: int) -> tuple[Evaluator, Whole]:
    """Raises Http404, TooSlow."""
    evaluator = get_evaluator(request.access, pk)
    return evaluator, comparisons.of_evaluator(request.access, evaluator)


def context_of(request: ProjectRequest, whole: Whole, current: str) -> dict[str, Any]:
    """`current` is the route of the page."""
    evaluator = whole.evaluator
    return {
        "evaluator": evaluator,
        "whole": whole,
        "kind": evaluator_words.kind(whole.newest),
        "shown": whole.shown,
        "tabs": _tabs(request, whole, current),
        "verdict": words.verdict(whole.shown.figures) if whole.shown else "",
        "may_change": request.access.may_write and evaluator.archived_at is None,
    }


def _tabs(request: ProjectRequest, whole: Whole, current: str) -> list[Tab]:
    args = [request.access.project.slug, whole.evaluator.pk]
    differ = cases.counts(whole.pairs)["differ"] if whole.pairs else None
    listed: list[tuple[str, str, int | None]] = [
        ("truth_evaluator", "Agreement", None),
        ("truth_cases", "Cases that differ", differ),
        ("truth_panel", "Panel", None),
        ("truth_calibration", "Calibration", None),
    ]
    if whole.newest.kind == Kind.JUDGE:
        listed.append(("truth_improve", "Improve", None))
    return [Tab(label, reverse(name, args=args), name == current, n) for name, label, n in listed]


def panel_of(evaluator: Evaluator) -> Panel | None:
    return panels.at_work([evaluator.pk]).get(evaluator.pk)
