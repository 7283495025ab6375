"""Figures and changes in words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from dashboards import numbers
from dashboards.changes import Change, signed
from dashboards.quality.figures import Figure
from dashboards.quality.slices import LABELS, Slice
from traces.selectors.metrics import Value


def interval(value: Value, unit: str) -> str:
    """86.1% – 92.4%; empty where there is none."""
    if value.low is None or value.high is None:
        return ""
    return f"{numbers.written(value.low, unit)} – {numbers.written(value.high, unit)}"


THIN = 0.1
"""Fewer scores before than this share of those now are nothing to compare with."""
NOTABLE = 0.05
"""A change of less than this share of what was is not told, however certain."""
UNSETTLED = "What has come in is still being added up; then this says what changed."


def sentence(known: Sequence[Figure], worst: Sequence[Slice], before: str) -> str:
    """What a manager has to know first: what changed for certain, and where it is worst.

    `before`: the period compared with, in words."""
    told = [*(_compared(known, before)), *([_where(worst[0])] if worst else [])]
    return " ".join(told)


def _compared(known: Sequence[Figure], before: str) -> list[str]:
    now, was = (sum(sums.n for sums in each) for each in (
        [one.sums for one in known], [one.before for one in known]
    ))  # fmt: skip
    if not was:
        return [f"Nothing was scored in {before}, so there is nothing to compare with."]
    if was < THIN * now:
        return [
            f"{numbers.number(was)} scores in {before} are too few to compare with"
            f" {numbers.number(now)} now."
        ]
    changes = [one for figure in known if figure.drawn and _is_notable(one := _main(figure))]
    told = [_told(one) for one in changes if one.change.tone == "bad"][:2]
    told += [_told(one) for one in changes if one.change.tone == "good"][:1]
    return told or [f"No score has changed for certain against {before}."]


@dataclass(frozen=True, slots=True)
class _Main:
    """What is told of a score: how much it flags, if it flags something, else its mean or rate."""

    what: str
    value: Value
    unit: str
    change: Change


def _main(one: Figure) -> _Main:
    if one.flagged.value is not None:
        return _Main(f"{one.key.name} flags", one.flagged, "ratio", one.flagged_change)
    return _Main(one.key.name, one.value, one.unit, one.change)


def _is_notable(one: _Main) -> bool:
    """Not what is certain, but too small to be seen in the figures as they are written."""
    if one.change.before is None or one.value.value is None:
        return False
    now, before = float(one.value.value), float(one.change.before)
    if numbers.written(now, one.unit) == numbers.written(before, one.unit):
        return False
    return abs(now - before) >= NOTABLE * abs(before)


def _told(one: _Main) -> str:
    now = numbers.written(one.value.value, one.unit)
    direction = "rose" if one.change.value > 0 else "fell"
    was, change = numbers.written(one.change.before, one.unit), one.change
    reach = ""
    if change.low is not None and change.high is not None:
        ends = f"{signed(change.low, change)} to {signed(change.high, change)}"
        reach = f" (95% interval of the difference: {ends})"
    return f"{one.what} {direction} from {was} to {now}{reach}."


def _where(one: Slice) -> str:
    what = f"{one.key.name} flags" if one.of_flags else f"{one.key.name} is"
    value, rest = (numbers.written(each.value, one.unit) for each in (one.value, one.rest))
    place = f"{LABELS[one.dimension].lower()} {one.label}"
    return f"Worst slice: {what} {value} for {place}, {rest} elsewhere."
