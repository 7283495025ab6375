"""Calendar months, as periods to compare. UTC."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from traces.selectors.paging import TimeRange

SECOND = 10**9
SHOWN = 6


@dataclass(frozen=True, slots=True)
class Month:
    """`label`: October, with the year where it is not this one."""

    label: str
    range: TimeRange


def month_of(at: datetime, now: datetime) -> Month:
    """The month that holds a moment."""
    first = datetime(at.year, at.month, 1, tzinfo=UTC)
    label = f"{first:%B}" if first.year == now.year else f"{first:%B} {first.year}"
    return Month(label, TimeRange(_ns(first), _ns(_next(first))))


def recent(now_ns: int, most: int = SHOWN) -> list[Month]:
    """This month and those before it, the newest first."""
    now = datetime.fromtimestamp(now_ns // SECOND, UTC)
    found, first = [], datetime(now.year, now.month, 1, tzinfo=UTC)
    for _ in range(most):
        found.append(month_of(first, now))
        first = _before(first)
    return found


def named(range: TimeRange, now_ns: int) -> str:
    """What a whole month, or its days until now, is called; empty for anything else."""
    now = datetime.fromtimestamp(now_ns // SECOND, UTC)
    start = datetime.fromtimestamp((range.start_ns or 0) // SECOND, UTC)
    month = month_of(start, now)
    whole = range == month.range
    running = range.start_ns == month.range.start_ns and _holds(month.range, now_ns)
    ends_now = running and abs((range.end_ns or 0) - now_ns) <= 300 * SECOND
    return month.label if whole or ends_now else ""


def _holds(range: TimeRange, ns: int) -> bool:
    return (range.start_ns or 0) <= ns < (range.end_ns or 0)


def _ns(moment: datetime) -> int:
    return int(moment.timestamp()) * SECOND


def _next(first: datetime) -> datetime:
    return datetime(first.year + first.month // 12, first.month % 12 + 1, 1, tzinfo=UTC)


def _before(first: datetime) -> datetime:
    month = first.month - 1 or 12
    return datetime(first.year - (first.month == 1), month, 1, tzinfo=UTC)
