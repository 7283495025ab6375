"""Texts and vectors as columns of numbers, made of both windows together.

All that is fitted here (weights of n-grams, axes, bandwidths) is fitted on the pooled items without
their windows, so a permutation of the items leaves it as it is and tests by permutation stay exact.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from sklearn.feature_extraction.text import HashingVectorizer, TfidfTransformer  # type: ignore[import-untyped]
from sklearn.utils.extmath import randomized_svd  # type: ignore[import-untyped]

from evals.drift.stats.descriptors import READ

Floats = NDArray[np.float32]

WIDTH = 2**14
"""Columns into which n-grams are hashed."""
AXES = 50
"""Columns that are left of n-grams and of vectors."""
AROUND = 1 / 8
"""Share of the items that are around one of them."""
TIED = 1e-5
"""Difference of two cosines that rounding makes of equal ones."""
OF_NGRAMS = 1_000
"""Characters of a text whose n-grams are counted."""


def ngrams(texts: Sequence[str], seed: int) -> Floats:
    """Shape (texts, ≤ AXES): character n-grams (2 to 4, within words), TF-IDF, reduced."""
    hashed = HashingVectorizer(
        analyzer="char_wb", ngram_range=(2, 4), n_features=WIDTH, norm=None, alternate_sign=False,
        dtype=np.float32,
    )  # fmt: skip
    counts = csr_matrix(hashed.transform([text[: min(READ, OF_NGRAMS)] for text in texts]))
    if counts.nnz == 0:
        return np.zeros((len(texts), 1), dtype=np.float32)
    weighted = csr_matrix(TfidfTransformer(sublinear_tf=True).fit_transform(counts))
    return reduced(weighted, seed)


def reduced(matrix: Any, seed: int, most: int = AXES) -> Floats:
    """The leading left singular vectors, each by its singular value."""
    axes = min(most, *(side - 1 for side in matrix.shape))
    if axes < 1:
        return np.asarray(matrix.toarray() if hasattr(matrix, "toarray") else matrix, np.float32)
    left, values, _ = randomized_svd(
        matrix, axes, n_iter=2, n_oversamples=8, random_state=seed, flip_sign=False
    )
    return np.asarray(left * values, dtype=np.float32)


def centred(matrix: NDArray[np.floating[Any]]) -> Floats:
    return np.asarray(matrix - matrix.mean(axis=0), dtype=np.float32)


def standardised(columns: NDArray[np.floating[Any]]) -> Floats:
    """Mean 0 and deviation 1 of each column; those without spread are left out."""
    spread = columns.std(axis=0)
    kept = spread > 1e-5 * (1e-3 + np.abs(columns).max(axis=0, initial=0.0))
    kept_columns = columns[:, kept]
    return np.asarray((kept_columns - kept_columns.mean(axis=0)) / spread[kept], dtype=np.float32)


def squared_distances(rows: Floats) -> Floats:
    lengths = np.einsum("ij,ij->i", rows, rows)
    found = lengths[:, None] + lengths[None] - 2 * (rows @ rows.T)
    return np.asarray(np.maximum(found, 0), dtype=np.float32)


def gaussian(distances: Floats, scale: float) -> Floats | None:
    """A Gaussian kernel without its diagonal; bandwidth² = scale × median. None where all agree."""
    apart = distances[np.triu_indices(len(distances), 1)]
    apart = apart[apart > 1e-9]
    if not len(apart):
        return None
    kernel = np.exp(-distances / np.float32(scale * np.median(apart)))
    np.fill_diagonal(kernel, 0)
    return np.asarray(kernel, dtype=np.float32)


def neighbourhoods(rows: Floats) -> Floats | None:
    """A kernel without its diagonal: how many neighbourhoods hold both items, beyond chance.

    Its MMD² is the mean square of the difference of the windows' shares over all neighbourhoods
    (after W. Pan, Y. Tian, X. Wang and H. Zhang, 2018, Ann. Statist. 46:1109, whose balls have all
    radii). That of an item are the AROUND of all items whose direction from the middle is most like
    its own; equal ones are all in it, so that it does not depend on the order of items. None where
    nothing is nearer than the rest.
    """
    middle = rows - rows.mean(axis=0)
    lengths = np.linalg.norm(middle, axis=1, keepdims=True)
    directions = np.divide(middle, lengths, where=lengths > TIED, out=np.zeros_like(middle))
    alike = directions @ directions.T
    least = len(rows) - max(int(len(rows) * AROUND), 1)
    edge = np.partition(alike, least, axis=1)[:, least, None]
    around = np.asarray(alike >= edge - TIED, dtype=np.float32)
    around -= around.mean(axis=1, keepdims=True)
    size = float(np.einsum("ij,ij->", around, around, dtype=np.float64))
    if size <= 0:
        return None
    kernel = around.T @ (around * np.float32(len(rows) / size))
    np.fill_diagonal(kernel, 0)
    return np.asarray(kernel, dtype=np.float32)
