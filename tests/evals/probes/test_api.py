"""Probes over HTTP: by hand, and by their own description."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from django.test import Client

from evals.probes.models import ProbeRun, ProbeSet
from sightglass.accounts.access import Access
from sightglass.accounts.keys import create_key
from tests import fuzzing
from tests.evals.judging import connect
from tests.evals.replays import traffic

pytestmark = pytest.mark.django_db


class Api:
    """Calls below /api/v1/probes with a key."""

    def __init__(self, access: Access, *scopes: str) -> None:
        _, self.key = create_key(project=access.project, name="k", scopes=list(scopes))
        self.client, self.headers = Client(), {"Authorization": f"Bearer {self.key}"}

    def __call__(self, method: str, path: str, body: Any = None, status: int = 200) -> Any:
        response = getattr(self.client, method)(
            f"/api/v1/probes{path}", body, content_type="application/json", headers=self.headers
        )
        assert response.status_code == status, response.content
        return response.json() if response.content else None


@pytest.fixture
def api(access: Access) -> Api:
    return Api(access, "read", "write")


def test_a_set_from_making_to_retiring(api: Api, access: Access) -> None:
    connection = connect(access, "http://127.0.0.1:1/v1")
    body = {"name": "sums", "connection": connection.pk, "prompts": [f"{n}?" for n in range(5)]}
    made = api("post", "", body, 201)
    assert (made["model"], made["every"], made["last"]) == ("gpt-4o-mini", "night", None)
    assert made["score"] == "probe.sums.changed" and made["budget"] == "1"
    path = f"/{made['id']}"
    run = api("post", f"{path}/runs", None, 202)
    assert run["state"] == "running" and run["changed"] is None
    api("post", f"{path}/runs/{run['id']}/accept", None, 400)
    row = ProbeRun.objects.get()
    row.answers.create(probe=row.set.probes.all()[0], text="zero")
    ProbeRun.objects.update(
        state="done", baseline=True, changed=True, tests={"exact": [1.0, 0.0, 0.001]}
    )
    assert api("post", f"{path}/runs/{run['id']}/accept")["accepted_at"]
    found = api("get", f"{path}/runs/{run['id']}")
    assert found["answers"][0]["after"] == "zero" and found["tests"][0]["name"] == "exact"
    assert api("get", "")["results"][0]["last"]["changed"]
    assert api("patch", path, {"paused": True})["paused"]
    api("get", f"{path}/runs/999999", status=404)
    api("delete", path, status=204)
    api("get", path, status=404)


def test_sources_and_what_is_wrong(api: Api, access: Access) -> None:
    connection = connect(access, "http://127.0.0.1:1/v1")
    traffic.send(access, *[(f"Where is order {n}?", traffic.DAYS) for n in range(6)])
    start, end = map(traffic.moment, traffic.bounds())
    body = {"name": "orders", "connection": connection.pk, "most": 5}
    ranged = {"start": start.isoformat(), "end": end.isoformat()}
    made = api("post", "", body | ranged, 201)
    assert ProbeSet.objects.get(pk=made["id"]).probes.count() == 5
    for wrong, status in (
        ({"prompts": []}, 400),
        ({"connection": 10**9, "prompts": ["a"]}, 400),
        ({"dataset": "none"}, 404),
        (ranged | {"q": "nosuch:"}, 400),
        ({"prompts": ["a"]}, 400),
    ):
        api("post", "", body | {"name": "b"} | wrong, status)
    Api(access, "read")("post", "", body | ranged, 403)


@pytest.mark.django_db(transaction=True)
def test_it_is_as_it_is_described(api: Api, access: Access) -> None:
    connection = connect(access, "http://127.0.0.1:1/v1")
    row = ProbeSet.objects.create(
        project=access.project, name="a", connection=connection, model="m", budget=10**12
    )
    run = row.runs.create(slot=datetime(2026, 1, 1, tzinfo=UTC), state="done")
    chosen = fuzzing.operations("/api/v1/probes")
    assert len(chosen) == 9
    places = {"id": row.pk, "run": run.pk}
    wrong = fuzzing.driven(chosen, api.key, examples=8, places=lambda _: places)
    assert wrong == {}
