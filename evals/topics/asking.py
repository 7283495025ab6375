"""`topic:` in queries: traces and calls whose input is about a topic.

A number is the topic's own (`topic:7`), anything else its name as pages show it (`topic:refunds`,
`topic:ref*`); `topic:none` is what belongs to no topic, `topic:*` what has been looked at.
"""

from __future__ import annotations

from traces.query.fields import Field, Type
from traces.query.nodes import Compare, Like, Match, Term
from traces.selectors.conditions import Level, Params, pattern

FIELD = Field("topic", Type.TEXT, "what the input is about: a topic's number or name")
OTHER = 0
"""The number of what belongs to no topic."""
NONE = "none"
LARGEST = 2**31 - 1
SHOWN = "coalesce(nullif(k.name, ''), nullif(k.given, ''), k.label)"
"""As `Topic.title`."""
ABOUT: dict[Level, str] = {
    "trace": (
        "EXISTS (SELECT 1 FROM topics_member m WHERE m.project_id = traces_trace.project_id"
        " AND m.trace_id = traces_trace.trace_id AND {})"
    ),
    "span": (
        "EXISTS (SELECT 1 FROM topics_member m WHERE m.project_id = traces_span.project_id"
        " AND m.trace_id = traces_span.trace_id AND m.span_id = traces_span.span_id AND {})"
    ),
}
NAMED = (
    "m.number IN (SELECT k.number FROM topics_topic k"
    " WHERE k.project_id = m.project_id AND lower({}) {})"
)


def condition(term: Term, match: Match, level: Level) -> tuple[str, Params]:
    """SQL of one value of the field, and its parameters."""
    sql, params = _of(match)
    return ABOUT["trace" if level == "trace" else "span"].format(sql), params


def _of(match: Match) -> tuple[str, Params]:
    match match:
        case Compare("=", value) if str(value).lower() == NONE:
            return "m.number = %s", [OTHER]
        case Compare("=", value) if str(value).isascii() and str(value).isdigit():
            return "m.number = %s", [min(int(value), LARGEST)]
        case Compare("=", value):
            return NAMED.format(SHOWN, "= lower(%s)"), [str(value)]
        case Like(parts):
            return NAMED.format(SHOWN, "LIKE lower(%s)"), [pattern(parts)]
    return "TRUE", []
