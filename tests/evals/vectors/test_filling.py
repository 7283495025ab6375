"""A project's own model: tried, filled from what is stored, taken over, and the old one dropped."""

from __future__ import annotations

import json
from collections.abc import Iterator
from io import StringIO
from typing import Any

import numpy as np
import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client

from evals.models import Connection
from evals.providers.errors import ProviderError, Refused
from evals.services import connections
from evals.vectors import endpoint
from evals.vectors.fields import Field
from evals.vectors.models import Choice, Model
from evals.vectors.selectors import models
from evals.vectors.selectors.nearest import nearest, vector_of
from evals.vectors.services import filling, storing
from sightglass.accounts.access import Access
from sightglass.accounts.keys import create_key
from sightglass.accounts.models import AuditEntry, Project, Role, User
from tests.conftest import member
from tests.evals.judging import connect
from tests.evals.review import desk
from tests.evals.truth.labelled import SPAN_ID
from tests.evals.vectors.test_storing import SAID, WHOLE, rows, send
from tests.provider import EMBEDDING, Provider, running

pytestmark = pytest.mark.django_db(transaction=True)
NAME = "text-embedding-3-small"


@pytest.fixture(autouse=True)
def _loopback(settings: Any) -> Iterator[None]:
    settings.ALLOW_PRIVATE_PROVIDERS = True
    yield
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM vectors_vector")


@pytest.fixture
def provider() -> Iterator[Provider]:
    with running() as found:
        yield found


@pytest.fixture
def connected(access: Access, provider: Provider) -> Connection:
    return connect(access, provider.url)


def by_model() -> dict[int, int]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT model_id, count(*) FROM vectors_vector GROUP BY 1")
        return dict(cursor.fetchall())


def test_vectors_of_an_endpoint(connected: Connection, provider: Provider) -> None:
    found = endpoint.embed(connected, NAME, ["one", " ", "two"])
    assert found.shape == (3, 3) and not found[1].any()
    wanted = np.array(EMBEDDING) / np.linalg.norm(EMBEDDING)
    np.testing.assert_allclose(found[[0, 2]], [wanted, wanted], atol=1e-6)
    asked = [body for body in provider.requests if "input" in body]
    assert [body["input"] for body in asked] == [["one", "two"]]
    many = endpoint.embed(connected, NAME, [f"text {n}" for n in range(130)])
    assert many.shape == (130, 3)
    sizes = [len(body["input"]) for body in provider.requests if "input" in body][1:]
    assert sorted(sizes) == [2, 64, 64]


def test_what_makes_no_vectors_is_said(access: Access, provider: Provider) -> None:
    anthropic = connect(access, provider.url, name="other", api="anthropic")
    with pytest.raises(Refused, match="OpenAI-compatible"):
        endpoint.embed(anthropic, NAME, ["one"])
    with pytest.raises(Refused, match="removed"):
        endpoint.embed(None, NAME, ["one"])
    nowhere = connect(access, "http://127.0.0.1:1/v1", name="nowhere")
    with pytest.raises(ProviderError, match="reached"):
        endpoint.embed(nowhere, NAME, ["one"])
    nowhere.refresh_from_db()
    assert nowhere.failures == 1 and "reached" in nowhere.last_error


def test_a_private_address_is_not_called(access: Access, provider: Provider, settings: Any) -> None:
    found = connect(access, provider.url)
    settings.ALLOW_PRIVATE_PROVIDERS = False
    before = len(provider.requests)
    with pytest.raises(ProviderError):
        endpoint.embed(found, NAME, ["one"])
    assert len(provider.requests) == before


def test_from_choice_to_the_old_ones_gone(access: Access, connected: Connection) -> None:
    [first, *_] = send(access, SAID)
    storing.run(30)
    choice = filling.choose(access, connected, NAME)
    assert choice.of_calls == 5 and models.present(access.project.pk) == models.embedded()
    send(access, SAID)
    assert storing.run(30) == 0, "whoever does not call out leaves it"
    assert storing.run(30, elsewhere=True) == 1
    assert by_model() == {models.embedded().pk: 20, choice.coming_id: 10}
    assert filling.run(30) > 1
    choice.refresh_from_db()
    assert choice.coming is None and choice.dropping is None and choice.problem == ""
    assert by_model() == {choice.model_id: 20} and choice.model.dimensions == 3
    found = vector_of(access.project.pk, Field.INPUT, first, SPAN_ID)
    assert found is not None and found.shape == (3,)
    assert len(nearest(access.project.pk, Field.INPUT, found, 50, range=WHOLE)) == 10
    assert filling.run(1) == 0
    filling.choose(access, None)
    filling.run(30)
    assert by_model() == {models.embedded().pk: 20}, "and back"
    told = AuditEntry.objects.filter(action="vectors.model").order_by("pk")
    assert [one.target for one in told] == [
        f"{NAME} 3, texts 2",
        "wordllama l2-supercat-256, texts 2",
    ]


def test_killed_in_between_it_goes_on(
    access: Access, connected: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(filling, "AT_ONCE", 2)
    for _ in range(2):
        send(access, SAID)
    storing.run(30)
    choice = filling.choose(access, connected, NAME)
    assert filling.step(choice.pk) and filling.step(choice.pk)
    choice.refresh_from_db()
    assert choice.calls == 4 and by_model()[choice.coming_id or 0] == 8
    died: list[int] = []
    store = storing.store

    def dies(*arguments: Any) -> None:
        store(*arguments)
        if not died:
            died.append(1)
            raise ConnectionError("gone")

    monkeypatch.setattr(storing, "store", dies)
    assert filling.run(30) == 0
    choice.refresh_from_db()
    assert (choice.calls, choice.problem) == (4, "gone")
    filling.run(30)
    choice.refresh_from_db()
    assert choice.coming is None and choice.problem == "" and by_model() == {choice.model_id: 20}


def test_a_provider_that_is_away_is_shown_and_tried_again(
    access: Access, provider: Provider, connected: Connection
) -> None:
    send(access, SAID)
    storing.run(30)
    choice = filling.choose(access, connected, NAME)
    Connection.objects.update(base_url="http://127.0.0.1:1/v1")
    assert filling.run(2) == 0
    assert "reached" in filling.progress(access).problem
    assert models.present(access.project.pk) == models.embedded(), "the old one answers"
    Connection.objects.update(base_url=provider.url, failures=0, open_until=None)
    filling.run(30)
    choice.refresh_from_db()
    assert choice.model.name == NAME and filling.progress(access).problem == ""


def test_other_lengths_than_it_was_chosen_with(access: Access, connected: Connection) -> None:
    send(access, SAID)
    storing.run(30)
    filling.choose(access, connected, NAME)
    Model.objects.filter(name=NAME).update(dimensions=4)
    assert filling.run(2) == 0
    assert "gave 3 numbers instead of 4" in filling.progress(access).problem
    assert rows() == 10


def test_who_may_and_what_is_refused(
    access: Access, connected: Connection, other_project: Project
) -> None:
    for role in (Role.ENGINEER, Role.VIEWER, Role.REVIEWER):
        with pytest.raises(PermissionDenied):
            filling.choose(desk.person(access.project, role, role), None)
    stranger = Access(other_project, access.permissions, user=access.user)
    for who, row, name in ((access, connected, " "), (stranger, connected, NAME)):
        with pytest.raises(ValidationError):
            filling.choose(who, row, name)
    gone = connect(access, "http://127.0.0.1:1/v1", name="nowhere")
    with pytest.raises(ValidationError, match="gave no vector"):
        filling.choose(access, gone, NAME)
    assert not Choice.objects.exists()


def test_a_connection_at_work_stays_and_removed_ones_leave_nothing_in_the_way(
    access: Access, provider: Provider, connected: Connection
) -> None:
    filling.choose(access, connected, NAME)
    with pytest.raises(ValidationError, match="search by meaning"):
        connections.remove(access, connected)
    filling.choose(access, connect(access, provider.url, name="second"), NAME)
    filling.choose(access, None)
    filling.run(30)
    for row in Connection.objects.all():
        connections.remove(access, row)
    assert Model.objects.filter(name=NAME, connection=None).count() == 2
    filling.choose(access, connect(access, provider.url), NAME)
    assert filling.progress(access).coming is not None


# ---- command, API, page


def told(*arguments: str) -> str:
    out = StringIO()
    call_command("embed", *arguments, stdout=out, stderr=StringIO())
    return out.getvalue()


def test_the_command_makes_them_again(access: Access) -> None:
    send(access, SAID)
    storing.run(30)
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM vectors_vector")
    slug = access.project.slug
    assert (
        told("--project", slug) == "5 calls have vectors of wordllama l2-supercat-256, texts 2.\n"
    )
    assert rows() == 10
    later = json.loads(told("--project", slug, "--since", "2099-01-01T00:00:00Z", "--json"))
    assert later == {"project": slug, "model": "wordllama l2-supercat-256, texts 2", "calls": 0}
    for wrong in (("--project", "nobody"), ("--project", slug, "--since", "yesterday")):
        with pytest.raises(CommandError):
            told(*wrong)


def test_by_api(access: Access, connected: Connection) -> None:
    send(access, SAID)
    _, key = create_key(project=access.project, name="k", scopes=["read", "admin"])
    _, reading = create_key(project=access.project, name="r", scopes=["read"])

    def call(method: str, body: Any = None, status: int = 200, by: str = key) -> Any:
        answer = getattr(Client(), method)(
            "/api/v1/vectors", body, content_type="application/json",
            headers={"Authorization": f"Bearer {by}"},
        )  # fmt: skip
        assert answer.status_code == status, answer.content
        return answer.json()

    found = call("get")
    assert found["model"] == {
        "name": "wordllama", "version": "l2-supercat-256, texts 2", "dimensions": 256,
        "connection": None,
    }  # fmt: skip
    assert (found["waiting"], found["coming"], found["problem"]) == (1, None, "")
    assert (found["inputs"], found["outputs"]) == (0, 0)
    made = call("put", {"connection": connected.pk, "model": NAME}, 202)
    assert made["coming"]["connection"] == connected.pk and made["of_calls"] == 5
    storing.run(30, elsewhere=True)
    filling.run(30)
    filled = call("get", by=reading)
    assert filled["model"]["dimensions"] == 3
    assert (filled["inputs"], filled["outputs"]) == (5, 5)
    refused: list[Any] = [{}, {"connection": 10**9, "model": "m"}, {"connection": connected.pk},
                          {"connection": None, "strange": 1}, []]  # fmt: skip
    for body in refused:
        call("put", body, 400)
    [error] = call("put", {"connection": connected.pk}, 400)["errors"]
    assert error["pointer"] == "/model" and "Name the model" in error["detail"]
    call("put", {"connection": None}, 403, by=reading)


def test_on_the_page(client: Client, owner: User, access: Access, connected: Connection) -> None:
    page = f"/p/{access.project.slug}/settings/meaning"
    client.force_login(owner)
    shown = client.get(page).content.decode()
    assert "wordllama" in shown and "nothing yet" in shown and "similarity of 0.35" in shown
    send(access, SAID)
    storing.run(30)
    shown = client.get(page).content.decode()
    assert "5 inputs and 5 answers" in shown
    assert "Name the model" in client.post(page, {"connection": connected.pk}).content.decode()
    answer = client.post(page, {"connection": connected.pk, "model": NAME}, follow=True)
    html = answer.content.decode()
    assert "Coming" in html and 'hx-trigger="every 3s"' in html and NAME in html
    filling.run(30)
    shown = client.get(page).content.decode()
    assert "every 3s" not in shown and "scale is not known" in shown
    assert client.post(page, {"connection": "12345"}).status_code == 404
    client.force_login(member(access.project, "v@example.org", Role.VIEWER))
    assert (
        client.get(page).status_code == 200 and b"Change the model" not in client.get(page).content
    )
    assert client.post(page, {"connection": ""}).status_code == 403
