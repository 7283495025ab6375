"""A flat map of topics: what is alike lies together. Pure, seeded.

t-SNE (L. van der Maaten and G. Hinton, 2008, JMLR 9:2579) of the topics' centres and a sample of
their texts. So that a map looks like the one before, it begins where the topics lay then, and is
laid over that by Procrustes (turned, mirrored, moved; never stretched: P. Schönemann, 1966).
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import orthogonal_procrustes
from sklearn.decomposition import PCA  # type: ignore[import-untyped]
from sklearn.manifold import TSNE  # type: ignore[import-untyped]

from evals.topics.clustering import Labels, Matrix

Places = NDArray[np.float64]
PERPLEXITY = 30.0
STEPS = 500
FEW = 5
"""Different points below which there is nothing to arrange."""
BEGIN = 1e-2
"""How far apart points begin: t-SNE wants them close together."""


def draw(
    points: Matrix, labels: Labels, count: int, before: Mapping[int, tuple[float, float]], seed: int
) -> tuple[Places, Places]:
    """Places of points (n, 2) and of topics (count, 2), all within [-1, 1].

    `points` (n, c) are projected vectors, `labels` their topics; `before`: where a topic lay.
    """
    flat = _flat(points, labels, before, seed)
    centres = np.array(
        [_middle(flat[labels == place], flat) for place in range(count)], dtype=np.float64
    ).reshape(count, 2)
    flat, centres = _scaled(flat, centres)
    turn, move = _alignment(centres, before)
    flat, centres = flat @ turn + move, centres @ turn + move
    return np.clip(flat, -1, 1), np.clip(centres, -1, 1)


def _flat(
    points: Matrix, labels: Labels, before: Mapping[int, tuple[float, float]], seed: int
) -> Places:
    if len(np.unique(points.round(4), axis=0)) < FEW:
        return _principal(points, seed)
    begin = _principal(points, seed)
    for place, there in before.items():
        mine = labels == place
        begin[mine] = np.asarray(there) + 0.1 * (begin[mine] - begin[mine].mean(axis=0))
    begin = begin / (begin[:, 0].std() or 1.0) * BEGIN
    model = TSNE(
        2,
        perplexity=min(PERPLEXITY, (len(points) - 1) / 3),
        init=begin.astype(np.float32),
        learning_rate="auto",
        max_iter=STEPS,
        metric="cosine",
        random_state=seed,
        n_jobs=1,
    )
    return np.asarray(model.fit_transform(points), dtype=np.float64)


def _principal(points: Matrix, seed: int) -> Places:
    if min(points.shape) < 2 or not points.std(axis=0).any():
        return np.zeros((len(points), 2))
    found = PCA(2, svd_solver="full", random_state=seed).fit_transform(points)
    scale = float(np.abs(found).max()) or 1.0
    return np.asarray(found, dtype=np.float64) / scale


def _middle(mine: Places, flat: Places) -> Places:
    """The median: a few strays do not move a topic away from its crowd."""
    found: Places = np.median(mine if len(mine) else flat, axis=0)
    return found


def _scaled(flat: Places, centres: Places) -> tuple[Places, Places]:
    """Centred, so that nearly all lies within [-0.95, 0.95] however it is turned."""
    middle = flat.mean(axis=0)
    reach = float(np.quantile(np.linalg.norm(flat - middle, axis=1), 0.99)) or 1.0
    return (flat - middle) / reach * 0.95, (centres - middle) / reach * 0.95


def _alignment(centres: Places, before: Mapping[int, tuple[float, float]]) -> tuple[Places, Places]:
    """The turn (2, 2) and move (2,) that lay topics over where they were."""
    shared = [place for place in before if place < len(centres)]
    if len(shared) < 2:
        return np.eye(2), np.zeros(2)
    here = centres[shared]
    there = np.array([before[place] for place in shared])
    turn, _ = orthogonal_procrustes(here - here.mean(axis=0), there - there.mean(axis=0))
    return turn, np.zeros(2)
