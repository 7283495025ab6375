"""Rules that fill a queue: listed, made after a look at how much they would put in, stopped."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from dashboards.queues import framing, words
from dashboards.queues.foreseeing import DAYS, MOST, Foreseen, foresee
from dashboards.queues.rule_forms import RuleForm
from evals.models import Evaluator
from evals.review.errors import Conflict, Invalid
from evals.review.models import FillRule, Queue
from evals.review.services import rules, standing
from sightglass.accounts.access import Access, Permission, ProjectRequest, project_page
from traces.query import QueryError
from traces.selectors.paging import TooSlow

MOST_LISTED = 100
MOST_STRATA = 8


@dataclass(frozen=True, slots=True)
class Line:
    rule: FillRule
    unheard: str
    """The score that it waits for and no user has given yet."""

    @property
    def sentence(self) -> str:
        return words.rule(self.rule)


@require_http_methods(["GET", "POST"])
@project_page(Permission.WRITE)
def filling(request: ProjectRequest, queue: str) -> HttpResponse:
    """The rules and the form of another one; POST makes it, or with `do=preview` says how much."""
    access = request.access
    found = standing.queue_of(access, queue)
    if request.method != "POST":
        return _shown(request, found, RuleForm())
    form = RuleForm(request.POST)
    if request.POST.get("do") == "preview":
        seen, problem = _foreseen(found, form)
        return _shown(request, found, form, seen, problem)
    if form.is_valid() and _made(access, found, form):
        messages.success(request, "The rule is at work. It looks every few seconds.")
        return redirect("queue_rules", access.project.slug, found.slug)
    return _shown(request, found, form)


@require_POST
@project_page(Permission.WRITE)
def stop(request: ProjectRequest, queue: str, pk: int) -> HttpResponse:
    """Let a rule add nothing any more."""
    found = standing.queue_of(request.access, queue)
    rules.stop(request.access, rules.rule_of(found, pk))
    messages.success(request, "The rule is stopped. What it added stays.")
    return redirect("queue_rules", request.access.project.slug, found.slug)


def _made(access: Access, queue: Queue, form: RuleForm) -> bool:
    days = int(form.cleaned_data["since"])
    since = timezone.now() - timedelta(days=days)
    since_ns = int(since.timestamp()) * 10**9 if days else None
    try:
        rules.create(access, queue, form.draft(), since_ns=since_ns)
    except Invalid as error:
        form.refuse(error.errors)
        return False
    except Conflict as error:
        form.add_error(None, error.detail)
        return False
    return True


def _foreseen(queue: Queue, form: RuleForm) -> tuple[Foreseen | None, str]:
    """What the rule would have found, or why that is not known."""
    if not form.is_valid():
        return None, "Something is wrong in the form."
    try:
        since = int(form.cleaned_data["since"])
        return foresee(queue, form.draft(), timezone.now(), since), ""
    except Invalid as error:
        form.refuse(error.errors)
        return None, "Something is wrong in the form."
    except QueryError as error:
        return None, f"The query cannot be read: {error.detail}"
    except TooSlow:
        return None, "Looking took too long and was stopped. The rule itself looks in small steps."


def _shown(
    request: ProjectRequest,
    queue: Queue,
    form: RuleForm,
    seen: Foreseen | None = None,
    problem: str = "",
) -> HttpResponse:
    access = request.access
    context: dict[str, Any] = {
        "form": form,
        "seen": seen,
        "problem": problem,
        "days": DAYS,
        "most": MOST,
        "unheard": rules.unheard(queue, form.draft().config) if seen else "",
        "strata": seen.strata[:MOST_STRATA] if seen and form["stratify"].value() else [],
    }
    context |= framing.frame(access, queue, "rules")
    if request.htmx and request.htmx.target == "foreseen":
        return render(request, "queues/foreseen.html", context)
    rows = queue.rules.select_related("created_by").order_by("-active", "-pk")[:MOST_LISTED]
    context["lines"] = [
        Line(rule, rules.unheard(queue, rule.config) if rule.active else "") for rule in rows
    ]
    context["fields_of_strata"] = rules.STRATA
    context["scores"] = list(
        Evaluator.objects.filter(project=access.project, archived_at=None)
        .order_by("name")
        .values_list("name", flat=True)[:200]
    )
    return render(request, "queues/rules.html", context)
