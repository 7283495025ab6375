"""Topics of two windows' inputs, where the project has none that would fit: k-means. Pure."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from sklearn.cluster import KMeans  # type: ignore[import-untyped]

FEWEST, MOST, EACH = 6, 40, 20
"""Clusters: one for each EACH items, within bounds."""
WORD = re.compile(r"[^\W\d_]{3,}")
TERMS = 3
STRAY, RARE = 3, 0.2
"""Items, and the part of the other window's share, below which a topic is hardly there."""


def topics(vectors: NDArray[np.float32], texts: Sequence[str], seed: int = 0) -> list[str]:
    """For each item the label of its cluster: the words that set it apart from the others."""
    count = min(max(FEWEST, len(texts) // EACH), MOST, len(texts))
    model = KMeans(count, n_init=3, random_state=seed, max_iter=100)
    places = model.fit_predict(np.asarray(vectors, dtype=np.float64))
    labels = _labels([set(WORD.findall(text.lower())) for text in texts], places, count)
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


def _labels(words: Sequence[set[str]], places: NDArray[np.int32], count: int) -> list[str]:
    """By cluster: words in many of its texts and in few others'."""
    every = Counter(word for held in words for word in held)
    found: list[str] = []
    for cluster in range(count):
        mine = [held for held, place in zip(words, places, strict=True) if place == cluster]
        inside = Counter(word for held in mine for word in held)
        rest = max(len(words) - len(mine), 1)

        def telling(
            word: str, inside: Counter[str] = inside, n: int = len(mine), rest: int = rest
        ) -> tuple[float, str]:
            share = inside[word] / n
            return (
                -share * np.log((share + 0.01) / ((every[word] - inside[word]) / rest + 0.01)),
                word,
            )

        label = ", ".join(sorted(inside, key=telling)[:TERMS]) or "without words"
        found.append(label if label not in found else f"{label} ({cluster + 1})")
    return found
