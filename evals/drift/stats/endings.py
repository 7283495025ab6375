"""Does a text read as if it had been cut off?

A classifier learns from the windows' own texts what an end looks like: ends as they are, against
the same texts cut at places within. It knows nothing of which text is of which window, and scores
only texts that it has not learned from. So it finds truncation in any language and style, where
"ends without a full stop" says little of traffic in which half of the texts have none.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix, vstack
from sklearn.feature_extraction import FeatureHasher  # type: ignore[import-untyped]
from sklearn.linear_model import LogisticRegression  # type: ignore[import-untyped]

from evals.drift.stats.descriptors import READ

Floats = NDArray[np.float64]

TOKEN = re.compile(r"\w+|[^\w\s]")
QUOTE = '"'
FOLDS = 4
CUTS = 3
"""Places within a text at which it is cut to show what no end looks like."""
WIDTH = 2**15
LEAST = 8
"""Texts from which something can be learned."""


def surprise(texts: Sequence[str], rng: np.random.Generator) -> Floats:
    """Log-odds that a text was cut off; 0 for blank texts, and for all where there are too few."""
    tokens = [TOKEN.findall(text[-READ:]) for text in texts]
    scores = np.zeros(len(texts))
    filled = [place for place, one in enumerate(tokens) if one]
    if len(filled) < LEAST:
        return scores
    hasher = FeatureHasher(WIDTH, input_type="string", alternate_sign=False)
    ends = csr_matrix(hasher.transform([_clues(tokens[place]) for place in filled]))
    folds = rng.permutation(len(filled)) % FOLDS
    cuts, of_fold = _cuts([tokens[place] for place in filled], folds, rng)
    if not cuts:
        return scores
    middles = csr_matrix(hasher.transform(cuts))
    for fold in range(FOLDS):
        own, learn, against = folds == fold, folds != fold, of_fold != fold
        if not (own.any() and learn.any() and against.any()):
            continue
        rows = vstack([ends[learn], middles[against]])
        cut = np.r_[np.zeros(learn.sum()), np.ones(against.sum())]
        model = LogisticRegression(C=1.0, max_iter=60, class_weight="balanced", tol=1e-3)
        model.fit(rows, cut)
        scores[np.array(filled)[own]] = model.decision_function(ends[own])
    return scores


def _cuts(
    tokens: Sequence[list[str]], folds: NDArray[np.intp], rng: np.random.Generator
) -> tuple[list[list[str]], NDArray[np.intp]]:
    """Clues of texts cut after one of their tokens, and the fold of each."""
    clues, of_fold = [], []
    for one, fold in zip(tokens, folds, strict=True):
        if len(one) < 3:
            continue
        for place in rng.integers(1, len(one), size=CUTS):
            clues.append(_clues(one[:place]))
            of_fold.append(fold)
    return clues, np.array(of_fold, dtype=np.intp)


def _clues(tokens: Sequence[str]) -> list[str]:
    """What of the end is looked at: last words, their form, and what is left open."""
    last = tokens[-1].lower()
    before = tokens[-2].lower() if len(tokens) > 1 else "^"
    first = tokens[-1][0]
    form = "sign" if not first.isalnum() else ("capital" if first.isupper() else "small")
    return [
        f"w {last}",
        f"b {before} {last}",
        f"p {before}",
        f"e {last[-3:]}",
        f"f {form} {min(len(last), 8)}",
        f"q {tokens.count('(') > tokens.count(')')}",
        f"s {tokens.count(QUOTE) % 2}",
    ]
