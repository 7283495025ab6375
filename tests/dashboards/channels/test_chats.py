"""Slack, Teams, Discord and PagerDuty: what apprise makes of an event, and where it may go."""

from __future__ import annotations

import asyncio
import json
import logging
import socket
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import pytest

from dashboards.channels.delivering import SENDERS
from dashboards.channels.events import EventKind
from dashboards.channels.sending import addresses, chat, door
from dashboards.channels.sending.door import Answer
from dashboards.channels.sending.outcome import Outcome
from tests.dashboards.channels.making import (
    DISCORD,
    PAGERDUTY,
    SECRETS,
    SLACK,
    TEAMS,
    event,
)

ID = UUID(int=7)
CHATS = ("slack", "teams", "discord", "pagerduty")
GOOD = {
    "slack": (200, b"ok"),
    "teams": (202, b""),
    "discord": (204, b""),
    "pagerduty": (202, b"{}"),
}
NASTY = "<!channel> <@U123> @everyone <at>All</at> [bank](https://evil.example) `x` *b*"


@dataclass
class Out:
    """In the door's place: what would have gone out."""

    status: int = 200
    body: bytes = b"ok"
    wait: float | None = None
    sent: list[tuple[str, dict[str, Any], dict[str, str]]] = field(default_factory=list)

    def post(self, url: str, *, body: bytes, headers: Mapping[str, str], private: bool) -> Answer:
        assert private is False, "a service is never in the own network"
        self.sent.append((url, json.loads(body), dict(headers)))
        return Answer(self.status, self.wait, self.body)


@pytest.fixture
def out(monkeypatch: pytest.MonkeyPatch) -> Out:
    found = Out()
    monkeypatch.setattr(door, "post", found.post)
    return found


def send(out: Out, to: str, config: dict[str, Any] | None = None, **values: Any) -> Outcome:
    if out.status == 200:
        out.status, out.body = GOOD[to]
    return SENDERS[to](config or {}, SECRETS[to], event(**values), ID)


@pytest.mark.parametrize(
    ("kind", "url"),
    [
        ("slack", SLACK),
        ("discord", DISCORD),
        ("teams", TEAMS.replace(":443", "")),
        ("pagerduty", "https://events.pagerduty.com/v2/enqueue"),
    ],
)
def test_each_is_told_where_its_address_says(out: Out, kind: str, url: str) -> None:
    outcome = send(out, kind)
    assert outcome.ok and outcome.status == GOOD[kind][0]
    [(sent_to, body, headers)] = out.sent
    assert sent_to == url and headers["User-Agent"] == "Sightglass"
    said = json.dumps(body, ensure_ascii=False)
    for part in ("[Firing: critical] Slow returns is firing", "9.1 s", "Model", "gpt-4o"):
        assert part in said
    assert "https://sightglass.example.org/p/shop/alerts/firings/7" in said
    assert "Apprise" not in said and "nuxref" not in said


@pytest.mark.parametrize("kind", ["slack", "teams", "discord"])
def test_hostile_texts_call_nobody_and_hide_no_link(out: Out, kind: str) -> None:
    assert send(out, kind, title=NASTY, text=NASTY, facts=((NASTY, NASTY),)).ok
    [(_, body, _)] = out.sent
    said = json.dumps(body, ensure_ascii=False)
    for token in ("<!", "<@", "<at>", "@everyone", "](https", "`"):
        assert token not in said
    assert "everyone" in said, "it is still to be read"
    if kind == "teams":
        assert "entities" not in body["attachments"][0]["content"]["msteams"]
    assert "allow_mentions" not in body


@pytest.mark.parametrize("kind", CHATS)
def test_long_texts_are_one_message_with_its_link(out: Out, kind: str) -> None:
    facts = tuple((f"name {n}", "v" * 500) for n in range(20))
    assert send(out, kind, title="T" * 400, text="word " * 900, facts=facts).ok
    [(_, body, _)] = out.sent
    said = json.dumps(body, ensure_ascii=False)
    assert "/p/shop/alerts/firings/7" in said
    if kind == "discord":
        assert len(body["content"]) <= 2_000
    if kind == "pagerduty":
        assert len(body["payload"]["summary"]) <= 1_024


@pytest.mark.parametrize("kind", CHATS)
@pytest.mark.parametrize("status", [302, 400, 404, 429, 500])
def test_what_they_answer_decides(out: Out, kind: str, status: int) -> None:
    out.status, out.body, out.wait = status, b"secret words", 33.0 if status == 429 else None
    outcome = send(out, kind)
    assert not outcome.ok and outcome.status == status and "secret" not in outcome.error
    assert outcome.final == (status == 302) and outcome.wait == out.wait
    assert len(out.sent) == 1, "apprise neither waits nor repeats: rows do that"


def test_slack_says_ok_or_it_is_not_sent(out: Out) -> None:
    out.status, out.body = 200, b"no_service"
    outcome = SENDERS["slack"]({}, SLACK, event(), ID)
    assert not outcome.ok and "no_service" not in outcome.error


def test_one_alert_is_one_incident(out: Out) -> None:
    for what in (EventKind.FIRING, EventKind.ACKNOWLEDGED, EventKind.RESOLVED):
        assert send(out, "pagerduty", kind=what).ok
    bodies = [body for _, body, _ in out.sent]
    assert [body["event_action"] for body in bodies] == ["trigger", "acknowledge", "resolve"]
    assert {body["dedup_key"] for body in bodies} == {event().thread}
    assert {body["routing_key"] for body in bodies} == {PAGERDUTY}
    assert bodies[0]["payload"]["severity"] == "critical"
    assert bodies[0]["payload"]["custom_details"] == {"Model": "gpt-4o", "Window": "15 min"}
    assert bodies[0]["links"] == [{"href": event().url}]
    send(out, "pagerduty", group="gpt-4o")
    assert out.sent[-1][1]["dedup_key"] != event().thread


def test_pagerduty_in_europe_and_what_is_not_for_it(out: Out) -> None:
    assert send(out, "pagerduty", {"region": "eu"}).ok
    assert out.sent[0][0] == "https://events.eu.pagerduty.com/v2/enqueue"
    outcome = send(out, "pagerduty", kind=EventKind.DIGEST)
    assert outcome.final and len(out.sent) == 1
    assert send(out, "pagerduty", kind=EventKind.TEST, rule_id=None, severity="info").ok
    assert out.sent[-1][1]["dedup_key"] == ID.hex


@pytest.mark.parametrize(
    "address",
    [
        *("https://hooks.slack.com/services/T0/B0/x?template=file:///etc/passwd", "slack://a/b/c"),
        *("https://hooks.slack.com.evil.example/services/T0/B0/x", "http://hooks.slack.com/x"),
        *(
            "https://user@hooks.slack.com/services/T0/B0/x",
            "https://hooks.slack.com/services/T0/B0",
        ),
        "https://hooks.slack.com/services/T0/B0/x\n",
        "https://hooks.slack.com/services/../../x/B0/x",
    ],
)
def test_what_is_no_address_of_slack(address: str) -> None:
    with pytest.raises(ValueError, match=r"hooks\.slack\.com"):
        addresses.slack(address if not address.endswith("\n") else address + "x")
    assert not addresses.is_slack(address)


@pytest.mark.parametrize(
    "address",
    [
        *("https://discord.com/api/webhooks/1/a?avatar_url=http://10.0.0.1/", "discord://1/a"),
        *(
            "https://discord.com@evil.example/api/webhooks/1/a",
            "https://discord.com/api/webhooks/1",
        ),
        "https://canary.discord.com.evil.example/api/webhooks/1/a",
    ],
)
def test_what_is_no_address_of_discord(address: str) -> None:
    with pytest.raises(ValueError, match="discord"):
        addresses.discord(address)
    assert not addresses.is_discord(address)


@pytest.mark.parametrize(
    "address",
    [
        TEAMS.replace("logic.azure.com", "logic.azure.com.evil.example"),
        TEAMS.replace(":443", ":8443"),
        TEAMS.replace("https", "http"),
        TEAMS.partition("&sig=")[0],
        TEAMS.replace("Sig_na-ture", "../../x/y/z"),
        TEAMS.replace("2016-06-01", "x/../../y"),
        TEAMS.replace("prod-12", "evil.example/prod"),
        TEAMS.replace("https://prod", "https://u:p@prod"),
    ],
)
def test_what_is_no_address_of_teams(address: str) -> None:
    with pytest.raises(ValueError, match=r"Teams|api-version"):
        addresses.teams(address)


def test_the_newer_addresses_of_teams(out: Out) -> None:
    address = (
        "https://default0123.4a.environment.api.powerplatform.com:443/powerautomate/automations/"
        "direct/workflows/0123abcd/triggers/manual/paths/invoke?api-version=1&sp=%2Ftriggers%2F"
        "manual%2Frun&sv=1.0&sig=Sig_na-ture&template=file%3A%2F%2F%2Fetc%2Fpasswd"
    )
    out.status, out.body = 202, b""
    assert SENDERS["teams"]({}, address, event(), ID).ok
    [(url, _, _)] = out.sent
    assert url == address.partition("&template")[0].replace(":443", ""), (
        "what is not known is left out"
    )


def test_apprise_reaches_nothing_but_the_door(monkeypatch: pytest.MonkeyPatch) -> None:
    """Should an update of apprise find another way out, it ends here."""

    def opened(*_: Any, **__: Any) -> Any:
        raise AssertionError("a connection past the door")

    async def private(self: Any, host: str, port: int, **_: Any) -> list[Any]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("10.0.0.7", port))]

    monkeypatch.setattr(socket, "create_connection", opened)
    monkeypatch.setattr(socket.socket, "connect", opened)
    monkeypatch.setattr(asyncio.base_events.BaseEventLoop, "getaddrinfo", private)
    for kind in CHATS:
        outcome = SENDERS[kind]({}, SECRETS[kind], event(), ID)
        assert not outcome.ok and "private address" in outcome.error


def test_the_door_takes_a_service_s_own_addresses_only(out: Out) -> None:
    """What a plugin asks for besides its message is refused."""
    passage = chat.Passage(addresses.is_slack)
    token = chat.PASSAGE.set(passage)
    try:
        for method, url in (
            ("post", "https://evil.example/"),
            ("get", SLACK),
            ("post", SLACK.replace("https", "http")),
            ("post", DISCORD),
        ):
            with pytest.raises(chat.Requests.RequestException):
                chat.Requests().request(method, url, data="{}")
    finally:
        chat.PASSAGE.reset(token)
    assert out.sent == [] and all(outcome.final for outcome in passage.outcomes)


def test_nothing_secret_is_logged(out: Out, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    for kind in CHATS:
        out.status = 200
        send(out, kind)
        out.status = 500
        send(out, kind)
    assert SLACK.rpartition("/")[2] not in caplog.text and "Sig_na-ture" not in caplog.text
    assert PAGERDUTY not in caplog.text and "aB-c_d" not in caplog.text
