"""A change over several windows: what they are compared with, and when it is usual.

Days are of three kinds of questions that have nothing in common, so that nothing hangs on chance.
"""

from __future__ import annotations

import os
import time
from typing import Any
from uuid import UUID

import pytest

from evals.drift import selectors
from evals.drift.models import Window
from evals.drift.services import changes, judging, monitors
from evals.drift.services.references import DAY, Reader
from sightglass.accounts.access import Access
from tests.evals.judging import chat
from tests.traces.sending import SECOND, decoded
from traces.services.ingest import store_spans

pytestmark = pytest.mark.django_db
TODAY = (time.time_ns() // DAY - 1) * DAY
EACH = 36
KINDS = {
    "parcel": ("Where is parcel {} of mine?", "Parcel {} is on its way to you."),
    "hotel": ("Quote certificate {} for the hotel contract", "The framework agreement says {}."),
    "garden": ("Kann der Gartentisch {} im Regen stehen?", "Nein, Tisch {} braucht eine Plane."),
}


def told(access: Access, *kinds: str, **more: Any) -> list[Window]:
    """A day for each kind, the last one TODAY, each with its window; none is judged yet."""
    monitor = monitors.make(access, monitors.Wanted("inputs", "inputs", **more))
    made = []
    for ago, kind in enumerate(reversed(kinds)):
        start = TODAY - ago * DAY
        if kind:
            _send(access, kind, start)
        made.append(
            Window.objects.create(
                monitor=monitor, project=access.project, start_ns=start, end_ns=start + DAY
            )
        )
    return made[::-1]


def _send(access: Access, kind: str, start_ns: int) -> list[UUID]:
    asked, answered = KINDS[kind]
    ids = [os.urandom(16) for _ in range(EACH)]
    spans = [
        chat(asked.format(n), answered.format(n), trace_id=one, span_id=os.urandom(8),
             start_ns=start_ns + n * SECOND, user__id=f"{kind}-{n % 9}")
        for n, one in enumerate(ids)
    ]  # fmt: skip
    store_spans(access, decoded(*spans))
    return [UUID(bytes=one) for one in ids]


def judged(windows: list[Window]) -> list[Window]:
    reader = Reader(windows[0].project_id)
    for window in windows:
        judging.judge(window, reader)
        window.refresh_from_db()
    return windows


def days(windows: list[Window]) -> list[int | None]:
    """Of each window the day (from the first) at which its change began; None: no drift."""
    first = windows[0].start_ns
    return [None if one.since_ns is None else (one.since_ns - first) // DAY for one in windows]


def test_the_first_days_do_not_tell_what_is_usual(access: Access) -> None:
    found = judged(told(access, "parcel", "hotel", "parcel", "parcel"))
    assert [one.state for one in found] == ["skipped", "skipped", "skipped", "done"]
    usual = "what is usual can be told from 3 on."
    assert found[0].verdict == f"No earlier period has traffic; {usual}"
    assert found[1].verdict == f"1 earlier period with traffic; {usual}"
    assert found[2].verdict == f"2 earlier periods with traffic; {usual}"


def test_a_change_has_one_beginning_and_is_usual_once_it_has_lasted(access: Access) -> None:
    found = judged(told(access, *["parcel"] * 7, *["hotel"] * 12))
    assert days(found[3:7]) == [None] * 4
    first, *later = found[7:11]
    assert days(found)[7:11] == [7] * 4 and first.begins and not any(one.begins for one in later)
    sizes = [one.reference_size for one in found[7:11]]
    assert sizes == [7 * EACH] * 4, "the days before it, all the while"
    since = judging.moment(first.start_ns, first.monitor)
    assert all(one.verdict.startswith(f"Since {since} ") for one in found[7:11])
    assert days(found)[-3:] == [None] * 3, "seven days of it are what is usual"
    assert found[-1].verdict.startswith("No change found.")


def test_what_did_not_last_stays_out_of_what_is_usual(access: Access) -> None:
    found = judged(told(access, *["parcel"] * 6, "hotel", "hotel", "parcel", "parcel"))
    assert days(found)[6:] == [6, 6, None, None]
    assert found[-1].reference_size == 7 * EACH, "all of parcels"


def test_another_change_begins_its_own(access: Access) -> None:
    found = judged(told(access, *["parcel"] * 6, "hotel", "hotel", "garden", "garden"))
    assert days(found)[6:] == [6, 6, 8, 8]
    assert "German" in found[8].verdict and "German" in found[9].verdict


def test_a_change_that_few_were_judged_of_goes_on_over_days_without_traffic(access: Access) -> None:
    found = judged(told(access, *["parcel"] * 6, "hotel", "", "hotel"))
    assert days(found)[6:] == [6, None, 6] and found[7].state == "skipped"


def test_a_change_is_explained_from_its_beginning(access: Access) -> None:
    found = judged(told(access, *["parcel"] * 6, "hotel", "hotel"))
    counts = [
        sum(one["n_now"] for one in window.found["slices"] if one["dimension"] == "user")
        for window in found[6:]
    ]
    assert counts == [EACH, 2 * EACH]
    assert len(found[7].found["examples"]) > 1
    (shown,) = selectors.examples_of(found[7], 4)
    assert shown.now.input.startswith("Quote certificate"), (
        "questions that differ in a number, once"
    )


def test_what_was_judged_long_ago_says_nothing_of_now(access: Access) -> None:
    old, new = told(access, "", "")
    Window.objects.filter(pk=old.pk).update(state="done", drift=True, since_ns=old.start_ns)
    assert changes.under_way(new) == old.start_ns
    by_hand = Window(
        monitor=new.monitor, by_hand=True, start_ns=old.start_ns + 1, end_ns=new.end_ns
    )
    assert changes.under_way(by_hand) == old.start_ns
    ago = old.end_ns - 8 * DAY
    Window.objects.filter(pk=old.pk).update(start_ns=ago - DAY, end_ns=ago, since_ns=ago - DAY)
    assert changes.under_way(new) is None
