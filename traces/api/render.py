"""Shapes of the read API, under the names that views use."""

from traces.selectors.shapes import score, scores, span_columns, span_whole, trace_summary

__all__ = ["score", "scores", "span_columns", "span_whole", "trace_summary"]
