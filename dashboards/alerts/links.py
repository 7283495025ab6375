"""Paths of pages that alerts lead to."""

from __future__ import annotations

from urllib.parse import urlencode

from dashboards.explorer.ranges import iso


def firing(project: str, pk: int) -> str:
    """The page of one firing."""
    return f"/p/{project}/alerts/firings/{pk}"


def explorer(project: str, text: str, start_ns: int, end_ns: int, order: str = "") -> str:
    """The traces of a window, by a query's text; empty order: the newest first."""
    asked = {"q": text, "from": iso(start_ns), "to": iso(end_ns), "order": order}
    given = {name: value for name, value in asked.items() if value}
    return f"/p/{project}/traces?{urlencode(given)}"


def drift_window(project: str, pk: int) -> str:
    """The page of one window of a drift monitor."""
    return f"/p/{project}/drift/windows/{pk}"
