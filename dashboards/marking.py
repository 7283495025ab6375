"""Marking places in a text that is shown: everything is escaped, only the marks are ours.

Characters that turn the direction of text or are not seen are shown (`dashboards.unseen`). They
stay where they are, so that places in the text count as before, and copies are what was stored.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.utils.html import escape, format_html
from django.utils.safestring import SafeString, mark_safe

from dashboards.unseen import isolated, numbered

MOST = 200
MARGIN = 160
"""Characters of a passage on either side of what is marked."""
LONGEST = 600
"""Of one marked place in a passage."""


@dataclass(frozen=True, slots=True, order=True)
class Mark:
    """Characters [start, end) and what they are."""

    start: int
    end: int
    title: str = ""


def apart(marks: Iterable[Mark], length: int) -> list[Mark]:
    """Within a text of this length, in order, none over another."""
    kept: list[Mark] = []
    at = 0
    for mark in sorted(marks):
        start, end = max(mark.start, at), min(mark.end, length)
        if start < end:
            kept.append(Mark(start, end, mark.title))
            at = end
    return kept[:MOST]


def marked(text: str, marks: Iterable[Mark]) -> SafeString:
    """The whole text with these places in <mark>."""
    pieces: list[str] = []
    at = 0
    for mark in apart(marks, len(text)):
        pieces += [_plain(text[at : mark.start]), _mark(text[mark.start : mark.end], mark.title)]
        at = mark.end
    pieces.append(_plain(text[at:]))
    return mark_safe("".join(pieces))  # noqa: S308 - each piece is escaped


def passages(text: str, marks: Sequence[Mark]) -> SafeString:
    """Only what is around the places, with … for what is left out; nothing without a place."""
    pieces: list[str] = []
    at = 0
    placed = apart(marks, len(text))
    if not placed:
        return SafeString("")
    for mark, following in zip(placed, [*placed[1:], None], strict=True):
        begin = max(at, mark.start - MARGIN)
        if begin > at:
            pieces.append("… ")
        pieces.append(_plain(text[begin : mark.start]))
        shown = text[mark.start : mark.end]
        pieces.append(_mark(shown if len(shown) <= LONGEST else shown[:LONGEST] + "…", mark.title))
        limit = len(text) if following is None else following.start
        at = min(mark.end + MARGIN, limit)
        pieces.append(_plain(text[mark.end : at]))
    if at < len(text):
        pieces.append(" …")
    return mark_safe("".join(pieces))  # noqa: S308 - each piece is escaped


def _mark(text: str, title: str) -> SafeString:
    if not title:
        return format_html("<mark>{}</mark>", _plain(text))
    return format_html('<mark title="{}">{}</mark>', numbered(title), _plain(text))


def _plain(text: str) -> SafeString:
    return mark_safe(isolated(escape(text)))  # noqa: S308 - escaped, but for what is ours
