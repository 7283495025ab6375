"""A domain classifier: can the windows be told apart by looking at one item?

Ridge regression on the windows, which is linear discriminant analysis with a shrunken covariance,
scored by cross-validation (D. Lopez-Paz and M. Oquab, 2017, "Revisiting Classifier Two-Sample
Tests", ICLR). Its predictions are linear in the windows: one matrix says for every item what it
gets from all others, and serves all permutations. Which items are scored together does not
depend on their windows, so the test by permutation is exact.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import cho_factor, cho_solve
from scipy.stats import rankdata

Floats = NDArray[np.float32]
Doubles = NDArray[np.float64]

FOLDS = 5
RIDGE = 0.3
"""Added to the covariance of standardised columns."""


def smoother(columns: Floats, rng: np.random.Generator) -> Floats:
    """Shape (items, items): what each item's window adds to the score of each other item.

    Rows and columns of one fold have nothing to do with each other.
    """
    items = len(columns)
    folds = rng.permutation(items) % min(FOLDS, items)
    found = np.zeros((items, items), dtype=np.float32)
    for fold in range(min(FOLDS, items)):
        own, learn = np.flatnonzero(folds == fold), np.flatnonzero(folds != fold)
        middle = columns[learn].mean(axis=0)
        given, asked = columns[learn] - middle, columns[own] - middle
        inner = given.T @ given
        inner[np.diag_indices_from(inner)] += RIDGE * len(learn)
        weights = asked @ cho_solve(cho_factor(inner), given.T)
        # The intercept is the share of the current window among those learned from: it would order
        # items by fold, so it is left out, as it is from their windows.
        found[np.ix_(own, learn)] = weights - weights.mean(axis=1, keepdims=True)
    return found


def apart(smoothing: Floats, dealt: Floats) -> Doubles:
    """Mean score of the current window's items less that of the others."""
    scores = smoothing @ dealt
    current = float(dealt[:, 0].sum())
    within = np.einsum("ij,ij->j", scores, dealt, dtype=np.float64)
    rest = scores.sum(axis=0, dtype=np.float64) - within
    return np.asarray(within / current - rest / (len(dealt) - current))


def area(scores: Doubles, is_current: NDArray[np.bool_]) -> float:
    """AUC: the probability that an item of the current window scores above one of the other."""
    current = int(is_current.sum())
    rest = len(scores) - current
    ranks = float(rankdata(scores)[is_current].sum())
    return (ranks - current * (current + 1) / 2) / (current * rest)
