"""The pages of a cheaper model: a form with an estimate, verdicts, answers side by side."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_POST

from dashboards import frame as frames
from dashboards import numbers
from dashboards.cost.pages import tabs
from dashboards.frame import Frame
from dashboards.periods import bounds
from dashboards.replays import own, words
from evals.models import Connection, EvaluatorVersion, Kind
from evals.replays.models import Trial, TrialCall
from evals.replays.prompts import REASONS
from evals.replays.selectors import reading
from evals.replays.services import trials
from evals.selectors.evaluators import newest_versions
from evals.topics.models import Topic
from evals.topics.selectors import titles
from sightglass.accounts.access import Permission, ProjectRequest, project_page
from traces.ids import span_hex
from traces.spans import PICO

LISTED, SHOWN = 10, 12


@require_GET
@project_page(Permission.READ)
def cost_cheaper(request: ProjectRequest) -> HttpResponse:
    """The form, and the trials there are."""
    frame = frames.read(request, "cost_cheaper")
    return render(request, "replays/cheaper.html", _common(request, frame))


@require_POST
@project_page(Permission.WRITE)
def cost_cheaper_new(request: ProjectRequest) -> HttpResponse:
    """`do`: `begin` begins a trial, anything else says what it would cost."""
    frame = frames.read(request, "cost_cheaper")
    context: dict[str, Any] = _common(request, frame)
    try:
        wanted = _wanted(request, frame)
        if request.POST.get("do") == "begin":
            made = trials.create(request.access, wanted)
            return redirect(frame.page("cost_cheaper_one", made.pk))
        found = trials.foresee(request.access, wanted)
        by_topic = wanted.slice_by == "topic"
        called = titles(request.access.project.pk) if by_topic else {}
        context["foreseen"] = _foreseen(found, called)
    except ValidationError as error:
        context["problems"] = error.messages
    context["said"] = request.POST
    context["chosen"] = request.POST.getlist("evaluator")
    return render(request, "replays/cheaper.html", context)


def _common(request: ProjectRequest, frame: Frame) -> dict[str, Any]:
    return {
        "bar": frame.bar(),
        "frame": frame,
        "tabs": tabs(frame, "cost_cheaper"),
        "connections": list(Connection.objects.filter(project=request.access.project)[:100]),
        "versions": _able(request),
        "listed": own.listed(reading.trials(request.access).order_by("-pk")[:LISTED]),
        "may_change": request.access.may(Permission.WRITE),
        "query": frame.link().lstrip("?"),
        "usual": trials.USUAL,
        "topics": Topic.objects.filter(project=request.access.project).exists(),
        "fewest": trials.FEWEST,
        "most": trials.MOST,
    }


def _able(request: ProjectRequest) -> list[EvaluatorVersion]:
    return [
        one
        for one in newest_versions(request.access)
        if one.kind in (Kind.JUDGE, Kind.DETECTOR) and one.target == "span"
    ]


def _wanted(request: ProjectRequest, frame: Frame) -> trials.Wanted:
    """Raises ValidationError."""
    given = request.POST
    pk = given.get("connection", "")
    connection = Connection.objects.filter(
        project=request.access.project, pk=int(pk) if pk.isascii() and pk.isdecimal() else 0
    ).first()
    if connection is None:
        raise ValidationError("Choose a connection to ask.")
    chosen = set(given.getlist("evaluator"))
    start, end = bounds(frame.range)
    return trials.Wanted(
        start,
        end,
        connection,
        [one for one in _able(request) if str(one.evaluator_id) in chosen],
        given.get("model", ""),
        frame.text if frame.query is not None else "",
        given.get("slice_by", "prompt"),
        int(_number(given.get("most", ""), "calls")),
        float(_number(given.get("margin", ""), "margin") / 100),
        int(_number(given.get("budget", ""), "budget") * PICO),
    )


def _number(text: str, name: str) -> Decimal:
    try:
        value = Decimal(text)
    except InvalidOperation:
        value = Decimal("NaN")
    if not value.is_finite() or not 0 <= value < 10**6:
        raise ValidationError(f"The {name} must be a number.")
    return value


def _foreseen(found: trials.Foreseen, called: dict[int, str]) -> dict[str, Any]:
    return {
        "calls": found.calls,
        "slices": sum(one["asked"] > 0 for one in found.strata.values()),
        "looked_at": sum(one["read"] for one in found.strata.values()),
        "limits": words.limits(found.strata, called),
        "cost": numbers.money(found.cost),
        "priced": found.priced,
        "left_out": [(REASONS[name], number) for name, number in found.left_out.items()],
    }


@require_GET
@project_page(Permission.READ)
def cost_cheaper_one(request: ProjectRequest, pk: int) -> HttpResponse:
    """One trial: how far it is, or what it found. `slice`: whose answers are shown."""
    trial = reading.trial(request.access, pk)
    frame = frames.read(request, "cost_cheaper")
    chosen = request.GET.get("slice", "")
    called = titles(trial.project_id) if trial.slice_by == "topic" else {}
    found = reading.trial_result(trial) or {"slices": []}
    rows = _slices(trial, found, chosen, called)
    serving = [row for row in rows if row["serves"]]
    context: dict[str, Any] = _common(request, frame) | {
        "trial": trial,
        "own": own.bar(request, trial, "cost_cheaper", "Try again"),
        "spent": numbers.money(trial.spent + trial.reserved),
        "budget": numbers.money(trial.budget),
        "estimate": numbers.money(trial.estimate),
        "margin": words.points(trial.margin),
        "scaled": words.scaled(trial.traffic_ns or trial.end_ns - trial.start_ns),
        "note": words.rest_note(trial.slice_by, trial.strata),
        "left_out": [(REASONS.get(name, name), n) for name, n in trial.left_out.items()],
        "rows": rows,
        "serving": len(serving),
        "saves": numbers.money(found.get("saves")),
        "sure": words.saves_interval(found),
        "examples": _examples(request, trial, chosen, called),
        "chosen_slice": words.slice_name(chosen, called),
    }
    return render(request, "replays/trial.html", context)


def _slices(
    trial: Trial, found: dict[str, Any], chosen: str, called: dict[int, str]
) -> list[dict[str, Any]]:
    return [
        {
            "key": row["slice"],
            "name": words.slice_name(row["slice"], called),
            "chosen": row["slice"] == chosen,
            "serves": row["serves"],
            "verdict": words.verdict(row, trial.margin),
            "asked": words.asked(row),
            "saves": numbers.money(row["saves"]),
            "saves_of": words.saves_of(row),
            "ms": f"{numbers.latency(row['ms_before'])} → {numbers.latency(row['ms_after'])}",
            "evaluators": [
                {
                    "name": one["name"],
                    "before": numbers.share(one["before"]),
                    "after": numbers.share(one["after"]),
                    "change": words.change(one["low"], one["high"]),
                    "pairs": one["pairs"],
                    "basis": f"corrected by {one['labels']} labels"
                    if one["corrected"]
                    else one["reason"],
                }
                for one in row["evaluators"]
            ],
        }
        for row in found["slices"]
    ]


def _examples(
    request: ProjectRequest, trial: Trial, chosen: str, called: dict[int, str]
) -> list[dict[str, Any]]:
    """Answers side by side, those first that an evaluator finds worse."""
    rows = trial.calls.filter(state=TrialCall.State.DONE)
    if chosen:
        rows = rows.filter(slice=chosen)
    worse = list(
        rows.filter(verdicts__good_before=True, verdicts__good_after=False)
        .distinct()
        .order_by("pk")[:SHOWN]
    )
    seen = {row.pk for row in worse}
    rest = list(rows.exclude(pk__in=seen).order_by("pk")[: SHOWN - len(worse)])
    listed = [*worse, *rest]
    keys = {row.pk: (row.trace_id.hex, span_hex(row.span_id)) for row in listed}
    said = reading.said(request.access, keys.values())
    return [
        {"slice": words.slice_name(row.slice, called), "worse": row.pk in seen,
         "said": said[keys[row.pk]], "answer": row.answer[: reading.LONGEST]}
        for row in listed
        if keys[row.pk] in said
    ]  # fmt: skip


@require_POST
@project_page(Permission.WRITE)
def cost_cheaper_change(request: ProjectRequest, pk: int) -> HttpResponse:
    """`do`: stop or remove."""
    trial = reading.trial(request.access, pk)
    if request.POST.get("do") == "stop":
        trials.stop(request.access, trial)
        return redirect("cost_cheaper_one", request.access.project.slug, pk)
    if request.POST.get("do") != "remove":
        raise Http404("There is nothing of this name to do.")
    trials.remove(request.access, trial)
    messages.success(request, "The trial is removed with its answers.")
    return redirect("cost_cheaper", request.access.project.slug)
