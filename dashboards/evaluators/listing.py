"""The list of evaluators: what each did in the last days, and how far behind scoring is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_POST

from dashboards.evaluators import words
from evals.models import EvaluatorVersion, Job
from evals.models.work import State
from evals.selectors import evaluators as selected
from evals.selectors import figures
from evals.selectors.figures import Figures, Rate
from evals.services import jobs
from evals.services.exposition import Backlog, backlog
from evals.services.scoring import EMBEDDED
from sightglass.accounts.access import Permission, ProjectRequest, project_page

STATES = {"": "At work or paused", "on": "On", "paused": "Paused", "archived": "Archived"}
IN_STEP_SECONDS = 5.0
"""Younger waiting work is on its way, not behind."""


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the list."""

    version: EvaluatorVersion
    week: Figures
    rate: Rate | None
    waiting_failures: int
    spent: int

    @property
    def kind(self) -> dict[str, str]:
        return words.kind(self.version)

    @property
    def runs_on(self) -> str:
        return words.runs_on(self.version)

    @property
    def sample(self) -> str:
        return words.sample(self.version.sampling)

    @property
    def target(self) -> str:
        return words.TARGETS[self.version.target]

    @property
    def costs(self) -> bool:
        return self.version.kind not in EMBEDDED

    @property
    def outcome(self) -> tuple[str, str]:
        """The flagged share or the mean, and how many scores it rests on."""
        if self.rate is None or not self.rate.n:
            return "–", ""
        if self.rate.flagged is not None:
            return share(self.rate.flagged), f"flagged of {self.rate.judged:,}"
        if self.rate.mean is not None:
            return words.value(self.rate.mean), f"mean of {self.rate.numbers:,}"
        return "–", f"{self.rate.n:,} categories"

    @property
    def over_budget(self) -> bool:
        budget = self.version.daily_budget
        return budget is not None and self.spent >= budget


def share(value: float) -> str:
    """One decimal; what is rare keeps a digit that is not zero."""
    percent = value * 100
    return f"{percent:.1f}%" if percent >= 0.1 or percent == 0 else f"{percent:.2g}%"


@require_GET
@project_page(Permission.READ)
def evaluators(request: ProjectRequest) -> HttpResponse:
    """The list; `state` leaves only those that are on, paused or archived."""
    access = request.access
    state = request.GET.get("state", "")
    state = state if state in STATES else ""
    versions = selected.newest_versions(access, archived=state == "archived")
    if state:
        versions = [one for one in versions if one.evaluator.state == state]
    rows = rows_of(request, versions)
    behind = backlog(access.project.pk)
    context: dict[str, Any] = {
        "rows": rows,
        "total_cost": sum(row.week.cost for row in rows),
        "state": state,
        "state_label": STATES[state],
        "states": STATES,
        "behind": behind,
        "behind_ns": int(behind.seconds * 10**9),
        "in_step": in_step(behind),
        "days": figures.DAYS,
    }
    return render(request, "evaluators/list.html", context)


def rows_of(request: ProjectRequest, versions: list[EvaluatorVersion]) -> list[Row]:
    """One query for each sort of figure, however many evaluators there are."""
    ids = [one.evaluator_id for one in versions]
    weeks = figures.sums(ids)
    rates = figures.rates(request.access, [one.evaluator for one in versions]) or {}
    failures = figures.failed_counts(ids)
    spent = selected.spent_today(ids)
    return [
        Row(
            version,
            weeks.get(version.evaluator_id, Figures()),
            rates.get(version.evaluator_id),
            failures.get(version.evaluator_id, 0),
            spent.get(version.evaluator_id, 0),
        )
        for version in versions
    ]


def in_step(behind: Backlog) -> bool:
    return behind.waiting == 0 or behind.seconds < IN_STEP_SECONDS


@require_POST
@project_page(Permission.WRITE)
def retry(request: ProjectRequest, pk: int) -> HttpResponse:
    """Wake all failed jobs of an evaluator, or of the one `job` that is named."""
    access = request.access
    evaluator = selected.get_evaluator(access, pk)
    job = request.POST.get("job", "")
    if job:
        known = job.isdecimal() and len(job) < 19
        mine = known and Job.objects.filter(pk=job, version__evaluator=evaluator).exists()
        woken = jobs.retry(access.project.pk, pk=int(job)) if mine else 0
    else:
        failed = figures.versions_with_failures(evaluator)
        woken = sum(jobs.retry(access.project.pk, version) for version in failed)
    if woken:
        messages.success(request, f"{woken:,} tried again. New scores come with the next minute.")
    else:
        messages.info(request, f"Nothing of {evaluator.name} had {State.FAILED.label.lower()}.")
    if request.POST.get("next") == "detail":
        return redirect("evaluator", access.project.slug, evaluator.pk)
    return redirect("evaluators", access.project.slug)
