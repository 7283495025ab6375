"""How budgets stand: exact sums, states, thresholds told once, standings that are kept fresh."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import connection
from django.http import Http404
from django.test.utils import CaptureQueriesContext

from dashboards.budgets import figures, selectors, services, tasks
from dashboards.budgets.models import Budget, Crossing, On, Standing
from dashboards.budgets.periods import DAY, Every, ns_of, period_of
from dashboards.channels.models import Channel, Delivery
from sightglass.accounts.access import Access
from sightglass.accounts.models import AuditEntry, Project
from tests.dashboards.budgets.budgeting import NOW, budget, call, every_day, spend
from traces.selectors import cubes
from traces.selectors.paging import TooSlow
from traces.services import rolling
from traces.spans import PICO

pytestmark = pytest.mark.django_db


@pytest.fixture
def channel(project: Project) -> Channel:
    return Channel.objects.create(
        project=project, name="Finance", kind="email", config={"recipients": ["a@example.org"]}
    )


def status(one: Budget, now: datetime = NOW) -> Any:
    return selectors.status_of(one, now)


def test_nothing_spent(access: Access) -> None:
    found = status(budget(access))
    assert (found.spent, found.share, found.remaining) == (0, 0, 100 * PICO)
    assert found.state == "ok" and found.forecast is None and found.fan == ()
    assert found.plan == 100 * PICO * 19 // 30
    assert [one.reached for one in found.thresholds] == [False, False, False]


def test_spent_is_of_the_period(access: Access) -> None:
    month = datetime(2026, 11, 1, tzinfo=UTC)
    inside = [call(month, 1), call(NOW, 2), call(NOW - timedelta(hours=3), "0.000001")]
    outside = [call(month - timedelta(microseconds=1), 16), call(NOW - timedelta(days=60), 32)]
    spend(access, inside + outside)
    assert status(budget(access)).spent == 3 * PICO + PICO // 10**6
    weekly = budget(access, name="Weekly", every="week")
    assert status(weekly).spent == 2 * PICO + PICO // 10**6
    daily = budget(access, name="Daily", every="day")
    assert status(daily, NOW - timedelta(days=1)).spent == 0


@pytest.mark.parametrize(
    ("scope", "value", "dollars"),
    [
        ("project", "", 7),
        ("environment", "production", 1),
        ("user", "alice*", 2),
        ("model", "gpt-4o-2024-08-06", 7),
        ("tag", 'with "quotes"', 4),
        ("prompt", "returns", 2),
        ("query", "user:alice* OR environment:production", 3),
        ("query", "cost:>3", 4),
    ],
)
def test_scopes(access: Access, scope: str, value: str, dollars: int) -> None:
    spend(access, [call(NOW, 1)], deployment__environment__name="production")
    named = {"user__id": "alice*", "langfuse__observation__prompt__name": "returns"}
    spend(access, [call(NOW, 2, **named)])
    spend(access, [call(NOW, 4, langfuse__trace__tags=['with "quotes"', "b"])])
    assert status(budget(access, scope=scope, value=value)).spent == dollars * PICO


def test_states(access: Access) -> None:
    spend(access, [call(NOW, 80)])
    assert status(budget(access, "100.01", name="a")).state == "ok"
    assert status(budget(access, "100", name="b")).state == "warning"
    assert status(budget(access, "80", name="c")).state == "over"
    over = status(budget(access, "50", name="d"))
    assert over.state == "over" and over.remaining == -30 * PICO and over.share == 1.6


def test_a_forecast_warns_before_the_money_is_gone(access: Access) -> None:
    spend(access, every_day(5, days=40), sums=True)
    found = status(budget(access, "120"))
    assert found.spent == 90 * PICO and found.state == "warning"
    assert found.forecast == pytest.approx(150 * PICO, rel=0.1)
    assert found.forecast_low <= found.forecast <= found.forecast_high
    assert [(one.on, one.percent) for one in found.thresholds if one.reached] == [
        (On.FORECAST, 100)
    ]
    assert found.passes_ns is not None
    assert 22 * DAY <= found.passes_ns - found.period.start_ns <= 26 * DAY


def test_the_fan_reaches_from_today_to_the_last_day(access: Access) -> None:
    spend(access, every_day(5, days=20), sums=True)
    found = status(budget(access))
    assert [one.time_ns for one in found.fan] == [
        period_of(Every.MONTH, ns_of(NOW)).start_ns + day * DAY for day in range(19, 31)
    ]
    assert all(one.low_95 >= found.spent for one in found.fan)


def test_a_threshold_is_told_once(access: Access, channel: Channel) -> None:
    one = budget(access, channels=[channel.pk], on_actual=[50, 80], on_forecast=[])
    spend(access, [call(NOW, 60)])
    for minute in range(3):
        services.refresh(one, NOW + timedelta(minutes=minute))
    crossing, delivery = Crossing.objects.get(), Delivery.objects.get()
    assert (crossing.on, crossing.percent, crossing.spent) == ("actual", 50, Decimal(60))
    assert crossing.at == NOW
    assert "50% of the budget for November 2026" in delivery.event["title"]
    assert delivery.event["severity"] == "warning"
    spend(access, [call(NOW, 40)])
    services.refresh(one, NOW + timedelta(minutes=5))
    assert sorted(Crossing.objects.values_list("percent", flat=True)) == [50, 80]
    assert Delivery.objects.count() == 2


def test_each_period_tells_anew(access: Access, channel: Channel) -> None:
    one = budget(access, every="day", channels=[channel.pk], on_actual=[100], on_forecast=[])
    tomorrow = NOW + timedelta(days=1)
    spend(access, [call(NOW, 100), call(tomorrow, 200)])
    services.refresh(one, NOW)
    services.refresh(one, tomorrow)
    assert Crossing.objects.count() == Delivery.objects.count() == 2
    assert {each.event["severity"] for each in Delivery.objects.all()} == {"critical"}


def test_another_amount_is_another_threshold(access: Access, channel: Channel) -> None:
    one = budget(access, channels=[channel.pk], on_actual=[100], on_forecast=[])
    spend(access, [call(NOW, 150)])
    services.refresh(one, NOW)
    draft = services.draft_of(one)
    draft.amount = Decimal(200)
    one = services.change(access, one, draft)
    services.refresh(one, NOW)
    assert Crossing.objects.count() == 1
    spend(access, [call(NOW, 50)])
    services.refresh(one, NOW)
    assert Crossing.objects.count() == Delivery.objects.count() == 2


def test_what_is_no_longer_reached_was_told_all_the_same(access: Access) -> None:
    one = budget(access, on_actual=[100], on_forecast=[])
    spend(access, [call(NOW, 100)])
    services.refresh(one, NOW)
    services.change(access, one, _with(one, scope="model", value="none"))
    (threshold,) = status(Budget.objects.get()).thresholds
    assert not threshold.reached and threshold.reached_at == NOW


def _with(one: Budget, **values: Any) -> services.Draft:
    draft = services.draft_of(one)
    for name, value in values.items():
        setattr(draft, name, value)
    return draft


def test_crossing_and_message_are_one_thing(
    access: Access, channel: Channel, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If the message cannot be written down, the threshold is not noticed either."""
    one = budget(access, channels=[channel.pk])
    spend(access, [call(NOW, 100)])

    def fail(**_: Any) -> int:
        raise RuntimeError

    with monkeypatch.context() as patched:
        patched.setattr(services, "enqueue", fail)
        with pytest.raises(RuntimeError):
            services.refresh(one, NOW)
    assert not Crossing.objects.exists() and not Standing.objects.exists()
    services.refresh(one, NOW)
    assert Crossing.objects.count() == Delivery.objects.count() == 2


def test_a_fresh_standing_is_not_worked_out_again(access: Access) -> None:
    spend(access, every_day(5, days=20), sums=True)
    one = budget(access)
    services.refresh(one, NOW)
    standing = Standing.objects.get()
    services.keep_fresh(one, NOW + timedelta(seconds=59))
    assert Standing.objects.get().as_of == standing.as_of
    services.keep_fresh(one, NOW + timedelta(seconds=60))
    assert Standing.objects.get().as_of == NOW + timedelta(seconds=60)


def test_spent_is_of_this_moment_however_old_the_forecast_is(access: Access) -> None:
    spend(access, every_day(5, days=20), sums=True)
    one = budget(access, "500")
    services.refresh(one, NOW)
    before = status(one, NOW + timedelta(seconds=30))
    spend(access, [call(NOW, "33.25")])
    after = status(one, NOW + timedelta(seconds=30))
    assert after.spent - before.spent == 33 * PICO + PICO // 4
    assert after.forecast == before.forecast
    spend(access, [call(NOW, 300)])
    assert status(one, NOW + timedelta(seconds=30)).forecast_low >= 333 * PICO


def test_what_lags_is_said(access: Access, monkeypatch: pytest.MonkeyPatch) -> None:
    """Readers add up some changes themselves, not a month's."""
    monkeypatch.setattr(cubes, "MOST_RAW", 24)
    spend(access, every_day(5, days=40))
    one = budget(access)
    assert status(one).pending > 0
    rolling.run(60)
    found = status(one)
    assert found.pending == 0 and found.spent == 90 * PICO
    services.refresh(one, NOW)
    assert status(one).pending == 0


def test_a_changed_budget_is_worked_out_at_once(access: Access) -> None:
    one = budget(access)
    now = datetime.now(UTC)
    services.refresh(one, now)
    assert selectors.is_fresh(one, Standing.objects.get(), now)
    changed = services.change(access, one, _with(one, amount=Decimal(7)))
    assert not selectors.is_fresh(changed, Standing.objects.get(), datetime.now(UTC))


def test_the_status_asks_little_of_the_database(access: Access) -> None:
    spend(access, every_day(5, days=20), sums=True)
    one = budget(access)
    services.refresh(one, NOW)
    with CaptureQueriesContext(connection) as asked:
        status(one)
    reads = [each for each in asked if each["sql"].startswith(("SELECT", "\nSELECT"))]
    assert len(reads) <= 8, [each["sql"][:100] for each in reads]


def test_all_are_refreshed_but_those_of_closed_projects(
    access: Access, other_project: Project
) -> None:
    budget(access)
    Budget.objects.create(project=other_project, name="theirs", amount=1)
    Project.objects.filter(pk=other_project.pk).update(deleted_at=NOW)
    assert services.refresh_all(NOW) == 1
    tasks.refresh_budgets()
    assert set(Standing.objects.values_list("budget__name", flat=True)) == {"Production"}


def test_a_filter_that_cannot_be_read_stops_no_other(access: Access, project: Project) -> None:
    Budget.objects.create(project=project, name="broken", amount=1, scope="query", value="a:(")
    budget(access)
    assert services.refresh_all(NOW) == 1


def test_the_overview_has_the_gravest_first(access: Access, project: Project) -> None:
    spend(access, [call(datetime.now(UTC), 80)])
    for name, amount in (("fine", "1000"), ("over", "50"), ("warned", "90"), ("far over", "10")):
        budget(access, amount, name=name)
    found = selectors.for_overview(project.pk)
    assert [one.budget.name for one in found] == ["far over", "over", "warned", "fine"]


def test_past_periods_keep_their_amount(access: Access) -> None:
    spend(access, [call(datetime(2026, month, 3, tzinfo=UTC), month) for month in (8, 10)])
    one = budget(access, "9", on_actual=[], on_forecast=[])
    services.refresh(one, datetime(2026, 10, 30, tzinfo=UTC))
    one = services.change(access, one, _with(one, amount=Decimal(20)))
    past = [(each.period.label, each.spent, each.amount) for each in selectors.past_of(one, NOW)]
    assert past == [
        ("October 2026", 10 * PICO, 9 * PICO),
        ("September 2026", 0, 20 * PICO),
        ("August 2026", 8 * PICO, 20 * PICO),
    ]


def test_old_standings_are_forgotten(access: Access) -> None:
    one = budget(access)
    for at in (NOW - timedelta(days=500), NOW):
        services.refresh(one, at)
    services.forget_old(NOW)
    assert Standing.objects.get().as_of == NOW


def test_changes_are_in_the_audit_log(access: Access) -> None:
    one = budget(access)
    services.change(access, one, _with(one, amount=Decimal("12.50")))
    services.change(access, one, _with(one, amount=Decimal("12.50")))
    services.remove(access, one)
    entries = AuditEntry.objects.filter(action__startswith="budget.").order_by("pk")
    assert [entry.action for entry in entries] == [
        "budget.created",
        "budget.changed",
        "budget.removed",
    ]
    before, after = entries[1].before, entries[1].after
    assert before and after
    assert (before["amount"], after["amount"]) == ("100", "12.5")


@pytest.mark.parametrize(
    ("field", "values"),
    [
        ("name", {"name": "  "}),
        ("name", {"name": "x" * 101}),
        ("amount", {"amount": Decimal(0)}),
        ("amount", {"amount": Decimal("NaN")}),
        ("amount", {"amount": Decimal("1.0000001")}),
        ("amount", {"amount": Decimal(10**9)}),
        ("every", {"every": "year"}),
        ("scope", {"scope": "galaxy"}),
        ("value", {"scope": "project", "value": "x"}),
        ("value", {"scope": "user", "value": " "}),
        ("value", {"scope": "query", "value": 'model:"x'}),
        ("value", {"scope": "query", "value": "colour:red"}),
        ("value", {"scope": "user", "value": "\x00"}),
        ("value", {"scope": "user", "value": "x" * 1001}),
        ("on_actual", {"on_actual": [0]}),
        ("on_actual", {"on_actual": list(range(1, 12))}),
        ("on_forecast", {"on_forecast": [1001]}),
        ("channels", {"channels": [999]}),
    ],
)
def test_nonsense_is_refused(access: Access, field: str, values: dict[str, Any]) -> None:
    with pytest.raises(ValidationError) as refused:
        budget(access, **values)
    assert field in refused.value.message_dict
    assert not Budget.objects.exists()


def test_names_are_taken_once(access: Access) -> None:
    budget(access)
    with pytest.raises(ValidationError, match="of this name"):
        budget(access)


def test_channels_of_other_projects_are_none(access: Access, other_project: Project) -> None:
    theirs = Channel.objects.create(project=other_project, name="Theirs", kind="email")
    with pytest.raises(ValidationError, match="no channel"):
        budget(access, channels=[theirs.pk])


def test_budgets_of_other_projects_are_not_found(access: Access, other_project: Project) -> None:
    theirs = Budget.objects.create(project=other_project, name="theirs", amount=1)
    with pytest.raises(Http404):
        selectors.get_budget(access, theirs.pk)


def test_a_budget_that_breaks_stops_no_other(
    access: Access, other_project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken, whole = budget(access, name="broken"), budget(access, name="whole")
    others = Budget.objects.create(project=other_project, name="theirs", amount=Decimal(5))
    real = figures.spending

    def breaking(one: Budget, *more: Any) -> Any:
        if one.pk == broken.pk:
            raise ZeroDivisionError
        return real(one, *more)

    monkeypatch.setattr(figures, "spending", breaking)
    assert services.refresh_all(NOW) == 2
    assert set(Standing.objects.values_list("budget", flat=True)) == {whole.pk, others.pk}


def test_slow_budgets_of_one_project_take_no_more_than_its_share(
    access: Access, other_project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(5):
        budget(access, name=f"slow {number}")
    others = Budget.objects.create(project=other_project, name="theirs", amount=Decimal(5))
    clock, real = [0.0], figures.spending

    def slow(one: Budget, *more: Any) -> Any:
        if one.pk == others.pk:
            return real(one, *more)
        clock[0] += services.PROJECT_SECONDS / 2
        raise TooSlow

    monkeypatch.setattr(figures, "spending", slow)
    monkeypatch.setattr("dashboards.budgets.services.time.monotonic", lambda: clock[0])
    assert services.refresh_all(NOW) == 1
    assert clock[0] == services.PROJECT_SECONDS  # two of the five
