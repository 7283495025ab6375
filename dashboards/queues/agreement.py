"""How far reviewers agree, for a lead: in words, as a table with its chart, and as a file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.http import HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET

from dashboards.queues import framing, verdicts
from dashboards.queues.verdicts import RELIABLE, TENTATIVE, Verdict
from evals.review.models import Queue
from evals.review.selectors import agreement as selected
from evals.review.selectors import desk
from evals.review.selectors.agreement import OfQuestion, OnGold, Speed
from evals.review.services import standing
from evals.stats.estimates import Estimate
from sightglass.accounts.access import Permission, ProjectRequest, project_page
from traces.api.export import file_response
from traces.selectors.paging import TooSlow

MOST_PAIRS = 30
FLOOR = -0.2
"""Where the charts begin; what lies below is drawn there."""
COLUMNS = ("question", "figure", "reviewer", "other", "value", "low", "high", "n", "reason")


@dataclass(frozen=True, slots=True)
class Figure:
    """A line of the table with its chart; places are percents of the chart's width."""

    label: str
    estimate: Estimate
    observed: str = ""
    strong: bool = False
    title: str = ""
    """Addresses of those whose names the label says."""

    @property
    def at(self) -> float | None:
        return _place(self.estimate.value)

    @property
    def from_(self) -> float | None:
        return _place(self.estimate.low)

    @property
    def to(self) -> float | None:
        return _place(self.estimate.high)


def _place(value: float | None) -> float | None:
    if value is None:
        return None
    return round(100 * (max(min(value, 1.0), FLOOR) - FLOOR) / (1 - FLOOR), 2)


@dataclass(frozen=True, slots=True)
class Person:
    """One reviewer's bias and drift in a question: (tone, words), and the figure behind."""

    who: str
    name: str
    bias: tuple[str, str]
    bias_figure: str
    drift: tuple[str, str]
    drift_figure: str


@dataclass(frozen=True, slots=True)
class Section:
    """One question."""

    of: OfQuestion
    verdict: Verdict
    figures: list[Figure]
    left_out: int
    least: str
    people: list[Person]

    @property
    def asked_in(self) -> str:
        """Which versions of the questions had these words; empty where all have."""
        wording = self.of.wording
        if wording.present and wording.versions[0] == 1:
            return ""
        numbers = ", ".join(map(str, wording.versions))
        return f"version{'' if len(wording.versions) == 1 else 's'} {numbers}"


@dataclass(frozen=True, slots=True)
class Worker:
    """One reviewer in all questions."""

    speed: Speed
    name: str
    time: tuple[str, str]
    gold: tuple[str, str]
    gold_items: int


@require_GET
@project_page(Permission.REVIEW)
def agreement(request: ProjectRequest, queue: str) -> HttpResponse:
    """For leads."""
    access = request.access
    found = standing.queue_of(access, queue)
    standing.lead(access, found)
    context: dict[str, Any] = framing.frame(access, found, "agreement") | {
        "lines": [("0.67", _place(TENTATIVE)), ("0.80", _place(RELIABLE))],
        "zero": _place(0.0),
    }
    try:
        names = desk.names_of_labels(found)
        context |= {
            "sections": [
                section(one, names, found.labels_wanted) for one in selected.of_queue(found)
            ],
            "workers": workers(found, names),
        }
    except TooSlow:
        context["slow"] = True
    return render(request, "queues/agreement.html", context)


Names = Mapping[str, str]
"""By address: how people are called who have told it."""


def section(of: OfQuestion, names: Names, wanted: int) -> Section:
    pairs = _pairs(of, names)
    figures = [
        Figure("All, Krippendorff’s alpha", of.agreement.alpha, strong=True),
        Figure("All, Fleiss’ kappa", of.agreement.fleiss),
        *pairs[:MOST_PAIRS],
    ]
    people = [
        Person(
            who,
            names.get(who, who),
            verdicts.of_bias(of.question, one.bias),
            verdicts.signed(of.question, one.bias),
            verdicts.of_drift(of.question, one.drift),
            verdicts.signed(of.question, one.drift),
        )
        for who, one in of.reviewers.items()
    ]
    conditional = "when" in of.question
    verdict = verdicts.of_alpha(of.agreement.alpha, wanted, conditional=conditional)
    left_out = max(len(pairs) - MOST_PAIRS, 0)
    return Section(of, verdict, figures, left_out, verdicts.least(of, names), people)


def _pairs(of: OfQuestion, names: Names) -> list[Figure]:
    """Pairs with items in common, those who agree least first."""
    found = [
        Figure(
            f"{names.get(a, a)} and {names.get(b, b)}",
            pair.weighted or pair.kappa,
            "" if pair.observed.value is None else f"{pair.observed.value:.0%} alike",
            title=f"{a}, {b}",
        )
        for (a, b), pair in of.agreement.pairs.items()
        if pair.observed.n
    ]
    return sorted(found, key=lambda one: 2.0 if one.estimate.value is None else one.estimate.value)


def workers(queue: Queue, names: Names) -> list[Worker]:
    """All who have labelled, by name."""
    speeds = selected.speed(queue)
    gold = {one.reviewer: one for one in selected.on_gold(queue)}
    return [
        Worker(
            one,
            names.get(one.reviewer, one.reviewer),
            verdicts.of_speed(one, speeds),
            verdicts.of_gold(gold.get(one.reviewer)),
            gold[one.reviewer].items if one.reviewer in gold else 0,
        )
        for one in speeds
    ]


@require_GET
@project_page(Permission.REVIEW)
def agreement_csv(request: ProjectRequest, queue: str) -> HttpResponseBase:
    """All figures with all digits, for leads."""
    access = request.access
    found = standing.queue_of(access, queue)
    standing.lead(access, found)
    try:
        sections, gold = selected.of_queue(found), selected.on_gold(found)
        speeds = selected.speed(found)
    except TooSlow:
        return HttpResponseRedirect(
            reverse("queue_agreement", args=[access.project.slug, found.slug])
        )
    rows = list(rows_of(sections, gold, speeds))
    return file_response([rows], name=f"agreement-{found.slug}", form="csv", columns=COLUMNS)


def rows_of(
    sections: Sequence[OfQuestion], gold: Sequence[OnGold], speeds: Sequence[Speed]
) -> Iterator[dict[str, Any]]:
    for of in sections:
        key = of.question["key"]
        if not of.wording.present:
            key = f"{key} (version {', '.join(map(str, of.wording.versions))})"
        yield _row(key, f"alpha {of.level.value}", of.agreement.alpha)
        yield _row(key, "fleiss", of.agreement.fleiss)
        for (a, b), pair in of.agreement.pairs.items():
            yield _row(key, "observed", pair.observed, a, b)
            yield _row(key, "kappa", pair.kappa, a, b)
            if pair.weighted is not None:
                yield _row(key, "kappa weighted", pair.weighted, a, b)
        for who, one in of.reviewers.items():
            yield _row(key, "bias", one.bias, who)
            yield _row(key, "drift", one.drift, who)
    for known in gold:
        for key, share in known.questions.items():
            yield _row(key, "gold right", share, known.reviewer)
    for each in speeds:
        seconds = Estimate(each.seconds, None, None, each.labels)
        yield _row("", "median seconds", seconds, each.reviewer)


def _row(
    question: str, figure: str, one: Estimate, reviewer: str = "", other: str = ""
) -> dict[str, Any]:
    return {
        "question": question, "figure": figure, "reviewer": reviewer, "other": other,
        "value": one.value, "low": one.low, "high": one.high, "n": one.n, "reason": one.reason,
    }  # fmt: skip
