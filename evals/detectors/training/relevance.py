"""Train the relevance model: real answers beside those to other questions.

HaluEval (MIT), BEGIN (CC-BY-4.0) and XSTest (CC-BY-4.0). USR Topical-Chat is only measured on: its
ratings are without a licence.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy.sparse import csr_matrix
from scipy.stats import spearmanr
from sklearn.decomposition import TruncatedSVD  # type: ignore[import-untyped]
from sklearn.linear_model import LogisticRegression  # type: ignore[import-untyped]

from evals.detectors import artefact
from evals.detectors.base import Example
from evals.detectors.likeness import FEATURES, Vectors, content
from evals.detectors.ngrams import Floats
from evals.detectors.relevance import FEWEST, KNOWN, Detector, vectors
from evals.detectors.training.fitting import Row, fold_numbers, report, rows

POOLS = ("chat_query", "chat_answer", "wiki", "wmt_en")
PRIOR = 0.1
"""The share of irrelevant answers for which probabilities are made."""
DIMENSIONS = 64
RARE = 3
"""Texts in which a word must stand to be known."""
FOLDS = 5
FIGURES = ("auroc", "auprc", "precision", "recall", "specificity", "ece")


@dataclass(frozen=True, slots=True)
class Pair:
    """A question and an answer to it."""

    source: str
    question: str
    answer: str
    group: str


def train(data: Path) -> None:
    """Fit on pairs; print what holds for questions never seen."""
    known = pairs(data)
    arrays = table(texts(data, known))
    words = vectors(arrays)
    features, labels, places = examples(words, known)
    shares = np.where(labels == 1, PRIOR, 1 - PRIOR)
    fold = fold_numbers([known[at].group for at in places], FOLDS)
    values = np.zeros(len(labels))
    for each in range(FOLDS):
        inside, outside = fold != each, fold == each
        weights = fit(features[inside], labels[inside], shares[inside])
        values[outside] = probabilities(features[outside], weights)
    figures = {}
    for source in sorted({one.source for one in known}):
        chosen = np.array([known[at].source == source for at in places])
        groups = [known[at].group for at in np.array(places)[chosen]]
        title = f"irrelevance: {source}, half of the answers to other questions"
        figures[source] = report(
            title, labels[chosen], values[chosen], Detector.threshold, groups, FIGURES
        )
    weights = fit(features, labels, shares)
    print(dict(zip(FEATURES, weights.round(2).tolist(), strict=False)))  # noqa: T201
    meta = {"features": FEATURES, "prior": PRIOR, "trained_on": ["halueval", "begin", "xstest"]}
    artefact.save("relevance", {**meta, "figures": figures}, weights=weights, **arrays)
    measured(rows(data / "relevance_topicalchat" / "dev.jsonl"))


def pairs(data: Path) -> list[Pair]:
    """Questions with answers that were given to them, each once."""
    found = []
    pools = rows(data / "drift_pools" / "dev.jsonl")
    asked = {number(row): row["text"] for row in pools if row["pool"] == "chat_query"}
    for row in pools:
        if row["pool"] == "chat_answer" and number(row) in asked:
            found.append(Pair("halueval", asked[number(row)], row["text"], row["id"]))
    for row in rows(data / "ground_begin" / "dev.jsonl"):
        if row["question"] and not row["label"]:
            found.append(Pair("begin", row["question"], row["answer"], row["group"]))
    for row in rows(data / "refusal_xstest" / "dev.jsonl"):
        if not row["label"]:
            found.append(Pair("xstest", row["question"], row["text"], row["group"]))
    return found


def number(row: Row) -> str:
    """What a query and its answer have in common in their names."""
    return str(row["id"]).rsplit("-", 1)[-1]


def texts(data: Path, known: Sequence[Pair]) -> list[str]:
    """What the vectors are made of."""
    pools = rows(data / "drift_pools" / "dev.jsonl")
    found = [row["text"] for row in pools if row["pool"] in POOLS]
    found += sorted({row["context"] for row in rows(data / "ground_begin" / "dev.jsonl")})
    facts = rows(data / "judge_halueval2" / "dev.jsonl")
    found += [f"{row['question']}\n{row['text']}" for row in facts]
    return found + [f"{one.question}\n{one.answer}" for one in known if one.source != "begin"]


def table(documents: Sequence[str]) -> dict[str, Floats]:
    """Words, how rare they are, and vectors of words by the texts in which they stand."""
    counts = [Counter(content(text)) for text in documents]
    spread = Counter(word for count in counts for word in count)
    names = sorted(word for word, seen in spread.items() if seen >= RARE)
    place = {name: at for at, name in enumerate(names)}
    rarity = np.log(len(counts) / np.array([*(spread[name] for name in names), 1.0]))
    cells = [
        (at, place[word], 1 + np.log(times))
        for at, count in enumerate(counts)
        for word, times in count.items()
        if word in place
    ]
    lines, columns, values = (np.array(each) for each in zip(*cells, strict=True))
    matrix = csr_matrix((values * rarity[columns], (lines, columns)), (len(counts), len(names)))
    svd = TruncatedSVD(DIMENSIONS, random_state=0).fit(matrix)
    vectors_of = (svd.components_ * svd.singular_values_[:, None] ** 0.5).T
    return {
        "words": np.frombuffer("\n".join(names).encode(), dtype=np.uint8),
        "rarity": rarity.astype(np.float16),
        "rows": (vectors_of / np.linalg.norm(vectors_of, axis=1, keepdims=True)).astype(np.float16),
    }


def examples(words: Vectors, known: Sequence[Pair]) -> tuple[Floats, Floats, list[int]]:
    """Features and labels, and which pair's question it is: each answered, and mis-answered."""
    pick = np.random.default_rng(0)
    read = [(content(one.question), content(one.answer)) for one in known]
    fit_for = [
        at
        for at, (asked, said) in enumerate(read)
        if len(asked) >= FEWEST and said and min(words.known(asked), words.known(said)) >= KNOWN
    ]
    features, labels, places = [], [], []
    for at in fit_for:
        mine = known[at].source, known[at].group
        others = [known[o].source == mine[0] and known[o].group != mine[1] for o in fit_for]
        for label, other in ((0, at), (1, int(pick.choice(np.array(fit_for)[others])))):
            features.append(words.compare(read[at][0], read[other][1]))
            labels.append(label)
            places.append(at)
    return np.array(features), np.array(labels), places


def fit(features: Floats, labels: Floats, shares: Floats) -> Floats:
    """One weight for each feature, and the intercept."""
    model = LogisticRegression(C=10.0, max_iter=1000).fit(features, labels, sample_weight=shares)
    return np.append(model.coef_[0], model.intercept_[0])


def probabilities(features: Floats, weights: Floats) -> Floats:
    """What the detector would say."""
    return np.asarray(1 / (1 + np.exp(-(features @ weights[:-1] + weights[-1]))))


def measured(rated: Sequence[Row]) -> None:
    """Print figures on people's ratings."""
    found = Detector().detect([Example(row["question"], row["text"]) for row in rated])
    values = np.array([PRIOR if one is None else one.value for one in found])
    labels = np.array([row["label"] for row in rated])
    groups = [row["group"] for row in rated]
    report("irrelevance: topical chat", labels, values, Detector.threshold, groups, FIGURES)
    human = np.array([row["human"]["coherence"] for row in rated])
    print("spearman", spearmanr(-values, human)[0])  # noqa: T201
