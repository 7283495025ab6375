"""Webhooks: signed, with a stable id, and never into the installation's own network."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
import socket
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any
from uuid import UUID

import pytest
from pytest_django import Settings

from dashboards.channels.sending import door
from dashboards.channels.sending import webhook as sender
from dashboards.channels.sending.outcome import Outcome, of_status
from tests import webhook
from tests.dashboards.channels.making import KEY, event

ID = UUID(int=0x0123456789ABCDEF0123456789ABCDEF)


@pytest.fixture
def receiver(settings: Settings) -> Iterator[webhook.Receiver]:
    settings.ALLOW_PRIVATE_WEBHOOKS = True
    with webhook.running() as one:
        yield one


def send(url: str, **values: Any) -> Outcome:
    return sender.send({"url": url}, KEY, event(**values), ID)


def test_the_signature_is_that_of_standard_webhooks() -> None:
    """The example that the standard's own libraries are tested with."""
    key, message_id, timestamp = (
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        "msg_p5jXN8AQM9LWM0D4loKWxJek",
        1614265330,
    )
    made = sender.signature(key, message_id, timestamp, b'{"test": 2432232314}')
    assert made == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_what_a_receiver_gets(receiver: webhook.Receiver) -> None:
    assert send(receiver.url, group="gpt-4o") == Outcome(True, status=200)
    [call] = receiver.calls
    body = call.body
    assert body["type"] == "alert.firing" and body["timestamp"] == "2026-11-20T09:30:00+00:00"
    assert body["data"] == {
        "project": "shop", "project_name": "Shop assistant", "title": "Slow returns is firing",
        "text": "p95 is 9.1 s, above 8 s.", "severity": "critical",
        "url": "https://sightglass.example.org/p/shop/alerts/firings/7",
        "facts": [{"name": "Model", "value": "gpt-4o"}, {"name": "Window", "value": "15 min"}],
        "rule_id": 7, "rule": "slow-returns", "group": "gpt-4o",
    }  # fmt: skip
    headers = call.headers
    assert headers["content-type"] == "application/json" and headers["user-agent"] == "Sightglass"
    assert headers["webhook-id"] == f"msg_{ID.hex}"
    assert abs(int(headers["webhook-timestamp"]) - time.time()) < 30
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + call.raw
    made = hmac.new(base64.b64decode(KEY[6:]), signed, hashlib.sha256).digest()
    assert headers["webhook-signature"] == f"v1,{base64.b64encode(made).decode()}"


def test_hostile_texts_stay_texts(receiver: webhook.Receiver) -> None:
    nasty = '"}],"x":{"\\u0000\r\nInjected: yes\r\n\r\n</script>\ud800'
    send(receiver.url, title=nasty, group=nasty, facts=((nasty, nasty),))
    [call] = receiver.calls
    assert "Injected" not in call.headers
    assert set(call.body) == {"type", "timestamp", "data"}
    assert call.body["data"]["title"].startswith('"}],"x":{')


def test_keys_are_made_and_checked() -> None:
    made = {sender.new_key() for _ in range(5)}
    assert len(made) == 5 and all(len(sender.key_bytes(key)) == 32 for key in made)
    for bad in ("whsec_", "whsec_!!", "geheim", "whsec_" + base64.b64encode(b"x" * 23).decode()):
        with pytest.raises(ValueError, match=r"whsec_|bytes"):
            sender.key_bytes(bad)


@pytest.mark.parametrize(
    "host",
    [
        *("127.0.0.1", "localhost", "127.1", "0x7f000001", "2130706433", "017700000001"),
        *("[::1]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "0.0.0.0", "[::]"),
    ],
)
def test_no_spelling_of_loopback_is_called(host: str, settings: Settings) -> None:
    settings.ALLOW_PRIVATE_WEBHOOKS = False
    with webhook.running() as receiver:
        outcome = send(f"http://{host}:{receiver.port}/")
        assert not outcome.ok and receiver.calls == []
    if outcome.final:
        assert "SIGHTGLASS_ALLOW_PRIVATE_WEBHOOKS" in outcome.error


@pytest.mark.parametrize("address", ["169.254.169.254", "10.0.0.7", "192.168.1.1", "100.64.0.1"])
def test_the_own_network_is_not_called(address: str) -> None:
    outcome = send(f"http://{address}/latest/meta-data")
    assert outcome.final and address in outcome.error


def test_a_switch_for_models_is_none_for_webhooks(settings: Settings) -> None:
    settings.ALLOW_PRIVATE_PROVIDERS, settings.ALLOW_PRIVATE_WEBHOOKS = True, False
    with webhook.running() as receiver:
        assert not send(receiver.url).ok and receiver.calls == []


def test_a_name_that_changes_its_mind_gains_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is asked once, and the answer that was checked is what is connected to."""
    asked: list[str] = []

    async def answers(self: Any, host: str, port: int, **_: Any) -> list[Any]:
        asked.append(host)
        address = "10.0.0.7" if len(asked) == 1 else "127.0.0.1"
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port))]

    monkeypatch.setattr(asyncio.base_events.BaseEventLoop, "getaddrinfo", answers)
    outcome = send("http://rebinding.example/")
    assert outcome.final and "10.0.0.7" not in outcome.error and asked == ["rebinding.example"]


def test_redirects_are_not_followed(receiver: webhook.Receiver) -> None:
    receiver.answers = [302]
    receiver.headers = {"Location": f"http://127.0.0.1:{receiver.port}/inside"}
    outcome = send(receiver.url)
    assert outcome.final and outcome.status == 302 and "redirects are not followed" in outcome.error
    assert [call.path for call in receiver.calls] == ["/hooks/a"]


def test_what_the_other_side_says_is_not_shown(receiver: webhook.Receiver) -> None:
    receiver.answers, receiver.text = [500], b"internal: password=hunter2"
    outcome = send(receiver.url)
    assert outcome == Outcome(False, "HTTP 500 Internal Server Error", 500)


def test_an_endless_answer_ends(receiver: webhook.Receiver) -> None:
    receiver.text = b"x" * 5_000_000
    answer = door.post(receiver.url, body=b"{}", headers={}, private=True)
    assert answer.status == 200 and len(answer.body) == door.LARGEST


def test_a_slow_answer_ends(monkeypatch: pytest.MonkeyPatch, receiver: webhook.Receiver) -> None:
    monkeypatch.setattr(door, "DEADLINE", 0.2)
    receiver.answers = lambda call: time.sleep(1) or 200  # type: ignore[func-returns-value]
    outcome = send(receiver.url)
    assert not outcome.ok and not outcome.final and "No answer" in outcome.error


@pytest.mark.parametrize("url", ["http://127.0.0.1:1/", "http://no-such-name.invalid/"])
def test_nobody_there(url: str, settings: Settings) -> None:
    settings.ALLOW_PRIVATE_WEBHOOKS = True
    outcome = send(url)
    assert not outcome.ok and not outcome.final and outcome.error.startswith("No connection")


def test_what_is_no_http(settings: Settings) -> None:
    settings.ALLOW_PRIVATE_WEBHOOKS = True
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(10)

        def talk() -> None:
            one, _ = server.accept()
            one.recv(100)
            one.sendall(b"220 smtp.example.org ESMTP\r\n")
            one.close()

        import threading

        thread = threading.Thread(target=talk)
        thread.start()
        outcome = send(f"http://127.0.0.1:{server.getsockname()[1]}/")
        thread.join()
    assert not outcome.ok and outcome.error.startswith("The connection broke")
    assert "smtp.example.org" not in outcome.error


def test_retry_after_in_both_forms() -> None:
    assert door.wait_of({"retry-after": "17"}) == 17.0
    assert door.wait_of({"retry-after": "1e9"}) == door.LONGEST_WAIT
    assert door.wait_of({"retry-after": "-4"}) == 0.0
    soon = format_datetime(datetime.now(UTC) + timedelta(seconds=90), usegmt=True)
    found = door.wait_of({"retry-after": soon})
    assert found is not None and 80 < found <= 90
    for nonsense in ("", "soon", "nan", "inf", "Mon, 99 Foo 2026"):
        assert door.wait_of({"retry-after": nonsense}) is None


def test_what_statuses_mean() -> None:
    assert of_status(204, None).ok and not of_status(400, None).ok
    assert not of_status(404, None).final and of_status(410, None).final
    assert of_status(429, 30.0).wait == 30.0
    assert of_status(799, None).error == "HTTP 799"
    json.dumps(of_status(500, None).error)
