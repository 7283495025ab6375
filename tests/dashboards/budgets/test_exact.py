"""What is spent equals the raw spans, to the last pico dollar, whatever happened to them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db.models import Sum
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dashboards.budgets import selectors
from dashboards.budgets.models import Budget
from dashboards.budgets.periods import Every, ns_of, period_of
from sightglass.accounts.access import Access
from tests.dashboards.budgets.budgeting import NOW, budget, call, spend
from tests.traces import sending
from traces.models import PriceOverride, Span
from traces.services import prices, rolling
from traces.services.reprice import reprice
from traces.spans import Flag

pytestmark = pytest.mark.django_db


def raw(one: Budget, now: datetime, **wanted: str) -> int:
    """The sum over spans, without any of the stored sums."""
    period = period_of(Every(one.every), ns_of(now))
    rows = Span.objects.filter(
        **wanted,
        project_id=one.project_id,
        start_ns__gte=period.start_ns,
        start_ns__lt=period.end_ns,
    )
    counted = rows.extra(where=[f"flags & {int(Flag.NOT_COUNTED)} = 0"])
    return int(counted.aggregate(total=Sum("cost_total"))["total"] or 0)


CALLS = st.lists(
    st.tuples(
        st.integers(0, 40 * 24 * 60),  # minutes before the end of the period's day
        st.sampled_from(["0.000001", "0.37", "1.25", "19.99"]),
        st.sampled_from(["ann", "bob"]),
        st.booleans(),  # sums are made after it
    ),
    min_size=1,
    max_size=12,
)


@settings(
    max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(CALLS, st.sampled_from(list(Every)))
def test_spent_is_the_raw_sum(access: Access, calls: list[Any], every: Every) -> None:
    Budget.objects.all().delete()
    whole = budget(access, every=every.value)
    ann = budget(access, name="Ann", every=every.value, scope="user", value="ann")
    end = NOW.replace(hour=23, minute=59)
    rolling.run(60)  # what an earlier example left
    for minutes, dollars, user, rolled in calls:
        spend(access, [call(end - timedelta(minutes=minutes), dollars, user__id=user)])
        if rolled:
            rolling.run(10)
        assert selectors.status_of(whole, end).spent == raw(whole, end)
        assert selectors.status_of(ann, end).spent == raw(ann, end, user_id="ann")


def test_a_late_span_counts_where_it_belongs(access: Access) -> None:
    one = budget(access)
    spend(access, [call(NOW, 5)])
    rolling.run(10)
    last_month = NOW - timedelta(days=30)
    spend(access, [call(NOW - timedelta(days=10), 3), call(last_month, 2)])
    assert selectors.status_of(one, NOW).spent == raw(one, NOW) == 8 * 10**12
    (past,) = selectors.past_of(one, NOW)
    assert past.spent == raw(one, last_month) == 2 * 10**12


def test_a_span_sent_twice_is_spent_once(access: Access) -> None:
    one, again = budget(access), call(NOW, 5)
    spend(access, [again])
    rolling.run(10)
    spend(access, [again, again])
    assert selectors.status_of(one, NOW).spent == 5 * 10**12


def test_a_call_that_its_parent_repeats_is_spent_once(access: Access) -> None:
    one, trace = budget(access), bytes(range(16))
    start = ns_of(NOW)
    usage: dict[str, Any] = {
        "gen_ai__usage__input_tokens": 1000,
        "gen_ai__usage__output_tokens": 100,
    }
    usage["gen_ai__operation__name"] = "invoke_agent"
    agent = sending.span(trace, span_id=b"a" * 8, name="agent", start_ns=start, **usage)
    spend(access, [agent, sending.llm(trace, parent=b"a" * 8, start_ns=start + 1)])
    assert selectors.status_of(one, NOW).spent == raw(one, NOW)


def test_new_prices_change_what_was_spent(access: Access) -> None:
    one = budget(access)
    at = datetime.now(UTC)
    spend(access, [sending.llm(start_ns=ns_of(at)) for _ in range(3)])
    rolling.run(10)
    before = selectors.status_of(one, at).spent
    prices.add(access, PriceOverride(model="gpt-4o*", input=Decimal(100), output=Decimal(1000)))
    period = period_of(Every.MONTH, ns_of(at))
    reprice(access, period.start_ns, period.end_ns, apply=True)
    after = selectors.status_of(one, at).spent
    assert after == raw(one, at) == 3 * (1_000 * 100 + 100 * 1_000) * 10**6
    assert after != before
    rolling.run(10)
    assert selectors.status_of(one, at).spent == after
