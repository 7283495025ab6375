"""Everything that two windows are asked: one measure each, and what it weighs beside the others.

What is made of an item is made of the pooled items, which come in one fixed order: first those of
the reference.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from evals.drift.stats import classifier, descriptors, endings, representations, statistics
from evals.drift.stats.results import Kind
from evals.drift.stats.windows import Window
from evals.vectors.embedding import embed

Floats = NDArray[np.float32]
Doubles = NDArray[np.float64]

NARROW, WIDE = 0.1, 1.0
"""Bandwidths² of kernels, of the median squared distance. A narrow one sees a tenth of the items
in a place of their own; a wide one sees all of them move a little, which meaning and wording
show better together. Between them neighbourhoods see topics that grow or shrink; these show best
in meaning, wording and words together."""
WEIGHTS = {"vectors": 0.5, "ending": 0.2, "descriptors": 0.2, "language": 0.1, "classifier": 0.1}
"""What groups of measures weigh together; numbers and categories that are given: 0.2 each."""
PARTS = {"meaning, narrow": 1, "wording, narrow": 3, "topics": 4, "wide": 2}
"""Of the weight of vectors: what comes from elsewhere is seen in how it is worded far sooner than
in what it means."""
GIVEN = 0.2
MOST_LEVELS = 20
"""Categories of a name that the classifier reads."""
FARTHEST = 10.0
"""Standard deviations at which the classifier's columns end, so that no item rules it."""
CUT_OFF = "cut off"
LANGUAGE = "language"


@dataclass(frozen=True)
class Measure:
    """`of` gives a statistic for each dealing. Of `kernel`, `around`, `values`, `labels` and
    `smoothing` that one is there which the measure is made of."""

    name: str
    kind: Kind
    weight: float
    of: Callable[[Floats], Doubles]
    kernel: Floats | None = None
    around: Floats | None = None
    values: Doubles | None = None
    labels: tuple[str, ...] | None = None
    smoothing: Floats | None = None


@dataclass(frozen=True)
class Material:
    """The measures, and how far items lie from each other where that can be said."""

    measures: tuple[Measure, ...]
    distances: Floats | None


def material(reference: Window, current: Window, rng: np.random.Generator, seed: int) -> Material:
    """All that can be asked of the two windows."""
    # A lone surrogate is a text in Python and in JSON, and nothing that n-grams are hashed of.
    texts = [
        text.encode("utf-8", "replace").decode() for text in (*reference.texts, *current.texts)
    ]
    spaces = _spaces(reference, current, texts, seed)
    found: list[Measure] = []
    distances = {name: representations.squared_distances(rows) for name, rows in spaces.items()}
    about = [*spaces.values(), *([representations.words(texts, seed)] if texts else [])]
    found += _vectors(distances, about)
    numbers: dict[str, Doubles] = {}
    if texts:
        numbers = descriptors.numbers(texts)
        each = WEIGHTS["descriptors"] / len(numbers)
        found += [_number(name, "descriptor", each, values) for name, values in numbers.items()]
        found.append(_ending(texts, rng))
        labels = descriptors.languages(texts)
        found.append(_category(LANGUAGE, "descriptor", WEIGHTS["language"], labels))
    for name in reference.numeric:
        values = np.r_[reference.numeric[name], current.numeric[name]].astype(np.float64)
        numbers[name] = values
        found.append(_number(name, "numeric", GIVEN, values))
    for name in reference.categories:
        given = [*reference.categories[name], *current.categories[name]]
        found.append(_category(name, "category", GIVEN, given))
    columns = _columns(spaces, numbers, [one for one in found if one.labels is not None])
    if columns.shape[1]:
        found.append(_classifier(columns, rng))
    if not distances and columns.shape[1]:
        distances["columns"] = representations.squared_distances(columns)
    return Material(tuple(found), next(iter(distances.values()), None))


def _spaces(
    reference: Window, current: Window, texts: Sequence[str], seed: int
) -> dict[str, Floats]:
    spaces: dict[str, Floats] = {}
    if reference.vectors is not None and current.vectors is not None:
        both = np.vstack([reference.vectors, current.vectors]).astype(np.float32)
        spaces["meaning"] = _of_ordinary_size(representations.centred(both))
    elif texts:
        spaces["meaning"] = representations.centred(embed(texts))
    if texts:
        spaces["wording"] = representations.ngrams(texts, seed)
    return spaces


def _of_ordinary_size(rows: Floats) -> Floats:
    """Squares of very large or small numbers would not be numbers."""
    largest = float(np.abs(rows).max(initial=0.0))
    return np.asarray(rows / largest if largest > 0 else rows, dtype=np.float32)


def _vectors(distances: dict[str, Floats], about: Sequence[Floats]) -> list[Measure]:
    """Of each space a narrow kernel, and of all together a wide one and topics."""
    together = " and ".join(distances)
    found: list[Measure] = []
    for name, apart in distances.items():
        found += _kernel(f"{name}, narrow", representations.gaussian(apart, NARROW))
    found += _kernel(f"{together}, wide", _together(distances))
    found += _topics(f"{together}, topics", about)
    parts = [PARTS.get(one.name) or PARTS[one.name.rpartition(", ")[2]] for one in found]
    whole = WEIGHTS["vectors"] / max(sum(parts), 1)
    return [replace(one, weight=whole * part) for one, part in zip(found, parts, strict=True)]


def _together(distances: dict[str, Floats]) -> Floats | None:
    """The mean of the wide kernels of all spaces."""
    each = [representations.gaussian(apart, WIDE) for apart in distances.values()]
    known = [kernel for kernel in each if kernel is not None]
    if not known:
        return None
    return np.asarray(sum(known) / np.float32(len(known)), dtype=np.float32)


def _kernel(name: str, kernel: Floats | None) -> list[Measure]:
    if kernel is None:
        return []

    def of(dealt: Floats) -> Doubles:
        return statistics.mmd(kernel, dealt)

    return [Measure(name, "vectors", 0.0, of, kernel=kernel)]


def _topics(name: str, about: Sequence[Floats]) -> list[Measure]:
    around = representations.neighbourhoods(about) if about else None
    if around is None:
        return []

    def of(dealt: Floats) -> Doubles:
        return statistics.farthest_apart(around, dealt)

    return [Measure(name, "vectors", 0.0, of, around=around)]


def _number(name: str, kind: Kind, weight: float, values: Doubles) -> Measure:
    def of(dealt: Floats) -> Doubles:
        return statistics.anderson_darling(values, dealt)

    return Measure(name, kind, weight, of, values=values)


def _ending(texts: Sequence[str], rng: np.random.Generator) -> Measure:
    """How far above even the odds are that a text was cut off; whole texts are all alike in it."""
    values = np.maximum(endings.surprise(texts, rng), 0)

    def of(dealt: Floats) -> Doubles:
        return statistics.squared_gap(values, dealt)

    return Measure(CUT_OFF, "descriptor", WEIGHTS["ending"], of, values=values)


def _category(name: str, kind: Kind, weight: float, labels: Sequence[str]) -> Measure:
    table, _ = _one_hot(labels)

    def of(dealt: Floats) -> Doubles:
        return statistics.chi_squared(table, dealt)

    return Measure(name, kind, weight, of, labels=tuple(labels))


def _one_hot(labels: Sequence[str]) -> tuple[csr_matrix, list[str]]:
    levels, places = np.unique(np.array(labels, dtype=object).astype(str), return_inverse=True)
    ones = np.ones(len(labels), dtype=np.float32)
    table = csr_matrix((ones, (np.arange(len(labels)), places)))
    return table, [str(level) for level in levels]


def _columns(
    spaces: dict[str, Floats], numbers: dict[str, Doubles], categories: Sequence[Measure]
) -> Floats:
    """What the classifier reads of each item: axes, numbers, common categories."""
    parts: list[NDArray[Any]] = [representations.reduced(rows, 0) for rows in spaces.values()]
    for values in numbers.values():
        known = ~np.isnan(values)
        parts.append(np.where(known, values, values[known].mean() if known.any() else 0)[:, None])
    for one in categories:
        table, _ = _one_hot(one.labels or ())
        common = np.argsort(-np.asarray(table.sum(axis=0)).ravel(), kind="stable")[:MOST_LEVELS]
        parts.append(table[:, common].toarray())
    whole = np.hstack([part.astype(np.float64) for part in parts])
    return np.clip(representations.standardised(whole), -FARTHEST, FARTHEST)


def _classifier(columns: Floats, rng: np.random.Generator) -> Measure:
    smoothing = classifier.smoother(columns, rng)

    def of(dealt: Floats) -> Doubles:
        return classifier.apart(smoothing, dealt)

    return Measure(
        "telling them apart", "classifier", WEIGHTS["classifier"], of, smoothing=smoothing
    )
