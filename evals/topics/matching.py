"""Knowing topics again: each new topic is the old one that it is most like, or a new one. Pure.

Centroids are compared where the new run tells topics apart (`Space.project`), and paired so that
the sum of likenesses is greatest (H. Kuhn, 1955, "The Hungarian method for the assignment
problem"). A pair below ALIKE is none: the new one gets a new id, the old one has vanished. It keeps
its centroid, is compared again in every later run, and so can come back under its id.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.optimize import linear_sum_assignment

from evals.topics.clustering import Matrix, Space

ALIKE = 0.6
"""Cosine of two centroids from which on they are the same topic."""


def match(space: Space, new: Matrix, old: Matrix) -> list[int | None]:
    """For each row of `new` (k, d) the place in `old` (m, d) of the topic that it is, or None."""
    if not len(new) or not len(old):
        return [None] * len(new)
    alike = space.project(new) @ space.project(old).T
    # What is no pair anyhow must not keep a true pair from being made.
    gain = np.where(alike >= ALIKE, alike, 0.0)
    found: list[int | None] = [None] * len(new)
    for row, column in zip(*linear_sum_assignment(gain, maximize=True), strict=True):
        if alike[row, column] >= ALIKE:
            found[row] = int(column)
    return found


def numbered(matched: Sequence[int | None], known: Sequence[int], next_number: int) -> list[int]:
    """The number of each new topic: its old one's (`known`, by place), or the next free one."""
    found = []
    for place in matched:
        if place is None:
            found.append(next_number)
            next_number += 1
        else:
            found.append(known[place])
    return found
