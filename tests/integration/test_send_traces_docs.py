"""docs/send-traces.md does what it says: its blocks are run as they stand."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest
from pytest_django.live_server_helper import LiveServer

from tests import provider
from tests.integration.running import VARIANTS, whole_trace

pytestmark = [pytest.mark.integration, pytest.mark.django_db(transaction=True)]
TEXT = (Path(__file__).parents[2] / "docs" / "send-traces.md").read_text()
NATIVE_TRACE = "0af7651916cd43dd8448eb211c80319c"


def blocks(heading: str, language: str) -> list[str]:
    """The code blocks below a heading of the page."""
    section = re.search(rf"^### {re.escape(heading)}.*?\n(.*?)(?=^##|\Z)", TEXT, re.M | re.S)
    assert section is not None, heading
    return re.findall(rf"^```{language}\n(.*?)^```", section[1], re.M | re.S)


def variables(base: str, key: str) -> dict[str, str]:
    """The three lines at the top of the page, with a key and an address in place."""
    top = TEXT[: TEXT.index("## By SDK")]
    told = dict(re.findall(r'^export (\w+)="?(.*?)"?$', top, re.M))
    assert len(told) == 3
    placed = {
        name: value.replace("http://127.0.0.1:8000", base).replace("$KEY", key)
        for name, value in told.items()
    }
    return {"PATH": os.environ["PATH"], "KEY": key, **placed}


def exported(heading: str) -> dict[str, str]:
    """What the section wants to have exported besides."""
    return dict(re.findall(r"^export (\w+)=(\S+)$", "".join(blocks(heading, "sh")), re.M))


def traces(base: str, key: str) -> list[dict[str, Any]]:
    answer = httpx.get(f"{base}/api/v1/traces", headers={"Authorization": f"Bearer {key}"})
    found: list[dict[str, Any]] = answer.json()["results"]
    return found


@pytest.mark.parametrize(
    "heading", ["OpenInference", "OpenLLMetry", "OpenTelemetry's own instrumentation"]
)
def test_python_blocks_are_seen(live_server: LiveServer, api_key: str, heading: str) -> None:
    [code] = blocks(heading, "python")
    with provider.running() as llm:
        done = subprocess.run(
            [sys.executable, "-W", "ignore", "-c", code],
            env=variables(live_server.url, api_key)
            | exported(heading)
            | {"OPENAI_BASE_URL": llm.url, "OPENAI_API_KEY": "sk-none"},
            capture_output=True,
            text=True,
            timeout=60,
        )
    assert done.returncode == 0, done.stderr
    [trace] = traces(live_server.url, api_key)
    assert (trace["session_id"], trace["user_id"]) == ("session-1", "alice")
    assert trace["input_preview"] == "Where is order 4711?"
    assert trace["output_preview"] == provider.ANSWER
    assert trace["usage"]["total_tokens"] == 366
    if heading == "OpenInference":
        assert (trace["tags"], trace["metadata"]) == (["beta"], {"tenant": "acme"})


@pytest.mark.skipif(shutil.which("curl") is None, reason="needs curl")
def test_shell_blocks_are_seen(live_server: LiveServer, api_key: str) -> None:
    for heading in ("Scores", "Without an SDK"):  # a score may come before its trace
        [code] = blocks(heading, "sh")
        done = subprocess.run(
            ["sh", "-c", code],
            env=variables(live_server.url, api_key),
            capture_output=True,
            text=True,
            timeout=30,
        )
        assert done.returncode == 0, done.stderr
    whole = whole_trace(NATIVE_TRACE, live_server.url, api_key)
    [span] = whole["spans"]
    assert span["output_messages"][0]["content"] == "It is on its way."
    assert whole["trace"]["scores"] == {"thumbs": True}


def test_the_page_names_what_the_tests_set() -> None:
    """What the example application needs in its environment stands on the page."""
    names = {name for _, more in VARIANTS.values() for name in more}
    for name in names - {"OTEL_EXPORTER_OTLP_COMPRESSION"}:
        assert name in TEXT
    assert "`EVENT_ONLY`" in TEXT
