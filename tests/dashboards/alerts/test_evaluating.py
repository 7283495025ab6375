"""Live evaluation: a clock is driven, traffic comes in, alerts fire, end, and are told of once."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import OperationalError

from dashboards.alerts import samples
from dashboards.alerts.models import Alert, Rule, Transition
from dashboards.alerts.services import evaluating, rules
from dashboards.channels.models import Delivery
from sightglass.accounts.access import Access
from sightglass.accounts.models import Project
from tests.dashboards.alerts.watching import (
    ERRORS,
    NOON,
    alert,
    channel,
    course,
    evaluate,
    minutes,
    minutes_go_by,
    ns,
    rule,
    send,
    told,
)
from traces.selectors.paging import TooSlow

pytestmark = pytest.mark.django_db


def test_it_fires_and_ends_and_each_is_told_once(access: Access) -> None:
    channel(access)
    made = rule(access, channels=["ops"], **{"for": "5m"})
    send(access, NOON, 4)
    send(access, NOON + minutes(10), 4, failed=4)
    send(access, NOON + minutes(16), 4, failed=4)
    send(access, NOON + minutes(30), 9)
    minutes_go_by(made, NOON, NOON + minutes(60), step=1)
    assert course(made) == ["pending", "firing", "resolved"]
    assert told() == ["firing", "resolved"]
    firing = Transition.objects.get(state="firing")
    # 12:15 is the end of the first window in which all failed; it held for five minutes more.
    assert firing.at_ns == ns(NOON + minutes(20))
    # At 12:30 nothing is known, at 12:35 all is well.
    assert firing.ended_ns == ns(NOON + minutes(35))
    assert Transition.objects.get(state="resolved").opened == firing
    assert firing.notice == "Told ops."


def test_the_first_minute_is_judged_at_the_first_window_that_is_complete(access: Access) -> None:
    made = rule(access)
    send(access, NOON + minutes(1), 4, failed=4)
    evaluate(made, NOON + minutes(5.5))  # has not settled yet
    assert alert(made).state == "inactive"
    evaluate(made, NOON + minutes(6))
    assert alert(made).state == "firing"


def test_late_data_counts_in_the_last_complete_window(access: Access) -> None:
    made = rule(access)
    send(access, NOON + minutes(1), 4)
    evaluate(made, NOON + minutes(6))
    assert course(made) == []
    send(access, NOON + minutes(2), 9, failed=9)  # came in after the window had been judged
    evaluate(made, NOON + minutes(7))
    assert course(made) == ["firing"]
    assert Transition.objects.get().at_ns == ns(NOON + minutes(5))


def test_being_evaluated_again_changes_nothing(access: Access) -> None:
    channel(access)
    made = rule(access, channels=["ops"])
    send(access, NOON, 4, failed=4)
    for _ in range(3):
        evaluate(made, NOON + minutes(6))
    assert (course(made), told()) == (["firing"], ["firing"])
    version = alert(made).version
    evaluate(made, NOON + minutes(6))
    assert alert(made).version == version


def test_a_standstill_is_made_up_for(access: Access) -> None:
    channel(access)
    made = rule(access, channels=["ops"])
    evaluate(made, NOON - minutes(20))
    send(access, NOON, 4, failed=4)
    send(access, NOON + minutes(11), 9)
    evaluate(made, NOON + minutes(60))  # nobody looked while it happened
    assert course(made) == ["firing", "resolved"]
    firing = Transition.objects.get(state="firing")
    assert (firing.at_ns, firing.ended_ns) == (ns(NOON + minutes(5)), ns(NOON + minutes(15)))
    assert told() == ["firing", "resolved"]


def test_after_a_long_standstill_the_past_is_left_alone(access: Access) -> None:
    made = rule(access)
    evaluate(made, NOON - minutes(20))
    send(access, NOON, 4, failed=4)
    evaluate(made, NOON + timedelta(hours=9))
    assert course(made) == []


def test_too_little_data_fires_nothing_and_says_so(access: Access) -> None:
    made = rule(access, minimum_sample=5)
    send(access, NOON, 4, failed=4)
    evaluate(made, NOON + minutes(6))
    assert (course(made), alert(made).detail) == ([], "only 4 of the 5 that the rule asks for")
    send(access, NOON, 1, failed=1)
    evaluate(made, NOON + minutes(6))
    assert course(made) == ["firing"]


def test_one_alert_for_each_group(access: Access) -> None:
    channel(access)
    made = rule(access, group_by="user_id", channels=["ops"])
    send(access, NOON, 4, failed=4, user__id="ann")
    send(access, NOON, 4, failed=0, user__id="bob")
    send(access, NOON, 4, failed=3, user__id='<b>"eve"</b>')
    send(access, NOON, 4, failed=4)  # nobody's
    evaluate(made, NOON + minutes(6))
    assert sorted(Alert.objects.filter(state="firing").values_list("group", flat=True)) == [
        '<b>"eve"</b>',
        "ann",
    ]
    assert not Alert.objects.filter(group="bob").exists()
    assert told("firing") == ['Errors (<b>"eve"</b>) is firing', "Errors (ann) is firing"] or (
        told("firing") == ["Errors (ann) is firing", 'Errors (<b>"eve"</b>) is firing']
    )
    # Ann is not seen again: once none of her failures is left in a window, hers ends.
    minutes_go_by(made, NOON + minutes(10), NOON + minutes(40))
    assert course(made, "ann") == ["firing", "resolved"]
    assert Alert.objects.filter(state="firing").count() == 0


def test_the_largest_groups_are_watched_and_the_rest_is_said(
    access: Access, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(samples.read, "__defaults__", ((), 2))
    made = rule(access, group_by="user_id")
    for number in range(4):
        send(access, NOON, number + 1, failed=number + 1, user__id=f"user-{number}")
    evaluate(made, NOON + minutes(6))
    assert sorted(Alert.objects.values_list("group", flat=True)) == ["user-2", "user-3"]
    assert Rule.objects.get().note == "Watches the 2 largest groups; 2 more are left out."


def test_absence_of_what_was_there(access: Access) -> None:
    condition = {"type": "absence", "fewer_than": 3}
    whole = rule(access, metric="spans", condition=condition)
    each = rule(access, slug="each", metric="spans", group_by="model", condition=condition)
    send(access, NOON, 5, gen_ai__response__model="gpt-4o")
    send(access, NOON, 5, gen_ai__response__model="mistral")
    send(access, NOON + minutes(10), 9, gen_ai__response__model="gpt-4o")
    for made in (whole, each):
        evaluate(made, NOON + minutes(6))
        assert course(made) == []
        evaluate(made, NOON + minutes(16))
    assert course(whole) == []
    assert course(each, "mistral") == ["firing"]  # and gpt-4o is there
    assert Alert.objects.filter(rule=each, state="firing").count() == 1
    evaluate(whole, NOON + minutes(26))
    assert course(whole) == ["firing"]
    assert "0 seen, fewer than 3" in Transition.objects.get(rule=whole).reason


def test_a_change_against_the_window_before_and_the_same_weekday(access: Access) -> None:
    rises = {"type": "change", "rises_by": 100}
    before = rule(access, metric="spans", condition=rises)
    weekly = rule(access, slug="weekly", metric="spans", condition=rises | {"against": "weekday"})
    send(access, NOON - timedelta(days=7), 8)
    send(access, NOON - minutes(10), 2)
    send(access, NOON, 7)
    for made in (before, weekly):
        evaluate(made, NOON + minutes(11))
    assert (course(before), course(weekly)) == (["firing"], [])
    assert alert(weekly).value == 7.0


def test_an_anomaly_against_its_own_history(access: Access) -> None:
    condition = {"type": "anomaly", "sigmas": 4, "season": "hour_of_day", "days": 7}
    made = rule(access, metric="spans", window="1h", condition=condition)
    for day in range(1, 8):
        send(access, NOON - timedelta(days=day), 5 + day % 2)
    send(access, NOON, 5)
    evaluate(made, NOON + minutes(61))
    assert course(made) == []
    send(access, NOON + minutes(20), 30)
    evaluate(made, NOON + minutes(62))
    assert course(made) == ["firing"]
    assert Transition.objects.get().evidence["words"]["usual"] == "0"  # of the hours around


def test_money_is_compared_in_dollars(access: Access) -> None:
    # 1,000 tokens in and 100 out of gpt-4o are 0.35 cents.
    made = rule(access, metric="cost", condition={"type": "threshold", "above": 0.01})
    send(access, NOON, 2)
    evaluate(made, NOON + minutes(6))
    assert alert(made).value == pytest.approx(0.007)
    send(access, NOON, 2)
    evaluate(made, NOON + minutes(6))
    firing = Transition.objects.get()
    assert firing.value == pytest.approx(0.014)
    assert "Cost is 1.40¢, of 4 spans: above 1.00¢." in firing.reason


def broken(error: Exception) -> Callable[..., Any]:
    def read(*_: Any, **__: Any) -> Any:
        raise error

    return read


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (TooSlow(), "could not be read in time"),
        (RuntimeError("odd\x00"), "RuntimeError: odd"),
        (OperationalError("gone"), "OperationalError: gone"),
    ],
)
def test_a_failing_rule_says_so_stops_no_other_and_ends_nothing(
    access: Access, monkeypatch: pytest.MonkeyPatch, error: Exception, said: str
) -> None:
    first, second = rule(access), rule(access, slug="second", metric="spans",
                                       condition={"type": "threshold", "above": 3})  # fmt: skip
    send(access, NOON, 4, failed=4)
    evaluating.run(10, NOON + minutes(6))
    assert course(first) == course(second) == ["firing"]
    send(access, NOON + minutes(11), 9)
    read = samples.read

    def one_breaks(source: Any, *rest: Any, **more: Any) -> Any:
        if source.metric.name == "error_rate":
            raise error
        return read(source, *rest, **more)

    monkeypatch.setattr(samples, "read", one_breaks)
    send(access, NOON + minutes(30), 1)
    assert evaluating.run(10, NOON + minutes(36)) == 2
    assert course(first) == ["firing"] and course(second) == ["firing", "resolved"]
    shown = Rule.objects.get(pk=first.pk)
    assert said in shown.error and "\x00" not in shown.error
    assert alert(first).state == "firing"
    monkeypatch.undo()
    evaluating.run(10, NOON + minutes(41))
    assert Rule.objects.get(pk=first.pk).error == ""
    assert course(first) == ["firing", "resolved"]


def test_a_rule_that_keeps_failing_rests(access: Access, monkeypatch: pytest.MonkeyPatch) -> None:
    made = rule(access)
    monkeypatch.setattr(samples, "read", broken(TooSlow()))
    assert evaluating.run(10, NOON) == 1
    assert evaluating.run(10, NOON + minutes(1)) == 1
    assert evaluating.run(10, NOON + minutes(2)) == 0
    assert evaluating.run(10, NOON + minutes(6)) == 1
    assert Rule.objects.get(pk=made.pk).failures == 3


def test_a_metric_that_is_gone_is_an_error_of_the_rule(access: Access) -> None:
    made = rule(access)
    Rule.objects.filter(pk=made.pk).update(metric="mood")
    evaluating.run(10, NOON)
    assert "There is no metric mood" in Rule.objects.get().error


def test_a_run_ends_in_time_and_goes_on_with_who_has_waited_longest(
    access: Access, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = [rule(access, slug=f"r{n}") for n in range(3)]
    clock = iter(range(10**6))
    monkeypatch.setattr("time.monotonic", lambda: float(next(clock)))
    seen = []
    for number in range(3):
        at = NOON + minutes(number)
        assert evaluating.evaluate_project(access.project.pk, 2, at) == 1
        seen.append(Rule.objects.get(evaluated_at=at).pk)
    assert sorted(seen) == [one.pk for one in made]


def test_only_what_is_on_is_evaluated(access: Access, other_project: Project) -> None:
    off = rule(access, enabled=False)
    gone = rule(access, slug="gone")
    rules.archive(access, gone)
    theirs = Access(other_project, access.permissions)
    rule(theirs)
    Project.objects.filter(pk=other_project.pk).update(deleted_at=NOON)
    assert evaluating.run(10, NOON) == 0
    rules.change(access, off, ERRORS | {"enabled": True})
    assert evaluating.run(10, NOON) == 1


def test_another_projects_traffic_is_not_seen(access: Access, other_project: Project) -> None:
    made = rule(access)
    send(Access(other_project, access.permissions), NOON, 4, failed=4)
    evaluate(made, NOON + minutes(6))
    assert alert(made).count == 0 and not Delivery.objects.exists()
