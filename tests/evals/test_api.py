"""Evaluators and connections by API, as owner, reader and stranger."""

import asyncio
import socket
from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client

from evals.models import Connection, Evaluator, EvaluatorVersion, Job
from evals.services import backfills, judging, working
from sightglass.accounts.access import Access
from sightglass.accounts.keys import create_key
from sightglass.accounts.models import AuditEntry, Project
from tests.evals.judging import RUBRIC, always, chat, connect, detector, judge, send, send_and_plan
from tests.provider import running
from traces.ids import span_hex
from traces.models import Score, Span

pytestmark = pytest.mark.django_db
REFUSAL = "I'm sorry, but I can't help with that request."
ALL_TIME = {"start": "2000-01-01T00:00:00Z", "end": "2100-01-01T00:00:00Z"}


class Api:
    """Calls with a key."""

    def __init__(self, client: Client, key: str) -> None:
        self.client, self.headers = client, {"Authorization": f"Bearer {key}"}

    def __call__(self, method: str, path: str, body: Any = None) -> Any:
        return getattr(self.client, method)(
            f"/api/v1{path}", body, content_type="application/json", headers=self.headers
        )

    def get(self, path: str) -> Any:
        return self.client.get(f"/api/v1{path}", headers=self.headers)


@pytest.fixture
def api(client: Client, api_key: str) -> Api:
    return Api(client, api_key)


@pytest.fixture
def reader(client: Client, project: Project) -> Api:
    return Api(client, create_key(project=project, name="r", scopes=["read"])[1])


@pytest.fixture
def private(settings: Any) -> Iterator[None]:
    settings.ALLOW_PRIVATE_PROVIDERS = True
    yield


GIVEN = {"name": "declined", "kind": "detector", "config": {"detector": "refusal"},
         "filter": "kind:llm", "sampling": 0.5, "daily_budget": "1.50",
         "threshold": 0.7}  # fmt: skip


def test_an_evaluator_is_made_read_changed_and_archived(api: Api) -> None:
    made = api("post", "/evaluators", GIVEN)
    assert made.status_code == 201, made.json()
    row = made.json()
    assert (row["state"], row["version"]["number"], row["spent_today"]) == ("on", 1, "0")
    assert row["version"]["daily_budget"] == "1.5"
    path = f"/evaluators/{row['id']}"
    given = {name: value for name, value in GIVEN.items() if name != "name"}
    changed = api("patch", path, {"version": {**given, "sampling": 1}, "enabled": False}).json()
    assert (changed["state"], changed["version"]["number"]) == ("paused", 2)
    same = api("patch", path, {"version": {**given, "sampling": 1}}).json()
    assert same["version"]["number"] == 2
    assert [one["number"] for one in api.get(f"{path}/versions").json()["results"]] == [2, 1]
    assert EvaluatorVersion.objects.get(number=1).sampling == 0.5
    assert api("delete", path).status_code == 204
    assert api.get("/evaluators").json()["results"] == []
    assert api("patch", path, {"enabled": True}).status_code == 400
    assert api("post", "/evaluators", GIVEN).status_code == 201  # the name is free again
    actions = AuditEntry.objects.filter(action__startswith="evaluator.").order_by("pk")
    assert list(actions.values_list("action", flat=True)) == [
        *("evaluator.created", "evaluator.changed", "evaluator.paused"),
        *("evaluator.archived", "evaluator.created"),
    ]


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"name": "No Spaces"}, "name"),
        ({"kind": "oracle"}, "kind"),
        ({"config": {"detector": "mood"}}, "detector"),
        ({"filter": "kind:"}, "filter"),
        ({"filter": "nofield:x"}, "filter"),
        ({"sampling": 0}, "sampling"),
        ({"sampling": 2}, "sampling"),
        ({"target": "session"}, "target"),
        ({"daily_budget": "-1"}, "daily_budget"),
        ({"threshold": "high"}, "threshold"),
    ],
)
def test_what_makes_no_sense_is_refused_by_field(api: Api, wrong: Any, field: str) -> None:
    answer = api("post", "/evaluators", GIVEN | wrong)
    assert answer.status_code == 400
    assert any(field in error["pointer"] for error in answer.json()["errors"]), answer.json()
    assert not Evaluator.objects.exists()


@pytest.mark.parametrize(
    ("config", "said"),
    [
        ({"instructions": ""}, "Say what is to be judged"),
        ({"instructions": "No variable."}, "at least one variable"),
        ({"instructions": "{{mood}}"}, "There is no variable"),
        ({"scale": {"type": "stars"}}, "boolean, ordinal"),
        ({"scale": {"type": "numeric", "min": 2, "max": 1}}, "min must be below max"),
        ({"scale": {"type": "ordinal", "levels": {"a": "x", "b": "y"}}}, "whole numbers"),
        ({"models": []}, "Choose 1 to 5"),
        ({"models": [{"connection": 10**9}]}, "no such connection"),
        ({"gate": {"detector": "mood"}}, "detector must be one of"),
        ({"gate": {"detector": "refusal", "low": 0.9, "high": 0.1}}, "low must not be above"),
    ],
)
def test_what_a_judge_cannot_do_is_refused(
    api: Api, access: Access, config: Any, said: str
) -> None:
    connection = connect(access, "http://127.0.0.1:1/v1")
    usual = {
        "instructions": RUBRIC,
        "scale": {"type": "boolean"},
        "models": [{"connection": connection.pk}],
    }
    answer = api("post", "/evaluators", {"name": "j", "kind": "judge", "config": usual | config})
    assert answer.status_code == 400
    assert said in answer.content.decode()


def test_another_projects_connection_cannot_be_asked(
    api: Api, access: Access, other_project: Project
) -> None:
    theirs = connect(Access(other_project, access.permissions), "http://127.0.0.1:1/v1")
    config = {
        "instructions": RUBRIC,
        "scale": {"type": "boolean"},
        "models": [{"connection": theirs.pk}],
    }
    answer = api("post", "/evaluators", {"name": "j", "kind": "judge", "config": config})
    assert answer.status_code == 400


def test_who_only_reads_changes_nothing(reader: Api, access: Access) -> None:
    version = detector(access)
    assert reader.get("/evaluators").status_code == 200
    assert reader("post", "/evaluators", GIVEN).status_code == 403
    path = f"/evaluators/{version.evaluator_id}"
    assert reader("patch", path, {"enabled": False}).status_code == 403
    assert reader("delete", path).status_code == 403
    assert reader("post", f"{path}/backfills", ALL_TIME).status_code == 403
    assert reader("post", "/connections", {}).status_code == 403


def test_a_draft_is_tried_without_a_trace_of_it(api: Api, access: Access) -> None:
    send(access, chat(answer=REFUSAL), chat())
    tried = api("post", "/evaluators/try", GIVEN | {"limit": 5})
    assert tried.status_code == 200, tried.json()
    rows = tried.json()["results"]
    assert sorted(row["flagged"] for row in rows) == [False, True]
    flagged = next(row for row in rows if row["flagged"])
    assert flagged["evidence"][0]["field"] == "output"
    assert not Score.objects.exists() and not Evaluator.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_a_judge_is_tried_too(api: Api, access: Access, private: None) -> None:
    send(access, chat())
    with running(always(True)) as provider:
        connection = connect(access, provider.url)
        config = {
            "instructions": RUBRIC,
            "scale": {"type": "boolean"},
            "models": [{"connection": connection.pk}],
        }
        given = {"kind": "judge", "config": config, "higher_is_better": True}
        [row] = api("post", "/evaluators/try", given).json()["results"]
    assert (row["value"], row["flagged"], row["explanation"]) == (True, False, "It answers.")
    assert float(row["cost"]) > 0


def test_a_backfill_counts_runs_and_ends(api: Api, access: Access) -> None:
    send_and_plan(access, *(chat(answer=REFUSAL) for _ in range(7)))
    version = detector(access)
    path = f"/evaluators/{version.evaluator_id}/backfills"
    told = api("post", path, ALL_TIME | {"dry_run": True}).json()
    assert (told["state"], told["total"], told["estimated_cost"]) == ("estimated", 7, "0")
    assert not Job.objects.exists()
    made = api("post", path, ALL_TIME)
    assert made.status_code == 201
    backfills.run()
    assert api.get(f"/backfills/{made.json()['id']}").json()["waiting"] == 7
    working.run(10.0)
    backfills.run()
    ended = api.get(f"/backfills/{made.json()['id']}").json()
    assert (ended["state"], ended["done"], ended["waiting"]) == ("done", 7, 0)
    assert Score.objects.count() == 7


def test_a_backfill_is_stopped(api: Api, access: Access) -> None:
    send_and_plan(access, *(chat(answer=REFUSAL) for _ in range(3)))
    version = detector(access)
    made = api("post", f"/evaluators/{version.evaluator_id}/backfills", ALL_TIME).json()
    backfills.run()
    stopped = api("post", f"/backfills/{made['id']}/stop").json()
    assert (stopped["state"], stopped["skipped"]) == ("stopped", 3)
    backfills.run()
    assert working.run(5.0) == 0
    assert set(Job.objects.values_list("reason", flat=True)) == {"stopped"}


def test_why_a_span_was_not_scored(api: Api, access: Access) -> None:
    send_and_plan(access, chat())
    detector(access)
    span = Span.objects.get()
    path = f"/spans/{span.trace_id.hex}/{span_hex(span.span_id)}/evaluations"
    [row] = api.get(path).json()["results"]
    assert (row["evaluator"], row["reason"]) == ("refusal", "before")
    assert "back-fill" in row["explanation"]


@pytest.mark.django_db(transaction=True)
def test_failed_jobs_are_tried_again(api: Api, access: Access, private: None) -> None:
    with running(always("maybe")) as provider:
        version = judge(access, connect(access, provider.url))
        send_and_plan(access, chat())
        judging.run(5.0)
        assert Job.objects.get().state == "failed"
        retried = api("post", f"/evaluators/{version.evaluator_id}/retry").json()
        assert retried == {"retried": 1}
        judging.run(5.0)
        assert len(provider.requests) == 4


CONNECTION = {"name": "ours", "base_url": "", "model": "gpt-4o-mini", "key": "sk-secret-1234567890"}


@pytest.mark.django_db(transaction=True)
def test_a_key_goes_in_and_never_comes_out(api: Api, private: None) -> None:
    with running(always(True)) as provider:
        made = api("post", "/connections", CONNECTION | {"base_url": provider.url})
        assert made.status_code == 201, made.json()
        row = made.json()
        assert row["test"]["ok"] and row["key_hint"] == "…7890"
        changed = api("patch", f"/connections/{row['id']}", {"concurrency": 32})
        assert changed.json()["test"]["ok"]
        moved = api("patch", f"/connections/{row['id']}", {"base_url": "https://evil.example/v1"})
        assert moved.status_code == 400
        assert "enter the key again" in moved.content.decode()
    stored = Connection.objects.get()
    assert b"sk-secret" not in bytes(stored.secret)
    everything = [
        made,
        changed,
        moved,
        api.get("/connections"),
        api.get(f"/connections/{row['id']}"),
    ]
    assert all(b"sk-secret" not in answer.content for answer in everything)
    assert "sk-secret" not in str(list(AuditEntry.objects.values()))


def test_a_connection_that_does_not_answer_is_kept_and_says_so(api: Api, private: None) -> None:
    made = api("post", "/connections", CONNECTION | {"base_url": "http://127.0.0.1:9/v1"})
    assert made.status_code == 201
    assert not made.json()["test"]["ok"]
    assert "cannot be reached" in made.json()["test"]["detail"]


@pytest.mark.parametrize("host", ["127.0.0.1:9", "localhost", "[::1]:9", "169.254.169.254"])
def test_a_private_address_is_not_kept(api: Api, host: str) -> None:
    made = api("post", "/connections", CONNECTION | {"base_url": f"http://{host}/v1"})
    assert made.status_code == 400 and not Connection.objects.exists()
    [error] = made.json()["errors"]
    assert error["pointer"] == "/base_url" and "a private address" in error["detail"]


def test_a_test_does_not_tell_which_names_the_own_network_has(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def answers(self: Any, host: str, port: int, **_: Any) -> list[Any]:
        if host.startswith("there"):
            return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("10.0.0.7", port))]
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(asyncio.base_events.BaseEventLoop, "getaddrinfo", answers)
    said = []
    for host in ("there", "gone"):
        given = {"name": host, "base_url": f"https://{host}.example.org/v1"}
        made = api("post", "/connections", CONNECTION | given).json()
        said.append({**made["test"], "detail": made["test"]["detail"].removeprefix(host)})
    assert said[0] == said[1] and "a private address" in said[0]["detail"]


@pytest.mark.parametrize(
    "url",
    [
        *("ftp://example.org", "file:///etc/passwd", "http://user:pass@example.org/v1"),
        *("http://example.org/v1?x=1", "https://", "nonsense", "http://[::1", "http://a:99999/"),
    ],
)
def test_addresses_that_are_none_are_refused(api: Api, url: str) -> None:
    assert api("post", "/connections", CONNECTION | {"base_url": url}).status_code == 400


@pytest.mark.parametrize("key", ["clé-secrète", "sk\n-1", "sk-\x00"])
def test_keys_that_no_header_takes_are_refused(api: Api, key: str) -> None:
    given = CONNECTION | {"base_url": "http://127.0.0.1:9/v1", "key": key}
    answer = api("post", "/connections", given)
    assert answer.status_code == 400
    assert "key" in answer.content.decode()


def test_a_connection_in_use_is_not_removed(api: Api, access: Access) -> None:
    connection = connect(access, "http://127.0.0.1:1/v1")
    version = judge(access, connection)
    path = f"/connections/{connection.pk}"
    refused = api("delete", path)
    assert refused.status_code == 400 and "helpful" in refused.content.decode()
    api("delete", f"/evaluators/{version.evaluator_id}")
    assert api("delete", path).status_code == 204
