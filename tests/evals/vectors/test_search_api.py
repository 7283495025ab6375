"""Search and what is similar over HTTP."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from evals.providers.errors import Unavailable
from evals.vectors.selectors import searching
from evals.vectors.selectors.searching import LONGEST
from sightglass.accounts.access import Access
from sightglass.accounts.keys import create_key
from sightglass.accounts.models import Project
from tests import fuzzing
from tests.evals.truth.labelled import SPAN
from tests.evals.vectors.speaking import NOW, SAID, say
from tests.traces.sending import SECOND

pytestmark = pytest.mark.django_db
SEARCH = "/api/v1/search"


class Api:
    def __init__(self, access: Access, *scopes: str) -> None:
        _, key = create_key(project=access.project, name="k", scopes=list(scopes))
        self.client, self.headers = Client(), {"Authorization": f"Bearer {key}"}

    def get(self, path: str, status: int = 200, **query: Any) -> Any:
        response = self.client.get(path, query, headers=self.headers)
        assert response.status_code == status, response.content
        if status >= 400:
            assert response["Content-Type"] == "application/problem+json"
        return response.json()


@pytest.fixture
def api(access: Access) -> Api:
    return Api(access, "read")


def like(trace_id: Any, span: bytes = SPAN) -> str:
    return f"/api/v1/spans/{trace_id.hex}/{span.hex()}/similar"


ADDED = ("rank", "similarity", "matched", "repeats", "weak", "asked")


def test_rows_are_those_of_spans_with_a_similarity(api: Api, access: Access) -> None:
    ids = say(access, SAID)
    rows = api.get(SEARCH, text="I would like to be refunded", by="meaning")["results"]
    assert {row["trace_id"] for row in rows[:2]} == {ids[0].hex, ids[1].hex}
    plain = {row["trace_id"]: row for row in api.get("/api/v1/spans")["results"]}
    for rank, row in enumerate(rows, 1):
        more = {name: row.pop(name) for name in ADDED}
        assert more["rank"] == rank and -1 <= more["similarity"] <= 1 and more["repeats"] == 0
        assert more["matched"] in (["input"], ["output"])
        assert more["asked"] == row["input_preview"] and more["weak"] == (
            more["similarity"] <= 0.35
        )
        assert row == plain[row["trace_id"]]


def test_by_words_and_by_both(api: Api, access: Access) -> None:
    say(access, SAID)
    rows = api.get(SEARCH, text="tent", by="words")["results"]
    assert [row["matched"] for row in rows] == [["words"]] * 2
    assert [row["similarity"] for row in rows] == [None, None]
    usual = api.get(SEARCH, text="tent")["results"]
    assert usual == api.get(SEARCH, text="tent", by="both")["results"]
    assert len(usual) == 5 and all("words" in row["matched"] for row in usual[:2])


def test_filters_range_and_limit(api: Api, access: Access) -> None:
    say(access, SAID, user__id="ann")
    say(access, SAID, NOW - 60 * SECOND, user__id="bob")
    for by in ("words", "meaning", "both"):
        found = api.get(SEARCH, text="refund", by=by, q="user:ann", limit=1)["results"]
        assert [row["user_id"] for row in found] == ["ann"]
        late = api.get(SEARCH, text="refund", by=by, start=NOW - 600 * SECOND)["results"]
        assert {row["user_id"] for row in late} == {"bob"}
        assert api.get(SEARCH, text="refund", by=by, end=5)["results"] == []


def test_what_is_similar(api: Api, access: Access) -> None:
    ids = say(access, [SAID[0], SAID[0], *SAID[1:]])
    found = api.get(like(ids[0]))
    assert found["same"] == 1 and found["results"][0]["input_preview"] == SAID[1][0]
    assert found["results"][0]["matched"] == ["input"]
    by_answer = api.get(like(ids[3]), field="output", limit=1)["results"]
    assert [row["output_preview"] for row in by_answer] == ["The Birch is made for snow."]
    assert api.get(like(ids[0]), q="user:nobody") == {"results": [], "same": 0}


def test_what_has_no_vector_and_what_is_not_there(
    api: Api, access: Access, other_project: Project
) -> None:
    [one] = say(access, SAID[:1], embedded=False)
    assert api.get(like(one), 409)["title"] == "No vector"
    api.get(like(one, b"\x07" * 8), 404)
    api.get("/api/v1/spans/x/y/similar", 404)
    [other] = say(Access(other_project, access.permissions, user=access.user), SAID[:1])
    api.get(like(other), 404)


def test_bad_parameters_are_named(api: Api, access: Access) -> None:
    [one, *_] = say(access, SAID)
    wrong: list[tuple[str, dict[str, Any]]] = [
        ("text", {}),
        ("text", {"text": "  "}),
        ("text", {"text": "\x00"}),
        ("text", {"text": "a" * (LONGEST + 1)}),
        ("by", {"text": "a", "by": "magic"}),
        ("by", {"text": "a", "by": ""}),
        ("q", {"text": "a", "q": "((("}),
        ("start", {"text": "a", "start": "x"}),
        ("start", {"text": "a", "start": "2026-07-02T00:00:00Z", "end": "2026-07-01T00:00:00Z"}),
        ("limit", {"text": "a", "limit": 501}),
        ("limit", {"text": "a", "limit": 0}),
        ("cursor", {"text": "a", "cursor": "x"}),
        ("payload", {"text": "a", "payload": "true"}),
    ]
    for name, query in wrong:
        problem = api.get(SEARCH, 400, **query)
        assert [error["pointer"] for error in problem["errors"]] == [f"/{name}"]
    for name, query in (
        ("field", {"field": "mind"}),
        ("text", {"text": "a"}),
        ("start", {"start": 9, "end": 9}),
    ):
        problem = api.get(like(one), 400, **query)
        assert [error["pointer"] for error in problem["errors"]] == [f"/{name}"]


def test_a_model_that_does_not_answer(
    api: Api, access: Access, monkeypatch: pytest.MonkeyPatch
) -> None:
    def silent(*_: Any) -> None:
        raise Unavailable("it took too long")

    say(access, SAID)
    monkeypatch.setattr(searching, "embed_with", silent)
    assert "it took too long" in api.get(SEARCH, 503, text="a")["detail"]
    assert api.get(SEARCH, text="tent", by="words")["results"], "words need no model"


def test_it_takes_a_key_that_reads(access: Access) -> None:
    Api(access, "ingest").get(SEARCH, 403, text="a")
    assert Client().get(SEARCH, {"text": "a"}).status_code == 401


@pytest.mark.django_db(transaction=True)  # the server closes its connections
def test_no_answer_is_off_the_schema(access: Access) -> None:
    [one, *_] = say(access, SAID)
    _, key = create_key(project=access.project, name="k", scopes=["read"])
    operations = [
        *fuzzing.operations(SEARCH),
        *(op for op in fuzzing.operations("/api/v1/spans/") if op.path.endswith("/similar")),
    ]
    assert len(operations) == 2
    places = {"trace_id": one.hex, "span_id": SPAN.hex()}
    assert fuzzing.driven(operations, key, examples=25, places=lambda _: places) == {}
