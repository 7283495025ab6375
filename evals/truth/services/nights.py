"""Panels, night by night (UTC): asked in batches, each stored before the next; then compared.

A run is a row for its panel and day. Whoever comes finds what is not answered yet, so it can be
killed anywhere and goes on where it was; at worst one batch is asked again. Of the runs of one
version the first, or the last that somebody accepted, is what the others are compared with.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.utils import timezone

from evals.services import evaluators
from evals.stats import change
from evals.stats.change import Seen
from evals.truth.models import Panel, PanelAnswer, PanelItem, PanelRun
from evals.truth.services import asking, contents
from evals.truth.services.asking import BATCH, Never, NotNow, Verdict
from sightglass.kernel.storable import storable
from traces.services import scores
from traces.services.scores import Given

HOUR = 2
"""Of the day from which on its run begins."""
MOST_TRIES = 3
KEEP = timedelta(days=60)
"""How long the answers of runs are kept that nothing is compared with any more."""
State = PanelRun.State


def due(now: datetime) -> list[Panel]:
    """Panels at work whose run of today has still to be made or finished."""
    rows = Panel.objects.filter(retired_at=None, evaluator__enabled=True)
    rows = rows.filter(project__deleted_at=None, evaluator__archived_at=None)
    today = PanelRun.objects.filter(day=now.date())
    ended = today.filter(~Q(state=State.RUNNING) | Q(not_before__gt=now)).values("panel")
    begun = today.values("panel")
    if now.hour < HOUR:
        rows = rows.filter(pk__in=begun)
    return list(rows.exclude(pk__in=ended).select_related("evaluator").order_by("pk"))


def step(panel: Panel, now: datetime) -> bool:
    """Ask about one batch of today's run, or end it; False where it can do no more just now."""
    run = _todays(panel, now)
    if run.state != State.RUNNING or run.not_before > now:
        return False
    batch = list(_waiting(run))[:BATCH]
    if not batch:
        finish(run)
        return False
    asked = [contents.unpack(panel.project_id, bytes(item.content)) for item in batch]
    try:
        verdicts = asking.ask(run.version, asked)
    except NotNow as error:
        _note(run, problem=str(error), not_before=error.until)
        return False
    except Never as error:
        _note(run, problem=str(error), state=State.STOPPED, finished_at=timezone.now())
        return False
    with transaction.atomic():
        # A person's data that was deleted in the meantime takes its answers with it.
        there = set(
            PanelItem.objects.select_for_update(of=("self",))
            .filter(pk__in=[item.pk for item in batch])
            .values_list("pk", flat=True)
        )
        for item, verdict in zip(batch, verdicts, strict=True):
            if item.pk in there:
                _store(run, item, verdict)
        paid = sum(verdict.cost for verdict in verdicts)
        PanelRun.objects.filter(pk=run.pk).update(cost=F("cost") + paid, problem="")
    if all(verdict.again for verdict in verdicts):
        _note(run, problem=verdicts[0].error, not_before=now + timedelta(minutes=10))
        return False
    return True


def _todays(panel: Panel, now: datetime) -> PanelRun:
    """The run of the day, made if there is none; what earlier days left is ended."""
    day = now.date()
    left = PanelRun.objects.filter(panel=panel, state=State.RUNNING, day__lt=day)
    left.update(state=State.STOPPED, finished_at=timezone.now())
    run, _ = PanelRun.objects.select_related("version__evaluator").get_or_create(
        panel=panel,
        day=day,
        defaults={"version": evaluators.newest(panel.evaluator), "not_before": now},
    )
    return run


def _waiting(run: PanelRun) -> Iterator[PanelItem]:
    """Items that have no answer, or one that may be better the next time."""
    answers = {row.item_id: row for row in PanelAnswer.objects.filter(run=run)}
    for item in PanelItem.objects.filter(panel=run.panel_id).order_by("pk"):
        answer = answers.get(item.pk)
        if answer is None or (answer.again and answer.attempts < MOST_TRIES):
            yield item


def _store(run: PanelRun, item: PanelItem, verdict: Verdict) -> None:
    said = {
        "yes": verdict.yes,
        "value": verdict.value,
        "reasons": storable(verdict.reasons)[:2000],
        "again": verdict.again,
        "error": storable(verdict.error)[:500],
    }
    row, made = PanelAnswer.objects.get_or_create(run=run, item=item, defaults=said)
    if not made:
        PanelAnswer.objects.filter(pk=row.pk).update(attempts=F("attempts") + 1, **said)


def _note(run: PanelRun, **values: object) -> None:
    values["problem"] = storable(str(values.get("problem", "")))[:500]
    PanelRun.objects.filter(pk=run.pk).update(**values)


def finish(run: PanelRun) -> None:
    """Compare the run with the first one, and say whether the judge has changed."""
    with transaction.atomic():
        locked = PanelRun.objects.select_for_update(of=("self",)).get(pk=run.pk)
        if locked.state != State.RUNNING:
            return
        people = dict(PanelItem.objects.filter(panel=locked.panel_id).values_list("pk", "people"))
        now = _answers(locked)
        locked.answered = len(now)
        locked.right = sum(now[item] == people[item] for item in now)
        locked.finished_at = timezone.now()
        if locked.answered * 2 < len(people) or not people:
            locked.state = State.STOPPED
            locked.problem = locked.problem or "The judge gave no verdict on most of the cases."
            locked.save()
            return
        locked.state = State.DONE
        _compare(locked, people, now)
        locked.save()
        _tell(locked)


def _compare(run: PanelRun, people: dict[int, bool], now: dict[int, bool]) -> None:
    run.first = first_of(run)
    if run.first is None:
        run.changed = False
        return
    first = _answers(run.first)
    earlier = _done(run).filter(day__lt=run.day, day__gt=run.first.day).order_by("-day").first()
    before = _answers(earlier) if earlier else {}
    seen = [
        Seen(people[item], first[item], now[item], before.get(item))
        for item in people
        if item in first and item in now
    ]
    found = change.of_runs(seen)
    run.p, run.changed = found.p, found.changed
    run.tests = {name: [test.more, test.fewer, test.p] for name, test in found.tests.items()}


def first_of(run: PanelRun) -> PanelRun | None:
    """What it is compared with: the last accepted of its version's runs, else the first."""
    rows = _done(run).filter(day__lt=run.day)
    accepted = rows.filter(accepted_at__isnull=False).order_by("-day").first()
    return accepted or rows.order_by("day").first()


def _done(run: PanelRun) -> QuerySet[PanelRun]:
    return PanelRun.objects.filter(
        panel_id=run.panel_id, version_id=run.version_id, state=State.DONE
    )


def _answers(run: PanelRun) -> dict[int, bool]:
    """By item, those with a verdict."""
    rows = PanelAnswer.objects.filter(run=run, yes__isnull=False)
    return {item: bool(yes) for item, yes in rows.values_list("item_id", "yes")}


def name_of_change(evaluator: str) -> str:
    """The score that alert rules look at: true on a day on which the judge had changed."""
    return f"{evaluator}.changed"


def _tell(run: PanelRun) -> None:
    """A score of the project: metrics, dashboards and alert rules see it."""
    name = name_of_change(run.panel.evaluator.name)
    given = Given(name, bool(run.changed), "code", id=f"panel:{run.panel_id}:{run.day}")
    scores.store_for(run.panel.project_id, [given])


def purge(now: datetime | None = None) -> int:
    """Forget the answers of old runs that are no first ones; their figures stay."""
    now = now or datetime.now(UTC)
    old = PanelRun.objects.filter(day__lt=(now - KEEP).date(), accepted_at=None)
    done = PanelRun.objects.filter(state=State.DONE).order_by("panel_id", "version_id", "day")
    firsts = done.distinct("panel_id", "version_id").values("pk")
    rows = PanelAnswer.objects.filter(run__in=old.exclude(pk__in=firsts))
    return rows.delete()[0]
