"""Bodies out: rows as the shapes of `evals.drift.api.shapes`."""

from __future__ import annotations

import math
from typing import Any

from evals.drift.models import Monitor, Window
from evals.drift.selectors import Example, Text
from traces.selectors import shapes

Body = dict[str, Any]
AS_THEY_ARE = (
    *("id", "state", "stage", "by_hand", "drift", "p", "adjusted", "changed_share", "detectable"),
    *("reference_size", "current_size", "cause", "verdict", "problem"),
)
SETTINGS = ("id", "name", "what", "q", "hours", "size", "reference", "release", "alpha", "enabled")


def window_row(window: Window) -> Body:
    return {
        "monitor": window.monitor_id,
        "start_time": shapes.time_text(window.start_ns),
        "end_time": shapes.time_text(window.end_ns),
        **{name: getattr(window, name) for name in AS_THEY_ARE},
    }


def window_whole(window: Window, examples: list[Example]) -> Body:
    found = window.found
    return window_row(window) | {
        "tests": [_finite(one) for one in found.get("tests", [])],
        "terms": found.get("terms", []),
        "slices": found.get("slices", []),
        "parts": found.get("parts") or None,
        "length": found.get("length"),
        "examples": [
            {"now": _text(one.now), "before": one.before and _text(one.before)} for one in examples
        ],
    }


def _finite(test: Body) -> Body:
    """JSON has no infinity."""
    return {
        name: None if isinstance(value, float) and not math.isfinite(value) else value
        for name, value in test.items()
    }


def _text(one: Text) -> Body:
    return {
        "trace_id": one.trace_id,
        "span_id": one.span_id,
        "time": shapes.time_text(one.start_ns),
        "stored": one.stored,
        "input": one.input,
        "output": one.output,
    }


def monitor_row(monitor: Monitor, last: Window | None) -> Body:
    return {
        **{name: getattr(monitor, name) for name in SETTINGS},
        "dataset": monitor.dataset.slug if monitor.dataset else None,
        "score": monitor.score,
        "created_at": shapes.moment_text(monitor.created_at),
        "last": None if last is None else window_row(last),
    }
