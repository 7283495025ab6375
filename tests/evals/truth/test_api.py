"""Truth over HTTP: figures, pairing, cases, panels, calibration, improvement, and refusals."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client

from evals.models import EvaluatorVersion
from evals.truth.models import Improvement, Panel, PanelAnswer, PanelRun
from evals.truth.services import improving, nights, panels
from sightglass.accounts.access import Access
from sightglass.accounts.keys import create_key
from tests import fuzzing
from tests.evals.judging import connect, detector, judge
from tests.evals.truth import labelled
from tests.evals.truth.labelled import label, score, send, table
from tests.evals.truth.test_calibrating import shy

pytestmark = pytest.mark.django_db
NOWHERE = "http://127.0.0.1:1/v1"


class Api:
    """Calls below /api/v1/truth with a key."""

    def __init__(self, access: Access, *scopes: str) -> None:
        _, key = create_key(project=access.project, name="k", scopes=list(scopes))
        self.client, self.headers = Client(), {"Authorization": f"Bearer {key}"}

    def __call__(self, method: str, path: str, body: Any = None, status: int = 200) -> Any:
        response = getattr(self.client, method)(
            f"/api/v1/truth{path}", body, content_type="application/json", headers=self.headers
        )
        assert response.status_code == status, response.content
        return response.json() if response.content else None

    def get(self, path: str, status: int = 200, **query: Any) -> Any:
        response = self.client.get(f"/api/v1/truth{path}", query, headers=self.headers)
        assert response.status_code == status, response.content
        if status >= 400:
            assert response["Content-Type"] == "application/problem+json"
        return response.json()


@pytest.fixture
def api(access: Access) -> Api:
    return Api(access, "read", "write", "admin")


@pytest.fixture
def helpful(access: Access) -> EvaluatorVersion:
    return judge(access, connect(access, NOWHERE))


def test_the_list_and_one(api: Api, access: Access, helpful: EvaluatorVersion) -> None:
    table(access, helpful, both=20, judge=5, people=10, neither=15)
    detector(access, "toxicity")
    rows = {row["name"]: row for row in api.get("/evaluators")["results"]}
    assert rows["toxicity"]["figures"] is None and rows["toxicity"]["changed"] is None
    figures = rows["helpful"]["figures"]
    assert figures["matrix"] == [[15, 5], [10, 20]] and figures["categories"] == [False, True]
    assert figures["kappa"]["value"] == pytest.approx(0.4)
    assert figures["kappa"]["low"] < 0.4 < figures["kappa"]["high"]
    assert (figures["n"], figures["basis"], figures["version"]) == (50, "picked", 1)
    assert figures["people_same"]["reason"] == "no case has two humans' labels"
    one = api.get(f"/evaluators/{helpful.evaluator_id}")
    assert one["figures"]["matrix"] == figures["matrix"]
    assert one["cases"]["differ"] == 15 and one["panel"] is None and len(one["history"]) == 1


def test_a_pairing(api: Api, access: Access, helpful: EvaluatorVersion) -> None:
    path = f"/evaluators/{helpful.evaluator_id}/pairing"
    assert api.get(path)["question"] == "helpful"
    wanted = {"question": "useful", "opposite": True, "least": 4.0, "words": ["a"]}
    assert api("put", path, wanted) == wanted == api.get(path)
    for wrong, pointer in (
        ({}, "/question"),
        ({"question": "q", "more": 1}, "/more"),
        ({"question": "q", "least": "x"}, "/least"),
        ({"question": "\u0007"}, "/question"),
    ):
        problem = api("put", path, wrong, 400)
        assert [error["pointer"] for error in problem["errors"]] == [pointer]


def test_cases_by_cursor(api: Api, access: Access, helpful: EvaluatorVersion) -> None:
    ids = table(access, helpful, both=1, judge=2, people=1, neither=1)
    path = f"/evaluators/{helpful.evaluator_id}/cases"
    first = api.get(path, limit=2)
    rest = api.get(path, limit=2, cursor=first["next"])
    found = first["results"] + rest["results"]
    assert rest["next"] is None and len(found) == 3
    assert {row["trace_id"] for row in found} == {one.hex for one in ids[1:4]}
    row = found[-1]
    assert (row["judge_yes"], row["people_yes"], row["people"]) == (True, False, [False])
    assert row["stored"] and row["output"].startswith("The answer") and row["basis"] == "picked"
    assert len(api.get(path, kind="both-yes")["results"]) == 1
    for wrong in ({"kind": "odd"}, {"limit": 0}, {"cursor": "x"}, {"more": 1}):
        api.get(path, 400, **wrong)


def test_a_panel(api: Api, access: Access, helpful: EvaluatorVersion) -> None:
    path = f"/evaluators/{helpful.evaluator_id}/panel"
    api.get(path, 404)
    assert "labelled cases" in str(api("post", path, {}, 400))
    table(access, helpful, both=10, judge=0, people=0, neither=10)
    api("post", path, {"size": 5}, 400)
    panel = api("post", path, {"size": 20}, 201)
    assert (panel["size"], panel["cases"], panel["score"]) == (20, 20, "helpful.changed")
    run = api("post", f"{path}/runs", None, 202)
    assert run["state"] == "running" and run["changed"] is None
    row = PanelRun.objects.get()
    for item in row.panel.items.all():
        PanelAnswer.objects.create(run=row, item=item, yes=item.people)
    api("post", f"{path}/accept", {"day": run["day"]}, 400)
    nights.finish(row)
    PanelRun.objects.update(day=row.day - timedelta(days=1))
    later = PanelRun.objects.create(panel=row.panel, version=helpful, day=row.day)
    for item in row.panel.items.all():
        PanelAnswer.objects.create(run=later, item=item, yes=False)
    nights.finish(later)
    [now, before] = api.get(f"{path}/runs")["results"]
    assert now["changed"] and now["compared_with"] == before["day"] and now["p"] < 0.01
    assert now["tests"]["shift"][:2] == [0, 10] and now["agreement"]["value"] == 0.5
    assert api.get(f"{path}/runs", limit=1)["next"]
    assert api.get("/evaluators")["results"][0]["changed"] is True
    assert api.get(path)["last"]["changed"] is True
    assert api("post", f"{path}/accept", {"day": now["day"]})["accepted_at"]
    api("post", f"{path}/accept", {"day": "2020-01-01"}, 404)
    api("post", f"{path}/accept", {"day": "x"}, 400)
    api("delete", path, None, 204)
    api("delete", path, None, 404)


def test_a_calibration(api: Api, access: Access) -> None:
    toxic = detector(access, "toxicity", threshold=0.2)
    path = f"/evaluators/{toxic.evaluator_id}/calibration"
    assert api.get(path)["reason"] == "no numbers"
    api("post", path, None, 400)
    shy(access, toxic)
    found = api.get(path)
    assert found["labels"] == 120 and found["curve"]["kind"] in ("platt", "isotonic")
    assert found["losses"][found["curve"]["kind"]]["helps"] and len(found["bins"]) >= 3
    assert api("post", path, None, 201) == {"version": 2}
    assert api("delete", path) == {"version": 3}
    api("delete", path, None, 400)


def test_an_improvement(api: Api, access: Access, helpful: EvaluatorVersion) -> None:
    path = f"/evaluators/{helpful.evaluator_id}/improvements"
    api("post", path, None, 400)
    table(access, helpful, both=30, judge=40, people=0, neither=30)
    made = api("post", path, None, 202)
    assert made["state"] == "running" and made["examples"] and made["difference"] is None
    assert sum(made["parts"].values()) == 100
    assert len(made["held_out"]) == made["parts"]["held-out"]
    one = f"/improvements/{made['id']}"
    api("post", f"{one}/adopt", None, 400)
    row = Improvement.objects.get()
    for case in row.cases.filter(part="held-out"):
        case.yes, case.attempts = case.people, 1
        case.save()
    improving.step(row, datetime.now(UTC))
    found = api.get(one)
    assert found["state"] == "done" and found["after"]["value"] == 1.0
    assert found["difference"]["low"] > 0 and found["worse"] == 0
    assert [row["id"] for row in api.get(path)["results"]] == [made["id"]]
    assert api("post", f"{one}/adopt", None, 201) == {"version": 2}
    assert api.get(one)["adopted"] == 2
    api("delete", one, None, 204)
    assert api.get(one)["state"] == "adopted", "what is at work cannot be put aside"


def test_rates(api: Api, access: Access, helpful: EvaluatorVersion) -> None:
    assert api.get("/rates")["results"] == []
    for n, trace_id in enumerate(send(access, 40)):
        score(helpful, trace_id, n % 4 != 0)
        if n < 20:
            label(access, trace_id, {"helpful": n % 2 == 0}, origin="rule", probability=0.5)
    [row] = api.get("/rates")["results"]
    assert (row["name"], row["measure"], row["labels"], row["basis"]) == (
        "helpful", "yes", 20, "drawn",
    )  # fmt: skip
    assert row["raw"]["value"] == pytest.approx(0.75) and row["raw"]["n"] == 40
    assert row["corrected"]["low"] < row["corrected"]["value"] < row["corrected"]["high"]
    inner = row["these_items"]
    assert inner["high"] - inner["low"] < row["corrected"]["high"] - row["corrected"]["low"]
    assert api.get("/rates", q="release:9")["results"] == []
    for wrong in ({"q": "((("}, {"start": "x"}, {"start": "5", "end": "5"}, {"limit": "1"}):
        api.get("/rates", 400, **wrong)


def test_a_person_is_forgotten(api: Api, access: Access, helpful: EvaluatorVersion) -> None:
    table(access, helpful, both=6, judge=0, people=0, neither=6, span={"user__id": "ann"})
    panels.freeze(access, helpful.evaluator, 12)
    assert api("post", "/forget", {"user_id": "bob"}) == {"cases": 0, "examples": 0}
    assert api("post", "/forget", {"user_id": "ann"}) == {"cases": 12, "examples": 0}
    api("post", "/forget", {}, 400)
    Api(access, "write")("post", "/forget", {"user_id": "ann"}, 403)
    assert Panel.objects.get().items.count() == 0


def test_a_reader_changes_nothing(access: Access, helpful: EvaluatorVersion) -> None:
    reader, one = Api(access, "read"), f"/evaluators/{helpful.evaluator_id}"
    reader.get(one)
    reader("put", f"{one}/pairing", {"question": "q"}, 403)
    for path in ("panel", "panel/runs", "panel/accept", "calibration", "improvements"):
        reader("post", f"{one}/{path}", {}, 403)


@pytest.mark.django_db(transaction=True)  # the server closes its connections
def test_no_answer_is_off_the_schema(access: Access) -> None:
    version = labelled.scene(access)["helpful"]
    panels.freeze(access, version.evaluator, 20)
    draft = improving.propose(access, version.evaluator)
    _, key = create_key(project=access.project, name="k", scopes=["read", "write", "admin"])

    def places(path: str) -> dict[str, Any]:
        pk = draft.pk if "/improvements/{" in path else version.evaluator_id
        return {"id": pk, "pk": pk}

    operations = fuzzing.operations("/api/v1/truth/")
    assert len(operations) == 21
    operations.sort(key=lambda one: one.label.startswith("DELETE"))
    assert fuzzing.driven(operations, key, examples=8, places=places) == {}
