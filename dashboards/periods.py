"""Time ranges of dashboards, in whole five minutes, and the steps that they are shown in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypedDict

from dashboards.explorer import ranges
from dashboards.explorer.ranges import Chosen
from dashboards.templatetags.sightglass import moment_of
from traces.selectors.asking import Step
from traces.selectors.paging import TimeRange

SECOND = 10**9
BUCKET, HOUR, DAY = 300 * SECOND, 3_600 * SECOND, 86_400 * SECOND
PRESETS = {name: ranges.PRESETS[name] for name in ("24h", "7d", "14d", "30d", "90d")}
SHORT_PRESETS = {"15m": 15 * 60 * SECOND, "1h": HOUR}
"""Of the explorer: carried over, but not offered."""
DEFAULT = "14d"
LONGEST = 400 * DAY
MOST_DAYS = 100
"""From here on, steps are weeks."""
WEEK_OFFSET = 4 * DAY
"""1970 began on a Thursday; weeks begin on a Monday."""


class Grain(TypedDict, total=False):
    """How `cubes` and `metrics.ask` are told the step."""

    step: Step
    width_ns: int


@dataclass(frozen=True, slots=True)
class Period:
    """A range and the one it is compared with, as long and `back_ns` earlier."""

    range: TimeRange
    back_ns: int

    @property
    def previous(self) -> TimeRange:
        start, end = bounds(self.range)
        return TimeRange(start - self.back_ns, end - self.back_ns)


def bounds(of: TimeRange) -> tuple[int, int]:
    if of.start_ns is None or of.end_ns is None:
        raise ValueError("a range of sums has both ends")
    return of.start_ns, of.end_ns


def preset(name: str, now_ns: int) -> Period:
    """`n` days up to now, from a midnight on; 24h and shorter: whole hours or five minutes."""
    end = -(-now_ns // BUCKET) * BUCKET
    if name in SHORT_PRESETS:
        length = SHORT_PRESETS[name]
        return Period(TimeRange(end - length, end), length)
    if name == "24h":
        return Period(TimeRange(now_ns // HOUR * HOUR - 23 * HOUR, end), DAY)
    days = int(name.removesuffix("d"))
    return Period(TimeRange(now_ns // DAY * DAY - (days - 1) * DAY, end), days * DAY)


def between(chosen: Chosen, now_ns: int) -> Period:
    """The five minutes around two ends. Raises ranges.RangeError."""
    start_ns, end_ns = chosen.range.start_ns, chosen.range.end_ns
    end = -(-min(now_ns if end_ns is None else end_ns, now_ns) // BUCKET) * BUCKET
    start = (end - DAY if start_ns is None else start_ns) // BUCKET * BUCKET
    if start >= end:
        raise ranges.RangeError("This range is in the future.")
    if end - start > LONGEST:
        raise ranges.RangeError("A dashboard shows at most 400 days.")
    back = end - start
    if (end_ns is None or end_ns > now_ns) and back > 2 * DAY:
        back = -(-back // DAY) * DAY  # the open day is compared with the same hours of a day
    return Period(TimeRange(start, end), back)


def listed(chosen: Chosen, now_ns: int) -> TimeRange:
    """The time of a list that a dashboard leads to: that of the dashboard, or with open ends."""
    if chosen.name in PRESETS or chosen.name in SHORT_PRESETS:
        return preset(chosen.name, now_ns).range
    start_ns, end_ns = chosen.range.start_ns, chosen.range.end_ns
    return TimeRange(
        None if start_ns is None else start_ns // BUCKET * BUCKET,
        None if end_ns is None else -(-min(end_ns, now_ns) // BUCKET) * BUCKET,
    )


def grain_of(length_ns: int) -> tuple[Grain, int]:
    """Steps for a range of this length, and how long one is (ns)."""
    if length_ns <= 3 * HOUR:
        return {"width_ns": BUCKET}, BUCKET
    if length_ns <= 12 * HOUR:
        return {"width_ns": 3 * BUCKET}, 3 * BUCKET
    if length_ns <= 50 * HOUR:
        return {"step": Step.HOUR}, HOUR
    if length_ns <= MOST_DAYS * DAY:
        return {"step": Step.DAY}, DAY
    return {"step": Step.WEEK}, 7 * DAY


def times_of(period: TimeRange) -> list[int]:
    """Where the steps of a range begin (ns), as `cubes` counts them."""
    start, end = bounds(period)
    grain, step = grain_of(end - start)
    offset = start % step if "width_ns" in grain else 0
    if grain.get("step") is Step.WEEK:
        offset = WEEK_OFFSET
    return list(range((start - offset) // step * step + offset, end, step))


def before_words(of: Period) -> str:
    """What a period is compared with."""
    days = of.back_ns // DAY
    if of.back_ns % DAY:
        return "the time before"
    return "the day before" if days == 1 else f"the {days} days before"


def day_span(of: TimeRange) -> str:
    """6 – 19 Nov; with times where it is shorter than two days."""
    start, end = bounds(of)
    a, b = moment_of(start), moment_of(end - 1)
    if end - start <= 2 * DAY and a.date() == b.date():
        return f"{a.day} {a:%b} {a:%H:%M} – {b:%H:%M}"
    head = f"{a.day}" if (a.year, a.month) == (b.year, b.month) else f"{a.day} {a:%b}"
    return f"{head} – {b.day} {b:%b}"


def exact_span(of: TimeRange) -> str:
    """6 – 19 Nov, 4 Nov; with the hour of an end that is not at midnight: 15 Nov – 21 Nov 19:05."""
    start, end = bounds(of)
    a, z = moment_of(start), moment_of(end)
    last = moment_of(end - 1)
    if not start % DAY and not end % DAY:
        return f"{a.day} {a:%b}" if end - start == DAY else day_span(of)
    if a.date() == last.date():
        until = f"{z:%H:%M}" if end % DAY else "24:00"
        return f"{a.day} {a:%b} {a:%H:%M} – {until}"
    ends = [
        f"{one.day} {one:%b}{one: %H:%M}" if ns % DAY else f"{day.day} {day:%b}"
        for one, day, ns in ((a, a, start), (z, last, end))
    ]
    return " – ".join(ends)
