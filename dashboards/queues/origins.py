"""The search that led to an item, in words: a call that it is like by its text, with a link."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from django.urls import reverse

from dashboards.queues import previews
from evals.review.models import Item
from evals.review.services.filling import Key
from sightglass.accounts.access import Access, Permission
from traces.ids import span_from_hex, span_hex, trace_from_hex

LIKE = re.compile(r"like the (input|output) of ([0-9a-f]{32}):([0-9a-f]{16})(.*)", re.DOTALL)
"""As `dashboards.explorer.ranking.told` writes it."""


@dataclass(frozen=True, slots=True)
class FoundBy:
    """`before`, then `text` in quotes as a link to `url` where there is one, then `after`."""

    before: str
    text: str = ""
    url: str = ""
    after: str = ""


def of_items(access: Access, items: Sequence[Item]) -> dict[int, FoundBy]:
    """By item that a search led to, in one query for all. Texts are for who may read the project:
    the call that an item is like need not be in the queue."""
    found = {item.pk: LIKE.fullmatch(item.found_by) for item in items if item.found_by}
    keys = {match: _key(match) for match in found.values() if match is not None}
    texts = {}
    if keys and access.may(Permission.READ):
        texts = previews.of_keys(access.project.pk, list(set(keys.values())))
    told: dict[int, FoundBy] = {}
    for item in items:
        match = found.get(item.pk)
        if match is not None:
            told[item.pk] = _alike(access, match, keys[match], texts.get(keys[match]))
        elif item.found_by:
            told[item.pk] = FoundBy(item.found_by)
    return told


def _key(match: re.Match[str]) -> Key:
    return trace_from_hex(match[2]), span_from_hex(match[3])


def _alike(
    access: Access, match: re.Match[str], key: Key, preview: previews.Preview | None
) -> FoundBy:
    side, after = match[1], match[4]
    if preview is None:
        return FoundBy(f"like the {side} of another call{after}")
    if preview is previews.GONE:
        return FoundBy(f"like the {side} of a call that is not stored any more{after}")
    trace_id, span_id = key
    there = reverse("trace", args=[access.project.slug, trace_id.hex])
    said = preview.input if side == "input" else preview.output or preview.input
    url = f"{there}?span={span_hex(span_id)}" if span_id is not None else there
    return FoundBy(f"like the {side}", said, url, after)
