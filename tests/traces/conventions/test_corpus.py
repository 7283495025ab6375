"""Every captured scenario, through facts, content and counting, against what really happened."""

from __future__ import annotations

import gzip
import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from tests.corpus_truth import span_problems, trace_problems
from traces.conventions import content, counting, facts
from traces.spans import CallFacts, RawEvent, RawLog, RawSpan, Resource, Scope, Status

CORPUS = Path(__file__).parents[2] / "corpus"
SCENARIOS = sorted(path.parent for path in CORPUS.glob("*/*/expected.json"))


def value_of(value: Any) -> Any:
    if isinstance(value, dict):  # OTLP/JSON
        kind, inner = next(iter(value.items()), ("", None))
        if kind == "arrayValue":
            return [value_of(one) for one in inner.get("values", [])]
        if kind == "kvlistValue":
            return {one["key"]: value_of(one["value"]) for one in inner.get("values", [])}
        return int(inner) if kind == "intValue" else inner
    kind = value.WhichOneof("value")
    if kind == "array_value":
        return [value_of(one) for one in value.array_value.values]
    if kind == "kvlist_value":
        return {one.key: value_of(one.value) for one in value.kvlist_value.values}
    return getattr(value, kind) if kind else None


def attributes_of(pairs: Any) -> dict[str, Any]:
    if pairs and isinstance(pairs[0], dict):
        return {one["key"]: value_of(one["value"]) for one in pairs}
    return {one.key: value_of(one.value) for one in pairs}


def span_of(span: Any, resource: Resource, scope: Scope) -> RawSpan:
    if isinstance(span, dict):
        status = span.get("status", {})
        return RawSpan(
            bytes.fromhex(span["traceId"]), bytes.fromhex(span["spanId"]),
            bytes.fromhex(span.get("parentSpanId", "")) or None, span["name"],
            int(span["startTimeUnixNano"]), int(span["endTimeUnixNano"]),
            attributes_of(span.get("attributes", [])),
            [RawEvent(e["name"], int(e["timeUnixNano"]), attributes_of(e.get("attributes", [])))
             for e in span.get("events", [])],
            status=list(Status)[status.get("code", 0)], status_message=status.get("message", ""),
            resource=resource, scope=scope,
        )  # fmt: skip
    return RawSpan(
        span.trace_id, span.span_id, span.parent_span_id or None, span.name,
        span.start_time_unix_nano, span.end_time_unix_nano, attributes_of(span.attributes),
        [RawEvent(e.name, e.time_unix_nano, attributes_of(e.attributes)) for e in span.events],
        status=list(Status)[span.status.code], status_message=span.status.message,
        resource=resource, scope=scope,
    )  # fmt: skip


def read(
    folder: Path,
) -> tuple[dict[bytes, RawSpan], dict[bytes, list[RawLog]]]:
    spans: dict[bytes, RawSpan] = {}
    logs: dict[bytes, list[RawLog]] = {}
    for file in sorted(folder.glob("request-*.bin")):
        path = json.loads(file.with_suffix(".headers.json").read_text())["path"]
        body = file.read_bytes()
        body = gzip.decompress(body) if body[:2] == b"\x1f\x8b" else body
        if path.endswith("/logs"):
            for group in ExportLogsServiceRequest.FromString(body).resource_logs:
                for record in (one for scope in group.scope_logs for one in scope.log_records):
                    logs.setdefault(record.span_id, []).append(
                        RawLog(record.trace_id, record.span_id, record.time_unix_nano,
                               record.event_name, value_of(record.body),
                               attributes_of(record.attributes))
                    )  # fmt: skip
        elif path.endswith("/traces") and body[:1] == b"{":
            for found in json.loads(body)["resourceSpans"]:
                resource = Resource(attributes_of(found["resource"]["attributes"]))
                for inner in found["scopeSpans"]:
                    scope_ = Scope(inner["scope"]["name"])
                    for one in inner["spans"]:
                        made = span_of(one, resource, scope_)
                        spans[made.span_id] = made
        elif path.endswith("/traces"):
            for group in ExportTraceServiceRequest.FromString(body).resource_spans:
                resource = Resource(attributes_of(group.resource.attributes))
                for scope in group.scope_spans:
                    for one in scope.spans:
                        made = span_of(one, resource, Scope(scope.scope.name))
                        spans[made.span_id] = made
    return spans, logs


def problems(folder: Path) -> list[str]:
    truth = json.loads((folder / "expected.json").read_text())
    spans, logs = read(folder)
    read_facts = {key: facts(raw) for key, raw in spans.items()}
    seen = {key: content(raw, logs.get(key, ())) for key, raw in spans.items()}
    wrong = []
    for span in truth["spans"]:
        key = bytes.fromhex(span["span_id"])
        whole = {**asdict(read_facts[key]), **asdict(seen[key])}
        wrong += [f"{span['name']}: {one}" for one in span_problems(whole, span)]
    calls = [
        CallFacts(raw.trace_id, key, raw.parent_id, fact.kind, raw.start_ns, raw.end_ns,
                  fact.response_id, bool(fact.usage), seen[key].output_messages is not None,
                  fact.duplicate, (fact.usage.input_tokens or 0) + (fact.usage.output_tokens or 0))
        for key, raw in spans.items() for fact in (read_facts[key],)
    ]  # fmt: skip
    out = counting.resolve(calls)
    for trace in truth["traces"]:
        trace_id = bytes.fromhex(trace["trace_id"])
        counted = [read_facts[k].usage for k, raw in spans.items()
                   if raw.trace_id == trace_id and (trace_id, k) not in out]  # fmt: skip
        usage = {f"{side}_tokens": sum(getattr(u, f"{side}_tokens") or 0 for u in counted)
                 for side in ("input", "output")}  # fmt: skip
        wrong += trace_problems({"usage": usage}, trace, truth["spans"])
    return wrong


GAPS = {
    "langfuse/dataset_run": "an evaluator span whose truth is a plain span",
    "langfuse/error_429": "one key for the model asked and answered",
    "langfuse/rag": "one key for the model asked and answered",
    "openinference-llama-index/multi_turn_session": "messages of the outer span are Python reprs",
    "openinference-llama-index/simple_chat": "messages of the outer span are Python reprs",
    "openinference-llama-index/tool_agent": "messages of the outer span are Python reprs",
    "openlit/anthropic_stream_chat": "the client sends 0 for the cache write of a stream",
}
"""Scenarios that are not read whole yet; a strict xfail tells when one is."""


def named(folder: Path) -> str:
    return f"{folder.parent.name}/{folder.name}"


CASES = [
    pytest.param(one, id=named(one),
                 marks=[pytest.mark.xfail(reason=GAPS[named(one)])] if named(one) in GAPS else [])
    for one in SCENARIOS
]  # fmt: skip


@pytest.mark.parametrize("folder", CASES)
def test_reads_what_happened(folder: Path) -> None:
    assert problems(folder) == []
