"""Numbers as people read them: counts, tokens, money, durations, shares, and their differences.

Pure: pages, charts, e-mails and pictures write a figure in the same way.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

from traces.spans import PICO

NONE = "–"
MINUS = "\N{MINUS SIGN}"
SECOND = 10**9
MINUTE, HOUR = 60 * SECOND, 3600 * SECOND


def number(value: int | None) -> str:
    """1,234 with a true minus sign; a dash for the unknown."""
    return NONE if value is None else f"{value:,}".replace("-", MINUS)


def tokens(value: int | None) -> str:
    """Exact below 1,000, then 1.9k, 2.4M."""
    if value is None:
        return NONE
    for size, letter in ((10**9, "G"), (10**6, "M"), (10**3, "k")):
        if value >= size:
            return f"{value / size:.1f}{letter}"
    return str(value)


def money(pico: int | None) -> str:
    """Pico dollars: $1,234, $12.30, 1.47¢, 0.0012¢; a dash for the unknown, never 0 for it."""
    if pico is None:
        return NONE
    sign, dollars = (MINUS if pico < 0 else ""), Decimal(abs(pico)) / PICO
    if dollars == 0:
        return "0¢"
    if dollars >= Decimal("99.995"):
        return f"{sign}${dollars:,.0f}"
    if dollars >= Decimal("0.995"):
        return f"{sign}${dollars:.2f}"
    return f"{sign}{significant(dollars * 100)}¢"


def significant(value: Decimal) -> str:
    """Two decimals from 1 on, else two significant digits."""
    if value >= 1:
        return f"{value:.1f}" if value >= 10 else f"{value:.2f}"
    digits = 1 - value.adjusted()
    return f"{value:.{digits}f}"


def money_exact(pico: int | None) -> str:
    """All digits of an amount, for a title: $0.0014720312."""
    if pico is None:
        return NONE
    text = f"{Decimal(abs(pico)) / PICO:f}"
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return f"{MINUS if pico < 0 else ''}${text}"


def duration(ns: int | None) -> str:
    """Nanoseconds: 740 µs, 190 ms, 7.84 s, 3 min 12 s, 5 h 2 min."""
    if ns is None:
        return NONE
    sign, ns = (MINUS if ns < 0 else ""), abs(ns)
    if ns < 999_500:
        return f"{sign}{ns / 1000:.0f} µs" if ns else "0 ms"
    if ns < 999_500_000:
        return f"{sign}{ns / 1e6:.0f} ms"
    if ns < MINUTE:
        return f"{sign}{ns / SECOND:.2f} s"
    if ns < HOUR:
        return f"{sign}{ns // MINUTE} min {ns % MINUTE // SECOND} s"
    if ns < 48 * HOUR:
        return f"{sign}{ns // HOUR} h {ns % HOUR // MINUTE} min"
    return f"{sign}{ns // (24 * HOUR):,} d {ns % (24 * HOUR) // HOUR} h"


def duration_ms(ms: float | None) -> str:
    """Milliseconds, written like `duration`."""
    return duration(None if ms is None else round(ms * 1e6))


def share(value: float | None) -> str:
    """0..1 as percent with one decimal: 90.3%, two significant digits below 0.1%."""
    if value is None:
        return NONE
    percent = abs(value) * 100
    sign = MINUS if value < 0 and percent else ""
    if percent == 0 or percent >= 0.1:
        return f"{sign}{percent:.1f}%"
    return f"{sign}{significant(Decimal(percent))}%"


def score(value: float | None) -> str:
    """Two decimals."""
    return NONE if value is None else f"{value:.2f}".replace("-", MINUS)


def rate(value: float | None) -> str:
    """Tokens per second."""
    if value is None:
        return NONE
    return f"{value:,.0f} tok/s" if value >= 10 else f"{value:.1f} tok/s"


def latency(ms: float | None) -> str:
    """Milliseconds as charts and tiles write them: 190 ms, 6.4 s, 3 min 12 s."""
    if ms is None:
        return NONE
    if 999.5 <= abs(ms) < 59_950:
        return f"{ms / 1000:.1f} s".replace("-", MINUS)
    return duration_ms(ms)


WRITERS: dict[str, Callable[[float], str]] = {
    "count": lambda value: tokens(round(value)),
    "tokens": lambda value: tokens(round(value)),
    "usd": lambda value: money(round(value)),
    "ms": latency,
    "ratio": share,
    "tokens/s": rate,
    "score": score,
}


def written(value: float | None, unit: str) -> str:
    """A value in the unit of a metric; money in pico dollars. A dash for the unknown."""
    return NONE if value is None else WRITERS[unit](value)


def exactly(value: float | None, unit: str) -> str:
    """As `written`, but counts and tokens in full and money to the last digit: for tables."""
    if value is None:
        return NONE
    if unit in ("count", "tokens"):
        return number(round(value))
    return written(value, unit)


def raw(value: float | None, unit: str) -> str | float | None:
    """The value for a file: US dollars as a decimal number, shares 0..1, milliseconds."""
    if value is None:
        return None
    if unit == "usd":
        return f"{Decimal(round(value)) / PICO:f}"
    return round(value) if unit in ("count", "tokens") else round(value, 6)


def difference(value: float | None, unit: str) -> str:
    """A difference without its sign, which an arrow shows: 2.6 pts, 1.2 s, 12¢."""
    if value is None:
        return NONE
    if unit == "ratio":
        return f"{abs(value) * 100:.1f} pts"
    return written(abs(value), unit)
