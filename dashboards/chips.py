"""Scores in the lists: what is flagged first, each a click from the list of its like."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar
from urllib.parse import urlencode
from uuid import UUID

from django.urls import reverse

from evals.selectors import scores as selected
from evals.selectors.scores import Shown
from sightglass.accounts.access import Access
from traces.models import Span, Trace
from traces.selectors.facets import written

MOST = 2
Key = TypeVar("Key", UUID, tuple[UUID, int])
Limits = dict[str, tuple[str, float]]
Link = Callable[[str], str]
"""From a term of a query to the list of what it finds."""


@dataclass(frozen=True, slots=True)
class Chip:
    """One score of a row; `url` lists what has it too."""

    name: str
    value: str
    flagged: bool
    url: str
    title: str


@dataclass(frozen=True, slots=True)
class Chips:
    """The scores of a row; `clean` names those that are not shown because nothing is wrong."""

    shown: Sequence[Chip] = ()
    clean: Sequence[str] = ()
    more: int = 0
    """Further ones for which there is no room."""


def of_traces(
    access: Access, traces: Sequence[Trace], link: Link | None = None
) -> dict[UUID, Chips]:
    """By trace id. Without `link` a click leads to the explorer."""
    return _all(access, selected.of_traces(access, traces), link)


def of_spans(
    access: Access, spans: Sequence[Span], link: Link | None = None
) -> dict[tuple[UUID, int], Chips]:
    """By trace and span id."""
    return _all(access, selected.of_spans(access, spans), link)


def _all(access: Access, given: dict[Key, list[Shown]], link: Link | None) -> dict[Key, Chips]:
    numbers = any(
        one.flagged and isinstance(one.value, int | float) for row in given.values() for one in row
    )
    limits = selected.thresholds(access) if numbers else {}
    there = reverse("traces", args=[access.project.slug])

    def elsewhere(term: str) -> str:
        return f"{there}?{urlencode({'q': term})}"

    return {key: _chips(row, limits, link or elsewhere) for key, row in given.items()}


def _chips(given: Sequence[Shown], limits: Limits, link: Link) -> Chips:
    ordered = sorted(given, key=lambda one: (not one.flagged, one.name))
    told = [one for one in ordered if one.flagged is not False]
    return Chips(
        [_chip(one, limits, link) for one in told[:MOST]],
        [f"{one.name} {score_text(one.value)}" for one in ordered if one.flagged is False],
        max(0, len(told) - MOST),
    )


def _chip(one: Shown, limits: Limits, link: Link) -> Chip:
    term = f"score.{written(one.name)}:{_like(one, limits)}"
    return Chip(one.name, score_text(one.value), bool(one.flagged), link(term), f"Filter by {term}")


def _like(one: Shown, limits: Limits) -> str:
    """What a query says for values like this one."""
    if isinstance(one.value, bool):
        return "true" if one.value else "false"
    if isinstance(one.value, str):
        return written(one.value)
    if one.flagged and one.name in limits:
        operator, value = limits[one.name]
        return f"{operator}{value:g}"
    return "*"


def score_text(value: object) -> str:
    """A score's value as badges show it."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if not isinstance(value, int | float):
        return str(value)
    return f"{value:.2f}" if -1 <= value <= 1 else f"{value:.2f}".rstrip("0").rstrip(".")
