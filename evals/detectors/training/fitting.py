"""Fit and measure the linear models. What is measured here was never seen in the same fit."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_matrix
from sklearn.linear_model import LogisticRegression  # type: ignore[import-untyped]
from sklearn.metrics import (  # type: ignore[import-untyped]
    average_precision_score,
    roc_auc_score,
)

from evals.detectors.linear import Model
from evals.detectors.ngrams import Entries, Floats, Ints, Reader

Labels = npt.NDArray[np.int64]
Row = dict[str, Any]


@dataclass
class Texts:
    """Labelled texts. Entries of one group never stand on both sides of a fold."""

    texts: list[str] = field(default_factory=list)
    labels: list[int] = field(default_factory=list)
    groups: list[str] = field(default_factory=list)
    weights: list[float] = field(default_factory=list)

    def add(self, text: str, label: int, group: str, weight: float = 1.0) -> None:
        self.texts.append(text)
        self.labels.append(label)
        self.groups.append(group)
        self.weights.append(weight)

    def __len__(self) -> int:
        return len(self.texts)


def rows(path: Path) -> list[Row]:
    """A JSON lines file."""
    with path.open(encoding="utf-8") as file:
        return [json.loads(line) for line in file]


def matrix(reader: Reader, texts: Sequence[str]) -> csr_matrix:
    """One row per text, one column per bucket."""
    return joined(reader, [(reader.shorten(text)[0], None) for text in texts])


def joined(reader: Reader, documents: Sequence[tuple[str, Ints | None]]) -> csr_matrix:
    """One row per segment of the documents, one column per bucket. No bounds: one segment."""
    parts: list[Entries] = []
    first: list[int] = [0]
    for text, bounds in documents:
        parts.append(reader.entries(text, bounds))
        first.append(first[-1] + (1 if bounds is None else len(bounds)))
    segments = np.concatenate([part.segments + start for part, start in zip(parts, first)])  # noqa: B905
    columns = np.concatenate([part.buckets for part in parts])
    values = np.concatenate([part.values for part in parts])
    shape = (first[-1], 2**reader.settings.bits)
    return csr_matrix((values, (segments, columns)), shape=shape)


def fit(features: csr_matrix, labels: Labels, weights: Floats, strength: float) -> Floats:
    """Weights of the buckets and, last, the intercept. `strength` is scikit-learn's C."""
    model = LogisticRegression(C=strength, solver="liblinear", max_iter=300, intercept_scaling=5.0)
    model.fit(features, labels, sample_weight=weights)
    return np.append(model.coef_[0], model.intercept_[0])


def raw_scores(features: csr_matrix, weights: Floats) -> Floats:
    """Uncalibrated scores of the rows."""
    return np.asarray(features @ weights[:-1] + weights[-1])


def fold_numbers(groups: Sequence[str], folds: int) -> npt.NDArray[np.int64]:
    """The fold of each row; the rows of a group share theirs."""
    number = {group: place for place, group in enumerate(sorted(set(groups)))}
    order = np.random.default_rng(0).permutation(len(number)) % folds
    return np.array([order[number[group]] for group in groups])


def out_of_fold(
    features: csr_matrix,
    labels: Labels,
    weights: Floats,
    groups: Sequence[str],
    strength: float,
    folds: int = 5,
) -> Floats:
    """The raw score of each row from a model that saw nothing of its group."""
    fold_of = fold_numbers(groups, folds)
    scores = np.zeros(len(labels))
    for each in range(folds):
        inside, outside = np.flatnonzero(fold_of != each), np.flatnonzero(fold_of == each)
        fitted = fit(features[inside], labels[inside], weights[inside], strength)
        scores[outside] = raw_scores(features[outside], fitted)
    return scores


def platt(scores: Floats, labels: Labels, weights: Floats | None = None) -> Floats:
    """Slope and offset of the log odds over raw scores."""
    line = LogisticRegression(C=1e6).fit(scores[:, None], labels, sample_weight=weights)
    return np.array([line.coef_[0][0], line.intercept_[0]])


def calibrated(model: Model, scores: Floats) -> Floats:
    """Probabilities of raw scores."""
    return np.array([model.probability(score) for score in scores])


def calibration_error(labels: Labels, values: Floats, bins: int = 10) -> float:
    """Expected calibration error over equally wide bins."""
    place = np.minimum((values * bins).astype(int), bins - 1)
    return float(
        sum(
            abs(labels[place == each].mean() - values[place == each].mean())
            * (place == each).mean()
            for each in range(bins)
            if (place == each).any()
        )
    )


def scores(model: Model, texts: Sequence[str]) -> Floats:
    """Raw scores as the detector gives them, segments included."""
    return np.array([model.raw(text) for text in texts])


Measure = Callable[[Labels, Floats], float]
Figures = dict[str, dict[str, tuple[float, float, float]]]
"""Set or part → name of the figure → its value and 95 % interval."""


def interval(
    measure: Measure, labels: Labels, values: Floats, groups: Sequence[str] | None = None
) -> tuple[float, float, float]:
    """A figure and its 95 % interval by bootstrap over groups (rows where there are none)."""
    names = np.asarray(groups if groups is not None else np.arange(len(labels)))
    _, place = np.unique(names, return_inverse=True)
    members = [np.flatnonzero(place == each) for each in range(place.max() + 1)]
    generator = np.random.default_rng(0)
    drawn, kinds = [], len(set(labels.tolist()))
    for _ in range(300):
        chosen = generator.integers(0, len(members), len(members))
        sample = np.concatenate([members[each] for each in chosen])
        if len(set(labels[sample].tolist())) == kinds:
            drawn.append(measure(labels[sample], values[sample]))
    low, high = np.percentile(drawn, [2.5, 97.5])
    return measure(labels, values), float(low), float(high)


def auroc(labels: Labels, values: Floats) -> float:
    return float(roc_auc_score(labels, values))


def auprc(labels: Labels, values: Floats) -> float:
    return float(average_precision_score(labels, values))


def at(threshold: float) -> Mapping[str, Measure]:
    """The figures at one threshold."""

    def precision(labels: Labels, values: Floats) -> float:
        found = values >= threshold
        return float(labels[found].mean()) if found.any() else 0.0

    def recall(labels: Labels, values: Floats) -> float:
        return float((values >= threshold)[labels == 1].mean())

    def specificity(labels: Labels, values: Floats) -> float:
        return float((values < threshold)[labels == 0].mean())

    def balanced(labels: Labels, values: Floats) -> float:
        return (recall(labels, values) + specificity(labels, values)) / 2

    def accuracy(labels: Labels, values: Floats) -> float:
        return float(((values >= threshold) == (labels == 1)).mean())

    def macro_f1(labels: Labels, values: Floats) -> float:
        halves = []
        for truth in (0, 1):
            found, real = (values >= threshold) == truth, labels == truth
            both = float((found & real).sum())
            halves.append(2 * both / max(float(found.sum() + real.sum()), 1.0))
        return sum(halves) / 2

    return {
        each.__name__: each
        for each in (precision, recall, specificity, balanced, accuracy, macro_f1)
    }


def report(
    title: str,
    labels: Sequence[int] | Labels,
    values: Floats,
    threshold: float,
    groups: Sequence[str] | None = None,
    names: Sequence[str] = ("auroc", "auprc", "precision", "recall", "specificity", "ece"),
) -> dict[str, tuple[float, float, float]]:
    """Print a line of figures with their intervals, and return them."""
    truth = np.asarray(labels, dtype=np.int64)
    measures: dict[str, Measure] = {
        "auroc": auroc,
        "auprc": auprc,
        "ece": calibration_error,
        **at(threshold),
    }
    figures = {name: interval(measures[name], truth, values, groups) for name in names}
    shown = "  ".join(f"{n} {v:.3f} [{lo:.3f}, {hi:.3f}]" for n, (v, lo, hi) in figures.items())
    print(f"{title} (n={len(truth)}, {int(truth.sum())} positive): {shown}")  # noqa: T201
    return figures
