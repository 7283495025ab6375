"""Runs of probes: asked in batches, each stored before the next; then held against the baseline.

A run is a row for its set and night or hour. Whoever comes finds what is not answered yet, so it
can be killed anywhere and goes on where it was. The day's budget is held under a lock on the set,
as a trial's is (`evals.replays.services.stepping`).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from django.db import transaction
from django.db.models import F, QuerySet
from django.utils import timezone

from evals.detectors.base import Example
from evals.detectors.registry import load
from evals.probes import changes
from evals.probes.changes import Answers, Change
from evals.probes.models import Probe, ProbeAnswer, ProbeRun, ProbeSet
from evals.probes.services.sets import slot_of
from evals.replays.services import talking
from evals.replays.services.talking import Prompt, Said
from evals.truth.services.asking import Never, NotNow
from evals.vectors.embedding import embed
from traces.services import scores
from traces.services.scores import Given

BATCH = 8
MOST_TRIES = 3
HOUR = 2
"""Of the day from which on a night's run begins."""
MOST_DUE = 200
LONGEST_ANSWER = 20_000
REFUSES = 0.5
KEEP = timedelta(days=60)
State = ProbeRun.State


class NoMoney(Exception):
    """The day's budget does not hold the next batch."""


def due(now: datetime) -> list[ProbeSet]:
    """Sets at work whose run of this night or hour has still to be made or finished."""
    rows = ProbeSet.objects.filter(retired_at=None, project__deleted_at=None)
    listed = list(rows.select_related("project", "connection").order_by("pk")[:MOST_DUE])
    runs = {
        (run.set_id, run.slot): run
        for run in ProbeRun.objects.filter(
            set__in=listed, slot__gte=now - timedelta(days=2), slot__lte=now
        )
    }
    found = []
    for row in listed:
        run = runs.get((row.pk, slot_of(row, now)))
        if run is not None:
            waits = run.state == State.RUNNING and run.not_before <= now
        else:
            waits = row.paused_at is None and (row.every == "hour" or now.hour >= HOUR)
        if waits:
            found.append(row)
    return found


def step(row: ProbeSet, now: datetime) -> bool:
    """Ask one batch of the present run, or end it; False where it can do no more just now."""
    run = _present(row, now)
    if run.state != State.RUNNING or run.not_before > now:
        return False
    batch = list(_waiting(run)[:BATCH])
    if not batch:
        finish(run)
        return False
    try:
        talking.endpoint_of(row.connection)
        again = _ask(row, run, batch)
    except NotNow as error:
        _note(run, problem=str(error)[:500], not_before=error.until)
        return False
    except NoMoney:
        tomorrow = datetime.combine(now.date() + timedelta(days=1), datetime.min.time(), UTC)
        _note(run, problem="The day’s budget is spent.", not_before=tomorrow)
        return False
    except Never as error:
        _note(run, problem=str(error)[:500], state=State.STOPPED, finished_at=timezone.now())
        return False
    if again:
        _note(run, problem=again, not_before=now + timedelta(minutes=5))
    return not again


def _present(row: ProbeSet, now: datetime) -> ProbeRun:
    """The run of this night or hour, made if there is none; what earlier ones left is ended."""
    slot = slot_of(row, now)
    left = ProbeRun.objects.filter(set=row, state=State.RUNNING, slot__lt=slot)
    left.update(state=State.STOPPED, finished_at=timezone.now())
    run, _ = ProbeRun.objects.get_or_create(set=row, slot=slot, defaults={"not_before": now})
    return run


def _waiting(run: ProbeRun) -> QuerySet[Probe]:
    """Probes that have no answer, or one that may be better the next time."""
    settled = ProbeAnswer.objects.filter(run=run).exclude(again=True, attempts__lt=MOST_TRIES)
    rows = Probe.objects.filter(set=run.set_id).exclude(pk__in=settled.values("probe"))
    return rows.order_by("position")


def _ask(row: ProbeSet, run: ProbeRun, batch: Sequence[Probe]) -> str:
    """Returns why none of them was answered, or nothing. Raises NotNow, Never, NoMoney."""
    if row.connection is None:
        raise Never("The connection was removed.")
    prompts = [
        Prompt(probe.messages, {"temperature": 0, "max_tokens": probe.max_tokens})
        for probe in batch
    ]
    most = [talking.dearest(row.project_id, row.model, one) for one in prompts]
    _reserve(row, sum(most))
    said = talking.ask(row.project_id, row.connection, row.model, prompts)
    with transaction.atomic():
        # A person's probe that was deleted in the meantime takes its answers with it.
        there = set(
            Probe.objects.select_for_update(of=("self",))
            .filter(pk__in=[probe.pk for probe in batch])
            .values_list("pk", flat=True)
        )
        for probe, answer in zip(batch, said, strict=True):
            if probe.pk in there:
                _store(run, probe, answer)
        paid = sum(limit if one.again else one.cost for one, limit in zip(said, most, strict=True))
        ProbeSet.objects.filter(pk=row.pk).update(spent=F("spent") + paid, reserved=0)
        ProbeRun.objects.filter(pk=run.pk).update(cost=F("cost") + paid, problem="")
    return said[0].error if all(one.again for one in said) else ""


def _reserve(row: ProbeSet, most: int) -> None:
    """Put money aside on the day; what a dead worker had put aside counts as spent."""
    today = datetime.now(UTC).date()
    with transaction.atomic():
        locked = ProbeSet.objects.select_for_update().get(pk=row.pk)
        if locked.retired_at is not None:
            raise Never("It is retired.")
        spent = locked.spent + locked.reserved if locked.day == today else 0
        fits = spent + most <= locked.budget
        ProbeSet.objects.filter(pk=row.pk).update(
            day=today, spent=spent, reserved=most if fits else 0
        )
    if not fits:
        raise NoMoney


def _store(run: ProbeRun, probe: Probe, said: Said) -> None:
    told = {
        "text": (said.text or "")[:LONGEST_ANSWER],
        "error": said.error,
        "again": said.again,
        "ms": said.ms or None,
    }
    row, made = ProbeAnswer.objects.get_or_create(run=run, probe=probe, defaults=told)
    if not made:
        ProbeAnswer.objects.filter(pk=row.pk).update(attempts=F("attempts") + 1, **told)


def _note(run: ProbeRun, **values: object) -> None:
    ProbeRun.objects.filter(pk=run.pk, state=State.RUNNING).update(**values)


# ---- comparing


def finish(run: ProbeRun) -> None:
    """Hold the run against the baseline, or add it to that; say whether the model has changed."""
    with transaction.atomic():
        ProbeSet.objects.select_for_update().get(pk=run.set_id)
        locked = ProbeRun.objects.select_related("set").get(pk=run.pk)
        if locked.state != State.RUNNING:
            return
        locked.answered = locked.answers.exclude(text="").count()
        locked.finished_at = timezone.now()
        probes = Probe.objects.filter(set=locked.set_id).count()
        if locked.answered * 2 < probes or not probes:
            locked.state = State.STOPPED
            locked.problem = locked.problem or "Most of the probes were not answered."
        else:
            locked.state = State.DONE
            base = list(baseline(locked.set, locked.slot))
            if len(base) < locked.set.baseline_runs:
                locked.baseline = True
            else:
                _compare(locked, base)
        locked.save()


def baseline(row: ProbeSet, before: datetime | None = None) -> list[ProbeRun]:
    """The runs that are held against: since the last that was accepted, the oldest first."""
    rows = row.runs.filter(state=State.DONE, baseline=True)
    if before is not None:
        rows = rows.filter(slot__lt=before)
    accepted = rows.filter(accepted_at__isnull=False).order_by("-slot").first()
    if accepted is not None:
        rows = rows.filter(slot__gte=accepted.slot)
    return list(rows.order_by("slot")[: row.baseline_runs])


def _compare(run: ProbeRun, base: Sequence[ProbeRun]) -> None:
    found = compared(run, base)
    run.p, run.same, run.usual_same = found.p, found.same, found.usual_same
    run.tests = {name: [one.value, one.usual, one.p] for name, one in found.tests.items()}
    run.problem = found.reason
    if found.p is None:
        return
    run.changed = found.changed
    given = Given(
        run.set.score, found.changed, "code", id=f"probe:{run.set_id}:{run.slot:%Y%m%d%H}"
    )
    scores.store_for(run.set.project_id, [given])


def compared(run: ProbeRun, base: Sequence[ProbeRun]) -> Change:
    """Of the probes that all of these runs have an answer to."""
    order = [one.pk for one in base] + [run.pk]
    said: dict[int, dict[int, str]] = {}
    rows = ProbeAnswer.objects.filter(run__in=order).exclude(text="").order_by("probe__position")
    for probe, of_run, text in rows.values_list("probe", "run", "text"):
        said.setdefault(probe, {})[of_run] = text
    whole = [[by[one] for one in order] for by in said.values() if len(by) == len(order)]
    flat = [text for texts in whole for text in texts]
    vectors, refusals = embed(flat), _refusals(flat)
    width = len(order)
    return changes.of_answers(
        [
            Answers(texts, vectors[at : at + width], refusals[at : at + width])
            for at, texts in zip(range(0, len(flat), width), whole, strict=True)
        ],
        seed=run.pk,
    )


def _refusals(texts: Sequence[str]) -> list[float]:
    verdicts = load("refusal").detect([Example(None, text) for text in texts])
    return [float(one is not None and float(one.value) >= REFUSES) for one in verdicts]


def purge(now: datetime | None = None) -> int:
    """Forget the answers of old runs that nothing is held against; their figures stay."""
    before = (now or timezone.now()) - KEEP
    rows = ProbeAnswer.objects.filter(run__slot__lt=before, run__baseline=False)
    return rows.delete()[0]
