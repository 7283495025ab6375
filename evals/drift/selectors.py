"""Reading monitors, their windows, and the examples that these keep the ids of."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.db.models import Count, Exists, F, OuterRef, Q
from django.http import Http404

from evals.drift.models import Monitor, Window
from evals.services import loading
from sightglass.accounts.access import Access, Permission
from traces.ids import span_from_hex, trace_from_hex
from traces.selectors.paging import MAX_LIMIT, Cursor, Page, decode, encode, time_limit

ORDER = "drift windows"
MOST_MONITORS = 100
State = Window.State
JUDGED = (State.DONE, State.SKIPPED, State.FAILED)


def monitors_of(access: Access) -> list[Monitor]:
    """Those at work or paused, the first made first. Raises PermissionDenied."""
    access.require(Permission.READ)
    rows = Monitor.objects.filter(project=access.project, archived_at=None)
    return list(rows.select_related("dataset").order_by("pk")[:MOST_MONITORS])


def get_monitor(access: Access, pk: int) -> Monitor:
    """Raises PermissionDenied, Http404."""
    access.require(Permission.READ)
    rows = Monitor.objects.filter(project=access.project, pk=pk, archived_at=None)
    found = rows.select_related("dataset").first()
    if found is None:
        raise Http404("There is no such monitor.")
    return found


def windows_of(
    monitor: Monitor,
    *,
    drifting: bool = False,
    limit: int = 50,
    cursor: str | None = None,
) -> Page[Window]:
    """The last first. Raises CursorError, TooSlow."""
    rows = Window.objects.filter(monitor=monitor)
    if drifting:
        rows = rows.filter(drift=True)
    if cursor is not None:
        end_ns, pk = decode(cursor, ORDER, (int, int)).key
        rows = rows.filter(Q(end_ns__lt=end_ns) | Q(end_ns=end_ns, pk__lt=pk))
    limit = max(1, min(limit, MAX_LIMIT))
    with time_limit():
        found = list(rows.order_by("-end_ns", "-pk")[: limit + 1])
    for window in found:
        window.monitor = monitor
    page = Page(found[:limit])
    if len(found) > limit:
        last = found[limit - 1]
        page.next = encode(ORDER, Cursor((last.end_ns, last.pk)))
    return page


def between(
    monitors: Sequence[Monitor], start_ns: int, end_ns: int, most: int = 800
) -> dict[int, list[Window]]:
    """By monitor, its judged windows that end in the range, oldest first, without what was found
    in them. Of each the newest `most`. Raises TooSlow.
    """
    found: dict[int, list[Window]] = {}
    for monitor in monitors:
        rows = Window.objects.filter(
            monitor=monitor, end_ns__gt=start_ns, end_ns__lte=end_ns, by_hand=False,
            state__in=JUDGED,
        )  # fmt: skip
        with time_limit():
            kept = list(rows.defer("found").order_by("-end_ns")[:most])
        found[monitor.pk] = kept[::-1]
    return found


def get_window(access: Access, pk: int) -> Window:
    """Raises PermissionDenied, Http404."""
    access.require(Permission.READ)
    rows = Window.objects.filter(project=access.project, pk=pk, monitor__archived_at=None)
    found = rows.select_related("monitor__dataset").first()
    if found is None:
        raise Http404("There is no such window.")
    return found


def last_judged(monitors: Iterable[Monitor]) -> dict[int, Window]:
    """By monitor, the newest window that was compared."""
    rows = Window.objects.filter(monitor__in=list(monitors), state=State.DONE)
    rows = rows.order_by("monitor_id", "-end_ns", "-pk").distinct("monitor_id")
    return {window.monitor_id: window for window in rows}


def progress(access: Access) -> tuple[int, int]:
    """Windows of the project that wait or are under way, and those that are judged."""
    rows = Window.objects.filter(project=access.project, monitor__archived_at=None)
    told = rows.aggregate(
        waiting=Count("pk", filter=Q(state__in=[State.WAITING, State.RUNNING])),
        judged=Count("pk", filter=Q(state__in=JUDGED)),
    )
    return told["waiting"], told["judged"]


def drifted_between(access: Access, start_ns: int, end_ns: int, most: int = 8) -> list[Window]:
    """Windows with which a drift began, the newest `most`, oldest first."""
    rows = Window.objects.filter(
        project=access.project, since_ns=F("start_ns"), by_hand=False, monitor__archived_at=None,
        end_ns__gt=start_ns, start_ns__lt=end_ns,
    ).select_related("monitor")  # fmt: skip
    return list(rows.defer("found").order_by("-end_ns")[:most])[::-1]


MOST_DRIFTING = 60
"""Windows that are looked through for changes."""


def changes_between(access: Access, start_ns: int, end_ns: int) -> list[Window]:
    """Of each change that was seen in the range the newest window, the newest first; also of those
    that began before it. Among the newest MOST_DRIFTING windows that drift. `ended`: whether a
    later window is not of that change."""
    later = Window.objects.filter(
        monitor=OuterRef("monitor"), state=State.DONE, by_hand=False,
        end_ns__gt=OuterRef("end_ns"), start_ns__gte=OuterRef("end_ns"),
    )  # fmt: skip
    others = later.filter(Q(since_ns=None) | ~Q(since_ns=OuterRef("since_ns")))
    rows = Window.objects.filter(
        project=access.project, drift=True, by_hand=False, monitor__archived_at=None,
        end_ns__gt=start_ns, start_ns__lt=end_ns,
    ).select_related("monitor")  # fmt: skip
    newest: dict[tuple[int, int | None], Window] = {}
    rows = rows.annotate(ended=Exists(others)).defer("found")
    for window in rows.order_by("-end_ns", "-pk")[:MOST_DRIFTING]:
        newest.setdefault((window.monitor_id, window.since_ns), window)
    return list(newest.values())


@dataclass(frozen=True, slots=True)
class Text:
    """One conversation's question and answer; empty where its trace is gone."""

    trace_id: str
    span_id: str
    start_ns: int
    input: str
    output: str

    @property
    def at(self) -> datetime:
        return datetime.fromtimestamp(self.start_ns / 1e9, UTC)

    @property
    def stored(self) -> bool:
        return bool(self.input or self.output)


@dataclass(frozen=True, slots=True)
class Example:
    """One that is telling of the window, and the one before that is most like it."""

    now: Text
    before: Text | None


NUMBER = re.compile(r"\d+")
ALIKE = 3
"""Examples that are read for each that is shown: some say the same."""
LONGEST = 2_000
"""Characters that are shown of a text."""


def _said(text: str) -> str:
    return NUMBER.sub("0", " ".join(text.lower().split()))


def examples_of(window: Window, most: int = 12) -> list[Example]:
    """What the window's examples say, as far as they are stored still; what was asked in the same
    words once, whatever numbers are in it.
    """
    pairs = window.found.get("examples", [])[: ALIKE * most]
    ids = [side for pair in pairs for side in pair.values() if side and "trace_id" in side]
    keys = [
        (trace_from_hex(one["trace_id"]), span_from_hex(one["span_id"]), one["start_ns"])
        for one in ids
    ]
    rows = loading.rows_of(window.project_id, keys)
    subjects = loading.subjects_of(window.project_id, rows)

    def text(side: dict[str, Any] | None) -> Text | None:
        if not side or "trace_id" not in side:
            return None
        key = (trace_from_hex(side["trace_id"]), span_from_hex(side["span_id"]))
        subject = subjects.get(key)
        asked = subject.example().input or "" if subject else ""
        answered = subject.output or "" if subject else ""
        return Text(
            side["trace_id"], side["span_id"], side["start_ns"],
            asked.strip()[:LONGEST], answered[:LONGEST],
        )  # fmt: skip

    found: dict[str, Example] = {}
    for pair in pairs:
        now = text(pair["now"])
        if now is not None:
            said = _said(now.input) if now.stored else now.trace_id
            found.setdefault(said, Example(now, text(pair.get("before"))))
    return list(found.values())[:most]
