"""What the cost pages have in common: their tabs, under one time range and filter."""

from __future__ import annotations

from dashboards.frame import Frame

TABS = (
    ("cost", "Spending"),
    ("cost_change", "What changed"),
    ("cost_efficiency", "Efficiency"),
    ("cost_what_if", "What if"),
    ("cost_cache", "Semantic cache"),
    ("cost_cheaper", "Cheaper model"),
)


def tabs(frame: Frame, current: str) -> list[tuple[str, str, bool]]:
    """(label, address, whether it is this page)"""
    return [(label, frame.page(route), route == current) for route, label in TABS]
