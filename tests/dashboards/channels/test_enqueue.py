"""What is to be sent is written down with what it tells of: once, or not at all."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest
from django.db import transaction

from dashboards.channels.events import Event, EventKind
from dashboards.channels.models import Channel, Delivery
from dashboards.channels.services import enqueue
from sightglass.accounts.models import Project
from tests.dashboards.channels.making import event

pytestmark = pytest.mark.django_db


@pytest.fixture
def channel(project: Project) -> Channel:
    return Channel.objects.create(project=project, name="ops", kind="webhook")


def test_an_event_comes_back_as_it_went() -> None:
    for one in (event(), event(rule_id=None, rule="", group="gpt-4o", url="", facts=())):
        assert Event.from_json(one.to_json()) == one


def test_texts_are_made_harmless_for_logs_and_headers() -> None:
    made = event(
        title="a\r\nBcc: all@example.org\x00\u2028b",
        text="one\ntwo\x1b[31m\r\nthree" + "x" * 9_000,
        group="g\nh",
        facts=(("n\nm", "v" * 900),) * 99,
    )
    assert made.title == "a Bcc: all@example.org b"
    assert made.text.splitlines()[:2] == ["one", "two [31m"] and len(made.text) == 4_000
    assert made.group == "g h" and len(made.facts) == 20
    assert made.facts[0][0] == "n m" and len(made.facts[0][1]) == 500


@pytest.mark.parametrize(
    "values", [{"kind": "burning"}, {"severity": "mild"}, {"at": datetime(2026, 1, 1)}]
)
def test_impossible_events_are_refused(values: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"burning|severity|zone"):
        event(**values)


def test_threads_hold_what_is_about_one_alert_together() -> None:
    assert event().thread == event(kind=EventKind.RESOLVED, title="over").thread != ""
    others = (event(group="gpt-4o"), event(rule_id=8), event(project="rival"))
    assert len({one.thread for one in (event(), *others)}) == 4
    assert event(rule_id=None).thread == ""


def test_one_key_is_one_delivery(channel: Channel) -> None:
    assert enqueue(channel_ids=[channel.pk], dedupe_key="7:firing:1", event=event()) == 1
    assert enqueue(channel_ids=[channel.pk], dedupe_key="7:firing:1", event=event(title="b")) == 0
    row = Delivery.objects.get()
    assert row.state == "waiting" and row.thread == event().thread and row.attempts == 0
    assert Event.from_json(row.event) == event()
    assert enqueue(channel_ids=[channel.pk], dedupe_key="7:resolved:1", event=event()) == 1


def test_it_is_undone_with_its_transaction(channel: Channel) -> None:
    with pytest.raises(RuntimeError), transaction.atomic():
        enqueue(channel_ids=[channel.pk], dedupe_key="k", event=event())
        raise RuntimeError
    assert not Delivery.objects.exists()


def test_only_channels_of_the_project_that_are_on(channel: Channel, other_project: Project) -> None:
    off = Channel.objects.create(project=channel.project, name="off", kind="webhook", enabled=False)
    rival = Channel.objects.create(project=other_project, name="theirs", kind="webhook")
    given = [channel.pk, off.pk, rival.pk, 10**9]
    assert enqueue(channel_ids=given, dedupe_key="k", event=event()) == 1
    assert Delivery.objects.get().channel == channel
    assert enqueue(channel_ids=[], dedupe_key="k2", event=event()) == 0


@pytest.mark.parametrize("key", ["", "k" * 201])
def test_keys_have_bounds(channel: Channel, key: str) -> None:
    with pytest.raises(ValueError, match="dedupe_key"):
        enqueue(channel_ids=[channel.pk], dedupe_key=key, event=event())
