"""Train the groundedness model.

BEGIN (CC-BY-4.0) and answers made up from its passages. SummEval, QAGS and FaithBench are only
measured on: their licences allow no more.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from scipy.optimize import minimize

from evals.detectors import artefact
from evals.detectors.groundedness import Detector
from evals.detectors.ngrams import Floats
from evals.detectors.support import FEATURES, Source, compare
from evals.detectors.training.fitting import Labels, auroc, fold_numbers, report, rows
from evals.detectors.training.generate_answers import generate

MEASURED = ("ground_summeval", "ground_qags", "ground_faithbench")
MADE = 1500
PULL = 0.3
"""How strongly the weights (of features scaled to one) are held together: what differs between them
is mostly this kind of text."""
FOLDS = 5
FIGURES = ("auroc", "auprc", "precision", "recall", "specificity", "ece")


def train(data: Path) -> None:
    """Fit on BEGIN and made-up answers; print figures of sets and groups not trained on."""
    begin = rows(data / "ground_begin" / "dev.jsonl")
    made = generate(sorted({row["context"] for row in begin}), MADE)
    seen = _features([(row["context"], row["answer"]) for row in begin])
    features = np.vstack([seen, _features([(one.context, one.answer) for one in made])])
    labels = np.array([row["label"] for row in begin] + [one.label for one in made])
    shares = np.repeat([0.5 / len(begin), 0.5 / len(made)], [len(begin), len(made)])

    fold = fold_numbers([row["group"] for row in begin] + [one.group for one in made], FOLDS)
    values = np.zeros(len(labels))
    for each in range(FOLDS):
        inside, outside = fold != each, fold == each
        weights = fit(features[inside], labels[inside], shares[inside])
        values[outside] = probabilities(features[outside], weights)
    weights = fit(features, labels, shares)

    figures = {"begin": _told("begin (cross-validated)", begin, values[: len(begin)])}
    pooled = [(labels[: len(begin)], values[: len(begin)])]
    for name in MEASURED:
        measured = rows(data / name / "dev.jsonl")
        found = probabilities(
            _features([(row["context"], row["answer"]) for row in measured]), weights
        )
        figures[name] = _told(name, measured, found)
        pooled.append((np.array([row["label"] for row in measured]), found))
    mean = float(np.mean([auroc(truth, found) for truth, found in pooled]))
    print(f"hallucination: mean AUROC of the four sets {mean:.3f}")  # noqa: T201
    truth, found = (np.concatenate(parts) for parts in zip(*pooled, strict=True))
    figures["pooled"] = report("pooled", truth, found, Detector.threshold, names=FIGURES)
    meta = {"features": FEATURES, "trained_on": ["ground_begin", "made-up"], "figures": figures}
    artefact.save("groundedness", meta, weights=weights.astype(np.float32))


def _features(pairs: Sequence[tuple[str, str]]) -> Floats:
    """One row for each pair of context and answer."""
    found = [compare(answer, Source([context])) for context, answer in pairs]
    return np.array([[0.0] * len(FEATURES) if one is None else one.whole for one in found])


def _told(
    title: str, measured: Sequence[dict[str, object]], values: Floats
) -> dict[str, tuple[float, float, float]]:
    labels = np.array([row["label"] for row in measured])
    groups = [str(row["group"]) for row in measured]
    return report(title, labels, values, Detector.threshold, groups, FIGURES)


def fit(features: Floats, labels: Labels, shares: Floats) -> Floats:
    """Weights that are never negative, and the intercept. `shares`: how much each row counts."""
    scale = features.std(axis=0)
    scaled, signs = features / scale, labels * 2.0 - 1.0

    def loss(weights: Floats) -> tuple[float, Floats]:
        margin = signs * (scaled @ weights[:-1] + weights[-1])
        apart = weights[:-1] - weights[:-1].mean()
        slope = -shares * signs / (1 + np.exp(margin))
        gradient = np.append(scaled.T @ slope + 2 * PULL * apart, slope.sum())
        return float(shares @ np.logaddexp(0, -margin) + PULL * apart @ apart), gradient

    bounds = [(0.0, None)] * scaled.shape[1] + [(None, None)]
    found = minimize(loss, np.full(len(bounds), 0.3), jac=True, bounds=bounds, method="L-BFGS-B")
    return np.append(found.x[:-1] / scale, found.x[-1])


def probabilities(features: Floats, weights: Floats) -> Floats:
    """What the detector would say for rows of features."""
    return np.asarray(1 / (1 + np.exp(-(features @ weights[:-1] + weights[-1]))))
