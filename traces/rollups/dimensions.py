"""By what is summed: families of slices, each a fixed tuple of dimensions."""

from __future__ import annotations

from enum import IntEnum

OTHER = "\u2026other"
"""Stands for the values that were too many to keep apart."""


class Level(IntEnum):
    """Seconds that one row sums over."""

    BUCKET = 300
    HOUR = 3_600
    DAY = 86_400


class Family(IntEnum):
    SPAN = 0
    SPAN_USER = 1
    SPAN_TAG = 2
    TRACE = 3
    TRACE_USER = 4
    TRACE_TAG = 5
    SCORE = 6


COARSE = frozenset({Family.SPAN_USER, Family.SPAN_TAG, Family.TRACE_USER, Family.TRACE_TAG})
"""Families with nearly as many slices as spans in five minutes: their finest rows are hours."""

SPAN_DIMENSIONS = (
    *("kind", "status", "name", "provider", "model"),
    *("environment", "release", "prompt", "prompt_version"),
)
"""Of a span. Environment, release, user and tags are the trace's where the span has none."""

SCORE_DIMENSIONS = ("score", "source", "category", *SPAN_DIMENSIONS)
TRACE_DIMENSIONS = (
    *("status", "name", "environment", "release"),
    *("kind", "provider", "model", "prompt"),
)
"""Of a trace; the last four hold all values of its spans, joined by SEPARATOR."""

SEPARATOR = "\x1f"
SEVERAL = frozenset({"kind", "provider", "model", "prompt"})
DIMENSIONS = {
    Family.SPAN: SPAN_DIMENSIONS,
    Family.SPAN_USER: ("user_id", "environment"),
    Family.SPAN_TAG: ("tag", "environment"),
    Family.TRACE: TRACE_DIMENSIONS,
    Family.TRACE_USER: ("user_id", "environment"),
    Family.TRACE_TAG: ("tag", "environment"),
    Family.SCORE: SCORE_DIMENSIONS,
}
MOST_ROWS = {
    Family.SPAN: 2_000,
    Family.SPAN_USER: 1_000,
    Family.SPAN_TAG: 500,
    Family.TRACE: 1_000,
    Family.TRACE_USER: 1_000,
    Family.TRACE_TAG: 500,
    Family.SCORE: 5_000,
}
"""Rows that a bucket, hour or day keeps of a family; the others are added up as OTHER."""
