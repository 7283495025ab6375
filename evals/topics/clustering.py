"""Vectors into topics. Pure, and the same every time for the same vectors and seed.

The vectors of all texts share a direction that says nothing; their mean is taken away. What is left
is reduced to its principal components and put back to unit length, so that k-means compares
directions (spherical k-means; I. Dhillon and D. Modha, 2001, Machine Learning 42:143), by
mini-batches (D. Sculley, 2010, "Web-scale k-means clustering").

How many topics: of a few numbers that grow by about a third, the one whose mean silhouette (P.
Rousseeuw, 1987, J. Comput. Appl. Math. 20:53) on a sample is best; of those that come to
ENOUGH of it the smallest, so that topics are not split for the sake of a hair. What lies further
from its topic's centre than nearly all of that topic does belongs to none; so does what is in a
group that is too small.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.cluster import MiniBatchKMeans  # type: ignore[import-untyped]
from sklearn.decomposition import PCA  # type: ignore[import-untyped]
from sklearn.exceptions import ConvergenceWarning  # type: ignore[import-untyped]
from sklearn.metrics import silhouette_score  # type: ignore[import-untyped]

Matrix = NDArray[np.float32]
Labels = NDArray[np.int64]

OTHER = -1
FEWEST = 40
"""Texts below which there is nothing to find."""
COUNTS = (2, 3, 4, 5, 6, 8, 10, 13, 17, 22, 29, 38, 50, 66, 88)
"""Numbers of topics that are tried."""
EACH = 12
"""Texts that a topic has on average at least."""
ENOUGH = 0.95
COMPONENTS = 80
SILHOUETTE_SAMPLE = 1_500
REACH = 3.0
"""How many robust standard deviations beyond the median distance still belong to a topic."""
LEAST_MEMBERS = 5
LEAST_SHARE = 0.004


@dataclass(frozen=True, slots=True)
class Space:
    """Where topics are told apart. mean (d,), components (c, d), centres (k, c) of unit length;
    reach (k,): the smallest cosine with its centre that a text of the topic has."""

    mean: Matrix
    components: Matrix
    centres: Matrix
    reach: Matrix

    def project(self, matrix: Matrix) -> Matrix:
        """(n, d) → (n, c), rows of unit length, or zero where a text is nothing but the mean."""
        points = (np.asarray(matrix, np.float32) - self.mean) @ self.components.T
        return _unit(points.astype(np.float32, copy=False))

    def assign(self, matrix: Matrix) -> Labels:
        """For each row its topic's place, or OTHER where it is far from all."""
        if not len(matrix) or not len(self.centres):
            return np.full(len(matrix), OTHER, dtype=np.int64)
        alike = self.project(matrix) @ self.centres.T
        nearest = alike.argmax(axis=1)
        near = alike[np.arange(len(matrix)), nearest] >= self.reach[nearest]
        # A blank text has no vector and so no topic.
        told = np.any(matrix, axis=1)
        found: Labels = np.where(near & told, nearest, OTHER).astype(np.int64)
        return found


@dataclass(frozen=True, slots=True)
class Clusters:
    """`labels` (n,): each row's topic or OTHER. `centroids` (k, d): topics' mean vectors, of unit
    length, by which they are known again in another run. `silhouette`: of the number chosen.
    `limit`: that number, where it is the largest that was tried and so more might tell more apart;
    what would be topics of their own then lies with the nearest, or with none."""

    space: Space
    labels: Labels
    centroids: Matrix
    silhouette: float
    limit: int | None

    @property
    def count(self) -> int:
        return len(self.centroids)

    def sizes(self) -> Labels:
        """How many rows each topic has."""
        found: Labels = np.bincount(self.labels[self.labels >= 0], minlength=self.count)
        return found


def cluster(matrix: Matrix, *, seed: int = 0) -> Clusters:
    """Topics of (n, d) vectors of unit length. Raises ValueError for fewer than FEWEST."""
    if len(matrix) < FEWEST:
        raise ValueError(f"{len(matrix)} texts, {FEWEST} are needed")
    matrix = np.asarray(matrix, np.float32)
    told = matrix[np.any(matrix, axis=1)]
    if len(told) < FEWEST:
        raise ValueError(f"{len(told)} texts that are not blank, {FEWEST} are needed")
    mean, components = _reduced(told, seed)
    points = _unit(((told - mean) @ components.T).astype(np.float32, copy=False))
    centres, silhouette, limit = _chosen(points, seed)
    space = _bounded(Space(mean, components, centres, np.zeros(len(centres), np.float32)), points)
    labels = space.assign(matrix)
    centroids = _centroids(matrix, labels, len(space.centres))
    return Clusters(space, labels, centroids, silhouette, limit)


def _reduced(matrix: Matrix, seed: int) -> tuple[Matrix, Matrix]:
    """The mean, and as many components as carry information."""
    most = min(COMPONENTS, matrix.shape[1], len(matrix) - 1)
    with np.errstate(invalid="ignore"):  # shares of no variance, where all say the same
        model = PCA(most, svd_solver="randomized", random_state=seed).fit(matrix)
    kept = max(1, int((model.explained_variance_ > 1e-9).sum()))
    return matrix.mean(axis=0), model.components_[:kept].astype(np.float32)


def _chosen(points: Matrix, seed: int) -> tuple[Matrix, float, int | None]:
    """Centres of the number of topics that tells the points apart best, how well it does, and that
    number where no larger one could be tried."""
    random = np.random.default_rng(seed)
    sample = random.permutation(len(points))[:SILHOUETTE_SAMPLE]
    found: list[tuple[Matrix, float]] = []
    different = len(np.unique(points.round(4), axis=0))
    most = max(2, len(points) // EACH)
    for count in COUNTS:
        if count > most or count > different:
            break
        centres = _centres(points, count, seed)
        labels = (points[sample] @ centres.T).argmax(axis=1)
        if len(np.unique(labels)) < 2:
            continue
        score = silhouette_score(points[sample], labels, metric="cosine")
        found.append((centres, float(score)))
    if not found:  # all say the same
        middle: Matrix = points.mean(axis=0, keepdims=True)
        return _unit(middle), 0.0, None
    best = max(score for _, score in found)
    centres, score = next(one for one in found if one[1] >= min(best, best * ENOUGH))
    held_back = centres is found[-1][0] and len(centres) < different
    return centres, score, len(centres) if held_back else None


def _centres(points: Matrix, count: int, seed: int) -> Matrix:
    model = MiniBatchKMeans(
        count, random_state=seed, n_init=10, batch_size=1_024, max_iter=100, reassignment_ratio=0.01
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        model.fit(points)
    return _unit(model.cluster_centers_.astype(np.float32))


def _bounded(space: Space, points: Matrix) -> Space:
    """With the reach of each topic, without those that are too small."""
    alike = points @ space.centres.T
    labels = alike.argmax(axis=1)
    least = max(LEAST_MEMBERS, LEAST_SHARE * len(points))
    kept, reach = [], []
    for place in range(len(space.centres)):
        mine = alike[labels == place, place]
        if len(mine) < least:
            continue
        middle = float(np.median(mine))
        spread = 1.4826 * float(np.median(np.abs(mine - middle)))
        kept.append(place)
        # Where all are nearly the same, what is nearly the same still belongs.
        reach.append(min(middle - REACH * spread, 0.95))
    return Space(
        space.mean, space.components, space.centres[kept], np.asarray(reach, dtype=np.float32)
    )


def _centroids(matrix: Matrix, labels: Labels, count: int) -> Matrix:
    found = np.zeros((count, matrix.shape[1]), np.float32)
    for place in range(count):
        mine = matrix[labels == place]
        if len(mine):
            found[place] = mine.mean(axis=0)
    return _unit(found)


def _unit(matrix: Matrix) -> Matrix:
    """Rows of unit length; zeros stay."""
    lengths = np.linalg.norm(matrix, axis=1, keepdims=True)
    found: Matrix = np.zeros_like(matrix)
    np.divide(matrix, lengths, out=found, where=lengths > 1e-6)
    return found
