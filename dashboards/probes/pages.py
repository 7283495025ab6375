"""The pages of probes: the sets, and one with its runs and answers before and now."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_POST

from dashboards import numbers
from dashboards.charts import ChartCard, Series, lines
from dashboards.probes import picking, telling
from evals.datasets.models import Dataset
from evals.datasets.selectors.datasets import dataset_of
from evals.models import Connection
from evals.probes.changes import FEWEST, LEVEL
from evals.probes.models import ProbeRun, ProbeSet
from evals.probes.selectors import reading
from evals.probes.services import runs, sets
from sightglass.accounts.access import Permission, ProjectRequest, project_page
from traces.spans import PICO

SHOWN, ANSWERS = 40, 20
DAY, HOUR = 86_400 * 10**9, 3_600 * 10**9
TEST_WORDS = {
    "exact": "other words",
    "meaning": "another meaning",
    "length": "another length",
    "refusal": "refusals",
}


@require_GET
@project_page(Permission.READ)
def probes(request: ProjectRequest) -> HttpResponse:
    """The sets, and a form for another; with `q` and `days` prompts of recorded calls to tick."""
    listed = list(reading.sets(request.access)[: sets.MOST_SETS])
    last = reading.last_runs(listed)
    project = request.access.project
    context: dict[str, Any] = {
        "sets": [(one, said_of(last.get(one.pk))) for one in listed],
        "may_change": request.access.may(Permission.WRITE),
        "connections": list(Connection.objects.filter(project=project)[:100]),
        "datasets": list(Dataset.objects.filter(project=project, archived_at=None)[:100]),
        "fewest": FEWEST,
        "most": sets.MOST,
        "days": picking.DAYS,
        "looked": picking.range_of(request.GET),
    }
    if context["looked"] is not None and context["may_change"]:
        try:
            context["found"] = picking.prompts(request.access, context["looked"])
        except ValidationError as error:
            context["problem"] = " ".join(error.messages)
    return render(request, "probes/list.html", context)


def said_of(run: ProbeRun | None) -> dict[str, str]:
    """What a run found, in a word, with its tone."""
    if run is None:
        return {"label": "Not asked yet", "tone": ""}
    if run.state != ProbeRun.State.DONE:
        return {"label": run.get_state_display(), "tone": "warn" if run.state == "stopped" else ""}
    if run.baseline and run.changed is None:
        return {"label": "Baseline", "tone": "info"}
    if run.changed is None:
        return {"label": "Too few answers", "tone": "warn"}
    label = "Changed" if run.changed else "As before"
    return {"label": label, "tone": "bad" if run.changed else "good"}


@require_GET
@project_page(Permission.READ)
def probe_set(request: ProjectRequest, pk: int) -> HttpResponse:
    """One set. `run`: whose answers are shown, else the newest that is done."""
    row = reading.probe_set(request.access, pk)
    listed = list(row.runs.order_by("-slot")[:SHOWN])
    wanted = request.GET.get("run", "")
    if wanted.isascii() and wanted.isdecimal() and len(wanted) < 19:
        shown: ProbeRun | None = reading.run_of(row, int(wanted))
    else:
        shown = next((one for one in listed if one.state == ProbeRun.State.DONE), None)
    context: dict[str, Any] = {
        "row": row,
        "probes": row.probes.count(),
        "budget": numbers.money(row.budget),
        "runs": [(one, said_of(one), why(one), numbers.money(one.cost)) for one in listed],
        "card": timeline(row, listed),
        "shown": shown,
        "said": said_of(shown),
        "why": why(shown) if shown else "",
        "answers": reading.beside(shown)[:ANSWERS] if shown else [],
        "baseline": len(runs.baseline(row)),
        "hour": runs.HOUR,
        "level": f"{LEVEL:.0%}",
        "may_change": request.access.may(Permission.WRITE),
    }
    context |= telling.context_of(request, row)
    return render(request, "probes/set.html", context)


def why(run: ProbeRun) -> str:
    """Which tests say that it has changed, and how many answers are as before."""
    if run.same is None:
        return run.problem
    told = [TEST_WORDS[name] for name, (_, _, p) in run.tests.items() if p * len(run.tests) < LEVEL]
    same = f"{numbers.share(run.same)} of the answers are as before"
    usual = f", usually {numbers.share(run.usual_same)}"
    return ", ".join(told).capitalize() + "; " + same + usual if told else same + usual


def timeline(row: ProbeSet, listed: list[ProbeRun]) -> ChartCard:
    """Answers as before, run by run, beside what is usual."""
    done = [one for one in reversed(listed) if one.same is not None]
    times = [int(one.slot.timestamp()) * 10**9 for one in done]
    series = [
        Series("As before", times, [one.same for one in done], colour="s1"),
        Series("Usual", times, [one.usual_same for one in done], colour="other", dash=True),
    ]
    step = HOUR if row.every == ProbeSet.Every.HOUR else DAY
    chart = lines(series, unit="ratio", step_ns=step, from_zero=True) if done else None
    return ChartCard(
        "same", "Answers as before", chart, sub="share of the probes", size="s",
        empty="It is drawn once the baseline is complete.",
    )  # fmt: skip


@require_POST
@project_page(Permission.WRITE)
def probes_new(request: ProjectRequest) -> HttpResponse:
    """Freeze a set: of typed prompts, of a dataset, or of the calls that are ticked."""
    given = request.POST
    slug = request.access.project.slug
    try:
        pk = given.get("connection", "")
        connection = Connection.objects.filter(
            project=request.access.project, pk=int(pk) if pk.isascii() and pk.isdecimal() else 0
        ).first()
        if connection is None:
            raise ValidationError("Choose a connection to ask.")
        drafts = _drafts(request)
        made = sets.create(
            request.access,
            sets.Wanted(
                given.get("name", ""),
                connection,
                drafts,
                given.get("model", ""),
                given.get("every", "night"),
                budget=_money(given.get("budget", "")),
            ),
        )
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
        return redirect("probes", slug)
    messages.success(request, f"{len(drafts)} prompts are frozen.")
    return redirect("probe_set", slug, made.pk)


def _drafts(request: ProjectRequest) -> list[sets.Draft]:
    """Raises ValidationError, Http404."""
    given = request.POST
    looked = picking.range_of(given)
    if looked is not None:
        listed = picking.prompts(request.access, looked)
        return picking.ticked(listed, set(given.getlist("call")))
    if given.get("dataset"):
        return sets.of_dataset(dataset_of(request.access, given["dataset"]), sets.MOST)
    return sets.typed(given.get("prompts", ""))


def _money(text: str) -> int:
    """Raises ValidationError."""
    try:
        value = Decimal(text)
    except InvalidOperation:
        value = Decimal("NaN")
    if not value.is_finite() or not 0 < value < 10**6:
        raise ValidationError("The budget must be a number of dollars.")
    return int(value * PICO)


@require_POST
@project_page(Permission.WRITE)
def probe_change(request: ProjectRequest, pk: int) -> HttpResponse:
    """`do`: run, pause, resume, retire, or accept (with `run`)."""
    access = request.access
    row = reading.probe_set(access, pk)
    do = request.POST.get("do", "")
    try:
        if do == "accept":
            wanted = request.POST.get("run", "")
            if not (wanted.isascii() and wanted.isdecimal() and len(wanted) < 19):
                raise Http404("There is no such run.")
            sets.accept(access, reading.run_of(row, int(wanted)))
            messages.success(request, "A new baseline begins with this run.")
        elif do == "run":
            sets.run_now(access, row)
            messages.success(request, "It is asked within a minute.")
        elif do in ("pause", "resume"):
            sets.pause(access, row, paused=do == "pause")
        elif do == "retire":
            sets.retire(access, row)
            messages.success(request, f"“{row.name}” is asked no more.")
            return redirect("probes", access.project.slug)
        else:
            raise Http404("There is nothing of this name to do.")
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
    return redirect("probe_set", access.project.slug, pk)
