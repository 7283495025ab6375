"""Trials, batch by batch: answers, then verdicts on both; each is stored before the next.

The budget is held under a lock on the trial: before a batch is asked, what it may cost at most is
put aside, and only if that still fits. A worker that dies leaves what it had put aside, which
counts as spent, since the calls may have been paid for. So a trial can be killed anywhere and goes
on where it was.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Count, F
from django.utils import timezone

from evals.models import EvaluatorVersion
from evals.replays.models import State, Trial, TrialCall, TrialVerdict
from evals.replays.services import again, outcome, recorded, talking, trials
from evals.replays.services.recorded import Recorded
from evals.replays.services.talking import Prompt, Said
from evals.services import loading
from evals.subjects import Subject
from evals.truth.services import asking
from evals.truth.services.asking import Never, NotNow, Verdict
from evals.truth.verdicts import judge_yes
from sightglass.kernel.storable import storable
from traces.models import Score

BATCH = 8
"""Calls that are asked or judged at once; each is two verdicts of each evaluator."""
MOST_TRIES = 3
LONGEST_ANSWER = 40_000
"""Characters of an answer that are kept and judged."""
Call = TrialCall.State


class NoMoney(Exception):
    """The budget does not hold the next batch."""


def due(now: datetime) -> list[Trial]:
    rows = Trial.objects.filter(
        state__in=[State.WAITING, State.RUNNING], not_before__lte=now, project__deleted_at=None
    )
    return list(rows.select_related("project", "connection").order_by("pk")[:50])


def step(trial: Trial, now: datetime) -> bool:
    """One batch, or the end of it; False where it can do no more just now."""
    trial = Trial.objects.select_related("project", "connection").get(pk=trial.pk)
    if trial.ended or trial.not_before > now:
        return False
    try:
        return _judge(trial) or _ask(trial) or _finish(trial)
    except NotNow as error:
        _note(trial, problem=str(error)[:500], not_before=error.until)
    except NoMoney:
        _finish(trial, "The budget does not hold another batch.")
    except Never as error:
        _finish(trial, str(error)[:500], State.FAILED)
    return False


def _note(trial: Trial, **values: object) -> None:
    Trial.objects.filter(pk=trial.pk, state__in=[State.WAITING, State.RUNNING]).update(**values)


def _reserve(trial: Trial, most: int) -> None:
    """Put money aside. Raises NoMoney, Never where somebody has stopped it."""
    with transaction.atomic():
        row = Trial.objects.select_for_update().get(pk=trial.pk)
        if row.ended:
            raise NotNow("It was stopped.", timezone.now())
        row.spent, row.reserved = row.spent + row.reserved, 0
        if row.spent + most > row.budget:
            row.save(update_fields=["spent", "reserved"])
            raise NoMoney
        row.reserved, row.state = most, State.RUNNING
        row.save(update_fields=["spent", "reserved", "state"])


def _settle(trial: Trial, cost: int, **values: object) -> None:
    """In the transaction that stores what was paid for."""
    Trial.objects.filter(pk=trial.pk).update(spent=F("spent") + cost, reserved=0, **values)


def _release(trial: Trial) -> None:
    """Nothing was asked after all."""
    Trial.objects.filter(pk=trial.pk).update(reserved=0)


# ---- answers


def _ask(trial: Trial) -> bool:
    """Ask a batch; False where nothing is left to ask."""
    talking.endpoint_of(trial.connection)
    rows = list(trial.calls.filter(state=Call.WAITING).order_by("pk")[:BATCH])
    if not rows or trial.connection is None:
        return False
    readable, reasons = _prompts(trial, rows)
    if reasons:
        _leave_out(trial, rows, reasons)
    if not readable:
        return True
    most = [talking.dearest(trial.project_id, trial.model, prompt) for _, prompt in readable]
    _reserve(trial, sum(most))
    try:
        said = talking.ask(
            trial.project_id, trial.connection, trial.model, [prompt for _, prompt in readable]
        )
    except (NotNow, Never):
        _release(trial)
        raise
    with transaction.atomic():
        for (row, _), answer in zip(readable, said, strict=True):
            _store(row, answer)
        # Nobody knows whether an answer that did not come in time is charged.
        paid = [limit if one.again else one.cost for one, limit in zip(said, most, strict=True)]
        _settle(trial, sum(paid), problem="")
    if all(one.again for one in said):
        raise NotNow(said[0].error, timezone.now() + timedelta(minutes=1))
    return True


def _prompts(
    trial: Trial, rows: Sequence[TrialCall]
) -> tuple[list[tuple[TrialCall, Prompt]], dict[int, str]]:
    """Calls with what they asked; by id why others cannot be asked."""
    by_key = {(row.trace_id, row.span_id): row for row in rows}
    readable, reasons = [], {}
    for one in again.read(trial.project, [_as_recorded(row) for row in rows]):
        row = by_key[one.call.key]
        if one.prompt is None:
            reasons[row.pk] = one.reason
        else:
            readable.append((row, one.prompt))
    return readable, reasons


def _as_recorded(row: TrialCall) -> Recorded:
    end = row.start_ns + round((row.ms_before or 0) * 1e6)
    return Recorded(
        row.trace_id, row.span_id, row.start_ns, end, "", "", row.cost_before, row.user_id, None,
        None,
    )  # fmt: skip


def _leave_out(trial: Trial, rows: Sequence[TrialCall], reasons: dict[int, str]) -> None:
    with transaction.atomic():
        locked = Trial.objects.select_for_update().get(pk=trial.pk)
        counts = Counter(locked.left_out)
        counts.update(reasons.values())
        Trial.objects.filter(pk=trial.pk).update(
            left_out=dict(counts), total=F("total") - len(reasons)
        )
        TrialCall.objects.filter(pk__in=list(reasons)).delete()


def _store(row: TrialCall, said: Said) -> None:
    """What was answered; a person's call that was deleted meanwhile stays deleted."""
    attempts = row.attempts + 1
    if said.text is None:
        state = Call.WAITING if said.again and attempts < MOST_TRIES else Call.FAILED
    else:
        state = Call.ANSWERED if said.text.strip() else Call.FAILED
    TrialCall.objects.filter(pk=row.pk).update(
        state=state,
        answer=(said.text or "")[:LONGEST_ANSWER],
        cost=F("cost") + said.cost,
        ms=said.ms or None,
        error=said.error or ("" if said.text else "the answer is empty"),
        attempts=attempts,
    )


# ---- verdicts


def _judge(trial: Trial) -> bool:
    """Judge a batch of answered calls; False where there are none."""
    rows = list(trial.calls.filter(state=Call.ANSWERED).order_by("pk")[:BATCH])
    if not rows:
        return False
    versions = list(trial.versions.select_related("evaluator").order_by("pk"))
    subjects = _subjects(trial, rows)
    there = [row for row in rows if row.pk in subjects]
    gone = {row.pk: "gone" for row in rows if row.pk not in subjects}
    if gone:
        _leave_out(trial, rows, gone)
    for version in versions if there else ():
        _by_version(trial, version, there, subjects)
    TrialCall.objects.filter(pk__in=[row.pk for row in there]).update(state=Call.DONE)
    done = trial.calls.filter(state__in=[Call.DONE, Call.FAILED]).count()
    _note(trial, done=done)
    return True


def _subjects(trial: Trial, rows: Sequence[TrialCall]) -> dict[int, Subject]:
    spans = recorded.rows_of(trial.project_id, [_as_recorded(row) for row in rows])
    found = loading.subjects_of(trial.project_id, list(spans.values()))
    return {
        row.pk: found[row.trace_id, row.span_id]
        for row in rows
        if (row.trace_id, row.span_id) in found
    }


def answered(subject: Subject, answer: str) -> Subject:
    """The same with the other model's answer in the place of the recorded one."""
    asked = list(subject.messages)
    while asked and asked[-1].get("role") == "assistant":
        asked.pop()
    messages = [*asked, {"role": "assistant", "content": answer}]
    return replace(subject, output=answer, messages=messages, tool_calls=[], finish_reason=None)


def _by_version(
    trial: Trial, version: EvaluatorVersion, rows: Sequence[TrialCall], subjects: dict[int, Subject]
) -> None:
    """Verdicts of one evaluator, stored before the next is asked. Raises what `asking.ask` does."""
    has = set(
        TrialVerdict.objects.filter(call__in=rows, version=version).values_list("call", flat=True)
    )
    rows = [row for row in rows if row.pk not in has]
    if not rows:
        return
    known = _known(trial.project_id, version, rows)
    asked = [subjects[row.pk] for row in rows if row.pk not in known]
    asked += [answered(subjects[row.pk], row.answer) for row in rows]
    _reserve(trial, round(1.5 * len(asked) * trials.verdicts_cost(version) / 2))
    said: list[Verdict] = []
    try:
        for begin in range(0, len(asked), asking.BATCH):
            said += asking.ask(version, asked[begin : begin + asking.BATCH])
    except (NotNow, Never):
        _settle(trial, sum(one.cost for one in said))
        raise
    after, before = said[-len(rows) :], iter(said[: -len(rows)])
    with transaction.atomic():
        alive = set(
            TrialCall.objects.filter(pk__in=[row.pk for row in rows]).values_list("pk", flat=True)
        )
        for row, late in zip(rows, after, strict=True):
            early = known[row.pk] if row.pk in known else next(before).yes
            if row.pk in alive:
                _keep(version, row, early, late)
        _settle(trial, sum(one.cost for one in said))


def _known(
    project_id: int, version: EvaluatorVersion, rows: Sequence[TrialCall]
) -> dict[int, bool]:
    """What the same version has said of recorded answers already, yes or no."""
    scores = Score.objects.filter(
        project_id=project_id,
        evaluator_version=version.pk,
        trace_id__in=[row.trace_id for row in rows],
    )
    said = {}
    for one in scores:
        value = next((v for v in (one.boolean, one.number, one.category) if v is not None), None)
        yes = judge_yes(value, one.flagged, one.higher_is_better)
        if yes is not None:
            said[one.trace_id, one.span_id] = yes
    keys = {row.pk: (row.trace_id, row.span_id) for row in rows}
    return {pk: said[key] for pk, key in keys.items() if key in said}


def _keep(version: EvaluatorVersion, row: TrialCall, early: bool | None, late: Verdict) -> None:
    better = bool(version.higher_is_better)
    TrialVerdict.objects.get_or_create(
        call=row,
        version=version,
        defaults={
            "good_before": None if early is None else early == better,
            "good_after": None if late.yes is None else late.yes == better,
            "reasons": storable(late.reasons)[:2000],
            "error": storable(late.error)[:500],
        },
    )


# ---- the end


def _finish(trial: Trial, problem: str = "", state: str = State.DONE) -> bool:
    """Say what was found; what a trial that ended early knows is said too. Always False."""
    with transaction.atomic():
        row = Trial.objects.select_for_update().get(pk=trial.pk)
        if row.ended:
            return False
        row.spent, row.reserved = row.spent + row.reserved, 0
        row.state = State.STOPPED if problem and state == State.DONE else state
        row.problem, row.finished_at = problem, timezone.now()
        if row.state == State.DONE and (unanswered := _unanswered(row)):
            row.problem = unanswered
            answered = row.calls.exclude(state=Call.FAILED).exists()
            row.state = State.DONE if answered else State.FAILED
        row.done = row.calls.filter(state__in=[Call.DONE, Call.FAILED]).count()
        row.result = outcome.of_trial(row)
        row.save()
    return False


def _unanswered(trial: Trial) -> str:
    """How many calls the other model did not answer, and why most of them; empty: it did."""
    failed = trial.calls.filter(state=Call.FAILED)
    why = failed.values("error").annotate(calls=Count("pk")).order_by("-calls", "error").first()
    if why is None:
        return ""
    told = f"{failed.count()} of {trial.calls.count()} calls were not answered: {why['error']}"
    return told[:500]
