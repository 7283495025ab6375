"""How an evaluator's numbers stand to what people say."""

from __future__ import annotations

from dataclasses import dataclass

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_POST

from dashboards.evaluators.words import CURVES
from dashboards.truth import drawing, tabs
from dashboards.truth.detail import too_slow
from evals.selectors.evaluators import get_evaluator
from evals.stats.recalibration import Loss
from evals.truth.selectors import calibration as selected
from evals.truth.selectors.calibration import Calibration
from evals.truth.services import calibrating
from sightglass.accounts.access import Permission, ProjectRequest, project_page
from traces.selectors.paging import TooSlow

WHY = {
    "no numbers": "It gives no numbers: there is nothing to calibrate.",
    "unread": "Nothing says which of people’s answers are yes.",
    "not within 0 and 1": "Its numbers are not within 0 and 1.",
}


@dataclass(frozen=True, slots=True)
class LossLine:
    name: str
    loss: Loss

    @property
    def label(self) -> str:
        return CURVES[self.name]


@require_GET
@project_page(Permission.READ)
def calibration(request: ProjectRequest, pk: int) -> HttpResponse:
    """The page."""
    try:
        _, whole = tabs.found(request, pk)
    except TooSlow:
        return too_slow(request, pk)
    version = whole.shown.version if whole.shown else whole.newest
    found = selected.of_version(version, whole.pairs)
    context = tabs.context_of(request, whole, "truth_calibration") | {
        "found": found,
        "current": version.pk == whole.newest.pk,
        "applied": whole.newest.config.get("calibration"),
        "applied_label": CURVES.get((whole.newest.config.get("calibration") or {}).get("kind", "")),
        "dots": drawing.dots(found.bins),
        "line": drawing.curve(found.curve),
        "size": drawing.SIZE,
        "losses": [LossLine(*one) for one in found.found.losses.items()] if found.found else [],
        "says": sentence(found),
        "curve_label": CURVES[found.curve["kind"]] if found.curve else "",
    }
    return render(request, "truth/calibration.html", context)


def sentence(found: Calibration) -> str:
    if found.found is None:
        return WHY.get(found.reason, found.reason)
    if found.applied:
        return "Its numbers have been through a curve. This is how they stand to people now."
    if found.curve is not None:
        label = CURVES[found.curve["kind"]]
        return f"On labels that it has not seen, {label} is nearer to people for certain."
    reason = found.found.reason
    if reason == "lowers the loss":
        return "Where it says more, people say yes less often: no curve can mend that."
    return f"The numbers stay as they are: {reason}."


@require_POST
@project_page(Permission.WRITE)
def change(request: ProjectRequest, pk: int) -> HttpResponse:
    """`do`: apply or remove; either makes the next version."""
    access = request.access
    evaluator = get_evaluator(access, pk)
    remove = request.POST.get("do") == "remove"
    try:
        work = calibrating.remove if remove else calibrating.apply
        version = work(access, evaluator)
        how = "without the curve" if remove else "with the curve"
        messages.success(request, f"Version {version.number} is at work, {how}.")
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
    except TooSlow:
        messages.error(request, "Reading the labels took too long and was stopped.")
    return redirect("truth_calibration", access.project.slug, pk)
