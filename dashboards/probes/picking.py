"""Prompts of recorded calls, to be ticked: those of some days that match a filter."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from django.core.exceptions import ValidationError
from django.http import QueryDict
from django.utils import timezone

from evals.probes.services import sets
from evals.probes.services.sets import Draft
from evals.replays.services.caches import check_range
from sightglass.accounts.access import Access
from traces.ids import span_hex

DAYS = (1, 7, 30)
LONGEST_SHOWN = 300
DAY = 86_400 * 10**9
LONGEST_QUERY = 2_000


@dataclass(frozen=True, slots=True)
class Prompt:
    """One to tick: `key` is of the newest call that asked it."""

    key: str
    text: str
    draft: Draft


@dataclass(frozen=True, slots=True)
class Range:
    """The calls that are looked at: until when is kept, so that what is ticked stays there."""

    q: str
    days: int
    end_ns: int


def range_of(given: QueryDict) -> Range | None:
    """What is asked for by `q`, `days` and `end`; None where nothing is."""
    if "q" not in given and "days" not in given:
        return None
    days, end = given.get("days", ""), given.get("end", "")
    now = int(timezone.now().timestamp() * 1e9)
    whole = end.isascii() and end.isdecimal() and len(end) < 20
    return Range(
        given.get("q", "").strip()[:LONGEST_QUERY],
        int(days) if days in map(str, DAYS) else 7,
        min(int(end), now) if whole else now,
    )


def prompts(access: Access, wanted: Range) -> list[Prompt]:
    """The newest different ones, the newest first. Raises ValidationError."""
    start = max(0, wanted.end_ns - wanted.days * DAY)
    errors = check_range(start, wanted.end_ns, wanted.q)
    if errors:
        raise ValidationError(errors)
    found = sets.asked_in(access, start, wanted.end_ns, wanted.q, sets.MOST)
    return [
        Prompt(f"{trace_id.hex}:{span_hex(span_id)}", _said(draft), draft)
        for (trace_id, span_id), draft in reversed(found.items())
    ]


def ticked(listed: Collection[Prompt], keys: Collection[str]) -> list[Draft]:
    """In the order in which they were first shown."""
    return [one.draft for one in listed if one.key in keys]


def _said(draft: Draft) -> str:
    """What the user asked last, else what is said last."""
    told = [one["content"] for one in draft.messages if one["role"] == "user"]
    text = told[-1] if told else draft.messages[-1]["content"]
    return text if len(text) <= LONGEST_SHOWN else text[:LONGEST_SHOWN] + "…"
