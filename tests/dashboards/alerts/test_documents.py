"""Documents of rules: read strictly, written whole, and schedules."""

from __future__ import annotations

from datetime import UTC, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dashboards.alerts import conditions as cond
from dashboards.alerts import documents, schedule
from dashboards.alerts.baseline import Season
from dashboards.alerts.conditions import Against, On, Side
from dashboards.alerts.documents import Draft
from dashboards.alerts.reading import DocumentError
from dashboards.alerts.schedule import Schedule, ScheduleError
from dashboards.alerts.windows import BUCKET, MINUTE

GOOD: dict[str, Any] = {
    "slug": "error-rate",
    "name": "Errors",
    "metric": "error_rate",
    "condition": {"type": "threshold", "above": 0.05},
}
AMOUNTS = st.floats(0, 1e12, allow_nan=False)
SIDES = st.sampled_from([Side.ABOVE, Side.BELOW])
CONDITIONS = st.one_of(
    st.builds(cond.Threshold, SIDES, AMOUNTS),
    st.builds(cond.Interval, SIDES, AMOUNTS),
    st.builds(
        cond.Change, st.sampled_from(list(Side)), AMOUNTS, st.booleans(),
        st.just(Against.PREVIOUS), AMOUNTS,
    ),
    st.builds(
        cond.Anomaly, st.sampled_from(list(Side)), st.floats(1, 100),
        st.sampled_from(list(Season)), st.integers(7, 56), AMOUNTS,
    ),
    st.builds(cond.Absence, st.integers(1, 10**6)),
)  # fmt: skip
SCHEDULES = st.builds(
    Schedule,
    st.sampled_from([ZoneInfo("UTC"), ZoneInfo("Europe/Paris"), ZoneInfo("Asia/Kolkata")]),
    st.frozensets(st.integers(0, 6), min_size=1),
    st.times().map(lambda at: at.replace(second=0, microsecond=0)),
    st.times().map(lambda at: at.replace(second=0, microsecond=0)),
)
DRAFTS = st.builds(
    Draft,
    slug=st.from_regex(documents.SLUG, fullmatch=True).filter(lambda text: len(text) <= 80),
    name=st.text(st.characters(exclude_categories=("Cs", "Cc")), min_size=1, max_size=120).filter(
        str.strip
    ),
    metric=st.sampled_from(["cost", "score:thumbs"]),
    condition=CONDITIONS,
    filter=st.sampled_from(["", "model:gpt*"]),
    window_ns=st.integers(1, 31 * 288).map(lambda n: n * BUCKET),
    group_by=st.none() | st.sampled_from(documents.GROUPINGS),
    minimum_sample=st.integers(0, 10**6),
    pending_ns=st.integers(0, 7 * 1440).map(lambda n: n * MINUTE),
    resolve_ns=st.integers(0, 7 * 1440).map(lambda n: n * MINUTE),
    severity=st.sampled_from(documents.SEVERITIES),
    enabled=st.booleans(),
    schedule=st.none() | SCHEDULES,
    owner=st.none() | st.just("a@example.org"),
    runbook_url=st.sampled_from(["", "https://example.org/runbook"]),
    message=st.text(st.characters(exclude_categories=("Cs", "Cc")), max_size=50),
    repeat_ns=st.none() | st.integers(5, 1440).map(lambda n: n * MINUTE),
    channels=st.lists(st.sampled_from(["a", "b", "c"]), unique=True).map(sorted),
)


@given(DRAFTS)
@settings(deadline=None)  # the first reads the names of all time zones
def test_what_is_written_is_read_back(draft: Draft) -> None:
    assert documents.read(documents.write(draft)) == draft


def test_little_need_be_said() -> None:
    draft = documents.read(GOOD)
    assert draft.window_ns == documents.USUAL_WINDOW and draft.severity == "warning"
    assert draft.enabled and draft.schedule is None and draft.repeat_ns is None


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"slug": "No Spaces"}, "/slug"),
        ({"slug": "a" * 81}, "/slug"),
        ({"slug": None}, "/slug"),
        ({"name": " "}, "/name"),
        ({"name": "x" * 121}, "/name"),
        ({"name": "a\x00b"}, "/name"),
        ({"name": "\ud800"}, "/name"),
        ({"metric": 3}, "/metric"),
        ({"windw": "1h"}, "/windw"),
        ({"window": "7m"}, "/window"),
        ({"window": "32d"}, "/window"),
        ({"window": "4m"}, "/window"),
        ({"window": 60}, "/window"),
        ({"for": "8d"}, "/for"),
        ({"repeat": "1m"}, "/repeat"),
        ({"minimum_sample": -1}, "/minimum_sample"),
        ({"minimum_sample": True}, "/minimum_sample"),
        ({"minimum_sample": 1.5}, "/minimum_sample"),
        ({"severity": "loud"}, "/severity"),
        ({"severity": ["info"]}, "/severity"),
        ({"enabled": "yes"}, "/enabled"),
        ({"group_by": "colour"}, "/group_by"),
        ({"runbook_url": "javascript:alert(1)"}, "/runbook_url"),
        ({"runbook_url": "http://[::1"}, "/runbook_url"),
        ({"channels": "mail"}, "/channels"),
        ({"channels": [1]}, "/channels"),
        ({"channels": [""]}, "/channels"),
        ({"schedule": "always"}, "/schedule"),
        ({"schedule": {"timezone": "Mars/Base"}}, "/schedule/timezone"),
        ({"schedule": {"timezone": ["UTC"]}}, "/schedule/timezone"),
        ({"schedule": {"days": []}}, "/schedule/days"),
        ({"schedule": {"days": ["monday"]}}, "/schedule/days"),
        ({"schedule": {"days": [{}]}}, "/schedule/days"),
        ({"schedule": {"from": "24:00"}}, "/schedule/from"),
        ({"schedule": {"to": 800}}, "/schedule/to"),
        ({"schedule": {"until": "09:00"}}, "/schedule/until"),
        ({"condition": None}, "/condition"),
        ({"condition": {"type": "mood"}}, "/condition/type"),
        ({"condition": {"type": ["threshold"]}}, "/condition/type"),
        ({"condition": {"type": "threshold"}}, "/condition"),
        ({"condition": {"type": "threshold", "above": 1, "below": 0}}, "/condition"),
        ({"condition": {"type": "threshold", "above": "5%"}}, "/condition/above"),
        ({"condition": {"type": "threshold", "above": float("nan")}}, "/condition/above"),
        ({"condition": {"type": "threshold", "above": 1, "for": "5m"}}, "/condition/for"),
        ({"condition": {"type": "change", "rises_by": -5}}, "/condition/rises_by"),
        ({"condition": {"type": "change", "rises_by": 5, "against": "x"}}, "/condition/against"),
        ({"condition": {"type": "anomaly", "sigmas": 0}}, "/condition/sigmas"),
        ({"condition": {"type": "anomaly", "days": 3}}, "/condition/days"),
        ({"condition": {"type": "absence", "fewer_than": 0}}, "/condition/fewer_than"),
        ({"condition": {"type": "budget"}}, "/condition/budget"),
        ({"condition": {"type": "budget", "budget": "b"}, "filter": "x:y"}, "/condition"),
        (
            {"window": "8d", "condition": {"type": "change", "rises_by": 5, "against": "weekday"}},
            "/window",
        ),
    ],
)
def test_what_is_wrong_is_said_where_it_is(change: dict[str, Any], pointer: str) -> None:
    with pytest.raises(DocumentError) as caught:
        documents.read(GOOD | change)
    assert pointer in caught.value.errors


def test_everything_that_is_wrong_is_said_at_once_and_where_the_document_is() -> None:
    with pytest.raises(DocumentError) as caught:
        documents.read({"slug": "A", "wrong": 1}, at="/rules/3")
    assert {"/rules/3/slug", "/rules/3/wrong", "/rules/3/name"} <= caught.value.errors.keys()
    wrong: list[Any] = [None, [], "text", 3]
    for given_ in wrong:
        with pytest.raises(DocumentError):
            documents.read(given_)


@given(st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=10,
), st.sampled_from(documents.FIELDS))  # fmt: skip
def test_nothing_breaks_it(value: Any, field: str) -> None:
    try:
        draft = documents.read(GOOD | {field: value})
    except DocumentError as error:
        assert error.errors
    else:
        assert documents.read(documents.write(draft)) == draft


def test_a_budget_needs_no_metric() -> None:
    draft = documents.read(
        {"slug": "b", "name": "B", "condition": {"type": "budget", "budget": "All"}}
    )
    assert (draft.metric, draft.window_ns) == ("cost", BUCKET)
    assert draft.condition == cond.Budget("All", On.ACTUAL, 100.0)


PARIS = {"timezone": "Europe/Paris", "days": ["mon", "tue", "wed", "thu", "fri"]}


@pytest.mark.parametrize(
    ("given_", "moment", "active"),
    [
        (PARIS | {"from": "09:00", "to": "18:00"}, "2026-11-16T08:00+00:00", True),  # Monday 9:00
        (PARIS | {"from": "09:00", "to": "18:00"}, "2026-11-16T07:59+00:00", False),
        (PARIS | {"from": "09:00", "to": "18:00"}, "2026-11-16T17:00+00:00", False),
        (PARIS | {"from": "09:00", "to": "18:00"}, "2026-11-15T10:00+00:00", False),  # Sunday
        (PARIS | {"from": "09:00", "to": "18:00"}, "2026-07-13T07:30+00:00", True),  # summer time
        (PARIS | {"from": "22:00", "to": "06:00"}, "2026-11-16T22:30+00:00", True),
        (PARIS | {"from": "22:00", "to": "06:00"}, "2026-11-21T04:30+00:00", True),  # Friday's
        (PARIS | {"from": "22:00", "to": "06:00"}, "2026-11-16T04:30+00:00", False),  # Sunday's
        (PARIS, "2026-11-16T23:30+00:00", True),  # whole days: it is Tuesday there
        (PARIS, "2026-11-20T23:30+00:00", False),
        ({}, "2026-11-21T03:00+00:00", True),
    ],
)
def test_hours_of_a_rule(given_: dict[str, Any], moment: str, active: bool) -> None:
    found = schedule.read(given_)
    assert found is not None
    assert found.is_active(datetime.fromisoformat(moment)) is active


@given(SCHEDULES)
def test_a_schedule_is_read_back(given_: Schedule) -> None:
    assert schedule.read(schedule.write(given_)) == given_


@given(SCHEDULES, st.datetimes(datetime(2026, 1, 1), datetime(2026, 12, 31)))
def test_a_day_that_is_not_named_is_quiet_until_the_next(given_: Schedule, at: datetime) -> None:
    moment = at.replace(tzinfo=UTC)
    local = moment.astimezone(given_.zone)
    if local.weekday() not in given_.days and (local.weekday() - 1) % 7 not in given_.days:
        assert not given_.is_active(moment)
    if given_.begin == given_.end == time() and len(given_.days) == 7:
        assert given_.is_active(moment)


def test_no_schedule_is_always() -> None:
    assert schedule.read(None) is None and schedule.write(None) is None
    with pytest.raises(ScheduleError):
        schedule.read([])
    assert schedule.read({}) == Schedule(ZoneInfo("UTC"), frozenset(range(7)), time(), time())
