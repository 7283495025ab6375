"""Safe looks at bytes that nobody could read, and counts as bars."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from traces.services.ledger import Line

SHOWN_BYTES = 4_096
ROW = 16
DAY = 24
HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Look:
    """What is shown of a body: its text, or a dump of its bytes."""

    text: str
    is_dump: bool
    is_cut: bool


def look_at(body: bytes) -> Look:
    """The beginning of a body, harmless: as text if it is some, else in hexadecimal."""
    shown = body[:SHOWN_BYTES]
    is_cut = len(body) > len(shown)
    try:
        text = shown.decode()
    except UnicodeDecodeError as error:
        if not (is_cut and error.start > len(shown) - 4):  # not merely cut within a character
            return Look(dumped(shown), True, is_cut)
        text = shown[: error.start].decode()
    if any(ord(one) < 32 and one not in "\n\r\t" for one in text):
        return Look(dumped(shown), True, is_cut)
    harmless = "".join(one if one.isprintable() or one in "\n\t" else "·" for one in text)
    return Look(harmless, False, is_cut)


def dumped(body: bytes) -> str:
    """Sixteen bytes a line: offset, hexadecimal, letters."""
    lines = []
    for start in range(0, len(body), ROW):
        part = body[start : start + ROW]
        letters = "".join(chr(byte) if 32 <= byte < 127 else "·" for byte in part)
        lines.append(f"{start:06x}  {part.hex(' '):<{3 * ROW}} {letters}")
    return "\n".join(lines)


@dataclass(frozen=True, slots=True)
class Bar:
    """One stretch of time, in percent of the chart; `bad` stands on `good`."""

    x: str
    width: str
    good: str
    good_top: str
    bad: str
    bad_top: str
    label: str


def bars(hours: Mapping[datetime, Line], since: datetime, until: datetime, step: int) -> list[Bar]:
    """Bars of `step` hours from `since` to `until`; where nothing came there is an empty one."""
    start = since.replace(minute=0, second=0, microsecond=0)
    if step == DAY:
        start = start.replace(hour=0)
    slots = int((until - start) / HOUR) // step + 1
    lines = [Line() for _ in range(slots)]
    for hour, line in hours.items():
        slot = int((hour - start) / HOUR) // step
        if 0 <= slot < slots:
            lines[slot].merge(line)
    tallest = max(line.received for line in lines) or 1
    width = 100 / slots
    made = []
    for i, line in enumerate(lines):
        bad, all_of_it = line.rejected_total, line.received
        at = start + i * step * HOUR
        made.append(
            Bar(
                x=f"{i * width:.3f}",
                width=f"{width * 0.8:.3f}",
                good=f"{100 * (all_of_it - bad) / tallest:.2f}",
                good_top=f"{100 - 100 * (all_of_it - bad) / tallest:.2f}",
                bad=f"{100 * bad / tallest:.2f}",
                bad_top=f"{100 - 100 * all_of_it / tallest:.2f}",
                label=f"{at:%d %b} {'' if step == DAY else f'{at:%H:00} '}UTC:"
                f" {all_of_it:,} received, {bad:,} rejected",
            )
        )
    return made
