"""A judge against humans: where they differ, and how far, beside how far humans differ.

Rates (accuracy, sensitivity, specificity) have Wilson's interval; where cases were chosen with
unequal probability, with the number that would vary as much, from the linearised variance, since
what a judge said is often what they were chosen by (`traces.intervals`). Kappa's is that of
`evals.stats.agreement`, with the same number. Several humans' labels of a case count by
majority; a tie is no truth and is left out, as `ties` says.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import combinations

import numpy as np

from evals.stats.agreement import Counts, Level, Value, alpha, cohen
from evals.stats.estimates import Estimate, Floats, absent
from traces.intervals import mean_interval


@dataclass(frozen=True, slots=True)
class Case:
    """One item: the judge's verdict, every human's label, and 1 / the probability of its choice."""

    judge: Value
    humans: tuple[Value, ...]
    weight: float = 1.0
    slice: str | None = None


@dataclass(frozen=True, slots=True)
class Recall:
    """Of one category: the share found where humans gave it, and not found where they did not."""

    sensitivity: Estimate
    specificity: Estimate


@dataclass(frozen=True, slots=True)
class Humans:
    """How far humans agree where several labelled: what no judge can be asked to exceed."""

    observed: Estimate
    """The share of two labels of one case that are the same."""
    alpha: Estimate


@dataclass(frozen=True, slots=True)
class Comparison:
    """`matrix[i, j]`: cases for which humans gave category i and the judge j."""

    categories: tuple[Value, ...]
    matrix: Counts
    ties: int
    accuracy: Estimate
    kappa: Estimate
    by_category: dict[Value, Recall]
    humans: Humans
    slices: dict[str, Comparison] = field(default_factory=dict)

    @property
    def sensitivity(self) -> Estimate:
        """Of the positive category, where there are two: the last (true, 1)."""
        return self._binary().sensitivity

    @property
    def specificity(self) -> Estimate:
        return self._binary().specificity

    def _binary(self) -> Recall:
        if len(self.categories) == 2:
            return self.by_category[self.categories[1]]
        none = absent(f"{len(self.categories)} categories, not two")
        return Recall(none, none)


def compared(cases: Sequence[Case], categories: Sequence[Value] | None = None) -> Comparison:
    """The judge against humans, and the same within each slice.

    `categories` are the possible verdicts, the positive one last of two; absent, those that occur,
    sorted. Raises ValueError for a verdict that is none of them, or a weight not above 0.
    """
    if not all(0 < case.weight < np.inf for case in cases):
        raise ValueError("a weight is not above 0 and finite")
    found = {value for case in cases for value in (case.judge, *case.humans)}
    if categories is None:
        known = tuple(sorted(found, key=lambda value: (isinstance(value, str), value)))
    else:
        known = tuple(dict.fromkeys(categories))
    if strange := found - set(known):
        raise ValueError(f"{min(map(repr, strange))} is no category")
    parts: dict[str, list[Case]] = defaultdict(list)
    for case in cases:
        if case.slice is not None:
            parts[case.slice].append(case)
    slices = {name: _compared(part, known) for name, part in sorted(parts.items())}
    return _compared(cases, known, slices)


def majority(labels: Sequence[Value]) -> Value | None:
    """The commonest; None of none, or where two are equally common."""
    first = Counter(labels).most_common(2)
    if not first or (len(first) == 2 and first[0][1] == first[1][1]):
        return None
    return first[0][0]


def _compared(
    cases: Sequence[Case],
    categories: tuple[Value, ...],
    slices: dict[str, Comparison] | None = None,
) -> Comparison:
    place = {value: n for n, value in enumerate(categories)}
    truths = [majority(case.humans) for case in cases]
    settled = [
        (place[truth], place[case.judge], case.weight)
        for case, truth in zip(cases, truths, strict=True)
        if truth is not None
    ]
    human, judge = (np.array([one[side] for one in settled], int) for side in (0, 1))
    weights = np.array([one[2] for one in settled], float)
    matrix = np.zeros((len(categories), len(categories)), np.int64)
    np.add.at(matrix, (human, judge), 1)
    return Comparison(
        categories=categories,
        matrix=matrix,
        ties=sum(bool(case.humans) for case in cases) - len(settled),
        accuracy=_rate(human == judge, weights, "no case has a human's verdict"),
        kappa=_kappa(human, judge, weights, len(categories)),
        by_category={value: _recall(human == n, judge == n, weights) for value, n in place.items()},
        humans=_humans([case.humans for case in cases], place),
        slices=slices or {},
    )


def _recall(truth: np.ndarray, said: np.ndarray, weights: Floats) -> Recall:
    return Recall(
        sensitivity=_rate(said[truth], weights[truth], "humans gave it to no case"),
        specificity=_rate(~said[~truth], weights[~truth], "humans gave it to every case"),
    )


def _rate(hits: np.ndarray, weights: Floats, reason: str) -> Estimate:
    if not len(hits):
        return absent(reason)
    w, x = weights / weights.mean(), hits.astype(float)
    sums = (w, w * w, w * x, w * x, w * w * x, w * w * x)
    one = mean_interval(len(hits), *(float(each.sum()) for each in sums))
    return Estimate(one.value, one.low, one.high, len(hits))


def _kappa(human: np.ndarray, judge: np.ndarray, weights: Floats, size: int) -> Estimate:
    if not len(human):
        return absent("no case has a human's verdict")
    table = np.zeros((size, size))
    np.add.at(table, (human, judge), weights / weights.sum())
    found = cohen(table * _effective(human == judge, weights))
    return Estimate(found.value, found.low, found.high, len(human), found.reason)


def _effective(agreed: np.ndarray, weights: Floats) -> float:
    """How many cases of equal weight would say as much of the agreement."""
    share = weights / weights.sum()
    kish = 1 / float(share @ share)
    mean = float(share @ agreed)
    spread = float(share**2 @ (agreed - mean) ** 2)
    # Where cases were chosen by what the judge said, weights and agreement depend on each other.
    return min(kish, mean * (1 - mean) / spread) if spread > 1e-12 else kish


def _humans(labels: Sequence[Sequence[Value]], place: dict[Value, int]) -> Humans:
    several = [one for one in labels if len(one) > 1]
    observed = same_among(several)
    if not several:
        return Humans(observed, observed)
    counts = np.zeros((len(several), len(place)), np.int64)
    for row, one in zip(counts, several, strict=True):
        np.add.at(row, [place[value] for value in one], 1)
    return Humans(observed, alpha(counts, Level.NOMINAL))


def same_among(labels: Sequence[Sequence[Value]]) -> Estimate:
    """The share of two labels of one case that are the same, of cases that have two or more."""
    several = [one for one in labels if len(one) > 1]
    if not several:
        return absent("no case has two humans' labels")
    same = np.array([np.mean([a == b for a, b in combinations(one, 2)]) for one in several])
    n, total, squares = len(same), float(same.sum()), float((same**2).sum())
    shared = mean_interval(n, n, n, total, squares, total, squares)
    return Estimate(shared.value, shared.low, shared.high, n)
