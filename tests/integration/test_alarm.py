"""The demo's bad days and the example rules: each fires at the right time, live and in a back-test.

Three weeks of the story are stored as its senders would, the scores are given by the workers. A
clock is driven along them for the live part; notifications go to a webhook on this machine.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from pytest_django.fixtures import Settings

from dashboards.alerts import backtest, documents, examples
from dashboards.alerts.models import Rule, Transition
from dashboards.alerts.services import evaluating, rules
from dashboards.alerts.words import moment
from dashboards.budgets.models import Budget
from dashboards.channels import delivering
from dashboards.channels.models import Delivery
from evals.services import evaluators
from evals.services.evaluators import Draft
from sightglass.accounts.access import Access
from tests import webhook
from tests.dashboards.channels import making
from tests.integration.alarm import LAST, midnight, send, the_day, told, work_off
from traces.demo.story import CYCLE, Day

pytestmark = [pytest.mark.integration, pytest.mark.django_db]
FIRST = LAST - timedelta(days=CYCLE - 1)
END = midnight(LAST) + timedelta(days=1)
PER_DAY = 97
BUDGET = "2"


@dataclass(frozen=True)
class Expected:
    """The trouble that an example finds, and between which hours of its first day it begins."""

    trouble: str
    earliest: int
    latest: int


FINDS = {
    "outage": Expected("outage", 9, 12),
    "cost-spike": Expected("cost spike", 6, 13),
    "unusual-cost": Expected("cost spike", 6, 13),
    "daily-budget": Expected("cost spike", 8, 18),
    "slow-first-token": Expected("cost spike", 6, 16),
    "quality-drop": Expected("quality drop", 8, 24),
    "injection-attempt": Expected("injection attempt", 13, 18),
}
"""Hours of UTC. `no-traffic` finds what comes after the story."""


@pytest.fixture
def story(access: Access) -> Access:
    """Three weeks in the database. The detector, which takes long, works around the attack only."""
    attack = the_day("injection attempt")
    near = [attack - timedelta(days=1), attack, attack + timedelta(days=1)]
    others = [FIRST + timedelta(days=n) for n in range(CYCLE)]
    for day in others:
        if day not in near:
            send(access, told(day, day, per_day=PER_DAY))
    work_off(END)
    draft = Draft("detector", {"detector": "prompt_injection"}, filter="kind:llm", threshold=0.7)
    evaluators.create(access, "prompt_injection", draft)
    for day in near:
        send(access, told(day, day, per_day=PER_DAY))
    work_off(END)
    Budget.objects.create(project=access.project, name="Daily", every="day", amount=BUDGET)
    return access


def made(access: Access, **more: Any) -> dict[str, Rule]:
    """All example rules, saved."""
    return {name: rules.create(access, examples.document(name) | more) for name in examples.names()}


def of_day(name: str, start: datetime) -> bool:
    """Whether it is the time at which the example should begin to fire."""
    expected = FINDS[name]
    day = midnight(the_day(expected.trouble))
    low, high = (day + timedelta(hours=hour) for hour in (expected.earliest, expected.latest))
    return low <= start <= high


def quiet(day: date) -> bool:
    return Day(day).trouble is None


def test_the_bad_days_are_found_in_a_back_test_and_live(story: Access, settings: Settings) -> None:
    found_in_a_back_test(story)
    found_live(story, settings)


def found_in_a_back_test(story: Access) -> None:
    """Every example finds its day and no other."""
    for name in examples.names():
        draft = documents.read(examples.document(name))
        tested = backtest.backtest(story.project, draft, now=END)
        starts = [moment(one.start_ns) for one in tested.firings]
        if name == "no-traffic":
            # The month before the story is empty; within it there is always something.
            assert all(start < midnight(FIRST) for start in starts)
            continue
        assert starts, name
        assert of_day(name, starts[0]), (name, starts)
        assert not any(quiet(start.date()) for start in starts), (name, starts)
        ended = tested.firings[-1].end_ns
        assert ended is not None, name
        assert 0 < tested.total_ns < timedelta(days=5).total_seconds() * 1e9


def found_live(story: Access, settings: Settings) -> None:
    """With a driven clock they fire when the back-test says, and each is told once."""
    settings.ALLOW_PRIVATE_WEBHOOKS = True
    with webhook.running() as receiver:
        making.channel(story.project, name="hook", config={"url": receiver.url})
        watched = made(story, channels=["hook"])
        at = midnight(FIRST) + timedelta(minutes=2)
        while at <= END + timedelta(hours=14):
            for rule in Rule.objects.select_related("project", "owner").order_by("pk"):
                evaluating.evaluate(rule, at)
            at += timedelta(hours=2)  # what ended in between is made up for
        while delivering.run(30.0):
            pass
    assert not Rule.objects.exclude(error="").exists()
    for name, rule in watched.items():
        firings = Transition.objects.filter(rule=rule, state="firing").order_by("pk")
        live = [(one.at_ns, one.ended_ns) for one in firings]
        if name == "no-traffic":
            # Before the first visitor there is nothing, and after the last.
            days = [moment(start).date() for start, _ in live]
            assert days == [FIRST, LAST + timedelta(days=1)]
            continue
        tested = backtest.backtest(story.project, rule, now=END)
        since = int(midnight(FIRST).timestamp()) * 10**9
        assert live == [
            (one.start_ns, one.end_ns) for one in tested.firings if one.start_ns > since
        ], name
        assert of_day(name, moment(live[0][0])), name
    check_notifications(receiver)
    check_evidence(watched)


def check_notifications(receiver: webhook.Receiver) -> None:
    """Each firing and each end was told exactly once."""
    assert set(Delivery.objects.values_list("state", flat=True)) == {"sent"}
    kinds = Counter(one.event["kind"] for one in Delivery.objects.all())
    states = Counter(
        Transition.objects.filter(state__in=["firing", "resolved"]).values_list("state", flat=True)
    )
    assert kinds == states
    assert len(receiver.calls) == sum(states.values())


def check_evidence(watched: dict[str, Rule]) -> None:
    """The firings point to what was wrong."""

    def first(name: str) -> dict[str, Any]:
        found = Transition.objects.filter(rule=watched[name], state="firing").order_by("pk")
        evidence: dict[str, Any] = found[0].evidence
        assert evidence["missing"] == []
        return evidence

    outage = first("outage")
    assert ("provider", "openai") in [(one["by"], one["group"]) for one in outage["slices"]]
    assert outage["examples"]
    spike = first("cost-spike")
    named = [one["group"] for one in spike["slices"]]
    assert any("opus" in group or "research" in group for group in named), named
    drop = first("quality-drop")
    assert drop["slices"] and drop["words"]["interval"]
    attack = first("injection-attempt")
    assert any(one["group"].startswith("guest-") for one in attack["slices"]), attack["slices"]
