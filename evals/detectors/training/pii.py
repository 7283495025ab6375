"""Train the tagger of names, addresses, places and organisations.

Presidio-research's synthetic texts (MIT), sentences made up with the same values, and ordinary
sentences of HaluEval (MIT) without any. Figures are cross-validated by template.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from scipy.sparse import csr_matrix
from sklearn.linear_model import LogisticRegression  # type: ignore[import-untyped]

from evals.detectors import artefact
from evals.detectors.pii import spans_of
from evals.detectors.pii_tagger import (
    BITS,
    EDGE,
    LABELS,
    REACH,
    Floats,
    Tagger,
    Words,
    around,
    bucket,
    features_at,
    tokens,
)
from evals.detectors.training.fitting import fold_numbers, rows
from evals.detectors.training.generate_pii import Sentence, Values, generate

LABEL_OF = {
    "PERSON": "person",
    "ADDRESS": "address",
    "STREET_ADDRESS": "address",
    "ZIP_CODE": "address",
    "LOCATION": "location",
    "GPE": "location",
    "ORGANIZATION": "organization",
    "NRP": "nationality",
    "TITLE": "job_title",
}
STRUCTURED = {
    "EMAIL_ADDRESS": "email",
    "CREDIT_CARD": "credit_card",
    "PHONE_NUMBER": "phone",
    "IBAN_CODE": "iban",
    "IP_ADDRESS": "ip_address",
    "US_SSN": "us_ssn",
    "DOMAIN_NAME": "url",
    "DATE_TIME": "date",
    "US_DRIVER_LICENSE": "driver_license",
    "AGE": "age",
}
SETS = ("pii_presidio_v1", "pii_presidio_v2")
POOLS = ("chat_query", "chat_answer", "wiki", "wmt_en")
"""HaluEval (MIT), BEGIN (CC-BY-4.0), WMT23 (Apache-2.0): whose words count as common."""
HONOUR = re.compile(r"(?:mr|mrs|ms|dr|prof)\.?", re.IGNORECASE)
MADE = 900
PLAIN = 600
STRENGTH = 1.0
THRESHOLD = 0.3
FOLDS = 5


def train(data: Path) -> None:
    """Fit on everything; print what holds for templates never seen."""
    texts = [{**row, "set": name} for name in SETS for row in rows(data / name / "dev.jsonl")]
    pools = [row for row in rows(data / "drift_pools" / "dev.jsonl") if row["pool"] in POOLS]
    words = Words(common([row["text"] for row in pools]))
    plain = ordinary([row["text"] for row in pools if row["pool"] == "chat_query"], words)
    fold = fold_numbers([row["group"] for row in texts], FOLDS)
    found: dict[str, list[tuple[int, int, str]]] = {}
    for each in range(FOLDS):
        inside = [row for row, place in zip(texts, fold, strict=True) if place != each]
        tagger = fit(inside, plain, words)
        for row in (row for row, place in zip(texts, fold, strict=True) if place == each):
            found[row["id"]] = [
                (one.start, one.end, one.kind) for one in spans_of(row["text"], tagger)
            ]
    figures = {}
    for name in SETS:
        figures[name] = told(name, [row for row in texts if row["set"] == name], found)
    tagger = fit(texts, plain, words)
    meta = {"labels": LABELS, "threshold": THRESHOLD, "trained_on": SETS, "figures": figures}
    artefact.save(
        "pii",
        meta,
        weights=tagger.weights.astype(np.float16),
        common=np.frombuffer("\n".join(sorted(words.common)).encode(), dtype=np.uint8),
    )


def common(texts: Sequence[str]) -> list[str]:
    """Words that stand in lower case at least twice, and mostly."""
    lower: Counter[str] = Counter()
    upper: Counter[str] = Counter()
    for text in texts:
        for word in re.findall(r"(?<=[a-z,] )[^\W\d_]+", text):
            (lower if word.islower() else upper)[word.lower()] += 1
    return [word for word, count in lower.items() if count >= 2 and count > upper[word]]


def ordinary(texts: Sequence[str], words: Words) -> list[Sentence]:
    """Texts all of whose words are common: none of them names anything."""
    found = [
        text
        for text in texts
        if all(word.lower() in words.common for word in re.findall(r"[^\W\d_]+", text))
    ]
    return [(text, []) for text in found[:PLAIN]]


def labelled(row: dict[str, Any]) -> Sentence:
    """A row as a sentence: of spans that overlap, the longest; `Mr.` belongs to the name."""
    text, spans = row["text"], []
    for start, end, kind in sorted(row["spans"], key=lambda span: span[1] - span[0]):
        label = LABEL_OF.get(kind, "")
        if label == "job_title" and HONOUR.fullmatch(text[start:end]):
            label = "person"
        if label:
            spans.append((start, end, label))
    return text, spans


def values_of(sentences: Sequence[Sentence]) -> Values:
    """What stands in the spans, by label."""
    found: dict[str, list[str]] = defaultdict(list)
    for text, spans in sentences:
        for start, end, label in spans:
            if label != "address" or end - start > 8:
                found[label].append(text[start:end])
    return found


def fit(texts: Sequence[dict[str, Any]], plain: Sequence[Sentence], words: Words) -> Tagger:
    """A tagger of these texts and of sentences made up with their values."""
    real = [labelled(row) for row in texts]
    sentences = [*real, *generate(values_of(real), MADE), *plain]
    columns: list[int] = []
    bounds, labels = [0], []
    for text, spans in sentences:
        for features, label in _tokens(text, spans, words):
            columns += sorted(set(features))
            bounds.append(len(columns))
            labels.append(label)
    ones = np.ones(len(columns), dtype=np.float32)
    matrix = csr_matrix((ones, columns, bounds), shape=(len(labels), 1 << BITS))
    model = LogisticRegression(C=STRENGTH, max_iter=60, tol=1e-3).fit(matrix, np.array(labels))
    weights: Floats = np.vstack([model.coef_.T, model.intercept_])
    return Tagger(weights, words, THRESHOLD)


def _tokens(
    text: str, spans: Sequence[tuple[int, int, str]], words: Words
) -> list[tuple[list[int], int]]:
    """Buckets and label of each token."""
    places = tokens(text)
    padded = [EDGE] * REACH + [text[start:end] for start, end in places] + [EDGE] * REACH
    kinds = [words.coarse(word) for word in padded]
    found = []
    for place, (start, _) in enumerate(places):
        features = [
            f"{offset}{one}"
            for offset in range(-REACH, REACH + 1)
            for one in features_at(words, padded[place + REACH + offset], offset)
        ]
        features += around(padded[REACH - 2 :], kinds[REACH - 2 :], place)
        label = next((one for first, last, one in reversed(spans) if first <= start < last), "")
        found.append(([bucket(one) for one in features], LABELS.index(label)))
    return found


def told(
    name: str, texts: Sequence[dict[str, Any]], found: dict[str, list[tuple[int, int, str]]]
) -> dict[str, tuple[float, float, float]]:
    """Print and return F1 of structured kinds and F2 of all, with intervals over templates."""
    figures = {}
    for title, typed, beta in (("structured F1", True, 1.0), ("all kinds, untyped F2", False, 2.0)):
        sums: dict[str, Counter[str]] = defaultdict(Counter)
        for row in texts:
            sums[row["group"]] += counted(row, found[row["id"]], typed=typed)
        whole = summed(sums.values())
        low, high = np.percentile(drawn(list(sums.values()), beta), [2.5, 97.5])
        figures[title] = (measure(whole, beta), float(low), float(high))
        precision = whole["hit"] / max(whole["hit"] + whole["false"], 1)
        recall = whole["hit"] / max(whole["hit"] + whole["missed"], 1)
        print(  # noqa: T201
            f"pii {name}: {title} {figures[title][0]:.3f} [{low:.3f}, {high:.3f}]"
            f" precision {precision:.3f} recall {recall:.3f}"
        )
    return figures


def summed(counts: Iterable[Counter[str]]) -> Counter[str]:
    """All counts together."""
    return sum(counts, Counter())


def drawn(counts: Sequence[Counter[str]], beta: float) -> list[float]:
    """The figure for templates drawn again and again."""
    draws = np.random.default_rng(0).integers(0, len(counts), (300, len(counts)))
    return [measure(summed(counts[at] for at in draw), beta) for draw in draws]


def counted(
    row: dict[str, Any], found: Sequence[tuple[int, int, str]], *, typed: bool
) -> Counter[str]:
    """Hits, misses and false alarms; a span is hit where half of it is covered.

    `typed`: of structured kinds only, which must be told apart.
    """
    truth = [(start, end, STRUCTURED.get(kind, "")) for start, end, kind in row["spans"]]
    if typed:
        kinds = set(STRUCTURED.values())
        truth = [one for one in truth if one[2] in kinds]
        found = [one for one in found if one[2] in kinds]
    count: Counter[str] = Counter()
    for start, end, kind in truth:
        covered = (
            min(end, one[1]) - max(start, one[0]) >= 0.5 * (end - start)
            for one in found
            if not typed or one[2] == kind
        )
        count["hit" if any(covered) else "missed"] += 1
    for start, end, kind in found:
        if not any(a < end and start < b and (not typed or c == kind) for a, b, c in truth):
            count["false"] += 1
    return count


def measure(count: Counter[str], beta: float) -> float:
    """F-beta."""
    weight = beta * beta
    hits = (1 + weight) * count["hit"]
    return hits / max(hits + weight * count["missed"] + count["false"], 1)
