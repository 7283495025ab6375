"""How pages write numbers, money, durations and moments, and draw icons."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from html import escape
from typing import Any

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.timesince import timesince
from django.utils.timezone import get_current_timezone

from dashboards.charts import Table
from dashboards.numbers import (
    HOUR,
    MINUTE,
    NONE,
    SECOND,
    duration,
    duration_ms,
    latency,
    money,
    money_exact,
    number,
    score,
    share,
    significant,
    tokens,
)

__all__ = [
    "KIND_ICONS",
    "NONE",
    "STEP_ICON",
    "clock",
    "duration",
    "duration_ms",
    "icon",
    "iso",
    "kind_icon",
    "latency",
    "moment",
    "moment_of",
    "money",
    "money_exact",
    "number",
    "register",
    "relative",
    "score",
    "share",
    "significant",
    "tokens",
    "with_unit",
]

register = template.Library()
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
LAST_SECOND = 253_402_300_799  # of the year 9999
NUL = "\0"  # which no text that Postgres holds has
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


WRITERS: tuple[Callable[[Any], str], ...] = (
    *(number, tokens, money, money_exact),
    *(duration, duration_ms, latency, share, score),
)
for writer in WRITERS:
    register.filter(writer.__name__, writer)


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


@register.filter
def ago(at: datetime) -> str:
    """As "2 hours, 3 minutes ago"; below a minute "just now"."""
    if datetime.now(UTC) - at < timedelta(minutes=1):
        return "just now"
    return f"{timesince(at)} ago"


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


@register.simple_tag
def chart_rows(table: Table) -> SafeString:
    """The body of a chart's table. Written by hand: a quarter of days took templates 50 ms.

    A row is escaped at once, by what Django's calls, which first looks at each text for a lazy one.
    """
    found = []
    for row in table.rows:
        head, *cells = escape(NUL.join(row.shown)).split(NUL)
        first = f'<a href="{escape(row.url)}">{head}</a>' if row.url else head
        data = "".join(f'<td class="num">{text}</td>' for text in cells)
        found.append(f'<tr><th scope="row">{first}</th>{data}</tr>')
    return SafeString("".join(found))
