"""Cost by API: exact money, what was asked for, and nobody else's."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from django.test import Client

from sightglass.accounts.access import Access
from sightglass.accounts.keys import create_key
from sightglass.accounts.models import Project
from tests.dashboards.cost.test_pages import cost_of, of_month, when
from tests.dashboards.cost.traffic import month, two_months
from traces.rollups.explain import CAUSES
from traces.selectors.shapes import time_text

pytestmark = pytest.mark.django_db

CHANGE = "/api/v1/cost/change"
MODEL = "/api/v1/cost/what-if/model"
CACHE = "/api/v1/cost/what-if/cache"


def times(ago: int = 1, prefix: str = "") -> dict[str, Any]:
    found = month(ago).range
    return {f"{prefix}start": time_text(found.start_ns) or "",
            f"{prefix}end": time_text(found.end_ns) or ""}  # fmt: skip


def ask(client: Client, key: str, url: str, status: int = 200, **query: Any) -> dict[str, Any]:
    response = client.get(url, query, headers={"Authorization": f"Bearer {key}"})
    assert response.status_code == status, response.content
    found: dict[str, Any] = response.json()
    return found


@pytest.fixture
def traffic(access: Access) -> Access:
    two_months(access)
    return access


def test_a_change_is_split_exactly(client: Client, api_key: str, traffic: Access) -> None:
    found = ask(client, api_key, CHANGE, **times(), **times(2, "base_"), q="user:acct_1")
    assert Decimal(found["after"]["cost"]) == cost_of(**of_month(1, user_id="acct_1"))
    assert Decimal(found["before"]["cost"]) == cost_of(**of_month(2, user_id="acct_1"))
    difference = Decimal(found["difference"])
    assert difference == Decimal(found["after"]["cost"]) - Decimal(found["before"]["cost"])
    assert found["causes"].keys() == {cause.value for cause in CAUSES}
    assert sum(map(Decimal, found["causes"].values())) == difference
    assert all(isinstance(value, str) for value in found["causes"].values())
    for one in found["slices"]:
        assert sum(map(Decimal, one["causes"].values())) == Decimal(one["difference"])
    assert sum(Decimal(one["difference"]) for one in found["slices"]) == difference
    assert (found["slices"][0]["model"], found["slices"][0]["group"]) == ("gpt-4o", "answer")
    assert (found["divided"], found["group_by"], found["pending"]) == (True, "prompt", 0)
    assert found["before"]["end"] == found["after"]["start"]


def test_the_page_and_the_api_agree(
    client: Client, api_key: str, owner: Any, traffic: Access
) -> None:
    found = ask(client, api_key, CHANGE, **times(), **times(2, "base_"), group_by="user_id")
    client.force_login(owner)
    page = client.get("/p/shop/cost/change", when() | {"by": "user_id"})
    change = page.context["explained"].change
    for cause in CAUSES:
        assert Decimal(found["causes"][cause]) == Decimal(change.causes[cause]) / 10**12
    assert {one["group"] for one in found["slices"]} == {"acct_1", "acct_2", "acct_3"}
    assert {one["model"] for one in found["slices"]} == {None}
    assert found["after"]["unpriced"] == 3


def test_the_period_before_is_as_long(client: Client, api_key: str) -> None:
    found = ask(client, api_key, CHANGE, start="2026-03-11T00:00:00Z", end="2026-03-21T00:00:00Z")
    assert found["before"]["start"].startswith("2026-03-01T00:00:00")
    assert found["before"]["end"].startswith("2026-03-11T00:00:00")
    assert (found["difference"], found["slices"]) == ("0", [])


def test_another_model(client: Client, api_key: str, traffic: Access) -> None:
    found = ask(client, api_key, MODEL, **times(), model="gpt-4o-mini")
    assert Decimal(found["before"]) == cost_of(**of_month(1))
    assert sum(Decimal(one["after"]) for one in found["models"]) == Decimal(found["after"])
    assert Decimal(found["difference"]) == Decimal(found["after"]) - Decimal(found["before"])
    assert Decimal(found["difference"]) < 0
    assert found["left_out"] == [{"provider": "own", "model": "our-llama"}]
    assert "openai/gpt-4o-mini" in found["price_ref"]
    assert len(found["assumptions"]) >= 4
    one = ask(client, api_key, MODEL, **times(), model="gpt-4o-mini", q="user:acct_2 model:gpt-4o")
    assert [line["calls"] for line in one["models"]] == [2]


def test_a_cache(client: Client, api_key: str, traffic: Access) -> None:
    found = ask(client, api_key, CACHE, **times())
    assert [one["lifetime"] for one in found["lifetimes"]] == ["5m", "1h", "1d", "7d"]
    assert {one["calls"] for one in found["lifetimes"]} == {5}
    share = Decimal(found["lifetimes"][0]["saved"]) / Decimal(found["cost"])
    assert found["lifetimes"][0]["cost_share"] == pytest.approx(float(share))
    nothing = ask(client, api_key, CACHE, start="2026-03-11T00:00:00Z", end="2026-03-21T00:00:00Z")
    assert nothing["lifetimes"][0] == {
        "lifetime": "5m", "calls": 0, "calls_share": None, "saved": "0", "cost_share": None,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("url", "query", "name"),
    [
        (CHANGE, {"group_by": "tag"}, "group_by"),
        (CHANGE, {"start": "soon"}, "start"),
        (CHANGE, {"start": "2026-03-11T00:00:00Z", "end": "2026-03-01T00:00:00Z"}, "start"),
        (CHANGE, {"base_start": "2036-03-11T00:00:00Z"}, "base_start"),
        (CHANGE, {"metric": "cost"}, "metric"),
        (MODEL, {"model": "nobody-sells-this"}, "model"),
        (MODEL, {}, "model"),
        (CACHE, {"model": "gpt-4o"}, "model"),
    ],
)
def test_what_is_wrong_is_named(
    client: Client, api_key: str, url: str, query: dict[str, Any], name: str
) -> None:
    found = ask(client, api_key, url, 400, **query)
    assert name in str(found["errors"]) or name in found["detail"]


@pytest.mark.parametrize("url", [CHANGE, MODEL, CACHE])
def test_a_wrong_query_says_where(client: Client, api_key: str, url: str) -> None:
    more: dict[str, Any] = {"model": "gpt-4o"} if url == MODEL else {}
    found = ask(client, api_key, url, 400, q="cost:>", **more)
    assert "position" in str(found)


@pytest.mark.parametrize("url", [CHANGE, MODEL, CACHE])
def test_others_see_nothing(
    client: Client, other_project: Project, traffic: Access, url: str
) -> None:
    key = create_key(project=other_project, name="read", scopes=["read"])[1]
    more: dict[str, Any] = {"model": "gpt-4o"} if url == MODEL else {}
    found = ask(client, key, url, **times(), **more)
    assert "acct" not in str(found) and "our-llama" not in str(found)
    assert client.get(url).status_code == 401
    ingest = create_key(project=other_project, name="ingest", scopes=["ingest"])[1]
    ask(client, ingest, url, 403)


def test_it_is_described(client: Client) -> None:
    schema = client.get("/api/schema/").json()
    for url in (CHANGE, MODEL, CACHE):
        operation = schema["paths"][url]["get"]
        assert operation["tags"] == ["cost"]
        assert "200" in operation["responses"] and "400" in operation["responses"]
    causes = schema["components"]["schemas"]["CausesShape"]["properties"]
    assert causes.keys() == {cause.value for cause in CAUSES}
