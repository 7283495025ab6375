"""Channels over HTTP: made, changed, tested; and secrets that go in and never come out."""

from __future__ import annotations

import asyncio
import json
import socket
from typing import Any

import pytest
from django.test import Client
from pytest_django import Settings

from dashboards.channels import delivering
from dashboards.channels.models import Channel, Delivery
from evals.services import secrets
from sightglass.accounts.keys import create_key
from sightglass.accounts.models import AuditEntry, Project
from tests import webhook
from tests.dashboards.channels.making import (
    DISCORD,
    KEY,
    PAGERDUTY,
    SLACK,
    TEAMS,
    channel,
    written_down,
)

pytestmark = pytest.mark.django_db
URL = "/api/v1/channels"
HOOK = "https://hooks.example.org/a"


class Api:
    def __init__(self, key: str) -> None:
        self.client, self.headers = Client(), {"Authorization": f"Bearer {key}"}

    def __call__(self, method: str, path: str = "", body: Any = None, status: int = 200) -> Any:
        answer = getattr(self.client, method)(
            URL + path,
            data=None if body is None else json.dumps(body),
            content_type="application/json",
            headers=self.headers,
        )
        assert answer.status_code == status, answer.content
        return json.loads(answer.content) if answer.content else None


@pytest.fixture
def api(api_key: str) -> Api:
    return Api(api_key)


def given(**values: Any) -> dict[str, Any]:
    return {"name": "ops", "kind": "webhook", "config": {"url": HOOK}, "secret": KEY} | values


@pytest.mark.parametrize(
    ("kind", "config", "secret", "hint"),
    [
        ("email", {"recipients": [" a@example.org", "b@example.org", "a@example.org"]}, None, ""),
        ("slack", {}, SLACK, "hooks.slack.com/…uvwx"),
        ("teams", {}, TEAMS, "prod-12.westeurope.logic.azure.com/…ture"),
        ("discord", {}, DISCORD, "discord.com/…-c_d"),
        ("pagerduty", {"region": "eu"}, PAGERDUTY, "…RST0"),
        ("webhook", {"url": HOOK}, KEY, "…yEh"),
    ],
)
def test_each_kind_is_made_and_its_secret_kept(
    api: Api, kind: str, config: dict[str, Any], secret: str | None, hint: str
) -> None:
    body = given(kind=kind, config=config) | {"secret": secret}
    if secret is None:
        del body["secret"]
    made = api("post", body=body, status=201)
    row = Channel.objects.get()
    assert secrets.unseal(bytes(row.secret)) == (secret or "")
    if kind == "email":
        config = {"recipients": ["a@example.org", "b@example.org"]}
    assert made["config"] == config and made["health"] == "new" and made["kind"] == kind
    if kind != "webhook":
        assert made["secret_hint"] == hint
    listed = api("get")
    assert listed == {"results": [made], "next": None} and api("get", f"/{row.pk}") == made
    entry = AuditEntry.objects.get(action="channel.added")
    for shown in (made, listed, entry.after):
        assert secret is None or secret not in json.dumps(shown)
    assert secret is None or secret.encode() not in bytes(row.secret)


@pytest.mark.parametrize(
    ("values", "pointer"),
    [
        ({"name": " "}, "name"),
        ({"kind": "fax"}, "kind"),
        ({"secret": "whsec_short"}, "secret"),
        ({"secret": "whsec_ä"}, "secret"),
        ({"config": {}}, "config/url"),
        ({"config": {"url": 7}}, "config/url"),
        ({"config": {"url": "ftp://example.org"}}, "config/url"),
        ({"config": {"url": "https://u:p@example.org/"}}, "config/url"),
        ({"config": {"url": "https://example.org/a b"}}, "config/url"),
        ({"config": {"url": "https://example.org/ü"}}, "config/url"),
        ({"config": {"url": "https://example.org/" + "a" * 1000}}, "config/url"),
        ({"config": {"url": "http://127.0.0.1/"}}, "config/url"),
        ({"config": {"url": "https://[::ffff:10.0.0.7]/"}}, "config/url"),
        ({"config": {"url": "http://0x7f000001/"}}, "config/url"),
        ({"config": {"url": "http://db.localhost./"}}, "config/url"),
        ({"config": [1]}, "config"),
        ({"kind": "email", "config": {"recipients": []}}, "config/recipients"),
        ({"kind": "email", "config": {"recipients": "a@example.org"}}, "config/recipients"),
        (
            {"kind": "email", "config": {"recipients": ["a@b.org\nBcc: c@d.org"]}},
            "config/recipients",
        ),
        (
            {"kind": "email", "config": {"recipients": ["Ops <ops@example.org>"]}},
            "config/recipients",
        ),
        (
            {"kind": "email", "config": {"recipients": [f"a{n}@b.org" for n in range(21)]}},
            "config/recipients",
        ),
        ({"kind": "slack", "secret": "https://example.org/services/T/B/x"}, "secret"),
        ({"kind": "teams", "secret": HOOK}, "secret"),
        ({"kind": "discord", "secret": SLACK}, "secret"),
        ({"kind": "pagerduty", "secret": "short"}, "secret"),
        ({"kind": "pagerduty", "secret": PAGERDUTY, "config": {"region": "moon"}}, "config/region"),
    ],
)
def test_mistakes_are_told_by_field(api: Api, values: dict[str, Any], pointer: str) -> None:
    problem = api("post", body=given(**values), status=400)
    assert f"/{pointer}" in {error["pointer"] for error in problem["errors"]}
    assert not Channel.objects.exists() and KEY not in json.dumps(problem)


def test_a_secret_is_needed_and_names_are_taken_once(api: Api) -> None:
    body = given()
    del body["secret"]
    assert "Signing key" in json.dumps(api("post", body=body, status=400))
    api("post", body=given(), status=201)
    assert "channel of this name" in json.dumps(api("post", body=given(), status=400))


def test_a_change_keeps_the_secret_unless_the_host_changes(api: Api) -> None:
    pk = api("post", body=given(), status=201)["id"]
    changed = api("patch", f"/{pk}", {"config": {"url": f"{HOOK}/b"}, "enabled": False})
    assert changed["health"] == "off" and changed["config"]["url"] == f"{HOOK}/b"
    for url in ("https://evil.example/a", "http://hooks.example.org/a", f"{HOOK[:25]}:8443/a"):
        problem = api("patch", f"/{pk}", {"config": {"url": url}}, status=400)
        assert "enter the signing key again" in json.dumps(problem)
    assert Channel.objects.get().config == {"url": f"{HOOK}/b"}
    api("patch", f"/{pk}", {"config": {"url": "https://new.example.org/"}, "secret": KEY})
    assert secrets.unseal(bytes(Channel.objects.get().secret)) == KEY
    assert "keeps its kind" in json.dumps(api("patch", f"/{pk}", {"kind": "slack"}, status=400))
    assert AuditEntry.objects.filter(action="channel.changed").count() == 2
    api("delete", f"/{pk}", status=204)
    assert not Channel.objects.exists()
    assert AuditEntry.objects.filter(action="channel.removed").count() == 1


def test_a_test_says_what_came_of_it_and_stands_in_the_log(api: Api, settings: Settings) -> None:
    settings.ALLOW_PRIVATE_WEBHOOKS = True
    with webhook.running() as receiver:
        pk = api("post", body=given(config={"url": receiver.url}), status=201)["id"]
        assert api("post", f"/{pk}/test") == {
            "ok": True, "detail": "The message was taken.", "status": 200
        }  # fmt: skip
        receiver.answers, receiver.text = [500], b"internal words"
        assert api("post", f"/{pk}/test") == {
            "ok": False, "detail": "HTTP 500 Internal Server Error", "status": 500
        }  # fmt: skip
        assert delivering.run(3) == 0, "a test is not repeated"
    assert [call.body["type"] for call in receiver.calls] == ["alert.test"] * 2
    log = api("get", f"/{pk}/deliveries")["results"]
    assert [one["state"] for one in log] == ["failed", "sent"]
    assert "internal words" not in json.dumps(log) and log[0]["event"]["kind"] == "test"
    assert api("get", f"/{pk}")["health"] == "failing"
    assert AuditEntry.objects.filter(action="channel.tested").count() == 2


def test_without_leave_a_test_does_not_reach_the_own_network(
    api: Api, project: Project, settings: Settings
) -> None:
    settings.ALLOW_PRIVATE_WEBHOOKS = False
    with webhook.running() as receiver:
        row = channel(project, config={"url": receiver.url})
        answer = api("post", f"/{row.pk}/test")
        assert not answer["ok"] and "SIGHTGLASS_ALLOW_PRIVATE_WEBHOOKS" in answer["detail"]
        assert receiver.calls == []


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
        url = f"https://{host}.example.org/"
        pk = api("post", body=given(name=host, config={"url": url}), status=201)["id"]
        said.append({**api("post", f"/{pk}/test")})
        log = api("get", f"/{pk}/deliveries")["results"]
        said[-1] |= {"state": log[0]["state"], "health": api("get", f"/{pk}")["health"]}
        said[-1]["detail"] = said[-1]["detail"].removeprefix(host)
    assert said[0] == said[1] and "private address" in said[0]["detail"]


def test_the_log_pages_and_what_was_given_up_is_sent_again(api: Api, project: Project) -> None:
    row = channel(project)
    for number in range(5):
        written_down(row, f"k{number}", rule_id=number)
    first = api("get", f"/{row.pk}/deliveries?limit=2")
    second = api("get", f"/{row.pk}/deliveries?limit=3&cursor={first['next']}")
    assert [len(first["results"]), len(second["results"]), second["next"]] == [2, 3, None]
    ids = [one["id"] for one in first["results"] + second["results"]]
    assert ids == sorted(ids, reverse=True) and len(set(ids)) == 5
    api("get", f"/{row.pk}/deliveries?cursor=nonsense", status=400)
    path = f"/{row.pk}/deliveries/{ids[0]}/retry"
    assert api("post", path) == {"retried": False}
    Delivery.objects.filter(pk=ids[0]).update(state="failed")
    assert api("post", path) == {"retried": True}
    assert Delivery.objects.get(pk=ids[0]).state == "waiting"
    other = channel(project, "email")
    api("post", f"/{other.pk}/deliveries/{ids[0]}/retry", status=404)


def test_reading_needs_read_and_changing_admin(project: Project) -> None:
    row = channel(project)
    reader = Api(create_key(project=project, name="r", scopes=["read", "write"])[1])
    reader("get")
    reader("get", f"/{row.pk}/deliveries")
    reader("post", body=given(), status=403)
    reader("patch", f"/{row.pk}", {"name": "x"}, status=403)
    reader("delete", f"/{row.pk}", status=403)
    reader("post", f"/{row.pk}/test", status=403)
    Api(create_key(project=project, name="i", scopes=["ingest"])[1])("get", status=403)


def test_another_project_s_channel_is_not_there(api: Api, other_project: Project) -> None:
    row = channel(other_project)
    for method, path in (
        ("get", ""), ("patch", ""), ("delete", ""), ("post", "/test"), ("get", "/deliveries")
    ):  # fmt: skip
        api(method, f"/{row.pk}{path}", {} if method == "patch" else None, status=404)


def test_a_project_has_so_many(api: Api, project: Project) -> None:
    Channel.objects.bulk_create(
        Channel(project=project, name=f"c{n}", kind="email", config={"recipients": ["a@b.org"]})
        for n in range(100)
    )
    assert "100 channels at most" in json.dumps(api("post", body=given(), status=400))


def test_a_misspelt_field_is_told(api: Api) -> None:
    answer = api("post", "", given(enabledd=False), 400)
    assert answer["errors"] == [{"pointer": "/enabledd", "detail": "There is no such field."}]
    made = api("post", "", given(), 201)
    answer = api("patch", f"/{made['id']}", {"enabeld": False}, 400)
    assert answer["errors"][0]["pointer"] == "/enabeld"
    assert api("get", f"/{made['id']}")["enabled"] is True
