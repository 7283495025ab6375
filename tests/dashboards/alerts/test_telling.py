"""Who is told: muted rules, hours, late notices, repeats, acknowledgement; and races and kills."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.db import connection, connections

from dashboards.alerts.models import Alert, Rule, Transition
from dashboards.alerts.services import evaluating, rules, telling, transitions
from dashboards.alerts.services.acknowledging import acknowledge
from dashboards.channels.models import Delivery
from sightglass.accounts.access import Access
from sightglass.accounts.models import AuditEntry
from tests.dashboards.alerts.watching import (
    NOON,
    alert,
    channel,
    course,
    evaluate,
    minutes,
    minutes_go_by,
    rule,
    send,
    told,
)

pytestmark = pytest.mark.django_db


def failing(access: Access, made: Rule, start: datetime, end: datetime) -> None:
    """All calls fail from one moment to the other, and the rule is evaluated."""
    while start < end:
        send(access, start, 2, failed=2)
        start += minutes(5)


def test_a_notification_says_what_one_must_know(access: Access) -> None:
    assert access.user is not None
    channel(access)
    made = rule(
        access,
        channels=["ops"],
        severity="critical",
        owner="owner@example.org",
        runbook_url="https://example.org/errors",
        message="Look at the provider.",
        filter="model:gpt*",
        group_by="user_id",
    )
    send(access, NOON, 4, failed=3, user__id="ann")
    evaluate(made, NOON + minutes(6))
    event = Delivery.objects.get().event
    firing = Transition.objects.get()
    assert event["title"] == "Errors (ann) is firing"
    assert event["severity"] == "critical" and event["group"] == "ann"
    assert event["rule_id"] == made.pk and event["rule"] == "errors"
    assert event["url"].endswith(f"/p/shop/alerts/firings/{firing.pk}")
    assert event["url"].startswith("http")
    assert "Error rate is 75.0%" in event["text"] and "Look at the provider." in event["text"]
    facts = dict(event["facts"])
    assert facts["Value"] == "75.0%" and facts["Limit"] == "50.0%" and facts["Sample"] == "4 spans"
    assert facts["Owner"] == "owner@example.org" and facts["user_id"] == "ann"
    assert facts["Runbook"] == "https://example.org/errors"
    assert "model%3Agpt" in facts["Traces"] and "user%3Aann" in facts["Traces"]


def test_a_muted_rule_keeps_its_state_and_tells_nobody(access: Access) -> None:
    channel(access)
    made = rule(access, channels=["ops"])
    rules.mute(access, made, NOON + timedelta(days=1))
    send(access, NOON, 4, failed=4)
    send(access, NOON + minutes(20), 4)
    minutes_go_by(made, NOON, NOON + minutes(40))
    assert course(made) == ["firing", "resolved"] and told() == []
    notices = list(Transition.objects.order_by("pk").values_list("notice", flat=True))
    assert notices == ["Nobody is told: muted until 4 Nov 12:00 UTC.", telling.ENDED_UNTOLD]


def test_who_was_not_told_is_told_once_the_hours_begin(access: Access) -> None:
    channel(access)
    schedule = {"timezone": "UTC", "from": "13:00", "to": "18:00"}
    made = rule(access, channels=["ops"], schedule=schedule)
    failing(access, made, NOON, NOON + minutes(90))
    minutes_go_by(made, NOON, NOON + minutes(55))
    assert course(made) == ["firing"] and told() == []
    assert "outside the hours" in Transition.objects.get().notice
    minutes_go_by(made, NOON + minutes(60), NOON + minutes(80))
    assert told() == ["firing"]
    assert Transition.objects.get().notice == "Told ops. At 3 Nov 13:01 UTC, as it went on."
    send(access, NOON + minutes(95), 20)
    send(access, NOON + minutes(100), 20)
    minutes_go_by(made, NOON + minutes(85), NOON + minutes(120))
    assert told() == ["firing", "resolved"]


def test_the_mute_ends_by_itself(access: Access) -> None:
    channel(access)
    made = rule(access, channels=["ops"])
    rules.mute(access, made, NOON + minutes(30))
    failing(access, made, NOON, NOON + minutes(60))
    minutes_go_by(made, NOON, NOON + minutes(20))
    assert told() == []
    minutes_go_by(made, NOON + minutes(25), NOON + minutes(50))
    assert told() == ["firing"]


def test_without_a_channel_nobody_is_told_until_there_is_one(access: Access) -> None:
    made = rule(access)
    failing(access, made, NOON, NOON + minutes(40))
    minutes_go_by(made, NOON, NOON + minutes(20))
    assert "no channel that is on" in Transition.objects.get().notice
    version = alert(made).version
    evaluate(made, NOON + minutes(22))
    assert alert(made).version == version  # nothing is written again and again
    channel(access)
    rules.change(access, made, rules.written(made) | {"channels": ["ops"]})
    minutes_go_by(made, NOON + minutes(25), NOON + minutes(35))
    assert told() == ["firing"]


def test_it_is_repeated_until_somebody_acknowledges(access: Access) -> None:
    channel(access)
    made = rule(access, channels=["ops"], repeat="15m")
    failing(access, made, NOON, NOON + minutes(120))
    minutes_go_by(made, NOON, NOON + minutes(45), step=1)
    assert told() == ["firing"] * 3  # after 15 and 30 minutes again
    assert [key.rpartition(":again:")[2] for key in Delivery.objects.order_by("pk").values_list(
        "dedupe_key", flat=True)][1:] == ["1", "2"]  # fmt: skip
    seen = acknowledge(access, Transition.objects.get(), "Provider is down.", NOON + minutes(46))
    assert (seen.acknowledged_by, seen.acknowledgement) == (
        "owner@example.org",
        "Provider is down.",
    )
    minutes_go_by(made, NOON + minutes(46), NOON + minutes(110), step=1)
    assert told() == ["firing"] * 3
    again = acknowledge(access, seen, "Back at two.")
    assert again.acknowledged_at == NOON + minutes(46)
    entries = AuditEntry.objects.filter(action="alert.acknowledged")
    assert [entry.after for entry in entries.order_by("pk")] == [
        {"note": "Provider is down."},
        {"note": "Back at two."},
    ]


def test_only_who_may_acknowledges(access: Access) -> None:
    made = rule(access)
    send(access, NOON, 4, failed=4)
    evaluate(made, NOON + minutes(6))
    reader = Access(access.project, frozenset())
    with pytest.raises(PermissionDenied):
        acknowledge(reader, Transition.objects.get())


def test_an_alert_of_a_changed_rule_ends_and_says_why(access: Access) -> None:
    channel(access)
    made = rule(access, channels=["ops"])
    send(access, NOON, 4, failed=4)
    evaluate(made, NOON + minutes(6))
    rules.change(access, made, rules.written(made) | {"window": "15m"})
    ended = Transition.objects.get(state="resolved")
    assert (ended.reason, told()) == ("The rule was changed.", ["firing", "resolved"])
    evaluate(made, NOON + minutes(6))
    assert course(made) == ["firing", "resolved", "firing"]
    rules.change(access, made, rules.written(Rule.objects.get()) | {"name": "Other words"})
    assert alert(made).state == "firing"  # words alone end nothing
    rules.archive(access, made)
    assert Transition.objects.order_by("-pk")[0].reason == "The rule was removed."
    assert told() == ["firing", "resolved"] * 2
    assert Alert.objects.get().state == "inactive"


class Killed(BaseException):
    """As if the process ended there."""


def killing(at: Callable[..., Any], *, after: bool) -> Callable[..., Any]:
    def kill(*args: Any, **more: Any) -> Any:
        if after:
            at(*args, **more)
        raise Killed

    return kill


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize(
    ("module", "name"),
    [(telling, "enqueue"), (telling, "tell"), (transitions, "_set"), (transitions, "_locked")],
)
@pytest.mark.django_db(transaction=True)
def test_killed_while_it_writes_nothing_is_lost_or_doubled(
    access: Access, monkeypatch: pytest.MonkeyPatch, module: Any, name: str, after: bool
) -> None:
    channel(access)
    made = rule(access, channels=["ops"])
    send(access, NOON, 4, failed=4)
    send(access, NOON + minutes(15), 9)
    monkeypatch.setattr(module, name, killing(getattr(module, name), after=after))
    with pytest.raises(Killed):
        evaluate(made, NOON + minutes(6))
    assert course(made) == [] and told() == [] and alert(made).state == "inactive"
    monkeypatch.undo()
    evaluate(made, NOON + minutes(7))
    assert course(made) == ["firing"] and told() == ["firing"]
    monkeypatch.setattr(module, name, killing(getattr(module, name), after=after))
    with pytest.raises(Killed):
        evaluate(made, NOON + minutes(21))
    assert alert(made).state == "firing" and told() == ["firing"]
    monkeypatch.undo()
    evaluate(made, NOON + minutes(22))
    assert course(made) == ["firing", "resolved"] and told() == ["firing", "resolved"]


@pytest.mark.django_db(transaction=True)
def test_killed_after_it_was_written_it_is_not_told_again(
    access: Access, monkeypatch: pytest.MonkeyPatch
) -> None:
    channel(access)
    made = rule(access, channels=["ops"])
    send(access, NOON, 4, failed=4)
    monkeypatch.setattr(transitions, "catch_up", killing(transitions.catch_up, after=False))
    with pytest.raises(Killed):
        evaluate(made, NOON + minutes(6))
    assert Rule.objects.get().evaluated_to_ns is None  # it does not know that it has been here
    monkeypatch.undo()
    evaluate(made, NOON + minutes(6))
    evaluate(made, NOON + minutes(7))
    assert course(made) == ["firing"] and told() == ["firing"]


def at_once(*works: Callable[[], None]) -> None:
    """Run these in threads of their own, which begin together. Raises what one of them raises."""
    gate = threading.Barrier(len(works))

    def run(work: Callable[[], None]) -> None:
        try:
            gate.wait(10)
            work()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(works)) as pool:
        for running in [pool.submit(run, work) for work in works]:
            running.result(60)


@pytest.mark.django_db(transaction=True)
def test_evaluators_at_once_make_one_transition_and_tell_once(access: Access) -> None:
    channel(access)
    channel(access, "mail")
    made = rule(access, channels=["ops", "mail"], group_by="user_id")
    for name in ("ann", "bob", "eve"):
        send(access, NOON, 4, failed=4, user__id=name)
        send(access, NOON + minutes(15), 9, user__id=name)
    for at in (NOON + minutes(6), NOON + minutes(21)):
        at_once(*[partial(evaluate, made, at) for _ in range(4)])
    for name in ("ann", "bob", "eve"):
        assert course(made, name) == ["firing", "resolved"]
    assert sorted(told()) == ["firing"] * 6 + ["resolved"] * 6
    keys = list(Delivery.objects.values_list("channel_id", "dedupe_key"))
    assert len(set(keys)) == len(keys)


@pytest.mark.django_db(transaction=True)
def test_who_saw_no_alert_yet_steps_back(access: Access, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another one makes it, and lets it fire, between this one's look and its first word."""
    channel(access)
    made = rule(access, channels=["ops"])
    send(access, NOON, 4, failed=4)
    find = evaluating._alert

    def slowly(*args: Any) -> Any:
        monkeypatch.setattr(evaluating, "_alert", find)
        evaluate(made, NOON + minutes(6))  # the other one is faster
        return find(*args)

    monkeypatch.setattr(evaluating, "_alert", slowly)
    evaluate(made, NOON + minutes(6))
    assert course(made) == ["firing"] and told() == ["firing"]


@pytest.mark.django_db(transaction=True)
def test_who_saw_an_older_alert_steps_back(access: Access, monkeypatch: pytest.MonkeyPatch) -> None:
    channel(access)
    made = rule(access, channels=["ops"])
    send(access, NOON, 4, failed=4)
    write = transitions.write

    def slowly(*args: Any) -> Any:
        monkeypatch.setattr(transitions, "write", write)
        evaluate(made, NOON + minutes(6))  # the other one is faster
        return write(*args)

    monkeypatch.setattr(transitions, "write", slowly)
    evaluate(made, NOON + minutes(6))
    assert course(made) == ["firing"] and told() == ["firing"]


@pytest.mark.django_db(transaction=True)
def test_of_a_rule_that_was_changed_meanwhile_nothing_is_written(
    access: Access, monkeypatch: pytest.MonkeyPatch
) -> None:
    channel(access)
    made = rule(access, channels=["ops"])
    send(access, NOON, 4, failed=4)
    write = transitions.write

    def change_first(*args: Any) -> Any:
        rules.change(access, made, rules.written(made) | {"minimum_sample": 50})
        return write(*args)

    monkeypatch.setattr(transitions, "write", change_first)
    evaluate(made, NOON + minutes(6))
    assert course(made) == [] and told() == []
    assert Rule.objects.get().evaluated_to_ns is None


@pytest.mark.django_db(transaction=True)
def test_two_runs_share_the_projects(access: Access) -> None:
    rule(access)
    held = threading.Event(), threading.Event()

    def hold() -> None:
        with evaluating._alone_in(access.project.pk) as alone:
            assert alone
            held[0].set()
            held[1].wait(20)

    def run() -> None:
        held[0].wait(20)
        assert evaluating.run(5, NOON) == 0
        held[1].set()

    at_once(hold, run)
    assert evaluating.run(5, NOON) == 1
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s, %s)", [evaluating.LOCK, access.project.pk])
        assert cursor.fetchone()[0]  # was given back
        cursor.execute("SELECT pg_advisory_unlock_all()")
