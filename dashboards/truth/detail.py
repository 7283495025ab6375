"""One evaluator beside people: matrix, slices, versions, and what it is paired with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from dashboards.frame import TOO_SLOW
from dashboards.truth import drawing, tabs, words
from dashboards.truth.drawing import Forest
from dashboards.truth.words import Said
from evals.models import EvaluatorVersion
from evals.selectors.evaluators import get_evaluator
from evals.stats.judging import Comparison
from evals.truth.selectors.comparisons import MOST_SLICED, Figures, Whole
from evals.truth.selectors.labels import questions_answered
from evals.truth.services import pairing
from evals.truth.verdicts import Reading
from sightglass.accounts.access import Permission, ProjectRequest, project_page
from traces.selectors.paging import TooSlow

LABELS = {
    "model": "Model",
    "release": "Release",
    "prompt": "Prompt",
    "environment": "Environment",
    "language": "Language",
}


@dataclass(frozen=True, slots=True)
class Part:
    """A slice or a version as a table lists it."""

    name: str
    of: str
    figures: Figures
    version: EvaluatorVersion | None = None

    @property
    def kappa(self) -> Said:
        return words.of_kappa(self._whole.kappa if self._whole else None)

    @property
    def forest(self) -> Forest | None:
        return drawing.forest(self._whole.kappa if self._whole else None)

    @property
    def accuracy(self) -> Said:
        return words.of_share(self._whole.accuracy if self._whole else None)

    @property
    def sensitivity(self) -> Said:
        return words.of_share(self._whole.sensitivity if self._whole else None)

    @property
    def specificity(self) -> Said:
        return words.of_share(self._whole.specificity if self._whole else None)

    @property
    def _whole(self) -> Comparison | None:
        return self.figures.comparison


@dataclass(frozen=True, slots=True)
class Cell:
    """One field of the matrix. `url` leads to its cases."""

    count: int
    right: bool
    url: str
    told: str


class PairingForm(forms.Form):
    question = forms.CharField(
        label="People’s answers to",
        max_length=100,
        widget=forms.TextInput(
            attrs={"class": "in", "list": "questions", "autocomplete": "off", "spellcheck": "false"}
        ),
        help_text="The key of a question of a review queue, or the name of a score people give.",
    )
    opposite = forms.BooleanField(label="Their yes is its no", required=False)
    least = forms.FloatField(
        label="Numbers are yes from",
        required=False,
        min_value=-1e6,
        max_value=1e6,
        widget=forms.NumberInput(attrs={"class": "in", "step": "any"}),
        help_text="For scales, such as 4 of 1 to 5.",
    )
    words = forms.CharField(
        label="Options that are yes",
        required=False,
        max_length=4_000,
        widget=forms.TextInput(attrs={"class": "in", "autocomplete": "off"}),
        help_text="For choices; separated by commas.",
    )

    def reading(self) -> Reading:
        said = self.cleaned_data
        options = tuple(one.strip() for one in said["words"].split(",") if one.strip())
        return Reading(said["question"], said["opposite"], said["least"], options)


def initial_of(reading: Reading) -> dict[str, Any]:
    return {
        "question": reading.question,
        "opposite": reading.opposite,
        "least": reading.least,
        "words": ", ".join(reading.words),
    }


@require_GET
@project_page(Permission.READ)
def evaluator(request: ProjectRequest, pk: int) -> HttpResponse:
    """The page."""
    try:
        _, whole = tabs.found(request, pk)
    except TooSlow:
        return too_slow(request, pk)
    return render(request, "truth/evaluator.html", _context(request, whole))


def too_slow(request: ProjectRequest, pk: int) -> HttpResponse:
    context = {"evaluator": get_evaluator(request.access, pk), "problem": TOO_SLOW}
    return render(request, "truth/slow.html", context)


def _context(
    request: ProjectRequest, whole: Whole, form: PairingForm | None = None
) -> dict[str, Any]:
    context = tabs.context_of(request, whole, "truth_evaluator")
    figures = whole.shown.figures if whole.shown else None
    compared = figures.comparison if figures else None
    context |= {
        "figures": figures,
        "basis": words.basis(figures) if figures else "",
        "left_out": words.left_out(figures, whole.pairs) if figures else "",
        "sliced": MOST_SLICED if figures and figures.n > MOST_SLICED else None,
        "need": words.need(figures) if figures and not compared else "",
        "rows": matrix(request, whole, compared) if compared else [],
        "categories": [_said(one) for one in compared.categories] if compared else [],
        "slices": [Part(one.name, LABELS[one.dimension], one.figures) for one in whole.slices],
        "history": [
            Part(f"Version {one.version.number}", "", one.figures, one.version)
            for one in whole.history
        ],
        "form": form or PairingForm(initial=initial_of(whole.reading)),
        "questions": list(questions_answered(request.access.project.pk)),
    }
    if compared and figures:
        people, about = words.two_people(figures, whole.pairs)
        context["stats"] = [
            ("Kappa", words.of_kappa(compared.kappa), "agreement beyond chance"),
            ("Sensitivity", words.of_share(compared.sensitivity), "of people’s yes, it says yes"),
            ("Specificity", words.of_share(compared.specificity), "of people’s no, it says no"),
            ("Two people", people, about),
        ]
    return context


def _said(category: object) -> str:
    if isinstance(category, bool):
        return "yes" if category else "no"
    return str(category)


def matrix(
    request: ProjectRequest, whole: Whole, compared: Comparison
) -> list[tuple[str, list[Cell]]]:
    """Rows are what people say; each field leads to its cases where these are yes and no."""
    base = reverse("truth_cases", args=[request.access.project.slug, whole.evaluator.pk])
    kinds = {
        (True, True): "both-yes",
        (True, False): "judge-no",
        (False, True): "judge-yes",
        (False, False): "both-no",
    }
    found = []
    for row, people in enumerate(compared.categories):
        cells = []
        for column, judge in enumerate(compared.categories):
            count = int(compared.matrix[row, column])
            told = f"People {_said(people)}, judge {_said(judge)}"
            both = isinstance(people, bool) and isinstance(judge, bool)
            kind = kinds[bool(people), bool(judge)] if both else ""
            url = f"{base}?kind={kind}" if kind and count else ""
            cells.append(Cell(count, row == column, url, told))
        found.append((_said(people), cells))
    return found


@require_POST
@project_page(Permission.WRITE)
def pair(request: ProjectRequest, pk: int) -> HttpResponse:
    """Choose which answers of people it is held against."""
    found = get_evaluator(request.access, pk)
    form = PairingForm(request.POST)
    if form.is_valid():
        try:
            pairing.choose(request.access, found, form.reading())
            messages.success(request, f"{found.name} is held against {form.reading().question}.")
            return redirect("truth_evaluator", request.access.project.slug, pk)
        except ValidationError as error:
            for name, said in error.message_dict.items():
                form.add_error(name, said)
    try:
        _, whole = tabs.found(request, pk)
    except TooSlow:
        return too_slow(request, pk)
    return render(request, "truth/evaluator.html", _context(request, whole, form))
