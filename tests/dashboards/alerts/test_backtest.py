"""The back-test: the same windows, verdicts and firings as live, read in a query or two."""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise
from random import Random
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dashboards.alerts import backtest, documents, samples
from dashboards.alerts.backtest import BackTest
from dashboards.alerts.conditions import Sample, Side, Threshold
from dashboards.alerts.machine import Memory, Timing
from dashboards.alerts.models import Rule, Transition
from dashboards.alerts.walking import Firing, Judge, Look, firings, walk
from dashboards.alerts.windows import BUCKET, DAY, HOUR, SECOND
from dashboards.budgets.models import Budget
from sightglass.accounts.access import Access
from tests.dashboards.alerts.watching import (
    ERRORS,
    NOON,
    evaluate,
    minutes,
    ns,
    rule,
    send,
)
from traces.selectors import metrics
from traces.selectors.search import EVERYTHING
from traces.services import rolling

pytestmark = pytest.mark.django_db
STORY = timedelta(hours=10)


def traffic(access: Access, seed: int) -> None:
    """Ten hours with better and worse times, of three users and a few scores of cost."""
    rng = Random(seed)
    bad = False
    for number in range(60):
        at = NOON + minutes(10 * number + rng.randrange(9))
        bad = rng.random() < 0.5 if number % 6 == 0 else bad
        count = rng.randrange(0, 6)
        if count:
            failed = sum(rng.random() < (0.8 if bad else 0.1) for _ in range(count))
            send(access, at, count, failed, user__id=rng.choice(("ann", "bob", "eve")))


RULES: list[dict[str, Any]] = [
    ERRORS,
    ERRORS | {"window": "30m", "for": "15m", "resolve_after": "20m", "minimum_sample": 4},
    ERRORS | {"group_by": "user_id", "window": "1h"},
    ERRORS | {"condition": {"type": "interval", "above": 0.3}, "window": "45m"},
    ERRORS | {"metric": "cost", "condition": {"type": "change", "rises_by": 50}, "window": "20m"},
    ERRORS | {"metric": "spans", "condition": {"type": "absence", "fewer_than": 2}},
    ERRORS
    | {"metric": "spans", "condition": {"type": "absence", "fewer_than": 1}, "group_by": "user_id"},
    ERRORS | {"metric": "latency_p95", "condition": {"type": "threshold", "above": 900}},
    ERRORS
    | {
        "metric": "spans",
        "condition": {"type": "anomaly", "sigmas": 3, "season": "all", "days": 7},
    },
]


@pytest.mark.parametrize("number", range(len(RULES)))
def test_it_says_what_happened_live(access: Access, number: int) -> None:
    for day in range(1, 6):  # some history
        send(access, NOON - timedelta(days=day), 3 + day % 2)
    traffic(access, number)
    rolling.run(30.0, now_ns=ns(NOON + timedelta(days=1)))
    made = rule(access, **RULES[number])
    end = NOON + STORY
    # Live, with a clock that jumps now and then.
    Rule.objects.filter(pk=made.pk).update(evaluated_to_ns=ns(NOON) - BUCKET)
    at = NOON
    while at <= end:
        evaluate(made, at + minutes(1.5))
        at += minutes((5, 1, 10, 25)[at.minute % 4])
    evaluate(made, end + minutes(1.5))
    live = Transition.objects.filter(rule=made, state="firing").order_by("at_ns", "group")
    since = ns(NOON)  # what began before that, or in the first window, began elsewhere
    seen = [(one.group or None, one.at_ns, one.ended_ns) for one in live if one.at_ns > since]
    tested = backtest.backtest(access.project, made, now=end + minutes(1.5), days=1)
    assert seen == [
        (one.group, one.start_ns, one.end_ns) for one in tested.firings if one.start_ns > since
    ]
    if RULES[number]["condition"]["type"] in ("threshold", "absence"):
        assert seen or number == 7


def test_a_draft_is_tested_and_nothing_is_stored(access: Access) -> None:
    send(access, NOON, 4, failed=4)
    send(access, NOON + minutes(30), 9)
    draft = documents.read(ERRORS | {"resolve_after": "5m"})
    tested = backtest.backtest(access.project, draft, now=NOON + timedelta(hours=2))
    assert tested.count == 1 and not Rule.objects.exists()
    [firing] = tested.firings
    assert (firing.start_ns, firing.end_ns) == (ns(NOON + minutes(5)), ns(NOON + minutes(25)))
    assert tested.total_ns == 20 * 60 * SECOND and firing.peak == 1.0
    assert tested.end_ns - tested.start_ns == 30 * DAY - BUCKET
    points = {point.end_ns: point for point in tested.series[0].points}
    assert len(points) <= backtest.MOST_POINTS + 4
    assert points[firing.start_ns].state == "firing" and points[firing.start_ns].limit == 0.5


def test_it_takes_few_queries_whatever_the_days(access: Access) -> None:
    send(access, NOON, 4, failed=4)
    rolling.run(30.0, now_ns=ns(NOON + timedelta(days=1)))
    draft = documents.read(ERRORS | {"group_by": "model"})
    counts = []
    for days in (1, 30):
        with CaptureQueriesContext(
            connection,
        ) as queries:
            backtest.backtest(access.project, draft, now=NOON + timedelta(days=1), days=days)
        counts.append(len(queries))
    assert counts[0] == counts[1] <= 12


def test_without_data_it_says_so(access: Access) -> None:
    tested = backtest.backtest(access.project, documents.read(ERRORS), now=NOON)
    assert tested.notes == [backtest.NO_DATA] and tested.count == 0
    wanted = ERRORS | {"condition": {"type": "anomaly"}}
    send(access, NOON - timedelta(days=2), 4)
    tested = backtest.backtest(access.project, documents.read(wanted), now=NOON)
    assert tested.notes == [backtest.LITTLE_HISTORY]


def test_a_budget_of_the_day_is_tested_as_it_was_spent(access: Access) -> None:
    # 1,000 tokens in and 100 out of gpt-4o are 0.35 cents.
    Budget.objects.create(project=access.project, name="Daily", every="day", amount="0.01")
    send(access, NOON - timedelta(hours=15), 2)
    send(access, NOON, 2)
    send(access, NOON + minutes(60), 1)
    draft = documents.read(
        {"slug": "b", "name": "B", "condition": {"type": "budget", "budget": "Daily"}}
    )
    tested = backtest.backtest(access.project, draft, now=NOON + timedelta(days=1), days=3)
    [firing] = tested.firings
    assert firing.start_ns == ns(NOON + minutes(65))  # yesterday's two do not count
    assert firing.end_ns == ns(NOON.replace(hour=0, minute=5) + timedelta(days=1))
    assert firing.peak == pytest.approx(105.0)
    made = rule(access, slug="b", condition={"type": "budget", "budget": "Daily"}, metric="cost",
                window="5m")  # fmt: skip
    evaluate(made, NOON + minutes(61))
    evaluate(made, NOON + minutes(66))
    assert Transition.objects.get().at_ns == firing.start_ns
    assert "105% of the budget Daily is spent." in Transition.objects.get().reason


def test_a_forecast_is_tested_too(access: Access) -> None:
    Budget.objects.create(project=access.project, name="Daily", every="day", amount="0.01")
    condition = {"type": "budget", "budget": "Daily", "of": "forecast"}
    draft = documents.read({"slug": "b", "name": "B", "condition": condition})
    tested = backtest.backtest(access.project, draft, now=NOON, days=1)
    assert tested.count == 0 and backtest.FORECAST in tested.notes


VALUES = st.lists(st.none() | st.integers(0, 10), min_size=1, max_size=80)


@given(VALUES, st.integers(0, 3), st.integers(0, 3), st.integers(0, 80))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_walking_in_parts_is_walking_at_once(
    values: list[int | None], pending: int, resolve: int, cut: int
) -> None:
    seen = {
        (n + 1) * BUCKET: Sample((n + 1) * BUCKET, value, 0 if value is None else 5)
        for n, value in enumerate(values)
    }
    look = Look(Threshold(Side.ABOVE, 5), HOUR, 1)
    timing = Timing(HOUR, BUCKET, pending * BUCKET, resolve * BUCKET)
    ends = sorted(seen)
    whole = list(walk(Judge(look, seen), ends, Memory(), timing))
    first = list(walk(Judge(look, seen), ends[:cut], Memory(), timing))
    memory = first[-1].after if first else Memory()
    assert first + list(walk(Judge(look, seen), ends[cut:], memory, timing)) == whole
    found = firings(None, whole)
    for one in found:
        assert one.peak is not None and one.peak > 5
        assert one.end_ns is None or one.end_ns > one.start_ns
    for early, late in pairwise(found):
        assert early.end_ns is not None and early.end_ns <= late.start_ns


def test_overlapping_firings_count_once_in_the_total() -> None:
    tested = BackTest(0, 100, "ratio")
    tested.firings = [
        Firing("a", 10, 30, None), Firing("b", 20, 25, None),
        Firing("c", 28, 40, None), Firing("d", 90, None, None),
    ]  # fmt: skip
    assert tested.total_ns == 40


def test_samples_of_windows_agree_however_they_are_read(access: Access) -> None:
    traffic(access, 1)
    rolling.run(30.0, now_ns=ns(NOON + timedelta(days=1)))
    metric = metrics.find("error_rate")
    source = samples.Source(access.project.pk, metric, EVERYTHING, 45 * 60 * SECOND)
    ends = [ns(NOON + minutes(5 * n)) for n in range(1, 100)]
    together = samples.read(source, ends).groups[None]
    for end in ends[::7]:
        assert samples.read(source, [end]).groups[None][end] == together[end]
        for other in (end + BUCKET, end + 45 * 60 * SECOND, end + DAY):  # overlapping, next, far
            both = samples.read(source, [end, other]).groups[None]
            assert both[end] == together[end]
            assert both[other] == samples.read(source, [other]).groups[None][other]
