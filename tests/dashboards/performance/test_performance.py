"""How fast, how reliable, and whether retrieval finds anything."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from html import unescape
from itertools import pairwise
from typing import Any

import orjson
import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from hypothesis import given
from hypothesis import strategies as st

from dashboards.performance.cards import MOST_BARS, binned, plain
from sightglass.accounts.access import Access
from sightglass.accounts.models import User
from tests.traces import sending
from traces.query import parse
from traces.rollups import sketch
from traces.selectors import cubes
from traces.selectors.paging import TooSlow
from traces.services import indexing, rolling
from traces.services.ingest import store_spans

SECOND, DAY = 10**9, 86_400 * 10**9
TODAY = time.time_ns() // DAY * DAY
MOST_QUERIES = 70
Page = Callable[..., str]


def began(days: int) -> int:
    return TODAY - days * DAY + SECOND


@pytest.fixture
def send(access: Access) -> Callable[..., None]:
    def one(days: int, seconds: float = 2, **more: Any) -> None:
        start = began(days)
        made = sending.llm(start_ns=start, end_ns=start + int(seconds * SECOND), **more)
        store_spans(access, sending.decoded(made))

    return one


@pytest.fixture
def retrieve(access: Access) -> Callable[..., None]:
    """A retriever that found documents with these scores."""

    def one(days: int, scores: list[float]) -> None:
        documents: dict[str, Any] = {}
        for i, score in enumerate(scores):
            documents[f"retrieval.documents.{i}.document.content"] = f"passage {i}"
            documents[f"retrieval.documents.{i}.document.score"] = score
        start = began(days)
        made = sending.span(start_ns=start, end_ns=start + SECOND // 5, name="search")
        made["attributes"] = {
            "openinference.span.kind": "RETRIEVER",
            "input.value": "where is my parcel",
            "output.value": "[]",
            "output.mime_type": "application/json",
            **documents,
        }
        store_spans(access, sending.decoded(made))

    return one


@pytest.fixture
def page(client: Client, owner: User) -> Page:
    client.force_login(owner)

    def get(query: str = "") -> str:
        indexing.run(30)  # which tells how many documents were found
        rolling.run(60)
        response = client.get(f"/p/shop/performance?{query}")
        assert response.status_code == 200
        return response.content.decode()

    return get


def text_of(html: str) -> str:
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", html)).split())


def card(html: str, name: str) -> str:
    found = re.search(rf'<section class="card chart" id="card-{name}".*?</section>', html, re.S)
    assert found, name
    return found[0]


def figure(html: str, name: str) -> Any:
    found = re.search(r'data-figure="([^"]+)"', card(html, name))
    assert found
    return orjson.loads(unescape(found[1]))


def strip(html: str) -> str:
    return text_of(html[html.index('class="stats"') : html.index('id="card-latency"')])


pytest_db = pytest.mark.django_db


@pytest_db
def test_quantiles_of_traces(send: Callable[..., None], page: Page) -> None:
    for day in range(14):
        for seconds in (1, 2, 10, 10):
            send(day, seconds)
    html = page()
    assert "Latency p50 2.0 s" in strip(html)
    assert "Latency p95 10.0 s" in strip(html) or "Latency p95 9.9 s" in strip(html)
    data = figure(html, "latency")["data"]
    assert [trace["name"] for trace in data] == ["p50", "p90", "p95", "p99"]
    assert data[0]["y"] == pytest.approx([2_000] * 14, rel=0.01)
    assert data[3]["y"] == pytest.approx([10_000] * 14, rel=0.01)


@pytest_db
def test_first_token_and_speed_by_model(send: Callable[..., None], page: Page) -> None:
    for day in range(5):
        send(day, 2, gen_ai__response__time_to_first_chunk=0.4, gen_ai__usage__output_tokens=200)
        send(day, 10, gen_ai__response__model="gpt-4o-mini", gen_ai__usage__output_tokens=200)
    html = page()
    data = {trace["name"]: trace for trace in figure(html, "speed")["data"]}
    assert set(data) == {"gpt-4o-2024-08-06", "gpt-4o-mini"}
    known = [value for value in data["gpt-4o-mini"]["y"] if value is not None]
    assert known == pytest.approx([20] * 5) and len(data["gpt-4o-mini"]["y"]) == 14
    first = figure(html, "first_token")["data"][0]
    assert [y for y in first["y"] if y is not None] == pytest.approx([400] * 5, rel=0.01)
    assert "model%3Agpt-4o-mini" in data["gpt-4o-mini"]["meta"]["url"]


@pytest_db
def test_errors_by_kind_and_by_provider(send: Callable[..., None], page: Page) -> None:
    for day in range(3):
        send(day, error="timeout")
        send(day, error="overloaded", gen_ai__provider__name="anthropic")
        send(day)
    by_kind = figure(page(), "errors")["data"]
    assert [(trace["name"], sum(trace["y"])) for trace in by_kind] == [("LLM calls", 6)]
    html = page("by=provider")
    by_provider = {trace["name"]: sum(trace["y"]) for trace in figure(html, "errors")["data"]}
    assert by_provider == {"openai": 3, "anthropic": 3}
    assert "Error rate 66.7 %" in strip(html)


@pytest_db
def test_what_is_slow_comes_first_and_says_how_it_changed(
    send: Callable[..., None], page: Page
) -> None:
    for day in range(14):
        for i in range(8):
            send(day, 8 + i / 10, gen_ai__response__model="gpt-4o-mini")
            send(day, 1 + i / 100)
            send(day + 14, 2 + i / 10, gen_ai__response__model="gpt-4o-mini")
            send(day + 14, 1 + i / 100)
    html = page()
    table = html[html.index("Slowest models") : html.index("Slowest spans")]
    rows = re.findall(r"<tr><td.*?</tr>", table, re.S)
    assert "gpt-4o-mini" in rows[0] and "gpt-4o-2024-08-06" in rows[1]
    assert 'class="delta bad"' in rows[0] and "6.0 s" in text_of(rows[0])
    assert "delta bad" not in rows[1], "it is as fast as it was"
    assert "112" in text_of(rows[0])


def slow_models(html: str) -> list[str]:
    table = html[html.index("Slowest models") : html.index("Slowest spans")]
    return re.findall(r"<tr><td.*?</tr>", table, re.S)


@pytest_db
def test_calls_that_failed_stand_with_the_model_that_they_asked_for(
    access: Access, send: Callable[..., None], page: Page, client: Client
) -> None:
    """A call that fails before its answer knows no date; beside the dated name it read as a model
    of which everything fails."""

    def fail(count: int, **more: Any) -> None:
        for at in range(count):
            made = sending.llm(start_ns=began(1) + at, end_ns=began(1) + SECOND, error="x", **more)
            del made["attributes"]["gen_ai.response.model"]
            store_spans(access, sending.decoded(made))

    for day in range(6):
        send(day)
    fail(6)
    fail(5, gen_ai__request__model="o3")
    rows = slow_models(page())
    assert len(rows) == 2
    [dated] = [row for row in rows if "gpt-4o" in row]
    assert "with 6 failed as gpt-4o<" in dated and "50.0%" in dated
    url = unescape(re.findall(r'href="([^"]*)"', dated)[0])
    assert client.get(url).content.decode().count("data-row=") == 12
    [other] = [row for row in rows if "o3" in row]
    assert "asked for; no call was answered" in other and "100.0%" in other
    for day in range(5):
        send(day, gen_ai__response__model="gpt-4o-2024-11-20")
    rows = slow_models(page())
    assert len(rows) == 4, "which of two dates was meant nobody knows"
    assert sum("no call was answered" in row for row in rows) == 2


@pytest_db
def test_few_spans_are_not_called_slow(send: Callable[..., None], page: Page) -> None:
    for day in range(8):
        send(day)
    send(1, 60, gen_ai__response__model="gpt-4o-mini")
    html = page()
    table = html[html.index("Slowest models") : html.index("Slowest spans")]
    assert "gpt-4o-mini" not in table and "gpt-4o-2024-08-06" in table


@pytest_db
def test_health_of_retrieval(retrieve: Callable[..., None], page: Page) -> None:
    for day in range(4):
        retrieve(day, [0.9, 0.5])
        retrieve(day, [0.7])
        retrieve(day, [])
    html = page()
    empty = figure(html, "empty")
    line = empty["data"][-1]
    assert [y for y in line["y"] if y is not None] == pytest.approx([1 / 3] * 4)
    assert any(trace.get("fill") == "tonexty" for trace in empty["data"]), "with its interval"
    assert empty["layout"]["yaxis"]["range"][0] == 0
    best = figure(html, "relevance")["data"][0]
    assert [y for y in best["y"] if y is not None] == pytest.approx([0.8] * 4)
    fast = figure(html, "retriever_latency")["data"][0]
    assert [y for y in fast["y"] if y is not None] == pytest.approx([200] * 4, rel=0.01)


@pytest_db
def test_without_retrievers_and_streams_cards_teach(send: Callable[..., None], page: Page) -> None:
    send(0)
    html = page()
    assert "No retriever ran" in card(html, "empty")
    assert "No streamed call" in card(html, "first_token")
    assert "No span failed" in card(html, "errors")
    assert "data-figure" not in card(html, "empty")


@pytest_db
def test_bars_of_the_distribution_lead_to_their_traces(
    send: Callable[..., None], page: Page, client: Client
) -> None:
    for seconds in (0.61, 0.62, 2.5, 41):
        send(1, seconds)
    trace = figure(page(), "distribution")["data"][0]
    assert sum(trace["y"]) == 4
    for count, url in zip(trace["y"], trace["meta"]["urls"], strict=True):
        listed = client.get(url).content.decode()
        assert listed.count("data-row=") == count, url


@given(st.lists(st.floats(0.01, 1e7), min_size=1, max_size=300))
def test_all_values_are_in_the_distribution(values: list[float]) -> None:
    keys = [min(sketch.HIGHEST, max(sketch.LOWEST, sketch.MAPPING.key(value))) for value in values]
    edges, numbers = binned(sketch.of_keys(keys))
    assert sum(numbers) == len(values) and len(edges) == len(numbers) + 1
    assert all(low < high for low, high in pairwise(edges))
    assert edges[0] <= min(values) * 1.02 and max(values) * 0.98 <= edges[-1]
    assert len(numbers) <= MOST_BARS


@pytest.mark.parametrize(
    ("edge", "text"), [(0.001, "0.001"), (0.7, "0.7"), (1.5, "1.5"), (3e9, "3000000000")]
)
def test_edges_can_be_asked_for(edge: float, text: str) -> None:
    assert plain(edge) == text
    assert parse(f"duration:>={text}ms").root is not None


@pytest_db
def test_long_edges_are_written_without_an_exponent(
    send: Callable[..., None], page: Page, client: Client
) -> None:
    send(1, 5_000)
    send(1, 1)
    trace = figure(page(), "distribution")["data"][0]
    assert all("e%2B" not in url for url in trace["meta"]["urls"])
    assert client.get(trace["meta"]["urls"][-1]).content.decode().count("data-row=") == 1


@pytest_db
def test_each_card_is_a_file(
    send: Callable[..., None], retrieve: Callable[..., None], page: Page, client: Client
) -> None:
    send(0, 2, error="x", gen_ai__response__time_to_first_chunk=0.4)
    retrieve(0, [0.5])
    html = page()
    links = {unescape(url) for url in re.findall(r'href="(\?[^"]*csv=[^"]+)"', html)}
    assert len(links) == 9
    for link in links:
        response = client.get(f"/p/shop/performance{link}")
        assert response.status_code == 200 and response["Content-Type"].startswith("text/csv")
        assert len(response.content.splitlines()) > 1


@pytest_db
def test_too_slow_leaves_a_page(
    send: Callable[..., None], page: Page, monkeypatch: pytest.MonkeyPatch
) -> None:
    def slow(*_: Any, **__: Any) -> Any:
        raise TooSlow

    send(0)
    monkeypatch.setattr(cubes, "of_spans", slow)
    assert "The figures took too long" in page()


@pytest_db
def test_names_are_text(send: Callable[..., None], page: Page) -> None:
    evil = '"><img src=x onerror=alert(1)>'
    for day in range(6):
        send(day, name=evil, gen_ai__response__model=evil, error=evil)
    html = page("by=provider")
    assert "<img src=x" not in html


@pytest_db
def test_the_number_of_queries_does_not_grow_with_traffic(
    send: Callable[..., None], page: Page, client: Client
) -> None:
    def queries() -> int:
        rolling.run(60)
        with CaptureQueriesContext(connection) as caught:
            client.get("/p/shop/performance")
        return len(caught)

    for day in range(1, 28):
        send(day)
    page()
    few = queries()
    for i in range(12):
        for day in range(1, 14, 3):
            send(day, name=f"n{i}", gen_ai__response__model=f"m{i}")
    assert queries() == few <= MOST_QUERIES


def test_throughput_is_not_compared_with_a_time_in_which_traffic_began(
    send: Callable[..., None], page: Page
) -> None:
    for days in range(20):
        send(days)
    html = text_of(page("range=14d"))
    said = html[html.index("Throughput") :][:120]
    assert "no trace before" in said and "%" not in said.split("no trace before")[0]


@pytest_db
def test_nothing_is_compared_while_much_is_still_being_added_up(
    send: Callable[..., None],
    page: Page,
    client: Client,
    access: Access,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def changes() -> list[str]:
        found = client.get("/p/shop/performance?range=14d").context
        rows = [*found["stats"], *found["models"], *found["names"]]
        return [one.change.text for one in rows if one.change.text]

    monkeypatch.setattr(cubes, "MOST_RAW", 12)
    for days in range(1, 27):
        for seconds in range(1, 6):
            send(days, seconds)
    page()
    while rolling.run(60):
        pass
    assert changes()
    for days in range(1, 14):
        for hour in range(12):
            start = began(days) + hour * 3_600 * SECOND
            made = sending.llm(start_ns=start, end_ns=start + SECOND)
            store_spans(access, sending.decoded(made))
    assert changes() == []
    assert client.get("/p/shop/performance?range=14d").context["versus"] == ""
