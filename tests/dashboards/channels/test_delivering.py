"""From what is written down to what is sent: once each, in order, later where it fails, by one."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from pytest_django import Settings

from dashboards.channels import delivering
from dashboards.channels.delivering import back_off, claim, note, run
from dashboards.channels.events import EventKind
from dashboards.channels.models import Channel, Delivery
from dashboards.channels.sending.outcome import Outcome, delivered, failed
from sightglass.accounts.models import Project
from tests import webhook
from tests.dashboards.channels.making import channel, written_down

pytestmark = pytest.mark.django_db


@pytest.fixture
def receiver(settings: Settings) -> Iterator[webhook.Receiver]:
    settings.ALLOW_PRIVATE_WEBHOOKS = True
    with webhook.running() as one:
        yield one


@pytest.fixture
def row(project: Project, receiver: webhook.Receiver) -> Channel:
    return channel(project, config={"url": receiver.url})


def later(**values: Any) -> None:
    """As if so much time had passed."""
    passed = timedelta(**values)
    for one in Delivery.objects.all():
        one.not_before -= passed
        one.give_up_at -= passed
        if one.lease_until:
            one.lease_until -= passed
        one.save()
    for each in Channel.objects.all():
        for name in ("busy_until", "rests_until"):
            if getattr(each, name):
                setattr(each, name, getattr(each, name) - passed)
        each.save()


def test_what_is_due_is_sent_once(row: Channel, receiver: webhook.Receiver) -> None:
    delivery = written_down(row)
    assert run(5) == 1 and run(5) == 0
    [call] = receiver.calls
    assert call.headers["webhook-id"] == f"msg_{delivery.message_id.hex}"
    delivery.refresh_from_db()
    row.refresh_from_db()
    assert (delivery.state, delivery.status, delivery.attempts) == ("sent", 200, 1)
    assert delivery.ended_at is not None and row.last_ok_at is not None and row.failures == 0


def test_all_of_many_channels_are_sent(project: Project, receiver: webhook.Receiver) -> None:
    rows = [channel(project, config={"url": f"{receiver.url}{n}"}) for n in range(12)]
    for each in rows:
        for key in "ab":
            written_down(each, key, rule_id=None)
    assert run(20) == 24
    assert sorted(call.path for call in receiver.calls) == sorted(
        f"/hooks/a{n}" for n in range(12) for _ in "ab"
    )
    assert len(receiver.distinct) == 24


def test_a_failure_comes_again_with_the_same_id(row: Channel, receiver: webhook.Receiver) -> None:
    receiver.answers, receiver.text = [500, 503], b"<b>secret trace of the other side</b>"
    delivery = written_down(row)
    assert run(5) == 1
    delivery.refresh_from_db()
    assert (delivery.state, delivery.status) == ("waiting", 500)
    assert delivery.error == "HTTP 500 Internal Server Error"
    assert timezone.now() < delivery.not_before <= timezone.now() + timedelta(seconds=10)
    assert run(5) == 0, "it is not due yet"
    later(seconds=11)
    assert run(5) == 1
    later(seconds=21)
    assert run(5) == 1
    delivery.refresh_from_db()
    assert (delivery.state, delivery.attempts, delivery.error) == ("sent", 3, "")
    assert len(receiver.calls) == 3 and len(receiver.distinct) == 1
    assert len({call.raw for call in receiver.calls}) == 1, "the same bytes each time"


def test_back_off_doubles_is_scattered_and_ends_at_an_hour() -> None:
    for attempts in range(1, 30):
        waits = {back_off(attempts, None) for _ in range(40)}
        longest = min(10.0 * 2 ** (attempts - 1), 3600.0)
        assert longest / 2 <= min(waits) and max(waits) <= longest and len(waits) > 30
    assert back_off(1, 900.0) == 900.0
    assert back_off(30, 1.0) >= 1800


def test_retry_after_is_obeyed_by_all_of_the_channel(
    row: Channel, receiver: webhook.Receiver
) -> None:
    receiver.answers, receiver.headers = [429], {"Retry-After": "120"}
    written_down(row, "a", rule_id=1)
    written_down(row, "b", rule_id=2)
    assert run(5) == 1
    row.refresh_from_db()
    assert row.rests_until is not None
    assert timedelta(seconds=110) < row.rests_until - timezone.now() <= timedelta(seconds=120)
    later(seconds=100)
    assert run(5) == 0
    later(seconds=21)
    assert run(5) == 2 and Delivery.objects.filter(state="sent").count() == 2


def test_it_is_given_up_after_a_day(row: Channel, receiver: webhook.Receiver) -> None:
    receiver.answers = lambda call: 500
    delivery = written_down(row)
    for _ in range(100):
        run(5)
        delivery.refresh_from_db()
        if delivery.state == "failed":
            break
        later(hours=1)
    assert delivery.state == "failed" and 20 <= delivery.attempts <= 26
    assert delivery.ended_at is not None and "500" in delivery.error
    later(hours=48)
    assert run(5) == 0


def test_what_a_channel_that_is_off_did_not_send_ends_too(
    row: Channel, receiver: webhook.Receiver
) -> None:
    delivery = written_down(row)
    Channel.objects.update(enabled=False)
    assert run(5) == 0
    later(hours=25)
    run(5)
    delivery.refresh_from_db()
    assert (delivery.state, delivery.error) == ("failed", "Not sent within its day.")
    assert receiver.calls == []


@pytest.mark.parametrize("status", [301, 302, 307, 308, 410, 413])
def test_some_answers_will_not_get_better(
    row: Channel, receiver: webhook.Receiver, status: int
) -> None:
    receiver.answers, receiver.headers = [status], {"Location": f"{receiver.url}/elsewhere"}
    delivery = written_down(row)
    assert run(5) == 1
    delivery.refresh_from_db()
    assert (delivery.state, delivery.status) == ("failed", status)
    assert len(receiver.calls) == 1, "redirects are not followed"


def test_resolved_waits_for_firing_and_other_alerts_do_not(
    row: Channel, receiver: webhook.Receiver
) -> None:
    receiver.answers = [500]
    written_down(row, "firing", rule_id=1)
    written_down(row, "resolved", rule_id=1, kind=EventKind.RESOLVED)
    written_down(row, "other", rule_id=2)
    assert run(5) == 2  # the one that failed, and the other alert's
    assert Delivery.objects.get(dedupe_key="resolved").attempts == 0
    later(seconds=11)
    assert run(5) == 2
    kinds = [(c.body["type"], c.body["data"]["rule_id"]) for c in receiver.calls]
    assert kinds == [
        *(("alert.firing", 1), ("alert.firing", 2), ("alert.firing", 1), ("alert.resolved", 1))
    ]


def test_a_dead_channel_rests_longer_each_time_and_keeps_nobody_waiting(
    project: Project, row: Channel, receiver: webhook.Receiver
) -> None:
    dead = channel(project, config={"url": "http://127.0.0.1:9/hooks"})
    for number in range(20):
        written_down(dead, f"d{number}", rule_id=number)
    written_down(row, "alive")
    assert run(5) == 4, "three failures in a row and it rests"
    assert len(receiver.calls) == 1
    dead.refresh_from_db()
    assert dead.failures == 3 and dead.last_error.startswith("No connection")
    rests = []
    for _ in range(8):
        later(seconds=400)
        assert run(5) == 1
        dead.refresh_from_db()
        assert dead.rests_until is not None and dead.last_error_at is not None
        rests.append((dead.rests_until - dead.last_error_at).total_seconds())
    assert rests == [20.0, 40.0, 80.0, 160.0, 300.0, 300.0, 300.0, 300.0]
    Channel.objects.filter(pk=dead.pk).update(config={"url": receiver.url})
    later(seconds=4000)
    assert run(20) == 20
    dead.refresh_from_db()
    assert dead.failures == 0 and dead.rests_until is None


def test_a_killed_worker_s_delivery_is_taken_over_when_its_lease_ends(
    row: Channel, receiver: webhook.Receiver
) -> None:
    delivery = written_down(row)
    [claimed] = claim(8)
    assert claimed.pk == delivery.pk
    delivery.refresh_from_db()
    assert delivery.state == "sending", "it is marked before anything is sent"
    assert run(5) == 0 and receiver.calls == []
    later(seconds=91)
    assert run(5) == 1
    delivery.refresh_from_db()
    assert (delivery.state, delivery.attempts) == ("sent", 2) and len(receiver.calls) == 1


def test_killed_after_the_answer_it_is_sent_again_under_the_same_id(
    row: Channel, receiver: webhook.Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(*_: Any) -> None:
        raise KeyboardInterrupt

    written_down(row)
    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr(delivering, "note", killed)
        run(5)
    assert len(receiver.calls) == 1
    later(seconds=91)
    assert run(5) == 1
    assert len(receiver.calls) == 2 and len(receiver.distinct) == 1


def test_who_comes_late_does_not_undo_what_another_did(row: Channel) -> None:
    delivery = written_down(row)
    [slow] = claim(8)
    later(seconds=91)
    [second] = claim(8)
    note(second, delivered(200))
    note(slow, failed("late"))
    delivery.refresh_from_db()
    assert (delivery.state, delivery.error) == ("sent", "")
    row.refresh_from_db()
    assert row.failures == 0


def test_sent_late_is_sent_all_the_same(row: Channel) -> None:
    delivery = written_down(row)
    [slow] = claim(8)
    later(seconds=91)
    [second] = claim(8)
    note(slow, delivered(200))
    note(second, failed("broke"))
    delivery.refresh_from_db()
    assert delivery.state == "sent"


def test_an_error_that_no_sender_foresaw_ends_one_delivery_only(
    row: Channel,
    receiver: webhook.Receiver,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    good = delivering.SENDERS["webhook"]

    def bad(config: Any, secret: str, event: Any, message_id: Any) -> Outcome:
        if event.title == "bad":
            raise RuntimeError("a secret detail")
        return good(config, secret, event, message_id)

    monkeypatch.setitem(delivering.SENDERS, "webhook", bad)
    written_down(row, "bad", title="bad", rule_id=1)
    written_down(row, "good", rule_id=2)
    assert run(5) == 2 and len(receiver.calls) == 1
    assert Delivery.objects.get(dedupe_key="bad").error == "It could not be sent (RuntimeError)."
    assert "a notification could not be sent" in caplog.text


def test_a_secret_of_another_installation_is_said_to_be_one(
    row: Channel, settings: Settings
) -> None:
    delivery = written_down(row)
    settings.SECRET_KEY = "another-installation's-secret-key-of-fifty-characters"
    run(5)
    delivery.refresh_from_db()
    assert delivery.state == "failed" and "enter it again" in delivery.error


def test_old_deliveries_are_forgotten(row: Channel) -> None:
    written_down(row, "old")
    written_down(row, "waits")
    now = timezone.now()
    Delivery.objects.filter(dedupe_key="old").update(
        state="sent", ended_at=now - timedelta(days=91)
    )
    assert delivering.purge() == 1
    assert Delivery.objects.get().dedupe_key == "waits"


def test_claims_use_the_indexes_of_what_is_open(row: Channel) -> None:
    """However long the log is, claiming looks at what waits."""
    written_down(row)
    with CaptureQueriesContext(connection) as asked:
        claim(8)
    assert len(asked) <= 7
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute("EXPLAIN " + asked[1]["sql"].replace("FOR NO KEY UPDATE SKIP LOCKED", ""))
        plan = "\n".join(line for (line,) in cursor.fetchall())
    assert "delivery_open" in plan


@pytest.mark.django_db(transaction=True)
def test_two_workers_at_once_send_each_once(project: Project, settings: Settings) -> None:
    settings.ALLOW_PRIVATE_WEBHOOKS = True
    with webhook.running() as receiver:
        for number in range(6):
            each = channel(project, config={"url": f"{receiver.url}{number}"})
            for key in range(5):
                written_down(each, f"k{key}", rule_id=1)
        made: list[int] = []

        def work() -> None:
            try:
                made.append(run(20))
            finally:
                connection.close()

        workers = [threading.Thread(target=work) for _ in range(3)]
        for one in workers:
            one.start()
        for one in workers:
            one.join()
    assert sum(made) == 30 and len(receiver.calls) == len(receiver.distinct) == 30
    assert not Delivery.objects.exclude(state="sent").exists()
    for number in range(6):
        ids = [c.headers["webhook-id"] for c in receiver.calls if c.path == f"/hooks/a{number}"]
        order = [f"msg_{one.message_id.hex}" for one in _of(number)]
        assert ids == order, "in the order of their thread"


def _of(number: int) -> list[Delivery]:
    rows = Channel.objects.order_by("pk")
    return list(Delivery.objects.filter(channel=rows[number]).order_by("pk"))


@pytest.mark.django_db(transaction=True)
def test_a_channel_is_sent_to_by_one_worker_at_a_time(project: Project) -> None:
    """Claims race; the row of the channel decides."""
    row = channel(project)
    for key in range(3):
        written_down(row, f"k{key}", rule_id=key)
    claimed: list[list[int]] = []
    gate = threading.Barrier(4)

    def work() -> None:
        try:
            gate.wait()
            claimed.append([one.pk for one in claim(8)])
        finally:
            connection.close()

    workers = [threading.Thread(target=work) for _ in range(4)]
    for one in workers:
        one.start()
    for one in workers:
        one.join()
    assert sorted(map(len, claimed)) == [0, 0, 0, 1]


def test_what_cannot_be_read_any_more_fails_and_stops_no_other(
    row: Channel, project: Project, receiver: webhook.Receiver
) -> None:
    other = channel(project, config={"url": receiver.url}, name="other")
    broken, whole = written_down(row), written_down(other)
    for field, value in (("kind", "shout"), ("at", "never"), ("facts", 3)):
        Delivery.objects.filter(pk=broken.pk).update(
            event=broken.event | {field: value}, state=Delivery.State.WAITING, ended_at=None
        )
        Channel.objects.update(busy_until=None, rests_until=None)
        run(5)
        broken.refresh_from_db()
        assert (broken.state, broken.ended_at is not None) == ("failed", True)
        assert "cannot be read" in broken.error
    whole.refresh_from_db()
    assert whole.state == "sent"
