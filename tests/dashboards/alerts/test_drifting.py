"""A rule on the score of a drift monitor: what it tells is what the window found."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from dashboards.alerts.models import Transition
from dashboards.alerts.pages import options
from dashboards.alerts.services import drifting
from dashboards.channels.models import Delivery
from evals.drift.models import Monitor, Window
from evals.drift.services import judging, monitors
from sightglass.accounts.access import Access
from sightglass.accounts.models import Project, User
from tests.dashboards.alerts.watching import NOON, channel, evaluate, minutes, ns, rule
from tests.evals.drift.test_api import FOUND

pytestmark = pytest.mark.django_db
DAY = 86_400 * 10**9
MIDNIGHT = ns(NOON) // DAY * DAY
VERDICT = "Since 2 Nov user meridian asks for other things: 20 % of conversations, 0 % before."
DRIFT: dict[str, Any] = {
    "slug": "drift", "name": "Drift of inputs", "metric": "score:drift.inputs", "window": "1d",
    "condition": {"type": "threshold", "above": 0},
}  # fmt: skip


def judged(access: Access, end_ns: int, **more: Any) -> Window:
    """A day of the monitor `inputs` that was judged, with the score that it leaves."""
    monitor = Monitor.objects.filter(name="inputs").first() or monitors.make(
        access, monitors.Wanted("inputs", "inputs", q="environment:production")
    )
    said = {"state": "done", "drift": True, "since_ns": end_ns - DAY, "verdict": VERDICT}
    made = Window.objects.create(
        monitor=monitor, project=access.project, start_ns=end_ns - DAY, end_ns=end_ns,
        **(said | {"found": FOUND} | more),
    )  # fmt: skip
    judging._tell(made)
    return made


def fired(access: Access) -> tuple[Window, Transition]:
    channel(access)
    window = judged(access, MIDNIGHT)
    evaluate(rule(access, channels=["ops"], **DRIFT), NOON + minutes(1.5))
    return window, Transition.objects.get(state="firing")


def test_what_is_told_is_what_the_window_said(access: Access) -> None:
    window, firing = fired(access)
    event = Delivery.objects.get().event
    assert event["text"].startswith(VERDICT)
    facts = dict(event["facts"])
    assert facts["Drift"].endswith(f"/drift/windows/{window.pk}")
    assert facts["user: meridian"] == "0 % → 20 %"
    assert firing.evidence["drift"] == window.pk
    assert firing.evidence["examples"] == ["a" * 32]
    assert "environment%3Aproduction" in firing.evidence["explorer"], "the monitor's traffic"
    assert "interval" not in firing.reason and "interval" not in firing.evidence["words"]
    assert VERDICT not in str(firing.evidence), "what is erased of a window is gone here, too"


def test_the_page_of_a_firing_leads_to_the_window(
    access: Access, client: Client, owner: User
) -> None:
    window, firing = fired(access)
    client.force_login(owner)
    there = f"/p/{access.project.slug}/alerts/firings/{firing.pk}"
    text = client.get(there).content.decode()
    assert VERDICT in text and f"/drift/windows/{window.pk}" in text and "0 % → 20 %" in text
    history = f"/p/{access.project.slug}/alerts/history"
    listed = client.get(history).content.decode()
    assert VERDICT in listed and firing.reason in listed, "what drifted, not only that it did"
    window.delete()
    assert VERDICT not in client.get(history).content.decode()
    assert client.get(there).status_code == 200, "windows are forgotten after a year"


def test_windows_without_drift_of_others_and_of_before_say_nothing(
    access: Access, other_project: Project
) -> None:
    made = rule(access, **DRIFT)
    judged(access, MIDNIGHT, drift=False)
    judged(access, MIDNIGHT - 10 * DAY)
    Monitor.objects.create(project=other_project, name="inputs", what="inputs")
    theirs = Monitor.objects.get(project=other_project)
    Window.objects.create(
        monitor=theirs, project=other_project, start_ns=MIDNIGHT - DAY, end_ns=MIDNIGHT, drift=True
    )
    assert drifting.window_of(made, MIDNIGHT - DAY, MIDNIGHT) is None
    assert drifting.monitor_of("error_rate") is None and drifting.monitor_of("score:x") is None
    assert drifting.monitor_of("flagged:drift.a") == "a"


def test_a_verdict_is_no_share_and_has_no_noise(
    access: Access, client: Client, owner: User
) -> None:
    judged(access, MIDNIGHT)
    names = [
        value for _, choices in options.of(access, "").metrics for value, _ in choices
        if "drift" in value
    ]  # fmt: skip
    assert all(name.startswith("score:") for name in names)
    client.force_login(owner)
    text = client.get(
        f"/p/{access.project.slug}/alerts/new?metric=score:drift.inputs"
    ).content.decode()
    assert "can be chance" not in text
