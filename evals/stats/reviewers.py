"""How one reviewer's labels differ from the others' of the same items, and whether that changes.

An item's deviation is the reviewer's value less the mean of the others'. For a choice, count one
category: 1 where it was given, else 0; the difference is then one of rates.

The interval is Student's over items. Where values are bounded, two items are added, one half each
at the greatest deviation either way and one at none, as A. Agresti and Y. Min (2005, Statistics in
Medicine 24:729) do for paired rates: few items that all agree are no proof of no difference.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass
from math import sqrt

import numpy as np
from scipy.special import stdtrit
from scipy.stats import linregress

from evals.stats.estimates import Estimate, Floats, absent

WINDOWS = 4


@dataclass(frozen=True, slots=True)
class Timed:
    """One reviewer's label of one item, as a number, and when it was given (seconds)."""

    item: Hashable
    reviewer: str
    value: float
    at: float


@dataclass(frozen=True, slots=True)
class Window:
    """A part of a reviewer's time; the parts have equally many items."""

    start: float
    end: float
    bias: Estimate


@dataclass(frozen=True, slots=True)
class Reviewer:
    """`bias`: their mean less the others'. `drift`: how it changed from first label to last."""

    bias: Estimate
    drift: Estimate
    windows: list[Window]


def compared(labels: Iterable[Timed], span: float | None = None) -> dict[str, Reviewer]:
    """Each reviewer against the others.

    `span` is the greatest difference that two values can have: 1 for rates, 4 on a scale of 1 to 5;
    None where it is not known. A later label of an item replaces the reviewer's earlier one.
    """
    table: dict[Hashable, dict[str, Timed]] = defaultdict(dict)
    for one in labels:
        table[one.item][one.reviewer] = one
    apart: dict[str, list[tuple[float, float]]] = defaultdict(list)
    for row in table.values():
        for who, one in row.items():
            others = [other.value for name, other in row.items() if name != who]
            found = apart[who]
            if others:
                found.append((one.at, one.value - sum(others) / len(others)))
    return {who: _reviewer(sorted(found), span) for who, found in sorted(apart.items())}


def _reviewer(found: Sequence[tuple[float, float]], span: float | None) -> Reviewer:
    if not found:
        none = absent("no item has another reviewer's label")
        return Reviewer(none, none, [])
    at, deviations = np.array(found).T
    parts = np.array_split(np.arange(len(at)), min(WINDOWS, len(at)))
    return Reviewer(
        bias=bias(deviations, span),
        drift=drift(at, deviations),
        windows=[
            Window(float(at[part[0]]), float(at[part[-1]]), bias(deviations[part], span))
            for part in parts
        ],
    )


def bias(deviations: Floats, span: float | None = None) -> Estimate:
    """The mean deviation. The interval is about the mean of the items and the two added."""
    n = len(deviations)
    if not n:
        return absent("no item has another reviewer's label")
    value = float(deviations.mean())
    if span is not None:
        added = np.array([span, -span, 0.0])
        weights = np.concatenate([np.ones(n), [0.5, 0.5, 1.0]])
        all_of = np.concatenate([deviations, added])
        middle = float(np.average(all_of, weights=weights))
        spread = float(np.average((all_of - middle) ** 2, weights=weights))
        reach = float(stdtrit(n + 1, 0.975)) * sqrt(spread / (n + 1))
        low, high = max(middle - reach, -span), min(middle + reach, span)
        return Estimate(value, min(low, value), max(high, value), n)
    if n < 2 or not np.ptp(deviations):
        return Estimate(value, None, None, n, "equal differences show no spread")
    reach = float(stdtrit(n - 1, 0.975)) * float(deviations.std(ddof=1)) / sqrt(n)
    return Estimate(value, value - reach, value + reach, n)


def drift(at: Floats, deviations: Floats) -> Estimate:
    """How much the deviation changed from the first label to the last, along a straight line.

    It has changed for certain where 0 is outside the interval.
    """
    n = len(at)
    if n < 3 or not np.ptp(at):
        return absent("a change over time needs three labels at different times", n)
    if not np.ptp(deviations):
        return Estimate(0.0, None, None, n, "equal differences show no spread")
    line = linregress(at - at[0], deviations)
    period = float(np.ptp(at))
    value = float(line.slope) * period
    reach = float(stdtrit(n - 2, 0.975)) * float(line.stderr) * period
    return Estimate(value, value - reach, value + reach, n)
