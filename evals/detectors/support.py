"""How far a text rests on others: what the groundedness model sees of an answer. Pure Python.

All features are misses: the higher, the less is supported. Lengths enter by a root, between a
count (a long answer has more chances to be wrong) and a share (a long answer is not wrong for being
long): that transfers best from one kind of text to another (docs/detectors/hallucination.md).
"""

import math
from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from evals.detectors.talk import CITATION, announces
from evals.detectors.text import LIMIT, STOP, Span, sentences, stem, words

FEATURES = ("novel", "order", "pairs", "window", "sentences")
REACH = 2
"""Content words in a row whose distance in the source counts: neighbours and next but one."""
NEAR = 8.0
"""Content words of distance at which a pair counts as little supported."""
OFTEN = 500
"""Places of a word that are looked at; what stands more often is near everything."""
BACKWARD = 2
"""A pair that stands the other way round counts as so much farther apart."""
NUMBER = 4.0
"""For how many new words a new number counts."""
SPREAD = 2
"""A sentence may rest on a stretch of the source so many times as long as itself."""
NARROWEST = 10
MOST = 1_000
"""Sentences of an answer that are compared."""

_STOP = frozenset(map(stem, STOP))
_GAP = "\0"
"""Stands between two sources; no word equals it."""


def stems(text: str) -> list[str]:
    """Its words as compared: lower case, without common endings."""
    return [stem(word) for word in words(text)]


def content(text: Sequence[str]) -> list[str]:
    """The words that say something; all, where none does."""
    return [word for word in text if word not in _STOP] or list(text)


Skips = Callable[[str, int, int], bool]
"""Whether a sentence, characters [start, end) of a text, needs no support."""


class Source:
    """The texts that an answer should rest on, indexed for comparison."""

    __slots__ = ("bits", "places", "positions", "size", "stems")

    def __init__(self, texts: Sequence[str]) -> None:
        self.stems: list[str] = []
        room = LIMIT
        for text in texts:
            self.stems += [*stems(text[:room]), _GAP]
            room = max(0, room - len(text))
        self.size = len(self.stems)
        self.positions: dict[str, list[int]] = defaultdict(list)
        """Of each word, among all words."""
        self.places: dict[str, list[int]] = defaultdict(list)
        """Of each content word, among content words."""
        count = 0
        for place, word in enumerate(self.stems):
            self.positions[word].append(place)
            if word not in _STOP:
                self.places[word].append(count)
                count += 1
        self.bits = {word: sum(1 << at for at in found) for word, found in self.positions.items()}

    def in_order(self, text: Sequence[str]) -> int:
        """Length of the longest common subsequence, by whole numbers as rows of bits (Hyyrö)."""
        return _common([self.bits.get(word, 0) for word in text], self.size)

    def nearby(self, text: Sequence[str]) -> int:
        """The same within the stretch of the source that has most of the text's words."""
        width = max(SPREAD * len(text), NARROWEST)
        if self.size <= width:
            return self.in_order(text)
        hits = np.zeros(self.size + 1)
        for word in set(text):
            hits[[at + 1 for at in self.positions.get(word, ())]] = 0.2 if word in _STOP else 1.0
        sums = hits.cumsum()
        gains = sums[width:] - sums[:-width]
        starts = {int(gains.argmax()), len(gains) - 1 - int(gains[::-1].argmax())}
        return max(
            _common([self.bits.get(word, 0) >> start for word in text], width) for start in starts
        )

    def missing_pairs(self, text: Sequence[str]) -> float:
        """How far apart the source has what the text has side by side, from 0 to about 1."""
        said = content(text)
        pairs = Counter(
            (first, second, step)
            for step in range(1, REACH + 1)
            for first, second in zip(said, said[step:], strict=False)
        )
        missed = sum(self._apart(*pair) * count for pair, count in pairs.items())
        return missed / float(max(pairs.total(), 1) ** 0.7)

    def _apart(self, first: str, second: str, step: int) -> float:
        here, there = self.places.get(first), self.places.get(second)
        if not here or not there:
            return 1.0
        least = float("inf")
        for place in here[:OFTEN]:
            after = bisect_left(there, place)
            if after < len(there):
                least = min(least, max(1, there[after] - place))
            if after:
                least = min(least, (place - there[after - 1]) * BACKWARD)
        return 1.0 - math.exp(-max(0.0, least - step) / NEAR)


def _common(masks: Sequence[int], size: int) -> int:
    full = (1 << size) - 1
    rows = full
    for mask in masks:
        hit = rows & mask & full
        if hit:
            rows = ((rows + hit) | (rows - hit)) & full
    return size - rows.bit_count()


@dataclass(frozen=True, slots=True)
class Compared:
    """An answer beside its source: features, in the order of FEATURES."""

    claims: list[float]
    """Of the sentences that claim something."""
    whole: list[float]
    """Of these and what was skipped; the same where nothing was."""
    spans: list[Span]
    """The sentences that claim something."""
    each: list[list[float]]
    """Of each of them."""


def compare(answer: str, source: Source, skips: Skips | None = None) -> Compared | None:
    """None where the answer says nothing that could be supported.

    Sentences that `skips` names are left out of the claims while there are others.
    """
    spans = sentences(answer[:LIMIT])[:MOST]
    spans = [one for one in spans if not announces(answer[slice(*one)])] or spans
    read = [
        (span, text) for span in spans if (text := stems(CITATION.sub("", answer[slice(*span)])))
    ]
    if not read:
        return None
    windows = {span: 1 - source.nearby(text) / len(text) for span, text in read}

    def features(chosen: Sequence[tuple[Span, list[str]]]) -> list[float]:
        joined = [word for _, text in chosen for word in text]
        window = max(windows[span] for span, _ in chosen)
        return [*_misses(joined, source), window, math.log(len(chosen))]

    claims = read
    if skips is not None:
        claims = [one for one in read if not skips(answer, *one[0])] or read
    said = features(claims)
    whole = said if len(claims) == len(read) else features(read)
    return Compared(said, whole, [span for span, _ in claims], [features([one]) for one in claims])


def _misses(text: Sequence[str], source: Source) -> tuple[float, float, float]:
    root = math.sqrt(len(text))
    novel = sum(
        NUMBER if word[0].isdigit() else 1.0 for word in text if word not in source.positions
    )
    return (
        novel / root,
        (len(text) - source.in_order(text)) / root,
        source.missing_pairs(text),
    )
