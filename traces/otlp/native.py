"""Our own JSON (`POST /api/v1/spans`): spans in the names that the read API gives them back in."""

from __future__ import annotations

import math
import os
import re
import time
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import orjson

from traces.conventions.usage import NAMES, READ, READ_OF_COST
from traces.conventions.values import MAX_TOKENS
from traces.otlp import BodyError, Decoded, otlp_json
from traces.otlp.otlp_json import Fault
from traces.otlp.traces import EARLIEST_NS, clamp, fault_of
from traces.otlp.wire import Cleaner
from traces.spans import Flag, Kind, RawEvent, RawSpan, Rejection, Resource, Scope, Status

MAX_DEPTH = 90
TIME = re.compile(
    r"(\d{4}-\d\d-\d\d)[Tt ](\d\d:\d\d:\d\d)(?:\.(\d{1,9})\d*)?([Zz]|[+-]\d\d:\d\d)\Z"
)
HEX = re.compile(r"[0-9a-fA-F]*\Z")
TEXTS = (
    *("status_message", "provider", "model", "request_model", "response_id"),
    *("user_id", "session_id", "environment", "release"),
    *("prompt_name", "prompt_version", "service_tier", "tool_name", "tool_call_id"),
)
OBJECTS = ("parameters", "metadata", "prompt", "usage", "cost", "attributes", "resource", "scope")
LISTS = (
    *("input_messages", "output_messages", "tools", "documents", "tags", "events"),
    "finish_reasons",
)
FIELDS = frozenset({
    *("trace_id", "span_id", "parent_id", "name", "kind", "start_time", "end_time", "duration_ms"),
    *("time_to_first_token_ms", "status", "input", "output", *TEXTS, *OBJECTS, *LISTS),
    # what the read API adds, of a span that is sent as it was read
    *("usage_estimated", "price_ref", "input_preview", "output_preview", "flags"),
    *("suspect_reasons", "received_at", "links"),
})  # fmt: skip
WITHIN = {"usage": READ, "cost": READ_OF_COST}
"""Names that mean something in objects of which each name is a fact."""
NO_RESOURCE, NO_SCOPE = Resource(), Scope()


def decode_json(body: bytes, *, now_ns: int | None = None) -> Decoded[RawSpan]:
    """`{"spans": [Span, …]}`. Raises BodyError (400) if it is something else."""
    spans = otlp_json.load(body).get("spans")
    if not isinstance(spans, list):
        raise BodyError(400, "malformed", '"spans" must be an array of spans.')
    decoded: Decoded[RawSpan] = Decoded()
    for span in spans:
        _take(decoded, span, now_ns)
    return decoded


def decode_ndjson(body: bytes, *, now_ns: int | None = None) -> Decoded[RawSpan]:
    """One span in each line; a line that is not JSON is rejected alone."""
    decoded: Decoded[RawSpan] = Decoded()
    for line in _lines(body):
        try:
            span = otlp_json.load(line)
        except BodyError as error:
            decoded.rejections.append(Rejection(decoded.received, "malformed", error.detail))
            decoded.received += 1
            continue
        _take(decoded, span, now_ns)
    return decoded


def _lines(body: bytes) -> Iterator[bytes]:
    for line in body.split(b"\n"):
        if line.strip():
            yield line


def _take(decoded: Decoded[RawSpan], span: Any, now_ns: int | None) -> None:
    index = decoded.received
    decoded.received += 1
    cleaner = Cleaner()
    try:
        raw = _checked(span, cleaner, time.time_ns() if now_ns is None else now_ns)
    except Fault as fault:
        decoded.rejections.append(Rejection(index, "invalid_field", str(fault)))
        return
    if cleaner.used:
        raw.flags |= Flag.SANITISED
    decoded.items.append(raw)


def _checked(sent: Any, cleaner: Cleaner, now: int) -> RawSpan:
    if not isinstance(sent, dict):
        raise Fault("span", "must be an object")
    span: dict[str, Any] = clean(sent, cleaner)
    if not isinstance(span.get("name"), str) or not span["name"]:
        raise Fault("name", "is required, a string")
    if span.get("start_time") is None:
        raise Fault("start_time", "is required")
    span["trace_id"] = _id(span, "trace_id", 16) or os.urandom(16).hex()
    span["span_id"] = _id(span, "span_id", 8) or os.urandom(8).hex()
    span["parent_id"] = _id(span, "parent_id", 8)
    fault = fault_of(bytes.fromhex(span["trace_id"]), bytes.fromhex(span["span_id"]))
    if fault is not None:
        raise Fault(*fault)
    span["start_time"] = nanoseconds("start_time", span["start_time"])
    if span.get("end_time") is not None:
        span["end_time"] = nanoseconds("end_time", span["end_time"])
    _check_shapes(span)
    _check_numbers(span)
    _keep_others(span)
    raw = _built(span)
    if clamp(raw, now):
        span["start_time"], span["end_time"] = raw.start_ns, raw.end_ns
        span["attributes"] = raw.attributes
    raw.wire = encode(span)
    return raw


def clean(value: Any, cleaner: Cleaner, depth: int = 0) -> Any:
    """The value with text and numbers that can be stored. Raises Fault beyond MAX_DEPTH."""
    if depth > MAX_DEPTH:
        raise Fault("span", "is nested too deeply")
    if isinstance(value, str):
        return cleaner.text(otlp_json.unicode_text(value, cleaner))
    if isinstance(value, dict):
        return {
            cleaner.text(otlp_json.unicode_text(key, cleaner)): clean(item, cleaner, depth + 1)
            for key, item in value.items()
        }
    if isinstance(value, list):
        return [clean(item, cleaner, depth + 1) for item in value]
    if isinstance(value, int) and not -(2**63) <= value < 2**63:
        return _as_float(value)
    return value


def _as_float(value: int) -> float | None:
    try:
        return float(value)
    except OverflowError:
        return None


def _id(span: dict[str, Any], name: str, size: int) -> str | None:
    value = span.get(name)
    if value is None or value == "":
        return None
    if not isinstance(value, str) or len(value) != 2 * size or not HEX.match(value):
        raise Fault(name, f"must be {2 * size} hex digits")
    return value.lower()


def nanoseconds(name: str, value: Any) -> int:
    """Unix nanoseconds of an RFC 3339 time with zone, or of an integer (also as text).

    Raises Fault.
    """
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 20:
        value = int(value)
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    found = TIME.match(value) if isinstance(value, str) else None
    if found is None:
        raise Fault(name, "must be RFC 3339 with a zone, or integer Unix nanoseconds")
    day, clock, fraction, zone = found.groups()
    clock = clock[:-2] + "59" if clock.endswith(":60") else clock  # a leap second
    zone = "+00:00" if zone in "Zz" else zone
    try:
        moment = datetime.fromisoformat(f"{day}T{clock}{zone}")
    except ValueError as error:
        raise Fault(name, str(error)) from None
    return math.floor(moment.timestamp()) * 10**9 + int((fraction or "0").ljust(9, "0"))


def _check_shapes(span: dict[str, Any]) -> None:
    for name in TEXTS:
        if span.get(name) is not None and not isinstance(span[name], str):
            raise Fault(name, "must be a string")
    for name in OBJECTS:
        if span.get(name) is not None and not isinstance(span[name], dict):
            raise Fault(name, "must be an object")
    for name in LISTS:
        if span.get(name) is not None and not isinstance(span[name], list):
            raise Fault(name, "must be an array")
    _check_items(span)


def _keep_others(span: dict[str, Any]) -> None:
    """Fields of other names, misspelt ones too, become attributes: kept, shown and reported; so do
    those of tokens and money."""
    others = {name: span.pop(name) for name in list(span) if name not in FIELDS}
    for name, read in WITHIN.items():
        within = span.get(name) or {}
        others |= {f"{name}.{key}": value for key, value in within.items() if key not in read}
    if others:
        span["attributes"] = others | (span.get("attributes") or {})


def _check_items(span: dict[str, Any]) -> None:
    if span.get("kind") is not None and span["kind"] not in list(Kind):
        raise Fault("kind", f"must be one of {', '.join(Kind)}")
    if span.get("status") is not None and span["status"] not in list(Status):
        raise Fault("status", f"must be one of {', '.join(Status)}")
    for name in ("input_messages", "output_messages", "documents", "events", "tools"):
        if any(not isinstance(item, dict) for item in span.get(name) or ()):
            raise Fault(name, "must be an array of objects")
    for name in ("tags", "finish_reasons"):
        if any(not isinstance(item, str) for item in span.get(name) or ()):
            raise Fault(name, "must be an array of strings")


def _check_numbers(span: dict[str, Any]) -> None:
    usage = span.get("usage") or {}
    for name in NAMES:
        value = usage.get(name)
        if value is not None and (type(value) is not int or not 0 <= value <= MAX_TOKENS):
            raise Fault(f"usage/{name}", f"must be an integer from 0 to {MAX_TOKENS}")
    cost = span.get("cost") or {}
    for name in ("input", "output", "cache_read", "cache_write", "total"):
        if cost.get(name) is not None:
            _check_amount(f"cost/{name}", cost[name])
    first = span.get("time_to_first_token_ms")
    if first is not None:
        _check_amount("time_to_first_token_ms", first)


def _check_amount(name: str, value: Any) -> None:
    try:
        number = float(value) if isinstance(value, int | float | str) else math.nan
    except (ValueError, OverflowError):
        number = math.nan
    if isinstance(value, bool) or not 0 <= number < 1e9:
        raise Fault(name, "must be a number from 0 to 1e9")


def encode(native: dict[str, Any]) -> bytes:
    """What is stored of a native span."""
    return orjson.dumps(native, option=orjson.OPT_NON_STR_KEYS)


def decode(wire: bytes) -> RawSpan:
    """A stored native span."""
    raw = _built(orjson.loads(wire))
    raw.wire = wire
    return raw


def _built(span: dict[str, Any]) -> RawSpan:
    parent = span.get("parent_id")
    return RawSpan(
        trace_id=bytes.fromhex(span["trace_id"]),
        span_id=bytes.fromhex(span["span_id"]),
        parent_id=bytes.fromhex(parent) if parent else None,
        name=span["name"],
        start_ns=span["start_time"],
        end_ns=span.get("end_time"),
        attributes=dict(span.get("attributes") or {}),
        events=[_event(event, span["start_time"]) for event in span.get("events") or ()],
        status=Status(span.get("status") or "unset"),
        status_message=span.get("status_message") or "",
        resource=Resource(span["resource"]) if span.get("resource") else NO_RESOURCE,
        scope=_scope(span["scope"]) if span.get("scope") else NO_SCOPE,
        native=span,
    )


def _event(event: dict[str, Any], start_ns: int) -> RawEvent:
    sent = event.get("time", event.get("time_ns"))
    try:
        moment = nanoseconds("time", sent)
    except Fault:
        moment = start_ns
    attributes = event.get("attributes")
    return RawEvent(
        str(event.get("name", "")),
        moment if moment >= EARLIEST_NS else start_ns,
        attributes if isinstance(attributes, dict) else {},
    )


def _scope(scope: dict[str, Any]) -> Scope:
    attributes = scope.get("attributes")
    return Scope(
        str(scope.get("name", "")),
        str(scope.get("version", "")),
        attributes if isinstance(attributes, dict) else {},
    )
