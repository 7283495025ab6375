"""Whether an earlier period is a measure of a later one: one rule for all pages that compare."""

from __future__ import annotations

from dataclasses import dataclass

from dashboards.periods import DAY, HOUR, bounds
from dashboards.templatetags.sightglass import moment_of
from traces.query import Query
from traces.selectors import cubes
from traces.selectors.asking import Step
from traces.selectors.paging import TimeRange, TooSlow

BACK_NS = 28 * DAY
"""How long before a period there must have been nothing, for its traffic to have begun in it."""
MATTERS = 0.1
"""A smaller part of a period without traffic is not worth a word."""
FEW_DAYS = 4
"""Shorter periods may have a day without traffic by chance."""


@dataclass(frozen=True, slots=True)
class Incomplete:
    """Why an earlier period is no measure of a later one: when its traffic began in the middle of
    it, else on how few days it has some.
    """

    began: str
    days: str = ""

    def said(self, period: str) -> str:
        """A sentence; `period`: what the earlier one is called in the middle of one."""
        text = (
            f"Traffic began on {self.began}, within {period}"
            if self.began
            else f"{period} has traffic on only {self.days}"
        )
        return f"{text[0].upper()}{text[1:]}: the two do not compare."

    @property
    def note(self) -> str:
        """In the place of a change that cannot be told."""
        return f"no trace before {self.began}" if self.began else f"traffic on only {self.days}"


def incomplete(
    project_id: int, query: Query, before: TimeRange, now: TimeRange
) -> Incomplete | None:
    """Whether the traffic of the earlier period began in the middle of it, and that of the later
    sooner; or is on fewer than half as many days. Where nothing was in it at all, that is plain.
    """
    (start, end), (low, high) = bounds(before), bounds(now)
    step = DAY if end - start > 2 * DAY else HOUR
    try:
        cube = cubes.of_spans(
            project_id,
            query=query,
            range=TimeRange(max(0, start - min(end - start, BACK_NS)), max(end, high)),
            step=Step.DAY if step == DAY else Step.HOUR,
            only=("spans",),
        )
    except TooSlow:
        return None
    times = sorted(cell.time_ns or 0 for cell in cube.cells if cell.sums.spans)
    there = [ns for ns in times if start // step * step <= ns < end]
    if not there:
        return None
    later = [ns for ns in times if low // step * step <= ns < high]
    missing, there_as_well = there[0] - start, later and later[0] - low < there[0] - start
    if there[0] == times[0] and there_as_well and missing >= MATTERS * (end - start):
        first = moment_of(there[0])
        at = f" at {first:%H:%M}" if step == HOUR else ""
        return Incomplete(f"{first.day} {first:%b}{at}")
    if step == DAY and end - start >= FEW_DAYS * DAY and 2 * len(there) < len(later):
        return Incomplete("", "1 day" if len(there) == 1 else f"{len(there)} days")
    return None
