"""Personal data and secrets. Reads the output; the input where there is no output."""

from collections.abc import Sequence
from typing import ClassVar

from evals.detectors import artefact
from evals.detectors.base import Evidence, Example, Field, Verdict
from evals.detectors.pii_patterns import Found, structured
from evals.detectors.pii_tagger import Tagger, Words
from evals.detectors.text import LIMIT

IMPERSONAL = frozenset({"location", "organization", "nationality", "job_title", "date", "url"})
"""Kinds that name nobody by themselves: evidence, but not a finding."""
IMPERSONAL_SHARE = 0.3
"""What of their probability counts."""


class Detector:
    """Patterns with checks, and a trained tagger; see docs/detectors/pii.md."""

    name: ClassVar[str] = "pii"
    version: ClassVar[str] = "1"
    threshold: ClassVar[float] = 0.5
    needs: ClassVar[tuple[Field, ...]] = ("output",)

    def __init__(self) -> None:
        meta, arrays = artefact.load("pii")
        words = Words(arrays["common"].tobytes().decode().split("\n"))
        self._tagger = Tagger(arrays["weights"].astype(float), words, meta["threshold"])

    def detect(self, examples: Sequence[Example]) -> list[Verdict | None]:
        """One verdict for each example; None where there is no text."""
        return [self._one(example) for example in examples]

    def _one(self, example: Example) -> Verdict | None:
        if example.output and example.output.strip():
            return self._judged(example.output, "output")
        if example.input and example.input.strip():
            return self._judged(example.input, "input")
        return None

    def _judged(self, text: str, field: Field) -> Verdict:
        found = spans_of(text[:LIMIT], self._tagger)
        value = max((weight(one) for one in found), default=0.01)
        kinds = sorted({one.kind for one in found})
        evidence = tuple(
            Evidence(field, one.start, one.end, one.kind, score=round(one.score, 4))
            for one in found
        )
        return Verdict(value, evidence, f"Found: {', '.join(kinds)}." if kinds else "")


def weight(found: Found) -> float:
    """How probable it is that this is about a person, or a secret."""
    return found.score * (IMPERSONAL_SHARE if found.kind in IMPERSONAL else 1.0)


def spans_of(text: str, tagger: Tagger) -> list[Found]:
    """All kinds in the order of the text; what has a form of its own goes first."""
    text = text.encode("utf-8", "replace").decode()  # RE2 takes no half of a surrogate pair
    found = structured(text)
    taken = bytearray(len(text))
    for one in found:
        taken[one.start : one.end] = b"\1" * (one.end - one.start)
    for tagged in tagger.tag(text):
        if taken.find(1, tagged.start, tagged.end) < 0:
            found.append(Found(tagged.start, tagged.end, tagged.label, tagged.score))
    return sorted(found, key=lambda one: one.start)
