"""Rows to the shapes of the HTTP contract: decimal strings, RFC 3339, null for the unknown."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

from traces.conventions import status_message
from traces.ids import span_hex, trace_hex
from traces.models import Score, Span, Trace
from traces.models.spans import Usage
from traces.selectors.groups import Group
from traces.spans import PICO, Flag, RawSpan, SpanContent

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
LAST_SECOND = 253_402_300_799  # of the year 9999
USAGE = (
    "input_tokens",
    "output_tokens",
    "total_tokens",
    "cache_read_tokens",
    "cache_write_tokens",
    "reasoning_tokens",
    "audio_tokens",
)
COSTS = ("input", "output", "cache_read", "cache_write", "total")


def time_text(ns: int | None) -> str | None:
    """RFC 3339 in UTC: six digits of a second, or nine where nanoseconds are not zero."""
    if ns is None:
        return None
    seconds, rest = divmod(ns, 10**9)
    seconds = max(0, min(seconds, LAST_SECOND))
    moment = (EPOCH + timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%S").rjust(19, "0")
    digits = f"{rest:09d}"
    return f"{moment}.{digits if rest % 1000 else digits[:6]}Z"


def moment_text(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def money(pico: int | None) -> str | None:
    """US dollars as a plain decimal without exponent or trailing zeros."""
    if pico is None:
        return None
    whole, part = divmod(abs(pico), PICO)
    digits = f"{part:012d}".rstrip("0")
    return f"{'-' if pico < 0 else ''}{whole}{'.' if digits else ''}{digits}"


def milliseconds(start_ns: int, end_ns: int | None) -> float | None:
    return None if end_ns is None else (end_ns - start_ns) / 1e6


def flag_words(flags: int) -> list[str]:
    return [str(flag.name).lower() for flag in Flag if flags & flag]


def usage(row: Usage) -> dict[str, int | None] | None:
    """Null if no count was sent at all."""
    counts = {name: getattr(row, name) for name in USAGE}
    return counts if any(value is not None for value in counts.values()) else None


def usage_estimated(row: Usage) -> dict[str, Any] | None:
    """Our own estimate where the client sent no counts; never part of `usage`."""
    if row.est_input_tokens is None and row.est_output_tokens is None:
        return None
    return {
        "input_tokens": row.est_input_tokens,
        "output_tokens": row.est_output_tokens,
        "cost": money(row.est_cost),
    }


def cost(row: Usage, source: str) -> dict[str, str | None]:
    parts = {name: money(getattr(row, f"cost_{name}")) for name in COSTS}
    return {**parts, "source": source}


def trace_summary(trace: Trace) -> dict[str, Any]:
    """A trace as the lists give it."""
    return {
        "trace_id": trace_hex(trace.trace_id),
        "name": trace.name,
        "start_time": time_text(trace.start_ns),
        "end_time": time_text(trace.end_ns),
        "duration_ms": milliseconds(trace.start_ns, trace.end_ns),
        "status": trace.status,
        "span_count": trace.span_count,
        "error_count": trace.error_count,
        "user_id": trace.user_id,
        "session_id": trace.session_id,
        "environment": trace.environment,
        "release": trace.release,
        "tags": trace.tags,
        "metadata": trace.metadata,
        "models": trace.models_used,
        "providers": trace.providers,
        "kinds": trace.kinds,
        "prompts": trace.prompts,
        "usage": usage(trace),
        "usage_estimated": usage_estimated(trace),
        "cost": cost(trace, trace.cost_source),
        "scores": trace.scores,
        "input_preview": trace.input_preview,
        "output_preview": trace.output_preview,
        "flags": flag_words(trace.flags),
        "suspect_reasons": trace.suspect_reasons,
        "received_at": moment_text(trace.received_at),
    }


def span_columns(span: Span) -> dict[str, Any]:
    """A span without its payload."""
    prompt = {"name": span.prompt_name, "version": span.prompt_version}
    return {
        "trace_id": trace_hex(span.trace_id),
        "span_id": span_hex(span.span_id),
        "parent_id": None if span.parent_id is None else span_hex(span.parent_id),
        "name": span.name,
        "kind": span.kind,
        "start_time": time_text(span.start_ns),
        "end_time": time_text(span.end_ns),
        "duration_ms": milliseconds(span.start_ns, span.end_ns),
        "time_to_first_token_ms": span.time_to_first_token_ms,
        "status": span.status,
        "provider": span.provider,
        "model": span.model,
        "request_model": span.request_model,
        "usage": usage(span),
        "usage_estimated": usage_estimated(span),
        "cost": cost(span, span.cost_source),
        "price_ref": span.price_ref,
        "user_id": span.user_id,
        "session_id": span.session_id,
        "environment": span.environment,
        "release": span.release,
        "tags": span.tags or [],
        "metadata": span.metadata or {},
        "prompt": prompt if span.prompt_name is not None else None,
        "input_preview": span.input_preview,
        "output_preview": span.output_preview,
        "flags": flag_words(span.flags),
        "suspect_reasons": span.suspect_reasons or [],
        "received_at": moment_text(span.received_at),
    }


def span_whole(span: Span, raw: RawSpan, content: SpanContent) -> dict[str, Any]:
    """A span with its payload, made anew from the original."""
    return {
        **span_columns(span),
        "status_message": status_message(raw),
        "parameters": content.parameters,
        "input_messages": content.input_messages,
        "output_messages": content.output_messages,
        "input": content.input,
        "output": content.output,
        "tools": content.tools,
        "documents": content.documents,
        "finish_reasons": content.finish_reasons,
        "tool_name": content.tool_name,
        "tool_call_id": content.tool_call_id,
        "attributes": raw.attributes,
        "events": [
            {
                "name": event.name,
                "time": time_text(event.time_ns),
                "attributes": event.attributes,
            }
            for event in raw.events
        ],
        "links": [
            {
                "trace_id": link.trace_id.hex(),
                "span_id": link.span_id.hex(),
                "attributes": link.attributes,
            }
            for link in raw.links
        ],
        "resource": raw.resource.attributes,
        "scope": {
            "name": raw.scope.name,
            "version": raw.scope.version,
            "attributes": raw.scope.attributes,
        },
    }


def scores(rows: Iterable[Score]) -> list[dict[str, Any]]:
    return [score(row) for row in rows]


def score(row: Score) -> dict[str, Any]:
    return {
        "id": row.external_id or str(row.pk),
        "trace_id": None if row.trace_id is None else trace_hex(row.trace_id),
        "span_id": None if row.span_id is None else span_hex(row.span_id),
        "session_id": row.session_id,
        "name": row.name,
        "value": row.value,
        "source": row.source,
        "comment": row.comment,
        "created_at": moment_text(row.created_at),
        "evaluator_version": row.evaluator_version,
        "higher_is_better": row.higher_is_better,
        "flagged": row.flagged,
        "confidence": row.confidence,
        "probability": row.probability,
        "evidence": row.evidence or [],
        "cost": money(row.cost),
        "duration_ms": row.duration_ms,
        "reused": row.reused,
    }


def group(row: Group) -> dict[str, Any]:
    """What a session and a user have in common."""
    sums = row.sums
    counts = {name: sums[name] for name in USAGE}
    known = any(value is not None for value in counts.values())
    return {
        "start_time": time_text(row.start_ns),
        "last_time": time_text(row.last_start_ns),
        "end_time": time_text(row.end_ns),
        "duration_ms": milliseconds(row.start_ns, row.end_ns),
        "trace_count": row.trace_count,
        "span_count": row.span_count,
        "error_count": row.error_count,
        "models": row.models,
        "usage": counts if known else None,
        "cost": {name: money(sums[f"cost_{name}"]) for name in COSTS},
    }


def session(row: Group) -> dict[str, Any]:
    return {"session_id": row.id, **group(row), "user_count": row.other_count}


def user(row: Group) -> dict[str, Any]:
    return {"user_id": row.id, **group(row), "session_count": row.other_count}
