"""Is one model not worse than another by more than a margin? Rates and means, paired or not.

A difference is candidate − incumbent of a figure of which more is better (turn others round: the
rate of what is *not* flagged). The candidate is shown to be not inferior where the lower end of the
difference's two-sided 1 − 2·alpha interval lies above −margin, a one-sided test of level alpha (ICH
E9, 1998, 3.3.2). With margin 0 that shows that it is better.

- Rates, unpaired: method 10 of R. G. Newcombe (1998, Statistics in Medicine 17:873), from the two
  intervals of E. B. Wilson (1927, JASA 22:209).
- Rates, paired (both answered the same prompts): method 10 of R. G. Newcombe (1998, Statistics in
  Medicine 17:2635), the same with the pairs' correlation.
- Means, paired: Student's t of the differences. Unpaired: B. L. Welch (1947, Biometrika 34:28).
- A difference that comes with its standard error, such as one corrected by labels: normal.

The p-value is the smallest alpha at which the interval's end would still lie above −margin, so that
the two never disagree. Of several slices, `holm` keeps the chance of a wrong "not inferior" in
any of them below alpha (S. Holm, 1979, Scandinavian Journal of Statistics 6:65).
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from math import sqrt
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq
from scipy.special import ndtr, ndtri, stdtr, stdtrit

from evals.stats.estimates import Estimate

ALPHA = 0.025
"""One-sided, so that the interval is one of 95 %."""
FARTHEST = 38.0
"""Standard deviations beyond which a normal probability is no number."""

Values = Sequence[float] | NDArray[np.floating[Any]]
Slice = TypeVar("Slice", bound=Hashable)
Bounds = Callable[[float], tuple[float, float]]
"""Ends of the difference's interval, by its half width in standard deviations (≥ 0)."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """`difference` has the 1 − 2·alpha interval. `p` is None where nothing is known of the spread,
    and the candidate then not shown to be not inferior; `difference.reason` says why."""

    candidate: float
    incumbent: float
    difference: Estimate
    margin: float
    alpha: float
    p: float | None

    @property
    def is_not_inferior(self) -> bool:
        return self.p is not None and self.p <= self.alpha


def unpaired_rates(
    candidate: int,
    candidate_n: int,
    incumbent: int,
    incumbent_n: int,
    *,
    margin: float,
    alpha: float = ALPHA,
) -> Verdict:
    """Successes out of n, of different items. Raises ValueError for counts that cannot be."""
    for successes, n in ((candidate, candidate_n), (incumbent, incumbent_n)):
        if n <= 0 or not 0 <= successes <= n:
            raise ValueError(f"{successes} successes of {n}")
    ours, theirs = candidate / candidate_n, incumbent / incumbent_n

    def bounds(z: float) -> tuple[float, float]:
        return _joined((ours, candidate_n), (theirs, incumbent_n), 0.0, z)

    return _by_normal(ours, theirs, bounds, candidate_n + incumbent_n, margin, alpha)


def paired_rates(
    both: int, candidate_only: int, incumbent_only: int, neither: int,
    *, margin: float, alpha: float = ALPHA,
) -> Verdict:  # fmt: skip
    """Items on which both succeed, one alone, or none. Raises ValueError for counts below 0."""
    if min(both, candidate_only, incumbent_only, neither) < 0:
        raise ValueError("counts cannot be negative")
    n = both + candidate_only + incumbent_only + neither
    if n == 0:
        raise ValueError("no item was counted")
    ours, theirs = (both + candidate_only) / n, (both + incumbent_only) / n
    together = _correlation(both, candidate_only, incumbent_only, neither)

    def bounds(z: float) -> tuple[float, float]:
        return _joined((ours, n), (theirs, n), together, z)

    return _by_normal(ours, theirs, bounds, n, margin, alpha)


def paired_means(
    candidate: Values, incumbent: Values, *, margin: float, alpha: float = ALPHA
) -> Verdict:
    """Scores of the same items, in the same order. Raises ValueError for none or for NaN."""
    ours, theirs = _values(candidate), _values(incumbent)
    if len(ours) != len(theirs):
        raise ValueError(f"{len(ours)} scores cannot be paired with {len(theirs)}")
    gaps = ours - theirs
    squared = float(gaps.var(ddof=1)) / len(gaps) if len(gaps) > 1 else 0.0
    means = float(ours.mean()), float(theirs.mean())
    return _by_student(*means, squared, len(gaps) - 1.0, len(gaps), margin, alpha)


def unpaired_means(
    candidate: Values, incumbent: Values, *, margin: float, alpha: float = ALPHA
) -> Verdict:
    """Scores of different items. Raises ValueError for none or for NaN."""
    sides = _values(candidate), _values(incumbent)
    n = len(sides[0]) + len(sides[1])
    means = float(sides[0].mean()), float(sides[1].mean())
    if min(len(side) for side in sides) < 2:
        return _by_student(*means, 0.0, 1.0, n, margin, alpha)
    parts = [float(side.var(ddof=1)) / len(side) for side in sides]
    squared = sum(parts)
    freedom = 1.0
    if squared > 0:
        freedom = 1 / sum(
            (part / squared) ** 2 / (len(side) - 1) for part, side in zip(parts, sides, strict=True)
        )
    return _by_student(*means, squared, freedom, n, margin, alpha)


def of_difference(
    candidate: float, incumbent: float, standard_error: float, n: int,
    *, margin: float, alpha: float = ALPHA,
) -> Verdict:  # fmt: skip
    """A difference whose standard error is known, of `n` items."""
    if standard_error <= 0:
        return _unknown(candidate, incumbent, n, margin, alpha)

    def bounds(z: float) -> tuple[float, float]:
        value = candidate - incumbent
        return value - z * standard_error, value + z * standard_error

    return _by_normal(candidate, incumbent, bounds, n, margin, alpha)


def holm(verdicts: Mapping[Slice, Verdict], *, alpha: float = ALPHA) -> dict[Slice, bool]:
    """In which slices the candidate is not inferior, with the chance of any error below alpha."""
    known = {name: one.p for name, one in verdicts.items() if one.p is not None}
    shown = dict.fromkeys(verdicts, False)
    for place, (name, p) in enumerate(sorted(known.items(), key=lambda item: item[1])):
        if p > alpha / (len(verdicts) - place):
            break
        shown[name] = True
    return shown


def _correlation(a: int, b: int, c: int, d: int) -> float:
    """Of the pairs, with Newcombe's correction for continuity where it is positive."""
    product = (a + b) * (c + d) * (a + c) * (b + d)
    if product == 0:
        return 0.0
    top = float(a * d - b * c)
    if top > 0:
        top = max(top - (a + b + c + d) / 2, 0.0)
    return top / sqrt(product)


def _wilson(rate: float, n: int, z: float) -> tuple[float, float]:
    middle = (rate + z * z / (2 * n)) / (1 + z * z / n)
    reach = z / (1 + z * z / n) * sqrt(rate * (1 - rate) / n + z * z / (4 * n * n))
    return max(middle - reach, 0.0), min(middle + reach, 1.0)


def _joined(
    ours: tuple[float, int], theirs: tuple[float, int], together: float, z: float
) -> tuple[float, float]:
    """Newcombe's interval of the difference of two rates, each with its n."""
    (rate, n), (other, other_n) = ours, theirs
    low, high = _wilson(rate, n, z)
    other_low, other_high = _wilson(other, other_n, z)
    down = _length(rate - low, other_high - other, together)
    up = _length(high - rate, other - other_low, together)
    return rate - other - down, rate - other + up


def _length(one: float, other: float, together: float) -> float:
    return sqrt(max(one * one - 2 * together * one * other + other * other, 0.0))


def _by_normal(
    ours: float, theirs: float, bounds: Bounds, n: int, margin: float, alpha: float
) -> Verdict:
    _check(margin, alpha)
    low, high = bounds(float(-ndtri(alpha)))

    def above(z: float) -> float:
        """Of the bound z deviations below the difference; above it where z is negative."""
        return (bounds(z)[0] if z >= 0 else bounds(-z)[1]) + margin

    if above(FARTHEST) >= 0:
        p = 0.0
    elif above(-FARTHEST) <= 0:
        p = 1.0
    else:
        p = float(ndtr(-brentq(above, -FARTHEST, FARTHEST)))
    return Verdict(ours, theirs, Estimate(ours - theirs, low, high, n), margin, alpha, p)


def _by_student(
    ours: float, theirs: float, squared: float, freedom: float, n: int, margin: float, alpha: float
) -> Verdict:
    _check(margin, alpha)
    if squared <= 0:
        return _unknown(ours, theirs, n, margin, alpha)
    value, error = ours - theirs, sqrt(squared)
    reach = float(stdtrit(freedom, 1 - alpha)) * error
    p = float(stdtr(freedom, -(value + margin) / error))
    return Verdict(ours, theirs, Estimate(value, value - reach, value + reach, n), margin, alpha, p)


def _unknown(ours: float, theirs: float, n: int, margin: float, alpha: float) -> Verdict:
    reason = "nothing is known of the spread: too few scores, or all differ alike"
    return Verdict(
        ours, theirs, Estimate(ours - theirs, None, None, n, reason), margin, alpha, None
    )


def _check(margin: float, alpha: float) -> None:
    if not margin >= 0:
        raise ValueError("the margin must not be negative")
    if not 0 < alpha < 0.5:
        raise ValueError("alpha must lie within (0, 0.5)")


def _values(given: Values) -> NDArray[np.float64]:
    values = np.asarray(given, dtype=np.float64)
    if not len(values):
        raise ValueError("there are no scores")
    if not np.isfinite(values).all():
        raise ValueError("scores must be numbers")
    return values
