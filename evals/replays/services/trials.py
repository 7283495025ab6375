"""Trials of another model: foreseen, begun, stopped. `stepping` does the work."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from evals.models import Connection, EvaluatorVersion, Kind
from evals.replays import prompts
from evals.replays.models import CacheReplay, State, Trial, TrialCall
from evals.replays.services import again, meanings, recorded, sampling, talking
from evals.replays.services.again import Read
from evals.replays.services.caches import check_range
from evals.replays.services.recorded import Recorded
from evals.replays.services.sampling import Looked, Sample
from evals.replays.services.talking import Prompt
from evals.services import backfills
from sightglass.accounts import audit
from sightglass.accounts.access import Access, Permission
from sightglass.accounts.models import Project
from traces.spans import PICO

POPULATION = 20_000
"""Calls of the range that are looked at, the newest."""
FEWEST, USUAL, MOST = 20, 300, 2_000
MOST_SLICES = 12
OTHER = "other"
NAMELESS = {"prompt": "(no prompt name)", "model": "(no model)"}
SLICES = ("prompt", "model", "topic")
MOST_EVALUATORS = 5
AGAIN = timedelta(seconds=10)
"""The same within so short a time was meant once."""
MOST_OPEN = 3
HIGHEST_BUDGET = 1_000 * PICO


@dataclass(frozen=True, slots=True)
class Wanted:
    """`margin` of a share (0.02 is two points), `budget` in pico dollars."""

    start_ns: int
    end_ns: int
    connection: Connection
    versions: Sequence[EvaluatorVersion]
    model: str = ""
    q: str = ""
    slice_by: str = "prompt"
    most: int = USUAL
    margin: float = 0.02
    budget: int = 5 * PICO

    @property
    def name(self) -> str:
        return self.model.strip() or self.connection.model


@dataclass(slots=True)
class Foreseen:
    """`strata`: as a trial keeps them; `left_out`: why calls that were read cannot be asked, and
    how many; `cost` is of answers and verdicts, in pico dollars; `priced`: the model has a known
    price; `traffic_ns`: how long there was traffic, None where there was none."""

    strata: dict[str, dict[str, int]] = field(default_factory=dict)
    chosen: list[tuple[str, Recorded]] = field(default_factory=list)
    left_out: dict[str, int] = field(default_factory=dict)
    cost: int = 0
    priced: bool = False
    cut: bool = False
    traffic_ns: int | None = None

    @property
    def calls(self) -> int:
        return len(self.chosen)


def check(access: Access, wanted: Wanted) -> None:
    """Raises ValidationError by name."""
    errors = check_range(wanted.start_ns, wanted.end_ns, wanted.q)
    if wanted.connection.project_id != access.project.pk:
        errors["connection"] = "There is no such connection."
    if len(wanted.model) > 200:
        errors["model"] = "At most 200 characters."
    if wanted.slice_by not in SLICES:
        errors["slice_by"] = f"One of {', '.join(SLICES)}."
    if not FEWEST <= wanted.most <= MOST:
        errors["most"] = f"{FEWEST} to {MOST:,} calls are asked."
    if not 0 < wanted.margin <= 0.5:
        errors["margin"] = "Above 0 and at most 0.5."
    if not 0 < wanted.budget <= HIGHEST_BUDGET:
        errors["budget"] = "Above 0 and at most 1,000 US$."
    good = all(
        one.evaluator.project_id == access.project.pk and one.kind in (Kind.JUDGE, Kind.DETECTOR)
        for one in wanted.versions
    )
    if not 1 <= len(wanted.versions) <= MOST_EVALUATORS or not good:
        errors["evaluators"] = f"Choose 1 to {MOST_EVALUATORS} judges or detectors of the project."
    if errors:
        raise ValidationError(errors)


def foresee(access: Access, wanted: Wanted) -> Foreseen:
    """What would be asked and what it would cost, about. Raises ValidationError."""
    check(access, wanted)
    project = access.project
    listed = recorded.newest(project.pk, wanted.start_ns, wanted.end_ns, wanted.q, POPULATION + 1)
    found = Foreseen(cut=len(listed) > POPULATION)
    listed = listed[-POPULATION:]
    if listed:
        start = listed[0].start_ns if found.cut else wanted.start_ns
        found.traffic_ns = recorded.traffic_ns(listed, wanted.end_ns - start)
    named = _slices(project.pk, listed, wanted.slice_by)
    by_slice: dict[str, list[Recorded]] = defaultdict(list)
    for one in listed:
        by_slice[named[one.key]].append(one)

    def look(calls: Sequence[Recorded]) -> dict[recorded.Key, Looked]:
        """What is kept of a call is no text: prompts can be long, and calls are many."""
        return {
            one.call.key: Looked(one.call, one.reason, _usual_cost(project.pk, wanted.name, one))
            for one in again.read(project, calls)
        }

    for name, sample in sampling.drawn(by_slice, wanted.most, look).items():
        _take(found, name, sample)
    found.cost += found.calls * sum(map(verdicts_cost, wanted.versions))
    return found


def _usual_cost(project_id: int, model: str, one: Read) -> int:
    """If the other model's answer is as long as the recorded one."""
    if one.prompt is None:
        return 0
    usual = one.prompt.parameters | {"max_tokens": max(1, one.answered)}
    return talking.dearest(project_id, model, Prompt(one.prompt.messages, usual))


def _take(found: Foreseen, name: str, sample: Sample) -> None:
    asked = sample.able[: sample.asked]
    found.chosen += [(name, one.call) for one in asked]
    found.cost += sum(one.cost for one in asked)
    found.priced = found.priced or any(one.cost for one in asked)
    found.strata[name] = {
        "calls": len(sample.calls),
        "cost": _cost(sample.calls),
        "asked": len(asked),
        "read": len(sample.looked),
        "able": len(sample.able),
        "able_cost": _cost([one.call for one in sample.able]),
        "unable_cost": _cost([one.call for one in sample.unable]),
    }
    for one in sample.unable:
        found.left_out[one.reason] = found.left_out.get(one.reason, 0) + 1


def _cost(calls: Sequence[Recorded]) -> int:
    return sum(one.cost or 0 for one in calls)


def _slices(project_id: int, listed: Sequence[Recorded], by: str) -> dict[recorded.Key, str]:
    if by == "topic":
        told = meanings.topics(project_id, listed) or [meanings.NO_TOPIC] * len(listed)
        names = {one.key: name for one, name in zip(listed, told, strict=True)}
    else:
        names = {
            one.key: (one.prompt if by == "prompt" else one.model) or NAMELESS[by] for one in listed
        }
    most = {name for name, _ in Counter(names.values()).most_common(MOST_SLICES)}
    return {key: name if name in most else OTHER for key, name in names.items()}


def verdicts_cost(version: EvaluatorVersion) -> int:
    """Of judging both answers, as it has cost lately (pico dollars)."""
    return 0 if version.kind == Kind.DETECTOR else 2 * backfills.typical_cost(version)


def create(access: Access, wanted: Wanted) -> Trial:
    """Begin it. Raises PermissionDenied, ValidationError."""
    access.require(Permission.WRITE)
    found = foresee(access, wanted)
    if not found.calls:
        raise ValidationError(_nothing(found))
    with transaction.atomic():
        Project.objects.select_for_update(no_key=True).get(pk=access.project.pk)
        going = Trial.objects.filter(
            project=access.project, state__in=[State.WAITING, State.RUNNING]
        )
        if (same := _twice(going, wanted)) is not None:
            raise ValidationError(f"The same trial was begun just now: it is number {same.pk}.")
        if going.count() >= MOST_OPEN:
            raise ValidationError(f"{MOST_OPEN} trials are under way: stop one, or wait for it.")
        made = Trial.objects.create(
            project=access.project,
            start_ns=wanted.start_ns,
            end_ns=wanted.end_ns,
            estimate=found.cost,
            strata=found.strata,
            left_out=found.left_out,
            traffic_ns=found.traffic_ns,
            total=found.calls,
            created_by=access.user,
            **_asked_for(wanted),
        )
        made.versions.set(wanted.versions)
        TrialCall.objects.bulk_create(
            [_call(made, name, one) for name, one in sorted(found.chosen, key=_in_turn)],
            batch_size=500,
        )
        after = {"model": made.model, "calls": made.total, "budget": made.budget}
        audit.record("trial.begun", str(made.pk), access=access, after=after)
    return made


def _nothing(found: Foreseen) -> str:
    """Why there is nothing to ask."""
    if not found.left_out:
        return "No answered call of a model is in this range."
    most = max(found.left_out, key=found.left_out.__getitem__)
    looked = sum(found.left_out.values())
    return f"None of the {looked:,} calls looked at can be asked again: {prompts.REASONS[most]}."


def _twice(going: QuerySet[Trial], wanted: Wanted) -> Trial | None:
    """What a second click would pay for again. The times of a range that ends now differ by it."""
    return going.filter(created_at__gt=timezone.now() - AGAIN, **_asked_for(wanted)).first()


def _asked_for(wanted: Wanted) -> dict[str, Any]:
    """Fields of a trial that are as somebody chose them, its range apart."""
    return {
        "connection": wanted.connection,
        "model": wanted.name,
        "q": wanted.q.strip(),
        "slice_by": wanted.slice_by,
        "most": wanted.most,
        "margin": wanted.margin,
        "budget": wanted.budget,
    }


def _in_turn(chosen: tuple[str, Recorded]) -> bytes:
    """Slices are asked mixed, so that a trial that ends early knows something of each."""
    return sampling.chance(chosen[1])


def _call(trial: Trial, name: str, one: Recorded) -> TrialCall:
    return TrialCall(
        trial=trial,
        trace_id=one.trace_id,
        span_id=one.span_id,
        start_ns=one.start_ns,
        user_id=one.user_id,
        slice=name[:200],
        cost_before=one.cost,
        ms_before=(one.end_ns - one.start_ns) / 1e6,
    )


def stop(access: Access, trial: Trial) -> None:
    """Ask no more; what is answered counts. Raises PermissionDenied."""
    access.require(Permission.WRITE)
    going = Trial.objects.filter(
        pk=trial.pk, project=access.project, state__in=[State.WAITING, State.RUNNING]
    )
    with transaction.atomic():
        told = {"state": State.STOPPED, "problem": "It was stopped.", "finished_at": timezone.now()}
        if going.update(**told):
            audit.record("trial.stopped", str(trial.pk), access=access)


def remove(access: Access, trial: Trial) -> None:
    """Forget it with its answers. Raises PermissionDenied."""
    access.require(Permission.WRITE)
    with transaction.atomic():
        audit.record("trial.removed", str(trial.pk), access=access)
        Trial.objects.filter(pk=trial.pk, project=access.project).delete()


def forget(project_id: int, user_id: str) -> int:
    """Delete the answers to a person's prompts, and work whose filter names them.

    Returns how many answers.
    """
    named = re.compile(rf"\buser(?:_id)?:[^:]*(?<![\w-]){re.escape(user_id)}(?![\w-])")
    for kind in (CacheReplay, Trial):
        found = kind.objects.filter(project_id=project_id, q__contains=user_id)
        keys = [pk for pk, q in found.values_list("pk", "q") if named.search(q)]
        kind.objects.filter(pk__in=keys).delete()
    rows = TrialCall.objects.filter(trial__project_id=project_id, user_id=user_id)
    return rows.delete()[1].get("replays.TrialCall", 0)


def expire(project_id: int, since: datetime) -> None:
    """Delete the answers to prompts that are kept no longer; what they came to stays."""
    before = int(since.timestamp()) * 10**9
    TrialCall.objects.filter(trial__project_id=project_id, start_ns__lt=before).delete()
