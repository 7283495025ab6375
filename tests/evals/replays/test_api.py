"""Replays over HTTP: driven by hand, and by their own description."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from evals.replays.services import caches
from sightglass.accounts.access import Access
from sightglass.accounts.keys import create_key
from tests import fuzzing
from tests.evals.judging import connect, detector
from tests.evals.replays import traffic
from tests.evals.replays.traffic import CLOSED, DAYS, LYON, NOON, PARIS, RETURNS

pytestmark = pytest.mark.django_db


class Api:
    """Calls below /api/v1/replays with a key."""

    def __init__(self, access: Access, *scopes: str) -> None:
        _, self.key = create_key(project=access.project, name="k", scopes=list(scopes))
        self.client, self.headers = Client(), {"Authorization": f"Bearer {self.key}"}

    def __call__(self, method: str, path: str, body: Any = None, status: int = 200) -> Any:
        response = getattr(self.client, method)(
            f"/api/v1/replays{path}", body, content_type="application/json", headers=self.headers
        )
        assert response.status_code == status, response.content
        return response.json() if response.content else None


@pytest.fixture
def api(access: Access) -> Api:
    return Api(access, "read", "write")


def ranged(**more: Any) -> dict[str, Any]:
    start, end = traffic.bounds()
    return {
        "start": traffic.moment(start).isoformat(),
        "end": traffic.moment(end).isoformat(),
    } | more


def test_a_cache_replay(api: Api, access: Access) -> None:
    traffic.send(access, (RETURNS, DAYS), (RETURNS, DAYS), (PARIS, NOON), (LYON, CLOSED))
    made = api("post", "/caches", ranged(q="prompt:support"), 202)
    assert made["state"] == "waiting" and made["result"] is None and made["evaluator"] is None
    caches.work_off()
    found = api("get", f"/caches/{made['id']}")["result"]
    assert found["calls"] == 4 and found["exact"]["threshold"] is None
    assert found["exact"]["saved"] == "0.0035" and found["exact"]["saved_seconds"] == 1.0
    assert found["points"][0]["hits"] == 2
    assert {one["dimension"] for one in found["slices"]} == {"model", "prompt"}
    listed = api("get", "/caches?limit=1")
    assert [one["id"] for one in listed["results"]] == [made["id"]] and listed["next"] is None
    api("delete", f"/caches/{made['id']}", status=204)
    api("get", f"/caches/{made['id']}", status=404)


def test_a_trial(api: Api, access: Access) -> None:
    connection = connect(access, "http://127.0.0.1:1/v1")
    refusal = detector(access)
    traffic.send(access, *[(RETURNS, DAYS)] * 20)
    body = ranged(connection=connection.pk, evaluators=[refusal.evaluator_id], most=20, budget="2")
    foreseen = api("post", "/models/estimate", body)
    assert foreseen["calls"] == 20 and foreseen["priced"]
    assert foreseen["strata"][0]["slice"] == "support"
    made = api("post", "/models", body, 202)
    assert (made["state"], made["budget"], made["total"]) == ("waiting", "2", 20)
    assert api("get", f"/models/{made['id']}/calls")["results"] == []
    assert api("post", f"/models/{made['id']}/stop")["state"] == "stopped"
    assert api("get", "/models")["results"][0]["evaluators"] == [refusal.evaluator_id]
    api("delete", f"/models/{made['id']}", status=204)
    for wrong, pointer in (
        ({"connection": 10**9}, "/connection"),
        ({"evaluators": [10**9]}, "/evaluators"),
        ({"most": 1}, "/most"),
        ({"strange": 1}, "/strange"),
    ):
        problem = api("post", "/models", body | wrong, 400)
        assert problem["errors"][0]["pointer"].startswith(pointer)


def test_a_key_that_only_reads_changes_nothing(access: Access) -> None:
    reader = Api(access, "read")
    reader("post", "/caches", ranged(), 403)
    reader("post", "/models/estimate", {}, 403)
    assert reader("get", "/caches")["results"] == []


@pytest.mark.django_db(transaction=True)
def test_it_is_as_it_is_described(api: Api, access: Access) -> None:
    traffic.send(access, (RETURNS, DAYS), (RETURNS, DAYS))
    connect(access, "http://127.0.0.1:1/v1")
    made = api("post", "/caches", ranged(), 202)
    caches.work_off()
    chosen = fuzzing.operations("/api/v1/replays")
    assert len(chosen) == 11
    wrong = fuzzing.driven(chosen, api.key, examples=8, places=lambda _: {"id": made["id"]})
    assert wrong == {}
