"""Which slices of the traffic a difference comes from. Pure.

Of a metric that adds up (cost, counts) a slice contributes its own difference. Of a rate, a mean or
a quantile it contributes what it has of the whole now, less what it had before: its value times its
share of what is counted. Contributions of a mean's slices add up to the mean's difference exactly;
of a quantile's they only rank the slices. A slice that is nearly everything, before and now,
explains nothing and is left out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from dashboards.alerts.conditions import Sample

NEARLY_ALL = 0.95


@dataclass(frozen=True, slots=True)
class Contribution:
    """Of the slice `by` = `group`: its samples in both windows and its part of the difference."""

    by: str
    group: str
    now: Sample
    before: Sample
    part: float


def contributions(
    by: str,
    now: Mapping[str, Sample],
    before: Mapping[str, Sample],
    *,
    adds: bool,
    end_ns: int,
) -> list[Contribution]:
    """Of each group of one dimension, from its samples in both windows."""
    nothing = Sample(end_ns, 0.0 if adds else None, 0)
    totals = (_total(now), _total(before))
    found = []
    for group in {*now, *before}:
        one, other = now.get(group, nothing), before.get(group, nothing)
        if one.count >= NEARLY_ALL * totals[0] and other.count >= NEARLY_ALL * totals[1]:
            continue
        part = _weight(one, totals[0], adds) - _weight(other, totals[1], adds)
        found.append(Contribution(by, group, one, other, part))
    return found


def _total(samples: Mapping[str, Sample]) -> int:
    return sum(sample.count for sample in samples.values())


def _weight(sample: Sample, total: int, adds: bool) -> float:
    if sample.value is None:
        return 0.0
    return sample.value if adds else sample.value * sample.count / max(total, 1)


def largest(found: Sequence[Contribution], rises: bool, most: int) -> list[Contribution]:
    """Those that moved the whole in its direction, the largest first."""
    same = [one for one in found if (one.part > 0) == rises and one.part != 0]
    return sorted(same, key=lambda one: (-abs(one.part), one.by, one.group))[:most]
