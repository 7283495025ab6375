"""Datasets by API: all that can be done, what comes out, and what is refused how."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.test import Client

from evals.datasets.models import Dataset, Item
from evals.datasets.services import tagging
from evals.review.services import working
from sightglass.accounts.access import Access
from sightglass.accounts.keys import create_key
from sightglass.accounts.models import Project
from tests.evals.datasets import making
from tests.evals.datasets.making import QUESTIONS
from tests.evals.review import desk
from traces.ids import span_hex, trace_hex

pytestmark = pytest.mark.django_db
ROOT = "/api/v1/datasets"


class Api:
    """Calls with a key."""

    def __init__(self, client: Client, key: str) -> None:
        self.client, self.headers = client, {"Authorization": f"Bearer {key}"}

    def __call__(self, method: str, path: str = "", body: Any = None) -> Any:
        return getattr(self.client, method)(
            ROOT + path, body, content_type="application/json", headers=self.headers
        )

    def get(self, path: str = "", **query: Any) -> Any:
        return self.client.get(ROOT + path, query, headers=self.headers)

    def add(self, *items: Any, **more: Any) -> Any:
        return self("post", "/answers/items", {"items": list(items)} | more)


def key_of(client: Client, project: Project, *scopes: str) -> Api:
    return Api(client, create_key(project=project, name="k", scopes=list(scopes))[1])


@pytest.fixture
def api(client: Client, project: Project) -> Api:
    return key_of(client, project, "read", "write")


def problem(response: Any, status: int) -> dict[str, str]:
    """By pointer, the details."""
    assert response.status_code == status, response.content
    assert response["Content-Type"] == "application/problem+json"
    return {one["pointer"]: one["detail"] for one in response.json().get("errors", [])}


def test_a_dataset_is_made_read_changed_and_archived(api: Api) -> None:
    given = {"slug": "tone", "name": "Tone", "schema": {"input": {"type": "string"}}}
    made = api("post", "", given)
    assert made.status_code == 201, made.content
    row = made.json()
    assert row["version"] == 0 and row["items"] == 0 and row["tags"] == {}
    assert row["schema"] == {"input": {"type": "string"}} and row["archived_at"] is None
    changed = api("patch", "/tone", {"description": "How it sounds", "schema": None}).json()
    assert (changed["name"], changed["description"], changed["schema"]) == (
        "Tone", "How it sounds", None
    )  # fmt: skip
    assert api.get("/tone").json() == changed and api.get().json()["results"] == [changed]
    assert api("delete", "/tone").status_code == 204
    assert api.get().json()["results"] == []
    assert [one["slug"] for one in api.get(archived="true").json()["results"]] == ["tone"]
    assert problem(api("patch", "/tone", {"name": "X"}), 409)[""] == "The dataset is archived."


def test_wrong_bodies_are_pointed_at(api: Api, dataset: Dataset) -> None:
    assert problem(api("post", "", {}), 400).keys() == {"/slug", "/name"}
    assert problem(api("post", "", {"slug": "A", "name": "x"}), 400).keys() == {"/slug"}
    assert problem(api("post", "", {"slug": "answers", "name": "x"}), 400).keys() == {"/slug"}
    assert problem(api("post", "", {"slug": "a", "name": "x", "nmae": 1}), 400).keys() == {"/nmae"}
    given = {"slug": "a", "name": "x", "schema": {"input": {"type": "x"}}}
    assert problem(api("post", "", given), 400).keys() == {"/schema/input"}
    assert problem(api.add(), 400).keys() == {"/items"}
    assert problem(api.add({"input": "x"}, personal_data="maybe"), 400).keys() == {"/personal_data"}
    assert problem(api.add({"inptu": "x"}, 5, {"input": "x", "id": 7}), 400).keys() == {
        "/items/0/inptu", "/items/0/input", "/items/1", "/items/2/id"
    }  # fmt: skip
    assert problem(api.add(*[{"input": "x"}] * 1_001), 400).keys() == {"/items"}
    assert problem(api.get("/answers/items", version="1", limit="0"), 400).keys() == {"/limit"}
    assert problem(api.get("/answers/items", cursor="x"), 400).keys() == {"/cursor"}
    assert problem(api.get("/answers/diff"), 400).keys() == {"/before"}
    assert problem(api.get("/answers/export", format="xlsx"), 400).keys() == {"/format"}
    assert making.fresh(dataset).version == 1


def test_items_are_added_once_by_their_ids(api: Api, dataset: Dataset) -> None:
    items: list[dict[str, Any]] = [
        {"id": "a", "input": "One of the two.", "expected": "Yes", "split": "test"},
        {"id": "b", "input": [{"role": "user", "content": "The other of them."}],
         "context": ["x"], "metadata": {"n": 1}, "user_id": "user-7"},
    ]  # fmt: skip
    added = api.add(*items, note="By script").json()
    assert (added["version"], added["numbers"], added["added"]) == (2, [4, 5], 2)
    again = api.add(*items).json()
    assert (again["version"], again["numbers"], again["unchanged"]) == (None, [4, 5], 2)
    other = api.add({"id": "a", "input": "Another content."})
    assert "another content" in problem(other, 409)[""]
    assert other.json()["errors"][0]["reason"] == "other-content"
    assert other.json()["errors"][0]["current"] == {"items": [{"item": 0, "id": "a", "number": 4}]}
    replaced = api.add({"id": "a", "input": "Another content."}, known="replace").json()
    assert (replaced["version"], replaced["replaced"]) == (3, 1)
    row = api.get("/answers/items/5").json()
    assert row["input"] == items[1]["input"] and row["version"] == 2
    assert row["origin"] == {
        "kind": "api", "trace_id": None, "span_id": None, "review_item": None, "expected_from": ""
    }  # fmt: skip
    assert "user_id" not in row  # it is kept to erase by
    assert Item.objects.get(number=5).user_id == "user-7"


def test_what_adding_would_find_is_told_before(api: Api, dataset: Dataset) -> None:
    given = {"items": [
        {"input": QUESTIONS[0] + " Please!"}, {"input": "I am jo@example.org, hello"},
        {"input": "Nothing to see here."},
    ]}  # fmt: skip
    [near, personal, plain] = api("post", "/answers/items/check", given).json()["results"]
    assert near["near_duplicates"][0]["number"] == 1
    assert near["near_duplicates"][0]["input"] == QUESTIONS[0]
    assert personal["personal_data"] == [
        {"kind": "email", "field": "input", "quote": "jo@example.org"}
    ]
    assert plain == {"errors": [], "personal_data": [], "near_duplicates": [], "known": ""}
    refused = api.add(*given["items"])
    assert refused.status_code == 409
    assert refused.json()["errors"][0]["current"] == {
        "found": [{"item": 1, "field": "input", "kind": "email"}]
    }
    done = api.add(*given["items"], personal_data="redact", near_duplicates="skip").json()
    assert (done["numbers"], done["skipped"], done["redacted"]) == ([None, 4, 5], 1, 1)


def test_items_are_changed_removed_and_erased(api: Api, dataset: Dataset) -> None:
    changed = api("patch", "/answers/items/1", {"expected": {"a": 1}, "version": 1, "note": "n"})
    assert changed.json()["version"]["number"] == 2
    assert problem(api("patch", "/answers/items/1", {"expected": 2, "version": 1}), 409)
    assert api("patch", "/answers/items/1", {"expected": {"a": 1}}).json() == {"version": None}
    assert problem(api("patch", "/answers/items/1", {"input": None}), 400)
    assert problem(api("patch", "/answers/items/1", {"id": "x"}), 400).keys() == {"/id"}
    assert api.get("/answers/items/1", version="1").json()["expected"] == "On its way."
    assert api("delete", "/answers/items/1").json()["version"]["removed"] == 1
    assert api.get("/answers/items/1").status_code == 404
    assert api.get("/answers/items/1", version="v2").status_code == 200
    gone = api("post", "/answers/items/remove", {"numbers": [2, 3, 9]}).json()
    assert gone["version"]["items"] == 0
    assert problem(api("post", "/answers/items/2/erase", {}), 400).keys() == {"/reason"}
    assert api("post", "/answers/items/2/erase", {"reason": "x"}).json() == {
        "dataset": "answers", "items": 1, "live": 0
    }  # fmt: skip
    row = api.get("/answers/items/2", version="1").json()
    assert row["input"] is None and row["erased_at"] and row["id"] == "erased-2"
    for method, path in (("patch", ""), ("delete", ""), ("post", "/erase")):
        assert api(method, f"/answers/items/99{path}", {}).status_code == 404


def test_items_and_differences_come_in_pages(api: Api, dataset: Dataset) -> None:
    api.add({"input": "Größe?", "split": "test"})
    first = api.get("/answers/items", limit="3").json()
    assert first["version"] == 2 and [one["number"] for one in first["results"]] == [1, 2, 3]
    rest = api.get("/answers/items", limit="3", cursor=first["next"]).json()
    assert [one["number"] for one in rest["results"]] == [4] and rest["next"] is None
    assert len(api.get("/answers/items", split="test").json()["results"]) == 1
    assert len(api.get("/answers/items", split="").json()["results"]) == 3
    assert len(api.get("/answers/items", text="GRÖSSE").json()["results"]) == 0
    assert len(api.get("/answers/items", text="größe").json()["results"]) == 1
    diff = api.get("/answers/diff", before="1").json()
    assert (diff["before"], diff["after"]) == (1, 2)
    assert [(one["number"], one["kind"], one["before"]) for one in diff["results"]] == [
        (4, "added", None)
    ]
    assert api.get("/answers/diff", before="9").status_code == 404
    versions = api.get("/answers/versions", limit="1").json()
    assert versions["results"][0]["number"] == 2 and versions["next"]
    log = api.get("/answers/log").json()["results"]
    assert [(one["action"], one["version"]) for one in log] == [
        ("added", 2), ("added", 1), ("created", None)
    ]  # fmt: skip
    assert log[0]["author"].startswith("key ")


def test_tags_are_put_moved_and_read_by(api: Api, dataset: Dataset) -> None:
    assert api("put", "/answers/tags/golden", {"version": 1}).json()["version"] == 1
    api.add({"input": "A new one of which nobody knows."})
    assert len(api.get("/answers/items", version="golden").json()["results"]) == 3
    assert api("put", "/answers/tags/golden", {"version": 2}).json()["version"] == 2
    assert api.get("/answers").json()["tags"] == {"golden": 2}
    assert problem(api("put", "/answers/tags/golden", {"version": 9}), 400).keys() == {"/version"}
    assert problem(api("put", "/answers/tags/latest", {"version": 1}), 400).keys() == {"/name"}
    assert [one["name"] for one in api.get("/answers/tags").json()["results"]] == ["golden"]
    assert api("delete", "/answers/tags/golden").status_code == 204
    assert api("delete", "/answers/tags/golden").status_code == 404
    assert api.get("/answers/items", version="golden").status_code == 404


def test_traces_and_reviews_become_items(api: Api, access: Access, dataset: Dataset) -> None:
    [trace, other] = desk.send(access, 2)
    body = {"items": [
        {"trace_id": trace_hex(trace)},
        {"trace_id": trace_hex(other), "span_id": span_hex(desk.SPAN_ID)},
        {"trace_id": "0" * 31 + "1"},
    ], "split": "dev"}  # fmt: skip
    done = api("post", "/answers/from-traces", body).json()
    assert (done["version"], done["added"]) == (2, 2)
    assert done["unknown"] == [{"trace_id": "0" * 31 + "1", "span_id": None}]
    row = api.get("/answers/items/5").json()
    assert row["origin"]["span_id"] == span_hex(desk.SPAN_ID) and row["split"] == "dev"
    nothing = api("post", "/answers/from-traces", {"items": body["items"][2:]}).json()
    assert (nothing["version"], nothing["numbers"]) == (None, [])
    queue = desk.queue(access, "tone")
    [item] = desk.fill(access, queue)
    none = api("post", "/answers/from-queue", {"queue": "tone"}).json()
    assert (none["added"], none["last"]) == (0, None)
    working.submit(access, item, desk.GOOD)
    settled = api("post", "/answers/from-queue", {"queue": "tone"}).json()
    assert (settled["added"], settled["last"]) == (1, item.pk)
    row = api.get("/answers/items/6").json()
    assert row["expected"] is None and row["metadata"]["labels"] == {"helpful": True, "tone": 4}
    assert row["origin"]["review_item"] == item.pk
    asked = {"queue": "tone", "right_if": {"question": "helpful", "answer": True}}
    assert api("post", "/answers/from-queue", asked).json()["added"] == 1
    right = api.get("/answers/items/7").json()
    assert (right["expected"], right["origin"]["expected_from"]) == ("On its way.", "right")
    for wrong in ({"expected": "right"}, asked | {"expected": "answer"}):
        refused = api("post", "/answers/from-queue", {"queue": "tone"} | wrong)
        assert problem(refused, 400).keys() == {"/right_if"}
    after = api("post", "/answers/from-queue", {"queue": "tone", "after": item.pk}).json()
    assert after["added"] == 0
    assert api("post", "/answers/from-queue", {"queue": "nope"}).status_code == 404
    assert problem(api("post", "/answers/from-traces", {"items": [{"trace_id": "x"}]}), 400)


@pytest.mark.parametrize(
    "form", ["jsonl", "csv", "parquet", "openai-chat", "openai-evals", "ragas"]
)
def test_versions_are_exported(api: Api, dataset: Dataset, form: str) -> None:
    response = api.get("/answers/export", format=form, version="1")
    body = b"".join(response.streaming_content)
    assert response.status_code == 200 and body
    named = {
        "jsonl": "jsonl", "csv": "csv", "parquet": "parquet",
        "openai-chat": "openai-chat.jsonl", "openai-evals": "openai-evals.jsonl",
        "ragas": "ragas.jsonl",
    }[form]  # fmt: skip
    assert response["Content-Disposition"] == f'attachment; filename="answers-v1.{named}"'
    if form == "jsonl":
        assert [json.loads(line)["number"] for line in body.splitlines()] == [1, 2, 3]


def test_a_persons_data_is_erased_by_who_may(
    api: Api, client: Client, project: Project, dataset: Dataset
) -> None:
    api.add({"input": "Marmalade", "user_id": "user-7"})
    assert api("post", "/erase", {"user_id": "user-7", "reason": "x"}).status_code == 403
    admin = key_of(client, project, "admin")
    assert admin("post", "/erase", {"user_id": "user-7", "dry_run": True}).json() == {
        "erased": False, "results": [{"dataset": "answers", "items": 1, "live": 1}]
    }  # fmt: skip
    assert problem(admin("post", "/erase", {"user_id": "user-7"}), 400).keys() == {"/reason"}
    assert problem(admin("post", "/erase", {"reason": "x"}), 400).keys() == {""}
    done = admin("post", "/erase", {"user_id": "user-7", "reason": "Ticket 12"}).json()
    assert done["erased"] is True and done["results"][0]["items"] == 1
    assert api.get("/answers/items", version="2").json()["results"][3]["input"] is None


def test_a_key_does_no_more_than_its_scopes(
    client: Client, project: Project, dataset: Dataset
) -> None:
    reader = key_of(client, project, "read")
    for path in ("", "/answers", "/answers/items", "/answers/items/1", "/answers/versions",
                 "/answers/log", "/answers/tags", "/answers/export"):  # fmt: skip
        assert reader.get(path).status_code == 200, path
    assert reader("post", "/answers/items/check", {"items": [{"input": "x"}]}).status_code == 200
    for method, path in (
        ("post", ""), ("patch", "/answers"), ("delete", "/answers"), ("post", "/answers/items"),
        ("patch", "/answers/items/1"), ("delete", "/answers/items/1"), ("put", "/answers/tags/x"),
        ("delete", "/answers/tags/x"), ("post", "/answers/from-traces"), ("post", "/erase"),
        ("post", "/answers/from-queue"), ("post", "/answers/items/1/erase"),
        ("post", "/answers/items/remove"),
    ):  # fmt: skip
        assert reader(method, path, {}).status_code == 403, (method, path)


def test_hostile_text_comes_back_as_it_went_in(api: Api, dataset: Dataset) -> None:
    text = "<script>\u202e'; DROP TABLE x; --\U0001f4a9" + "{{ 7*7 }} %s %(x)s \\u0000"
    api.add({"id": text[:8], "input": text, "expected": {text: [text]}, "metadata": {text: text}})
    row = api.get("/answers/items/4").json()
    assert (row["input"], row["expected"], row["metadata"]) == (text, {text: [text]}, {text: text})
    assert [
        one["number"] for one in api.get("/answers/items", text=text[:30]).json()["results"]
    ] == [4]
    refused = problem(api.add({"input": "a\0b"}), 400)
    assert refused.keys() == {"/items/0/input"}


def test_tags_of_other_versions_survive_an_edit(api: Api, access: Access, dataset: Dataset) -> None:
    tagging.put(access, dataset, "golden", 1)
    before = api.get("/answers/items", version="golden").json()["results"]
    api("patch", "/answers/items/1", {"input": "Something else altogether."})
    api("delete", "/answers/items/2")
    assert api.get("/answers/items", version="golden").json()["results"] == before
