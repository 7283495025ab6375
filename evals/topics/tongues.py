"""Topics that are asked about in another language than most of what is asked. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from evals.detectors.language import language_of

READ = 20
"""Texts of a topic whose language is looked at, the first."""
FEWEST = 3
"""Of them that are long enough to tell."""
MOSTLY = 0.6


def foreign(texts: Sequence[str], labels: Sequence[int], count: int) -> list[str]:
    """For each topic 0…count-1 the code (ISO 639-1) of the language that most of its texts are
    written in, if that is another than that of most texts of all topics; else empty."""
    found = [Counter[str]() for _ in range(count)]
    looked: Counter[int] = Counter()
    for text, label in zip(texts, labels, strict=True):
        if label < 0 or looked[label] >= READ:
            continue
        looked[label] += 1
        if code := language_of(text):
            found[label][code] += 1
    own = [_mostly(one) for one in found]
    sizes = Counter(label for label in labels if label >= 0)
    weights: Counter[str] = Counter()
    for place, code in enumerate(own):
        weights[code] += sizes[place]
    weights.pop("", None)
    usual = weights.most_common(1)[0][0] if weights else ""
    return [code if code != usual else "" for code in own]


def _mostly(counted: Counter[str]) -> str:
    if counted.total() < FEWEST:
        return ""
    code, hits = counted.most_common(1)[0]
    return code if hits >= MOSTLY * counted.total() else ""
