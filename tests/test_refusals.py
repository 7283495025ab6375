"""What no view decides: two that make the same at once, texts that cannot be held, large bodies."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import DataError, IntegrityError
from django.test import Client

from evals.probes.models import ProbeSet
from sightglass.accounts.access import Access
from sightglass.accounts.keys import create_key
from sightglass.accounts.models import Project, User
from sightglass.middleware import Refusals
from tests.evals.judging import connect

pytestmark = pytest.mark.django_db


def test_who_makes_the_same_at_the_same_moment_is_told(
    access: Access, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    connection = connect(access, "http://127.0.0.1:1/v1")
    _, key = create_key(project=access.project, name="k", scopes=["read", "write"])
    body = {"name": "sums", "connection": connection.pk, "prompts": [f"{n}?" for n in range(5)]}

    def send() -> tuple[int, str]:
        answer = client.post(
            "/api/v1/probes",
            body,
            content_type="application/json",
            headers={"Authorization": f"Bearer {key}"},
        )
        return answer.status_code, answer.content.decode()

    assert send()[0] == 201
    # The other passed the checks before this one was stored.
    monkeypatch.setattr("evals.probes.services.sets._check", lambda *_: None)
    status, said = send()
    assert status == 409 and "at this very moment" in said and "Conflict" in said
    assert ProbeSet.objects.count() == 1


def test_nul_in_a_form_is_the_forms_fault(project: Project, owner: User, client: Client) -> None:
    client.force_login(owner)
    answer = client.post("/p/shop/review/add", {"queue": "a\x00b", "item": "0" * 32})
    assert answer.status_code == 400 and "cannot be read" in answer.content.decode()


def test_other_faults_stay_faults() -> None:
    refusals = Refusals(lambda request: None)  # type: ignore[arg-type, return-value]
    for error in (IntegrityError("a foreign key"), DataError("out of range"), ValueError("x")):
        assert refusals.process_exception(None, error) is None  # type: ignore[arg-type]


def test_a_body_that_is_too_large_is_refused_with_what_it_may_have(
    project: Project, owner: User, client: Client, settings: Any
) -> None:
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 2**20
    _, key = create_key(project=project, name="k", scopes=["write"])
    large = b'{"name": "' + b"x" * 2**20 + b'"}'
    told = client.post(
        "/api/v1/probes",
        large,
        content_type="application/json",
        headers={"Authorization": f"Bearer {key}"},
    )
    assert told.status_code == 413 and told["Content-Type"] == "application/problem+json"
    assert told.json()["detail"] == "A body may have 1 MB."
    client.force_login(owner)
    page = client.post("/p/shop/review/add", {"queue": "x" * 2**20, "item": "0" * 32},
                       content_type="application/x-www-form-urlencoded")  # fmt: skip
    assert page.status_code == 413 and page.content.decode() == "A body may have 1 MB."


@pytest.mark.parametrize(
    "path", ["erasures/7", "channels/7", "evaluators/7", "budgets/7", "boards/7"]
)
def test_what_is_not_there_is_told_in_plain_words(client: Client, api_key: str, path: str) -> None:
    answer = client.get(f"/api/v1/{path}", headers={"Authorization": f"Bearer {api_key}"})
    assert answer.status_code == 404
    assert answer.json()["detail"].startswith(("There is nothing at", "There is no such"))
