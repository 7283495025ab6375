"""Which two periods are compared, what they are called, and whether they can be."""

from __future__ import annotations

import time
from dataclasses import dataclass
from itertools import pairwise

from dashboards.cost import months
from dashboards.explorer import ranges
from dashboards.explorer.ranges import RangeError
from dashboards.frame import Frame
from dashboards.periods import DAY, between, bounds, exact_span
from dashboards.templatetags.sightglass import moment_of
from traces.selectors.paging import TimeRange


@dataclass(frozen=True, slots=True)
class Periods:
    """What is compared: `now` with `before`, and what each is called."""

    now: TimeRange
    before: TimeRange
    now_name: str
    before_name: str
    problem: str = ""

    @property
    def uneven(self) -> str:
        """Said where one is longer than the other, or both end within a day."""
        days = [(bounds(one)[1] - bounds(one)[0]) / DAY for one in (self.now, self.before)]
        if abs(days[0] - days[1]) * 24 < 1:
            return self._cut
        texts = [f"{day:.1f}".removesuffix(".0") for day in days]
        return (
            f"{self.now_name} has {texts[0]} days, {self.before_name} has {texts[1]} days:"
            " what that makes is in the number of calls."
        )

    @property
    def _cut(self) -> str:
        ends = [bounds(one)[1] for one in (self.now, self.before)]
        if not ends[0] % DAY or ends[0] % DAY != ends[1] % DAY:
            return ""
        at = moment_of(ends[0])
        return f"The last day of both ends at {at:%H:%M} UTC: the same hours are compared."


def periods_of(frame: Frame) -> Periods:
    """The chosen range, and the one that is asked for; else the month or the range before."""
    now_ns = time.time_ns()
    before, problem = None, ""
    start, end = frame.more.get("base_from", ""), frame.more.get("base_to", "")
    if start:
        try:
            before = between(ranges.between(start, end), now_ns).range
        except RangeError as error:
            problem = str(error)
    now = frame.range
    if before is None:
        before = month_before(now, now_ns) or frame.previous
    return Periods(
        now,
        before,
        months.named(now, now_ns) or exact_span(now),
        months.named(before, now_ns) or exact_span(before),
        problem,
    )


def month_before(range: TimeRange, now_ns: int) -> TimeRange | None:
    """Of a whole month, the one before."""
    if not months.named(range, now_ns):
        return None
    start = bounds(range)[0]
    return months.recent(start - 1, 1)[0].range


def month_links(frame: Frame) -> list[tuple[str, str]]:
    """Each recent month against the one before."""
    found = months.recent(time.time_ns(), months.SHOWN + 1)
    links = []
    for now, before in pairwise(found):
        start, end = (ranges.iso(ns) for ns in bounds(now.range))
        base = [ranges.iso(ns) for ns in bounds(before.range)]
        changes = {"from": start, "to": end, "base_from": base[0], "base_to": base[1]}
        url = frame.link(**changes, model="", part="")
        links.append((f"{now.label} against {before.label}", url))
    return links
