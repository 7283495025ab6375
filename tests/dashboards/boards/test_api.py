"""Dashboards over HTTP."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from dashboards.boards.models import Board
from sightglass.accounts.access import Access
from sightglass.accounts.keys import create_key
from sightglass.accounts.models import AuditEntry, Project
from tests.dashboards.boards.making import COST, board

pytestmark = pytest.mark.django_db
URL = "/api/v1/dashboards"
CHART = {"metric": "cost", "kind": "bars", "group_by": "model"}


@pytest.fixture
def api(client: Client, api_key: str) -> Client:
    client.defaults["HTTP_AUTHORIZATION"] = f"Bearer {api_key}"
    return client


def sent(api: Client, method: str, url: str, body: Any, status: int) -> dict[str, Any]:
    answer = getattr(api, method)(url, body, content_type="application/json")
    assert answer.status_code == status, answer.content
    found: dict[str, Any] = answer.json()
    return found


def test_make_read_change_delete(api: Client) -> None:
    made = sent(api, "post", URL, {"name": "Morning", "charts": [CHART]}, 201)
    assert (made["name"], made["owner"], made["range"]) == ("Morning", None, "7d")
    [chart] = made["charts"]
    assert {name: chart[name] for name in CHART} == CHART
    assert (chart["size"], chart["filter"], chart["title"]) == ("medium", "", "")
    url = f"{URL}/{made['id']}"
    assert api.get(url).json() == made

    changed = sent(api, "patch", url, {"description": "What we look at."}, 200)
    assert (changed["description"], changed["charts"]) == ("What we look at.", made["charts"])

    wanted = {"name": "Evening", "charts": [{"metric": "traces"}, CHART]}
    replaced = sent(api, "put", url, wanted, 200)
    assert [one["metric"] for one in replaced["charts"]] == ["traces", "cost"]
    assert replaced["description"] == ""

    assert api.delete(url).status_code == 204
    assert api.get(url).status_code == 404
    said = AuditEntry.objects.filter(action__startswith="dashboard.").order_by("pk")
    assert [entry.action for entry in said] == [
        "dashboard.created", "dashboard.changed", "dashboard.changed",
        "dashboard.charts_replaced", "dashboard.deleted",
    ]  # fmt: skip
    assert said[0].actor_label.startswith("key ")


def test_what_was_read_can_be_sent_back(api: Client) -> None:
    made = sent(api, "post", URL, {"name": "Morning", "charts": [CHART]}, 201)
    kept = ("name", "description", "range", "filter")
    charts = [{k: v for k, v in one.items() if k != "id"} for one in made["charts"]]
    body = {name: made[name] for name in kept} | {"charts": charts}
    again = sent(api, "put", f"{URL}/{made['id']}", body, 200)
    assert again == made  # ids too: nothing has changed


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({}, "/name"),
        ({"name": ""}, "/name"),
        ({"name": "a", "colour": "red"}, "/colour"),
        ({"name": "a", "shared": False}, "/shared"),
        ({"name": "a", "range": "2y"}, "/range"),
        ({"name": "a", "filter": "cost:>x"}, "/filter"),
        ({"name": "a", "charts": {}}, "/charts/non_field_errors"),
        ({"name": "a", "charts": [{}]}, "/charts/0/metric"),
        ({"name": "a", "charts": [CHART, {"metric": "nothing"}]}, "/charts/1/metric"),
        ({"name": "a", "charts": [CHART | {"kind": "pie"}]}, "/charts/0/kind"),
        ({"name": "a", "charts": [CHART | {"wide": 1}]}, "/charts/0/wide"),
        ({"name": "a", "charts": [CHART | {"filter": "("}]}, "/charts/0/filter"),
        ({"name": "a", "charts": [CHART | {"kind": "number"}]}, "/charts/0/group_by"),
        ({"name": "a", "charts": [CHART] * 25}, "/charts"),
    ],
)
def test_a_wrong_body_is_refused_by_place(api: Client, body: Any, pointer: str) -> None:
    answer = sent(api, "post", URL, body, 400)
    assert answer["type"] == "about:blank"
    assert [one["pointer"] for one in answer["errors"]] == [pointer]
    assert Board.objects.count() == 0


@pytest.mark.parametrize("body", [[], "text", 5, None])
def test_a_body_that_is_no_object_is_refused(api: Client, body: Any) -> None:
    sent(api, "post", URL, body, 400)


def test_a_change_that_is_wrong_changes_nothing(api: Client) -> None:
    made = sent(api, "post", URL, {"name": "Morning", "charts": [CHART]}, 201)
    url = f"{URL}/{made['id']}"
    sent(api, "patch", url, {"name": "Evening", "charts": [{"metric": "nothing"}]}, 400)
    sent(api, "patch", url, {"name": "Evening", "unknown": 1}, 400)
    assert api.get(url).json() == made


def test_the_list_has_what_is_shared_by_pages(api: Client, access: Access) -> None:
    board(access, COST, name="mine alone")
    names = [board(access, name=f"b{i}", shared=True).name for i in range(5)]
    found, url = [], f"{URL}?limit=2"
    for _ in range(3):
        page = api.get(url).json()
        found += [one["name"] for one in page["results"]]
        url = f"{URL}?limit=2&cursor={page['next']}"
    assert found == names[::-1]
    assert page["next"] is None
    assert api.get(f"{URL}?limit=0").status_code == 400
    assert api.get(f"{URL}?cursor=nonsense").status_code == 400


def test_a_persons_own_is_not_a_keys(api: Client, access: Access) -> None:
    mine = board(access, COST)
    for method in ("get", "delete", "put", "patch"):
        assert getattr(api, method)(f"{URL}/{mine.pk}").status_code == 404
    assert Board.objects.filter(pk=mine.pk).exists()


@pytest.mark.parametrize(("scopes", "reads", "writes"), [
    (["read"], 200, 403), (["ingest"], 403, 403), (["write"], 200, 201), (["admin"], 200, 201),
])  # fmt: skip
def test_scopes(
    client: Client, project: Project, scopes: list[str], reads: int, writes: int
) -> None:
    key = create_key(project=project, name="one", scopes=scopes)[1]
    headers = {"Authorization": f"Bearer {key}"}
    assert client.get(URL, headers=headers).status_code == reads
    answer = client.post(URL, {"name": "a"}, content_type="application/json", headers=headers)
    assert answer.status_code == writes
    assert client.get(URL).status_code == 401


def test_the_number_of_queries_of_the_list_does_not_grow(
    api: Client, access: Access, django_assert_max_num_queries: Any
) -> None:
    for i in range(6):
        board(access, COST, name=f"b{i}", shared=True)
    with django_assert_max_num_queries(6):
        assert len(api.get(URL).json()["results"]) == 6


def test_the_api_is_described(api: Client) -> None:
    paths = api.get("/api/schema/?format=json").json()["paths"]
    assert set(paths["/api/v1/dashboards"]) >= {"get", "post"}
    assert set(paths["/api/v1/dashboards/{id}"]) >= {"get", "put", "patch", "delete"}
