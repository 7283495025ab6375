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
from evals.topics.terms import terms_of

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
    return _of_counts(hashed.transform([text[: min(READ, OF_NGRAMS)] for text in texts]), seed)


def words(texts: Sequence[str], seed: int) -> Floats:
    """Shape (texts, ≤ AXES): words that are no function words and that several texts hold, TF-IDF,
    reduced: what texts are about (S. Deerwester et al., 1990, JASIS 41:391)."""
    hashed = HashingVectorizer(
        analyzer=_terms, n_features=WIDTH, norm=None, alternate_sign=False, dtype=np.float32
    )
    counts = csr_matrix(hashed.transform(texts))
    return _of_counts(counts[:, counts.getnnz(axis=0) > 1], seed)


def _terms(text: str) -> list[str]:
    return sorted(terms_of(text, READ))


def _of_counts(counts: Any, seed: int) -> Floats:
    if counts.nnz == 0:
        return np.zeros((counts.shape[0], 1), dtype=np.float32)
    weighted = csr_matrix(TfidfTransformer(sublinear_tf=True).fit_transform(csr_matrix(counts)))
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


def directions(rows: Floats) -> Floats:
    """Unit vectors from the middle of all; zeros where an item lies in it."""
    middle = centred(rows)
    lengths = np.linalg.norm(middle, axis=1, keepdims=True)
    return np.asarray(middle / np.where(lengths > TIED, lengths, np.inf), np.float32)


def neighbourhoods(spaces: Sequence[Floats]) -> Floats | None:
    """Shape (items, items): 1 where the second item is around the first one, else 0.

    Around an item are the AROUND of all items whose direction from the middle is most like its own,
    on average over the spaces; equal ones are all around it, so that it does not depend on the
    order of items. None where nothing is nearer than the rest.
    """
    together = np.hstack([directions(rows) for rows in spaces]) / np.float32(len(spaces) ** 0.5)
    alike = together @ together.T
    least = len(alike) - max(int(len(alike) * AROUND), 1)
    edge = np.partition(alike, least, axis=1)[:, least, None]
    around = np.asarray(alike >= edge - TIED, dtype=np.float32)
    return None if around.all() else around
