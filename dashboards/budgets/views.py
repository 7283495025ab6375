"""Pages of budgets: how they stand, one with its chart and past, the form."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from dashboards.budgets import selectors, services, telling, words
from dashboards.budgets.bar import Bar, bar_of
from dashboards.budgets.chart import card_of
from dashboards.budgets.forms import BudgetForm, initial_of
from dashboards.budgets.models import Budget
from dashboards.budgets.periods import Every, Period
from dashboards.budgets.selectors import Past
from dashboards.budgets.status import BudgetStatus, Threshold
from dashboards.frame import csv_response
from sightglass.accounts.access import Permission, ProjectRequest, project_page
from traces.query import QueryError
from traces.selectors.paging import TooSlow


@dataclass(frozen=True, slots=True)
class Shown:
    """A budget as a page shows it; without a status where it takes too long to be added up."""

    budget: Budget
    status: BudgetStatus | None

    @property
    def every(self) -> str:
        return words.EVERY[Every(self.budget.every)]

    @property
    def scope(self) -> str:
        return words.scope_of(self.budget)

    @property
    def headline(self) -> str:
        return words.headline(self.status) if self.status else ""

    @property
    def forecast_range(self) -> str:
        return words.range_of(self.status) if self.status else ""

    @property
    def label(self) -> str:
        return words.label_of(self.status) if self.status else "Not known"

    @property
    def tone(self) -> str:
        return words.tone_of(self.status) if self.status else "warn"

    @property
    def bar(self) -> Bar | None:
        return bar_of(self.status) if self.status else None

    @property
    def thresholds(self) -> list[tuple[str, Threshold, str]]:
        """Each in words, with who was told."""
        if self.status is None:
            return []
        told = telling.told_of(self.status)
        return [
            (words.threshold_of(one), one, told.get(one.crossing or 0, ""))
            for one in self.status.thresholds
        ]


@require_GET
@project_page(Permission.READ)
def budgets(request: ProjectRequest) -> HttpResponse:
    """All of them, the gravest first."""
    rows = list(selectors.list_budgets(request.access))
    for budget in rows:
        _fresh(budget)
    shown = [Shown(row.budget, row.status) for row in selectors.stand(rows)]
    key = words.key_of([one.status for one in shown if one.status])
    return render(request, "budgets/list.html", {"rows": shown, "key": key})


def _fresh(budget: Budget) -> None:
    try:
        services.keep_fresh(budget)
    except (TooSlow, QueryError):
        return  # the page says that it takes too long


@require_GET
@project_page(Permission.READ)
def budget(request: ProjectRequest, pk: int) -> HttpResponse:
    """One: its period as a chart, its thresholds, and the periods before."""
    found = selectors.get_budget(request.access, pk)
    _fresh(found)
    now = timezone.now()
    context: dict[str, Any] = {"row": Shown(found, None), "now": now}
    try:
        status = selectors.status_of(found, now)
        past = selectors.past_of(found, now)
        points = selectors.cumulated(found, status.period, now)
    except (TooSlow, QueryError):
        return render(request, "budgets/detail.html", context)
    explore = words.explore_url(found, status.period)
    card = card_of(status, points, title="Spend against budget", explore=explore)
    if request.GET.get("csv"):
        return csv_response(card, request.access.project.slug)
    context |= {
        "row": Shown(found, status),
        "key": words.key_of([status]),
        "card": card,
        "past": [_past(found, one) for one in past],
        "cost_url": words.cost_url(found, status.period),
    }
    return render(request, "budgets/detail.html", context)


@dataclass(frozen=True, slots=True)
class PastRow:
    period: Period
    spent: int
    amount: int
    share: float
    over: bool
    url: str
    width: float
    """Of its bar, in percent."""


def _past(found: Budget, one: Past) -> PastRow:
    url = words.explore_url(found, one.period)
    width = round(min(one.share, 1.0) * 100, 2)
    return PastRow(one.period, one.spent, one.amount, one.share, one.spent > one.amount, url, width)


@require_http_methods(["GET", "POST"])
@project_page(Permission.WRITE)
def new(request: ProjectRequest) -> HttpResponse:
    """The form; POST makes the budget."""
    access = request.access
    if request.method != "POST":
        return _form(request, BudgetForm(access, initial=initial_of(None)))
    form = BudgetForm(access, request.POST)
    if form.is_valid():
        try:
            made = services.create(access, form.draft())
        except ValidationError as error:
            form.refuse(error)
        else:
            messages.success(request, f"{made.name} is watched from now on.")
            return redirect("budget", access.project.slug, made.pk)
    return _form(request, form)


@require_http_methods(["GET", "POST"])
@project_page(Permission.WRITE)
def edit(request: ProjectRequest, pk: int) -> HttpResponse:
    """The form of one; POST changes it."""
    access = request.access
    found = selectors.get_budget(access, pk)
    if request.method != "POST":
        return _form(request, BudgetForm(access, initial=initial_of(found)), found)
    form = BudgetForm(access, request.POST)
    if form.is_valid():
        try:
            services.change(access, found, form.draft())
        except ValidationError as error:
            form.refuse(error)
        else:
            messages.success(request, "Saved.")
            return redirect("budget", access.project.slug, found.pk)
    return _form(request, form, found)


@require_POST
@project_page(Permission.WRITE)
def delete(request: ProjectRequest, pk: int) -> HttpResponse:
    found = selectors.get_budget(request.access, pk)
    services.remove(request.access, found)
    messages.success(request, f"{found.name} is deleted.")
    return redirect("budgets", request.access.project.slug)


def _form(request: ProjectRequest, form: BudgetForm, found: Budget | None = None) -> HttpResponse:
    return render(request, "budgets/form.html", {"form": form, "budget": found})
