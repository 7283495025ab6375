"""Items of a monitor as points: what can be averaged, so that a change is a direction. Pure.

A change of the mean, d = mean(now) − mean(before), is a sum over the items of either window.
So it can be divided among the values of any dimension without a rest.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Space:
    """Items before (m, d) and now (n, d): centred on the mean before, in units of its spread."""

    before: Floats
    now: Floats

    @property
    def change(self) -> Floats:
        """The direction and size of the change, shape (d,)."""
        found: Floats = self.now.mean(axis=0) - self.before.mean(axis=0)
        return found

    def along(self) -> tuple[Floats, Floats]:
        """Each item's place along the change; the means differ by its length."""
        change = self.change
        length = float(np.linalg.norm(change)) or 1.0
        return self.before @ change / length, self.now @ change / length


def space_of(
    vectors: tuple[NDArray[np.float32], NDArray[np.float32]] | None,
    columns: Mapping[str, tuple[Sequence[float], Sequence[float]]],
    words: Mapping[str, tuple[Sequence[str], Sequence[str]]] | None = None,
) -> Space:
    """Vectors together have as much spread as each column has; absent numbers are the mean."""
    blocks = []
    if vectors is not None:
        before, now = (np.asarray(side, dtype=np.float64) for side in vectors)
        centre = before.mean(axis=0)
        spread = float(np.sqrt(((before - centre) ** 2).sum(axis=1).mean())) or 1.0
        blocks.append(((before - centre) / spread, (now - centre) / spread))
    for first, second in columns.values():
        blocks.append(_column(np.asarray(first, float), np.asarray(second, float)))
    for first_words, second_words in (words or {}).values():
        for value in sorted({*first_words, *second_words})[:20]:
            is_one = [
                np.array([w == value for w in side], float) for side in (first_words, second_words)
            ]
            blocks.append(_column(*is_one))
    return Space(*(np.concatenate(sides, axis=1) for sides in zip(*blocks, strict=True)))


def _column(before: Floats, now: Floats) -> tuple[Floats, Floats]:
    known = before[~np.isnan(before)]
    both = np.concatenate([before, now])
    both = both[~np.isnan(both)]
    centre = float(known.mean()) if known.size else 0.0
    spread = float(both.std()) if both.size else 0.0
    scaled = [np.nan_to_num((side - centre) / (spread or 1.0))[:, None] for side in (before, now)]
    return scaled[0], scaled[1]
