"""What two windows of traffic are made of, as far as statistics are concerned."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

Matrix = NDArray[np.float32]
Floats = NDArray[np.float64]

LEAST = 2
"""Items of a window: of one, nothing can be said about how items differ."""


@dataclass(frozen=True)
class Window:
    """The items of one window, in any order; whatever is given has one entry for each item.

    - texts: what was said. Descriptors, character n-grams, terms and, where there are no
      `vectors`, the embedded vectors are made of them.
    - vectors: shape (n, d), rows of any length; both windows of one model. None: embedded from
      the texts.
    - numeric: name → n numbers (scores, latencies, tokens). NaN is an absent one.
    - categories: name → n texts (language, topic, finish reason). Absent ones: a category of
      their own.

    Raises ValueError where lengths differ, vectors are not finite or there is nothing to compare.
    """

    texts: Sequence[str] = ()
    vectors: NDArray[np.floating[Any]] | None = None
    numeric: Mapping[str, NDArray[np.floating[Any]]] = field(default_factory=dict)
    categories: Mapping[str, Sequence[str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        lengths = {name: len(values) for name, values in self._parts()}
        if not lengths:
            raise ValueError("a window needs texts, vectors, numbers or categories")
        if len(set(lengths.values())) > 1:
            told = ", ".join(f"{name} {length}" for name, length in lengths.items())
            raise ValueError(f"a window's parts differ in length: {told}")
        if self.vectors is not None:
            if self.vectors.ndim != 2:
                raise ValueError("vectors must have the shape (items, dimensions)")
            if not np.isfinite(self.vectors).all():
                raise ValueError("vectors must be finite")

    def _parts(self) -> list[tuple[str, Any]]:
        parts: list[tuple[str, Any]] = []
        if self.texts:
            parts.append(("texts", self.texts))
        if self.vectors is not None:
            parts.append(("vectors", self.vectors))
        parts += self.numeric.items()
        parts += self.categories.items()
        return parts

    def __len__(self) -> int:
        parts = self._parts()
        return len(parts[0][1])


def checked(reference: Window, current: Window) -> None:
    """Raises ValueError, which says what is wrong, where the two cannot be compared."""
    for name, window in (("reference", reference), ("current", current)):
        if len(window) < LEAST:
            raise ValueError(f"the {name} window has {len(window)} items; it needs {LEAST}")
    if bool(reference.texts) != bool(current.texts):
        raise ValueError("only one of the windows has texts")
    if (reference.vectors is None) != (current.vectors is None):
        raise ValueError("only one of the windows has vectors")
    if reference.vectors is not None and current.vectors is not None:
        widths = reference.vectors.shape[1], current.vectors.shape[1]
        if widths[0] != widths[1]:
            raise ValueError(f"vectors have {widths[0]} and {widths[1]} dimensions")
    for kind, ours, theirs in (
        ("numbers", reference.numeric, current.numeric),
        ("categories", reference.categories, current.categories),
    ):
        if set(ours) != set(theirs):
            odd = ", ".join(sorted(set(ours) ^ set(theirs)))
            raise ValueError(f"only one of the windows has the {kind} {odd}")
