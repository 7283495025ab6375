"""The way in over HTTP:

every answer as the contract says, no 500, no partial row, no lost neighbour.
"""

import gzip
import json
import os
import time
import zlib
from typing import Any

import pytest
from django.db import OperationalError
from django.test import Client
from google.rpc.status_pb2 import Status
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)

from sightglass.accounts.keys import create_key
from sightglass.accounts.models import Project
from tests.traces.sending import SECOND, llm, request, span
from traces.models import Receipt, RejectedPayload, Span, Trace, UnmappedKey
from traces.services import indexing, writer
from traces.spans import Flag

pytestmark = pytest.mark.django_db
PROTOBUF, JSON = "application/x-protobuf", "application/json"


class Sender:
    """Posts bodies with a key."""

    def __init__(self, client: Client, key: str) -> None:
        self.client, self.key = client, key

    def __call__(
        self, body: bytes | dict[str, Any], content_type: str = PROTOBUF, **more: Any
    ) -> Any:
        path = more.pop("path", "/v1/traces")
        data = json.dumps(body).encode() if isinstance(body, dict) else body
        headers = {"Authorization": f"Bearer {self.key}"} | more.pop("headers", {})
        return self.client.post(path, data, content_type=content_type, headers=headers, **more)


@pytest.fixture
def send(client: Client, api_key: str) -> Sender:
    return Sender(client, api_key)


def otlp_json(*spans: dict[str, Any]) -> dict[str, Any]:
    return {"resourceSpans": [{"scopeSpans": [{"scope": {"name": "js"}, "spans": list(spans)}]}]}


def json_span(**fields: Any) -> dict[str, Any]:
    start = time.time_ns() - 60 * SECOND
    return {
        "traceId": os.urandom(16).hex(),
        "spanId": os.urandom(8).hex(),
        "name": "chat",
        "kind": 3,
        "startTimeUnixNano": str(start),
        "endTimeUnixNano": start + SECOND,
        "attributes": [{"key": "gen_ai.request.model", "value": {"stringValue": "gpt-4o"}}],
    } | fields


# ── Answers ──────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("path", ["/v1/traces", "/api/public/otel/v1/traces"])
def test_protobuf_is_answered_in_protobuf(send: Sender, path: str) -> None:
    answer = send(request(llm()).SerializeToString(), path=path)
    assert (answer.status_code, answer["Content-Type"]) == (200, PROTOBUF)
    assert not ExportTraceServiceResponse.FromString(answer.content).HasField("partial_success")
    assert Span.objects.count() == 1


def test_json_is_answered_in_json(send: Sender) -> None:
    answer = send(otlp_json(json_span()), JSON)
    assert (answer.status_code, answer["Content-Type"], answer.json()) == (200, JSON, {})
    assert Span.objects.get().model == "gpt-4o"


def test_both_encodings_give_identical_rows(send: Sender) -> None:
    call = llm(custom=["a", "b"], flag=True, ratio=0.5, big=2**62)
    message = request(call, service__name="shop")
    send(message.SerializeToString())
    ignored = {"received_at", "block_id"}
    first = {k: v for k, v in Span.objects.values().get().items() if k not in ignored}
    Trace.objects.all().delete()
    Span.objects.all().delete()

    def any_value(value: Any) -> dict[str, Any]:
        kind = value.WhichOneof("value")
        if kind == "array_value":
            return {"arrayValue": {"values": [any_value(v) for v in value.array_value.values]}}
        name = kind.replace("_v", "V")
        inner = getattr(value, kind)
        return {name: str(inner) if kind == "int_value" else inner}

    sent = message.resource_spans[0].scope_spans[0].spans[0]
    body = otlp_json(
        json_span(
            traceId=sent.trace_id.hex().upper(),
            spanId=sent.span_id.hex(),
            startTimeUnixNano=sent.start_time_unix_nano,
            endTimeUnixNano=str(sent.end_time_unix_nano),
            attributes=[{"key": a.key, "value": any_value(a.value)} for a in sent.attributes],
        )
    )
    assert send(body, JSON).status_code == 200
    second = {k: v for k, v in Span.objects.values().get().items() if k not in ignored}
    assert first == second


def test_an_empty_request_is_fine(send: Sender) -> None:
    assert send(b"", CONTENT_TYPE=PROTOBUF).status_code == 200
    assert send({}, JSON).json() == {}
    assert Span.objects.count() == 0


@pytest.mark.parametrize("content_type", [PROTOBUF, JSON])
def test_the_good_spans_of_a_mixed_request_are_kept(send: Sender, content_type: str) -> None:
    if content_type == PROTOBUF:
        bad = [llm(bytes(16)), llm(span_id=b"short"), llm(b"fifteen bytes .")]
        body: Any = request(*[llm() for _ in range(7)], *bad).SerializeToString()
    else:
        wrong = [
            json_span(traceId="0" * 32),
            json_span(spanId="zz"),
            json_span(startTimeUnixNano="soon"),
        ]
        body = otlp_json(*[json_span() for _ in range(7)], *wrong)
    answer = send(body, content_type)
    assert answer.status_code == 200
    if content_type == PROTOBUF:
        partial = ExportTraceServiceResponse.FromString(answer.content).partial_success
        rejected, message = partial.rejected_spans, partial.error_message
    else:
        partial = answer.json()["partialSuccess"]
        rejected, message = int(partial["rejectedSpans"]), partial["errorMessage"]
    assert rejected == 3
    assert "trace_id" in message
    assert Span.objects.count() == 7
    receipt = Receipt.objects.get()
    assert (receipt.received, receipt.stored, sum(receipt.rejected.values())) == (10, 7, 3)
    assert RejectedPayload.objects.count() == 1


# ── Refusals, each in the request's encoding ─────────────────────────────────────────────────────


def check_status(answer: Any, content_type: str, code: int) -> str:
    assert answer["Content-Type"] == content_type
    if content_type == PROTOBUF:
        status = Status.FromString(answer.content)
        assert status.code == code
        return str(status.message)
    assert answer.json()["code"] == code
    return str(answer.json()["message"])


@pytest.mark.parametrize("path", ["/v1/traces", "/v1/logs", "/v1/metrics"])
@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b"\xff\xfe random \x00", PROTOBUF),
        (b"{", JSON),
        (b"[]", JSON),
        (b'{"resourceSpans": 5, "resourceLogs": 5, "resourceMetrics": 5}', JSON),
        (b"[" * 100_000, JSON),
        (b'{"a":' * 100_000, JSON),
        (b'{"a": NaN}', JSON),
        (b'{"a": "\\ud800", "b": Infinity}', JSON),
    ],
)
def test_a_body_that_cannot_be_read_is_400(
    send: Sender, path: str, body: bytes, content_type: str
) -> None:
    answer = send(body, content_type, path=path)
    assert answer.status_code == 400
    assert check_status(answer, content_type, 3)
    assert Span.objects.count() == 0
    assert sum(sum(one.rejected.values()) for one in Receipt.objects.all()) == 1


def test_spans_under_another_name_are_400_and_not_answered_as_stored(send: Sender) -> None:
    span = json_span()
    snake = send({"resource_spans": otlp_json(span)["resourceSpans"]}, JSON)
    assert 'it is "resourceSpans"' in check_status(snake, JSON, 3) and snake.status_code == 400
    native = send({"spans": [{"name": "chat", "start_time": "2026-11-01T00:00:00Z"}]}, JSON)
    assert "Native spans go to /api/v1/spans." in check_status(native, JSON, 3)
    assert native.status_code == 400
    assert send({"unknown": [1]}, JSON).status_code == 200, "unknown fields are passed over"
    assert send(otlp_json(span) | {"spans": 1}, JSON).status_code == 200
    assert Span.objects.count() == 1


def test_truncated_protobuf_is_400_and_stores_nothing(send: Sender) -> None:
    body = request(llm(), llm()).SerializeToString()
    assert send(body[:-20]).status_code == 400
    assert Span.objects.count() == 0


def test_an_any_value_deeper_than_protobuf_allows_is_400(send: Sender) -> None:
    message = ExportTraceServiceRequest()
    inner = message.resource_spans.add().resource.attributes.add(key="deep").value
    for _ in range(5000):
        inner = inner.array_value.values.add()
    assert send(message.SerializeToString()).status_code == 400


def test_a_deep_json_value_costs_its_span_only(send: Sender) -> None:
    value: dict[str, Any] = {"stringValue": "x"}
    for _ in range(120):
        value = {"arrayValue": {"values": [value]}}
    answer = send(
        otlp_json(json_span(), json_span(attributes=[{"key": "k", "value": value}])), JSON
    )
    assert answer.json()["partialSuccess"]["rejectedSpans"] == "1"
    assert Span.objects.count() == 1


def test_other_content_types_are_415(send: Sender) -> None:
    answer = send(b"a,b", "text/csv")
    assert answer.status_code == 415
    assert "x-protobuf" in check_status(answer, PROTOBUF, 3)


@pytest.mark.parametrize("encoding", ["br", "zstd", "deflate"])
def test_other_encodings_are_415(send: Sender, encoding: str) -> None:
    answer = send(b"{}", JSON, headers={"Content-Encoding": encoding})
    assert answer.status_code == 415
    check_status(answer, JSON, 3)


@pytest.mark.parametrize("header", ["", "Bearer nobody", "Basic !!!", "Bearer a\x00b", "Token x"])
def test_no_valid_key_is_401(client: Client, header: str) -> None:
    headers = {"Authorization": header} if header else {}
    answer = client.post("/v1/traces", b"{}", content_type=JSON, headers=headers)
    assert answer.status_code == 401
    assert answer["WWW-Authenticate"].startswith("Bearer")
    check_status(answer, JSON, 16)


def test_a_key_without_the_scope_is_403(client: Client, project: Project) -> None:
    _, key = create_key(project=project, name="reader", scopes=["read"])
    answer = Sender(client, key)(request(llm()).SerializeToString())
    assert answer.status_code == 403
    check_status(answer, PROTOBUF, 7)


def test_basic_authentication_takes_the_key_as_password(client: Client, api_key: str) -> None:
    import base64

    value = base64.b64encode(f"public:{api_key}".encode()).decode()
    headers = {"Authorization": f"Basic {value}"}
    body = request(llm()).SerializeToString()
    answer = client.post("/v1/traces", body, content_type=PROTOBUF, headers=headers)
    assert answer.status_code == 200


def test_a_get_is_405(client: Client, api_key: str) -> None:
    answer = client.get("/v1/traces", headers={"Authorization": f"Bearer {api_key}"})
    assert (answer.status_code, answer["Allow"]) == (405, "POST")


# ── Compression and size ─────────────────────────────────────────────────────────────────────────


def test_gzip_is_read(send: Sender) -> None:
    body = request(llm()).SerializeToString()
    members = gzip.compress(body[:100]) + gzip.compress(body[100:])
    for packed in (gzip.compress(body), members):
        assert send(packed, headers={"Content-Encoding": "gzip"}).status_code == 200
    assert Span.objects.count() == 1


@pytest.mark.parametrize(
    "body",
    [b"not gzip", gzip.compress(b"x" * 1000)[:-9], gzip.compress(b"") + b"rubbish"],
    ids=["other", "cut", "longer"],
)
def test_broken_gzip_is_400(send: Sender, body: bytes) -> None:
    assert send(body, headers={"Content-Encoding": "gzip"}).status_code == 400


def test_a_gzip_bomb_is_413_without_being_inflated(send: Sender, settings: Any) -> None:
    settings.MAX_INFLATED_BYTES = 2**20
    bomb = zlib.compressobj(9, wbits=31)
    packed = bomb.compress(bytes(100 * 2**20)) + bomb.flush()
    started = time.monotonic()
    assert send(packed, headers={"Content-Encoding": "gzip"}).status_code == 413
    assert time.monotonic() - started < 1


def test_a_body_over_the_limit_is_413(send: Sender, settings: Any) -> None:
    settings.MAX_BODY_BYTES = 1000
    answer = send(b"x" * 1001, JSON)
    assert answer.status_code == 413
    check_status(answer, JSON, 3)


# ── When it may be tried again ───────────────────────────────────────────────────────────────────


def test_a_quota_is_429_with_retry_after(send: Sender, project: Project) -> None:
    project.spans_per_minute = 3
    project.save()
    assert send(request(llm(), llm(), llm()).SerializeToString()).status_code == 200
    answer = send(request(llm()).SerializeToString())
    assert answer.status_code == 429
    assert 1 <= int(answer["Retry-After"]) <= 61
    check_status(answer, PROTOBUF, 8)
    assert Span.objects.count() == 3


@pytest.mark.parametrize("error", [OperationalError("away"), ZeroDivisionError("a bug")])
def test_what_is_unexpected_is_503_with_retry_after(
    send: Sender, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise error

    monkeypatch.setattr(writer, "write", fail)
    answer = send(request(llm()).SerializeToString())
    assert answer.status_code == 503
    assert answer["Retry-After"].isdigit()
    assert "away" not in check_status(answer, PROTOBUF, 14)


# ── Hostile values ───────────────────────────────────────────────────────────────────────────────


def test_nul_is_replaced_and_flagged(send: Sender) -> None:
    odd: dict[str, Any] = {"user.id": "u\0", "k\0": "v\0", "literal": "\\u0000"}
    evil = llm(name="a\0b", **odd)
    assert send(request(evil, llm()).SerializeToString()).status_code == 200
    row = Span.objects.get(name="a\ufffdb")
    assert row.flags & Flag.SANITISED
    assert row.user_id == "u\ufffd"
    assert Span.objects.exclude(pk=row.pk).get().flags & Flag.SANITISED == 0


def test_broken_utf8_is_replaced_and_flagged(send: Sender) -> None:
    body = request(llm(name="BROKEN"), llm(name="whole")).SerializeToString()
    assert send(body.replace(b"BROKEN", b"BR\xff\xfeEN")).status_code == 200
    names = dict(Span.objects.values_list("name", "flags"))
    assert names["BR\ufffd\ufffdEN"] & Flag.SANITISED
    assert names["whole"] & Flag.SANITISED == 0


def test_lone_surrogates_are_replaced_and_flagged(send: Sender) -> None:
    body = json.dumps(otlp_json(json_span(name="a\ud800b"), json_span(name="\\ud800 literal")))
    assert send(body.encode(), JSON).status_code == 200
    assert Span.objects.get(name="a\ufffdb").flags & Flag.SANITISED
    assert Span.objects.filter(name="\\ud800 literal").exists()


@pytest.mark.parametrize(
    ("start", "end"),
    [
        (0, 0),
        (1, 2),
        (1_763_000_000, 1_763_000_001),
        (time.time_ns() + 10 * 365 * 86_400 * SECOND, 0),
        (2**64 - 1, 2**64 - 1),
        (time.time_ns(), time.time_ns() - SECOND),
    ],
    ids=["zero", "one", "seconds", "in-ten-years", "largest", "ends-first"],
)
def test_impossible_times_are_clamped_and_flagged(send: Sender, start: int, end: int) -> None:
    call = llm() | {"start_time_unix_nano": start, "end_time_unix_nano": end}
    body = request(call).SerializeToString()
    assert send(body).status_code == 200
    row = Span.objects.get()
    assert row.flags & Flag.TIME_CLAMPED
    assert abs(row.start_ns - time.time_ns()) < 3600 * SECOND  # collecting was a while ago
    assert row.end_ns is None or row.end_ns >= row.start_ns
    assert send(body).status_code == 200
    assert Span.objects.count() == 1


def test_many_attributes_tags_and_long_keys_are_stored(send: Sender) -> None:
    crowd: dict[str, Any] = {f"k{i}": i for i in range(100_000)}
    odd: dict[str, Any] = {"k" * 10_000: "v", "": "", "__proto__": "p", "%s": "{0.__class__}"}
    many = span(**crowd)
    tags = span(tag__tags=[f"tag{i}" for i in range(5000)])
    long = span(**odd)
    assert send(request(many, tags, long).SerializeToString()).status_code == 200
    assert Span.objects.count() == 3


def test_numbers_never_poison_sums(send: Sender) -> None:
    for value in (float("nan"), float("inf"), -5, 2**63 - 1, "1e400", "9" * 5000, True):
        call = llm(gen_ai__usage__input_tokens=value, gen_ai__usage__cost=value)
        assert send(request(call).SerializeToString()).status_code == 200
    assert Span.objects.count() == Trace.objects.count() == 7
    for row in Span.objects.all():
        assert row.cost_total is None or 0 <= row.cost_total < 2**63


def test_all_ff_ids_are_stored(send: Sender) -> None:
    assert (
        send(request(llm(b"\xff" * 16, span_id=b"\xff" * 8)).SerializeToString()).status_code == 200
    )
    assert Span.objects.get().span_id == -1


# ── Native JSON ──────────────────────────────────────────────────────────────────────────────────


def native(send: Sender, *spans: Any, **more: Any) -> Any:
    return send({"spans": list(spans)}, JSON, path="/api/v1/spans", **more)


def test_a_native_span_reads_back_as_sent(send: Sender, client: Client) -> None:
    sent = {
        "name": "answer",
        "kind": "llm",
        "start_time": "2026-11-01T10:00:00.123456789Z",
        "end_time": "2026-11-01T11:00:01.5+01:00",
        "provider": "openai",
        "model": "gpt-4o",
        "input_messages": [{"role": "user", "content": "Hi"}],
        "output_messages": [{"role": "assistant", "content": "Hello"}],
        "usage": {"input_tokens": 1000, "output_tokens": 100, "cache_read_tokens": 0},
        "tags": ["beta"],
        "metadata": {"tenant": "acme", "n": 2**70},
        "session_id": "s",
    }
    answer = native(send, sent).json()
    assert (answer["accepted"], answer["duplicates"], answer["rejected"]) == (1, 0, [])
    ids = answer["ids"][0]
    headers = {"Authorization": f"Bearer {send.key}"}
    read = client.get(f"/api/v1/traces/{ids['trace_id']}", headers=headers).json()
    [span_] = read["spans"]
    for field in ("name", "kind", "provider", "model", "tags", "session_id", "start_time"):
        assert span_[field] == sent[field]
    assert span_["duration_ms"] == pytest.approx(1376.543211)
    assert span_["input_messages"][0]["content"] == "Hi"
    assert span_["cost"]["total"] == "0.0035"
    assert span_["usage"]["cache_read_tokens"] == 0
    assert span_["usage"]["reasoning_tokens"] is None


def read_back(send: Sender, client: Client, **fields: Any) -> Any:
    sent = {"name": "a", "start_time": "2026-11-01T10:00:00Z", "kind": "llm"} | fields
    answer = native(send, sent).json()
    assert answer["rejected"] == []
    headers = {"Authorization": f"Bearer {send.key}"}
    path = "/api/v1/spans/{trace_id}/{span_id}".format(**answer["ids"][0])
    return client.get(path, headers=headers).json()


def test_a_field_that_a_span_does_not_have_becomes_an_attribute(
    send: Sender, client: Client, project: Project
) -> None:
    sent = {
        "name": "answer", "start_time": "2026-11-01T10:00:00Z", "kind": "llm",
        "modle": "gpt-4o", "gen_ai.request.model": "gpt-4o-mini", "user": "ann",
        "attributes": {"user": "of the attributes", "other": 1},
    }  # fmt: skip
    read = read_back(send, client, **sent)
    assert read["attributes"] == {
        "modle": "gpt-4o", "gen_ai.request.model": "gpt-4o-mini", "user": "of the attributes",
        "other": 1,
    }  # fmt: skip
    assert read["model"] == "gpt-4o-mini", "a convention's key is read wherever it stands"
    indexing.run(seconds=5)
    unmapped = UnmappedKey.objects.filter(project=project).values_list("key", flat=True)
    assert "modle" in unmapped


def test_a_providers_usage_is_read_and_what_it_does_not_say_is_kept(
    send: Sender, client: Client
) -> None:
    details = {"prompt_tokens_details": {"cached_tokens": 900}}
    sent = {"prompt_tokens": 1000, "completion_tokens": 50, "total_tokens": 1050} | details
    read = read_back(send, client, usage=sent | {"odd": 1}, cost={"total": "0.1", "odder": 2})
    counts = ("input_tokens", "output_tokens", "total_tokens", "cache_read_tokens")
    assert [read["usage"][name] for name in counts] == [1000, 50, 1050, 900]
    assert read["attributes"] == {"usage.odd": 1, "cost.odder": 2}
    mixed = {"input_tokens": 1000, "output_tokens": 50, "cached_tokens": 900}
    assert read_back(send, client, usage=mixed)["usage"]["cache_read_tokens"] == 900
    aside = {"input_tokens": 100, "output_tokens": 50, "cache_read_input_tokens": 900}
    assert read_back(send, client, usage=aside)["usage"]["input_tokens"] == 1000, "Anthropic's"
    wrong = native(send, {"name": "a", "start_time": 0, "usage": {"input_tokens": 2**40 + 1}})
    assert "from 0 to 1099511627776" in wrong.json()["errors"][0]["detail"]


def test_a_providers_messages_become_ours(send: Sender, client: Client) -> None:
    picture = {"type": "image_url", "image_url": {"url": "https://example.org/a.png"}}
    call = {"name": "lookup", "arguments": '{"a": 1}'}
    read = read_back(
        send, client,
        input_messages=[
            {"role": "user", "content": [{"type": "text", "text": "Where is it?"}, picture]},
        ],
        output_messages=[
            {"role": "assistant", "content": None,
             "tool_calls": [{"id": "c1", "type": "function", "function": call}]},
        ],
    )  # fmt: skip
    [asked], [answered] = read["input_messages"], read["output_messages"]
    assert (asked["content"], read["input_preview"]) == ("Where is it?", "Where is it?")
    assert asked["parts"][1] == picture
    assert answered["tool_calls"] == [{"id": "c1", "name": "lookup", "arguments": {"a": 1}}]
    own = {"role": "assistant", "content": "Yes.", "tool_calls": [{"id": "c", "name": "f"}], "x": 1}
    assert read_back(send, client, output_messages=[own])["output_messages"] == [own]


def test_a_span_is_taken_as_it_was_read(send: Sender, client: Client) -> None:
    sent = {
        "name": "answer", "start_time": "2026-11-01T10:00:00Z", "kind": "llm",
        "finish_reasons": ["stop"], "attributes": {"own": 1},
    }  # fmt: skip
    read = read_back(send, client, **sent)
    copy = read_back(send, client, **read | {"trace_id": "a" * 32})
    made = {"trace_id", "received_at"}
    assert {k: v for k, v in copy.items() if k not in made} == {
        k: v for k, v in read.items() if k not in made
    }


def test_a_wrong_native_span_is_rejected_with_its_reason(send: Sender) -> None:
    now = time.time_ns()
    wrong: list[Any] = [
        5,
        {"start_time": now},
        {"name": "x"},
        {"name": "x", "start_time": "yesterday"},
        {"name": "x", "start_time": now, "trace_id": "abc"},
        {"name": "x", "start_time": now, "kind": "LLM"},
        {"name": "x", "start_time": now, "usage": {"input_tokens": -1}},
        {"name": "x", "start_time": now, "cost": {"total": "nan"}},
        {"name": "x", "start_time": now, "tags": [1]},
        {"name": "x", "start_time": now, "input_messages": ["hi"]},
        {"name": "x", "start_time": now, "finish_reasons": [{}]},
        {"name": "x", "start_time": now, "tool_name": {}},
    ]
    answer = native(send, *wrong, {"name": "good", "start_time": now})
    body = answer.json()
    assert (answer.status_code, body["accepted"]) == (200, 1)
    assert [one["index"] for one in body["rejected"]] == list(range(12))
    assert all(one["detail"] for one in body["rejected"])


def test_only_wrong_native_spans_are_422(send: Sender) -> None:
    answer = native(send, {"name": "x"})
    assert answer.status_code == 422
    assert answer["Content-Type"] == "application/problem+json"
    assert answer.json()["errors"][0]["pointer"] == "/spans/0"


def test_ndjson_loses_only_its_broken_lines(send: Sender) -> None:
    lines = b'{"name": "a", "start_time": %d}\n\nnot json\n{"name": "b", "start_time": %d}'
    now = time.time_ns()
    answer = send(lines % (now, now), "application/x-ndjson", path="/api/v1/spans").json()
    assert (answer["accepted"], [one["index"] for one in answer["rejected"]]) == (2, [1])


def test_native_errors_are_problem_details(send: Sender, client: Client) -> None:
    for answer, status in (
        (send(b"{", JSON, path="/api/v1/spans"), 400),
        (send(b"{}", JSON, path="/api/v1/spans"), 400),
        (send(b"{}", "text/plain", path="/api/v1/spans"), 415),
        (client.post("/api/v1/spans", b"{}", content_type=JSON), 401),
    ):
        assert answer.status_code == status
        assert answer["Content-Type"] == "application/problem+json"
        assert answer.json()["status"] == status
