"""Whether so much has come in at once that figures cannot be compared yet."""

from __future__ import annotations

from dashboards.frame import Frame
from traces.rollups.segments import BUCKET_NS

MUCH = 0.01
"""From this share of the range's stretches of five minutes on, what is not added up yet counts:
of a day that is a quarter of an hour, which the newest spans of a busy project may always be."""


def unsettled(pending: int, frame: Frame) -> bool:
    """Whether `pending` stretches of five minutes are too many to tell of changes."""
    return pending * BUCKET_NS > MUCH * len(frame.times) * frame.step_ns
