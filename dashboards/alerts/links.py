"""Paths of pages that alerts lead to."""

from __future__ import annotations

from urllib.parse import urlencode

from dashboards.alerts.showing import Shown
from dashboards.explorer.ranges import iso


def firing(project: str, pk: int) -> str:
    """The page of one firing."""
    return f"/p/{project}/alerts/firings/{pk}"


def explorer(project: str, shown: Shown, start_ns: int, end_ns: int) -> str:
    """The traces or spans of a window."""
    asked = {
        "list": shown.of if shown.of != "traces" else "",
        "q": shown.text,
        "from": iso(start_ns),
        "to": iso(end_ns),
        "order": shown.order,
    }
    given = {name: value for name, value in asked.items() if value}
    return f"/p/{project}/traces?{urlencode(given)}"


def drift_window(project: str, pk: int) -> str:
    """The page of one window of a drift monitor."""
    return f"/p/{project}/drift/windows/{pk}"
