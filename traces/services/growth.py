"""Further spans for stored traces, and calls that spans of other traces report too."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from traces.conventions import counting
from traces.ids import span_from_column
from traces.services import marks, skeletons
from traces.services.rows import Row
from traces.services.skeletons import Skeleton
from traces.services.summaries import MAX_SUM, USAGE_COLUMNS, merged, of_rows, totals, usage_of
from traces.spans import Flag, Kind

STORED_COLUMNS = (
    *("trace_id", "name", "start_ns", "last_start_ns", "end_ns", "root_span_id", "status"),
    *("span_count", "error_count", "call_count", "user_id", "session_id", "environment"),
    *("release", "tags", "metadata::text", "models", "providers", "kinds", "prompts"),
    *("cost_source", "flags", "suspect_reasons", "input_preview", "output_preview"),
    *USAGE_COLUMNS,
)

DELETE_SPANS = """
DELETE FROM traces_span s USING unnest(%s::uuid[], %s::int8[], %s::int8[]) AS d(trace, span, start)
WHERE s.project_id = %s AND s.trace_id = d.trace AND s.span_id = d.span AND s.start_ns = d.start"""

FLAG_SPANS = """
UPDATE traces_span s SET flags = d.flags
FROM unnest(%s::uuid[], %s::int8[], %s::int8[], %s::int4[]) AS d(trace, span, start, flags)
WHERE s.project_id = %s AND s.trace_id = d.trace AND s.span_id = d.span AND s.start_ns = d.start"""

_VALUES = {
    "total_tokens": (
        "coalesce(total_tokens, input_tokens + output_tokens, input_tokens, output_tokens)"
    )
}


def _sum(name: str) -> str:
    value = _VALUES.get(name, name)
    return (
        f"CASE WHEN sum({value}) < {MAX_SUM} THEN sum({value})"
        f" WHEN sum({value}) IS NOT NULL THEN {MAX_SUM} END AS {name}"
    )


_SUMS = ", ".join(map(_sum, USAGE_COLUMNS))
RECOUNT = f"""
UPDATE traces_trace t SET updated_at = now(), ({", ".join(USAGE_COLUMNS)}) = (
    SELECT {", ".join(f"s.{name}" for name in USAGE_COLUMNS)}
    FROM (SELECT {_SUMS} FROM traces_span s
          WHERE s.project_id = t.project_id AND s.trace_id = t.trace_id
            AND s.start_ns BETWEEN t.start_ns AND t.last_start_ns
            AND s.flags & {int(Flag.NOT_COUNTED)} = 0) s)
WHERE t.project_id = %s AND t.trace_id = ANY(%s) RETURNING t.start_ns"""  # noqa: S608


@dataclass(slots=True)
class Grown:
    """What there is to store after looking at what is stored."""

    added: dict[UUID, list[Row]]
    summaries: dict[UUID, dict[str, Any]] = field(default_factory=dict)  # to update
    duplicates: int = 0
    revised: int = 0
    touched: set[int] = field(default_factory=set)
    """Starts (ns) of stored spans and traces that count otherwise than before."""


def grow(
    cursor: Any, project_id: int, by_trace: dict[UUID, list[Row]], new: Collection[UUID]
) -> Grown:
    """Drop what is stored already, end what was running, count each provider call once.

    The traces are locked by this transaction; those in `new` were inserted with sums of their own
    rows.
    """
    grown = Grown({trace_id: rows for trace_id, rows in by_trace.items() if trace_id in new})
    old = _stored(cursor, project_id, [one for one in by_trace if one not in new])
    known = _known(cursor, project_id, old, by_trace)
    replaced = {
        trace_id: _sort_out(grown, trace_id, rows, known[trace_id])
        for trace_id, rows in by_trace.items()
        if trace_id not in new
    }
    _delete(cursor, project_id, [one for gone in replaced.values() for one in gone])
    grown.touched |= {one.start_ns for gone in replaced.values() for one in gone}
    changed = _count_once(cursor, project_id, grown, known, limited=_limited(old))
    for trace_id, summary in old.items():
        if grown.added[trace_id] or trace_id in changed:
            new_summary = _summary(
                summary, grown.added[trace_id], known[trace_id], replaced[trace_id]
            )
            grown.summaries[trace_id] = new_summary
            grown.touched |= _moved(summary, new_summary, known[trace_id])
            if summary["session_id"] not in (None, new_summary["session_id"]):
                marks.mark_followers(cursor, project_id, [trace_id])
    for trace_id in changed & set(new):
        rows = grown.added[trace_id]
        sums = totals(usage_of(row) for row in rows if row.counts)
        grown.summaries[trace_id] = of_rows(rows) | sums
    return grown


def _stored(cursor: Any, project_id: int, trace_ids: Sequence[UUID]) -> dict[UUID, dict[str, Any]]:
    if not trace_ids:
        return {}
    cursor.execute(
        f"SELECT {', '.join(STORED_COLUMNS)} FROM traces_trace"  # noqa: S608
        " WHERE project_id = %s AND trace_id = ANY(%s)",
        [project_id, list(trace_ids)],
    )
    names = [name.partition(":")[0] for name in STORED_COLUMNS]
    found = {}
    for record in cursor.fetchall():
        summary = dict(zip(names, record, strict=True))
        summary["metadata"] = _loads(summary["metadata"])
        found[summary.pop("trace_id")] = summary
    return found


def _loads(text: str) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads(text)
    return loaded


def _limited(old: dict[UUID, dict[str, Any]]) -> set[UUID]:
    return {one for one, summary in old.items() if summary["span_count"] > skeletons.LIMIT}


def _known(
    cursor: Any,
    project_id: int,
    old: dict[UUID, dict[str, Any]],
    by_trace: dict[UUID, list[Row]],
) -> dict[UUID, dict[int, Skeleton]]:
    """Stored spans of these traces by id: all, or of a very large trace those that came again."""
    known: dict[UUID, dict[int, Skeleton]] = {trace_id: {} for trace_id in by_trace}
    limited = _limited(old)
    whole = [trace_id for trace_id in old if trace_id not in limited]
    found: list[Skeleton] = []
    if whole:
        start = min(old[one]["start_ns"] for one in whole)
        end = max(old[one]["last_start_ns"] for one in whole)
        found += skeletons.load(cursor, project_id, whole, start, end)
    for trace_id in limited:
        ids = [row.span_id for row in by_trace[trace_id]]
        bounds = (old[trace_id]["start_ns"], old[trace_id]["last_start_ns"])
        found += skeletons.load_ids(cursor, project_id, trace_id, ids, bounds)
    for one in found:
        known[one.trace_id][one.span_id] = one
    return known


def _sort_out(
    grown: Grown, trace_id: UUID, rows: Sequence[Row], known: dict[int, Skeleton]
) -> list[Skeleton]:
    """Split rows of a stored trace into new, repeated and ended ones.

    Returns the rows that these replace.
    """
    added: list[Row] = []
    replaced: list[Skeleton] = []
    for row in rows:
        stored = known.get(row.span_id)
        if stored is None:
            added.append(row)
        elif stored.end_ns is None and row.raw.end_ns is not None:
            row.flags |= Flag.REVISED
            replaced.append(known.pop(row.span_id))
            added.append(row)
        else:
            grown.duplicates += 1
    grown.added[trace_id] = added
    grown.revised += len(replaced)
    return replaced


def _count_once(
    cursor: Any,
    project_id: int,
    grown: Grown,
    known: dict[UUID, dict[int, Skeleton]],
    *,
    limited: set[UUID],
) -> set[UUID]:
    """Mark whose usage repeats another's, among all spans seen.

    Returns traces whose stored marks changed.
    """
    rows = [row for added in grown.added.values() for row in added]
    stored = [
        one
        for trace_id, spans in known.items()
        if trace_id not in limited
        for one in spans.values()
    ]
    if not rows:
        return set()
    elsewhere = _elsewhere(cursor, project_id, rows, stored, list(known))
    if not stored and not elsewhere:
        return set()
    calls = [row.call() for row in rows] + [one.call() for one in (*stored, *elsewhere)]
    out = counting.resolve(calls)
    changed = set()
    for row in rows:
        counted = row.counts
        row.flags &= ~Flag.NOT_COUNTED
        if (row.raw.trace_id, row.raw.span_id) in out:
            row.flags |= Flag.NOT_COUNTED
        if counted != row.counts:
            changed.add(UUID(bytes=row.raw.trace_id))
    marked = [one for one in stored if one.counts == _is_in(one, out)]
    grown.touched |= {one.start_ns for one in marked}
    # Another trace's span may lose its count here, never win it: what surrounds it was not looked
    # at.
    lost = [one for one in elsewhere if _is_in(one, out)]
    _flag(cursor, project_id, [*marked, *lost])
    grown.touched |= {one.start_ns for one in lost}
    grown.touched |= recount(cursor, project_id, {one.trace_id for one in lost})
    return changed | {one.trace_id for one in marked}


def _elsewhere(
    cursor: Any,
    project_id: int,
    rows: Sequence[Row],
    stored: Sequence[Skeleton],
    traces: Sequence[UUID],
) -> list[Skeleton]:
    """Counted spans of other traces that report a provider response which is among these too."""
    ids: dict[str, int] = {}
    for row in rows:
        if row.facts.response_id and row.facts.usage:
            ids[row.facts.response_id] = row.raw.start_ns
    for one in stored:
        if one.response_id:
            ids[one.response_id] = one.start_ns
    if not ids:
        return []
    bounds = (min(ids.values()), max(ids.values()))
    found = skeletons.same_calls(cursor, project_id, list(ids), bounds, traces)
    return [one for one in found if one.counts]


def _is_in(one: Skeleton, out: dict[counting.Key, str]) -> bool:
    return (one.trace_id.bytes, span_from_column(one.span_id)) in out


def _flag(cursor: Any, project_id: int, spans: Sequence[Skeleton]) -> None:
    for one in spans:
        one.flags ^= Flag.NOT_COUNTED
    if spans:
        cursor.execute(
            FLAG_SPANS,
            [
                [one.trace_id for one in spans],
                [one.span_id for one in spans],
                [one.start_ns for one in spans],
                [one.flags for one in spans],
                project_id,
            ],
        )


def _delete(cursor: Any, project_id: int, spans: Sequence[Skeleton]) -> None:
    if spans:
        cursor.execute(
            DELETE_SPANS,
            [
                [one.trace_id for one in spans],
                [one.span_id for one in spans],
                [one.start_ns for one in spans],
                project_id,
            ],
        )


def recount(cursor: Any, project_id: int, trace_ids: set[UUID]) -> set[int]:
    """Add up traces anew from their stored spans. Returns when these traces began (ns)."""
    if not trace_ids:
        return set()
    cursor.execute(RECOUNT, [project_id, sorted(trace_ids)])
    return {record[0] for record in cursor.fetchall()}


INHERITED = ("user_id", "environment", "release", "tags")
"""What spans that do not say it themselves have of their trace."""


def _moved(old: dict[str, Any], new: dict[str, Any], known: dict[int, Skeleton]) -> set[int]:
    """Starts under which a trace, and what its stored spans inherit from it, count differently."""
    touched = {old["start_ns"], new["start_ns"]}
    if any(old[name] != new[name] for name in INHERITED):
        touched |= {one.start_ns for one in known.values()}
        if old["span_count"] > skeletons.LIMIT:
            touched |= set(marks.between(old["start_ns"], old["last_start_ns"]))
    return touched


def _summary(
    old: dict[str, Any],
    added: Sequence[Row],
    known: dict[int, Skeleton],
    replaced: Sequence[Skeleton],
) -> dict[str, Any]:
    summary = merged(old, of_rows(added)) if added else dict(old)
    summary["span_count"] -= len(replaced)
    summary["error_count"] -= sum(one.is_error for one in replaced)
    summary["call_count"] -= sum(one.kind == Kind.LLM for one in replaced)
    usages = [usage_of(row) for row in added if row.counts]
    if old["span_count"] > skeletons.LIMIT:
        usages.append(tuple(old[name] for name in USAGE_COLUMNS))
    else:
        usages += [one.usage for one in known.values() if one.counts]
    return summary | totals(usages)
