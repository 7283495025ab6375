"""Sums from the raw rows: spans, traces and scores that began in a range, by dimensions.

This is the one definition of every sum. The worker stores its answers for whole buckets, readers
ask it for what is marked, for the ragged ends of a range, and for filters that no stored sum can
answer. The SQL text is made of constants; everything else is a parameter.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from traces.query import Query
from traces.rollups import sketch
from traces.rollups.dimensions import SEPARATOR
from traces.rollups.measures import SCORE_SUMS, SUMS, Measures, ScoreMeasures, numbers
from traces.selectors.conditions import condition
from traces.spans import MODEL_CALLS, Flag, Kind

M = TypeVar("M", Measures, ScoreMeasures)
MINUTE, HOUR, DAY = 60 * 10**9, 3_600 * 10**9, 86_400 * 10**9
FURTHEST = 1e100
"""A score further from 0 counts as this."""
LONG_PROMPT = 1_024
"""Input tokens from which providers cache a beginning."""

COUNTED = f"(traces_span.flags & {int(Flag.NOT_COUNTED)} = 0)"
MODEL_CALL = f"(traces_span.kind IN ({', '.join(repr(k.value) for k in sorted(MODEL_CALLS))}))"
ENDED_MS = "(traces_span.end_ns - traces_span.start_ns) / 1e6"

SPAN_SOURCE = """
FROM traces_span
LEFT JOIN traces_trace t
    ON t.project_id = traces_span.project_id AND t.trace_id = traces_span.trace_id
LEFT JOIN traces_text x ON x.project_id = traces_span.project_id
    AND x.trace_id = traces_span.trace_id AND x.span_id = traces_span.span_id
    AND x.start_ns = traces_span.start_ns
    AND traces_span.kind IN ('llm', 'embedding', 'retriever', 'reranker')"""
SPAN_COLUMNS = {
    "kind": "traces_span.kind",
    "status": "traces_span.status",
    "name": "traces_span.name",
    "provider": "traces_span.provider",
    "model": "traces_span.model",
    "environment": "coalesce(traces_span.environment, t.environment)",
    "release": "coalesce(traces_span.release, t.release)",
    "prompt": "traces_span.prompt_name",
    "prompt_version": "traces_span.prompt_version",
    "user_id": "coalesce(traces_span.user_id, t.user_id)",
    "tag": "tagged.tag",
}
SPAN_TAGS = """
LEFT JOIN LATERAL unnest(coalesce(traces_span.tags, t.tags)) tagged(tag) ON true"""
TRACE_COLUMNS = {
    "status": "traces_trace.status",
    "name": "traces_trace.name",
    "environment": "traces_trace.environment",
    "release": "traces_trace.release",
    "user_id": "traces_trace.user_id",
    "tag": "tagged.tag",
    **{
        name: f"nullif(array_to_string(traces_trace.{column}, '{SEPARATOR}'), '')"
        for name, column in (
            ("kind", "kinds"),
            ("provider", "providers"),
            ("model", "models"),
            ("prompt", "prompts"),
        )
    },
}
TRACE_TAGS = """
LEFT JOIN LATERAL unnest(traces_trace.tags) tagged(tag) ON true"""


def _counted(column: str) -> str:
    return f"sum(traces_span.{column}) FILTER (WHERE {COUNTED})"


def _again(within_ns: int, what: str) -> str:
    return (
        f"{what} FILTER (WHERE {COUNTED} AND x.again_ns <= {within_ns}"
        f" AND traces_span.kind = '{Kind.LLM.value}')"
    )


COST = "sum(traces_span.cost_total)"
RETRIED = f"FILTER (WHERE {COUNTED} AND x.retried)"
MISSED = (
    f"FILTER (WHERE {COUNTED} AND x.prefix_again_ns <= {5 * MINUTE}"
    f" AND traces_span.input_tokens >= {LONG_PROMPT}"
    " AND coalesce(traces_span.cache_read_tokens, 0) = 0)"
)
RETRIEVER = f"traces_span.kind = '{Kind.RETRIEVER.value}'"
# As priced. Of costs that the client sent: the call's own price of an uncached input token, times
# what was read from the cache, less what that cost; unknown where everything was read from there.
SAVED = """sum(coalesce(traces_span.cache_saved,
    round(traces_span.cost_input::numeric * traces_span.cache_read_tokens
    / (traces_span.input_tokens - traces_span.cache_read_tokens
       - coalesce(traces_span.cache_write_tokens, 0))) - traces_span.cost_cache_read))"""
SAVED_WHERE = (
    f"FILTER (WHERE {COUNTED} AND (traces_span.cache_saved IS NOT NULL"
    " OR traces_span.cost_input > 0 AND traces_span.cost_cache_read >= 0"
    " AND traces_span.input_tokens - traces_span.cache_read_tokens"
    " - coalesce(traces_span.cache_write_tokens, 0) > 0))"
)
SPAN_SUMS = {
    "spans": "count(*)",
    "errors": "count(*) FILTER (WHERE traces_span.status = 'error')",
    "calls": f"count(*) FILTER (WHERE {MODEL_CALL} AND {COUNTED})",
    "unpriced": (
        f"count(*) FILTER (WHERE {MODEL_CALL} AND {COUNTED} AND traces_span.cost_total IS NULL)"
    ),
    **{
        name: _counted(name)
        for name in (
            *("input_tokens", "output_tokens", "cache_read_tokens", "cache_write_tokens"),
            *("reasoning_tokens", "cost_input", "cost_output", "cost_cache_read"),
            *("cost_cache_write", "est_cost"),
        )
    },
    "cost": _counted("cost_total"),
    "cache_saved": f"{SAVED} {SAVED_WHERE}",
    "retried": f"count(*) {RETRIED}",
    "retried_cost": f"{COST} {RETRIED}",
    "retried_input_tokens": f"sum(traces_span.input_tokens) {RETRIED}",
    "retried_output_tokens": f"sum(traces_span.output_tokens) {RETRIED}",
    "again_5m": _again(5 * MINUTE, "count(*)"),
    "again_1h": _again(HOUR, "count(*)"),
    "again_1d": _again(DAY, "count(*)"),
    "again_7d": _again(7 * DAY, "count(*)"),
    "again_5m_cost": _again(5 * MINUTE, COST),
    "again_1h_cost": _again(HOUR, COST),
    "again_1d_cost": _again(DAY, COST),
    "again_7d_cost": _again(7 * DAY, COST),
    "prefix_missed": f"count(*) {MISSED}",
    "prefix_missed_tokens": f"sum(traces_span.input_tokens) {MISSED}",
    "timed_tokens": (
        f"sum(traces_span.output_tokens) FILTER (WHERE {COUNTED}"
        " AND traces_span.end_ns > traces_span.start_ns)"
    ),
    "timed_ns": (
        f"sum(traces_span.end_ns - traces_span.start_ns) FILTER (WHERE {COUNTED}"
        " AND traces_span.output_tokens > 0)"
    ),
    "retrievals": f"count(*) FILTER (WHERE {RETRIEVER})",
    "empty_retrievals": f"count(*) FILTER (WHERE {RETRIEVER} AND x.documents = 0)",
    "scored_retrievals": f"count(x.best_score) FILTER (WHERE {RETRIEVER})",
    "best_scores": f"sum(x.best_score::float8) FILTER (WHERE {RETRIEVER})",
}
FIRST_OF_SESSION = """NOT EXISTS (SELECT 1 FROM traces_trace e
    WHERE e.project_id = traces_trace.project_id AND e.session_id = traces_trace.session_id
      AND (e.start_ns, e.trace_id) < (traces_trace.start_ns, traces_trace.trace_id))"""
TRACE_SUMS = {
    "traces": "count(*)",
    "failed": "count(*) FILTER (WHERE traces_trace.status = 'error')",
    "sessions": (
        f"count(*) FILTER (WHERE traces_trace.session_id IS NOT NULL AND {FIRST_OF_SESSION})"
    ),
    "spans": "sum(traces_trace.span_count)",
    "errors": "sum(traces_trace.error_count)",
    "calls": "sum(traces_trace.call_count)",
    **{
        name: f"sum(traces_trace.{name})"
        for name in (
            *("input_tokens", "output_tokens", "cache_read_tokens", "cache_write_tokens"),
            *("reasoning_tokens", "cost_input", "cost_output", "cost_cache_read"),
            *("cost_cache_write", "est_cost"),
        )
    },
    "cost": "sum(traces_trace.cost_total)",
}
SKETCHES = {
    "span": (
        f"array_agg({sketch.KEY_OF_MS.format(ENDED_MS)})"
        " FILTER (WHERE traces_span.end_ns IS NOT NULL)",
        f"array_agg({sketch.KEY_OF_MS.format('traces_span.time_to_first_token_ms')})"
        " FILTER (WHERE traces_span.time_to_first_token_ms IS NOT NULL)",
    ),
    "trace": (
        f"array_agg({sketch.KEY_OF_MS.format('traces_trace.duration_ns / 1e6')})"
        " FILTER (WHERE traces_trace.duration_ns IS NOT NULL)",
        "NULL::int2[]",
    ),
}

# What each score is about: its span; else its trace; else a session, counted when it was said.
_SCORES = """
SELECT {score} {named} {span}
FROM traces_span LEFT JOIN traces_trace t
    ON t.project_id = traces_span.project_id AND t.trace_id = traces_span.trace_id
JOIN traces_score c ON c.project_id = traces_span.project_id
    AND c.trace_id = traces_span.trace_id AND c.span_id = traces_span.span_id {span_tags}
WHERE traces_span.project_id = %(project)s
  AND traces_span.start_ns >= %(low)s AND traces_span.start_ns < %(high)s {span_where}
UNION ALL
SELECT {score} {named} {trace}
FROM traces_trace JOIN traces_score c ON c.project_id = traces_trace.project_id
    AND c.trace_id = traces_trace.trace_id AND c.span_id IS NULL {trace_tags}
WHERE traces_trace.project_id = %(project)s
  AND traces_trace.start_ns >= %(low)s AND traces_trace.start_ns < %(high)s {trace_where}
UNION ALL
SELECT {score} {named} {nothing}
FROM (SELECT *, (extract(epoch FROM created_at) * 1000000000)::int8 AS start_ns
      FROM traces_score WHERE project_id = %(project)s AND trace_id IS NULL
        AND created_at >= to_timestamp(%(low)s / 1e9) - interval '1 second'
        AND created_at < to_timestamp(%(high)s / 1e9) + interval '1 second') c
WHERE c.start_ns >= %(low)s AND c.start_ns < %(high)s {session_where}"""
# Postgres refuses floats that come out too large or too small: so that squares can be summed, what
# lies beyond FURTHEST counts as that, and what is as near to 0 as 0.
SCORE_VALUE = f"""CASE WHEN abs(c.number) > {FURTHEST} THEN sign(c.number) * {FURTHEST}
        WHEN abs(c.number) < {1 / FURTHEST} THEN 0
        ELSE coalesce(c.number, c.boolean::int::float8) END"""
_SCORE = f"""greatest(c.probability, 1e-9) probability, c.flagged, c.cost, c.boolean IS NOT NULL
    AS is_boolean, {SCORE_VALUE} AS x,"""
NAMED = {"score": "c.name", "source": "c.source", "category": "c.category"}
W, X = "(1 / s.probability)", "s.x"
HELD, JUDGED = "FILTER (WHERE s.x IS NOT NULL)", "FILTER (WHERE s.flagged IS NOT NULL)"
SCORE_SQL = {
    "n": f"count(*) FILTER (WHERE {X} IS NOT NULL OR s.category IS NOT NULL)",
    "booleans": "count(*) FILTER (WHERE s.is_boolean)",
    "w": f"sum({W}) {HELD}",
    "w2": f"sum({W} * {W}) {HELD}",
    "wx": f"sum({W} * {X}) {HELD}",
    "wx2": f"sum({W} * {X} * {X}) {HELD}",
    "w2x": f"sum({W} * {W} * {X}) {HELD}",
    "w2x2": f"sum({W} * {W} * {X} * {X}) {HELD}",
    "judged": f"count(*) {JUDGED}",
    "judged_w": f"sum({W}) {JUDGED}",
    "judged_w2": f"sum({W} * {W}) {JUDGED}",
    "flagged": "count(*) FILTER (WHERE s.flagged)",
    "flagged_w": f"sum({W}) FILTER (WHERE s.flagged)",
    "flagged_w2": f"sum({W} * {W}) FILTER (WHERE s.flagged)",
    "cost": "sum(s.cost)",
}


@dataclass(slots=True)
class Row(Generic[M]):
    """Sums of one step (a number that `step` made of the start) and one tuple of dimensions."""

    step: int
    dimensions: tuple[str | None, ...]
    sums: M


def of_spans(
    cursor: Any,
    project_id: int,
    low: int,
    high: int,
    *,
    dimensions: Sequence[str],
    step: str,
    query: Query | None = None,
) -> list[Row[Measures]]:
    """Sums of spans that began in [low, high) ns. `step` is SQL of {start}, in nanoseconds."""
    source = SPAN_SOURCE + (SPAN_TAGS if "tag" in dimensions else "")
    columns = [SPAN_COLUMNS[name] for name in dimensions]
    head = _head("traces_span", source, columns, step, SPAN_SUMS, SKETCHES["span"])
    return _measured(cursor, project_id, low, high, head, "traces_span", len(columns), query, "sum")


def of_traces(
    cursor: Any,
    project_id: int,
    low: int,
    high: int,
    *,
    dimensions: Sequence[str],
    step: str,
    query: Query | None = None,
) -> list[Row[Measures]]:
    """Sums of traces that began in [low, high) ns."""
    source = "\nFROM traces_trace" + (TRACE_TAGS if "tag" in dimensions else "")
    columns = [TRACE_COLUMNS[name] for name in dimensions]
    head = _head("traces_trace", source, columns, step, TRACE_SUMS, SKETCHES["trace"])
    width = len(columns)
    return _measured(cursor, project_id, low, high, head, "traces_trace", width, query, "trace")


def _head(
    table: str,
    source: str,
    columns: Sequence[str],
    step: str,
    sums: dict[str, str],
    sketches: tuple[str, str],
) -> str:
    parts = [step.format(start=f"{table}.start_ns"), *columns]
    parts += [sums.get(name, "NULL") for name in SUMS] + list(sketches)
    return f"SELECT {', '.join(parts)} {source}"


def _measured(
    cursor: Any,
    project_id: int,
    low: int,
    high: int,
    head: str,
    table: str,
    width: int,
    query: Query | None,
    level: Any,
) -> list[Row[Measures]]:
    sql = f"{head} WHERE {table}.project_id = %s AND {table}.start_ns >= %s"
    sql += f" AND {table}.start_ns < %s"
    params: list[Any] = [project_id, low, high]
    wanted = condition(query, level) if query is not None else None
    if wanted is not None:
        sql += f" AND ({wanted.sql})"
        params += wanted.params
    sql += f" GROUP BY {', '.join(str(i + 1) for i in range(width + 1))}"
    cursor.execute(sql, params)
    return [_row(record, width) for record in cursor.fetchall()]


def _row(record: Sequence[Any], width: int) -> Row[Measures]:
    sums = Measures(**numbers(SUMS, record[width + 1 : -2]))
    if record[-2]:
        sums.packed.append(sketch.pack(sketch.of_keys(record[-2])))
    if record[-1]:
        sums.packed_first.append(sketch.pack(sketch.of_keys(record[-1])))
    return Row(record[0], tuple(record[1 : width + 1]), sums)


def of_scores(
    cursor: Any,
    project_id: int,
    low: int,
    high: int,
    *,
    dimensions: Sequence[str],
    step: str,
    query: Query | None = None,
    name: str | None = None,
) -> list[Row[ScoreMeasures]]:
    """Sums of scores whose span or trace began, or that were given to a session, in [low, high)."""
    sql, params = _scores(dimensions, query, name)
    sums = ", ".join(SCORE_SQL[one] for one in SCORE_SUMS)
    grouped = ["s.step", *(f"s.d{i}" for i in range(len(dimensions)))]
    columns = ", ".join(grouped)
    for table in ("traces_span", "traces_trace", "c"):
        sql = sql.replace(f"{{step:{table}}}", step.format(start=f"{table}.start_ns"))
    sql = f"SELECT {columns}, {sums} FROM ({sql}) s GROUP BY {columns}"  # noqa: S608
    cursor.execute(sql, {"project": project_id, "low": low, "high": high, **params})
    width = len(dimensions)
    return [
        Row(
            record[0],
            tuple(record[1 : width + 1]),
            ScoreMeasures(**numbers(SCORE_SUMS, record[width + 1 :])),
        )
        for record in cursor.fetchall()
    ]


def _scores(
    dimensions: Sequence[str], query: Query | None, name: str | None
) -> tuple[str, dict[str, Any]]:
    """SQL of one row for each score, with {step} left in it, and its parameters."""
    named = " ".join(f"{sql} AS {one}," for one, sql in NAMED.items())
    asked = " AND c.name = %(name)s" if name is not None else ""
    params: dict[str, Any] = {} if name is None else {"name": name}
    wheres = {"span": asked, "trace": asked, "session": asked}
    for branch, level in (("span", "sum"), ("trace", "trace")):
        wanted = condition(query, level) if query is not None else None  # type: ignore[arg-type]
        if wanted is not None:
            sql, bound = _bound(wanted.sql, wanted.params, branch)
            wheres[branch] += f" AND ({sql})"
            wheres["session"] = " AND false"  # a session has nothing that a filter could ask for
            params |= bound
    parts = {
        "span": _dimensions(dimensions, SPAN_COLUMNS, "traces_span"),
        "trace": _dimensions(dimensions, TRACE_COLUMNS, "traces_trace"),
        "nothing": _dimensions(dimensions, {}, "c"),
    }
    tags = "tag" in dimensions
    sql = _SCORES.format(
        score=_SCORE,
        named=named,
        **parts,
        span_tags=SPAN_TAGS if tags else "",
        trace_tags=TRACE_TAGS if tags else "",
        **{f"{branch}_where": text for branch, text in wheres.items()},
    )
    return sql, params


def _dimensions(names: Sequence[str], columns: dict[str, str], table: str) -> str:
    """The step and the dimensions of a branch, NULL for those that it has not."""
    known = NAMED | columns
    parts = [f"{known.get(name, 'NULL::text')} AS d{i}" for i, name in enumerate(names)]
    return ", ".join([f"{{step:{table}}} AS step", *parts])


def _bound(sql: str, values: Sequence[Any], prefix: str) -> tuple[str, dict[str, Any]]:
    """A condition's `%s` as named parameters."""
    pieces = sql.split("%s")
    names = [f"{prefix}{i}" for i in range(len(values))]
    holes = [f"%({name})s" for name in names]
    text = "".join(piece + hole for piece, hole in zip(pieces, [*holes, ""], strict=True))
    return text, dict(zip(names, values, strict=True))
