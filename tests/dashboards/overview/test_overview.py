"""The overview: what it says first, its figures, and the doors behind them."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterable
from html import unescape
from typing import Any
from uuid import UUID

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from dashboards.charts.scales import moment
from evals.drift.models import Monitor, Window
from sightglass.accounts.access import ROLE_PERMISSIONS, Access
from sightglass.accounts.models import Project, Role, User
from tests.traces import sending
from traces.selectors import cubes
from traces.selectors.paging import TooSlow
from traces.services import rolling
from traces.services.ingest import store_spans
from traces.services.scores import Given, store

pytestmark = pytest.mark.django_db
SECOND, DAY = 10**9, 86_400 * 10**9
TODAY = time.time_ns() // DAY * DAY
MOST_QUERIES = 125
Send = Callable[..., bytes]


def began(days: float) -> int:
    """A moment so many days ago, always behind now."""
    return TODAY - int(days * DAY) + SECOND


@pytest.fixture
def send(access: Access) -> Send:
    """`send(days ago, …)`: a trace of one call; its id."""

    def one(days: float, *, output: int = 100, of: Access = access, **more: Any) -> bytes:
        start = began(days)
        made = sending.llm(
            start_ns=start,
            end_ns=start + 2 * SECOND,
            gen_ai__usage__output_tokens=output,
            **more,
        )
        store_spans(of, sending.decoded(made, deployment__environment__name="production"))
        return bytes(made["trace_id"])

    return one


@pytest.fixture
def page(client: Client, owner: User) -> Callable[..., str]:
    client.force_login(owner)

    def get(query: str = "") -> str:
        rolling.run(60)
        response = client.get(f"/p/shop/overview?{query}")
        assert response.status_code == 200
        return response.content.decode()

    return get


def text_of(html: str) -> str:
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", html)).split())


def first_words(html: str) -> str:
    found = re.search(r"<h1>Overview</h1><p>(.*?)</p>", html, re.S)
    assert found
    return text_of(found[1]).replace(" .", ".").replace(" ,", ",")


def stat(html: str, label: str) -> tuple[str, str]:
    """(what it says, where it leads)"""
    for url, inside in re.findall(r'<a class="stat" href="([^"]*)">(.*?)</a>', html, re.S):
        if f">{label}<" in inside:
            return text_of(inside), unescape(url)
    raise AssertionError(f"no {label}")


def steady(send: Send, days: Iterable[int], times: int = 2, **more: Any) -> None:
    for day in days:
        for _ in range(times):
            send(day, **more)


def test_before_the_first_trace_it_says_how_to_send_one(page: Callable[..., str]) -> None:
    html = page()
    assert "No trace in this time range" in html and 'href="/p/shop/start"' in html
    assert "data-figure" not in html


def test_home_is_the_overview_once_there_is_a_trace(
    send: Send, client: Client, owner: User
) -> None:
    client.force_login(owner)
    assert client.get("/p/shop/").headers["Location"] == "/p/shop/traces"
    send(0)
    assert client.get("/p/shop/").headers["Location"] == "/p/shop/overview"


def test_figures_are_those_of_the_sums(send: Send, page: Callable[..., str]) -> None:
    steady(send, range(14))
    send(1, error="timeout")
    html = page()
    # gpt-4o: 1,000 tokens in and 100 out are 0.35 cents
    assert stat(html, "Traces")[0].startswith("Traces 29")
    assert stat(html, "Spend")[0].startswith("Spend 10.2 ¢")
    assert stat(html, "Cost per trace")[0].startswith("Cost per trace 0.35 ¢")
    assert "Latency p95 2.0 s" in stat(html, "Latency p95")[0]
    assert stat(html, "Error rate")[0].startswith("Error rate 3.4 %")
    assert "1 failed" in stat(html, "Error rate")[0]


def test_every_figure_is_a_door(send: Send, client: Client, page: Callable[..., str]) -> None:
    steady(send, range(14), user__id="acct_7")
    send(1, error="timeout")
    html = page("q=env:production")
    doors = {unescape(url) for url in re.findall(r'href="(/p/shop/traces\?[^"]+)"', html)}
    assert len(doors) > 8
    for url in doors:
        listed = client.get(url)
        assert listed.status_code == 200
        assert b"Nothing was searched" not in listed.content, url
        assert b"No traces match" not in listed.content, url
    _, errors = stat(html, "Error rate")
    failed = client.get(errors).content.decode()
    assert failed.count("data-row=") == 1, "the one with an error, and no other"


def test_a_trace_that_went_on_after_an_error_has_not_failed(
    access: Access, send: Send, client: Client, page: Callable[..., str]
) -> None:
    send(1, error="timeout")
    trace, start = bytes([7] * 16), began(1)
    root = sending.span(trace, span_id=bytes([1] * 8), name="answer", start_ns=start)
    tried = sending.llm(
        trace_id=trace, span_id=bytes([2] * 8), parent=bytes([1] * 8), start_ns=start + 1,
        error="timeout",
    )  # fmt: skip
    store_spans(access, sending.decoded(root, tried))
    words, link = stat(page(), "Error rate")
    assert "50.0 %" in words and "1 failed" in words
    assert client.get(link).content.decode().count("data-row=") == 1


def drifting(access: Access, name: str, days_ago: int, since: int, **more: Any) -> Window:
    monitor, _ = Monitor.objects.get_or_create(project=access.project, name=name)
    start = TODAY - days_ago * DAY
    said: dict[str, Any] = {"state": "done", "drift": True, "since_ns": TODAY - since * DAY}
    made: Window = Window.objects.create(
        monitor=monitor, project=access.project, start_ns=start, end_ns=start + DAY, **said | more
    )
    return made


def test_the_newest_drift_is_told_with_a_link(
    send: Send, access: Access, page: Callable[..., str]
) -> None:
    send(1)
    assert "drifted" not in page()
    drifting(access, "inputs", 9, 9, verdict="Since then users ask about hotels.")
    drifting(access, "outputs", 4, 4, verdict="the first window")
    newest = drifting(access, "outputs", 3, 4, verdict="Answers are <b>shorter</b>.")
    drifting(access, "outputs", 2, 4, drift=False, since_ns=None, verdict="quiet")
    drifting(access, "outputs", 1, 1, by_hand=True, verdict="tried by hand")
    html = page()
    begun = moment(TODAY - 4 * DAY, DAY)
    link = f'<a href="/p/shop/drift/windows/{newest.pk}?range=14d">Outputs drifted on {begun}</a>'
    assert f"{link}: Answers are &lt;b&gt;shorter&lt;/b&gt;." in html
    assert '<a href="/p/shop/drift?range=14d">1 more drift</a>' in html
    assert "the first window" not in html and "by hand" not in html
    assert "drifted" not in page("range=24h")


def test_drift_of_another_project_or_of_an_archived_monitor_is_not_told(
    send: Send, access: Access, other_project: Project, page: Callable[..., str]
) -> None:
    send(1)
    monitor = drifting(access, "outputs", 3, 3).monitor
    Monitor.objects.filter(pk=monitor.pk).update(archived_at=timezone.now())
    drifting(Access(other_project, access.permissions, user=access.user), "theirs", 3, 3)
    assert "drifted" not in page()


def test_nothing_notable_is_said_to_be_so(send: Send, page: Callable[..., str]) -> None:
    steady(send, range(28))
    html = page()
    assert first_words(html) == (
        "Nothing has changed for certain against the 14 days before:"
        " every difference is within the usual spread."
    )
    strip = html[html.index('class="stats"') : html.index('class="chart-p')]
    assert "delta bad" not in strip and "delta good" not in strip


def test_more_spending_is_told_with_where_it_lies(send: Send, page: Callable[..., str]) -> None:
    steady(send, range(14, 28))
    steady(send, range(14))
    steady(send, range(14), times=1, output=900, gen_ai__response__model="gpt-4o-mini")
    for day in range(14):
        send(day, output=2_000)
    html = page()
    assert re.match(r"Spend is up \d+% \(95% interval \+\d+% to \+\d+%\)", first_words(html))
    assert ", mostly in gpt-4o-2024-08-06." in first_words(html)
    said, _ = stat(html, "Spend")
    assert "vs prior 14 d" in said
    assert re.search(r'class="delta bad"[^>]*>.*?up', html, re.S)


def test_a_wild_day_is_told_and_leads_to_it(
    send: Send, client: Client, page: Callable[..., str]
) -> None:
    steady(send, range(28))
    for _ in range(4):
        send(3, output=4_000)
    html = page()
    words = first_words(html)
    assert re.search(r"^\d+ \w{3} cost [\d.$¢]+, \d+ times the usual, mostly by gpt-4o", words)
    link = re.search(r"cost <a href=\"([^\"]+)\"", html)
    assert link
    listed = client.get(unescape(link[1])).content.decode()
    assert listed.count("data-row=") == 6


def test_a_time_in_which_traffic_began_is_not_compared_with(
    send: Send, page: Callable[..., str]
) -> None:
    steady(send, range(20))
    html = page()
    assert "no trace before" in stat(html, "Spend")[0]
    assert "%" not in stat(html, "Traces")[0]
    table = html[html.index("Top features by cost") :]
    assert "delta" not in table
    assert re.search(r"The first trace is of \d+ \w{3}: sums are not compared\.", first_words(html))


def test_a_quiet_day_is_no_beginning_of_traffic(send: Send, page: Callable[..., str]) -> None:
    """As on What changed: the rule is the same one."""
    steady(send, [*range(27), *range(28, 40)])
    html = page()
    assert "no trace before" not in html and "%" in stat(html, "Traces")[0]


def test_few_days_before_are_no_measure(send: Send, page: Callable[..., str]) -> None:
    steady(send, [*range(14), 16, 27, 27])
    html = page()
    assert "traffic on only 2 days" in stat(html, "Spend")[0]
    assert "There was traffic on only 2 days of the time before" in first_words(html)


def test_nothing_before_is_said(send: Send, page: Callable[..., str]) -> None:
    steady(send, range(5))
    html = page()
    assert "There is nothing in the 14 days before to compare with." in first_words(html)
    assert first_words(html).endswith("to compare with.")
    assert "delta" not in html[html.index('class="stats"') :], "nothing is new where all is"
    for label in ("Spend", "Traces", "Cost per trace"):
        assert stat(html, label)[0].endswith("none in prior 14 d"), label


def test_a_wild_day_is_told_also_where_nothing_is_compared(
    send: Send, page: Callable[..., str]
) -> None:
    steady(send, range(8))
    for _ in range(4):
        send(3, output=4_000)
    odd = r" \d+ \w{3} cost [\d.$¢]+, \d+ times the usual, mostly by gpt-4o-2024-08-06\.$"
    assert re.search(r"nothing in the 30 days before to compare with\." + odd,
                     first_words(page("range=30d")))  # fmt: skip
    send(20)
    assert re.search(r"had 1: too few to compare with\." + odd, first_words(page()))


def test_what_is_new_beside_what_was_there_is_called_so(
    send: Send, page: Callable[..., str]
) -> None:
    steady(send, range(28), name="old", user__id="old")
    steady(send, range(3), name="fresh", user__id="fresh")
    html = page()
    table = html[html.index("Top features by cost") :]
    assert text_of(table).count(" new ") == 2 and "up new" not in text_of(table)


def test_too_little_before_is_not_compared_with(send: Send, page: Callable[..., str]) -> None:
    send(20, error="timeout")
    steady(send, range(14))
    words = first_words(page())
    assert words.endswith("The 14 days before had 1: too few to compare with."), words


def test_feedback_is_the_best_known_score(
    send: Send, page: Callable[..., str], access: Access
) -> None:
    for day in range(28):
        given = [
            Given(
                "thumbs", value=day >= 14 or i == 0, trace_id=UUID(bytes=send(day)), source="user"
            )
            for i in range(4)
        ]
        store(access, given)
    html = page()
    said, url = stat(html, "Thumbs")
    assert "25.0 %" in said and "user" in said and "score.thumbs" in url
    assert "Thumbs is down 75.0 pts" in first_words(html)
    assert 'class="bad">down 75.0 pts' in html


def test_a_release_is_marked(send: Send, page: Callable[..., str], access: Access) -> None:
    for day in range(14):
        start = began(day)
        made = sending.llm(start_ns=start, end_ns=start + SECOND)
        release = "2.1" if day < 4 else "2.0"
        store_spans(access, sending.decoded(made, service__version=release))
    html = page()
    figure = unescape(re.findall(r'data-figure="([^"]+)"', html)[0])
    assert '"text":"2.1"' in figure and '"text":"2.0"' not in figure


def test_cost_by_feature_and_user(send: Send, page: Callable[..., str]) -> None:
    steady(send, range(5), user__id="acct_7", name="returns")
    for by, name in (("feature", "returns"), ("user", "acct_7"), ("nonsense", "gpt-4o-2024-08-06")):
        html = page(f"by={by}")
        legend = re.findall(r'class="legend">(.*?)</div>', html, re.S)[0]
        assert name in legend, by
    assert "Cost by day and model" in page("by=nonsense")


def test_what_stands_in_a_name_is_text(send: Send, page: Callable[..., str]) -> None:
    evil = "<script>alert(1)</script>"
    steady(send, range(5), name=evil, user__id=evil, gen_ai__response__model=evil)
    for by in ("model", "feature", "user"):
        html = page(f"by={by}")
        assert evil not in html and "&lt;script&gt;alert(1)" in html


def test_a_filter_and_a_mistake(send: Send, page: Callable[..., str]) -> None:
    steady(send, range(5))
    assert "No trace in this time range matches" in text_of(page("q=model:none"))
    html = page("q=modle:x")
    assert "Nothing was asked" in html and 'aria-invalid="true"' in html
    assert stat(page("q=env:production"), "Traces")[0].startswith("Traces 10")


def test_a_card_as_a_file(send: Send, page: Callable[..., str], client: Client) -> None:
    steady(send, range(3), gen_ai__response__model="=cmd|x")
    page()
    response = client.get("/p/shop/overview?csv=cost")
    assert response["Content-Type"].startswith("text/csv")
    lines = response.content.decode().splitlines()
    assert lines[0].startswith('"time","') and len(lines) == 15
    assert "'=cmd|x" in response.content.decode()
    assert client.get("/p/shop/overview?csv=nothing").status_code == 404


def test_sums_that_take_too_long_leave_a_page(
    send: Send, page: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    send(0)

    def slow(*_: Any, **__: Any) -> Any:
        raise TooSlow

    monkeypatch.setattr(cubes, "of_traces", slow)
    html = page()
    assert "The figures took too long" in html and "Last 24 hours" in html


def test_one_slow_card_is_missing_and_no_other(
    send: Send, page: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    steady(send, range(5), user__id="acct_7")
    real = cubes.of_traces

    def slow(*args: Any, **kwargs: Any) -> Any:
        if kwargs.get("by") == ("user_id",) and kwargs.get("step"):
            raise TooSlow
        return real(*args, **kwargs)

    monkeypatch.setattr(cubes, "of_traces", slow)
    html = page("by=user")
    assert "This took too long and was stopped." in html
    assert html.count("data-figure") >= 1 and "acct_7" in html


def test_the_number_of_queries_does_not_grow_with_traffic(
    send: Send, page: Callable[..., str], client: Client
) -> None:
    def queries() -> int:
        rolling.run(60)
        with CaptureQueriesContext(
            connection,
        ) as caught:
            client.get("/p/shop/overview")
        return len(caught)

    steady(send, range(1, 28), times=1)
    page()
    few = queries()
    for i in range(12):
        steady(send, range(1, 14, 3), user__id=f"u{i}", name=f"n{i}", release=f"{i}")
    assert queries() == few <= MOST_QUERIES


def test_another_project_has_no_part_in_it(
    send: Send,
    page: Callable[..., str],
    other_project: Project,
    stranger: User,
    client: Client,
) -> None:
    theirs = Access(other_project, ROLE_PERMISSIONS[Role.OWNER], user=stranger)
    steady(send, range(3), of=theirs, user__id="somebody-else")
    assert "No trace in this time range" in page() and "somebody-else" not in page()
    client.force_login(stranger)
    assert client.get("/p/shop/overview").status_code == 404


def test_nothing_is_said_of_changes_while_much_is_still_being_added_up(
    send: Send, client: Client, page: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Half of a month's sums beside none of the month before would be a rise that never was."""
    monkeypatch.setattr(cubes, "MOST_RAW", 24)
    steady(send, range(14))
    page()  # the range is added up, the one before has not come in
    for day in range(14, 28):
        for hour in range(8):
            send(day + hour / 24, output=900)
    html = client.get("/p/shop/overview").content.decode()
    assert first_words(html).startswith("What has come in is still being added up")
    assert "vs prior" not in html and "no trace before" not in html
    html = page()
    assert first_words(html).startswith("Spend is down ") and "vs prior 14 d" in html
