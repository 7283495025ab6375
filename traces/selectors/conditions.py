"""A query's tree to a condition on traces or spans.

The SQL text is put together from constants of this module only (hence `noqa: S608`); everything
that a person wrote is a parameter. On a trace, a field of spans is true if any span has it. NOT is
true where the inner condition is false or unknown.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any as Anything
from typing import Literal

from django.db.models import BooleanField, Expression

from traces.query import nodes
from traces.query.common_words import telling
from traces.query.nodes import Compare, Like, Match, Node, Present, Range, Term, Words
from traces.query.parser import Query
from traces.spans import Flag

Level = Literal["trace", "span", "sum", "call"]
"""Of which rows a condition is: `sum` is a span joined to its trace `t`, whose user, session,
environment, release, tags and metadata it has where it has none itself; `call` is the same, and
has what the trace was scored besides."""

Params = list[Anything]


class Condition(Expression):
    """SQL text with bound parameters, as something that `filter()` takes."""

    def __init__(self, sql: str, params: Params) -> None:
        super().__init__(output_field=BooleanField())
        self.sql, self.params = sql, params

    def as_sql(self, compiler: Anything, connection: Anything) -> Anything:
        return f"({self.sql})", self.params


@dataclass(frozen=True, slots=True)
class Column:
    """How a field is tested: `sql` is an expression; `wrap` puts the test of it in a wider one."""

    sql: str
    params: tuple[Anything, ...] = ()
    wrap: str = "{}"
    floor: bool = False  # an index stands on coalesce(sql, -1)


SPANS = (
    "EXISTS (SELECT 1 FROM traces_span s WHERE s.project_id = traces_trace.project_id"
    " AND s.trace_id = traces_trace.trace_id AND s.start_ns >= traces_trace.start_ns"
    " AND s.start_ns <= greatest(traces_trace.last_start_ns, traces_trace.start_ns) AND {})"
)
TRACE_OF_SPAN = (
    "EXISTS (SELECT 1 FROM traces_trace t WHERE t.project_id = traces_span.project_id"
    " AND t.trace_id = traces_span.trace_id AND {})"
)
SCORES_OF_SPAN = (
    "EXISTS (SELECT 1 FROM traces_score c WHERE c.project_id = traces_span.project_id"
    " AND c.trace_id = traces_span.trace_id AND c.span_id = traces_span.span_id"
    " AND c.name = %s AND {})"
)
SCORES_OF_CALL = SCORES_OF_SPAN.replace(
    "c.span_id = traces_span.span_id", "(c.span_id = traces_span.span_id OR c.span_id IS NULL)"
)
SHARED = {
    "status": "status",
    "name": "name",
    "user": "user_id",
    "session": "session_id",
    "environment": "environment",
    "release": "release",
    "input_tokens": "input_tokens",
    "output_tokens": "output_tokens",
    "trace": "trace_id",
}
ARRAYS: dict[Level, dict[str, str]] = {
    "trace": {
        "kind": "traces_trace.kinds",
        "model": "traces_trace.models",
        "provider": "traces_trace.providers",
        "prompt": "traces_trace.prompts",
        "tag": "traces_trace.tags",
        "suspect": "traces_trace.suspect_reasons",
    },
    "span": {"tag": "traces_span.tags", "suspect": "traces_span.suspect_reasons"},
    "sum": {
        "tag": "coalesce(traces_span.tags, t.tags)",
        "suspect": "traces_span.suspect_reasons",
    },
}
ARRAYS["call"] = ARRAYS["sum"]
TRACE_COLUMNS = {
    **{field: Column(f"traces_trace.{name}") for field, name in SHARED.items()},
    "cost": Column("traces_trace.cost_total", floor=True),
    "duration": Column("traces_trace.duration_ns", floor=True),
    "tokens": Column("traces_trace.total_tokens", floor=True),
    "spans": Column("traces_trace.span_count"),
    "errors": Column("traces_trace.error_count"),
    "span_name": Column("s.name", wrap=SPANS),
    "span_id": Column("s.span_id", wrap=SPANS),
    "prompt_version": Column("s.prompt_version", wrap=SPANS),
    "ttft": Column("s.time_to_first_token_ms * 1e6", wrap=SPANS),
}
SPAN_COLUMNS = {
    **{field: Column(f"traces_span.{name}") for field, name in SHARED.items()},
    "kind": Column("traces_span.kind"),
    "model": Column("traces_span.model"),
    "provider": Column("traces_span.provider"),
    "prompt": Column("traces_span.prompt_name"),
    "prompt_version": Column("traces_span.prompt_version"),
    "span_name": Column("traces_span.name"),
    "span_id": Column("traces_span.span_id"),
    "cost": Column("traces_span.cost_total"),
    "duration": Column("(traces_span.end_ns - traces_span.start_ns)"),
    "tokens": Column(
        "coalesce(traces_span.total_tokens, traces_span.input_tokens + traces_span.output_tokens,"
        " traces_span.input_tokens, traces_span.output_tokens)"
    ),
    "ttft": Column("traces_span.time_to_first_token_ms * 1e6"),
    "spans": Column("t.span_count", wrap=TRACE_OF_SPAN),
    "errors": Column("t.error_count", wrap=TRACE_OF_SPAN),
}
SUM_COLUMNS = SPAN_COLUMNS | {
    field: Column(f"coalesce(traces_span.{name}, t.{name})")
    for field, name in SHARED.items()
    if field in {"user", "session", "environment", "release"}
}
COLUMNS: dict[Level, dict[str, Column]] = {
    "trace": TRACE_COLUMNS,
    "span": SPAN_COLUMNS,
    "sum": SUM_COLUMNS,
    "call": SUM_COLUMNS,
}
TABLES: dict[Level, str] = {
    "trace": "traces_trace",
    "span": "traces_span",
    "sum": "traces_span",
    "call": "traces_span",
}
MOST_JOINED = 8
"""Words that are looked for in the index."""
FLAG_BITS = {str(flag.name).lower(): int(flag) for flag in Flag}


def condition(query: Query, level: Level) -> Condition | None:
    """What `query` asks of rows of traces_trace or traces_span; None if it asks for everything."""
    if query.root is None:
        return None
    return Condition(*_node(query.root, level))


def _node(node: Node, level: Level) -> tuple[str, Params]:
    match node:
        case nodes.All(parts):
            return _joined(_all(parts, level), " AND ")
        case nodes.Any(parts):
            return _joined([_node(part, level) for part in parts], " OR ")
        case nodes.Not(part):
            sql, params = _node(part, level)
            return f"({sql}) IS NOT TRUE", params
        case Words():
            return _words(node, level)
        case Term():
            return _term(node, level)


def _all(parts: Sequence[Node], level: Level) -> list[tuple[str, Params]]:
    """Each once. Of many words only the longest, which are likely to be rare, are looked for in the
    index, and the others in what has these: planning a join for each takes seconds."""
    once = dict.fromkeys(parts)
    words = sorted((one for one in once if isinstance(one, Words)), key=lambda one: -len(one.text))
    others = [_node(one, level) for one in once if not isinstance(one, Words)]
    return others + [
        _words(one, level, aside=place >= MOST_JOINED) for place, one in enumerate(words)
    ]


def _joined(parts: list[tuple[str, Params]], glue: str) -> tuple[str, Params]:
    if len(parts) == 1:
        return parts[0]
    return f"({glue.join(sql for sql, _ in parts)})", [p for _, params in parts for p in params]


def text_query(words: Words) -> tuple[str, str]:
    """SQL of a tsquery, and its parameter."""
    if words.prefix:
        return "to_tsquery('simple', %s)", f"{words.text}:*"
    return "plainto_tsquery('simple', %s)", telling(words.text)


def _words(words: Words, level: Level, *, aside: bool = False) -> tuple[str, Params]:
    """`aside`: asked of each row that is left, instead of joined."""
    wanted, parameter = text_query(words)
    if not parameter:
        return "TRUE", []  # only common words, which every text has
    table = TABLES[level]
    same = f"x.project_id = {table}.project_id AND x.trace_id = {table}.trace_id"
    if level != "trace":
        same += " AND x.span_id = traces_span.span_id AND x.start_ns = traces_span.start_ns"
    else:
        same += (
            " AND x.start_ns >= traces_trace.start_ns"
            " AND x.start_ns <= greatest(traces_trace.last_start_ns, traces_trace.start_ns)"
        )
    found = f"SELECT 1 FROM traces_text x WHERE {same} AND x.words @@ {wanted}"  # noqa: S608
    return f"EXISTS ({found}{' OFFSET 0' if aside else ''})", [parameter]


def _term(term: Term, level: Level) -> tuple[str, Params]:
    special = SPECIAL.get(term.field)
    if special:
        return _joined([special(term, match, level) for match in term.matches], " OR ")
    array = ARRAYS[level].get(term.field)
    if array:
        return _array(array, term.matches)
    column = COLUMNS[level][term.field]
    sql, params = _any_of(column, term.matches)
    return column.wrap.format(sql), params


def _any_of(column: Column, matches: tuple[Match, ...]) -> tuple[str, Params]:
    """Tests of one column: equalities together as `= ANY`, which an index can answer."""
    equal = [m.value for m in matches if isinstance(m, Compare) and m.operator == "="]
    others = [m for m in matches if not (isinstance(m, Compare) and m.operator == "=")]
    parts = [_test(column, match) for match in others]
    if len(equal) == 1:
        parts.append((f"{column.sql} = %s", [*column.params, equal[0]]))
    elif equal:
        parts.append((f"{column.sql} = ANY(%s)", [*column.params, equal]))
    return _joined(parts, " OR ")


def _test(column: Column, match: Match) -> tuple[str, Params]:
    sql, params = column.sql, list(column.params)
    match match:
        case Present():
            return f"{sql} IS NOT NULL", params
        case Like(parts):
            return f"{sql} LIKE %s", [*params, pattern(parts)]
        case Range(low, high):
            return f"{_floored(column)} BETWEEN %s AND %s", [*params, low, high]
        case Compare(operator, value) if operator in {">", ">=", "="}:
            return f"{_floored(column)} {operator} %s", [*params, value]
        case Compare(operator, value):
            tested = f"{_floored(column)} {operator} %s"
            if not column.floor:
                return tested, [*params, value]
            return f"({tested} AND {sql} IS NOT NULL)", [*params, value, *params]


def _floored(column: Column) -> str:
    return f"coalesce({column.sql}, -1)" if column.floor else column.sql


def pattern(parts: tuple[str, ...]) -> str:
    """A LIKE pattern in which only the stars of the query are wild."""
    return "%".join(
        part.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") for part in parts
    )


def _array(sql: str, matches: tuple[Match, ...]) -> tuple[str, Params]:
    """Tests of a text[]: equalities as overlap, which an index can answer."""
    equal = [m.value for m in matches if isinstance(m, Compare)]
    parts: list[tuple[str, Params]] = []
    if equal:
        parts.append((f"{sql} && %s::text[]", [equal]))
    for match in matches:
        if isinstance(match, Present):
            parts.append((f"cardinality({sql}) > 0", []))
        elif isinstance(match, Like):
            test = f"EXISTS (SELECT 1 FROM unnest({sql}) item WHERE item LIKE %s)"  # noqa: S608
            parts.append((test, [pattern(match.parts)]))
    return _joined(parts, " OR ")


def _metadata(term: Term, match: Match, level: Level) -> tuple[str, Params]:
    document = f"{TABLES[level]}.metadata"
    if level in {"sum", "call"}:
        document = "(coalesce(t.metadata, '{}') || coalesce(traces_span.metadata, '{}'))"
    return _json(document, term.key or "", match)


def _json(document: str, key: str, match: Match) -> tuple[str, Params]:
    """Tests of one key of a jsonb object; only numbers compare as numbers."""
    number = (
        f"CASE WHEN jsonb_typeof({document} -> %s) = 'number' THEN ({document} ->> %s)::float8 END"
    )
    match match:
        case Present():
            return f"jsonb_exists({document}, %s)", [key]
        case Like(parts):
            return f"{document} ->> %s LIKE %s", [key, pattern(parts)]
        case Range(low, high):
            return f"{number} BETWEEN %s AND %s", [key, key, low, high]
        case Compare("=", float() as value):
            return f"({number} = %s OR {document} ->> %s = %s)", [
                key,
                key,
                value,
                key,
                f"{value:g}",
            ]
        case Compare("=", value):
            text = str(value).lower() if isinstance(value, bool) else value
            return f"{document} ->> %s = %s", [key, text]
        case Compare(operator, value):
            return f"{number} {operator} %s", [key, key, value]


def _score(term: Term, match: Match, level: Level) -> tuple[str, Params]:
    if level == "trace":
        return _json("traces_trace.scores", term.key or "", match)
    value = "coalesce(to_jsonb(c.number), to_jsonb(c.boolean), to_jsonb(c.category))"
    document = f"jsonb_build_object(c.name, {value})"
    sql, params = _json(document, term.key or "", match)
    scores = SCORES_OF_CALL if level == "call" else SCORES_OF_SPAN
    return scores.format(sql), [term.key, *params]


def _flag(term: Term, match: Match, level: Level) -> tuple[str, Params]:
    column = f"{TABLES[level]}.flags"
    if isinstance(match, Compare):
        return f"{column} & %s <> 0", [FLAG_BITS[str(match.value)]]
    return f"{column} <> 0", []


SPECIAL: dict[str, Callable[[Term, Match, Level], tuple[str, Params]]] = {
    "metadata": _metadata,
    "score": _score,
    "flag": _flag,
}


def register(field: str, special: Callable[[Term, Match, Level], tuple[str, Params]]) -> None:
    """How one value of a field of a higher floor is tested. Called in `AppConfig.ready`.

    Its SQL must be made of constants, with what a person wrote as parameters.
    """
    SPECIAL[field] = special
