"""Statistics of many dealings of the same items at once.

`dealt` has the shape (items, dealings): 1 where an item is in the current window. Every column has
the same number of ones. Each function gives one value for each column; larger is more different.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

Floats = NDArray[np.float32]
Doubles = NDArray[np.float64]

MOST_STEPS = 64
"""Values of a number that are told apart: its quantiles."""
MOST_DIFFERENT = 1 / 16
"""Of the neighbourhoods, those in which the windows' shares differ most."""


def mmd(kernel: Floats, dealt: Floats) -> Doubles:
    """Unbiased MMD² of a kernel whose diagonal is 0 (A. Gretton et al., 2012, JMLR 13:723, (3))."""
    items, current = len(kernel), float(dealt[:, 0].sum())
    rest = items - current
    within = np.einsum("ij,ij->j", kernel @ dealt, dealt, dtype=np.float64)
    rows = kernel.sum(axis=1, dtype=np.float64)
    touched = rows @ dealt
    across = touched - within
    others = rows.sum() - 2 * touched + within
    return np.asarray(
        others / (rest * (rest - 1)) + within / (current * (current - 1))
        - 2 * across / (rest * current)
    )  # fmt: skip


def gaps(around: Floats, dealt: Floats) -> Floats:
    """Shape (items, dealings): of each neighbourhood, as `representations.neighbourhoods` makes
    them, the current window's share in it less the other's, in deviations of being in it."""
    current = float(dealt[:, 0].sum())
    rest = len(dealt) - current
    held = around.sum(axis=1, keepdims=True)
    inside = around @ dealt
    share = held / len(dealt)
    spread = np.sqrt(share * (1 - share))
    apart = inside / current - (held - inside) / rest
    return np.asarray(apart / np.where(spread > 0, spread, np.inf), np.float32)


def farthest_apart(around: Floats, dealt: Floats) -> Doubles:
    """Mean square of the gaps of the neighbourhoods in which the windows' shares differ most.

    A topic that grows is in some of them, and the others only add chance (as in scan statistics:
    M. Kulldorff, 1997, Commun. Stat. Theory Methods 26:1481).
    """
    squares = gaps(around, dealt) ** 2
    most = most_different(len(squares))
    return np.asarray(np.partition(squares, -most, axis=0)[-most:].mean(axis=0), np.float64)


def most_different(neighbourhoods: int) -> int:
    return max(int(neighbourhoods * MOST_DIFFERENT), 1)


def steps(values: NDArray[np.floating[Any]]) -> tuple[csr_matrix, Doubles]:
    """Items × steps: 1 at the step of an item's value; and the pooled share of each step.

    Equal values share a step. NaN is in none, and not all may be NaN.
    """
    known = values[~np.isnan(values)]
    edges = np.unique(np.quantile(known, np.linspace(0, 1, MOST_STEPS), method="lower"))
    place = np.clip(np.searchsorted(edges, values, side="left"), 0, len(edges) - 1)
    rows = np.flatnonzero(~np.isnan(values))
    table = csr_matrix(
        (np.ones(len(rows), np.float32), (rows, place[rows])), shape=(len(values), len(edges))
    )
    return table, np.asarray(table.sum(axis=0), dtype=np.float64).ravel()


def anderson_darling(values: NDArray[np.floating[Any]], dealt: Floats) -> Doubles:
    """Squared distance of the two distribution functions, weighted by where they could differ.

    F. W. Scholz and M. A. Stephens, 1987, JASA 82:918, (6) for two samples with ties. Absent values
    are in neither sample.
    """
    if np.isnan(values).all():
        return np.zeros(dealt.shape[1])
    table, totals = steps(values)
    counts = np.asarray(table.T @ dealt, dtype=np.float64)
    below = np.cumsum(counts, axis=0)[:-1]
    pooled = np.cumsum(totals)[:-1, None]
    known, current = totals.sum(), counts.sum(axis=0)
    rest = known - current
    if not len(below):
        return np.zeros(dealt.shape[1])
    share = pooled / known
    apart = np.divide(below, current, where=current > 0, out=np.zeros_like(below)) - np.divide(
        pooled - below, rest, where=rest > 0, out=np.zeros_like(below)
    )
    weight = (totals[:-1, None] / known) / (share * (1 - share))
    return np.asarray((weight * apart**2).sum(axis=0) * current * rest / known)


def chi_squared(table: csr_matrix, dealt: Floats) -> Doubles:
    """Pearson's statistic of items × categories against the windows."""
    totals = np.asarray(table.sum(axis=0), dtype=np.float64).ravel()
    counts = np.asarray(table.T @ dealt, dtype=np.float64)
    items, current = len(dealt), float(dealt[:, 0].sum())
    expected = totals[:, None] * current / items
    gaps = (counts - expected) ** 2 / expected
    # Of the other window: the same gap over what is expected there.
    return np.asarray(gaps.sum(axis=0) * (1 + current / (items - current)))


def squared_gap(values: Doubles, dealt: Floats) -> Doubles:
    """Squared difference of means, in pooled variances of it."""
    current = float(dealt[:, 0].sum())
    rest = len(dealt) - current
    gap = (values - values.mean()) @ dealt * (1 / current + 1 / rest)
    variance = float(values.var()) * (1 / current + 1 / rest)
    return np.asarray(gap**2 / variance if variance > 0 else np.zeros(dealt.shape[1]))
