"""Which windows come when, who judges them, what they are compared with; nothing is asked twice."""

from __future__ import annotations

import os
import time
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from django.core.exceptions import ValidationError
from django.db import connection
from django.utils import timezone

from evals.drift.models import Monitor, Turn, Window
from evals.drift.services import forgetting, items, judging, monitors, references, schedule
from evals.drift.services.items import Items, joined
from evals.drift.services.references import DAY, HOUR, Reader, ranges
from evals.drift.stats import Result, Test
from sightglass.accounts.access import Access
from tests.evals.datasets.making import dataset
from tests.evals.judging import chat
from tests.traces.sending import SECOND, decoded
from traces.models import Score, Trace
from traces.services import resting
from traces.services.ingest import store_spans

pytestmark = pytest.mark.django_db
TODAY = (time.time_ns() // DAY - 1) * DAY
"""Midnight at the beginning of yesterday (ns)."""
NOON = datetime.fromtimestamp(TODAY / 1e9, UTC) + timedelta(hours=36)


def send(access: Access, number: int, start_ns: int, **more: Any) -> list[UUID]:
    ids = [os.urandom(16) for _ in range(number)]
    spans = [
        chat(f"Where is parcel {n}?", f"Parcel {n} is on its way.", trace_id=one,
             span_id=os.urandom(8), start_ns=start_ns + n * SECOND, **more)
        for n, one in enumerate(ids)
    ]  # fmt: skip
    store_spans(access, decoded(*spans))
    return [UUID(bytes=one) for one in ids]


def settled() -> None:
    """Nothing is being sent any more."""
    Trace.objects.update(received_at=timezone.now() - timedelta(hours=1))


def made(access: Access, **more: Any) -> Monitor:
    wanted = monitors.Wanted(**({"name": "inputs", "what": "inputs"} | more))
    return monitors.make(access, wanted)


def planned(access: Access) -> list[tuple[int, int]]:
    """Days (or hours) before TODAY at which the windows begin and end."""
    Turn.objects.update(looked_at=NOON - timedelta(hours=1))
    schedule.look(access.project.pk, NOON)
    rows = Window.objects.filter(monitor__name="inputs").order_by("end_ns")
    return [((one.start_ns - TODAY) // HOUR, (one.end_ns - TODAY) // HOUR) for one in rows]


def turn(access: Access) -> None:
    assert schedule.hold(access.project.pk, NOON)


def test_a_project_without_traffic_has_no_monitor_and_one_with_it_the_usual(
    access: Access,
) -> None:
    turn(access)
    assert planned(access) == [] and not Monitor.objects.exists()
    send(access, 2, TODAY - 3 * DAY)
    send(access, 2, TODAY)
    settled()
    assert planned(access) == [(-72, -48), (-48, -24), (-24, 0), (0, 24)]
    names = Monitor.objects.order_by("pk").values_list("name", "what")
    assert list(names) == [("inputs", "inputs"), ("outputs", "outputs")]
    assert planned(access) == [(-72, -48), (-48, -24), (-24, 0), (0, 24)], "once"
    monitors.archive(access, Monitor.objects.get(name="outputs"))
    monitors.archive(access, Monitor.objects.get(name="inputs"))
    planned(access)
    assert not Monitor.objects.filter(archived_at=None).exists(), "what was ended stays so"


def test_days_that_are_still_being_sent_are_awaited(access: Access) -> None:
    turn(access)
    send(access, 2, TODAY - 3 * DAY)
    send(access, 2, TODAY - DAY + HOUR)
    assert planned(access) == [(-72, -48), (-48, -24)]


def test_no_more_than_four_weeks_are_filled_in(access: Access) -> None:
    turn(access)
    send(access, 1, TODAY - 60 * DAY)
    send(access, 1, TODAY)
    settled()
    days = planned(access)
    assert len(days) == 28 and days[0] == (-27 * 24, -26 * 24)


def test_hours_and_sizes(access: Access) -> None:
    monitor = made(access, hours=6)
    turn(access)
    send(access, 1, TODAY)
    send(access, 1, TODAY + 13 * HOUR)
    settled()
    assert planned(access) == [(0, 6), (6, 12), (12, 18)]
    Window.objects.all().delete()
    Monitor.objects.filter(pk=monitor.pk).update(hours=0, size=50)
    Trace.objects.all().delete()
    send(access, 120, TODAY)
    settled()
    planned(access)
    found = list(Window.objects.filter(monitor=monitor).order_by("end_ns"))
    assert [(one.end_ns - one.start_ns) // SECOND for one in found] == [50, 50]
    assert found[0].end_ns == found[1].start_ns
    planned(access)
    assert Window.objects.filter(monitor=monitor).count() == 2


def test_one_worker_at_a_time_has_a_project(access: Access) -> None:
    assert schedule.hold(access.project.pk, NOON)
    assert not schedule.hold(access.project.pk, NOON + timedelta(minutes=4))
    assert schedule.hold(access.project.pk, NOON + timedelta(minutes=6)), "who died lets go"


def waiting(access: Access, **more: Any) -> Window:
    monitor = Monitor.objects.filter(name="inputs").first() or made(access)
    said: dict[str, Any] = {"start_ns": TODAY, "end_ns": TODAY + DAY}
    return Window.objects.create(monitor=monitor, project=access.project, **(said | more))


def test_too_few_are_not_compared_and_looked_at_again_once_more_came(access: Access) -> None:
    window = waiting(access)
    send(access, 5, TODAY + HOUR)
    assert schedule.run(60, NOON) == 1
    window.refresh_from_db()
    assert (window.state, window.current_size) == ("skipped", 5)
    assert window.verdict == "5 conversations to compare; at least 30 are needed."
    later = timezone.now() + timedelta(hours=2)
    schedule._again(window.monitor, TODAY - 20 * DAY, later)
    window.refresh_from_db()
    assert window.state == "skipped", "nothing came"
    Window.objects.update(finished_at=timezone.now() - timedelta(minutes=1))
    send(access, 5, TODAY + 2 * HOUR)
    schedule._again(window.monitor, TODAY - 20 * DAY, later)
    window.refresh_from_db()
    assert window.state == "waiting"


def test_by_hand_comes_first_and_leaves_no_score(
    access: Access, monkeypatch: pytest.MonkeyPatch
) -> None:
    waiting(access)
    asked = monitors.test_now(access, Monitor.objects.get())
    seen: list[int] = []

    def judge(window: Window, reader: Reader) -> None:
        seen.append(window.pk)
        _done(window)

    monkeypatch.setattr(judging, "judge", judge)
    schedule.run(60, NOON)
    assert seen[0] == asked.pk and len(seen) == 2


def _done(window: Window) -> None:
    Window.objects.filter(pk=window.pk).update(state="done")


def test_while_requests_come_in_only_what_somebody_or_what_has_waited_is_judged(
    access: Access, monkeypatch: pytest.MonkeyPatch
) -> None:
    new = waiting(access)
    old = [
        waiting(access, start_ns=TODAY - days * DAY, created_at=timezone.now() - schedule.PATIENCE)
        for days in (1, 2)
    ]
    asked = monitors.test_now(access, Monitor.objects.get())
    seen: list[int] = []

    def judge(window: Window, reader: Reader) -> None:
        seen.append(window.pk)
        _done(window)

    monkeypatch.setattr(judging, "judge", judge)
    monkeypatch.setattr(resting, "is_busy", lambda: True)
    assert [schedule.run(60, NOON), *seen] == [2, asked.pk, old[0].pk]
    assert [schedule.run(60, timezone.now() + timedelta(hours=1)), *seen[2:]] == [1, old[1].pk]
    assert schedule.run(60, timezone.now() + timedelta(hours=2)) == 0
    monkeypatch.setattr(resting, "is_busy", lambda: False)
    assert [schedule.run(60, timezone.now() + timedelta(hours=3)), *seen[3:]] == [1, new.pk]


def test_who_was_killed_is_followed_by_another_and_given_up_after_three(
    access: Access, monkeypatch: pytest.MonkeyPatch
) -> None:
    window = waiting(access, state="running", attempts=1)
    monkeypatch.setattr(judging, "judge", lambda window, reader: _done(window))
    schedule.run(60, NOON)
    window.refresh_from_db()
    assert (window.state, window.attempts) == ("done", 2)
    Window.objects.update(state="running", attempts=3)
    schedule.run(60, timezone.now() + timedelta(hours=1))
    window.refresh_from_db()
    assert window.state == "failed" and "three" in window.problem


def test_a_window_that_fails_stops_no_other(
    access: Access, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = waiting(access)
    second = waiting(access, start_ns=TODAY - DAY, end_ns=TODAY)

    def judge(window: Window, reader: Reader) -> None:
        if window.pk == second.pk:
            raise RuntimeError("no")
        _done(window)

    monkeypatch.setattr(judging, "judge", judge)
    assert schedule.run(60, NOON) == 2
    assert {one.pk: one.state for one in Window.objects.all()} == {
        first.pk: "done", second.pk: "failed",
    }  # fmt: skip


def test_a_reference_leaves_out_a_change_until_that_has_lasted(access: Access) -> None:
    monitor = made(access)
    assert ranges(monitor, 0, DAY)[:2] == [(-DAY, 0), (-2 * DAY, -DAY)]
    assert len(ranges(monitor, 0, DAY)) == 3 * references.PERIODS, "some may have no traffic"
    for day in range(1, 4):
        waiting(access, start_ns=TODAY - day * DAY, end_ns=TODAY - (day - 1) * DAY, drift=True,
                since_ns=TODAY - 3 * DAY)  # fmt: skip
    assert ranges(monitor, TODAY, TODAY + DAY)[0] == (TODAY - 4 * DAY, TODAY - 3 * DAY)
    by_hand = ranges(monitor, TODAY + HOUR, TODAY + DAY + HOUR)
    assert by_hand[0] == (TODAY - 5 * DAY + HOUR, TODAY - 4 * DAY + HOUR), "nothing of it"
    waiting(access, start_ns=TODAY - 4 * DAY, end_ns=TODAY - 3 * DAY, drift=True,
            since_ns=TODAY - 3 * DAY)  # fmt: skip
    assert ranges(monitor, TODAY, TODAY + DAY)[0] == (TODAY - DAY, TODAY), "it has lasted"


def test_a_reference_of_weekdays_and_of_a_release(access: Access) -> None:
    weekly = made(access, name="w", reference="weekday")
    starts = [start // DAY for start, _ in ranges(weekly, 0, DAY)][:4]
    assert starts == [-7, -14, -21, -28]
    send(access, 60, TODAY - 3 * DAY)
    Trace.objects.update(release='1 "b"')
    pinned = made(access, name="r", reference="release", release='1 "b"')
    send(access, 2, TODAY - 2 * DAY)
    assert references.of_release("", '1 "b"') == 'release:"1 \\"b\\""'
    assert references.of_release("user:a OR user:b", "1") == '(user:a OR user:b) release:"1"'
    found = Reader(access.project.pk).reference(pinned, TODAY, TODAY + DAY)
    assert (len(found.items), found.least) == (60, 1)


def test_what_could_never_be_compared_with_is_refused_at_once(access: Access) -> None:
    with pytest.raises(ValidationError, match="0 traces of the last 30 days are of this release"):
        made(access, reference="release", release="9.9")
    few = dataset(access, "few")
    with pytest.raises(ValidationError, match="It has 0 items; at least 60 are needed"):
        made(access, reference="dataset", dataset=few)
    send(access, 59, TODAY)
    Trace.objects.update(release="9.9")
    with pytest.raises(ValidationError, match=r"59 traces of the last 30 days are .* at least 60"):
        made(access, reference="release", release="9.9")
    send(access, 1, TODAY)
    Trace.objects.update(release="9.9")
    monitor = made(access, reference="release", release="9.9")
    Trace.objects.all().delete()
    kept = monitors.of(monitor)
    kept.enabled = False
    assert not monitors.change(access, monitor, kept).enabled, "it can be paused all the same"


def test_items_are_one_of_each_conversation_and_the_same_each_time(access: Access) -> None:
    send(access, 8, TODAY, session__id="one")
    send(access, 6, TODAY + HOUR, user__id="ann", output_tokens=7)
    found = items.read(access.project.pk, "", TODAY, TODAY + DAY, 50)
    assert len(found) == 7
    again = items.read(access.project.pk, "", TODAY, TODAY + DAY, 50)
    assert again.keys == found.keys
    assert len(items.read(access.project.pk, "", TODAY, TODAY + DAY, 3)) == 3
    assert len(items.read(access.project.pk, "user:ann", TODAY, TODAY + DAY, 50)) == 6
    assert found.input_vectors.shape == (7, 256) and found.start_ns == sorted(found.start_ns)
    assert found.inputs[-1].startswith("Where is parcel")
    assert set(found.origins) == set(items.DIMENSIONS)
    assert found.origins["user"].count("ann") == 6


def test_items_join_and_are_taken(access: Access) -> None:
    send(access, 4, TODAY)
    one = items.read(access.project.pk, "", TODAY, TODAY + DAY, 10)
    one.scores = {"a": [1.0, 2.0, 3.0, 4.0]}
    other = items.read(access.project.pk, "", TODAY, TODAY + DAY, 10)
    both = joined([one, other])
    assert len(both) == 8 and both.scores["a"][:4] == [1, 2, 3, 4]
    assert all(value != value for value in both.scores["a"][4:]), "absent in the second"
    some = both.taken([7, 0])
    assert some.keys == [both.keys[7], both.keys[0]] and some.input_vectors.shape == (2, 256)
    assert len(joined([])) == 0 and isinstance(joined([]), Items)


def test_few_of_many_windows_are_said_to_drift_by_chance() -> None:
    uniform = [(place + 0.5) / 27 for place in range(27)]
    assert not judging.decided(0.02, uniform, 0.05).drift, "one of 28 is that small by chance"
    assert judging.decided(0.001, uniform, 0.05).drift
    assert judging.decided(0.02, [], 0.05).drift
    found = judging.decided(0.01, [0.001] * 10 + uniform, 0.05)
    assert found.drift and found.adjusted == pytest.approx(0.01 * 38 / 11)


def result(*tests: Test) -> Result:
    return Result(0.01, True, 0.05, 100, 100, 999, tests, 0.2, (), (), ())


def test_about_which_share_has_changed() -> None:
    classifier = Test("telling them apart", "classifier", 1, 0.01, 0.01, 0.65)
    number = Test("latency in ms", "numeric", 1, 0.01, 0.01, 2.0)
    category = Test("outcome", "category", 1, 0.01, 0.01, -0.3)
    assert judging.changed_share(result(number, classifier)) == pytest.approx(0.3)
    assert judging.changed_share(result(category)) == pytest.approx(0.3)
    assert 0.6 < judging.changed_share(result(number)) < 0.9
    assert judging.changed_share(result()) == 0


def test_a_person_is_taken_out_of_what_was_found(access: Access) -> None:
    slices = [{"dimension": "user", "value": "ann"}, {"dimension": "release", "value": "ann"}]
    found = {"slices": slices}
    window = waiting(access, drift=True, verdict="user ann asks for other things", found=found)
    judging._tell(window)
    assert forgetting.forget(access, "bob") == 0
    assert forgetting.forget(access, "ann") == 1
    window.refresh_from_db()
    assert [one["value"] for one in window.found["slices"]] == ["(erased)", "ann"]
    assert "ann" not in window.verdict
    assert "ann" not in Score.objects.get(name="drift.inputs").comment


def test_words_of_who_said_much_of_a_window_go_with_them(access: Access) -> None:
    found = {
        "slices": [{"dimension": "topic", "value": "jam, quince, recipe"}],
        "terms": [{"term": "quince", "weight": 1.0}, {"term": "my quince", "weight": 0.5}],
    }
    verdict = "They ask for my quince (jam, quince, recipe) now."
    window = waiting(access, drift=True, verdict=verdict, found=found, current_size=40)
    judging._tell(window)
    send(access, 2, window.start_ns, user__id="ann")
    send(access, 1, window.end_ns - 2 * SECOND, user__id="bob")
    forgetting.forget(access, "bob")
    window.refresh_from_db()
    assert window.found["terms"], "one of forty is heard in no word"
    forgetting.forget(access, "ann")
    window.refresh_from_db()
    said = f"{window.found} {window.verdict} {Score.objects.get(name='drift.inputs').comment}"
    assert "quince" not in said and "They ask for" in window.verdict


def test_old_windows_are_forgotten(access: Access) -> None:
    waiting(access)
    waiting(access, start_ns=TODAY - 400 * DAY, end_ns=TODAY - 399 * DAY)
    assert schedule.purge() == 1 and Window.objects.count() == 1


def test_drawing_reads_no_more_than_it_must(access: Access) -> None:
    send(access, 40, TODAY)
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM traces_trace")
        assert cursor.fetchone() == (40,)
    assert len(items.drawn(access.project.pk, "", TODAY, TODAY + DAY, 5)) == 5 * items.SPARE
