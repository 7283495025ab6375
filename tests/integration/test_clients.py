"""A real application with three real instrumentations shows up whole."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest
from pytest_django.live_server_helper import LiveServer

from tests import provider

APPLICATION = Path(__file__).with_name("application.py")
pytestmark = [pytest.mark.integration, pytest.mark.django_db(transaction=True)]


def run(name: str, base: str, key: str) -> str:
    """Run the application to its end; the id of its trace."""
    with provider.running() as llm:
        variables = {
            "PATH": os.environ["PATH"],
            "OPENAI_BASE_URL": llm,
            "OPENAI_API_KEY": "sk-none",
            "OTEL_EXPORTER_OTLP_ENDPOINT": base,
            "OTEL_EXPORTER_OTLP_HEADERS": f"authorization=Bearer%20{key}",
            "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf",
            "OTEL_SERVICE_NAME": "shop",
            "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT": "SPAN_ONLY",
            "OTEL_SEMCONV_STABILITY_OPT_IN": "gen_ai_latest_experimental",
        }
        done = subprocess.run(
            [sys.executable, "-W", "ignore", str(APPLICATION), name],
            env=variables,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
    assert done.returncode == 0, done.stderr
    assert "Failed to export" not in done.stderr, done.stderr
    return done.stdout.strip()


@pytest.mark.parametrize("name", ["openinference", "openllmetry", "official"])
def test_an_instrumented_application_shows_up_whole(
    live_server: LiveServer, api_key: str, name: str
) -> None:
    trace_id = run(name, live_server.url, api_key)
    headers = {"Authorization": f"Bearer {api_key}"}
    answer = httpx.get(f"{live_server.url}/api/v1/traces/{trace_id}", headers=headers)
    assert answer.status_code == 200, answer.text
    whole = answer.json()
    trace, spans = whole["trace"], whole["spans"]
    assert (trace["session_id"], trace["user_id"]) == ("session-1", "alice")

    calls = [span for span in spans if span["kind"] == "llm"]
    assert len(calls) == 4
    root = next(span for span in spans if span["parent_id"] is None)
    assert {span["parent_id"] for span in spans if span is not root} == {root["span_id"]}
    first, second, streamed, failed = calls
    check_tool_call(first, second)
    check_answer(second)
    check_answer(streamed)
    assert failed["status"] == "error"
    assert failed["status_message"]
    assert failed["usage"] is None
    embedding = next(span for span in spans if span["kind"] == "embedding")
    assert embedding["usage"]["input_tokens"] == 7
    # gpt-4o-mini: 0.15 and 0.60 dollars per million tokens
    assert trace["usage"]["input_tokens"] == 3 * 321 + 7
    assert trace["usage"]["output_tokens"] == 3 * 45
    assert float(trace["cost"]["total"]) == pytest.approx(
        3 * (321 * 0.15 + 45 * 0.6) / 1e6 + 7 * 0.02 / 1e6
    )
    assert trace["error_count"] >= 1


def check_tool_call(first: dict[str, Any], second: dict[str, Any]) -> None:
    [said] = first["output_messages"]
    [call] = said["tool_calls"]
    assert (call["name"], call["arguments"]) == ("lookup_order", {"order": "4711"})
    asked = [(one["role"], one["content"]) for one in first["input_messages"]]
    assert asked == [
        ("system", "You are the shop's assistant."),
        ("user", "Where is order 4711?"),
    ]
    result = second["input_messages"][-1]
    assert (result["role"], result["content"]) == ("tool", "shipped")
    assert result["tool_call_id"] == "call_1"


def check_answer(span: dict[str, Any]) -> None:
    assert span["output_messages"][0]["content"] == provider.ANSWER
    assert span["model"] == provider.MODEL
    assert span["request_model"] == "gpt-4o-mini"
    assert span["provider"] == "openai"
    assert span["usage"]["input_tokens"] == 321
    assert span["usage"]["output_tokens"] == 45
    assert span["cost"]["source"] == "priced"
