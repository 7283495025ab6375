"""A better judge out of its disagreements: proposed, tried, adopted or put aside."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_POST

from dashboards.evaluators.words import value as written
from dashboards.truth import drawing, tabs, words
from dashboards.truth.detail import too_slow
from evals.selectors.evaluators import get_evaluator
from evals.truth.models import Improvement, ImprovementCase
from evals.truth.selectors import improvements as selected
from evals.truth.selectors.improvements import Trial
from evals.truth.services import improving
from sightglass.accounts.access import Permission, ProjectRequest, project_page
from traces.ids import span_hex
from traces.selectors.paging import TooSlow

SPREAD = 0.5
"""A difference of accuracies is drawn from -SPREAD to +SPREAD."""
SHOWN = 100


@require_GET
@project_page(Permission.READ)
def improve(request: ProjectRequest, pk: int) -> HttpResponse:
    """Drafts so far."""
    try:
        evaluator, whole = tabs.found(request, pk)
    except TooSlow:
        return too_slow(request, pk)
    able = sum(pair.comparable for pair in whole.pairs)
    differ = sum(pair.differs for pair in whole.pairs)
    current = whole.shown is not None and whole.shown.version.pk == whole.newest.pk
    context = tabs.context_of(request, whole, "truth_improve") | {
        "drafts": selected.of_evaluator(request.access, evaluator),
        "able": able,
        "differ": differ,
        "current": current,
        "fewest": improving.FEWEST,
        "ready": current and able >= improving.FEWEST and differ > 0,
        "examples": whole.newest.config.get("examples", []),
    }
    return render(request, "truth/improve.html", context)


@require_POST
@project_page(Permission.WRITE)
def propose(request: ProjectRequest, pk: int) -> HttpResponse:
    """Choose examples and have them tried."""
    access = request.access
    evaluator = get_evaluator(access, pk)
    try:
        made = improving.propose(access, evaluator)
        return redirect("truth_improvement", access.project.slug, pk, made.pk)
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
    except TooSlow:
        messages.error(request, "Reading the labels took too long and was stopped.")
    return redirect("truth_improve", access.project.slug, pk)


def found(request: ProjectRequest, pk: int, improvement: int) -> Improvement:
    """Raises Http404 for one that is another evaluator's."""
    one = selected.get_improvement(request.access, improvement)
    if one.evaluator_id != pk:
        raise Http404("There is no such improvement.")
    return one


@require_GET
@project_page(Permission.READ)
def improvement(request: ProjectRequest, pk: int, improvement: int) -> HttpResponse:
    """One draft: its examples, and how it did."""
    one = found(request, pk, improvement)
    try:
        _, whole = tabs.found(request, pk)
    except TooSlow:
        return too_slow(request, pk)
    cases = selected.cases_of(one)
    trial = selected.trial_of(cases)
    context = tabs.context_of(request, whole, "truth_improve") | {
        "one": one,
        "trial": trial,
        "says": sentence(one, trial),
        "difference": words.points(trial.difference),
        "forest": drawing.forest(trial.difference, -SPREAD, SPREAD),
        "figures": figures(trial),
        "newest": whole.newest.pk == one.base_id,
        "examples": [(example["blocks"], written(example["verdict"])) for example in one.examples],
        "turned": [_line(case) for case in cases if _turned(case)][:SHOWN],
    }
    return render(request, "truth/improvement.html", context)


def _turned(case: ImprovementCase) -> bool:
    return case.yes is not None and case.yes != case.before


def _line(case: ImprovementCase) -> dict[str, Any]:
    span = None if case.span_id is None else span_hex(case.span_id)
    return {"case": case, "trace_hex": case.trace_id.hex, "span_hex": span,
            "better": case.yes == case.people}  # fmt: skip


def figures(trial: Trial) -> list[tuple[str, words.Said, words.Said]]:
    """Each figure of both versions."""
    before, after = trial.before, trial.after
    if before is None or after is None:
        return []
    return [
        ("As people say", words.of_share(before.accuracy), words.of_share(after.accuracy)),
        ("Kappa", words.of_kappa(before.kappa), words.of_kappa(after.kappa)),
        ("Sensitivity", words.of_share(before.sensitivity), words.of_share(after.sensitivity)),
        ("Specificity", words.of_share(before.specificity), words.of_share(after.specificity)),
    ]


def sentence(one: Improvement, trial: Trial) -> str:
    """What came of it."""
    if one.state == Improvement.State.RUNNING:
        return "It is being tried on the cases held out. This page can be left."
    if one.state == Improvement.State.FAILED:
        return f"It could not be tried: {one.problem}"
    if trial.difference is None:
        return "No case held out has a verdict."
    said = words.points(trial.difference)
    told = f"{said.value} on {trial.tried} cases that it has not seen ({said.interval})."
    if trial.helps:
        return f"Better for certain: {told}"
    if trial.harms:
        return f"Worse for certain: {told} Put it aside."
    return f"No clear difference: {told}"


@require_POST
@project_page(Permission.WRITE)
def change(request: ProjectRequest, pk: int, improvement: int) -> HttpResponse:
    """`do`: adopt or discard."""
    access = request.access
    one = found(request, pk, improvement)
    try:
        if request.POST.get("do") == "adopt":
            version = improving.adopt(access, one)
            messages.success(request, f"Version {version.number} is at work.")
        else:
            improving.discard(access, one)
            messages.success(request, "The draft is put aside.")
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
    return redirect("truth_improvement", access.project.slug, pk, one.pk)
