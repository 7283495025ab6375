"""The recorded calls of a range: answered calls of models, the newest first to be kept."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any
from uuid import UUID

from django.db import connection

from evals.replays import months
from evals.subjects import last_said
from sightglass.accounts.models import Project
from traces.conventions import content
from traces.models import LogRecord, Span
from traces.query import parse
from traces.selectors import payloads
from traces.selectors.conditions import condition
from traces.spans import Flag, SpanContent

SAME = ("model", "prompt", "system", "before")
"""What calls must have in common to answer each other: the model, the prompt's name, the system
prompt, or all that was said before the last message of the user (the system prompt with it)."""
AT_ONCE = 200
Key = tuple[UUID, int]

CALLS = f"""
SELECT traces_span.trace_id, traces_span.span_id, traces_span.start_ns, traces_span.end_ns,
    coalesce(traces_span.request_model, traces_span.model), traces_span.prompt_name,
    traces_span.cost_total, coalesce(traces_span.user_id, t.user_id), x.fingerprint,
    traces_span.time_to_first_token_ms
FROM traces_span
LEFT JOIN traces_trace t ON t.project_id = traces_span.project_id
    AND t.trace_id = traces_span.trace_id
LEFT JOIN traces_text x ON x.project_id = traces_span.project_id
    AND x.trace_id = traces_span.trace_id AND x.span_id = traces_span.span_id
    AND x.start_ns = traces_span.start_ns
WHERE traces_span.project_id = %s AND traces_span.start_ns >= %s AND traces_span.start_ns < %s
    AND traces_span.kind = 'llm' AND traces_span.status <> 'error'
    AND traces_span.end_ns IS NOT NULL AND traces_span.flags & {int(Flag.NOT_COUNTED)} = 0"""  # noqa: S608
NEWEST = " ORDER BY traces_span.start_ns DESC, traces_span.trace_id, traces_span.span_id LIMIT %s"


@dataclass(frozen=True, slots=True)
class Recorded:
    """One answered call; `cost` in pico dollars, None where unknown."""

    trace_id: UUID
    span_id: int
    start_ns: int
    end_ns: int
    model: str
    prompt: str
    cost: int | None
    user_id: str | None
    fingerprint: int | None
    first_token_ms: float | None

    @property
    def key(self) -> Key:
        return self.trace_id, self.span_id


def newest(project_id: int, start_ns: int, end_ns: int, q: str, most: int) -> list[Recorded]:
    """At most `most` answered calls of the range, oldest first. Raises QueryError.

    The newest are kept whole rather than some of all: a cache lives on calls that follow each
    other.
    """
    asked = condition(parse(q), "sum")
    sql, more = (f" AND ({asked.sql})", asked.params) if asked is not None else ("", [])
    with connection.cursor() as cursor:
        cursor.execute(CALLS + sql + NEWEST, [project_id, start_ns, end_ns, *more, most])
        rows = cursor.fetchall()
    return [
        Recorded(row[0], row[1], row[2], row[3], row[4] or "", row[5] or "", *row[6:])
        for row in reversed(rows)
    ]


def traffic_ns(calls: Sequence[Recorded], range_ns: int) -> int:
    """For how long there was traffic; `calls` are oldest first and at least one."""
    return months.lasted_ns(calls[0].start_ns, max(one.end_ns for one in calls), range_ns)


def contents(project: Project, calls: Sequence[Recorded]) -> Iterator[tuple[Recorded, SpanContent]]:
    """What each said, read again from what was sent; what is gone is left out."""
    for begin in range(0, len(calls), AT_ONCE):
        part = calls[begin : begin + AT_ONCE]
        rows = {(row.trace_id, row.span_id): row for row in _rows(project.pk, part)}
        there = [one for one in part if one.key in rows]
        raws = payloads.raw_spans(project.pk, [rows[one.key] for one in there])
        said_elsewhere = {
            one.trace_id
            for one, raw in zip(there, raws, strict=True)
            if "gen_ai.input.messages" not in raw.attributes
        }
        logs = {
            trace_id: payloads.logs_of(project.pk, trace_id)
            for trace_id in _with_logs(project.pk, said_elsewhere)
        }
        for one, raw in zip(there, raws, strict=True):
            yield one, content(raw, logs.get(one.trace_id, {}).get(one.span_id, ()))


def _with_logs(project_id: int, traces: set[UUID]) -> list[UUID]:
    """Few applications send log records: one question instead of one for each trace."""
    if not traces:
        return []
    rows = LogRecord.objects.filter(project_id=project_id, trace_id__in=traces)
    return list(rows.order_by().values_list("trace_id", flat=True).distinct())


def _rows(project_id: int, calls: Sequence[Recorded]) -> list[Span]:
    if not calls:
        return []
    wanted = {one.key for one in calls}
    rows = Span.objects.filter(
        project_id=project_id,
        trace_id__in={one.trace_id for one in calls},
        span_id__in={one.span_id for one in calls},
        start_ns__gte=calls[0].start_ns,
        start_ns__lte=calls[-1].start_ns,
    ).only("trace_id", "span_id", "start_ns", "block_id", "block_pos", "project_id")
    return [row for row in rows if (row.trace_id, row.span_id) in wanted]


def rows_of(project_id: int, calls: Sequence[Recorded]) -> dict[Key, Span]:
    """Whole rows by key."""
    ordered = sorted(calls, key=lambda one: one.start_ns)
    if not ordered:
        return {}
    rows = Span.objects.filter(
        project_id=project_id,
        trace_id__in={one.trace_id for one in ordered},
        start_ns__gte=ordered[0].start_ns,
        start_ns__lte=ordered[-1].start_ns,
    )
    wanted = {one.key for one in ordered}
    return {key: row for row in rows if (key := (row.trace_id, row.span_id)) in wanted}


def uses_tools(said: SpanContent) -> bool:
    """It is a step of an agent: it asks for tools, or reads what they gave for this question.

    No cache stands before such a step: what a tool gives or does is not the same the next time.
    """
    asked = said.input_messages or []
    begin = next((at for at in range(len(asked), 0, -1) if asked[at - 1].get("role") == "user"), 0)
    since = [*asked[begin:], *(said.output_messages or [])]
    return any(one.get("tool_calls") or one.get("role") in ("tool", "function") for one in since)


def group_of(call: Recorded, said: SpanContent | None, same: Sequence[str]) -> int:
    """Equal for calls that may answer each other (63 bits of a hash)."""
    parts: list[Any] = []
    if "model" in same:
        parts.append(call.model)
    if "prompt" in same:
        parts.append(call.prompt)
    messages = (said.input_messages if said else None) or []
    if "before" in same:
        parts.append(_before(messages))
    elif "system" in same:
        parts.append([one.get("content") for one in messages if one.get("role") == "system"])
    digest = blake2b(repr(parts).encode(errors="replace"), digest_size=8).digest()
    return int.from_bytes(digest, "big") >> 1


def _before(messages: Sequence[dict[str, Any]]) -> list[Any]:
    last = last_said(messages, "user")
    told = [(one.get("role"), one.get("content")) for one in messages]
    for place in range(len(told) - 1, -1, -1):
        if told[place] == ("user", last):
            return [*told[:place], ("after", told[place + 1 :])]
    return told
