"""Dealings of the pooled items to the two windows, as columns of zeros and ones.

Shape (items, dealings), 1: the item is in the current window. The items of the reference come
first, those of the current window after them; each column has as many ones as that has items.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

TOPIC = 1 / 8
"""Share of the items that make up a topic, where a shift of topics is tried out."""


def permuted(reference: int, current: int, permutations: int, rng: np.random.Generator) -> Floats:
    """The windows as they are, and `permutations` times at random."""
    items = reference + current
    dealt = np.zeros((items, permutations + 1), dtype=np.float32)
    dealt[reference:, 0] = 1
    for column in range(1, permutations + 1):
        dealt[rng.permutation(items)[:current], column] = 1
    return dealt


def shifted(
    distances: Floats, current: int, shares: NDArray[np.float64], rng: np.random.Generator
) -> Floats:
    """A column for each share of the current window's items that come from one topic instead.

    A topic is what lies in the direction of an item drawn at random, seen from the middle of all:
    an eighth of the items, or as many as the share takes. (What lies nearest would mostly be what
    lies near to everything, which is no topic.) No item is used twice, so the topic's items are
    dealt to the current window at the reference's cost, and so many that the two differ as they
    would if the share s of the current window had been replaced: by s (1 − q), where q is the
    topic's share of all items.
    """
    items = len(distances)
    reference = items - current
    dealt = np.zeros((items, len(shares)), dtype=np.float32)
    ordinary = distances.mean(axis=0, dtype=np.float64)
    for column, share in enumerate(shares):
        size = max(TOPIC, share / (share + items / current)) * items
        size = min(max(int(np.ceil(size)), 1), items - 1)
        near = np.lexsort((rng.random(items), distances[rng.integers(items)] - ordinary))
        topic, others = near[:size], near[size:]
        common = size / items
        wanted = current * (common + share * (1 - common) * reference / items)
        taken = int(wanted + rng.random())
        taken = min(max(taken, current - len(others), 0), size, current)
        dealt[rng.permutation(topic)[:taken], column] = 1
        dealt[rng.permutation(others)[: current - taken], column] = 1
    return dealt
