"""Scores by API."""

import csv
import io
import json
from typing import Any

import pytest
from django.test import Client

from sightglass.accounts.access import Access
from sightglass.accounts.keys import create_key
from sightglass.accounts.models import Project
from tests.traces.sending import decoded, llm
from traces.models import Score, Trace
from traces.services.ingest import store_spans

pytestmark = pytest.mark.django_db
TRACE = "ab" * 16


class Api:
    """Calls with a key."""

    def __init__(self, client: Client, key: str) -> None:
        self.client, self.headers = client, {"Authorization": f"Bearer {key}"}

    def post(self, path: str, body: Any) -> Any:
        return self.client.post(path, body, content_type="application/json", headers=self.headers)

    def get(self, path: str) -> Any:
        return self.client.get(path, headers=self.headers)


@pytest.fixture
def api(client: Client, api_key: str) -> Api:
    return Api(client, api_key)


def score(**fields: Any) -> dict[str, Any]:
    return {"trace_id": TRACE, "name": "helpful", "value": True, "source": "user"} | fields


def test_one_or_many_are_created(api: Api) -> None:
    one = api.post("/api/v1/scores", score())
    assert (one.status_code, one.json()["value"]) == (201, True)
    many = api.post("/api/v1/scores", [score(value=0.5), score(value="good", session_id="s")])
    assert [row["value"] for row in many.json()] == [0.5, "good"]
    assert Score.objects.count() == 3


def test_an_id_makes_it_idempotent(api: Api) -> None:
    api.post("/api/v1/scores", score(id="a", value=0.1))
    api.post("/api/v1/scores", score(id="a", value=0.9))
    assert Score.objects.get().number == 0.9


def test_scores_stand_in_the_summary_of_their_trace(api: Api, access: Access) -> None:
    call = llm()
    store_spans(access, decoded(call))
    api.post("/api/v1/scores", score(trace_id=call["trace_id"].hex(), value=0.25))
    api.post(
        "/api/v1/scores",
        score(trace_id=call["trace_id"].hex(), span_id=call["span_id"].hex(), name="on_span"),
    )
    assert Trace.objects.get().scores == {"helpful": 0.25, "on_span": True}
    whole = api.get(f"/api/v1/traces/{call['trace_id'].hex()}").json()
    assert {one["name"] for one in whole["scores"]} == {"helpful", "on_span"}


@pytest.mark.parametrize(
    "wrong",
    [
        {"trace_id": "xyz"},
        {"trace_id": None},
        {"value": None},
        {"value": [1]},
        {"value": "a\0b"},
        {"value": "\ud800"},
        {"value": {"x": "\ud800"}},
        {"value": 10**400},
        {"comment": "\udfff"},
        {"id": "a\ud800"},
        {"source": "me"},
        {"name": ""},
        {"span_id": "12"},
    ],
)
def test_wrong_scores_are_400_with_a_pointer(api: Api, wrong: dict[str, Any]) -> None:
    answer = api.post("/api/v1/scores", score(**wrong))
    assert answer.status_code == 400
    assert answer.json()["errors"]
    assert Score.objects.count() == 0


@pytest.mark.parametrize(
    ("field", "text"),
    [
        ("name", "drift.inputs"),
        ("name", "probe.x.changed"),
        ("id", "review:1:ok"),
        ("id", "drift:1:2"),
    ],
)
def test_what_the_product_says_itself_cannot_be_forged(api: Api, field: str, text: str) -> None:
    answer = api.post("/api/v1/scores", score(**{field: text}))
    assert answer.status_code == 400 and not Score.objects.exists()
    assert (
        "by Sightglass alone" in answer.content.decode() and f"/{field}" in answer.content.decode()
    )
    assert api.post("/api/v1/scores", score(**{field: f"my {text}"})).status_code == 201


def test_a_name_is_asked_for_by_any_text(api: Api) -> None:
    assert api.get("/api/v1/scores?name=%ED%A0%80").status_code == 200
    assert api.get("/api/v1/scores?name=a%00").status_code == 400


def test_nan_is_refused(api: Api) -> None:
    answer = api.post("/api/v1/scores", b'{"trace_id": "%s", "value": NaN}' % TRACE.encode())
    assert answer.status_code == 400


@pytest.mark.parametrize("many", [False, True])
def test_a_field_that_there_is_not_is_told(api: Api, many: bool) -> None:
    wrong = score(coment="well done")
    told = api.post("/api/v1/scores", [score(), wrong] if many else wrong)
    assert told.status_code == 400 and Score.objects.count() == 0
    assert told.json()["errors"] == [
        {"pointer": "/1/coment" if many else "/coment", "detail": "There is no such field."}
    ]


def test_the_list_as_json_lines(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("traces.api.read.BATCH", 2)
    api.post("/api/v1/scores", [score(value=float(i)) for i in range(5)])
    api.post("/api/v1/scores", score(name="other"))
    answer = api.get("/api/v1/scores?name=helpful&format=jsonl")
    assert answer.streaming
    rows = [json.loads(line) for line in answer.getvalue().splitlines()]
    assert rows == api.get("/api/v1/scores?name=helpful").json()["results"]
    assert [row["value"] for row in rows] == [4, 3, 2, 1, 0]
    bounded = api.get("/api/v1/scores?name=helpful&format=jsonl&limit=3").getvalue()
    assert len(bounded.splitlines()) == 3


def test_the_list_as_csv(api: Api) -> None:
    api.post("/api/v1/scores", score(value="=cmd()", comment="@SUM(A1), or so"))
    api.post("/api/v1/scores", score())
    answer = api.get("/api/v1/scores?format=csv")
    assert answer["Content-Disposition"] == 'attachment; filename="scores.csv"'
    header, last, first = csv.reader(io.StringIO(answer.getvalue().decode(), newline=""))
    assert set(header) == set(api.get("/api/v1/scores").json()["results"][0])
    assert [last[header.index(name)] for name in ("value", "comment")] == ["true", ""]
    said = [first[header.index(name)] for name in ("trace_id", "value", "comment")]
    assert said == [TRACE, "'=cmd()", "'@SUM(A1), or so"]


@pytest.mark.parametrize("wrong", ["format=xlsx", "source=nobody&format=csv", "order=name", "q=a"])
def test_what_the_list_cannot_do_is_told(api: Api, wrong: str) -> None:
    told = api.get(f"/api/v1/scores?{wrong}")
    assert told.status_code == 400
    assert told.json()["errors"][0]["pointer"] == "/" + wrong.partition("=")[0]


def test_lists_page_and_filter(api: Api) -> None:
    api.post("/api/v1/scores", [score(value=float(i)) for i in range(5)])
    api.post("/api/v1/scores", score(name="other", source="code"))
    first = api.get("/api/v1/scores?name=helpful&limit=3").json()
    second = api.get(f"/api/v1/scores?name=helpful&limit=3&cursor={first['next']}").json()
    values = [row["value"] for row in first["results"] + second["results"]]
    assert values == [4, 3, 2, 1, 0]
    assert second["next"] is None and set(second) == {"results", "next"}
    assert len(api.get("/api/v1/scores?source=code").json()["results"]) == 1
    assert api.get("/api/v1/scores?source=nobody").status_code == 400


@pytest.mark.parametrize(("scope", "status"), [("ingest", 201), ("write", 201), ("read", 403)])
def test_who_may_score(client: Client, project: Project, scope: str, status: int) -> None:
    _, key = create_key(project=project, name=scope, scopes=[scope])
    assert Api(client, key).post("/api/v1/scores", score()).status_code == status
