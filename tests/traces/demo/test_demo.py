"""The demo's story: the same whenever it is told, and bad on its bad days."""

from datetime import UTC, date, datetime, timedelta

import pytest
from django.core.management import call_command
from pytest_django.live_server_helper import LiveServer
from traces.demo.weave import Woven, woven

from traces.demo.story import DROP_FROM, INJECTION, OUTAGE, SPIKE, days, visits
from traces.models import Score, Span, Trace

TODAY = date(2026, 11, 20)
NOW = datetime(2026, 11, 20, 23, 59, tzinfo=UTC)


def told(ago: int, per_day: int = 200) -> list[Woven]:
    day = next(day for day in days(21, TODAY) if day.ago == ago)
    return [one for visit in visits(day, per_day, 7, NOW) for one in woven(visit)]


def test_it_is_the_same_every_time() -> None:
    once, again = told(3, 20), told(3, 20)
    assert [one.spans for one in once] == [one.spans for one in again]
    ids = [one.spans[0].trace_id for one in once]
    assert len(set(ids)) == len(ids)


def failed(woven: list[Woven]) -> float:
    return sum(one.spans[0].status.code == 2 for one in woven) / len(woven)


def test_bad_days_are_bad() -> None:
    assert failed(told(OUTAGE)) > 0.03
    assert failed(told(OUTAGE - 1)) == 0
    longest = [max(len(one.spans) for one in told(ago)) for ago in (SPIKE, SPIKE - 1)]
    assert longest[0] > 4 * longest[1]
    happy = []
    for ago in (DROP_FROM, DROP_FROM + 2):
        values = [score.value for one in told(ago) for score in one.scores]
        happy.append(sum(values) / len(values))
    assert happy[0] < happy[1] - 0.2
    attacks = [
        one
        for one in told(INJECTION)
        if any(
            pair.value.string_value.startswith("flagged")
            for span in one.spans
            for pair in span.attributes
        )
    ]
    assert attacks


def test_nothing_happens_in_the_future() -> None:
    day = days(1, TODAY)[0]
    noon = datetime(2026, 11, 20, 12, tzinfo=UTC)
    assert all(visit.start < noon for visit in visits(day, 300, 7, noon))
    assert day.date + timedelta(days=0) == TODAY


@pytest.mark.integration
@pytest.mark.django_db(transaction=True)
def test_it_is_sent_over_http_and_changes_nothing_the_second_time(
    live_server: LiveServer, api_key: str
) -> None:
    def tell() -> tuple[int, int, int]:
        call_command(
            "demo", url=live_server.url, key=api_key, days=3, traces_per_day=12, as_json=True
        )
        return Trace.objects.count(), Span.objects.count(), Score.objects.count()

    first = tell()
    assert first[0] > 20
    assert tell() == first
    assert Trace.objects.filter(cost_total__gt=0).count() > first[0] / 2
