"""Many tests on the same permutations, and one p-value of them all that is exact at any size.

Each statistic of each dealing is ranked among all dealings; the ranks of one dealing are combined,
and the combination of the windows as they are is ranked among those of the permutations. Whatever
the combination, its rank is uniform where there is no drift, because all dealings are then alike
(P. H. Westfall and S. S. Young, 1993, "Resampling-Based Multiple Testing"). The combination is the
weighted harmonic mean of p-values (D. J. Wilson, 2019, PNAS 116:1195), which is small where any of
them is very small, and hears several that are small together.

A rank among a thousand dealings says little of how far beyond all others a statistic lies, and of
thirty tests some is first by chance. So beyond 1 in 100 p-values are those of a Pearson III
distribution with the permutations' mean, variance and skewness, held near what the ranks say.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaincc, ndtr

Floats = NDArray[np.float64]

TAIL = 0.01
"""p-values below which the tail's form is trusted more than ranks."""
BEYOND = 50.0
"""How many times smaller than by ranks a p-value may be."""
GRAIN = 1e-3
"""Standard deviations within which statistics are equal: what rounding leaves of ties."""


def rounded(statistic: Floats, null: int) -> Floats:
    """In standard deviations of the first `null` dealings; zeros where these are all equal."""
    spread = float(statistic[:null].std())
    middle = float(statistic[:null].mean())
    if not spread > 1e-9 * (abs(middle) + 1e-30):
        return np.zeros_like(statistic)
    return np.round((statistic - middle) / spread / GRAIN) * GRAIN


def by_rank(statistic: Floats, null: int) -> Floats:
    """Share of the first `null` dealings with a statistic at least as large, itself included."""
    ordered = np.sort(statistic[:null])
    larger = null - np.searchsorted(ordered, statistic, side="left")
    return np.asarray(np.maximum(larger, 1) / null, dtype=np.float64)


def by_tail(statistic: Floats, null: int) -> Floats:
    """The same with its tail smoothed; `statistic` as from `rounded`."""
    ranks = by_rank(statistic, null)
    skew = float((statistic[:null] ** 3).mean())
    if skew < 0.01:
        smooth = ndtr(-statistic)
    else:
        # Mean 0, variance 1 and this skewness: a gamma distribution, shifted.
        shape = 4 / skew**2
        smooth = gammaincc(shape, np.maximum(shape + statistic * np.sqrt(shape), 0))
    held = np.clip(smooth, ranks / BEYOND, TAIL)
    return np.asarray(np.where(ranks < TAIL, held, ranks))


def combined(statistics: Sequence[Floats], weights: Sequence[float], null: int) -> Floats:
    """One p-value for each dealing; all statistics as from `rounded`."""
    dealings = len(statistics[0]) if statistics else null
    evidence = np.zeros(dealings)
    for statistic, weight in zip(statistics, weights, strict=True):
        evidence += weight / by_tail(statistic, null)
    return by_rank(np.round(evidence, 9), null)
