"""Runs the example application against an installation, with an instrumentation of choice."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx

from tests import provider

APPLICATION = Path(__file__).with_name("application.py")
LATEST = {"OTEL_SEMCONV_STABILITY_OPT_IN": "gen_ai_latest_experimental"}
CAPTURE = "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT"
VARIANTS: dict[str, tuple[str, dict[str, str]]] = {
    "openinference": ("openinference", {}),
    "openllmetry": ("openllmetry", {"OTEL_EXPORTER_OTLP_COMPRESSION": "gzip"}),
    "official": ("official", {**LATEST, CAPTURE: "SPAN_ONLY"}),
    "official-events": ("official", {**LATEST, CAPTURE: "EVENT_ONLY"}),
    "official-quiet": ("official", {}),
}
"""The instrumentation and what its environment says besides the address and the key."""


def run(variant: str, base: str, key: str) -> str:
    """Run the application to its end, as docs/send-traces.md says; the id of its trace."""
    name, more = VARIANTS[variant]
    with provider.running() as llm:
        variables = {
            "PATH": os.environ["PATH"],
            "OPENAI_BASE_URL": llm.url,
            "OPENAI_API_KEY": "sk-none",
            "OTEL_EXPORTER_OTLP_ENDPOINT": base,
            "OTEL_EXPORTER_OTLP_HEADERS": f"authorization=Bearer%20{key}",
            "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf",
            "OTEL_SERVICE_NAME": "shop",
            "OTEL_RESOURCE_ATTRIBUTES": "deployment.environment.name=tests,service.version=1.2.3",
            **more,
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
    assert "export" not in done.stderr, done.stderr
    return done.stdout.strip()


def whole_trace(trace_id: str, base: str, key: str) -> dict[str, Any]:
    """The trace as the API answers it."""
    headers = {"Authorization": f"Bearer {key}"}
    answer = httpx.get(f"{base}/api/v1/traces/{trace_id}", headers=headers, timeout=30)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found
