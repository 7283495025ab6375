"""Codecs against everything: they give records or a BodyError, and what they store reads back."""

import json
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.traces.sending import llm, request
from traces.otlp import BodyError, logs, metrics, native, traces, wire
from traces.spans import RawLog, Resource, Scope

CODECS = [
    *(traces.decode_protobuf, traces.decode_json, logs.decode_protobuf, logs.decode_json),
    *(metrics.decode_protobuf, metrics.decode_json, native.decode_json, native.decode_ndjson),
]
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)
SHAPES = st.fixed_dictionaries(
    {
        "resourceSpans": st.lists(
            st.fixed_dictionaries(
                {
                    "resource": JSON,
                    "scopeSpans": st.lists(st.fixed_dictionaries({"scope": JSON, "spans": JSON})),
                }
            )
        )
    }
)


def decode(codec: Any, body: bytes) -> None:
    """Anything but BodyError is a failure."""
    try:
        found = codec(body)
    except BodyError as error:
        assert 400 <= error.status < 500
        return
    assert found.received == len(found.items) + len(found.rejections) + found.ignored


@pytest.mark.parametrize("codec", CODECS)
@given(body=st.binary(max_size=300))
def test_random_bytes(codec: Any, body: bytes) -> None:
    decode(codec, body)


@pytest.mark.parametrize("codec", CODECS)
@given(value=JSON)
def test_random_json(codec: Any, value: Any) -> None:
    decode(codec, json.dumps(value).encode())


@given(value=SHAPES)
def test_random_json_in_the_right_frame(value: Any) -> None:
    decode(traces.decode_json, json.dumps(value).encode())


@given(spans=st.lists(st.dictionaries(st.sampled_from(
    ["name", "start_time", "end_time", "trace_id", "span_id", "parent_id", "kind", "usage",
     "input_messages", "tags", "metadata", "events", "cost", "status"]), JSON)))  # fmt: skip
def test_random_native_spans(spans: list[Any]) -> None:
    decode(native.decode_json, json.dumps({"spans": spans}).encode())


@given(flips=st.lists(st.tuples(st.integers(0, 400), st.integers(0, 255)), max_size=6))
def test_flipped_bytes(flips: list[tuple[int, int]]) -> None:
    body = bytearray(request(llm(b"t" * 16, span_id=b"s" * 8, start_ns=10**18)).SerializeToString())
    for at, value in flips:
        body[at % len(body)] = value
    decode(traces.decode_protobuf, bytes(body))


VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")),
    lambda inner: (
        st.lists(inner)
        | st.dictionaries(
            st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")), inner
        )
    ),
    max_leaves=10,
)


@given(value=VALUES)
def test_values_read_back_as_they_were(value: Any) -> None:
    made = request(llm(b"t" * 16, odd=value))
    [raw] = traces.decode_protobuf(made.SerializeToString()).items
    assert raw.attributes["odd"] == value
    again = wire.decode_span(wire.encode_span(raw), raw.resource, raw.scope)
    assert again.attributes == raw.attributes


def test_groups_and_logs_read_back() -> None:
    resource = Resource({"service.name": "x", "n": [1, {"a": None}]})
    scope = Scope("s", "1", {"k": True})
    assert wire.decode_group(wire.encode_group(resource, scope)) == (resource, scope)
    log = RawLog(b"t" * 16, b"s" * 8, 5, "gen_ai.choice", {"a": [1]}, {"k": "v"}, resource, scope)
    assert wire.decode_log(wire.encode_log(log)) == log


@pytest.mark.parametrize(
    ("sent", "expected"),
    [
        ("2026-11-01T10:00:00Z", 1793527200 * 10**9),
        ("2026-11-01T12:00:00.5+02:00", 1793527200 * 10**9 + 5 * 10**8),
        ("2026-11-01 10:00:00.123456789Z", 1793527200 * 10**9 + 123456789),
        (1793527200000000001, 1793527200000000001),
        ("1793527200000000001", 1793527200000000001),
    ],
)
def test_times(sent: Any, expected: int) -> None:
    assert native.nanoseconds("start_time", sent) == expected


def test_decoding_does_not_grow_faster_than_its_input() -> None:
    many: dict[str, Any] = {f"k{i}": "v" * 10 for i in range(50_000)}
    body = request(llm(**many)).SerializeToString()
    started = time.monotonic()
    traces.decode_protobuf(body)
    assert time.monotonic() - started < 5
