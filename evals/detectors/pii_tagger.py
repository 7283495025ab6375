"""A tagger for names, addresses, places, organisations: what has no form of its own.

A multinomial logistic model over hashed features of a word and of those around it. Features of
single words are looked up once for each distinct word, and what they add to each label is kept:
tagging is then a sum of remembered rows. Needs NumPy alone.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from zlib import crc32

import numpy as np
import numpy.typing as npt

from evals.detectors.pii_lists import CLASS_OF
from evals.detectors.text import STOP, Span

Floats = npt.NDArray[np.float64]

LABELS = ("", "person", "address", "location", "organization", "nationality", "job_title")
"""The first: none of them."""
BITS = 16
"""There are 2**BITS buckets."""
REACH = 3
"""Words on each side that are looked at."""
MEMORY = 50_000
"""Words that are remembered; when full, the memory is emptied."""
TOKEN = re.compile(r"[^\W\d_]+(?:['’\-][^\W\d_]+)*\.?(?<=\w)|\d+|\n|[^\w\s]|_")
APOSTROPHE = re.compile("['’]")
BESIDE = frozenset((" ", "-", ". ", "'", "’"))
"""What may stand between two words of one name."""
EDGE = "\0"
"""Stands before and after the text."""


def tokens(text: str) -> list[Span]:
    """Where its words, numbers, signs and line ends stand."""
    return [match.span() for match in TOKEN.finditer(text)]


def bucket(feature: str) -> int:
    """Where the weights of a feature are."""
    return crc32(feature.encode("utf-8", "replace")) & ((1 << BITS) - 1)


def shape(word: str) -> str:
    """How it is written: Xx, XX, x, X, 5 (digits, up to five), or the sign itself."""
    if word.isdigit():
        return "5" * min(len(word), 6)
    if not word[0].isalpha():
        return word[0]
    if word.islower():
        return "x"
    if word.isupper():
        return "X" if len(word) == 1 else "XX"
    return "Xx" if word[1:].islower() else "XxX"


class Words:
    """What is known of words: their class by list, and whether they are common in running text."""

    def __init__(self, common: Sequence[str]) -> None:
        """`common`: words that ordinary texts write in lower case."""
        self.common = frozenset(common)

    def is_common(self, word: str) -> bool:
        """Whether ordinary texts write it small; `Let's` is as common as `let`."""
        lower = word.lower()
        first = APOSTROPHE.split(lower, maxsplit=1)[0]
        return lower in STOP or lower in self.common or first in STOP or first in self.common

    def coarse(self, word: str) -> str:
        """Class or shape, and whether it is common: one of some dozens of kinds."""
        lower = word.lower()
        kind = CLASS_OF.get(lower, "")
        known = "c" if self.is_common(word) else ""
        return f"{kind}{known}:{shape(word)}"

    def own(self, word: str) -> list[str]:
        """Features of a word in its own place."""
        lower = word.lower()
        coarse = self.coarse(word)
        ends = [f"s{length}{lower[-length:]}" for length in (1, 2, 3, 4) if len(lower) > length]
        starts = [f"p{length}{lower[:length]}" for length in (2, 3) if len(lower) > length]
        common = "c" if self.is_common(word) else "-"
        kind = CLASS_OF.get(lower, "-")
        plain = f"w{lower}", f"h{shape(word)}", f"k{kind}", f"c{common}{shape(word)}", f"a{coarse}"
        return [*plain, *ends, *starts]

    def beside(self, word: str) -> list[str]:
        """Features of a word for the words around it."""
        lower = word.lower()
        return [f"w{lower}", f"a{self.coarse(word)}", f"k{CLASS_OF.get(lower, '-')}"]


def around(words: Sequence[str], kinds: Sequence[str], place: int) -> tuple[str, ...]:
    """Features of neighbours together. Both sequences have two edges on each side."""
    at = place + 2
    return (
        f"A{kinds[at - 1]}|{kinds[at]}|{kinds[at + 1]}",
        f"B{kinds[at - 2]}|{kinds[at - 1]}|{kinds[at]}",
        f"C{kinds[at]}|{kinds[at + 1]}|{kinds[at + 2]}",
        f"D{words[at - 1].lower()}|{kinds[at]}",
        f"E{kinds[at]}|{words[at + 1].lower()}",
    )


@dataclass(frozen=True, slots=True)
class Tagged:
    """A stretch of words with the same label, and its probability."""

    start: int
    end: int
    label: str
    score: float


class Tagger:
    """Tags texts by trained weights."""

    def __init__(self, weights: Floats, words: Words, threshold: float) -> None:
        """`weights`: a row of len(LABELS) for each bucket; the last row is the intercept."""
        self.weights = weights
        self.words = words
        self.threshold = threshold
        """From which probability of any label on a word counts."""
        self._known: dict[str, tuple[str, Floats]] = {}

    def probabilities(self, text: str, spans: Sequence[Span]) -> Floats:
        """A row of len(LABELS) for each of the tokens."""
        words = [EDGE, EDGE, *(text[start:end] for start, end in spans), EDGE, EDGE]
        looked = [self._word(word) for word in words]
        kinds = [kind for kind, _ in looked]
        count = len(spans)
        rows = np.stack([row for _, row in looked])
        odds = np.tile(self.weights[-1], (count, 1))
        edge = self._word(EDGE)[1]
        for offset in range(-REACH, REACH + 1):
            first = offset + 2
            low, high = max(first, 0), min(first + count, count + 4)
            odds[low - first : high - first] += rows[low:high, offset + REACH]
            odds[: low - first] += edge[offset + REACH]
            odds[high - first :] += edge[offset + REACH]
        together = [bucket(one) for at in range(count) for one in around(words, kinds, at)]
        odds += self.weights[np.array(together).reshape(count, -1)].sum(axis=1)
        odds -= odds.max(axis=1, keepdims=True)
        shares = np.exp(odds)
        return np.asarray(shares / shares.sum(axis=1, keepdims=True))

    def _word(self, word: str) -> tuple[str, Floats]:
        found = self._known.get(word)
        if found is None:
            if len(self._known) >= MEMORY:
                self._known.clear()
            rows = [
                self._sum(f"{offset}{one}" for one in features_at(self.words, word, offset))
                for offset in range(-REACH, REACH + 1)
            ]
            found = self._known[word] = (self.words.coarse(word), np.stack(rows))
        return found

    def _sum(self, features: Iterator[str]) -> Floats:
        return np.asarray(self.weights[[bucket(one) for one in features]].sum(axis=0))

    def tag(self, text: str) -> list[Tagged]:
        """Stretches of words that are something, in order."""
        spans = tokens(text)
        if not spans:
            return []
        return joined(text, spans, self.probabilities(text, spans), self.threshold)


def features_at(words: Words, word: str, offset: int) -> list[str]:
    """Features of a word so many places away from the one to tag."""
    return words.beside(word) if offset else words.own(word)


def joined(text: str, spans: Sequence[Span], shares: Floats, threshold: float) -> list[Tagged]:
    """Words side by side as one, with the label most probable for all of them.

    The first column of `shares` is that of no label.
    """
    some = 1 - shares[:, 0]
    found: list[Tagged] = []
    for row in _rows(text, spans, np.flatnonzero(some >= threshold).tolist()):
        label = LABELS[int(shares[row, 1:].sum(axis=0).argmax()) + 1]
        start, end = spans[row[0]][0], spans[row[-1]][1]
        score = float(some[row].max())
        last = found[-1] if found else None
        if last is not None and last.label == label and _joins(text[last.end : start], label):
            found[-1] = Tagged(last.start, end, label, max(last.score, score))
        else:
            found.append(Tagged(start, end, label, score))
    return found


def _rows(text: str, spans: Sequence[Span], places: Sequence[int]) -> Iterator[list[int]]:
    """Places of words with nothing but a blank, a hyphen or the like between them."""
    row: list[int] = []
    for place in places:
        start = spans[place][0]
        if not text[start].isalnum():
            continue
        if row and text[spans[row[-1]][1] : start] not in BESIDE:
            yield row
            row = []
        row.append(place)
    if row:
        yield row


def _joins(between: str, label: str) -> bool:
    """Whether what lies between two words of one label belongs to it too."""
    if label == "address":
        return len(between) <= 4 and not between.strip(" ,.\n#-/")
    return between == " & "
