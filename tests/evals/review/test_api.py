"""Review by API: who acts, what comes out, and what is refused how."""

from __future__ import annotations

import csv
import io
import json
from typing import Any

import pytest
from django.test import Client

from evals.review.models import Item, Label, Queue
from evals.review.services import adjudicating, working
from sightglass.accounts.access import Access
from sightglass.accounts.keys import create_key
from sightglass.accounts.models import AuditEntry, Project, Role
from tests.evals.review import desk
from traces.ids import span_hex, trace_hex

pytestmark = pytest.mark.django_db
QUEUES = "/api/v1/review/queues"


class Api:
    """Calls with a key, perhaps for somebody."""

    def __init__(self, client: Client, key: str, reviewer: str | None = None) -> None:
        self.client, self.headers = client, {"Authorization": f"Bearer {key}"}
        if reviewer:
            self.headers["Sightglass-Reviewer"] = reviewer

    def __call__(self, method: str, path: str = "", body: Any = None) -> Any:
        return getattr(self.client, method)(
            QUEUES + path, body, content_type="application/json", headers=self.headers
        )

    def get(self, path: str = "", **query: str) -> Any:
        return self.client.get(QUEUES + path, query, headers=self.headers)

    def by(self, name: str) -> Api:
        """The same key, for another person."""
        key = self.headers["Authorization"].removeprefix("Bearer ")
        return Api(self.client, key, f"{name}@example.org")


@pytest.fixture
def api(client: Client, project: Project, access: Access) -> Api:
    """The owner's own key, with every scope."""
    scopes = ["read", "write", "admin"]
    _, secret = create_key(
        project=project, name="mine", scopes=scopes, created_by=desk.user_of(access)
    )
    return Api(client, secret)


@pytest.fixture
def as_ann(api: Api, ann: Access) -> Api:
    return api.by("ann")


def key_of(client: Client, access: Access, *scopes: str) -> Api:
    """A key that this person made."""
    _, secret = create_key(
        project=access.project, name="own", scopes=list(scopes), created_by=access.user
    )
    return Api(client, secret)


def problem(response: Any, status: int) -> dict[str, str]:
    """By pointer, the details."""
    assert response.status_code == status, response.content
    assert response["Content-Type"] == "application/problem+json"
    return {one["pointer"]: one["detail"] for one in response.json().get("errors", [])}


GIVEN: dict[str, Any] = {
    "slug": "tone", "name": "Tone", "questions": desk.RUBRIC, "labels_wanted": 2,
    "guidelines": "*Be kind.*", "order": "random", "goal_hours": 24,
}  # fmt: skip


def test_a_queue_is_made_read_changed_and_archived(api: Api, ann: Access) -> None:
    made = api("post", "", GIVEN | {"reviewers": {"Ann@Example.org": "lead"}})
    assert made.status_code == 201, made.json()
    row = made.json()
    assert (row["slug"], row["labels_wanted"], row["blind"]) == ("tone", 2, True)
    assert row["rubric"]["version"] == 1 and len(row["rubric"]["questions"]) == 4
    assert row["reviewers"] == {"ann@example.org": "lead"}
    assert row["items"] == {"total": 0, "states": {}, "overdue": 0, "flagged": 0}
    changed = api("patch", "/tone", {"questions": [desk.HELPFUL], "goal_hours": None}).json()
    assert (changed["rubric"]["version"], changed["goal_hours"]) == (2, None)
    assert changed["guidelines"] == "*Be kind.*" and changed["reviewers"]
    assert api.get("/tone").json() == changed
    assert [one["slug"] for one in api.get().json()["results"]] == ["tone"]
    assert api("delete", "/tone").status_code == 204
    assert api.get().json()["results"] == []
    assert [one["slug"] for one in api.get(archived="true").json()["results"]] == ["tone"]


def test_a_change_that_came_first_is_not_reverted(api: Api, access: Access, queue: Queue) -> None:
    seen = api("get", "/answers").json()
    assert seen["version"] == 1 and seen["show_marks"] is True
    changed = api("patch", "/answers", {"goal_hours": 5, "version": 1}).json()
    assert (changed["goal_hours"], changed["version"]) == (5, 2)
    late = api("patch", "/answers", {"name": "Late", "version": 1})
    assert late.status_code == 409
    assert late.json()["errors"][0] | {"detail": ""} == {
        "pointer": "", "detail": "", "reason": "changed", "current": {"version": 2},
    }  # fmt: skip
    assert api("patch", "/answers", {"name": "Anyway"}).json()["goal_hours"] == 5
    assert api("patch", "/answers", {"show_marks": False, "version": 3}).json()["version"] == 4
    assert api("patch", "/answers", {"version": 4}).json()["version"] == 4, "nothing was changed"
    problem(api("post", "", {"slug": "x", "name": "X", "questions": [], "version": 1}), 400)


def test_an_archived_queue_is_taken_back(api: Api, as_ann: Api, queue: Queue) -> None:
    assert api("delete", "/answers").status_code == 204
    assert as_ann("post", "/answers/restore").status_code == 403
    assert api("post", "/answers/restore").json()["archived_at"] is None
    assert api("post", "/answers/restore").status_code == 200, "again changes nothing"
    assert AuditEntry.objects.filter(action="review.queue_restored").count() == 1


def test_wrong_bodies_are_pointed_at(api: Api) -> None:
    assert problem(api("post", "", {}), 400).keys() == {"/slug", "/name", "/questions"}
    assert problem(api("post", "", GIVEN | {"lables_wanted": 2}), 400) == {
        "/lables_wanted": "There is no such field."
    }
    assert problem(api("post", "", GIVEN | {"labels_wanted": 9}), 400).keys() == {"/labels_wanted"}
    given = GIVEN | {"questions": [desk.HELPFUL | {"kind": "x"}]}
    assert problem(api("post", "", given), 400).keys() == {"/questions/0/kind"}
    assert problem(api("post", "", GIVEN | {"slug": "Big"}), 400).keys() == {"/slug"}
    assert problem(api("post", "", GIVEN | {"order": "disagree"}), 400).keys() == {"/order_score"}
    assert problem(api.get("", archived="maybe"), 400).keys() == {"/archived"}
    assert not Queue.objects.exists()


def test_items_are_put_in_by_id(api: Api, access: Access, queue: Queue) -> None:
    [trace] = desk.send(access)
    place = {"trace_id": trace_hex(trace)}
    span = place | {"span_id": span_hex(desk.SPAN_ID)}
    gone = {"trace_id": "0" * 31 + "1", "span_id": None}
    added = api("post", "/answers/items", {"items": [place, span, gone]})
    assert added.status_code == 201
    body = added.json()
    assert (len(body["ids"]), body["duplicates"], body["unknown"]) == (2, 0, [gone])
    again = api("post", "/answers/items", {"items": [place]}).json()
    assert (again["ids"], again["duplicates"]) == ([], 1)
    rows = api.get("/answers/items").json()["results"]
    assert {(row["span_id"], row["origin"]) for row in rows} == {
        (None, "api"), (span_hex(desk.SPAN_ID), "api"),
    }  # fmt: skip


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({}, "/items"),
        ({"items": []}, "/items"),
        ({"items": [{"trace_id": "x"}]}, "/items/0/trace_id"),
        ({"items": [{"trace_id": "0" * 32, "span": "1"}]}, "/items/0/span"),
    ],
)
def test_wrong_items_are_pointed_at(
    api: Api, queue: Queue, body: dict[str, Any], pointer: str
) -> None:
    assert list(problem(api("post", "/answers/items", body), 400)) == [pointer]


def test_items_are_listed_by_page(api: Api, access: Access, queue: Queue, ann: Access) -> None:
    made = desk.fill(access, queue, 3)
    working.submit(ann, made[0], desk.GOOD)
    first = api.get("/answers/items", limit="2").json()
    rest = api.get("/answers/items", limit="2", cursor=first["next"]).json()
    ids = [row["id"] for row in [*first["results"], *rest["results"]]]
    assert sorted(ids) == sorted(item.pk for item in made) and rest["next"] is None
    [settled] = api.get("/answers/items", state="settled").json()["results"]
    assert settled["settled_answers"] == desk.GOOD
    for wrong in ({"state": "x"}, {"limit": "0"}, {"cursor": "x"}, {"flagged": "1"}):
        assert list(problem(api.get("/answers/items", **wrong), 400)) == [f"/{next(iter(wrong))}"]


def test_the_way_of_a_reviewer(as_ann: Api, item: Item) -> None:
    got = as_ann("post", "/answers/next", {}).json()["item"]
    assert got["id"] == item.pk and got["mine"]["claimed_until"] is not None
    assert got["content"]["trace"]["trace_id"] == trace_hex(item.trace_id)
    [span] = got["content"]["spans"]
    assert span["output_messages"][0]["content"] == "On its way."
    path = f"/answers/items/{item.pk}"
    draft = as_ann("put", f"{path}/draft", {"answers": {"tone": 9}})
    assert draft.json()["answers"] == {"tone": 9}
    assert as_ann.get(path).json()["mine"]["draft"]["answers"] == {"tone": 9}
    wrong = as_ann("post", f"{path}/submit", {"answers": {"tone": 9}})
    assert problem(wrong, 400).keys() == {"/answers/helpful", "/answers/tone"}
    body = {"answers": desk.GOOD, "rubric": 1, "seconds": 2.5}
    done = as_ann("post", f"{path}/submit", body)
    assert done.status_code == 200, done.json()
    assert done.json()["item"]["state"] == "settled"
    assert done.json()["mine"]["label"]["answers"] == desk.GOOD
    assert as_ann("post", f"{path}/submit", body).json() == done.json()
    assert as_ann("post", "/answers/next", {}).json() == {"item": None}
    told = as_ann.get("/answers/progress").json()
    assert (told["labelled"], told["today"], told["median_seconds"]) == (1, 1, 2.5)
    undone = as_ann("post", f"{path}/undo").json()
    assert (undone["item"]["state"], undone["mine"]["label"]) == ("open", None)
    assert undone["mine"]["draft"]["answers"] == desk.GOOD
    assert Label.objects.get().reviewer_label == "ann@example.org"


def test_a_conflict_says_what_is_there(as_ann: Api, api: Api, bob: Access, item: Item) -> None:
    path = f"/answers/items/{item.pk}/submit"
    first = as_ann("post", path, {"answers": desk.GOOD}).json()["mine"]["label"]
    refused = as_ann("post", path, {"answers": desk.BAD})
    problem(refused, 409)
    [error] = refused.json()["errors"]
    assert error["reason"] == "labelled"
    assert error["current"]["label"] == {"id": first["id"], "answers": desk.GOOD}
    changed = as_ann("post", path, {"answers": desk.BAD, "replaces": first["id"]})
    assert changed.json()["mine"]["label"]["answers"] == desk.BAD
    late = api.by("bob")("post", path, {"answers": desk.GOOD})
    assert late.status_code == 409 and late.json()["errors"][0]["reason"] == "complete"


def test_claiming_skipping_flagging(as_ann: Api, api: Api, item: Item) -> None:
    path = f"/answers/items/{item.pk}"
    assert as_ann("post", f"{path}/claim").json()["mine"]["claimed_until"] is not None
    assert as_ann("delete", f"{path}/claim").status_code == 204
    assert problem(as_ann("post", f"{path}/skip", {}), 400).keys() == {"/reason"}
    skipped = as_ann("post", f"{path}/skip", {"reason": "Not my language"}).json()
    assert skipped["mine"]["skipped"] == "Not my language"
    assert as_ann("delete", f"{path}/skip").status_code == 204
    assert as_ann("post", f"{path}/flag", {"reason": "Ours?"}).json()["item"]["flagged"] is True
    assert as_ann("delete", f"{path}/flag").status_code == 403
    [flagged] = api.get("/answers/items", flagged="true").json()["results"]
    assert flagged["id"] == item.pk
    assert api.get(path).json()["flags"][0]["reason"] == "Ours?"
    assert api("delete", f"{path}/flag").status_code == 204
    assert api.get(path).json()["flagged"] is False


def test_comments(as_ann: Api, bob: Access, item: Item, api: Api) -> None:
    path = f"/answers/items/{item.pk}/comments"
    made = as_ann("post", path, {"text": "See?", "mentions": ["bob@example.org"]})
    assert made.status_code == 201 and made.json()["author"] == "ann@example.org"
    refused = as_ann("post", path, {"text": "See?", "mentions": ["sid@example.org"]})
    assert problem(refused, 400).keys() == {"/mentions/0"}
    [seen] = as_ann.get(path).json()["results"]
    assert seen["text"] == "See?"
    as_bob = api.by("bob")
    for asked in (
        as_bob.get("/answers/progress").json()["mentions"],
        as_bob.get(path).json()["results"],
    ):
        assert (asked[0]["author"], asked[0]["text"]) == ("ann@example.org", None)
    working.submit(bob, item, desk.GOOD)
    assert as_bob.get("/answers/progress").json()["mentions"][0]["text"] == "See?"


def test_a_lead_adjudicates(
    api: Api, as_ann: Api, access: Access, ann: Access, bob: Access
) -> None:
    queue = desk.queue(access, "two", labels_wanted=2)
    [item] = desk.fill(access, queue)
    working.submit(ann, item, desk.GOOD)
    working.submit(bob, item, desk.BAD)
    path = f"/two/items/{item.pk}"
    whole = api.get(path).json()
    assert whole["state"] == "disputed" and len(whole["given"]) == 2
    body = {"answers": desk.BAD, "version": whole["version"]}
    assert as_ann("post", f"{path}/adjudicate", body).status_code == 403
    stale = api("post", f"{path}/adjudicate", body | {"version": 0})
    assert stale.status_code == 409 and stale.json()["errors"][0]["reason"] == "changed"
    settled = api("post", f"{path}/adjudicate", body).json()["item"]
    assert (settled["state"], settled["settled_answers"]) == ("settled", desk.BAD)
    assert desk.scores_of(item)["why"] == "rude"
    undone = as_ann("post", f"{path}/undo")
    assert undone.json()["errors"][0]["reason"] == "adjudicated"
    assert api("delete", f"{path}/adjudicate").json()["item"]["state"] == "disputed"
    assert api("delete", path).status_code == 204
    assert api.get(path).json()["state"] == "withdrawn"


def test_gold_is_hidden_from_reviewers(api: Api, as_ann: Api, item: Item) -> None:
    path = f"/answers/items/{item.pk}"
    set_ = api("put", f"{path}/gold", {"answers": desk.GOOD})
    assert set_.json()["item"]["gold"] == desk.GOOD
    assert as_ann("put", f"{path}/gold", {"answers": None}).status_code == 403
    shown = as_ann.get(path).json()
    hidden = {"gold", "origin", "probability", "stratum", "labels", "version", "settled_answers"}
    assert not hidden & shown.keys()
    assert as_ann.get("/answers").json()["gold_share"] is None
    as_ann("post", f"{path}/submit", {"answers": desk.BAD})
    body = api.get("/answers/agreement").json()
    [gold] = body["gold"]
    assert (gold["reviewer"], gold["items"]) == ("ann@example.org", 1)
    assert gold["questions"]["helpful"]["value"] == 0.0
    assert gold["questions"]["helpful"]["high"] > 0.5


def test_agreement(api: Api, as_ann: Api, access: Access, ann: Access, bob: Access) -> None:
    queue = desk.queue(access, "two", labels_wanted=2)
    for n, item in enumerate(desk.fill(access, queue, 6)):
        working.submit(ann, item, desk.GOOD if n % 2 else desk.BAD)
        working.submit(bob, item, desk.GOOD if n % 2 or n == 0 else desk.BAD)
    assert as_ann.get("/two/agreement").status_code == 403
    body = api.get("/two/agreement").json()
    assert [one["question"] for one in body["questions"]] == ["helpful", "tone", "why"]
    helpful = body["questions"][0]
    [pair] = helpful["pairs"]
    assert pair["reviewers"] == ["ann@example.org", "bob@example.org"]
    assert pair["observed"]["value"] == pytest.approx(5 / 6)
    assert pair["kappa"]["value"] == pytest.approx(2 / 3)
    assert helpful["alpha"]["low"] <= helpful["alpha"]["value"] <= helpful["alpha"]["high"]
    assert {one["reviewer"] for one in helpful["reviewers"]} == set(pair["reviewers"])
    json.dumps(body, allow_nan=False)


def test_labels_are_exported_and_cells_do_nothing(
    api: Api, as_ann: Api, access: Access, ann: Access
) -> None:
    queue = desk.queue(access, "notes", questions=[desk.NOTE, desk.TONE])
    evil = '=HYPERLINK("http://evil")'
    for item in desk.fill(access, queue, 3):
        working.submit(ann, item, {"tone": 4, "note": evil})
    assert as_ann.get("/notes/labels").status_code == 403
    page = api.get("/notes/labels", limit="2").json()
    assert len(page["results"]) == 2 and page["next"]
    assert page["results"][0]["answers"] == {"note": evil, "tone": 4}
    lines = api.get("/notes/labels", format="jsonl")
    assert lines["Content-Disposition"] == 'attachment; filename="labels-notes.jsonl"'
    rows = [json.loads(line) for line in b"".join(lines.streaming_content).splitlines()]
    assert len(rows) == 3 and {row["reviewer"] for row in rows} == {"ann@example.org"}
    sheet = b"".join(api.get("/notes/labels", format="csv").streaming_content).decode()
    cells = list(csv.DictReader(io.StringIO(sheet)))
    assert len(cells) == 3
    assert cells[0]["answers.note"] == "'" + evil and cells[0]["answers.tone"] == "4"
    assert list(problem(api.get("/notes/labels", format="xml"), 400)) == ["/format"]


def test_rules_by_api(api: Api, as_ann: Api, queue: Queue) -> None:
    body = {"kind": "rule", "q": "kind:llm", "rate": 0.5, "since": "2026-01-01T00:00:00Z"}
    made = api("post", "/answers/rules", body)
    assert made.status_code == 201, made.json()
    assert (made.json()["rate"], made.json()["active"]) == (0.5, True)
    assert problem(api("post", "/answers/rules", body | {"since": "soon"}), 400).keys() == {
        "/since"
    }
    assert problem(api("post", "/answers/rules", {"kind": "quota"}), 400).keys() == {"/per_day"}
    assert problem(api("post", "/answers/rules", {"kind": "rule", "q": "x:y"}), 400).keys() == {
        "/q"
    }
    assert as_ann.get("/answers/rules").status_code == 403
    assert api("delete", f"/answers/rules/{made.json()['id']}").status_code == 204
    [row] = api.get("/answers/rules").json()["results"]
    assert row["active"] is False
    assert api("delete", "/answers/rules/999999").status_code == 404


def test_a_key_acts_for_who_made_it(client: Client, access: Access, queue: Queue, item: Item,
                                    project: Project) -> None:  # fmt: skip
    engineer = desk.person(project, "eve", Role.ENGINEER)
    own = key_of(client, engineer, "write")
    assert own("post", "/answers/next", {}).json()["item"]["id"] == item.pk
    own("post", f"/answers/items/{item.pk}/submit", {"answers": desk.GOOD})
    entry = AuditEntry.objects.get(action="review.label_given")
    assert entry.actor == engineer.user
    assert entry.after == desk.GOOD | {"by key": "own"}


def test_only_an_admin_key_acts_for_others(client: Client, project: Project, ann: Access,
                                           item: Item) -> None:  # fmt: skip
    engineer = desk.person(project, "eve", Role.ENGINEER)
    own = key_of(client, engineer, "write").by("ann")
    assert own("post", "/answers/next", {}).status_code == 403
    assert own.by("eve")("post", "/answers/next", {}).status_code == 200


def test_nobody_in_particular_labels_nothing(client: Client, project: Project, item: Item) -> None:
    _, secret = create_key(project=project, name="nobody's", scopes=["read", "write"])
    nobody = Api(client, secret)
    assert nobody("post", "/answers/next", {}).status_code == 403
    path = f"/answers/items/{item.pk}"
    assert nobody("post", f"{path}/submit", {"answers": desk.GOOD}).status_code == 403
    assert nobody.get(path).status_code == 200


@pytest.mark.parametrize("name", ["who@example.org", "", "x" * 400, "sid@example.org"])
def test_who_is_no_member_cannot_be_named(
    api: Api, other_project: Project, item: Item, name: str
) -> None:
    desk.person(other_project, "sid", Role.OWNER)
    api.headers["Sightglass-Reviewer"] = name
    assert problem(api("post", "/answers/next", {}), 400).keys() == {"/Sightglass-Reviewer"}


def test_a_viewer_cannot_label(api: Api, viewer: Access, item: Item) -> None:
    vic, path = api.by("vic"), f"/answers/items/{item.pk}"
    answers = {"answers": desk.GOOD}
    for method, where, body in (
        ("post", "/answers/next", {}),
        ("post", f"{path}/claim", None),
        ("put", f"{path}/draft", answers),
        ("post", f"{path}/submit", answers),
        ("post", f"{path}/undo", None),
        ("post", f"{path}/skip", {"reason": "x"}),
        ("post", f"{path}/flag", {"reason": "x"}),
        ("post", f"{path}/comments", {"text": "x"}),
        ("post", f"{path}/adjudicate", answers),
        ("put", f"{path}/gold", answers),
        ("delete", path, None),
    ):
        assert vic(method, where, body).status_code == 403, where
    assert desk.fresh(item).version == 0 and not item.drafts.exists()


def test_a_reviewer_sees_only_their_queues(api: Api, as_ann: Api, access: Access, ann: Access,
                                           bob: Access) -> None:  # fmt: skip
    theirs = desk.queue(access, "bobs", reviewers={"bob@example.org": "reviewer"})
    [item] = desk.fill(access, theirs)
    desk.queue(access, "open")
    assert [one["slug"] for one in as_ann.get().json()["results"]] == ["open"]
    for path in ("/bobs", "/bobs/items", f"/bobs/items/{item.pk}", "/bobs/labels",
                 "/bobs/agreement", "/bobs/progress"):  # fmt: skip
        assert as_ann.get(path).status_code == 404, path
    assert as_ann("post", "/bobs/next", {}).status_code == 404
    assert as_ann.get(f"/open/items/{item.pk}").status_code == 404
    assert api.by("bob").get(f"/bobs/items/{item.pk}").status_code == 200


def test_a_reviewer_changes_no_queue(as_ann: Api, item: Item) -> None:
    assert as_ann("post", "", GIVEN).status_code == 403
    assert as_ann("patch", "/answers", {"name": "Mine"}).status_code == 403
    assert as_ann("delete", "/answers").status_code == 403
    place = {"items": [{"trace_id": trace_hex(item.trace_id)}]}
    assert as_ann("post", "/answers/items", place).status_code == 403
    assert as_ann("post", "/answers/rules", {"kind": "rule"}).status_code == 403


def test_others_labels_are_not_shown_before_ones_own(
    api: Api, as_ann: Api, access: Access, ann: Access, bob: Access
) -> None:
    queue = desk.queue(access, "two", labels_wanted=2)
    [item] = desk.fill(access, queue)
    working.submit(bob, item, desk.BAD)
    shown = as_ann("post", "/two/next", {}).json()["item"]
    assert shown["given"] == [] and shown["state"] == "open"
    adjudicating.settle(access, desk.fresh(item), desk.BAD)
    shown = as_ann.get(f"/two/items/{item.pk}").json()
    assert shown["given"] == [] and shown["content"]["scores"] == []
    assert shown["content"]["trace"]["scores"] == {}
    assert api.get(f"/two/items/{item.pk}").json()["content"]["trace"]["scores"] == desk.BAD


def test_another_queue_does_not_lead_to_an_item(api: Api, access: Access, item: Item) -> None:
    desk.queue(access, "other")
    assert api.get(f"/other/items/{item.pk}").status_code == 404
    assert api("delete", f"/other/items/{item.pk}").status_code == 404
