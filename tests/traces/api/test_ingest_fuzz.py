"""Spans with anything in any field: never a 5xx, never a lost neighbour, always readable."""

from __future__ import annotations

import itertools
import json
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import pytest
from django.test import Client
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from traces.conventions.precedence import FIELD_OF

BOUNDED = settings(
    max_examples=150,
    deadline=None,
    phases=(Phase.explicit, Phase.generate),
    suppress_health_check=list(HealthCheck),
    database=None,
    derandomize=True,
)
NUMBERS = itertools.count(1)
HARMLESS = ["", "a", "llm", "error", "user", "2026-01-01T00:00:00Z", "0" * 16, "\0", "\ud800", "💥",
            "é" * 300, "[]", "{}", "[[[[", '{"role": 1}', "NaN", "1e999", "-1", "null"]  # fmt: skip
leaves = (
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.sampled_from(HARMLESS)
    | st.text(max_size=20)
)
values = st.recursive(
    leaves,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(["role", "content", "parts", "type", "id", "name", "arguments", "text"])
            | st.text(max_size=5),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)
FIELDS = (
    *("name", "kind", "parent_id", "start_time", "end_time", "status", "status_message", "model"),
    *("provider", "request_model", "parameters", "input_messages", "output_messages", "input"),
    *("output", "tools", "documents", "usage", "cost", "user_id", "session_id", "environment"),
    *("release", "tags", "metadata", "prompt", "attributes", "events", "resource", "scope"),
    *("time_to_first_token_ms", "duration_ms", "trace_id", "span_id", "no_such_field"),
)
KEYS = [*FIELD_OF, "llm.input_messages.0.message.role", "llm.input_messages.x.message",
        "retrieval.documents.0.document.score", "gen_ai.prompt.0.content", "", "\0", "a.b",
        "__proto__", "llm.output_messages.99999999999999999999.message.content"]  # fmt: skip


@pytest.fixture
def post(client: Client, api_key: str) -> Callable[..., Any]:
    def send(path: str, body: Any) -> Any:
        return client.post(
            path,
            data=json.dumps(body),
            content_type="application/json",
            headers={"Authorization": f"Bearer {api_key}"},
        )

    return send


@pytest.fixture
def read(client: Client, api_key: str) -> Callable[..., Any]:
    def get(path: str) -> Any:
        return client.get(path, headers={"Authorization": f"Bearer {api_key}"})

    return get


def good(trace_id: str) -> dict[str, Any]:
    return {"trace_id": trace_id, "span_id": "ab" * 8, "name": "good", "start_time": time.time_ns()}


@pytest.mark.django_db
def test_native_spans(post: Callable[..., Any], read: Callable[..., Any]) -> None:
    @given(st.dictionaries(st.sampled_from(FIELDS), values, min_size=1, max_size=6))
    @BOUNDED
    def send(odd: dict[str, Any]) -> None:
        trace_id = f"{next(NUMBERS):032x}"
        usual = {"trace_id": trace_id, "name": "odd", "start_time": time.time_ns()}
        answer = post("/api/v1/spans", {"spans": [usual | odd, good(trace_id)]})
        assert answer.status_code == 200, answer.content
        said = answer.json()
        assert said["accepted"] + len(said["rejected"]) + said["duplicates"] == 2
        whole = read(f"/api/v1/traces/{trace_id}")
        assert whole.status_code == 200, whole.content
        assert "good" in {span["name"] for span in whole.json()["spans"]}

    send()
    for path in ("traces", "spans?payload=true", "sessions", "users", "traces?format=csv"):
        answer = read(f"/api/v1/{path}")
        assert answer.status_code == 200
        b"".join(answer.streaming_content) if answer.streaming else answer.content


def any_value(value: Any) -> dict[str, Any]:
    """As OTLP JSON writes it."""
    if isinstance(value, bool):
        return {"boolValue": value}
    if isinstance(value, int):
        return {"intValue": str(value)}
    if isinstance(value, float):
        return {"doubleValue": value}
    if isinstance(value, list):
        return {"arrayValue": {"values": [any_value(one) for one in value]}}
    if isinstance(value, dict):
        pairs = [{"key": key, "value": any_value(one)} for key, one in value.items()]
        return {"kvlistValue": {"values": pairs}}
    return {} if value is None else {"stringValue": value}


@pytest.mark.django_db
def test_otlp_attributes(post: Callable[..., Any], read: Callable[..., Any]) -> None:
    """Any value under any key that a convention reads, plain or as JSON text."""
    texts = values.map(json.dumps)

    @given(st.dictionaries(st.sampled_from(KEYS), values | texts, min_size=1, max_size=8))
    @BOUNDED
    def send(odd: dict[str, Any]) -> None:
        trace_id = f"{next(NUMBERS) + 2**100:032x}"
        attributes = [{"key": key, "value": any_value(value)} for key, value in odd.items()]
        now = time.time_ns()
        times = {"startTimeUnixNano": str(now), "endTimeUnixNano": str(now + 10**6)}
        spans = [
            {"traceId": trace_id, "spanId": f"{n:016x}", "name": name, "attributes": told, **times}
            for n, (name, told) in enumerate((("odd", attributes), ("good", [])), 1)
        ]
        body = {"resourceSpans": [{"scopeSpans": [{"spans": spans}]}]}
        answer = post("/v1/traces", body)
        assert answer.status_code in (200, 400), answer.content
        if answer.status_code == 200:
            whole = read(f"/api/v1/traces/{trace_id}")
            assert whole.status_code == 200, whole.content
            assert "good" in {span["name"] for span in whole.json()["spans"]}

    send()


@pytest.mark.django_db
def test_queries(read: Callable[..., Any]) -> None:
    """Texts that nearly are queries: read, or refused with a position."""
    words = st.sampled_from([
        *("model:", "cost:>", "duration:<2s", "status:error", "OR", "NOT", "-", "(", ")", '"', "*"),
        *("tag:beta", "metadata.", "metadata.a:1", "score.x:<", "score.x:true", "user:a,b", "'"),
        *("start:", "%", "\\", ";--", "\0", "kind:llm", "1e999", "NaN", "9" * 40, ":", ",", " "),
    ])  # fmt: skip

    @given(st.lists(words | st.text(max_size=4), max_size=8), st.booleans())
    @BOUNDED
    def ask(terms: list[str], spaced: bool) -> None:
        text = (" " if spaced else "").join(terms)
        path = quote(text.encode("utf-8", "surrogatepass"))
        for what in ("traces", "spans", "sessions"):
            answer = read(f"/api/v1/{what}?q={path}")
            assert answer.status_code in (200, 400), (text, answer.content)
            if answer.status_code == 400:
                assert answer.json()["type"]

    ask()
