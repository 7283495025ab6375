"""The map: what is alike lies together, and the next map lies over the last one."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from evals.topics.clustering import cluster
from evals.topics.mapping import draw
from evals.vectors.embedding import embed
from tests.evals.topics.asking import PARTS, texts


def sample(seed: int) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """The points of one fixed space, and which of PARTS they are of."""
    space = cluster(embed(texts(dict.fromkeys(PARTS, 60))[0])).space
    said, topics = texts(dict.fromkeys(PARTS, 40), seed)
    names = list(PARTS)
    return space.project(embed(said)), np.array([names.index(one) for one in topics])


def test_topics_lie_together_and_within_the_map() -> None:
    points, labels = sample(1)
    places, centres = draw(points, labels, len(PARTS), {}, 0)
    assert places.shape == (len(points), 2) and centres.shape == (len(PARTS), 2)
    assert np.abs(places).max() <= 1 and np.abs(centres).max() <= 1
    nearest = np.linalg.norm(places[:, None] - places[None], axis=2)
    np.fill_diagonal(nearest, 9)
    assert np.mean(labels[nearest.argmin(axis=1)] == labels) > 0.95


def test_the_same_again() -> None:
    points, labels = sample(1)
    one, two = draw(points, labels, len(PARTS), {}, 0), draw(points, labels, len(PARTS), {}, 0)
    assert np.array_equal(one[0], two[0]) and np.array_equal(one[1], two[1])


def test_the_next_map_lies_over_the_last_one() -> None:
    """With other texts: topics stay nearer to where they were than to any other's place."""
    points, labels = sample(1)
    _, before = draw(points, labels, len(PARTS), {}, 0)
    more, theirs = sample(2)
    lay = {place: (float(x), float(y)) for place, (x, y) in enumerate(before)}
    _, after = draw(more, theirs, len(PARTS), lay, 0)
    apart = np.linalg.norm(after[:, None] - before[None], axis=2)
    assert apart.argmin(axis=1).tolist() == list(range(len(PARTS)))


def test_few_points() -> None:
    for n in (1, 2, 4, 6):
        points = np.eye(8, dtype=np.float32)[:n]
        places, centres = draw(points, np.zeros(n, np.int64), 1, {}, 0)
        assert places.shape == (n, 2) and centres.shape == (1, 2)
        assert np.isfinite(places).all() and np.isfinite(centres).all()
    places, _ = draw(np.ones((20, 4), np.float32), np.zeros(20, np.int64), 1, {}, 0)
    assert np.isfinite(places).all()
