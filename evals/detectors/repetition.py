"""The model repeats itself: a loop of words, a paragraph told again. Reads the output."""

import math
import re
from collections.abc import Sequence
from typing import ClassVar

from evals.detectors.base import Evidence, Example, Field, Verdict
from evals.detectors.text import LIMIT, Span, tokens

LENGTH = 8
"""Words in a row that must return to count as repeated."""
FEWEST = 2 * LENGTH
"""Words below which there is nothing to say."""
MIDDLE, STEEPNESS = 0.3, 14.0
"""The share of repeated words at which the value is one half, and how fast it grows there."""

_RUN = re.compile(r"([^\s\-=_*#.~|])\1{24,}")
"""One character over and over; lines drawn of dashes are no repetition."""


class Detector:
    """The share of words in stretches that stood in the text before; a rule, not trained."""

    name: ClassVar[str] = "repetition"
    version: ClassVar[str] = "1"
    threshold: ClassVar[float] = 0.5
    needs: ClassVar[tuple[Field, ...]] = ("output",)

    def detect(self, examples: Sequence[Example]) -> list[Verdict | None]:
        """One verdict for each example; None where the output is absent."""
        return [self._one(example.output) for example in examples]

    def _one(self, output: str | None) -> Verdict | None:
        if output is None or not output.strip():
            return None
        text = output[:LIMIT]
        runs = [match.span() for match in _RUN.finditer(text)]
        share, spans = repeated(text)
        drawn = sum(end - start for start, end in runs) / len(text)
        share = max(share, drawn)
        value = 1 / (1 + math.exp(-STEEPNESS * (share - MIDDLE)))
        if value < self.threshold:
            return Verdict(value)
        evidence = tuple(
            Evidence("output", start, end, "repeated") for start, end in sorted([*spans, *runs])
        )
        return Verdict(value, evidence, f"{share:.0%} of the answer stood in it before.")


def repeated(text: str) -> tuple[float, list[Span]]:
    """The share of words that lie in a row of LENGTH words seen before, and where those lie."""
    found = tokens(text)
    if len(found) < FEWEST:
        return 0.0, []
    words = [token[0].lower() for token in found]
    seen: set[tuple[str, ...]] = set()
    spans: list[Span] = []
    covered = first = last = 0
    for place in range(len(words) - LENGTH + 1):
        row = tuple(words[place : place + LENGTH])
        if row not in seen:
            seen.add(row)
            continue
        if place > last or not covered:
            if covered:
                spans.append((found[first].start(), found[last - 1].end()))
            first = last = place
        covered += place + LENGTH - last
        last = place + LENGTH
    if covered:
        spans.append((found[first].start(), found[last - 1].end()))
    return covered / len(words), spans
