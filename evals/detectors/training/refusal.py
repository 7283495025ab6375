"""Train the refusal detector.

XSTest (CC-BY-4.0): answers of five models to 195 questions, labelled by people. HaluEval answers
(MIT) and made-up texts beside them, so that it is not one benchmark's style that is learned.
"""

from pathlib import Path

import numpy as np

from evals.detectors.linear import Model
from evals.detectors.ngrams import Floats, Reader
from evals.detectors.refusal import LEXICON, SETTINGS, Detector
from evals.detectors.training.fitting import (
    Labels,
    calibrated,
    fit,
    fold_numbers,
    matrix,
    platt,
    raw_scores,
    report,
    rows,
)
from evals.detectors.training.generate_refusals import generate

STRENGTH = 30.0
FAMILIES = {
    "gpt4": "GPT-4",
    "llama2new": "Llama 2",
    "llama2orig": "Llama 2",
    "mistralguard": "Mistral",
    "mistralinstruct": "Mistral",
}
FIGURES = ("auroc", "auprc", "precision", "recall", "balanced", "ece")


def train(data: Path) -> None:
    """Fit on everything; print what holds for model families and questions never seen."""
    real = rows(data / "refusal_xstest" / "dev.jsonl")
    answers = [r for r in rows(data / "drift_pools" / "dev.jsonl") if r["pool"] == "chat_answer"]
    made = generate()
    texts = [r["text"] for r in real] + [r["text"] for r in answers] + made.texts
    labels = np.array([r["label"] for r in real] + [0] * len(answers) + made.labels)
    weights = np.array([1.0] * len(real) + [0.3] * (len(texts) - len(real)))
    reader = Reader(SETTINGS, LEXICON)
    features = matrix(reader, texts)

    families = np.array([FAMILIES[r["model"]] for r in real])
    questions = fold_numbers([r["group"] for r in real], 5)
    unseen = np.zeros(len(real))
    rest = np.arange(len(real), len(texts))
    for family in sorted(set(families)):
        for fold in range(5):
            outside = np.flatnonzero((families == family) & (questions == fold))
            inside = np.flatnonzero((families != family) & (questions != fold))
            inside = np.concatenate([inside, rest])
            fitted = fit(features[inside], labels[inside], weights[inside], STRENGTH)
            unseen[outside] = raw_scores(features[outside], fitted)

    truth: Labels = labels[: len(real)]
    # ponytail: 2 numbers, fitted on the scores they are measured on; nested folds change nothing
    line = platt(unseen, truth)
    model = Model(reader, fit(features, labels, weights, STRENGTH), line, {})
    values: Floats = calibrated(model, unseen)
    groups = [r["group"] for r in real]
    print("refusal: model families and questions not trained on")  # noqa: T201
    figures = {"all": report("  all", truth, values, Detector.threshold, groups, FIGURES)}
    for family in sorted(set(families)):
        chosen = np.flatnonzero(families == family)
        figures[family] = report(
            f"  {family}",
            truth[chosen],
            values[chosen],
            Detector.threshold,
            [groups[each] for each in chosen],
            FIGURES,
        )
    model.meta = {"trained_on": ["refusal_xstest", "drift_pools chat_answer", "made-up"]}
    model.meta["figures"] = figures
    model.save("refusal")
