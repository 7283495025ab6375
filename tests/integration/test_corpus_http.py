"""Every captured scenario, posted as its client posted it, reads back as what really happened;
twice
changes nothing."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from pytest_django.live_server_helper import LiveServer

from tests.corpus_truth import span_problems, trace_problems
from tests.traces.conventions.test_corpus import GAPS, SCENARIOS

pytestmark = [pytest.mark.integration, pytest.mark.django_db(transaction=True)]
OURS = ("/v1/traces", "/api/public/otel/v1/traces", "/v1/logs", "/v1/metrics")
NO_USAGE = dict.fromkeys(
    (
        *("input_tokens", "output_tokens", "total_tokens", "cache_read_tokens"),
        *("cache_write_tokens", "reasoning_tokens", "audio_tokens"),
    )
)


@pytest.fixture
def http(live_server: LiveServer, api_key: str) -> Iterator[httpx.Client]:
    headers = {"Authorization": f"Bearer {api_key}"}
    with httpx.Client(base_url=live_server.url, headers=headers, timeout=60) as client:
        yield client


def post(http: httpx.Client, folder: Path) -> None:
    """Send the scenario's requests, in their order."""
    truth = json.loads((folder / "expected.json").read_text())
    for number, request in enumerate(truth["requests"], 1):
        if request["path"] not in OURS:
            continue  # a product's own endpoints (datasets, prompts) are not telemetry
        headers = {"Content-Type": request["content_type"]}
        if request.get("content_encoding"):
            headers["Content-Encoding"] = request["content_encoding"]
        body = (folder / f"request-{number}.bin").read_bytes()
        answer = http.post(request["path"], content=body, headers=headers)
        assert answer.status_code == 200, answer.text
        if request["content_type"].startswith("application/json"):
            assert "partialSuccess" not in answer.json()


def read(http: httpx.Client, truth: dict[str, Any]) -> dict[str, bytes]:
    """Each trace of the scenario as the API answers it."""
    found = {}
    for trace_id in sorted({span["trace_id"] for span in truth["spans"]}):
        answer = http.get(f"/api/v1/traces/{trace_id}")
        assert answer.status_code == 200, answer.text
        found[trace_id] = answer.content
    return found


def problems(truth: dict[str, Any], answers: dict[str, bytes]) -> list[str]:
    """How the answers differ from the truth."""
    wholes = {trace_id: json.loads(answer) for trace_id, answer in answers.items()}
    spans = {
        (span["trace_id"], span["span_id"]): span
        for whole in wholes.values()
        for span in whole["spans"]
    }
    wrong = []
    for expected in truth["spans"]:
        got = spans.get((expected["trace_id"], expected["span_id"]))
        if got is None:
            wrong.append(f"no span {expected['name']}")
            continue
        got["usage"] = got["usage"] or NO_USAGE
        found = span_problems(got, expected)
        wrong += [f"{expected['name']}: {one}" for one in found]
    for expected in truth["traces"]:
        summary = wholes[expected["trace_id"]]["trace"]
        summary["usage"] = summary["usage"] or NO_USAGE
        wrong += trace_problems(summary, expected, truth["spans"])
    return wrong


def test_every_scenario_reads_back_as_its_truth(http: httpx.Client) -> None:
    wrong: dict[str, list[str]] = {}
    for folder in SCENARIOS:
        name = f"{folder.parent.name}/{folder.name}"
        truth = json.loads((folder / "expected.json").read_text())
        post(http, folder)
        once = read(http, truth)
        post(http, folder)
        found = problems(truth, once)
        if read(http, truth) != once:
            found.append("changed when it was sent again")
        if found:
            wrong[name] = found
    assert {name: found for name, found in wrong.items() if name not in GAPS} == {}
    assert set(wrong) == set(GAPS), "a gap was closed: take it off the list"
