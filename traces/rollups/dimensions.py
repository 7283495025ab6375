"""By what is summed: families of slices, each a fixed tuple of dimensions."""

from __future__ import annotations

from collections.abc import Collection
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
    SPAN_MODEL = 7
    SPAN_NAME = 8
    TRACE_ALL = 9
    TRACE_NAME = 10
    TRACE_RELEASE = 11
    TRACE_ENVIRONMENT = 12
    SCORE_ALL = 13
    SCORE_MODEL = 14
    SCORE_PROMPT = 15
    SCORE_ENVIRONMENT = 16
    SCORE_RELEASE = 17


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
    Family.SPAN_MODEL: ("kind", "provider", "model"),
    Family.SPAN_NAME: ("kind", "name"),
    Family.TRACE_ALL: (),
    Family.TRACE_NAME: ("name",),
    Family.TRACE_RELEASE: ("release",),
    Family.TRACE_ENVIRONMENT: ("environment",),
    Family.SCORE_ALL: ("score", "source", "category"),
    Family.SCORE_MODEL: ("score", "source", "model"),
    Family.SCORE_PROMPT: ("score", "source", "prompt", "prompt_version"),
    Family.SCORE_ENVIRONMENT: ("score", "source", "environment"),
    Family.SCORE_RELEASE: ("score", "source", "release"),
}
NARROWED = {
    Family.SPAN: (Family.SPAN_MODEL, Family.SPAN_NAME),
    Family.TRACE: (
        *(Family.TRACE_ALL, Family.TRACE_NAME, Family.TRACE_RELEASE),
        Family.TRACE_ENVIRONMENT,
    ),
    Family.SCORE: (
        *(Family.SCORE_ALL, Family.SCORE_MODEL, Family.SCORE_PROMPT, Family.SCORE_ENVIRONMENT),
        Family.SCORE_RELEASE,
    ),
}
"""Days are added up once more by few dimensions: what pages ask of months has few rows then."""
WHOLE = tuple(family for family in Family if family <= Family.SCORE)
"""Families with all the dimensions that there are of spans, traces or scores."""
OF_SPANS = frozenset({Family.SPAN, Family.SPAN_USER, Family.SPAN_TAG, *NARROWED[Family.SPAN]})
OF_SCORES = frozenset({Family.SCORE, *NARROWED[Family.SCORE]})


def table_of(family: Family) -> str:
    """The table that a family's sums are stored in."""
    return "traces_score_rollup" if family in OF_SCORES else "traces_rollup"


def narrowest(family: Family, needed: Collection[str]) -> Family:
    """The family with the fewest dimensions, among these `needed`, that days are stored by."""
    fits = [one for one in NARROWED.get(family, ()) if set(needed) <= set(DIMENSIONS[one])]
    return min(fits, key=lambda one: len(DIMENSIONS[one]), default=family)


def finest(family: Family) -> Level:
    """The level that rows of a family begin at."""
    return Level.HOUR if family in COARSE else Level.BUCKET


COUNTED = {Family.SPAN_USER: "spans", Family.TRACE_USER: "traces"}
"""Families whose days are also packed, cost and this count of each slice: see `selectors.people`.
Thousands of slices in each day make them slow to add up as rows."""
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
