"""One time range and one filter, in the URL."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.http import Http404
from django.test import Client, RequestFactory

from dashboards import frame as frames
from dashboards import periods
from dashboards.charts import ChartCard, Series, bars
from dashboards.explorer.ranges import Chosen
from dashboards.frame import Frame, term
from dashboards.periods import BUCKET, DAY, HOUR, bounds, grain_of, preset, times_of
from sightglass.accounts.access import Access
from sightglass.accounts.models import User
from traces.rollups.dimensions import OTHER
from traces.selectors.asking import Step
from traces.selectors.metrics import METRICS, Answer, Point, Value
from traces.selectors.metrics import Series as Answered
from traces.selectors.paging import TimeRange, TooSlow

NOW = int(datetime(2026, 11, 20, 14, 7, 31, tzinfo=UTC).timestamp()) * 10**9


def read(access: Access, query: str = "", *kept: str) -> Frame:
    request: Any = RequestFactory().get(f"/p/shop/overview?{query}")
    request.access = access
    return frames.read(request, "overview", *kept)


def asked(url: str) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}


def when(ns: int) -> str:
    return f"{datetime.fromtimestamp(ns / 1e9, UTC):%d %H:%M}"


@pytest.mark.parametrize(
    ("name", "start", "end", "before"),
    [
        ("24h", "19 15:00", "20 14:10", "18 15:00"),
        ("7d", "14 00:00", "20 14:10", "07 00:00"),
        ("14d", "07 00:00", "20 14:10", "24 00:00"),
        ("1h", "20 13:10", "20 14:10", "20 12:10"),
    ],
)
def test_presets_are_whole_buckets_and_compare_with_the_same_time_of_day(
    name: str, start: str, end: str, before: str
) -> None:
    period = preset(name, NOW)
    low, high = bounds(period.range)
    assert (when(low), when(high)) == (start, end)
    assert low % BUCKET == high % BUCKET == 0
    earlier, ended = bounds(period.previous)
    assert when(earlier) == before and ended - earlier == high - low
    assert ended <= low, "the two do not overlap"


@pytest.mark.parametrize("name", [*periods.PRESETS, *periods.SHORT_PRESETS])
def test_steps_are_where_sums_have_them(name: str) -> None:
    period = preset(name, NOW)
    low, high = bounds(period.range)
    grain, step = grain_of(high - low)
    times = times_of(period.range)
    assert times[0] <= low < times[0] + step and times[-1] < high <= times[-1] + step
    assert all(b - a == step for a, b in pairwise(times))
    assert len(times) <= periods.MOST_DAYS and len(times_of(period.previous)) == len(times)
    assert ("step" in grain) != ("width_ns" in grain)


def test_long_ranges_are_told_by_weeks_that_begin_on_monday() -> None:
    times = times_of(TimeRange(NOW - 300 * DAY, NOW))
    assert {datetime.fromtimestamp(ns / 1e9, UTC).weekday() for ns in times} == {0}
    assert grain_of(300 * DAY)[0] == {"step": Step.WEEK}
    assert grain_of(30 * HOUR)[0] == {"step": Step.HOUR}
    assert grain_of(2 * HOUR)[0] == {"width_ns": BUCKET}


def test_the_usual_is_two_weeks_of_everything(access: Access) -> None:
    found = read(access)
    assert found.chosen.name == "14d" and found.query is not None and not found.text
    assert asked(found.link()) == {"range": "14d"}
    assert found.length_ns > 13 * DAY


def test_all_of_it_is_in_the_address(access: Access) -> None:
    found = read(access, "q=model:gpt-5&from=2026-11-01&to=2026-11-03&by=user&x=1", "by")
    assert asked(found.link()) == {
        "q": "model:gpt-5",
        "from": "2026-11-01",
        "to": "2026-11-03",
        "by": "user",
    }
    assert asked(found.link(range="7d")) == {"q": "model:gpt-5", "range": "7d", "by": "user"}
    assert asked(found.page("performance")) == {
        "q": "model:gpt-5",
        "from": "2026-11-01",
        "to": "2026-11-03",
    }
    low, high = bounds(found.range)
    assert high - low == 2 * DAY and found.previous.end_ns == low


def test_a_month_that_is_not_over_is_compared_with_the_same_hours() -> None:
    """Else the range before would begin at night, and the day it begins on look empty."""
    start, hour = 20_000 * DAY, HOUR
    now = start + 27 * DAY + hour
    for end in (start + 30 * DAY, None):
        chosen = Chosen("", "", "", TimeRange(start, end))
        found = periods.between(chosen, now)
        assert bounds(found.range) == (start, now)
        assert bounds(found.previous) == (start - 28 * DAY, start - 28 * DAY + 27 * DAY + hour)
    over = periods.between(Chosen("", "", "", TimeRange(start, start + 5 * DAY)), now)
    assert bounds(over.previous) == (start - 5 * DAY, start)


def test_the_explorer_shows_exactly_the_same_time(access: Access) -> None:
    found = read(access, "q=env:prod&range=7d")
    url = asked(found.explore("model:x", spans=True, order="-cost"))
    low, high = bounds(found.range)
    assert url["q"] == "env:prod model:x" and url["list"] == "spans" and url["order"] == "-cost"
    start = datetime.fromisoformat(url["from"]).replace(tzinfo=UTC).timestamp()
    end = datetime.fromisoformat(url["to"]).replace(tzinfo=UTC).timestamp()
    assert (start * 1e9, end * 1e9) == (low, high)


def test_a_term_is_added_once_and_binds_tighter_than_or(access: Access) -> None:
    assert read(access, "q=model:x").narrowed("model:x", "") == "model:x"
    assert read(access, "q=model:x OR model:y").narrowed("status:error") == (
        "(model:x OR model:y) status:error"
    )


def test_mistakes_are_said_and_the_usual_stands_in_their_place(access: Access) -> None:
    wrong = read(access, "q=modle:x")
    assert wrong.query is None and wrong.mistake and wrong.bar()["mended"].endswith("range=14d")
    for query, said in (
        ("from=nonsense", "is no time"),
        ("from=2026-11-03&to=2026-11-01", "is not before"),
        ("from=2001-01-01&to=2026-01-01", "at most 400 days"),
        ("from=2201-01-01&to=2202-01-01", "in the future"),
    ):
        found = read(access, query)
        assert said in found.range_error, query
        low, high = bounds(found.range)
        assert 13 * DAY < high - low <= 14 * DAY
    assert read(access, "range=all").chosen.name == "14d"
    assert read(access, "range=1h").chosen.name == "1h", "as the explorer had it"


def test_shifting_back_and_forth_ends_where_it_began(access: Access) -> None:
    found = read(access, "range=7d")
    assert found.beside(1) == "", "there is nothing after now"
    back = read(access, urlsplit(found.beside(-1)).query)
    low, high = bounds(back.range)
    assert high == bounds(found.range)[0] and high - low == 7 * DAY
    assert asked(back.beside(1)) == {"range": "7d"}
    further = read(access, urlsplit(back.beside(-1)).query)
    assert bounds(further.range)[1] == low


def test_an_environment_takes_the_place_of_another(access: Access) -> None:
    found = read(access, "q=model:x environment:staging")
    choices = found.environments(["production", "staging", "my env"])
    texts = {name: asked(url).get("q") for name, url, _ in choices}
    assert texts == {
        "All environments": "model:x",
        "production": "model:x environment:production",
        "staging": "model:x environment:staging",
        "my env": 'model:x environment:"my env"',
    }
    assert [name for name, _, chosen in choices if chosen] == ["staging"]


def test_what_no_query_can_say_is_not_said() -> None:
    assert term("user_id", "a b") == 'user:"a b"'
    assert term("model", "gpt-5") == "model:gpt-5"
    for value in (None, "", OTHER, "other"):
        assert term("model", value) == ""
    assert term("prompt_version", "3") == "prompt_version:3"


def test_days_are_told_as_short_as_can_be() -> None:
    def said(low: datetime, high: datetime) -> str:
        ends = [int(each.replace(tzinfo=UTC).timestamp()) * 10**9 for each in (low, high)]
        return periods.day_span(TimeRange(*ends))

    assert said(datetime(2026, 11, 6), datetime(2026, 11, 20)) == "6 – 19 Nov"
    assert said(datetime(2026, 10, 28), datetime(2026, 11, 2)) == "28 Oct – 1 Nov"
    assert said(datetime(2026, 11, 6, 8), datetime(2026, 11, 6, 10)) == "6 Nov 08:00 – 09:59"


@pytest.mark.parametrize(
    ("low", "high", "text"),
    [
        ((2026, 11, 6), (2026, 11, 20), "6 – 19 Nov"),
        ((2026, 11, 4), (2026, 11, 5), "4 Nov"),
        ((2026, 11, 15), (2026, 11, 21, 19, 5), "15 Nov – 21 Nov 19:05"),
        ((2026, 11, 15, 17), (2026, 11, 22, 17), "15 Nov 17:00 – 22 Nov 17:00"),
        ((2026, 11, 15, 17), (2026, 11, 23), "15 Nov 17:00 – 22 Nov"),
        ((2026, 11, 6, 8), (2026, 11, 6, 10), "6 Nov 08:00 – 10:00"),
        ((2026, 11, 6, 8), (2026, 11, 7), "6 Nov 08:00 – 24:00"),
        ((2026, 11, 6), (2026, 11, 6, 10), "6 Nov 00:00 – 10:00"),
    ],
)
def test_hours_are_told_where_an_end_is_not_at_midnight(
    low: tuple[int, ...], high: tuple[int, ...], text: str
) -> None:
    ends = [int(datetime(*each, tzinfo=UTC).timestamp()) * 10**9 for each in (low, high)]  # type: ignore[misc,arg-type]
    assert periods.exact_span(TimeRange(*ends)) == text


def test_an_answer_becomes_series() -> None:
    points = [Point(0.5, 4, 0.2, 0.8, 0), Point(None, 0, None, None, DAY)]
    answer = Answer(
        METRICS["error_rate"],
        [Answered("gpt", points, Value(0.5, 4)), Answered(OTHER, points, Value(0.1, 9))],
    )
    one, rest = frames.series_of(answer, url=lambda group: f"/x?{group}")
    assert one == Series(
        "gpt", [0, DAY], [0.5, None], [0.2, None], [0.8, None], [4, 0], 0.5, url="/x?gpt"
    )
    assert rest.name == "other" and rest.url == ""
    alone = Answer(METRICS["cost"], [Answered(None, [Point(5, 1)], Value(5, 1))])
    assert frames.series_of(alone)[0].name == "Cost" and frames.series_of(alone)[0].low == ()


def test_a_file_holds_no_formula() -> None:
    chart = bars([Series("=HYPERLINK(1)", [0], [10**12])], unit="usd", step_ns=DAY)
    response = frames.csv_response(ChartCard("cost", "Cost", chart), "shop")
    assert response["Content-Disposition"] == 'attachment; filename="shop-cost.csv"'
    lines = response.content.decode().splitlines()
    assert lines == ['"time","\'=HYPERLINK(1) (US$)"', '"1970-01-01T00:00:00Z","1"']
    with pytest.raises(Http404):
        frames.csv_response(None, "shop")


def test_a_card_that_takes_too_long_says_so() -> None:
    def slow() -> ChartCard:
        raise TooSlow

    card = frames.asked("cost", "Cost", slow)
    assert card.chart is None and "stopped" in card.problem


@pytest.mark.django_db
def test_time_and_filter_go_along_the_sidebar(client: Client, owner: User) -> None:
    client.force_login(owner)
    page = client.get("/p/shop/performance?q=kind:llm&range=7d&by=provider").content.decode()
    assert 'href="/p/shop/overview?q=kind%3Allm&amp;range=7d"' in page
    assert 'href="/p/shop/traces?q=kind%3Allm&amp;range=7d"' in page
    assert 'href="/p/shop/sessions"' in page
    elsewhere = client.get("/p/shop/sessions?q=user:x&range=7d").content.decode()
    assert 'href="/p/shop/overview"' in elsewhere


@pytest.mark.django_db
def test_now_is_within_the_range(access: Access) -> None:
    found = read(access)
    low, high = bounds(found.range)
    assert low < time.time_ns() <= high < time.time_ns() + BUCKET
