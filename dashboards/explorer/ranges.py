"""Time ranges of pages: presets, or two ends as people write them."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils.timezone import get_current_timezone

from traces.selectors.paging import TimeRange

SECOND = 10**9
UNITS = {"m": 60, "h": 3600, "d": 86_400, "w": 7 * 86_400}
AGO = re.compile(r"(\d{1,5})\s*([mhdw])", re.ASCII)
PRESETS = {
    "15m": "Last 15 minutes",
    "1h": "Last hour",
    "24h": "Last 24 hours",
    "7d": "Last 7 days",
    "14d": "Last 14 days",
    "30d": "Last 30 days",
    "90d": "Last 90 days",
    "all": "All time",
}
DEFAULT = "7d"
SHORTEST_NS = 10 * SECOND
LAST_NS = 2**63 - 1


class RangeError(ValueError):
    """An end of a range that cannot be read; the text says which."""


@dataclass(frozen=True, slots=True)
class Chosen:
    """A preset (`name`), or two ends as written. `range` is what they mean now."""

    name: str
    start_text: str
    end_text: str
    range: TimeRange

    @property
    def fixed(self) -> bool:
        return not self.name

    def parameters(self) -> dict[str, str]:
        """As in the URL; empty for what needs no word."""
        if self.fixed:
            return {"from": self.start_text, "to": self.end_text}
        return {"range": self.name if self.name != DEFAULT else ""}


def preset(name: str, now_ns: int | None = None) -> Chosen:
    """The preset; another name is the default."""
    name = name if name in PRESETS else DEFAULT
    found = AGO.fullmatch(name)
    if found is None:
        return Chosen(name, "", "", TimeRange())
    now_ns = time.time_ns() if now_ns is None else now_ns
    length = int(found[1]) * UNITS[found[2]] * SECOND
    return Chosen(name, "", "", TimeRange(now_ns - length, None))


def between(start: str, end: str) -> Chosen:
    """Raises RangeError. An empty end is open."""
    start_ns = end_of(start) if start else None
    end_ns = end_of(end) if end and end != "now" else None
    if start_ns is not None and end_ns is not None and start_ns >= end_ns:
        raise RangeError(f"{start!r} is not before {end!r}.")
    return Chosen("", start, end, TimeRange(start_ns, end_ns))


def end_of(text: str) -> int:
    """Unix ns of `3d` (ago), `now`, `today`, `yesterday` or an ISO moment. Raises RangeError."""
    zone = get_current_timezone()
    now = datetime.now(zone)
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    word = text.strip().lower()
    words = {"now": now, "today": midnight, "yesterday": midnight - timedelta(days=1)}
    try:
        if found := AGO.fullmatch(word):
            at = now - timedelta(seconds=int(found[1]) * UNITS[found[2]])
        else:
            at = words.get(word) or datetime.fromisoformat(text.strip())
        at = at if at.tzinfo else at.replace(tzinfo=zone)
        seconds = at.timestamp()
    except (ValueError, OverflowError):
        raise RangeError(
            f"{text[:60]!r} is no time. Write 3d, yesterday, 2026-11-19 or 2026-11-19T08:00."
        ) from None
    return max(0, min(int(seconds) * SECOND + at.microsecond * 1000, LAST_NS))


def iso(ns: int) -> str:
    """A moment as `between` reads it; exact to the microsecond, so that a link keeps its rows."""
    zone = get_current_timezone()
    at = datetime.fromtimestamp(ns // SECOND, zone).replace(microsecond=ns % SECOND // 1000)
    return at.replace(tzinfo=None).isoformat()


def shifted(chosen: Chosen, steps: int) -> Chosen | None:
    """The range as long beside it; None where there is no such range."""
    start_ns, end_ns = chosen.range.start_ns, chosen.range.end_ns
    if start_ns is None:
        return None
    now = time.time_ns()
    end_ns = max(now, start_ns + SHORTEST_NS) if end_ns is None else end_ns
    length = max(end_ns - start_ns, SHORTEST_NS)
    if steps > 0 and end_ns >= now:
        return None
    start, end = start_ns + steps * length, end_ns + steps * length
    return between(iso(start), iso(end)) if start > 0 else None
