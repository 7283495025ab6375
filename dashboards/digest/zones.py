"""Time zones to choose from: those one is likely to want first, then by continent."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

Choice = tuple[str, str]
Group = tuple[str, list[Choice]]
FIRST = "Often chosen"
CONTINENTS = (
    *("Africa", "America", "Antarctica", "Arctic", "Asia", "Atlantic", "Australia", "Europe"),
    *("Indian", "Pacific"),
)
OCEANS = ("Atlantic", "Indian", "Pacific")
ABBREVIATED = "Other names"
"""Such as EST, Etc/GMT+3 or US/Eastern: kept, for a report may have one."""
UTC = "UTC"


@cache
def names() -> frozenset[str]:
    """All that can be chosen."""
    return frozenset(available_timezones())


def choices(known: Sequence[str], now: datetime) -> list[Group]:
    """Groups for a list: UTC and the `known` ones first, then all by continent.

    Each says what it is ahead of UTC at that moment.
    """
    first = [name for name in dict.fromkeys((*known, UTC)) if name in names()]
    groups: dict[str, list[Choice]] = defaultdict(list)
    for name in sorted(names() - set(first)):
        groups[_group(name)].append((name, _label(name, now)))
    ordered = [name for name in (*CONTINENTS, ABBREVIATED) if name in groups]
    titled = [(_title(name), groups[name]) for name in ordered]
    return [(FIRST, [(name, _label(name, now)) for name in first]), *titled]


def _group(name: str) -> str:
    head, slash, _ = name.partition("/")
    return head if slash and head in CONTINENTS else ABBREVIATED


def _title(group: str) -> str:
    return f"{group} Ocean" if group in OCEANS else group


def _label(name: str, now: datetime) -> str:
    """Berlin (UTC+1), Buenos Aires, Argentina (UTC−3): the city first, for a list finds what is

    typed by how its rows begin. Names without a continent stand whole.
    """
    if name == UTC:
        return name
    said = name
    if _group(name) != ABBREVIATED:
        _, *places = name.replace("_", " ").split("/")
        said = ", ".join(reversed(places))
    return f"{said} ({offset(name, now)})"


def offset(name: str, now: datetime) -> str:
    """UTC+1, UTC−3:30: at that moment, summer time included."""
    ahead = now.astimezone(ZoneInfo(name)).utcoffset() or timedelta()
    minutes = round(ahead.total_seconds() / 60)
    hours, rest = divmod(abs(minutes), 60)
    if not minutes:
        return "UTC+0"
    return f"UTC{'+' if minutes > 0 else '−'}{hours}{f':{rest:02}' if rest else ''}"
