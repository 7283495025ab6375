"""Plotly's figures as plain data.

The library's own objects look at every value again on every page, which took longer than all
that led up to them. That each figure is one that they would take is a matter of tests.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any


def bar(**fields: Any) -> dict[str, Any]:
    return _trace("bar", fields)


def scatter(**fields: Any) -> dict[str, Any]:
    return _trace("scatter", fields)


def _trace(kind: str, fields: dict[str, Any]) -> dict[str, Any]:
    return {"type": kind} | {name: value for name, value in fields.items() if value is not None}


def figure(traces: Sequence[dict[str, Any]], layout: dict[str, Any]) -> dict[str, Any]:
    """Data and layout, without a template: the page's loader lays ours over it."""
    return {
        "data": list(traces),
        "layout": {name: one for name, one in layout.items() if one != []},
    }
