"""docs/channels.md does what it says: its code verifies what is sent, and nothing else."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from pytest_django import Settings

from dashboards.channels.events import EventKind
from dashboards.channels.models import Channel
from dashboards.channels.sending import webhook as sender
from tests import webhook
from tests.dashboards.channels.making import KEY, event

TEXT = (Path(__file__).parents[3] / "docs" / "channels.md").read_text()
OTHER = "whsec_" + "bm90LXRoZS1rZXktdGhhdC13YXMtdXNlZC1oZXJlLSE="


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", TEXT, re.M | re.S)


@pytest.fixture
def call(settings: Settings) -> webhook.Call:
    """What a receiver gets."""
    settings.ALLOW_PRIVATE_WEBHOOKS = True
    with webhook.running() as receiver:
        assert sender.send({"url": receiver.url}, KEY, event(title="Größe"), uuid4()).ok
    return receiver.calls[0]


def headers(call: webhook.Call, **changed: str) -> dict[str, str]:
    given = {name.lower(): value for name, value in call.headers.items()}
    return given | {name.replace("_", "-"): value for name, value in changed.items()}


def tampered(call: webhook.Call) -> list[tuple[str, dict[str, str], bytes]]:
    old = str(int(time.time()) - 3600)
    signed = sender.signature(KEY, call.headers["webhook-id"], int(old), call.raw)
    return [
        (OTHER, headers(call), call.raw),
        (KEY, headers(call), call.raw.replace(b"critical", b"info")),
        (KEY, headers(call, webhook_id="msg_another"), call.raw),
        (KEY, headers(call, webhook_timestamp=old, webhook_signature=signed), call.raw),
        (KEY, headers(call, webhook_signature="v1,"), call.raw),
        (KEY, headers(call, webhook_signature="v2," + "A" * 43 + "="), call.raw),
    ]


def test_the_code_in_python_verifies(call: webhook.Call) -> None:
    [code] = blocks("python")
    names: dict[str, Any] = {}
    exec(code, names)
    verify: Callable[..., bool] = names["verify"]
    assert verify(KEY, headers(call), call.raw) is True
    twice = "v1,AAAA " + call.headers["webhook-signature"]
    assert verify(KEY, headers(call, webhook_signature=twice), call.raw) is True
    for key, given, body in tampered(call):
        assert verify(key, given, body) is False


@pytest.mark.skipif(shutil.which("node") is None, reason="node is not installed")
def test_the_code_in_javascript_verifies(call: webhook.Call) -> None:
    [code] = blocks("js")
    cases = [(KEY, headers(call), call.raw), *tampered(call)]
    given = json.dumps([[key, said, body.decode()] for key, said, body in cases])
    program = f"{code}\nconsole.log(JSON.stringify({given}.map(c => verify(...c))))"
    done = subprocess.run(["node", "-e", program], capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == [True] + [False] * (len(cases) - 1)


def test_the_body_is_as_it_is_shown(call: webhook.Call) -> None:
    shown = json.loads(blocks("json")[0])
    assert shown.keys() == call.body.keys() and shown["data"].keys() == call.body["data"].keys()


def test_every_kind_of_channel_and_event_is_named() -> None:
    assert all(f"`{kind}`" in TEXT for kind in Channel.Kind.values)
    assert all(f"`alert.{kind.value}`" in TEXT for kind in EventKind)


@pytest.mark.django_db
def test_the_example_of_the_api_works(api_key: str, client: Any) -> None:
    found = re.search(r"-d '(\{.*?\})'", TEXT, re.S)
    assert found is not None
    answer = client.post(
        "/api/v1/channels",
        data=found[1],
        content_type="application/json",
        headers={"Authorization": f"Bearer {api_key}"},
    )
    assert answer.status_code == 201, answer.content
