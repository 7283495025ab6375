"""Topics of two windows' inputs, where the project has none that would fit: k-means. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from sklearn.cluster import KMeans  # type: ignore[import-untyped]

from evals.topics.labels import labelled, usual

FEWEST, MOST, EACH = 6, 40, 20
"""Clusters: one for each EACH items, within bounds."""
LONGEST = 80
"""Characters of a label."""
NAMELESS = "various things"
STRAY, RARE = 3, 0.2
"""Items, and the part of the other window's share, below which a topic is hardly there."""


def topics(vectors: NDArray[np.float32], texts: Sequence[str], seed: int = 0) -> list[str]:
    """For each item the label of its cluster, as topics have one (`evals.topics.labels`)."""
    different = len(np.unique(vectors.round(4), axis=0))
    count = min(max(FEWEST, len(texts) // EACH), MOST, different)
    model = KMeans(count, n_init=3, random_state=seed, max_iter=100)
    places = model.fit_predict(np.asarray(vectors, dtype=np.float64))
    labels = _labels(texts, places.tolist(), count)
    return [labels[place] for place in places]


def comparable(before: Sequence[str], now: Sequence[str]) -> tuple[list[str], list[str]]:
    """Topics that are hardly there in one of the windows are another topic in it.

    A few stray items cannot say how a topic was answered before it came.
    """
    counts = Counter(before), Counter(now)
    sizes = len(before), len(now)
    found = []
    for own, side in enumerate((before, now)):
        mine, other = counts[own], counts[1 - own]
        stray = {
            topic
            for topic in mine
            if mine[topic] < STRAY
            or mine[topic] / sizes[own] < RARE * other[topic] / sizes[1 - own]
        }
        found.append([f"{one} (alone {own})" if one in stray else one for one in side])
    return found[0], found[1]


def _labels(texts: Sequence[str], places: Sequence[int], count: int) -> list[str]:
    """By cluster. Those that are called the same are one: nothing would tell them apart."""
    found: list[str] = []
    for cluster, one in enumerate(labelled(texts, places, count)):
        mine = [text for text, place in zip(texts, places, strict=True) if place == cluster]
        label = one.written(LONGEST) or usual(mine)
        found.append(label or f"{NAMELESS} ({cluster + 1})")
    return found
