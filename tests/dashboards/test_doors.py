"""Every door of a dashboard to another page of the project keeps the time that it is asked for."""

from __future__ import annotations

import json
import re
from html import unescape
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.test import Client

from evals.topics.services import schedule
from sightglass.accounts.access import Access
from sightglass.accounts.models import User
from tests.dashboards.boards.making import COST, ERRORS, TRACES, board
from tests.dashboards.quality.scoring import day, rolled, scored
from tests.evals.topics.asking import asked, texts
from tests.evals.topics.test_finding import FOUR, NOON
from tests.traces.sending import SECOND, decoded, llm
from traces.services.ingest import store_spans

pytestmark = pytest.mark.django_db
KEEPING = "traces|sessions|users|overview|cost|quality|performance|drift|topics"
DOOR = re.compile(rf"^(?:https?://[^/]+)?/p/shop/(?:{KEEPING})(?:/\d+)?(?:/[a-z-]+)?$")
LONG = "range=30d"
FIXED = "from=2026-01-01T00:00:00&to=2099-01-01"
PAGES = (
    "overview", "overview?by=user_id", "cost", "cost?by=user_id", "cost/change",
    "cost/efficiency", "quality", "performance", "performance?by=model",
)  # fmt: skip


@pytest.fixture
def page(client: Client, owner: User) -> Client:
    client.force_login(owner)
    return client


@pytest.fixture
def traffic(access: Access) -> None:
    """Calls of two models and users, ten days ago and now, some failed, scored by two."""
    for ago in (10, 2):
        for i in range(6):
            start = day(ago) + i * SECOND
            more: dict[str, Any] = {
                "gen_ai__response__model": ["gpt-4o-2024-08-06", "gpt-4o-mini-2024-07-18"][i % 2],
                "deployment__environment__name": ["production", "staging"][i // 4],
                "user__id": f"user {i}",
                "session__id": f"session {i}",
            }
            one = llm(start_ns=start, end_ns=start + SECOND, error="no" if i > 3 else None, **more)
            store_spans(access, decoded(one))
        scored(access, "thumbs", [1.0, 1.0, 1.0, 0.0], at=day(ago, 9), source="user")
        scored(access, "toxicity", [True, False, False], at=day(ago, 10), flagged=True)
    rolled(access)


def doors(body: str) -> list[str]:
    """Addresses within the page's own part: links, and those of the points of its charts."""
    main = body.split("<main", 1)[1].split("</main>", 1)[0]
    found = [unescape(one) for one in re.findall(r'href="([^"]+)"', main)]
    for figure in re.findall(r'data-figure="([^"]*)"', main):
        for trace in json.loads(unescape(figure)).get("data", []):
            meta = trace.get("meta") or {}
            found += [meta["url"]] if meta.get("url") else []
            found += [url for url in meta.get("urls", ()) if url]
    return [one for one in found if DOOR.match(urlsplit(one).path)]


def timeless(found: list[str]) -> list[str]:
    """Those that do not say a time."""
    return [
        one for one in found
        if not ({"range", "from", "days"} & parse_qs(urlsplit(one).query).keys())
    ]  # fmt: skip


@pytest.mark.parametrize("range", [LONG, FIXED], ids=["preset", "ends"])
@pytest.mark.parametrize("path", PAGES)
def test_doors_keep_the_range(page: Client, traffic: None, path: str, range: str) -> None:
    answer = page.get(f"/p/shop/{path}{'&' if '?' in path else '?'}{range}")
    assert answer.status_code == 200
    found = doors(answer.content.decode())
    assert found, "the page leads somewhere"
    assert timeless(found) == []


def test_doors_of_a_board_keep_the_range(page: Client, access: Access, traffic: None) -> None:
    made = board(access, COST, ERRORS, TRACES)
    found = doors(page.get(f"/p/shop/dashboards/{made.pk}?{LONG}").content.decode())
    assert found and timeless(found) == []


def test_a_legend_counts_what_its_door_shows(page: Client, traffic: None) -> None:
    """What the explorer finds behind the entry of the older traffic, which is not of its usual
    seven days."""
    body = page.get(f"/p/shop/overview?{LONG}").content.decode()
    found = [unescape(one) for one in re.findall(r'class="legend-a" href="([^"]+)"', body)]
    model = next(one for one in found if "gpt-4o-mini" in one)
    times = {tuple(parse_qs(urlsplit(one).query)["from"]) for one in found}
    assert len(times) == 1, "all entries are of the page's range"
    explored = page.get(model).context["listing"]
    assert len(explored.rows) == 6, "three of each of both days"


def test_lists_understand_the_ends_that_they_are_given(page: Client, traffic: None) -> None:
    """Ten days ago alone, and everything once a preset is chosen in the form."""
    ends = "from=2020-01-01&to=3d"
    for path, label in (("users", "user 3"), ("sessions", "session 3")):
        there = f"/p/shop/{path}"
        body = page.get(f"{there}?{ends}").content.decode()
        assert label in body and '<option value="" selected>2020-01-01 – 3d</option>' in body
        assert label not in page.get(f"{there}?from=2020-01-01&to=2020-02-01").content.decode()
        chosen = page.get(f"{there}?from=2020-01-01&to=2020-02-01&range=30d").content.decode()
        assert label in chosen and 'name="from"' not in chosen
        wrong = page.get(f"{there}?from=nonsense").content.decode()
        assert "is no time" in wrong


@pytest.mark.parametrize("days", [7, 90])
def test_doors_of_topics_keep_the_days(page: Client, access: Access, days: int) -> None:
    asked(access, texts(FOUR)[0], NOON)
    schedule.work(60.0)
    for path in ("topics", "topics/1"):
        body = page.get(f"/p/shop/{path}?days={days}").content.decode()
        found = doors(body)
        assert found and timeless(found) == []
