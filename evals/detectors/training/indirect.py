"""Train the detector of instructions inside documents.

Trained on: BIPIA (MIT; e-mails, code answers and tables with and without an attack), queries of
HaluEval (MIT) as things one asks a model, sentences of its answers, of BEGIN (CC-BY-4.0), WMT23
(Apache-2.0) and CNN/DM as packed in SummEval (MIT) as things documents say, and made-up texts.

PIGuard's BIPIA parts are left out: they are BIPIA's other attack categories, which the sealed half
of the BIPIA set is made of.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_matrix, vstack

from evals.detectors.indirect import LEXICON, SETTINGS, Detector
from evals.detectors.linear import Model
from evals.detectors.ngrams import Floats, Ints, Reader
from evals.detectors.segments import segments
from evals.detectors.training.fitting import (
    Figures,
    Labels,
    Row,
    Texts,
    calibrated,
    fit,
    fold_numbers,
    joined,
    matrix,
    platt,
    raw_scores,
    report,
    rows,
)
from evals.detectors.training.generate_indirect import generate

STRENGTH = 10.0
FOLDS = 4
CODE = 25
"""Segments after an attack on code that are its code and teach nothing: they are left out."""


@dataclass(frozen=True, slots=True)
class Document:
    row: Row
    bounds: Ints
    labels: Labels
    """Of the segments: 1 the attack, 0 the document, -1 left out."""


def inserted_at(clean: str, text: str) -> int:
    """Where the first difference from the clean document is."""
    shift = len(text) - len(text.lstrip())
    clean, place = clean.lstrip(), 0
    rest = text[shift:]
    while place < min(len(clean), len(rest)) and clean[place] == rest[place]:
        place += 1
    place += shift
    while place < len(text) - 1 and text[place].isspace():
        place += 1
    return min(place, len(text) - 1)


def documents(data: Path) -> list[Document]:
    """The documents of BIPIA, cut into segments."""
    found = rows(data / "inj_bipia_indirect" / "dev.jsonl")
    clean = {row["group"]: row["text"] for row in found if row["position"] is None}
    made = []
    for row in found:
        bounds = segments(row["text"])
        labels = np.zeros(len(bounds), dtype=np.int64)
        if row["label"]:
            place = inserted_at(clean[row["group"]], row["text"])
            first = max(int(np.searchsorted(bounds[:, 0], place, side="right")) - 1, 0)
            labels[first] = 1
            if row["source"] == "code":
                labels[first + 1 : first + 1 + CODE] = -1
        made.append(Document(row, bounds, labels))
    return made


def sentences(data: Path) -> Texts:
    """What stands for itself: made-up texts, queries, sentences of other documents."""
    found = generate()
    for place, row in enumerate(rows(data / "drift_pools" / "dev.jsonl")):
        text = row["text"]
        if row["pool"] == "chat_query" and place % 2 == 0:
            found.add(text, 1, "query", 0.5)
        elif row["pool"] in ("wiki", "news", "chat_answer", "wmt_en", "wmt_de"):
            for begin, end in segments(text)[:3]:
                found.add(text[begin:end], 0, row["pool"], 0.5)
    return found


@dataclass(frozen=True, slots=True)
class Problem:
    """Everything in numbers."""

    features: csr_matrix
    """Of the segments of the documents."""
    owner: npt.NDArray[np.int64]
    """The document of each segment."""
    labels: Labels
    others: csr_matrix
    """Of the sentences that stand for themselves."""
    other_labels: Labels
    other_weights: Floats

    def fitted(self, chosen: npt.NDArray[np.bool_]) -> Floats:
        """A model trained on the chosen documents and all that is not from BIPIA."""
        kept = np.flatnonzero(chosen[self.owner] & (self.labels >= 0))
        return fit(
            vstack([self.features[kept], self.others]).tocsr(),
            np.concatenate([self.labels[kept], self.other_labels]),
            np.concatenate([np.ones(len(kept)), self.other_weights]),
            STRENGTH,
        )

    def worst(self, weights: Floats) -> Floats:
        """The score of each document: that of its strongest segment."""
        result = np.full(int(self.owner.max()) + 1, -np.inf)
        np.maximum.at(result, self.owner, raw_scores(self.features, weights))
        return result


def unseen_scores(problem: Problem, docs: list[Document]) -> Floats:
    """Each document's score from a model that saw neither it, in any form, nor its kind of attack.

    A document without an attack gets the mean of the models that lacked it.
    """
    group = fold_numbers([doc.row["group"] for doc in docs], FOLDS)
    attack = fold_numbers([doc.row["attack"] or "" for doc in docs], FOLDS)
    clean = np.array([doc.row["label"] == 0 for doc in docs])
    attack[clean] = -1
    sums, counts = np.zeros(len(docs)), np.zeros(len(docs))
    for outer in range(FOLDS):
        for inner in range(FOLDS):
            weights = problem.fitted((group != outer) & (attack != inner))
            tested = (group == outer) & ((attack == inner) | clean)
            sums[tested] += problem.worst(weights)[tested]
            counts[tested] += 1
    return sums / counts


def train(data: Path) -> None:
    """Fit on everything; print what holds for documents and kinds of attack never seen."""
    docs, others = documents(data), sentences(data)
    reader = Reader(SETTINGS, LEXICON)
    problem = Problem(
        joined(reader, [(doc.row["text"], doc.bounds) for doc in docs]),
        np.repeat(np.arange(len(docs)), [len(doc.bounds) for doc in docs]),
        np.concatenate([doc.labels for doc in docs]),
        matrix(reader, others.texts),
        np.array(others.labels),
        np.array(others.weights),
    )
    unseen = unseen_scores(problem, docs)
    truth = np.array([doc.row["label"] for doc in docs])
    everything = problem.fitted(np.ones(len(docs), dtype=bool))
    model = Model(reader, everything, platt(unseen, truth), {})
    model.meta = {
        "trained_on": ["inj_bipia_indirect", "drift_pools", "made-up"],
        "figures": _figures(docs, truth, calibrated(model, unseen)),
    }
    model.save("indirect")


def _figures(docs: list[Document], truth: Labels, values: Floats) -> Figures:
    print("indirect_injection: documents and kinds of attack not trained on")  # noqa: T201
    figures: Figures = {}
    for source in ("", "email", "code", "table"):
        chosen = np.flatnonzero([doc.row["source"].startswith(source) for doc in docs])
        groups = [docs[each].row["group"] for each in chosen]
        title = source or "all"
        figures[title] = report(
            f"  {title}", truth[chosen], values[chosen], Detector.threshold, groups
        )
    return figures
