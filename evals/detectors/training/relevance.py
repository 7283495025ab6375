"""Train the relevance model: real answers beside those to other questions.

HaluEval (MIT), BEGIN (CC-BY-4.0) and XSTest (CC-BY-4.0). USR Topical-Chat is only measured on: its
ratings are without a licence.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_matrix
from scipy.stats import spearmanr
from sklearn.decomposition import TruncatedSVD  # type: ignore[import-untyped]

from evals.detectors import artefact
from evals.detectors.base import Example
from evals.detectors.likeness import FEATURES, Vectors, content
from evals.detectors.ngrams import Floats
from evals.detectors.relevance import FEWEST, SHORT, UNSURE, Detector, vectors
from evals.detectors.training.fitting import Labels, Row, fold_numbers, platt, report, rows
from evals.detectors.training.groundedness import fit

POOLS = ("wiki", "wmt_en")
PRIOR = 0.05
"""The share of irrelevant answers for which probabilities are made: they are rare."""
DIMENSIONS = 64
RARE = 3
"""Texts in which a word must stand to be known."""
FOLDS = 5
FIGURES = ("auroc", "recall", "specificity")
ANSWERS = ("halueval", "xstest")
"""Answers of models to questions; BEGIN is small talk, in which little is shared."""


Strings = npt.NDArray[np.str_]
Flags = npt.NDArray[np.bool_]


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
    found = unseen(data, known)
    labels, sources = found.labels, found.sources
    fold = fold_numbers(found.groups.tolist(), FOLDS)
    scores = np.zeros(len(labels))
    for each in range(FOLDS):
        weights = fitted(found, fold != each)
        scores[fold == each] = found.features[fold == each] @ weights[:-1] + weights[-1]
    shares = np.where(labels == 1, PRIOR, 1 - PRIOR)
    answers = np.isin(sources, ANSWERS)
    line = platt(scores[answers], labels[answers], shares[answers])
    values = 1 / (1 + np.exp(-(line[0] * scores + line[1])))
    values = np.where(found.short, np.minimum(values, UNSURE), values)
    figures = {}
    for source in sorted(set(sources.tolist())):
        chosen = sources == source
        groups = found.groups[chosen].tolist()
        title = f"irrelevance: {source}, half of the answers to other questions"
        figures[source] = report(
            title, labels[chosen], values[chosen], Detector.threshold, groups, FIGURES
        )
    arrays = table(texts(data, known))
    weights = fitted(found, np.ones(len(labels), dtype=bool)) * line[0]
    weights[-1] += line[1]
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
    """What the vectors are made of: these pairs, and texts that are in no pair."""
    pools = rows(data / "drift_pools" / "dev.jsonl")
    asked = {number(row) for row in pools if row["pool"] == "chat_answer"}
    found = [
        row["text"]
        for row in pools
        if row["pool"] in POOLS or (row["pool"] == "chat_query" and number(row) not in asked)
    ]
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


@dataclass(frozen=True, slots=True)
class Examples:
    """Questions, each with its answer and with another one's. All arrays have a row for each."""

    features: Floats
    labels: Labels
    sources: Strings
    groups: Strings
    short: Flags
    """Whether the answer is too short to judge."""


def examples(words: Vectors, known: Sequence[Pair]) -> Examples:
    """Of the pairs that can be judged."""
    pick = np.random.default_rng(0)
    read = [(content(one.question), content(one.answer)) for one in known]
    able = [
        at
        for at, (one, (asked, said)) in enumerate(zip(known, read, strict=True))
        if len(asked) >= FEWEST
        and said
        and words.reads(one.question, asked)
        and words.reads(one.answer, said)
    ]
    found = []
    for at in able:
        source, group = known[at].source, known[at].group
        others = [
            each for each in able if known[each].source == source and known[each].group != group
        ]
        for label, other in ((0, at), (1, int(pick.choice(others)))):
            features = words.compare(read[at][0], read[other][1])
            found.append((features, label, source, group, len(set(read[other][1])) < SHORT))
    return Examples(*(np.array(column) for column in zip(*found, strict=True)))


def unseen(data: Path, known: Sequence[Pair]) -> Examples:
    """Of all pairs, by vectors that were made without them."""
    fold = fold_numbers([one.group for one in known], FOLDS)
    parts = []
    for each in range(FOLDS):
        inside = [one for one, place in zip(known, fold, strict=True) if place != each]
        outside = [one for one, place in zip(known, fold, strict=True) if place == each]
        parts.append(examples(vectors(table(texts(data, inside))), outside))
    names = ("features", "labels", "sources", "groups", "short")
    return Examples(*(np.concatenate([getattr(one, name) for one in parts]) for name in names))


def fitted(found: Examples, chosen: Flags) -> Floats:
    """Weights of the features and the intercept. Each source counts the same."""
    labels, sources = found.labels[chosen], found.sources[chosen]
    shares = np.where(labels == 1, PRIOR, 1 - PRIOR)
    for source in set(sources.tolist()):
        mine = sources == source
        shares[mine] /= shares[mine].sum() * len(set(sources.tolist()))
    return fit(found.features[chosen], labels, shares)


def measured(rated: Sequence[Row]) -> None:
    """Print figures on people's ratings."""
    found = Detector().detect([Example(row["question"], row["text"]) for row in rated])
    values = np.array([PRIOR if one is None else one.value for one in found])
    labels = np.array([row["label"] for row in rated])
    groups = [row["group"] for row in rated]
    report("irrelevance: topical chat", labels, values, 0.5, groups, ("auroc", "auprc"))
    human = np.array([row["human"]["coherence"] for row in rated])
    told = spearmanr(-values, human)[0]
    print(f"irrelevance: topical chat, Spearman of 1 - value with coherence {told:.3f}")  # noqa: T201
