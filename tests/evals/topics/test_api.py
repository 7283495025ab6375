"""Topics over HTTP: the list and one, names, examples, runs, who names them, and refusals."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from evals.topics.models import Member, Plan, Run, Topic
from evals.topics.services import schedule, summing
from sightglass.accounts.access import Access
from sightglass.accounts.keys import create_key
from sightglass.accounts.models import AuditEntry
from tests import fuzzing
from tests.evals.judging import connect
from tests.evals.topics.asking import asked, texts
from tests.evals.topics.test_finding import FOUR, NOON
from traces.services import scores
from traces.services.scores import Given

pytestmark = pytest.mark.django_db
NOWHERE = "http://127.0.0.1:1/v1"


class Api:
    """Calls below /api/v1/topics with a key."""

    def __init__(self, access: Access, *scopes: str) -> None:
        _, self.key = create_key(project=access.project, name="k", scopes=list(scopes))
        self.client, self.headers = Client(), {"Authorization": f"Bearer {self.key}"}

    def __call__(self, method: str, path: str, body: Any = None, status: int = 200) -> Any:
        response = getattr(self.client, method)(
            f"/api/v1/topics{path}", body, content_type="application/json", headers=self.headers
        )
        assert response.status_code == status, response.content
        if status >= 400:
            assert response["Content-Type"] == "application/problem+json"
        return response.json()

    def get(self, path: str = "", status: int = 200) -> Any:
        return self("get", path, status=status)


@pytest.fixture
def api(access: Access) -> Api:
    return Api(access, "read", "write")


@pytest.fixture
def found(access: Access) -> Access:
    """Four topics of thirty calls each, found."""
    asked(access, texts(FOUR)[0], NOON)
    schedule.work(60.0)
    return access


def of_word(rows: list[dict[str, Any]], word: str) -> dict[str, Any]:
    return next(row for row in rows if word in {term["text"] for term in row["terms"]})


def test_before_the_first_run(api: Api) -> None:
    said = api.get()
    assert (said["results"], said["run"], said["none"]["calls"]) == ([], None, 0)
    assert api.get("/runs")["results"] == []
    assert api.get("/naming") == {"connection": None, "spent": "0", "problem": ""}
    api.get("/1", 404)
    api.get("/1/examples", 404)


def test_the_list_and_one(api: Api, found: Access) -> None:
    said = api.get()
    rows = said["results"]
    assert len(rows) == 4 and said["run"]["topics"] == 4 and said["run"]["total"] == 120
    assert sum(row["figures"]["calls"] for row in rows) + said["none"]["calls"] == 120
    refunds = of_word(rows, "refund")
    assert refunds["mark"] == "" and refunds["title"] == refunds["words"]
    assert 0.15 < refunds["share"] < 0.3 and -1 <= refunds["x"] <= 1
    figures = refunds["figures"]
    assert figures["failure_rate"]["value"] == 0 < figures["failure_rate"]["high"] < 0.2
    assert float(figures["cost"]) > 0 and figures["tokens"] == 1100 * figures["calls"]
    one = api.get(f"/{refunds['number']}")
    days = one.pop("by_day")
    assert one == refunds
    assert [day["calls"] for day in days] == [figures["calls"]]
    assert api.get("?days=1")["results"][0]["figures"]["calls"] == 0, "they were asked yesterday"
    for wrong in ("?days=0", "?days=91", "?days=x", "?vanished=maybe", "?more=1"):
        api.get(wrong, 400)


def test_quality_has_its_interval(api: Api, found: Access) -> None:
    refunds, parcels = (of_word(api.get()["results"], one) for one in ("refund", "parcel"))
    assert refunds["figures"]["scores"] == []
    given = [
        Given("kind", row.number == refunds["number"], "code", row.trace_id, row.span_id)
        for row in Member.objects.all()
    ]
    scores.store_for(found.project.pk, given)
    summing.make(found.project.pk, [summing.day_of(NOON)])
    rows = {row["number"]: row["figures"] for row in api.get()["results"]}
    (kind,) = rows[refunds["number"]]["scores"]
    assert (kind["name"], kind["n"], kind["value"]) == ("kind", refunds["figures"]["calls"], 1.0)
    assert 0.8 < kind["low"] < 1
    (unkind,) = rows[parcels["number"]]["scores"]
    assert unkind["value"] == 0 < unkind["high"] < 0.2


def test_a_name_is_given_and_taken_back(api: Api, found: Access) -> None:
    number = of_word(api.get()["results"], "parcel")["number"]
    words = api.get(f"/{number}")["words"]
    said = api("patch", f"/{number}", {"name": "  Late   parcels "})
    assert (said["title"], said["name"], said["words"]) == ("Late parcels", "Late parcels", words)
    assert AuditEntry.objects.filter(action="topic.renamed").count() == 1
    other = of_word(api.get()["results"], "refund")["number"]
    for wrong in ("late parcels", "12", "none", "a*", "a\u0007b", "x" * 81):
        api("patch", f"/{other}", {"name": wrong}, 400)
    api("patch", f"/{other}", {}, 400)
    api("patch", f"/{other}", {"name": "a", "more": 1}, 400)
    assert api("patch", f"/{number}", {"name": ""})["title"] == words


def test_examples(api: Api, found: Access) -> None:
    number = of_word(api.get()["results"], "python")["number"]
    latest = api.get(f"/{number}/examples?limit=5")["results"]
    assert len(latest) <= 5 and all("ython" in row["text"] for row in latest)
    times = [row["start_time"] for row in latest]
    assert times == sorted(times, reverse=True)
    typical = api.get(f"/{number}/examples?limit=5&typical=true")["results"]
    alike = [row["likeness"] for row in typical]
    assert alike == sorted(alike, reverse=True) and alike[0] <= 1.0001
    assert len({row["text"] for row in typical}) == len(typical)
    for wrong in ("?limit=0", "?limit=51", "?typical=2", "?more=1"):
        api.get(f"/{number}/examples{wrong}", 400)


def test_a_run_by_hand(api: Api, found: Access) -> None:
    first = api("post", "/runs", None, 202)
    assert (first["state"], first["by_hand"]) == ("waiting", True)
    assert api("post", "/runs", None, 202)["id"] == first["id"], "the one that waits"
    assert AuditEntry.objects.filter(action="topics.run").exists()
    Run.objects.filter(pk=first["id"]).update(state="running", stage="reading", progress=7, total=9)
    newest, before = api.get("/runs")["results"]
    assert (newest["id"], newest["progress"], newest["total"]) == (first["id"], 7, 9)
    assert (before["state"], before["by_hand"]) == ("done", False)
    assert api.get()["run"]["id"] == before["id"], "the topics in force are still its own"


def test_vanished_ones_are_listed_when_asked_for(api: Api, found: Access) -> None:
    topic = Topic.objects.order_by("number")[0]
    Topic.objects.filter(pk=topic.pk).update(vanished_at=topic.found_at)
    assert topic.number not in {row["number"] for row in api.get()["results"]}
    rows = {row["number"]: row for row in api.get("?vanished=true")["results"]}
    assert len(rows) == 4 and rows[topic.number]["mark"] == "vanished"


def test_who_names_them(api: Api, access: Access) -> None:
    row = connect(access, NOWHERE)
    assert api("put", "/naming", {"connection": row.pk})["connection"] == row.pk
    assert Plan.objects.get().connection == row
    for wrong in ({"connection": 999_999}, {"connection": 0}, {"connection": "x"}, {}):
        api("put", "/naming", wrong, 400)
    assert api("put", "/naming", {"connection": None})["connection"] is None


def test_a_key_that_only_reads_changes_nothing(access: Access) -> None:
    api = Api(access, "read")
    api.get()
    api("post", "/runs", None, 403)
    api("put", "/naming", {"connection": None}, 403)
    api("patch", "/1", {"name": "a"}, 403)
    ingesting = Api(access, "ingest")
    ingesting.get("", 403)
    assert not Run.objects.exists() and not Plan.objects.exists()


@pytest.mark.django_db(transaction=True)  # the server closes its connections
def test_driven_by_its_description(api: Api, found: Access) -> None:
    number = Topic.objects.order_by("number")[0].number
    operations = fuzzing.operations("/api/v1/topics")
    assert len(operations) == 8
    places = {"number": number}
    assert fuzzing.driven(operations, api.key, examples=8, places=lambda _: places) == {}
