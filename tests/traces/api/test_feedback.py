"""Feedback with a public key: what it may say, from where, and how much of it."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from sightglass.accounts.access import SCOPE_PERMISSIONS, Access
from sightglass.accounts.keys import Public, create_key
from sightglass.accounts.models import ApiKey, Project
from tests.traces.sending import decoded, llm
from traces.models import FeedbackQuota, Score, Trace
from traces.services import feedback
from traces.services.ingest import store_spans
from traces.services.scores import Given, store

pytestmark = pytest.mark.django_db
TRACE = "ab" * 16
SHOP = "https://shop.example.org"
PATH = "/api/v1/scores"


@pytest.fixture
def key(project: Project) -> str:
    return made(project)[1]


def made(project: Project, **limits: Any) -> tuple[ApiKey, str]:
    public = Public(**({"origins": (SHOP,), "score_names": ("thumbs", "comment")} | limits))
    return create_key(project=project, name="page", scopes=["feedback"], public=public)


def thumbs(**fields: Any) -> dict[str, Any]:
    return {"trace_id": TRACE, "name": "thumbs", "value": False, "source": "user"} | fields


def send(client: Client, key: str, body: Any, origin: str | None = SHOP, **extra: Any) -> Any:
    headers = {"Authorization": f"Bearer {key}"} | ({"Origin": origin} if origin else {})
    return client.post(PATH, body, content_type="application/json", headers=headers, **extra)


def test_a_thumb_reaches_its_trace(client: Client, key: str, access: Access) -> None:
    call = llm()
    store_spans(access, decoded(call))
    sent = thumbs(trace_id=call["trace_id"].hex(), comment="Not what I asked.")
    answer = send(client, key, sent)
    assert (answer.status_code, answer.json()) == (201, {"accepted": 1})
    assert answer["Access-Control-Allow-Origin"] == SHOP
    assert "Access-Control-Allow-Credentials" not in answer
    row = Score.objects.get()
    assert (row.source, row.boolean, row.comment) == ("user", False, "Not what I asked.")
    assert Trace.objects.get().scores == {"thumbs": False}


def test_several_at_once_or_none(client: Client, key: str) -> None:
    both = [thumbs(value=True), thumbs(name="comment", value="other", comment="Fine.")]
    assert send(client, key, both).json() == {"accepted": 2}
    refused = send(client, key, [thumbs(), thumbs(name="grounded")])
    assert refused.status_code == 403
    [error] = refused.json()["errors"]
    assert error == {"pointer": "/1/name", "detail": "This key may give thumbs, comment."}
    assert Score.objects.count() == 2
    many = send(client, key, [thumbs()] * (feedback.MOST + 1))
    assert many.status_code == 400 and Score.objects.count() == 2


@pytest.mark.parametrize("source", ["human", "judge", "code"])
def test_it_speaks_for_users_only(client: Client, key: str, source: str) -> None:
    answer = send(client, key, thumbs(source=source))
    assert answer.status_code == 403 and answer.json()["errors"][0]["pointer"] == "/source"
    assert not Score.objects.exists()


@pytest.mark.parametrize(
    "origin", [None, "null", "http://shop.example.org", "https://shop.example.org.evil.test",
               "https://evil.test", "https://shop.example.org:8443", "https://"],
)  # fmt: skip
def test_other_pages_may_not(client: Client, key: str, origin: str | None) -> None:
    answer = send(client, key, thumbs(), origin)
    assert answer.status_code == 403
    assert "Access-Control-Allow-Origin" not in answer
    assert not Score.objects.exists()


def test_a_page_of_another_project_gets_nowhere(
    client: Client, key: str, other_project: Project
) -> None:
    """A browser is let through for any key's origin; the key itself then is not."""
    made(other_project, origins=("https://other.example.org",))
    answer = send(client, key, thumbs(), "https://other.example.org")
    assert answer.status_code == 403
    assert answer["Access-Control-Allow-Origin"] == "https://other.example.org"


def test_it_reads_nothing(client: Client, key: str) -> None:
    headers = {"Authorization": f"Bearer {key}", "Origin": SHOP}
    for path in ("scores", "traces", f"traces/{TRACE}", "sessions", "metrics?metric=cost"):
        assert client.get(f"/api/v1/{path}", headers=headers).status_code == 403, path
    sent = client.post("/v1/traces", b"{}", content_type="application/json", headers=headers)
    assert sent.status_code == 403


def test_an_id_replaces_ones_own_feedback_only(client: Client, key: str, access: Access) -> None:
    label = Given("helpful", True, "human", trace_id=None, session_id="s", id="order:1:helpful")
    store(access, [label])
    for _ in range(2):
        send(client, key, thumbs(id="order:1:helpful", value=True))
    send(client, key, thumbs(id="order:1:helpful", value=False))
    send(client, key, thumbs(id="order:1:helpful", value=True, trace_id="cd" * 16))
    kept = Score.objects.get(external_id="order:1:helpful")
    assert (kept.name, kept.boolean, kept.source) == ("helpful", True, "human")
    found = Score.objects.filter(source="user").order_by("pk")
    assert [(one.trace_id.hex, one.boolean) for one in found if one.trace_id] == [
        (TRACE, False),
        ("cd" * 16, True),
    ]


def test_a_visitor_sends_no_more_than_so_many(
    client: Client, key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feedback, "OF_A_VISITOR", 3)
    monkeypatch.setattr("traces.services.quota.time.time", lambda: 1_800_000_030.0)
    assert send(client, key, [thumbs()] * 3).status_code == 201
    refused = send(client, key, thumbs())
    assert (refused.status_code, refused["Retry-After"]) == (429, "31")
    assert refused.json()["detail"] == "A visitor may send 3 scores per minute."
    assert refused["Access-Control-Allow-Origin"] == SHOP
    assert send(client, key, thumbs(), REMOTE_ADDR="192.0.2.9").status_code == 201
    monkeypatch.setattr("traces.services.quota.time.time", lambda: 1_800_000_061.0)
    assert send(client, key, thumbs()).status_code == 201
    assert Score.objects.count() == 5


def test_all_visitors_together_do_not_either(
    client: Client, key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feedback, "IN_ALL", 4)
    monkeypatch.setattr("traces.services.quota.time.time", lambda: 1_800_000_030.0)
    answers = [
        send(client, key, thumbs(), REMOTE_ADDR=f"192.0.2.{number}").status_code
        for number in range(6)
    ]
    assert answers == [201] * 4 + [429] * 2
    assert Score.objects.count() == 4
    assert FeedbackQuota.objects.get(slot=feedback.ALL).used == 4


def test_a_key_needs_no_more_rows_than_slots(project: Project) -> None:
    key, _ = made(project)
    access = Access(project, SCOPE_PERMISSIONS["feedback"], key=key)
    given = [Given("thumbs", True, "user", session_id="s")]
    for number in range(50):
        feedback.give(access, given, origin=SHOP, address=f"2001:db8::{number}")
    assert set(FeedbackQuota.objects.values_list("slot", flat=True)) <= {-1, *range(feedback.SLOTS)}
    key.delete()
    assert not FeedbackQuota.objects.exists()


def preflight(client: Client, origin: str, method: str = "POST", path: str = PATH) -> Any:
    return client.options(
        path,
        headers={
            "Origin": origin,
            "Access-Control-Request-Method": method,
            "Access-Control-Request-Headers": "authorization, content-type",
        },
    )


def test_a_browser_asks_first(client: Client, project: Project) -> None:
    key, _ = made(project)
    answer = preflight(client, SHOP)
    assert answer.status_code == 200
    assert answer["Access-Control-Allow-Origin"] == SHOP
    assert answer["Access-Control-Allow-Methods"] == "POST"
    assert "origin" in answer["Vary"].lower()
    assert "Access-Control-Allow-Origin" not in preflight(client, "https://evil.test")
    assert "Access-Control-Allow-Origin" not in preflight(client, SHOP, path="/api/v1/traces")
    key.revoked_at = timezone.now()
    key.save()
    assert "Access-Control-Allow-Origin" not in preflight(client, SHOP)


def test_a_deleted_projects_pages_are_strangers(client: Client, project: Project) -> None:
    made(project)
    project.deleted_at = timezone.now()
    project.save()
    assert "Access-Control-Allow-Origin" not in preflight(client, SHOP)
