"""Drift over HTTP: monitors, windows, refusals; driven by its own description; other projects."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from evals.drift.models import Monitor, Window
from evals.drift.services import monitors
from sightglass.accounts.access import Access
from sightglass.accounts.keys import create_key
from sightglass.accounts.models import AuditEntry, Project
from tests import fuzzing

pytestmark = pytest.mark.django_db
DAY = 86_400 * 10**9


class Api:
    """Calls below /api/v1/drift with a key."""

    def __init__(self, access: Access, *scopes: str) -> None:
        _, key = create_key(project=access.project, name="k", scopes=list(scopes))
        self.client, self.headers = Client(), {"Authorization": f"Bearer {key}"}

    def __call__(self, method: str, path: str, body: Any = None, status: int = 200) -> Any:
        response = getattr(self.client, method)(
            f"/api/v1/drift{path}", body, content_type="application/json", headers=self.headers
        )
        assert response.status_code == status, response.content
        return response.json() if response.content else None

    def get(self, path: str, status: int = 200, **query: Any) -> Any:
        response = self.client.get(f"/api/v1/drift{path}", query, headers=self.headers)
        assert response.status_code == status, response.content
        return response.json()


@pytest.fixture
def api(access: Access) -> Api:
    return Api(access, "read", "write")


def window(monitor: Monitor, day: int, **more: Any) -> Window:
    said: dict[str, Any] = {"state": "done", "p": 0.4, "adjusted": 0.6, "drift": False}
    return Window.objects.create(
        monitor=monitor, project_id=monitor.project_id, start_ns=day * DAY, end_ns=(day + 1) * DAY,
        **(said | more),
    )  # fmt: skip


FOUND: dict[str, Any] = {
    "tests": [
        {"name": "words", "kind": "descriptor", "statistic": 3.0, "p_value": 0.001,
         "adjusted": 0.004, "effect": -0.6, "reference": 28.0, "current": 19.0, "level": None}
    ],
    "terms": [{"term": "hotel", "weight": 1.5, "reference": 0.0, "current": 0.2}],
    "slices": [
        {"dimension": "user", "value": "meridian", "n_before": 0, "n_now": 30, "before": 0.0,
         "now": 0.2, "explains": 0.9, "left": 0.05, "p": 0.001, "carries": True}
    ],
    "parts": {"users": 0.2, "model": 0.8},
    "length": {"before": 28.0, "now": 19.0, "by_model": -8.0, "significant": True},
    "examples": [
        {"now": {"trace_id": "a" * 32, "span_id": "b" * 16, "start_ns": 5 * DAY},
         "before": {"start_ns": 0}}
    ],
}  # fmt: skip


def test_a_monitor_from_its_making_to_its_end(api: Api, access: Access) -> None:
    assert api.get("/monitors")["results"] == []
    made = api("post", "/monitors", {"name": "german", "what": "inputs", "alpha": 0.01}, 201)
    assert (made["score"], made["hours"], made["last"]) == ("drift.german", 24, None)
    path = f"/monitors/{made['id']}"
    changed = {"name": "german", "what": "outputs", "hours": 0, "size": 500, "enabled": False}
    assert api("put", path, changed)["size"] == 500
    assert api.get(path)["what"] == "outputs" and api.get(path)["alpha"] == 0.05
    window(Monitor.objects.get(), 7, drift=True)
    assert api.get("/monitors")["results"][0]["last"]["drift"] is True
    api("delete", path, None, 204)
    api.get(path, 404)
    assert api.get("/monitors")["results"] == []
    told = set(AuditEntry.objects.values_list("action", flat=True))
    assert {"drift.monitor_made", "drift.monitor_changed", "drift.monitor_archived"} <= told
    assert api("post", "/monitors", {"name": "german", "what": "inputs"}, 201)


@pytest.mark.parametrize(
    ("more", "pointer"),
    [
        ({"what": "weather"}, "/what"),
        ({"name": "not a slug"}, "/name"),
        ({"q": "nothing:x"}, "/q"),
        ({"hours": 24, "size": 500}, "/hours"),
        ({"hours": 0}, "/hours"),
        ({"hours": 0, "size": 7}, "/size"),
        ({"hours": 10_000}, "/hours"),
        ({"reference": "release"}, "/release"),
        ({"reference": "dataset"}, "/dataset"),
        ({"reference": "weekday", "hours": 600}, "/reference"),
        ({"alpha": 0.9}, "/alpha"),
        ({"more": 1}, "/more"),
    ],
)
def test_what_is_refused(api: Api, more: dict[str, Any], pointer: str) -> None:
    given = {"name": "x", "what": "inputs"} | more
    problem = api("post", "/monitors", given, 400)
    assert [error["pointer"] for error in problem["errors"]] == [pointer]
    assert not Monitor.objects.exists()


def test_a_name_is_given_once(api: Api) -> None:
    api("post", "/monitors", {"name": "x", "what": "inputs"}, 201)
    problem = api("post", "/monitors", {"name": "x", "what": "outputs"}, 400)
    assert problem["errors"][0]["pointer"] == "/name"


def test_windows_by_cursor_and_one_whole(api: Api, access: Access) -> None:
    monitors.make_usual(access.project.pk)
    monitor = Monitor.objects.get(name="outputs")
    for day in range(1, 5):
        window(monitor, day, drift=day == 3, found=FOUND if day == 3 else {})
    path = f"/monitors/{monitor.pk}/windows"
    first = api.get(path, limit=3)
    rest = api.get(path, limit=3, cursor=first["next"])
    ends = [row["end_time"] for row in first["results"] + rest["results"]]
    assert len(ends) == 4 and ends == sorted(ends, reverse=True) and rest["next"] is None
    [one] = api.get(path, drifting="true")["results"]
    whole = api.get(f"/windows/{one['id']}")
    assert whole["slices"][0]["value"] == "meridian" and whole["parts"]["model"] == 0.8
    assert whole["examples"] == [
        {"now": {"trace_id": "a" * 32, "span_id": "b" * 16, "time": "1970-01-06T00:00:00.000000Z",
                 "stored": False, "input": "", "output": ""}, "before": None}
    ]  # fmt: skip
    for wrong in ({"drifting": "maybe"}, {"limit": 0}, {"cursor": "x"}, {"more": 1}):
        api.get(path, 400, **wrong)


def test_a_window_is_tested_now_once(api: Api, access: Access) -> None:
    monitors.make_usual(access.project.pk)
    path = f"/monitors/{Monitor.objects.get(name='inputs').pk}/windows"
    made = api("post", path, None, 202)
    assert (made["state"], made["by_hand"]) == ("waiting", True)
    assert api("post", path, None, 202)["id"] == made["id"]


def test_who_may(access: Access, other_project: Project) -> None:
    monitors.make_usual(access.project.pk)
    made = window(Monitor.objects.get(name="inputs"), 3)
    reader = Api(access, "read")
    reader.get("/monitors")
    reader("post", "/monitors", {"name": "x", "what": "inputs"}, 403)
    reader("post", f"/monitors/{made.monitor_id}/windows", None, 403)
    reader("delete", f"/monitors/{made.monitor_id}", None, 403)
    stranger = Api(Access(other_project, access.permissions), "read", "write")
    for path in (f"/monitors/{made.monitor_id}", f"/windows/{made.pk}"):
        stranger.get(path, 404)


@pytest.mark.django_db(transaction=True)  # the server closes its connections
def test_no_answer_is_off_the_schema(access: Access) -> None:
    monitors.make_usual(access.project.pk)
    made = window(Monitor.objects.get(name="outputs"), 3, drift=True, found=FOUND)
    _, key = create_key(project=access.project, name="k", scopes=["read", "write"])

    def places(path: str) -> dict[str, Any]:
        return {"pk": made.pk, "id": made.pk} if "/windows/{" in path else {
            "pk": made.monitor_id, "id": made.monitor_id
        }  # fmt: skip

    operations = fuzzing.operations("/api/v1/drift/")
    assert len(operations) == 8
    operations.sort(key=lambda one: one.label.startswith("DELETE"))
    assert fuzzing.driven(operations, key, examples=8, places=places) == {}
