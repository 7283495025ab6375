"""Whether so much has come in at once that figures cannot be compared yet."""

from __future__ import annotations

from dashboards.frame import Frame
from dashboards.periods import bounds
from traces.rollups.segments import BUCKET_NS
from traces.selectors.paging import TimeRange

MUCH = 0.01
"""From this share of the range's stretches of five minutes on, what is not added up yet counts:
of a day that is a quarter of an hour, which the newest spans of a busy project may always be."""
UNSETTLED = "What has come in is still being added up; then this says what changed."
"""In the place of a sentence about changes."""


def unsettled(pending: int, frame: Frame) -> bool:
    """Whether `pending` stretches of five minutes are too many to tell of changes."""
    return _much(pending, len(frame.times) * frame.step_ns)


def unsettled_range(pending: int, range: TimeRange) -> bool:
    """The same of any time range."""
    start, end = bounds(range)
    return _much(pending, end - start)


def _much(pending: int, length_ns: int) -> bool:
    return pending * BUCKET_NS > MUCH * length_ns
