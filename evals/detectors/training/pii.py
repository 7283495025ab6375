"""Train the tagger of names, addresses, places and organisations.

Presidio-research's synthetic texts (MIT), sentences made up with the same values, and ordinary
sentences of HaluEval (MIT) without any. Figures are cross-validated by template.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from scipy.sparse import csr_matrix
from sklearn.linear_model import LogisticRegression  # type: ignore[import-untyped]

from evals.detectors import artefact
from evals.detectors.pii import Detector, spans_of, weight
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
from evals.detectors.training.fitting import Row, fold_numbers, rows
from evals.detectors.training.generate_names import MAKERS
from evals.detectors.training.generate_pii import generate
from evals.detectors.training.pii_texts import certain, common, labelled, values_of

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
POOLS = ("chat_query", "chat_answer", "wiki", "wmt_en", "wmt_de")
"""HaluEval (MIT), BEGIN (CC-BY-4.0), WMT23 (Apache-2.0): whose words count as common."""
MADE = 2000
ORDINARY = 1.8
"""How much a word of an ordinary text counts beside one of a labelled text."""
CLEAN = ("chat_query", "chat_answer", "wiki")
"""Pools in whose texts hardly anybody is told about."""
Spanned = tuple[int, int, str]
STRENGTH = 1.0
THRESHOLD = 0.45
FOLDS = 5


def train(data: Path) -> None:
    """Fit on everything; print what holds for templates and ordinary texts never seen."""
    texts = [{**row, "set": name} for name in SETS for row in rows(data / name / "dev.jsonl")]
    pools = [row for row in rows(data / "drift_pools" / "dev.jsonl") if row["pool"] in POOLS]
    words = Words(common([row["text"] for row in pools]))
    groups = groups_of(texts)
    fold = fold_numbers(groups, FOLDS)
    pool_fold = fold_numbers([row["id"] for row in pools], FOLDS)
    found: dict[str, list[Spanned]] = {}
    alarms: list[str] = []
    for each in range(FOLDS):
        inside = [row for row, place in zip(texts, fold, strict=True) if place != each]
        plain = [row["text"] for row, place in zip(pools, pool_fold, strict=True) if place != each]
        tagger = fit(inside, plain, words)
        outside = [row for row, place in zip(texts, fold, strict=True) if place == each]
        outside += [row for row, place in zip(pools, pool_fold, strict=True) if place == each]
        for row in outside:
            spans = spans_of(row["text"], tagger)
            found[row["id"]] = [(one.start, one.end, one.kind) for one in spans]
            if any(weight(one, row["text"]) >= Detector.threshold for one in spans):
                alarms.append(row["id"])
    figures: dict[str, Any] = {}
    for name in SETS:
        chosen = [
            (row, group) for row, group in zip(texts, groups, strict=True) if row["set"] == name
        ]
        figures[name] = told(name, chosen, found)
    figures |= tell_ordinary(pools, found, set(alarms))
    tagger = fit(texts, [row["text"] for row in pools], words)
    meta = {"labels": LABELS, "threshold": THRESHOLD, "trained_on": SETS, "figures": figures}
    artefact.save(
        "pii",
        meta,
        weights=tagger.weights.astype(np.float16),
        common=np.frombuffer("\n".join(sorted(words.common)).encode(), dtype=np.uint8),
    )


def groups_of(texts: Sequence[Row]) -> list[str]:
    """Of each row, the first of the groups that share a template with its own."""
    first: dict[str, str] = {}
    template: dict[str, str] = {}
    for row in texts:
        text = row["text"]
        for start, end, _ in sorted(row["spans"], reverse=True):
            text = f"{text[:start]}_{text[end:]}"
        key = re.sub(r"[^a-z]+", " ", text.lower()).strip() or row["group"]
        mine = first.setdefault(row["group"], row["group"])
        other = template.setdefault(key, mine)
        if mine != other:
            first = {group: other if name == mine else name for group, name in first.items()}
            template = {one: other if name == mine else name for one, name in template.items()}
    return [first[row["group"]] for row in texts]


def fit(texts: Sequence[Row], plain: Sequence[str], words: Words) -> Tagger:
    """A tagger of these texts, of sentences made up with their values, and of ordinary texts."""
    real = [labelled(row) for row in texts]
    columns: list[int] = []
    bounds, labels, shares = [0], [], []

    def add(found: Iterable[tuple[list[int], int]], share: float) -> None:
        for features, label in found:
            columns.extend(sorted(set(features)))
            bounds.append(len(columns))
            labels.append(label)
            shares.append(share)

    for text, spans in [*real, *generate(values_of(real), MAKERS, MADE)]:
        add(_tokens(text, spans, words), 1.0)
    for text in plain:
        every = _tokens(text, [], words)
        add((every[place] for place, sure in certain(text, words) if sure), ORDINARY)
    ones = np.ones(len(columns), dtype=np.float32)
    matrix = csr_matrix((ones, columns, bounds), shape=(len(labels), 1 << BITS))
    model = LogisticRegression(C=STRENGTH, max_iter=60, tol=1e-3)
    model.fit(matrix, np.array(labels), sample_weight=np.array(shares))
    weights: Floats = np.vstack([model.coef_.T, model.intercept_])
    return Tagger(weights, words, THRESHOLD)


def _tokens(text: str, spans: Sequence[Spanned], words: Words) -> list[tuple[list[int], int]]:
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


def tell_ordinary(
    pools: Sequence[Row], found: Mapping[str, Sequence[Spanned]], alarms: Collection[str]
) -> dict[str, dict[str, tuple[float, float, float]]]:
    """Print what is tagged in ordinary texts, and return alarms for 1000 of the clean ones."""
    for pool in POOLS:
        chosen = [
            row for row in pools if row["pool"] == pool and row["text"] != row["text"].lower()
        ]
        tagged = [
            row["text"][start:end]
            for row in chosen
            for start, end, kind in found[row["id"]]
            if kind in LABELS
        ]
        small = sum(not any(map(str.isupper, text)) for text in tagged)
        print(  # noqa: T201
            f"pii {pool}: in {len(chosen)} texts {len(tagged)} tagged, {small} without a capital"
        )
    clean = np.array([row["id"] in alarms for row in pools if row["pool"] in CLEAN], dtype=float)
    draws = np.random.default_rng(0).integers(0, len(clean), (300, len(clean)))
    low, high = np.percentile(1000 * clean[draws].mean(axis=1), [2.5, 97.5])
    every = 1000 * float(clean.mean())
    print(  # noqa: T201
        f"pii: alarms in 1000 of {len(clean)} clean texts {every:.2f} [{low:.2f}, {high:.2f}]"
    )
    return {"clean": {"alarms in 1000": (every, float(low), float(high))}}


def told(
    name: str, texts: Sequence[tuple[Row, str]], found: Mapping[str, Sequence[Spanned]]
) -> dict[str, tuple[float, float, float]]:
    """Print and return F1 of structured kinds and F2 of all, with intervals over templates."""
    figures = {}
    for title, typed, beta in (("structured F1", True, 1.0), ("all kinds, untyped F2", False, 2.0)):
        sums: dict[str, Counter[str]] = defaultdict(Counter)
        for row, group in texts:
            sums[group] += counted(row, found[row["id"]], typed=typed)
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


def counted(row: Row, found: Sequence[Spanned], *, typed: bool) -> Counter[str]:
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
