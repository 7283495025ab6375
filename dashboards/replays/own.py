"""When and of what a replay or trial is: of its own, whatever time and filter are chosen now."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeVar

from django.urls import reverse

from dashboards.explorer import ranges, state
from dashboards.periods import exact_span
from evals.replays.models import Work
from sightglass.accounts.access import ProjectRequest
from traces.selectors.paging import TimeRange

W = TypeVar("W", bound=Work)


def span(row: Work, start_ns: int | None = None) -> str:
    """Its dates in words; `start_ns` where older calls were left out."""
    return exact_span(TimeRange(row.start_ns if start_ns is None else start_ns, row.end_ns))


def listed(rows: Iterable[W]) -> list[tuple[W, str]]:
    return [(row, span(row)) for row in rows]


def page(request: ProjectRequest, row: Work, route: str) -> str:
    """Another page of the project under its time and filter."""
    when = {"from": ranges.iso(row.start_ns), "to": ranges.iso(row.end_ns)}
    there = reverse(route, args=[request.access.project.slug])
    return f"{there}?{state.encoded({'q': row.q, **when})}"


def bar(
    request: ProjectRequest, row: Work, route: str, label: str, start_ns: int | None = None
) -> dict[str, str]:
    """What stands where other pages have a range to choose: none of these figures would follow.

    `route`: where the same can be made anew.
    """
    return {
        "span": span(row, start_ns),
        "q": row.q,
        "anew": page(request, row, route),
        "label": label,
    }
