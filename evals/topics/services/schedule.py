"""What is done when: runs once a day and by hand, new calls as they come, sums behind both.

One worker at a time works on a project: it holds the project's row for a while, anew with each
step. Who is killed lets go of it by the time's passing, and the next goes on from the rows.
"""

from __future__ import annotations

import logging
import time
from datetime import UTC, datetime, timedelta

from django.db.models import F
from django.utils import timezone

from evals.topics import scored
from evals.topics.clustering import FEWEST
from evals.topics.models import Day, DayScore, Plan, Run
from evals.topics.services import assigning, finding, reading, summing
from evals.topics.services.finding import DAY, State, TooFew
from evals.vectors.selectors import state
from sightglass.accounts.models import Project
from traces.selectors.paging import TooSlow

WINDOW = 28 * DAY
"""How far back a run looks."""
HOUR_OF_DAY = 3
"""UTC, from which on the day's run is made."""
LOOK = timedelta(minutes=10)
SUM = timedelta(minutes=10)
"""How often today's and yesterday's sums are made anew, and calls that came late are looked for."""
PATIENCE = timedelta(minutes=15)
"""For so long at most the first run waits until what has come in is read: topics of a small part of
it would not be those of the whole."""
YOUNG = timedelta(minutes=15)
SUM_YOUNG = timedelta(minutes=1)
"""How often it is while a run is YOUNG: of what came with it, scores are being made still."""
LATE_DAYS = 2
"""Calls that come later than that get their topic by the next run."""
HOLD = timedelta(minutes=5)
MOST_TRIES = 3
KEEP_DAYS = timedelta(days=400)
KEEP_RUNS = timedelta(days=90)
logger = logging.getLogger(__name__)


def work(seconds: float, now: datetime | None = None) -> int:
    """Work on the projects in turn, for so long at most. Returns how many pieces were done."""
    end, done = time.monotonic() + seconds, 0
    at = now or timezone.now()
    rows = Project.objects.filter(deleted_at=None).order_by("pk")
    for pk in list(rows.values_list("pk", flat=True)):
        if not _hold(pk):
            continue
        try:
            done += _work_on(pk, at, end)
        except Exception:
            logger.exception("Topics of project %s could not be worked on", pk)
        finally:
            Plan.objects.filter(pk=pk).update(held_until=timezone.now())
        if time.monotonic() > end:
            break
    return done


def _hold(project_id: int) -> bool:
    """Take the project's turn; False where another worker has it."""
    now = timezone.now()
    Plan.objects.get_or_create(pk=project_id, defaults={"held_until": now})
    free = Plan.objects.filter(pk=project_id, held_until__lte=now)
    return free.update(held_until=now + HOLD) == 1


def _beat(project_id: int) -> None:
    Plan.objects.filter(pk=project_id).update(held_until=timezone.now() + HOLD)


def _work_on(project_id: int, now: datetime, end: float) -> int:
    plan = Plan.objects.get(pk=project_id)
    _plan_run(plan, now)
    done = int(_next_run(project_id))
    run = finding.newest(project_id)
    if run is None:
        return done
    days: set[int] = set()
    scores: dict[str, str] = {}
    if sums_due := _sums_due(plan, run, now):
        today = summing.day_of(int(now.timestamp() * 1e9))
        scores = scored.by_day(project_id, today - WINDOW // DAY, today - 1)
        days |= {today, today - 1} | scored.changed(plan.scored, scores)
        Plan.objects.filter(pk=project_id).update(assigned_ns=(today - LATE_DAYS) * DAY)
    while time.monotonic() < end:
        plan.refresh_from_db()
        found = assigning.new_calls(plan, run)
        if not found and run.refill_ns is not None:
            found = assigning.refill(run)
            if not found:  # it is done: what was scored since the last run is summed, too
                run.refill_ns = None
                days |= _days_of(run)
        if not found:
            break
        days |= found
        done += 1
        _beat(project_id)
    if sums_due:
        Plan.objects.filter(pk=project_id).update(summed_at=now)
    for day in sorted(days):
        summing.make(project_id, [day])
        _beat(project_id)
    if sums_due:
        Plan.objects.filter(pk=project_id).update(scored=scores)
    return done


def _sums_due(plan: Plan, run: Run, now: datetime) -> bool:
    often = SUM_YOUNG if run.created_at > now - YOUNG else SUM
    return plan.summed_at is None or plan.summed_at <= now - often


def _days_of(run: Run) -> set[int]:
    return set(range(summing.day_of(run.start_ns), summing.day_of(run.end_ns) + 1))


def _plan_run(plan: Plan, now: datetime) -> None:
    """Make the day's run, where there is enough to find topics in."""
    if plan.looked_at is not None and plan.looked_at > now - LOOK:
        return
    Plan.objects.filter(pk=plan.pk).update(looked_at=now)
    midnight = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    rows = Run.objects.filter(project_id=plan.pk)
    ever = rows.filter(state=State.DONE).exists()
    if (ever and now.hour < HOUR_OF_DAY) or rows.filter(created_at__gte=midnight).exists():
        return
    start, end = window(now)
    try:
        if len(reading.before(plan.pk, start, end, FEWEST)) < FEWEST:
            return
    except TooSlow:
        return
    if not ever and _still_coming(plan, now):
        Plan.objects.filter(pk=plan.pk).update(looked_at=None)
        return
    begin(plan.pk, now)


def _still_coming(plan: Plan, now: datetime) -> bool:
    """Whether calls that came in are being read still; after PATIENCE nobody waits for them."""
    if not state.waiting(plan.pk):
        return False
    if plan.waits_since is None:
        Plan.objects.filter(pk=plan.pk, waits_since=None).update(waits_since=now)
        return True
    return now - plan.waits_since < PATIENCE


def window(now: datetime) -> tuple[int, int]:
    """The range (ns) that a run at that time looks at."""
    end = int(now.timestamp() * 1e9)
    return end - WINDOW, end


def begin(project_id: int, now: datetime, **by: object) -> Run:
    """A run that waits to be worked off; the same one where one waits or is under way."""
    start, end = window(now)
    run, _ = Run.objects.get_or_create(
        project_id=project_id,
        state__in=[State.WAITING, State.RUNNING],
        defaults={"state": State.WAITING, "start_ns": start, "end_ns": end, "created_at": now} | by,
    )
    return run


def _next_run(project_id: int) -> bool:
    """Work off the run that waits, or was left by somebody who was killed."""
    run = Run.objects.filter(
        project_id=project_id, state__in=[State.WAITING, State.RUNNING]
    ).first()
    if run is None:
        return False
    if run.attempts >= MOST_TRIES:
        _fail(run, "Given up after three tries.")
        return True
    Run.objects.filter(pk=run.pk).update(state=State.RUNNING, attempts=F("attempts") + 1)
    try:
        finding.find(run, lambda: _beat(project_id))
    except TooFew as error:
        _fail(run, str(error))
    except TooSlow:
        _fail(run, "What was asked could not be looked through in time.")
    except Exception:
        _fail(run, "It failed; the log says why.")
        raise
    return True


def _fail(run: Run, problem: str) -> None:
    Run.objects.filter(pk=run.pk).exclude(state=State.DONE).update(
        state=State.FAILED, stage="", problem=problem, finished_at=timezone.now()
    )


def purge(now: datetime | None = None) -> int:
    """Forget sums of days and runs that are old. Returns how many rows."""
    at = now or timezone.now()
    gone = 0
    for model in (Day, DayScore):
        gone += model.objects.filter(day__lt=(at - KEEP_DAYS).date()).delete()[0]
    old = Run.objects.filter(created_at__lt=at - KEEP_RUNS, space=b"")
    return gone + old.delete()[0]
