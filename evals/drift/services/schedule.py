"""Which windows have come, and whose turn it is to judge them.

Windows are rows, made from a grid that is counted from 1970 (hours) or from how many traces came
(sizes). Each project has one worker at a time: it holds the project's row for a while, anew with
each window; who is killed lets go of it by the time's passing, and the window is judged again.
"""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.db import transaction
from django.db.models import F, Max, Q
from django.utils import timezone

from evals.drift.models import Monitor, Turn, Window
from evals.drift.services import judging, monitors
from evals.drift.services.references import DAY, HOUR, Reader
from sightglass.accounts.models import Project
from traces.models import Trace
from traces.query import QueryError, parse
from traces.selectors.conditions import condition
from traces.selectors.paging import TimeRange
from traces.selectors.search import within
from traces.services import resting

BACK = 28 * DAY
"""How far back windows are filled in when a monitor begins."""
SETTLE = 10 * 60 * 10**9
"""How long after its end a window is judged: late spans are awaited."""
LOOK = timedelta(minutes=1)
AGAIN = timedelta(hours=1)
HOLD = timedelta(minutes=5)
PATIENCE = timedelta(minutes=30)
"""So long a window that nobody asked for waits for a time in which no requests come in."""
MOST_TRIES = 3
MOST_PLANNED = 700
"""Windows of a monitor that are filled in at once: of hours, four weeks."""
State = Window.State
logger = logging.getLogger(__name__)


def run(seconds: float, now: datetime | None = None) -> int:
    """Judge what has come, project by project, for so long at most. Returns how many windows."""
    end, done = time.monotonic() + seconds, 0
    at = now or timezone.now()
    for pk in Project.objects.filter(deleted_at=None).order_by("pk").values_list("pk", flat=True):
        if not hold(pk, at):
            continue
        try:
            look(pk, at)
            done += _judged(pk, end)
        finally:
            Turn.objects.filter(pk=pk).update(held_until=timezone.now())
        if time.monotonic() > end:
            break
    return done


def hold(project_id: int, now: datetime) -> bool:
    """Take the project's turn; False where another worker has it."""
    Turn.objects.get_or_create(
        pk=project_id, defaults={"held_until": now - HOLD, "looked_at": now - AGAIN}
    )
    free = Turn.objects.filter(pk=project_id, held_until__lte=now)
    return free.update(held_until=now + HOLD) == 1


def look(project_id: int, now: datetime) -> None:
    """Make the windows that have come; at most once a minute."""
    if not Turn.objects.filter(pk=project_id, looked_at__lte=now - LOOK).update(looked_at=now):
        return
    seen = _seen(project_id)
    if seen is None:
        return
    monitors.make_usual(project_id)
    for monitor in Monitor.objects.filter(project_id=project_id, archived_at=None, enabled=True):
        try:
            plan(monitor, seen, now)
        except QueryError:
            logger.warning("The filter of drift monitor %s cannot be read", monitor.pk)


@dataclass(frozen=True, slots=True)
class Seen:
    """When a project's first and last trace began, and whether older ones are still being sent."""

    first: int
    last: int
    sending: bool


def _seen(project_id: int) -> Seen | None:
    """None: there is no trace."""
    rows = Trace.objects.filter(project_id=project_id)
    first = rows.order_by("start_ns").values_list("start_ns", flat=True).first()
    newest = rows.order_by("-start_ns").values_list("start_ns", "received_at").first()
    if first is None or newest is None:
        return None
    return Seen(first, newest[0], timezone.now() - newest[1] < timedelta(seconds=SETTLE / 1e9))


def plan(monitor: Monitor, seen: Seen, now: datetime) -> None:
    """Rows of the windows that ended; of those that had too few, again once there are more.

    While old traces are sent, the windows up to the last one: the next is not whole yet.
    Raises QueryError.
    """
    width = monitor.hours * HOUR
    last = min(int(now.timestamp() * 1e9) - SETTLE, seen.last + (0 if seen.sending else width))
    first = max(seen.first, int(now.timestamp() * 1e9) - BACK)
    ends = _grid(width, first, last) if width else _counted(monitor, first, last)
    known = set(
        Window.objects.filter(monitor=monitor, end_ns__gte=first).values_list("end_ns", flat=True)
    )
    made = [
        Window(monitor=monitor, project_id=monitor.project_id, start_ns=start, end_ns=end)
        for start, end in ends
        if end not in known
    ]
    Window.objects.bulk_create(made[:MOST_PLANNED], ignore_conflicts=True)
    _again(monitor, first, now)


def _grid(width: int, first: int, last: int) -> list[tuple[int, int]]:
    """Whole windows between the times; the first one may have begun before."""
    begin = first // width * width
    return [(start, start + width) for start in range(begin, last - width + 1, width)]


def _counted(monitor: Monitor, first: int, last: int) -> list[tuple[int, int]]:
    """Windows of `size` matching traces each, from the last window's end."""
    newest = Window.objects.filter(monitor=monitor, by_hand=False).aggregate(end=Max("end_ns"))
    start = max(newest["end"] or first, first)
    rows = within(
        Trace.objects.filter(project_id=monitor.project_id), TimeRange(start, last)
    ).order_by("start_ns")
    wanted = condition(parse(monitor.q), "trace")
    rows = rows.filter(wanted) if wanted else rows
    found: list[tuple[int, int]] = []
    most = monitor.size * 60
    times = list(rows.values_list("start_ns", flat=True)[:most])
    for at in range(monitor.size, len(times), monitor.size):
        found.append((start, times[at]))
        start = times[at]
    return [pair for pair in found if pair[0] < pair[1]]


def _again(monitor: Monitor, first: int, now: datetime) -> None:
    """Windows that had too few are looked at again where more came since."""
    few = Window.objects.filter(
        monitor=monitor, state=State.SKIPPED, end_ns__gte=first, finished_at__lt=now - AGAIN
    )
    for window in few.order_by("-end_ns")[:100]:
        later = Trace.objects.filter(
            project_id=monitor.project_id,
            start_ns__gte=window.start_ns - 7 * (window.end_ns - window.start_ns),
            start_ns__lt=window.end_ns,
            received_at__gt=window.finished_at,
        )
        if later.exists():
            Window.objects.filter(pk=window.pk).update(state=State.WAITING, attempts=0)


def _judged(project_id: int, end: float) -> int:
    """Judge what waits in the project, by hand first, then the oldest; at least one.

    While requests come in, one at a time of those that have waited long enough.
    """
    reader, done = Reader(project_id), 0
    # Whoever holds the project is alone: what is under way was left by one who was killed.
    left = Window.objects.filter(project_id=project_id, state=State.RUNNING)
    left.filter(attempts__gte=MOST_TRIES).update(
        state=State.FAILED, problem="Given up after three tries.", finished_at=timezone.now()
    )
    while (window := _next(project_id)) is not None:
        Turn.objects.filter(pk=project_id).update(held_until=timezone.now() + HOLD)
        try:
            judging.judge(window, reader)
        except Exception:
            logger.exception("A window of drift could not be judged")
            Window.objects.filter(pk=window.pk).update(
                state=State.FAILED, problem="It failed; the log says why.",
                finished_at=timezone.now(),
            )  # fmt: skip
        done += 1
        if time.monotonic() > end or (resting.is_busy() and not window.by_hand):
            break
    return done


def _next(project_id: int) -> Window | None:
    """The one to judge next, noted as under way."""
    ripe = Q(state=State.WAITING) | Q(state=State.RUNNING)
    if resting.is_busy():
        ripe &= Q(by_hand=True) | Q(created_at__lt=timezone.now() - PATIENCE)
    with transaction.atomic():
        window = (
            Window.objects.select_for_update(of=("self",))
            .select_related("monitor__dataset")
            .filter(ripe, project_id=project_id, monitor__archived_at=None)
            .order_by("-by_hand", "end_ns", "monitor_id", "id")
            .first()
        )
        if window is None:
            return None
        window.state = State.RUNNING
        Window.objects.filter(pk=window.pk).update(
            state=State.RUNNING, attempts=F("attempts") + 1, stage="reading", problem=""
        )
        return window


def purge(now: datetime | None = None) -> int:
    """Forget windows that are older than a year. Returns how many."""
    before = int(((now or datetime.now(UTC)) - timedelta(days=366)).timestamp() * 1e9)
    return Window.objects.filter(end_ns__lt=before).delete()[0]
