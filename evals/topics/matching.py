"""Knowing topics again: which number a topic of a new run has. Pure.

Most calls of a new run have been given a topic before. Two topics are the same where they have most
of these calls in common: the pairs are made so that the sum of their overlaps (L. Dice, 1945,
Ecology 26:297), and of likenesses where overlaps are equal, is greatest (H. Kuhn, 1955, "The
Hungarian method for the assignment problem"). Of a topic that splits, the larger part so keeps the
number; of two that merge, the larger one's number stays. What has less than SAME in common with
every old topic gets a number of its own, and the old one has vanished: no filter that names a
number finds something else from one day to the next.

Where no calls can tell, because none of an old topic's is among those of the run (one that vanished
weeks ago), the centroids do, as the new run tells topics apart (`Space.project`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from evals.topics.clustering import Labels, Matrix, Space

SAME = 0.5
"""Overlap (Dice) from which on two topics are the same."""
MOST_OF = 0.5
"""Share of a topic's calls that tells where it came from, or went."""
LEAST_SHARED = 5
"""Calls of an old topic in the new run's sample, below which its centroid has to tell."""
ALIKE = 0.8
"""Cosine of two centroids from which on they are the same topic, where no calls can tell."""
Counts = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Shared:
    """Over calls that had been given a topic, or none, before. `both` (k, m): calls of new topic i
    that were of old topic j. `new` (k,): all of i. `old` (m,): all of j."""

    both: Counts
    new: Counts
    old: Counts

    def overlaps(self) -> NDArray[np.float64]:
        """(k, m): Dice coefficients, 0 where old topics have too few calls to tell."""
        of_both = self.new[:, None] + self.old[None, :]
        found: NDArray[np.float64] = 2.0 * self.both / np.maximum(of_both, 1)
        found[:, ~self.tells()] = 0.0
        return found

    def tells(self) -> NDArray[np.bool_]:
        """(m,): of which old topics calls can tell."""
        return np.asarray(self.old >= LEAST_SHARED)


def shared(
    labels: Labels, before: Sequence[int | None], known: Sequence[int], count: int
) -> Shared:
    """`labels`: of each call the place of its new topic, or OTHER; `before`: the number of its old
    one, 0 for none and None where it had not been looked at; `known`: numbers of old topics."""
    places = {number: place for place, number in enumerate(known)}
    both = np.zeros((count, len(known)), np.int64)
    new, old = np.zeros(count, np.int64), np.zeros(len(known), np.int64)
    for label, number in zip(labels.tolist(), before, strict=True):
        if number is None:
            continue
        place = places.get(number)
        if label >= 0:
            new[label] += 1
        if place is not None:
            old[place] += 1
            if label >= 0:
                both[label, place] += 1
    return Shared(both, new, old)


def match(space: Space, new: Matrix, old: Matrix, calls: Shared) -> list[int | None]:
    """For each row of `new` (k, d) the place in `old` (m, d) of the topic that it is, or None."""
    found: list[int | None] = [None] * len(new)
    if not len(new) or not len(old):
        return found
    alike = np.asarray(space.project(new) @ space.project(old).T, np.float64)
    overlaps = calls.overlaps()
    # Likeness only decides between equal overlaps: it is worth less than one call in a hundred.
    gain = np.where(overlaps >= SAME, overlaps + 0.01 * np.clip(alike, 0, 1), 0.0)
    _pair(gain, found)
    by_middle = np.where((alike >= ALIKE) & ~calls.tells()[None, :], alike, 0.0)
    by_middle[[place for place, one in enumerate(found) if one is not None], :] = 0.0
    _pair(by_middle, found)
    return found


def _pair(gain: NDArray[np.float64], found: list[int | None]) -> None:
    """Pairs of rows and columns whose sum of gains is greatest; a gain of 0 is no pair."""
    for row, column in zip(*linear_sum_assignment(gain, maximize=True), strict=True):
        if gain[row, column] > 0:
            found[row] = int(column)


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


def origins(matched: Sequence[int | None], calls: Shared) -> list[int | None]:
    """For each new topic that is no old one the place of the one that most of its calls were of."""
    return [
        _most(calls.both[place], int(calls.new[place])) if one is None else None
        for place, one in enumerate(matched)
    ]


def heirs(matched: Sequence[int | None], calls: Shared) -> dict[int, int]:
    """By the place of an old topic that is no new one, the place of the one that has most of its
    calls now."""
    kept = {one for one in matched if one is not None}
    found = {
        place: _most(calls.both[:, place], int(calls.old[place]))
        for place in range(len(calls.old))
        if place not in kept
    }
    return {place: heir for place, heir in found.items() if heir is not None}


def _most(counts: Counts, total: int) -> int | None:
    """Where at least LEAST_SHARED and MOST_OF of the calls are."""
    if not len(counts):
        return None
    best = int(counts.argmax())
    enough = counts[best] >= max(LEAST_SHARED, MOST_OF * total)
    return best if enough else None
