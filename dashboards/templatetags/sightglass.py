"""How pages write numbers, money, durations and moments, and draw icons."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.timezone import get_current_timezone

from traces.spans import PICO

register = template.Library()
NONE = "–"
MINUS = "\N{MINUS SIGN}"
SECOND = 10**9
MINUTE, HOUR = 60 * SECOND, 3600 * SECOND
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
LAST_SECOND = 253_402_300_799  # of the year 9999
KIND_ICONS = {
    "llm": ("llm", "k-llm"),
    "agent": ("agent", "k-agent"),
    "tool": ("tool", "k-tool"),
    "retriever": ("retr", "k-retr"),
    "reranker": ("filter", "k-retr"),
    "embedding": ("embed", "k-retr"),
    "guardrail": ("guard", "k-guard"),
    "evaluator": ("judge", "k-guard"),
}
STEP_ICON = ("chain", "k-chain")


@register.filter
def number(value: int | None) -> str:
    """1,234 with a true minus sign; a dash for the unknown."""
    return NONE if value is None else f"{value:,}".replace("-", MINUS)


@register.filter
def tokens(value: int | None) -> str:
    """Exact below 1,000, then 1.9k, 2.4M."""
    if value is None:
        return NONE
    for size, letter in ((10**9, "G"), (10**6, "M"), (10**3, "k")):
        if value >= size:
            return f"{value / size:.1f}{letter}"
    return str(value)


@register.filter
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


@register.filter
def money_exact(pico: int | None) -> str:
    """All digits of an amount, for a title: $0.0014720312."""
    if pico is None:
        return NONE
    text = f"{Decimal(abs(pico)) / PICO:f}"
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return f"{MINUS if pico < 0 else ''}${text}"


@register.filter
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


@register.filter
def duration_ms(ms: float | None) -> str:
    """Milliseconds, written like `duration`."""
    return duration(None if ms is None else round(ms * 1e6))


@register.filter
def with_unit(text: str) -> SafeString:
    """ "7.84 s" with its unit in a lighter colour."""
    value, space, unit = str(text).partition(" ")
    if not space or " " in unit:
        return format_html("{}", text)
    return format_html('{}<span class="unit"> {}</span>', value, unit)


def moment_of(ns: int) -> datetime:
    seconds = max(0, min(ns // SECOND, LAST_SECOND - 86_400))
    return (EPOCH + timedelta(seconds=seconds)).astimezone(get_current_timezone())


@register.filter
def moment(ns: int | None) -> str:
    """Unix nanoseconds in full: 2026-11-19 21:02:14.123 UTC."""
    if ns is None:
        return NONE
    at = moment_of(ns)
    return f"{at:%Y-%m-%d %H:%M:%S}.{ns % SECOND // 10**6:03d} {at:%Z}"


@register.filter
def iso(ns: int | None) -> str:
    """For `datetime` attributes."""
    return "" if ns is None else moment_of(ns).isoformat()


@register.filter
def clock(ns: int | None) -> str:
    """The time, with the date unless it is today, with the year unless it is this year."""
    if ns is None:
        return NONE
    at, now = moment_of(ns), moment_of(time.time_ns())
    if at.date() == now.date():
        return f"{at:%H:%M:%S}"
    day = f"{at.day} {at:%b}" if at.year == now.year else f"{at.day} {at:%b} {at:%Y}"
    return f"{day} {at:%H:%M}"


@register.filter
def relative(ns: int | None) -> str:
    """Below an hour as "3 min ago", else as `clock`."""
    if ns is None:
        return NONE
    gone = time.time_ns() - ns
    if not 0 <= gone < HOUR:
        return clock(ns)
    if gone < MINUTE:
        return f"{gone // SECOND} s ago"
    return f"{gone // MINUTE} min ago"


@register.simple_tag
def icon(name: str, size: str = "") -> SafeString:
    """An icon of the sprite; `size` "s" is small. Hidden from readers: label it beside."""
    return format_html(
        '<svg class="i{}" aria-hidden="true"><use href="#i-{}"/></svg>',
        f" i-{size}" if size else "",
        name,
    )


@register.simple_tag
def kind_icon(kind: str, status: str = "") -> SafeString:
    """The coloured glyph of a span's kind; an error takes the colour, the shape stays."""
    name, colour = KIND_ICONS.get(kind, STEP_ICON)
    return format_html(
        '<span class="kind {}" title="{}">{}<span class="vh">{}</span></span>',
        "k-err" if status == "error" else colour,
        kind,
        icon(name),
        kind,
    )
