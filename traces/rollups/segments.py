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
    finest: Level = Level.BUCKET,
) -> Plan:
    """Split [low, high) ns. `marked[level]`: first buckets of rows that are not to be read.

    Rows are stored from the level `finest` up. Of marked buckets the newest `most_raw` are left to
    the raw rows, the others read as stored. Without any, the ends of a range that no row of
    `finest` covers are left out where these are hours.
    """
    unit = SPANNED[finest]
    first, end = -(-low // (BUCKET_NS * unit)) * unit, high // (BUCKET_NS * unit) * unit
    made = Plan()
    ends = [(low, min(high, first * BUCKET_NS)), (max(low, end * BUCKET_NS), high)]
    if first >= end:  # within one row or across one edge
        ends = [(low, high)]
    elif finest <= coarsest:
        rows = _Rows.of(first, end, finest, marked, most_raw)
        made.pending = rows.pending
        _fill(made, first, end, finest, coarsest, rows)
    else:
        ends = [(low, high)]
    ends = [(start, stop) for start, stop in ends if start < stop]
    if finest > Level.BUCKET and not most_raw:
        made.pending += sum(-(-(stop - start) // BUCKET_NS) for start, stop in ends)
    else:
        made.raw += ends
    made.raw = _joined(made.raw)
    return made


@dataclass(slots=True)
class _Rows:
    """First buckets of rows: of the finest to be made from raw rows, of hours and days unfit."""

    raw: set[int]
    unfit: dict[Level, set[int]]
    pending: int

    @staticmethod
    def of(
        first: int,
        end: int,
        finest: Level,
        marked: Mapping[Level, Collection[int]],
        most_raw: int,
    ) -> _Rows:
        below = {level: set(marked[level]) for level in Level}
        below[Level.HOUR] |= {_start(Level.HOUR, one) for one in below[Level.BUCKET]}
        below[Level.DAY] |= {_start(Level.DAY, one) for one in below[Level.HOUR]}
        late = sorted(one for one in below[finest] if first <= one < end)
        most = most_raw // SPANNED[finest]
        raw = set(late[len(late) - most :] if most else [])
        unfit = {level: below[level] for level in Level if level > finest}
        return _Rows(raw, unfit, (len(late) - len(raw)) * SPANNED[finest])


def _fill(made: Plan, first: int, end: int, finest: Level, coarsest: Level, rows: _Rows) -> None:
    levels = [level for level in (Level.DAY, Level.HOUR) if finest < level <= coarsest]
    at = first
    while at < end:
        for level in levels:
            length = SPANNED[level]
            fits = at % length == 0 and at + length <= end
            if fits and at not in rows.unfit[level]:
                _stored(made, level, at, at + length)
                break
        else:
            length = SPANNED[finest]
            if at in rows.raw:
                made.raw.append((at * BUCKET_NS, (at + length) * BUCKET_NS))
            else:
                _stored(made, finest, at, at + length)
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
