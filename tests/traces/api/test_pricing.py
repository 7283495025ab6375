"""Prices and re-pricing by API."""

from typing import Any

import pytest
from django.test import Client

from sightglass.accounts.access import Access
from sightglass.accounts.keys import create_key
from sightglass.accounts.models import AuditEntry, Project
from tests.traces.sending import decoded, llm
from traces.api import pricing
from traces.models import PriceOverride, Trace
from traces.services.ingest import store_spans

pytestmark = pytest.mark.django_db
ALWAYS = {"start": "2026-01-01T00:00:00Z", "end": "2030-01-01T00:00:00Z"}


class Api:
    """Calls with a key."""

    def __init__(self, client: Client, key: str) -> None:
        self.client, self.headers = client, {"Authorization": f"Bearer {key}"}

    def post(self, path: str, body: Any) -> Any:
        return self.client.post(path, body, content_type="application/json", headers=self.headers)

    def get(self, path: str) -> Any:
        return self.client.get(path, headers=self.headers)

    def delete(self, path: str) -> Any:
        return self.client.delete(path, headers=self.headers)


@pytest.fixture
def api(client: Client, api_key: str) -> Api:
    return Api(client, api_key)


def key_of(client: Client, project: Project, *scopes: str) -> Api:
    return Api(client, create_key(project=project, name="k", scopes=list(scopes))[1])


def test_prices_are_added_listed_and_removed(api: Api) -> None:
    made = api.post("/api/v1/prices", {"model": "llama*", "input": "1.5", "output": "2"})
    assert made.status_code == 201
    listed = api.get("/api/v1/prices").json()["results"]
    assert [(row["model"], row["input"]) for row in listed] == [("llama*", "1.500000")]
    url = f"/api/v1/prices/{made.json()['id']}"
    assert api.delete(url).status_code == 204
    assert api.delete(url).status_code == 404
    added, removed = AuditEntry.objects.filter(action__startswith="price.").order_by("pk")
    assert (added.after or {})["input"] == (removed.before or {})["input"] == "1.500000"


def test_a_price_holds_for_the_next_span(api: Api, access: Access) -> None:
    store_spans(access, decoded(llm()))
    api.post("/api/v1/prices", {"model": "gpt-4o*", "provider": "OpenAI", "input": 1, "output": 1})
    store_spans(access, decoded(llm()))
    costs = {trace.cost_total for trace in Trace.objects.all()}
    assert costs == {1_100_000_000, 3_500_000_000}


@pytest.mark.parametrize(
    "wrong",
    [
        {"model": "m"},
        {"model": "m", "input": "-1"},
        {"model": "m", "output": "1"},
        {"model": "m", "input": "1", "gpu_hour": "1"},
        {"model": "m", "gpu_hour": "1", "gpus": 0},
        {"model": "", "input": "1"},
        {"model": "a*b", "input": "1"},
        {"model": "m", "input": "NaN"},
        {"model": "m", "input": "1", "valid_from": ALWAYS["end"], "valid_to": ALWAYS["start"]},
    ],
)
def test_wrong_prices_are_400(api: Api, wrong: dict[str, Any]) -> None:
    assert api.post("/api/v1/prices", wrong).status_code == 400
    assert PriceOverride.objects.count() == 0


def test_repricing_shows_then_applies(api: Api, access: Access) -> None:
    store_spans(access, decoded(llm()))
    api.post("/api/v1/prices", {"model": "gpt-4o*", "input": "5", "output": "20"})
    shown = api.post("/api/v1/reprice", ALWAYS).json()
    assert (shown["applied"], shown["before"], shown["after"]) == (False, "0.0035", "0.007")
    assert [(one["model"], one["changed"]) for one in shown["models"]] == [("gpt-4o-2024-08-06", 1)]
    assert Trace.objects.get().cost_total == 3_500_000_000
    assert api.post("/api/v1/reprice", ALWAYS | {"apply": True}).json()["applied"]
    assert Trace.objects.get().cost_total == 7_000_000_000


@pytest.mark.parametrize("wrong", [{"start": "x"}, {"end": ALWAYS["start"]}, {"start": -1}])
def test_wrong_ranges_are_400(api: Api, wrong: dict[str, Any]) -> None:
    assert api.post("/api/v1/reprice", ALWAYS | wrong).status_code == 400


def test_more_than_a_request_can_do_is_left_to_the_command(
    api: Api, access: Access, monkeypatch: pytest.MonkeyPatch
) -> None:
    store_spans(access, decoded(llm(), llm()))
    monkeypatch.setattr(pricing, "MOST_IN_REQUEST", 1)
    answer = api.post("/api/v1/reprice", ALWAYS)
    assert answer.status_code == 400
    assert "sightglass reprice" in answer.json()["errors"][0]["detail"]


def test_only_admins_change_prices(client: Client, project: Project) -> None:
    reader, writer = key_of(client, project, "read"), key_of(client, project, "write")
    assert reader.get("/api/v1/prices").status_code == 200
    price = {"model": "m", "input": 1}
    for one in (reader, writer, key_of(client, project, "ingest")):
        assert one.post("/api/v1/prices", price).status_code == 403
        assert one.post("/api/v1/reprice", ALWAYS).status_code == 403
    assert key_of(client, project, "admin").post("/api/v1/prices", price).status_code == 201


def test_another_project_s_prices_are_not_there(
    api: Api, client: Client, other_project: Project
) -> None:
    theirs = PriceOverride.objects.create(project=other_project, model="m", input=1)
    assert api.get("/api/v1/prices").json()["results"] == []
    assert api.delete(f"/api/v1/prices/{theirs.pk}").status_code == 404
    assert PriceOverride.objects.count() == 1
