"""What a trial has found so far: by slice and evaluator, with what it would save."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from statistics import median
from typing import Any

from evals.models import EvaluatorVersion
from evals.replays import months, saving, serving
from evals.replays.models import Trial, TrialCall, TrialVerdict
from evals.replays.saving import Slice
from evals.replays.serving import Judge
from evals.stats.estimates import Estimate
from evals.stats.noninferiority import Verdict
from evals.truth.selectors import comparisons
from sightglass.accounts.access import ROLE_PERMISSIONS, Access
from sightglass.accounts.models import Role

FEWEST_LABELS = 20
"""Of yes and of no together, below which nothing is corrected."""


def of_trial(trial: Trial) -> dict[str, Any]:
    """JSON: shares 0..1, money in pico dollars a month of 30 days, latencies in ms."""
    versions = list(trial.versions.select_related("evaluator").order_by("pk"))
    judges = {one.pk: judge_of(trial, one) for one in versions}
    calls = list(trial.calls.filter(state=TrialCall.State.DONE))
    answered = list(trial.calls.exclude(answer=""))
    pairs = _pairs(trial)
    tests: dict[tuple[str, int], Verdict | None] = {}
    slices, savings = [], {}
    for name in trial.strata:
        rows = []
        for version in versions:
            found, test = serving.compared(
                pairs[name, version.pk], trial.margin, judges[version.pk]
            )
            tests[name, version.pk] = test
            rows.append(_evaluator_row(version, found))
        money, savings[name] = _money(trial, name, answered)
        slices.append({"slice": name, "evaluators": rows} | money)
    served = serving.served(tests)
    for one in slices:
        one["serves"] = served.get(one["slice"], False)
    whole = saving.together([savings[one["slice"]] for one in slices if one["serves"]])
    return {
        "slices": slices,
        "judged": len(calls),
        "failed": trial.calls.filter(state=TrialCall.State.FAILED).count(),
        **_monthly(whole, trial.traffic_ns or trial.end_ns - trial.start_ns),
    }


def _evaluator_row(version: EvaluatorVersion, found: serving.Found) -> dict[str, Any]:
    return {
        "evaluator": version.evaluator_id,
        "name": version.evaluator.name,
        "version": version.number,
        "pairs": found.pairs,
        "before": found.before,
        "after": found.after,
        "difference": found.difference,
        "low": found.low,
        "high": found.high,
        "p": found.p,
        "labels": found.labels,
        "corrected": found.corrected,
        "reason": found.reason,
    }


def _pairs(trial: Trial) -> dict[tuple[str, int], list[tuple[bool, bool]]]:
    """By slice and version, where there are verdicts on both answers."""
    rows = TrialVerdict.objects.filter(
        call__trial=trial, good_before__isnull=False, good_after__isnull=False
    ).values_list("call__slice", "version", "good_before", "good_after")
    found: dict[tuple[str, int], list[tuple[bool, bool]]] = defaultdict(list)
    for name, version, before, after in rows:
        found[name, version].append((bool(before), bool(after)))
    return found


def _sampled(trial: Trial, name: str) -> Slice:
    """Trials of before did not read calls before they asked them: what could not be asked is what
    is missing of them now."""
    stratum = trial.strata[name]
    if "read" in stratum:
        parts = ("calls", "cost", "read", "able", "able_cost", "unable_cost")
        return Slice(*(stratum[part] for part in parts))
    costs = list(trial.calls.filter(slice=name).values_list("cost_before", flat=True))
    able = sum(one or 0 for one in costs)
    return Slice(stratum["calls"], stratum["cost"], stratum["asked"], len(costs), able, 0)


def _money(
    trial: Trial, name: str, answered: Sequence[TrialCall]
) -> tuple[dict[str, Any], Estimate]:
    """What a slice costs and would save a month, from the calls that were answered."""
    part = _sampled(trial, name)
    traffic_ns = trial.traffic_ns or trial.end_ns - trial.start_ns
    mine = [one for one in answered if one.slice == name]
    gaps = [one.cost_before - one.cost for one in mine if one.cost_before is not None]
    found = saving.saved(part, gaps, len(mine))
    early = [one.ms_before for one in mine if one.ms_before is not None]
    late = [one.ms for one in mine if one.ms is not None]
    return {
        "calls": part.calls,
        "read": part.read,
        "askable": part.askable,
        "askable_share": part.share,
        "asked": trial.strata[name]["asked"],
        "answered": len(mine),
        "cost": months.monthly(part.cost, traffic_ns) if gaps else None,
        "askable_cost": months.monthly(part.askable_cost, traffic_ns) if gaps else None,
        **_monthly(found, traffic_ns),
        "ms_before": median(early) if early else None,
        "ms_after": median(late) if late else None,
    }, found


def _monthly(found: Estimate, traffic_ns: int) -> dict[str, int | None]:
    parts = {"saves": found.value, "saves_low": found.low, "saves_high": found.high}
    return {
        name: None if value is None else months.monthly(round(value), traffic_ns)
        for name, value in parts.items()
    }


def judge_of(trial: Trial, version: EvaluatorVersion) -> Judge | None:
    """How often it is right as people see it; None where too few of its cases are labelled."""
    access = Access(trial.project, ROLE_PERMISSIONS[Role.VIEWER])
    whole = comparisons.of_evaluator(access, version.evaluator)
    pairs = [one for one in whole.pairs if one.people is not None and one.judge_yes is not None]
    if len(pairs) < FEWEST_LABELS:
        return None
    found = comparisons.figures_of(pairs)
    if found.comparison is None or not found.yes_no:
        return None
    rates = [_ends(one) for one in (found.comparison.sensitivity, found.comparison.specificity)]
    if rates[0] is None or rates[1] is None:
        return None
    return Judge(rates[0], rates[1], len(pairs))


def _ends(one: Estimate) -> tuple[float, float, float] | None:
    if one.value is None or one.low is None or one.high is None:
        return None
    return one.value, one.low, one.high
