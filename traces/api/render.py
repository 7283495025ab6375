"""Shapes of the read API, under the names that views use."""

from traces.selectors.shapes import (
    score,
    scores,
    session,
    span_columns,
    span_whole,
    trace_summary,
    user,
)

__all__ = ["score", "scores", "session", "span_columns", "span_whole", "trace_summary", "user"]
