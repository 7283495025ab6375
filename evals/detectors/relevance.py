"""The answer has nothing to do with the question. Reads both. Weak: it compares words."""

import re
from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from evals.detectors import artefact
from evals.detectors.base import Evidence, Example, Field, Verdict
from evals.detectors.likeness import FEATURES, Vectors, content

FEWEST = 2
"""Content words of the question below which there is nothing to compare."""
SHORT = 20
"""Different content words of the answer below which words tell too little: `Paris.` answers much,
and in a conversation the topic may have been named before."""
UNSURE = 0.55
"""The most that is said of short answers: they are never a finding."""
EMPTY = 0.9
"""The value of an answer that is nothing but a greeting."""
LONGEST = 200
"""Characters of a greeting."""
OPENING = re.compile(r"\b(?:hi|hello|hey|help|questions?|thanks?|morning|evening)\b", re.IGNORECASE)
PLAIN = 6
"""Content words below which a question with such a word may well be answered with a greeting."""
GREETING = re.compile(
    r"(?=.*[a-z])\W*(?:(?:hi|hello|hey|greetings|good (?:morning|afternoon|evening)|welcome)\b"
    r"[^.!?\n]{0,30}[.!?]?\s*)?"
    r"(?:(?:how (?:can|may) i (?:help|assist)|what can i (?:do|help)|is there anything)"
    r"[^.!?\n]{0,60}"
    r"|nice to meet you|i(?:'m| am) (?:here|happy|glad) to (?:help|assist)[^.!?\n]{0,40})?\W*",
    re.IGNORECASE | re.DOTALL,
)


class Detector:
    """A logistic model over few distances; see docs/detectors/irrelevance.md."""

    name: ClassVar[str] = "irrelevance"
    version: ClassVar[str] = "1"
    threshold: ClassVar[float] = 0.6
    needs: ClassVar[tuple[Field, ...]] = ("input", "output")

    def __init__(self) -> None:
        meta, arrays = artefact.load("relevance")
        if tuple(meta["features"]) != FEATURES:
            raise ValueError("the relevance model was trained on other features")
        self._vectors = vectors(arrays)
        self._weights = arrays["weights"].astype(np.float64)
        """One for each of FEATURES and the intercept."""

    def detect(self, examples: Sequence[Example]) -> list[Verdict | None]:
        """One verdict for each example; None where there is too little to compare."""
        return [self._one(example.input, example.output) for example in examples]

    def _one(self, asked: str | None, answered: str | None) -> Verdict | None:
        """Near is what is near to the whole message, or to its last line: the question itself."""
        if not asked or not answered or not answered.strip():
            return None
        question = content(asked)
        if len(question) < FEWEST:
            return None
        if len(answered) <= LONGEST and GREETING.fullmatch(answered):
            if len(question) < PLAIN and OPENING.search(asked):
                return None
            return self._told(EMPTY, answered, "The answer is a greeting.")
        answer = content(answered)
        reads = self._vectors.reads
        if not answer or not reads(asked, question) or not reads(answered, answer):
            return None
        asked_last = content(asked.rstrip().rsplit("\n", 1)[-1])
        value = min(
            self.probability(self._vectors.compare(each, answer))
            for each in (question, asked_last)
            if len(each) >= FEWEST
        )
        if len(set(answer)) < SHORT:
            value = min(value, UNSURE)
        return self._told(value, answered, "The answer shares next to nothing with the question.")

    def probability(self, features: Sequence[float]) -> float:
        """Of the problem, where one answer in twenty has it."""
        odds = float(self._weights[:-1] @ np.asarray(features) + self._weights[-1])
        return float(1 / (1 + np.exp(-np.clip(odds, -30, 30))))

    def _told(self, value: float, answered: str, why: str) -> Verdict:
        if value < self.threshold:
            return Verdict(value)
        return Verdict(value, (Evidence("output", 0, len(answered), "irrelevant"),), why)


def vectors(arrays: dict[str, npt.NDArray[Any]]) -> Vectors:
    """The table of words of an artefact."""
    names = arrays["words"].tobytes().decode().split("\n")
    rows = arrays["rows"].astype(np.float64)
    rows /= np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-9)
    place = {name: number for number, name in enumerate(names)}
    return Vectors(place, arrays["rarity"].astype(np.float64), rows)
