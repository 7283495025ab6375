"""What a comparison of two windows says."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Kind = Literal["vectors", "classifier", "descriptor", "numeric", "category"]


@dataclass(frozen=True, slots=True)
class Test:
    """One question about the two windows.

    - statistic: in the test's own unit; larger is more of a difference.
    - p_value: how often windows dealt out at random differ as much. adjusted: the same under
      Benjamini and Hochberg over all tests of the comparison; a list cut off at `adjusted` ≤ q
      holds at most the share q of tests that have nothing to say.
    - effect: how large the difference is, comparable between tests of one kind. Numbers and
      descriptors: difference of means in pooled standard deviations, signed. Categories: greatest
      change of a share, signed. Vectors: MMD; topics: difference of the shares where they differ
      most, in deviations of the share of one item. Classifier: AUC, 0.5 is none.
    - reference, current: what changed, in its own unit: means, or the share of the category
      `level`. None for vectors and the classifier.
    """

    __test__ = False  # not one of pytest's

    name: str
    kind: Kind
    statistic: float
    p_value: float
    adjusted: float
    effect: float
    reference: float | None = None
    current: float | None = None
    level: str | None = None


@dataclass(frozen=True, slots=True)
class Term:
    """A piece of text that tells the windows apart.

    `weight` > 0: typical of the current window. `reference`, `current`: share of the window's
    texts that hold it.
    """

    term: str
    weight: float
    reference: float
    current: float


@dataclass(frozen=True, slots=True)
class Result:
    """Whether the windows differ, and in what.

    - p_value: of all tests together; under no drift it is ≤ alpha in at most the share alpha of
      comparisons, at any size of windows. drift: p_value ≤ alpha.
    - tests: most telling first.
    - detectable_effect: the smallest share of the current window's items that would have to come
      from another topic for these windows to show it with power 0.8, in (0, 1]; None where not
      even 1 would do.
    - examples, reference_examples: indices of items, those first that a classifier (which did not
      see them) finds most typical of the current window, and of the reference.
    - terms: of the current window (weight > 0) and of the reference, most telling first.
    """

    p_value: float
    drift: bool
    alpha: float
    reference_size: int
    current_size: int
    permutations: int
    tests: tuple[Test, ...]
    detectable_effect: float | None
    examples: tuple[int, ...]
    reference_examples: tuple[int, ...]
    terms: tuple[Term, ...]
