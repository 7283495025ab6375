"""The drift pages without a browser: what is chosen, said and led to; forms; hostile words."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from dashboards.drift import words
from evals.drift import wording
from evals.drift.models import Monitor, Window
from evals.drift.selectors import drifted_between
from evals.drift.services import judging, monitors
from sightglass.accounts.access import Access
from sightglass.accounts.models import Role, User
from tests.conftest import member
from tests.evals.drift.test_api import FOUND

pytestmark = pytest.mark.django_db
DAY = 86_400 * 10**9
TODAY = int(datetime.now(UTC).timestamp()) * 10**9 // DAY * DAY
BAIT = '"><script>alert(1)</script>'


@pytest.fixture
def page(client: Client, owner: User) -> Client:
    client.force_login(owner)
    return client


def address(access: Access, more: str = "") -> str:
    return f"/p/{access.project.slug}/drift{more}"


def window(monitor: Monitor, ago: int, **more: Any) -> Window:
    said: dict[str, Any] = {"state": "done", "p": 0.4, "adjusted": 0.6, "drift": False}
    said |= {"changed_share": 0.02, "detectable": 0.2, "current_size": 140, "reference_size": 900}
    start = TODAY - ago * DAY
    return Window.objects.create(
        monitor=monitor, project_id=monitor.project_id, start_ns=start, end_ns=start + DAY,
        **(said | more),
    )  # fmt: skip


@pytest.fixture
def drifting(access: Access) -> Window:
    """Outputs that are as usual for four days, then drift for three; inputs as usual."""
    monitors.make_usual(access.project.pk)
    inputs, outputs = (Monitor.objects.get(name=name) for name in ("inputs", "outputs"))
    for ago in range(7, 3, -1):
        window(inputs, ago)
        window(outputs, ago)
    said = {"drift": True, "cause": "model", "changed_share": 0.4, "found": FOUND}
    window(outputs, 3, since_ns=TODAY - 3 * DAY, **said)
    said["since_ns"] = TODAY - 2 * DAY
    window(outputs, 2, **said)
    return window(outputs, 1, verdict="Since 2 days: the model changed.", **said)


def test_what_drifts_most_is_chosen_and_said(
    page: Client, access: Access, drifting: Window
) -> None:
    text = page.get(address(access)).content.decode()
    assert text.count("Since 2 days: the model changed.") >= 2
    assert 'aria-current="true"><span class="stat-l">outputs' in text
    when = judging.moment(TODAY - 2 * DAY, drifting.monitor)
    assert f"The model changed since {when}" in text, "another change began a day before that"
    assert "score:drift.outputs" in text and "Left without" in text
    assert "1 in 250" in text, "the adjusted p-value in words"
    assert "Its trace is no longer stored." in text
    assert f"/p/{access.project.slug}/traces?q=user%3Ameridian" in text
    other = page.get(address(access, f"/{Monitor.objects.get(name='inputs').pk}"))
    assert "As usual" in other.content.decode()


def test_tiles_are_of_the_chosen_range(page: Client, access: Access, drifting: Window) -> None:
    """Share, cause and since when are of one window: the last of the range, not of all."""
    outputs = drifting.monitor
    Window.objects.filter(monitor=outputs, start_ns=TODAY - 3 * DAY).update(
        cause="users", changed_share=0.31
    )
    said = "?from={:%Y-%m-%d}&to={:%Y-%m-%d}"
    days = [datetime.fromtimestamp((TODAY - ago * DAY) // 10**9, UTC) for ago in (4, 2)]
    text = page.get(address(access) + said.format(*days)).content.decode()
    when = judging.moment(TODAY - 3 * DAY, outputs)
    assert f"The users changed since {when}" in text and ">31 %<" in text
    assert "The model changed since" not in text
    early = [datetime.fromtimestamp((TODAY - ago * DAY) // 10**9, UTC) for ago in (40, 38)]
    text = page.get(address(access) + said.format(*early)).content.decode()
    assert "Not judged in this range" in text and "changed since" not in text


def test_a_window_of_its_own(page: Client, access: Access, drifting: Window) -> None:
    first = Window.objects.filter(monitor=drifting.monitor).order_by("end_ns")[0]
    first.verdict = wording.of_quiet(0.2, 140)
    first.save()
    text = page.get(address(access, f"/windows/{first.pk}")).content.decode()
    assert "No change found" in text and "a shift of under 20 % of them" in text
    Window.objects.filter(pk=first.pk).update(state="running", stage="comparing")
    assert "Comparing…" in page.get(address(access, f"/windows/{first.pk}")).content.decode()
    assert page.get(address(access, "/windows/999999")).status_code == 404


def test_the_timeline_as_a_file(page: Client, access: Access, drifting: Window) -> None:
    body = page.get(address(access) + "?csv=drift").content.decode()
    rows = list(csv.reader(io.StringIO(body)))
    assert len(rows) >= 8 and any("outputs" in name for name in rows[0])


def test_lines_keep_their_colours_whichever_monitor_is_chosen(
    page: Client, access: Access, drifting: Window
) -> None:
    inputs = Monitor.objects.get(name="inputs")
    window(inputs, 2)
    heads = {
        page.get(address(access, f"/{one.pk}") + "?csv=drift").content.splitlines()[0]
        for one in (inputs, drifting.monitor)
    }
    assert len(heads) == 1 and b"inputs" in min(heads) and b"outputs" in min(heads)


def test_the_page_asks_little(page: Client, access: Access, drifting: Window) -> None:
    page.get(address(access))
    with CaptureQueriesContext(
        connection,
    ) as asked:
        page.get(address(access))
    assert len(asked) <= 26


def test_monitors_of_another_length_have_a_timeline_of_their_own(
    page: Client, access: Access, drifting: Window
) -> None:
    hourly = monitors.make(access, monitors.Wanted("hourly", "inputs", hours=1))
    made = window(hourly, 2)
    Window.objects.filter(pk=made.pk).update(end_ns=made.start_ns + DAY // 24)
    for monitor in (hourly, drifting.monitor):
        body = page.get(address(access, f"/{monitor.pk}") + "?csv=drift").content.decode()
        assert ("hourly" in body.splitlines()[0]) == (monitor == hourly)


def test_hostile_words(page: Client, access: Access, drifting: Window) -> None:
    slices = [FOUND["slices"][0] | {"value": BAIT}]
    terms = [{"term": BAIT, "weight": 1.0, "reference": 0.0, "current": 0.1}]
    hostile = FOUND | {"slices": slices, "terms": terms}
    Window.objects.filter(pk=drifting.pk).update(verdict=BAIT, found=hostile)
    text = page.get(address(access, f"/windows/{drifting.pk}")).content.decode()
    assert "<script>alert" not in text and "&lt;script&gt;alert" in text


def test_the_form(page: Client, access: Access) -> None:
    given = {"name": "mine", "what": "outputs", "hours": "24", "reference": "previous",
             "alpha": "0.05", "enabled": "on"}  # fmt: skip
    wrong = page.post(address(access, "/new"), given | {"reference": "release"})
    assert "Say which release." in wrong.content.decode()
    wrong = page.post(address(access, "/new"), given | {"q": "nothing:x"})
    assert wrong.status_code == 200 and not Monitor.objects.exists()
    made = page.post(address(access, "/new"), given)
    monitor = Monitor.objects.get()
    assert made["Location"].endswith(f"/drift/{monitor.pk}")
    shown = page.get(address(access, f"/{monitor.pk}/edit")).content.decode()
    assert 'value="mine"' in shown
    page.post(address(access, f"/{monitor.pk}/edit"), given | {"hours": "", "size": "500"})
    monitor.refresh_from_db()
    assert (monitor.hours, monitor.size) == (0, 500)
    page.post(address(access, f"/{monitor.pk}/change"), {"do": "test"})
    assert Window.objects.get().by_hand
    assert page.post(address(access, f"/{monitor.pk}/change"), {"do": "odd"}).status_code == 404
    page.post(address(access, f"/{monitor.pk}/change"), {"do": "archive"})
    monitor.refresh_from_db()
    assert monitor.archived_at is not None


def test_a_viewer_looks_and_changes_nothing(
    client: Client, access: Access, drifting: Window
) -> None:
    client.force_login(member(access.project, "v@example.org", Role.VIEWER))
    text = client.get(address(access)).content.decode()
    assert "Test now" not in text and "Alert on this" not in text
    assert client.get(address(access, "/new")).status_code == 403


def test_an_alert_rule_begins_with_the_metric(page: Client, access: Access) -> None:
    there = f"/p/{access.project.slug}/alerts/new"
    text = page.get(there, {"metric": "score:drift.outputs", "name": BAIT}).content.decode()
    assert 'value="score:drift.outputs"' in text and "<script>alert" not in text


def test_quality_marks_where_a_drift_began_and_calls_it_no_score(
    page: Client, access: Access, drifting: Window
) -> None:
    judging._tell(drifting)
    text = page.get(f"/p/{access.project.slug}/quality").content.decode()
    assert "No scores in this time range" in text
    found = drifted_between(access, 0, TODAY + DAY)
    assert [one.start_ns for one in found] == [TODAY - 3 * DAY, TODAY - 2 * DAY]


def test_texts_as_a_whole_are_one_test_and_the_others_are_more(
    page: Client, access: Access, drifting: Window
) -> None:
    widths = ("meaning and wording, middle", "meaning and wording, wide", "meaning, narrow")
    one = {"kind": "vectors", "effect": 0.1, "reference": None, "current": None, "level": None}
    tests = [one | {"name": name, "adjusted": 0.001} for name in widths]
    Window.objects.filter(pk=drifting.pk).update(found=FOUND | {"tests": tests})
    whole = page.get(address(access, f"/windows/{drifting.pk}")).context["whole"]
    assert [line.name for line in whole.tests] == ["meaning and wording"]
    assert [line.name for line in whole.more_tests] == list(widths[1:])


def test_what_moved_by_chance_alone_is_not_listed(
    page: Client, access: Access, drifting: Window
) -> None:
    """Six at first, the others behind a word; groups of questions are told from topics."""
    moved = FOUND["slices"][0] | {"carries": False, "dimension": "topic", "explains": 1.03}
    slices = [moved | {"value": f"group {at}", "p": 0.01} for at in range(8)]
    slices += [moved | {"value": "by chance", "p": 0.4}]
    slices += [moved | {"value": "carrying", "p": 0.01, "carries": True, "now": moved["before"]}]
    slices += [moved | {"value": "unmoved", "p": 0.4, "carries": True, "now": moved["before"]}]
    Window.objects.filter(pk=drifting.pk).update(found=FOUND | {"slices": slices})
    answer = page.get(address(access, f"/windows/{drifting.pk}"))
    text, whole = answer.content.decode(), answer.context["whole"]
    assert whole.slices[0].value == "carrying" and len(whole.slices) == 6
    assert "by chance" not in [one.value for one in whole.slices + whole.more_slices]
    assert whole.more_slices[-1].value == "unmoved", "as large as before"
    assert "4 more that moved" in text and "all of it" in text and "103 %" not in text
    assert "not the topics of the" in text


def test_events_of_all_monitors_are_listed(page: Client, access: Access, drifting: Window) -> None:
    """Newest first, from whichever monitor is chosen; none of another time."""
    inputs = Monitor.objects.get(name="inputs")
    other = window(
        inputs, 2, drift=True, since_ns=TODAY - 2 * DAY, cause="users", verdict=f"They ask {BAIT}."
    )
    for there in (address(access), address(access, f"/{inputs.pk}")):
        answer = page.get(there)
        events = answer.context["events"]
        assert [one.cause for one in events] == [
            "The model changed", "The users changed", "The model changed",
        ]  # fmt: skip
        assert any(f"/drift/windows/{other.pk}?" in one.url for one in events)
        assert BAIT not in answer.content.decode()
        day = [judging.moment(TODAY - ago * DAY, inputs) for ago in range(5)]
        assert [one.times for one in events] == [f"since {day[2]}", f"since {day[2]}", day[3]]
    window(inputs, 1)
    events = page.get(address(access)).context["events"]
    assert [one.times for one in events] == [f"since {day[2]}", day[2], day[3]]
    first, second = window(inputs, 30), window(inputs, 29)
    for one in (first, second):
        one.drift, one.since_ns = True, first.start_ns
        one.save()
    dates = [datetime.fromtimestamp((TODAY - ago * DAY) / 1e9, UTC) for ago in (32, 27)]
    asked = "?from={:%Y-%m-%d}&to={:%Y-%m-%d}".format(*dates)
    (long_ago,) = page.get(address(access, asked)).context["events"]
    days = [judging.moment(one.start_ns, inputs) for one in (first, second)]
    assert long_ago.times == " – ".join(days)
    assert page.get(address(access, "?from=2020-01-01&to=2020-02-01")).context["events"] == []


def test_words() -> None:
    assert words.chance(0.0004) == "under 1 in 1,000" and words.chance(0.01) == "1 in 100"
    assert words.chance(0.7) == "as often as not" and words.chance(None) == "–"
    assert [words.part(one) for one in (1.03, 0.96, 0.001, -0.1)] == [
        "all of it", "96 %", "none of it", "goes against it",
    ]  # fmt: skip
    assert words.false_alarms(0.05).startswith("Of 20 windows called drift, at most one")
    line = words.test_line(
        {"name": "language", "kind": "descriptor", "adjusted": 0.01, "effect": 0.3,
         "reference": 0.01, "current": 0.3, "level": "de"}, 0.05, "outputs",
    )  # fmt: skip
    assert (line.name, line.before, line.now, line.tells) == (
        "outputs in German",
        "1 %",
        "30 %",
        True,
    )
    small = words.test_line(
        {"name": "share of non-ASCII", "kind": "descriptor", "adjusted": 0.002, "effect": 0.1,
         "reference": 0.00112, "current": 0.0064, "level": None}, 0.05, "outputs",
    )  # fmt: skip
    assert (small.before, small.now) == ("0.11 %", "0.64 %"), "rounding must not hide a change"
    every = Monitor(hours=24), Monitor(hours=48), Monitor(hours=1), Monitor(hours=0, size=500)
    assert [words.period(one) for one in every] == [
        "daily", "every 2 days", "hourly", "every 500 traces",
    ]  # fmt: skip
