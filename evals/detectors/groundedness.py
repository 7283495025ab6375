"""The output says what its contexts do not support. Reads the output and the contexts."""

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import ClassVar

import numpy as np

from evals.detectors import artefact
from evals.detectors.base import EVIDENT, Evidence, Example, Field, Verdict
from evals.detectors.measured import ONLY, unmeasured
from evals.detectors.support import FEATURES, Compared, Source, compare
from evals.detectors.talk import is_talk

ABSTAINS = re.compile(
    r"\b(?:not|n't|no)\b.{0,40}\b(?:mention|provid|contain|includ|specif|stat|found|given|enough|say)"
    r"|\b(?:do not|don't|cannot|can't) (?:know|answer|find|tell|say)\b"
    r"|\b(?:find|found|say|says|see|have) (?:nothing|no \w+) (?:about|on|for|in)\b",
    re.IGNORECASE | re.DOTALL,
)
"""A sentence that says that the contexts do not say: nothing in it needs support."""
TALK = 0.25
"""How much sentences that claim nothing count towards the value: they never make a finding, but an
answer with more of them does rest less on its contexts."""
ABSTAINED = 0.2
"""The value of an answer that says that the contexts do not say."""
LONGEST = 300
"""Characters of a sentence that may abstain."""


class Detector:
    """A logistic model over few features that only rise; see docs/detectors/hallucination.md."""

    name: ClassVar[str] = "hallucination"
    version: ClassVar[str] = "2"
    threshold: ClassVar[float] = 0.9
    needs: ClassVar[tuple[Field, ...]] = ("output", "context")
    only: ClassVar[str] = ONLY

    def __init__(self) -> None:
        meta, arrays = artefact.load("groundedness")
        if tuple(meta["features"]) != FEATURES:
            raise ValueError("the groundedness model was trained on other features")
        self._weights = arrays["weights"].astype(np.float64)
        """One for each of FEATURES and the intercept."""

    def detect(self, examples: Sequence[Example]) -> list[Verdict | None]:
        """One verdict for each example.

        None where output or contexts are absent, where the output is a step on the way, and where
        the texts are such as it was not measured on (`unmeasured` says why).
        """
        return [self._one(example) for example in examples]

    def unmeasured(self, example: Example) -> str:
        """Why it says nothing of texts that are there, in a sentence; else empty."""
        output, contexts = example.output, _contexts(example)
        if not output or not contexts or example.is_step:
            return ""
        return unmeasured(output, example.input, contexts)

    def _one(self, example: Example) -> Verdict | None:
        output, contexts = example.output, _contexts(example)
        if not output or not contexts or example.is_step:
            return None
        said = tuple(filter(None, [example.input]))
        compared = compare(output, _source((*contexts, *said)), _claims_nothing)
        if compared is None or unmeasured(output, example.input, contexts):
            return None
        if any(_abstains(output, *span) for span in compared.spans):  # and the others are talk
            return Verdict(ABSTAINED, (), "The answer says that the contexts do not say.")
        value = self._value(compared)
        if value < EVIDENT:
            return Verdict(value)
        each = [self.probability(features) for features in compared.each]
        least = min(EVIDENT, max(each))
        evidence = tuple(
            Evidence("output", start, end, "unsupported", score=round(found, 4))
            for (start, end), found in zip(compared.spans, each, strict=True)
            if found >= least and not _abstains(output, start, end)
        )
        told = f"{len(evidence)} of {len(each)} sentences are not supported by the contexts."
        return Verdict(value, evidence, told)

    def probability(self, features: Sequence[float]) -> float:
        """Of the problem, for the features of an answer or of one sentence."""
        return _probability(self._odds(features))

    def _odds(self, features: Sequence[float]) -> float:
        return float(self._weights[:-1] @ np.asarray(features) + self._weights[-1])

    def _value(self, compared: Compared) -> float:
        """The claims say on which side of the threshold it is."""
        claims, whole = self._odds(compared.claims), self._odds(compared.whole)
        value = _probability(claims + TALK * (whole - claims))
        if _probability(claims) >= self.threshold:
            return max(value, self.threshold)
        return min(value, self.threshold - 0.01)


def _contexts(example: Example) -> tuple[str, ...]:
    return tuple(filter(str.strip, example.contexts))


def _probability(odds: float) -> float:
    return float(1 / (1 + np.exp(-np.clip(odds, -30, 30))))


def _claims_nothing(output: str, start: int, end: int) -> bool:
    return is_talk(output[start:end]) or _abstains(output, start, end)


def _abstains(output: str, start: int, end: int) -> bool:
    return end - start <= LONGEST and ABSTAINS.search(output, start, end) is not None


@lru_cache(maxsize=32)
def _source(contexts: tuple[str, ...]) -> Source:
    return Source(contexts)
