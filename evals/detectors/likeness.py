"""How much an answer has to do with its question: what the relevance model sees. Needs NumPy alone.

Shared words count by how rare they are. What different words share is known from a table of
vectors: words that stand in the same texts are close to each other.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from evals.detectors.ngrams import Floats
from evals.detectors.text import STOP, stem, words

FEATURES = ("uncovered", "unshared", "spelling", "topic", "nearest")
"""All distances: the higher, the less the answer has to do with the question."""
READ = 6_000
"""Characters of each text that are compared: as many from its start as from its end."""
MOST = 200
"""Content words of each text that are compared one by one."""
GRAM = 4
"""Characters in a row that are compared."""
SMALL = 0.25
"""The share of small words (the, of, you) from which on a text is English;"""
KNOWN = 0.5
"""else so many of its content words must be known. Other languages and code are not compared."""
_STOP = frozenset(map(stem, STOP))


def content(text: str) -> list[str]:
    """The stems of its words that say something."""
    return [one for one in map(stem, words(shortened(text))) if one not in _STOP]


def shortened(text: str) -> str:
    """The start and the end of a long text."""
    if len(text) <= READ:
        return text
    return f"{text[: READ // 2]}\n{text[-READ // 2 :]}"


@dataclass
class Vectors:
    """What is known of words."""

    place: dict[str, int]
    """Of each known stem, in the rows."""
    rarity: Floats
    """Of each known stem: how much it counts. The last: of one that is not known."""
    rows: Floats
    """Unit vectors of the known stems."""

    def weight(self, word: str) -> float:
        return float(self.rarity[self.place.get(word, -1)])

    def reads(self, text: str, content: Sequence[str]) -> bool:
        """Whether it is English prose: by its small words, or by its content words."""
        every = words(shortened(text))
        small = sum(word in STOP for word in every)
        seen = sum(word in self.place or word[0].isdigit() for word in content)
        return small >= SMALL * len(every) or seen >= KNOWN * len(content)

    def compare(self, question: Sequence[str], answer: Sequence[str]) -> list[float]:
        """The features in the order of FEATURES. Both are content words, and there are some."""
        asked, said = _unique(question), _unique(answer)
        both = [word for word in asked if word in said]
        mass = [sum(map(self.weight, text)) for text in (asked, said, both)]
        places = [
            [self.place[word] for word in text if word in self.place] for text in (asked, said)
        ]
        return [
            1 - mass[2] / mass[0],
            1 - mass[2] / (mass[0] * mass[1]) ** 0.5,
            1 - _contained(asked, said),
            1 - self._topic(*places),
            1 - self._nearest(*places),
        ]

    def _topic(self, asked: list[int], said: list[int]) -> float:
        """The cosine of the sums of vectors."""
        sums = [self.rarity[each] @ self.rows[each] for each in (asked, said)]
        size = float(np.linalg.norm(sums[0]) * np.linalg.norm(sums[1]))
        return float(sums[0] @ sums[1]) / size if size else 0.0

    def _nearest(self, asked: list[int], said: list[int]) -> float:
        """How near the answer's nearest word is to each word of the question, on average."""
        if not asked or not said:
            return 0.0
        near = (self.rows[asked] @ self.rows[said].T).max(axis=1)
        return float(near @ self.rarity[asked] / self.rarity[asked].sum())


def _unique(text: Sequence[str]) -> dict[str, None]:
    found = dict.fromkeys(text)
    return found if len(found) <= MOST else dict.fromkeys(list(found)[:MOST])


def _contained(asked: dict[str, None], said: dict[str, None]) -> float:
    """The share of the question's n-grams of characters that the answer has."""
    first, second = _grams(asked), _grams(said)
    return len(first & second) / len(first) if first else 0.0


def _grams(text: dict[str, None]) -> set[str]:
    return {
        padded[at : at + GRAM]
        for padded in (f" {word} " for word in text)
        for at in range(max(1, len(padded) - GRAM + 1))
    }
