"""Which rows answer for a range: days where they can, hours, buckets, and raw rows for the rest.

Pure. Numbers are buckets of five minutes since 1970.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from traces.rollups.dimensions import Level

BUCKET_NS = Level.BUCKET * 10**9
SPANNED = {level: level // Level.BUCKET for level in Level}
"""Buckets that a row of a level sums over."""


@dataclass(slots=True)
class Plan:
    """`stored`: (level, first, end) in buckets. `raw`: (low, high) in nanoseconds."""

    stored: list[tuple[Level, int, int]] = field(default_factory=list)
    raw: list[tuple[int, int]] = field(default_factory=list)
    pending: int = 0
    """Marked buckets that are read as they were stored: too many to sum up at once."""


def plan(
    low: int,
    high: int,
    *,
    coarsest: Level,
    marked: Mapping[Level, Collection[int]],
    most_raw: int,
) -> Plan:
    """Split [low, high) ns. `marked[level]`: first buckets of rows that are not to be read.

    Of marked buckets the newest `most_raw` are left to the raw rows, the others read as stored.
    """
    first, end = -(-low // BUCKET_NS), high // BUCKET_NS
    made = Plan()
    if first >= end:  # within one bucket or across one edge
        if low < high:
            made.raw.append((low, high))
        return made
    dirty = sorted(one for one in marked[Level.BUCKET] if first <= one < end)
    raw = set(dirty[len(dirty) - most_raw :] if most_raw else [])
    made.pending = len(dirty) - len(raw)
    late = set(dirty)
    if low < first * BUCKET_NS:
        made.raw.append((low, first * BUCKET_NS))
    _fill(made, first, end, coarsest, marked, raw, late)
    if end * BUCKET_NS < high:
        made.raw.append((end * BUCKET_NS, high))
    made.raw = _joined(made.raw)
    return made


def _fill(
    made: Plan,
    first: int,
    end: int,
    coarsest: Level,
    marked: Mapping[Level, Collection[int]],
    raw: set[int],
    late: set[int],
) -> None:
    bad_hours = set(marked[Level.HOUR]) | {_start(Level.HOUR, one) for one in late}
    bad_days = set(marked[Level.DAY]) | {_start(Level.DAY, one) for one in bad_hours}
    bad = {Level.DAY: bad_days, Level.HOUR: bad_hours}
    at = first
    while at < end:
        for level in (Level.DAY, Level.HOUR):
            length = SPANNED[level]
            if (
                level <= coarsest
                and at % length == 0
                and at + length <= end
                and at not in bad[level]
            ):
                _stored(made, level, at, at + length)
                break
        else:
            length = 1
            if at in raw:
                made.raw.append((at * BUCKET_NS, (at + 1) * BUCKET_NS))
            else:
                _stored(made, Level.BUCKET, at, at + 1)
        at += length


def _start(level: Level, bucket: int) -> int:
    return bucket - bucket % SPANNED[level]


def _stored(made: Plan, level: Level, first: int, end: int) -> None:
    """Add a stretch, as one with the last of its level where it goes on."""
    if made.stored and made.stored[-1][0] is level and made.stored[-1][2] == first:
        made.stored[-1] = (level, made.stored[-1][1], end)
    else:
        made.stored.append((level, first, end))


def _joined(raw: list[tuple[int, int]]) -> list[tuple[int, int]]:
    found: list[tuple[int, int]] = []
    for low, high in sorted(raw):
        if found and found[-1][1] == low:
            found[-1] = (found[-1][0], high)
        else:
            found.append((low, high))
    return found
