"""What was asked before: fingerprints of calls, the gaps between equal ones, and retries.

Kept on `traces_text` by the indexing worker, in the transaction that indexes words. All that is
derived of a call (`again_ns`, `prefix_again_ns`, `retried`) is made from what is stored, of the
call itself and of the next one like it, so calls may be stored in any order, and storing them again
changes nothing. Calls whose usage another span reports too (`Flag.NOT_COUNTED`) are never anybody's
predecessor, and their `retried` is null.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from traces.conventions import documents
from traces.conventions.fingerprints import Asked, asked
from traces.ids import span_to_column
from traces.services import marks
from traces.spans import Flag, Kind, RawSpan, SpanContent

NEAR_NS = 8 * 86_400 * 10**9
"""How far apart two calls may be and still have a gap: a day more than the longest that is asked
for."""

MOST_NEXT = 1_000
"""Later calls whose gap one late arrival changes: it is many only while all of them fail."""

MOST_DOCUMENTS = 2**15 - 1
HIGHEST_SCORE = 3e38
"""What the columns hold."""

ASKING = frozenset({Kind.LLM, Kind.EMBEDDING})
FINDING = frozenset({Kind.RETRIEVER, Kind.RERANKER})
NOT_COUNTED = int(Flag.NOT_COUNTED)

LOCK = "SELECT pg_advisory_xact_lock(hashtextextended('traces.fingerprints', %s))"

KNOWN = """
SELECT s.trace_id, s.span_id, s.start_ns, s.kind, coalesce(s.request_model, s.model),
    t.fingerprint, t.prefix
FROM unnest(%(traces)s::uuid[], %(spans)s::int8[], %(starts)s::int8[]) AS d(trace, span, start)
JOIN traces_span s ON s.project_id = %(project)s AND s.trace_id = d.trace AND s.span_id = d.span
    AND s.start_ns = d.start
LEFT JOIN traces_text t ON t.project_id = %(project)s AND t.trace_id = d.trace
    AND t.span_id = d.span AND t.start_ns = d.start"""

STORE = """
INSERT INTO traces_text AS t
    (project_id, trace_id, span_id, start_ns, words, fingerprint, prefix, documents, best_score)
SELECT %s::int8, trace, span, start, '', fingerprint, prefix, documents, best
FROM unnest(%s::uuid[], %s::int8[], %s::int8[], %s::int8[], %s::int8[], %s::int2[], %s::float4[])
    AS d(trace, span, start, fingerprint, prefix, documents, best)
ON CONFLICT (project_id, trace_id, span_id, start_ns) DO UPDATE
SET fingerprint = excluded.fingerprint, prefix = excluded.prefix,
    documents = excluded.documents, best_score = excluded.best_score,
    retried = CASE WHEN excluded.fingerprint IS NOT NULL THEN t.retried END
WHERE (t.fingerprint, t.prefix, t.documents, t.best_score) IS DISTINCT FROM
    (excluded.fingerprint, excluded.prefix, excluded.documents, excluded.best_score)
RETURNING t.start_ns"""

# A row whose span is gone (it ended with another start) or does not count has no place in the row.
RETRIED = f"""
WITH bounds AS (
    SELECT min(start_ns) AS low, max(last_start_ns) AS high FROM traces_trace
    WHERE project_id = %(project)s AND trace_id = ANY(%(traces)s)),
own AS (
    SELECT t.trace_id, t.span_id, t.start_ns, t.fingerprint,
        coalesce(s.flags & {NOT_COUNTED} = 0, false) AS counted
    FROM traces_text t LEFT JOIN traces_span s ON s.project_id = t.project_id
        AND s.trace_id = t.trace_id AND s.span_id = t.span_id AND s.start_ns = t.start_ns
    WHERE t.project_id = %(project)s AND t.trace_id = ANY(%(traces)s)
        AND t.start_ns BETWEEN (SELECT low FROM bounds) AND (SELECT high FROM bounds)
        AND t.fingerprint IS NOT NULL),
placed AS (
    SELECT trace_id, span_id, start_ns,
        CASE WHEN counted THEN row_number() OVER (
            PARTITION BY trace_id, fingerprint, counted ORDER BY start_ns, span_id) > 1
        END AS retried
    FROM own)
UPDATE traces_text t SET retried = p.retried FROM placed p
WHERE t.project_id = %(project)s AND t.trace_id = p.trace_id AND t.span_id = p.span_id
    AND t.start_ns = p.start_ns AND t.retried IS DISTINCT FROM p.retried
RETURNING t.trace_id, t.span_id, t.start_ns, t.fingerprint, t.prefix"""  # noqa: S608


def _link(name: str, gap: str) -> str:
    """SQL that makes `gap` anew of the given rows and of the next rows like each of them.

    Only what was answered is a predecessor: a failed call leaves nothing in a cache. So the rows up
    to the next answered one are affected, at most MOST_NEXT.
    """
    same = f"p.project_id = t.project_id AND p.{name} = t.{name}"
    span = "ps.project_id = p.project_id AND ps.trace_id = p.trace_id"
    span += " AND ps.span_id = p.span_id AND ps.start_ns = p.start_ns"

    def after(more: str) -> str:
        return f"""
        SELECT p.trace_id, p.span_id, p.start_ns FROM traces_text p JOIN traces_span ps ON {span}
        WHERE p.project_id = %(project)s AND p.{name} = c.print
            AND p.start_ns BETWEEN c.start AND c.start + {NEAR_NS}
            AND (p.start_ns, p.trace_id, p.span_id) > (c.start, c.trace, c.span)
            AND ps.flags & {NOT_COUNTED} = 0 {more}
        ORDER BY p.start_ns, p.trace_id, p.span_id"""  # noqa: S608

    until = """AND (a.start_ns IS NULL OR
                (p.start_ns, p.trace_id, p.span_id) <= (a.start_ns, a.trace_id, a.span_id))"""
    return f"""
WITH changed AS (
    SELECT trace, span, start, print
    FROM unnest(%(traces)s::uuid[], %(spans)s::int8[], %(starts)s::int8[], %(prints)s::int8[])
        AS d(trace, span, start, print)),
wanted AS (
    SELECT trace AS trace_id, span AS span_id, start AS start_ns FROM changed
    UNION
    SELECT n.trace_id, n.span_id, n.start_ns FROM changed c
    LEFT JOIN LATERAL ({after("AND ps.status <> 'error'")} LIMIT 1) a ON true,
    LATERAL ({after(until)} LIMIT {MOST_NEXT}) n),
gaps AS (
    SELECT t.trace_id, t.span_id, t.start_ns, CASE WHEN t.retried IS NOT NULL THEN (
        SELECT t.start_ns - p.start_ns FROM traces_text p JOIN traces_span ps ON {span}
        WHERE {same} AND p.start_ns BETWEEN t.start_ns - {NEAR_NS} AND t.start_ns
            AND (p.start_ns, p.trace_id, p.span_id) < (t.start_ns, t.trace_id, t.span_id)
            AND ps.flags & {NOT_COUNTED} = 0 AND ps.status <> 'error'
        ORDER BY p.start_ns DESC LIMIT 1) END AS gap
    FROM wanted w JOIN traces_text t ON t.project_id = %(project)s AND t.trace_id = w.trace_id
        AND t.span_id = w.span_id AND t.start_ns = w.start_ns)
UPDATE traces_text t SET {gap} = g.gap FROM gaps g
WHERE t.project_id = %(project)s AND t.trace_id = g.trace_id AND t.span_id = g.span_id
    AND t.start_ns = g.start_ns AND t.{gap} IS DISTINCT FROM g.gap
RETURNING t.start_ns"""  # noqa: S608


LINK_FINGERPRINTS = _link("fingerprint", "again_ns")
LINK_PREFIXES = _link("prefix", "prefix_again_ns")

Key = tuple[UUID, int, int]
"""Trace, span, start (ns)."""


@dataclass(slots=True)
class Read:
    """What the words of one span told."""

    key: Key
    asked: Asked | None
    documents: int | None
    best_score: float | None


@dataclass(slots=True)
class _Changed:
    """A span, and the prints by which it is to be linked."""

    key: Key
    fingerprint: int | None
    prefix: int | None


def read(raw: RawSpan, said: SpanContent) -> Read:
    """What of a span's content is kept. Its kind and model are read from its row later."""
    key = (UUID(bytes=raw.trace_id), span_to_column(raw.span_id), raw.start_ns)
    found, best = documents.measured(said.documents, said.output)
    if found is not None:
        found = min(found, MOST_DOCUMENTS)
    if best is not None:
        best = max(-HIGHEST_SCORE, min(best, HIGHEST_SCORE))
    return Read(key, asked(said), found, best)


def store(cursor: Any, project_id: int, spans: Iterable[Read]) -> None:
    """Keep what these stored spans asked and found, and link them with their like.

    In a transaction of the caller, which from here on is the only one to do so in the project.
    Changed rows leave marks on their buckets. A few statements, however many spans.
    """
    by_key = {one.key: one for one in spans}
    if not by_key:
        return
    cursor.execute(LOCK, [project_id])
    cursor.execute(KNOWN, {"project": project_id, **_columns(sorted(by_key))})
    changed, rows = _sort_out(cursor.fetchall(), by_key)
    starts: set[int] = set()
    if rows:
        cursor.execute(STORE, [project_id, *(list(column) for column in zip(*rows, strict=True))])
        starts |= {start for (start,) in cursor.fetchall()}
    traces = sorted({trace_id for trace_id, _, _ in by_key})
    cursor.execute(RETRIED, {"project": project_id, "traces": traces})
    for trace_id, span_id, start_ns, fingerprint, prefix in cursor.fetchall():
        starts.add(start_ns)
        changed.append(_Changed((trace_id, span_id, start_ns), fingerprint, prefix))
    by_whole = [(one.key, one.fingerprint) for one in changed if one.fingerprint is not None]
    starts |= _relink(cursor, project_id, LINK_FINGERPRINTS, by_whole)
    by_beginning = [(one.key, one.prefix) for one in changed if one.prefix is not None]
    starts |= _relink(cursor, project_id, LINK_PREFIXES, by_beginning)
    marks.mark_times(cursor, project_id, starts)


def _sort_out(
    known: Sequence[tuple[Any, ...]], by_key: dict[Key, Read]
) -> tuple[list[_Changed], list[tuple[Any, ...]]]:
    """Spans to link, by what they ask now and by what they were taken to ask; and rows to store."""
    changed: list[_Changed] = []
    rows: list[tuple[Any, ...]] = []
    for trace_id, span_id, start_ns, kind, model, fingerprint, prefix in known:
        one = by_key[trace_id, span_id, start_ns]
        now: tuple[int | None, int | None] = (None, None)
        if kind in ASKING and one.asked is not None:
            now = one.asked.of_model(model)
        found = (one.documents, one.best_score) if kind in FINDING else (None, None)
        if (*now, *found) != (None,) * 4 or fingerprint is not None:
            rows.append((*one.key, *now, *found))
        pairs = {now, (fingerprint, prefix)} - {(None, None)}
        changed += [_Changed(one.key, *pair) for pair in pairs]
    return changed, rows


def _relink(
    cursor: Any, project_id: int, link: str, changed: Iterable[tuple[Key, int]]
) -> set[int]:
    """Make the gaps around these spans anew; returns the starts of rows that changed."""
    pairs = sorted(set(changed))
    if not pairs:
        return set()
    prints = [one for _, one in pairs]
    bound = {"project": project_id, "prints": prints, **_columns([key for key, _ in pairs])}
    cursor.execute(link, bound)
    return {start for (start,) in cursor.fetchall()}


def _columns(keys: Sequence[Key]) -> dict[str, list[Any]]:
    traces, spans, starts = (list(column) for column in zip(*keys, strict=True))
    return {"traces": traces, "spans": spans, "starts": starts}
