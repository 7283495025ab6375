"""A logistic model over hashed n-grams: what the trained detectors share. Needs NumPy alone.

The score is a weighted sum, so it is known what each place of a text contributed: that is where
the evidence comes from.
"""

import re
from dataclasses import asdict, dataclass
from typing import Any, Self

import numpy as np

from evals.detectors import artefact
from evals.detectors.base import Evidence, Field, Verdict
from evals.detectors.ngrams import TOKEN, Entries, Floats, Lexicon, Reader, Settings, fold
from evals.detectors.segments import segments

NEAR = 1.5
"""Segments that score so much less than the strongest one (in log odds) are evidence too."""
LOWERED = 0.3
"""The part of the mean heat that a word must exceed to be evidence."""
MOST = 3
"""Pieces of evidence for one text."""


@dataclass(frozen=True, slots=True)
class Span:
    """Characters [start, end) that speak for the problem, and how loudly (in log odds)."""

    start: int
    end: int
    weight: float


@dataclass
class Model:
    """A trained model: score texts, say why."""

    reader: Reader
    weights: Floats
    """One for each bucket; the last is the intercept."""
    calibration: Floats
    """Slope and offset that turn a raw score into log odds (Platt)."""
    meta: dict[str, Any]

    @classmethod
    def load(cls, name: str, lexicon: Lexicon) -> Self:
        """Read `models/NAME.npz`."""
        meta, arrays = artefact.load(name)
        settings = Settings(**{**meta["settings"], "weights": tuple(meta["settings"]["weights"])})
        weights = arrays["weights"].astype(np.float64)
        return cls(Reader(settings, lexicon), weights, arrays["calibration"], meta)

    def save(self, name: str) -> None:
        """Write `models/NAME.npz`."""
        artefact.save(
            name,
            {**self.meta, "settings": asdict(self.reader.settings)},
            weights=self.weights.astype(np.float16),
            calibration=self.calibration,
        )

    def raw(self, text: str) -> float:
        """The uncalibrated score of one text: of the whole, or of its strongest segment."""
        settings = self.reader.settings
        text = self.reader.shorten(text)[0]
        blocks = self.reader.blocks(fold(text))
        best = -np.inf
        if settings.whole:
            best = float(self._scores(self.reader.gather(blocks), 1)[0])
        if settings.margin is not None:
            bounds = segments(text)
            if len(bounds) > 1 or not settings.whole:
                each = self._scores(self.reader.gather(blocks, bounds), len(bounds))
                best = max(best, float(each.max()) - settings.margin)
        return best

    def probability(self, raw: float) -> float:
        """The calibrated probability that a raw score stands for."""
        odds = self.calibration[0] * raw + self.calibration[1]
        return float(1.0 / (1.0 + np.exp(-np.clip(odds, -30.0, 30.0))))

    def spans(self, text: str) -> list[Span]:
        """What raises the score most, in the order of the text.

        Segments where these are what counts; else stretches of words, in the strongest segments
        if one of them is suspicious by itself.
        """
        settings = self.reader.settings
        short, gap = self.reader.shorten(text)
        bounds = np.array([[0, len(short)]])
        if settings.margin is not None:
            every = segments(short)
            each = self._scores(self.reader.entries(short, every), len(every))
            strong = np.flatnonzero(each >= max(float(each.max()) - NEAR, settings.margin))
            strong = np.sort(strong[np.argsort(-each[strong], kind="stable")[:MOST]])
            if not settings.whole:
                strong = strong if len(strong) else np.array([each.argmax()])
                loud = [(*every[place].tolist(), float(each[place])) for place in strong]
                return [self._moved(Span(*one), short, gap) for one in loud]
            bounds = every[strong] if len(strong) else bounds
        found: list[Span] = []
        for begin, end in bounds:
            found += self._stretches(short[begin:end], int(begin), MOST if len(bounds) == 1 else 1)
        return [self._moved(span, short, gap) for span in found]

    def _scores(self, entries: Entries, count: int) -> Floats:
        parts = entries.values * self.weights[entries.buckets]
        sums = np.bincount(entries.segments, weights=parts, minlength=count)
        return np.asarray(sums + self.weights[-1])

    @staticmethod
    def _moved(span: Span, short: str, gap: int) -> Span:
        """The span in the whole text, of which `gap` characters were left out in the middle."""
        half = len(short) // 2
        if not gap or span.end <= half:
            return span
        if span.start >= half:
            return Span(span.start + gap, span.end + gap, span.weight)
        return Span(span.start, half, span.weight)

    def _stretches(self, text: str, offset: int, most: int) -> list[Span]:
        tokens = list(TOKEN.finditer(fold(text)))
        if not tokens:
            return []
        found = []
        for first, last, weight in stretches(self._heat(text, tokens), most):
            start, end = tokens[first].start(), tokens[last].end()
            if any(character.isalnum() for character in text[start:end]):
                found.append(Span(start + offset, end + offset, weight))
        return sorted(found, key=lambda span: span.start)

    def _heat(self, text: str, tokens: list[re.Match[str]]) -> Floats:
        """What each token adds to the score: that of an n-gram is shared by the tokens it spans."""
        begins = np.array([token.start() for token in tokens])
        heat = np.zeros(len(begins) + 1)
        for block in self.reader.blocks(fold(text)):
            _, place, counts = np.unique(block.buckets, return_inverse=True, return_counts=True)
            scale = block.weight / len(counts) ** 0.5
            parts = scale * self.weights[block.buckets] / counts[place]
            first = np.maximum(np.searchsorted(begins, block.starts, side="right") - 1, 0)
            last = np.maximum(np.searchsorted(begins, block.ends, side="left") - 1, first)
            parts /= last - first + 1
            np.add.at(heat, first, parts)
            np.add.at(heat, last + 1, -parts)
        return np.cumsum(heat)[:-1]


def stretches(heat: Floats, most: int) -> list[tuple[int, int, float]]:
    """Up to `most` disjoint runs (first, last, sum) of greatest sum; weak ones are left out.

    Each entry is first lowered by a part of the mean, so that runs end where the heat does.
    """
    rest = heat - LOWERED * max(float(heat.mean()), 0.0)
    found: list[tuple[int, int, float]] = []
    while len(found) < most:
        sums = np.concatenate(([0.0], np.cumsum(rest)))
        gains = sums[1:] - np.minimum.accumulate(sums[:-1])
        last = int(np.argmax(gains))
        gain = float(gains[last])
        if gain <= 0.0 or (found and gain < 0.3 * found[0][2]):
            break
        first = int(np.argmin(sums[: last + 1]))
        found.append((first, last, gain))
        rest[first : last + 1] = -1e9
    return found


@dataclass(frozen=True, slots=True)
class Judge:
    """A model with what a detector says about one text."""

    model: Model
    threshold: float
    label: str
    """Of the evidence."""
    finding: str
    """The sentence that introduces the evidence."""

    def __call__(self, text: str, part: Field, index: int = 0) -> Verdict:
        """The verdict on one text, which is `part` of an example (context number `index`)."""
        value = self.model.probability(self.model.raw(text))
        if value < self.threshold:
            return Verdict(value)
        spans = self.model.spans(text)
        evidence = tuple(
            Evidence(part, span.start, span.end, self.label, index, round(span.weight, 3))
            for span in spans
        )
        loudest = max(spans, key=lambda span: span.weight, default=None)
        if loudest is None:
            return Verdict(value, evidence, f"{self.finding}.")
        quote = " ".join(text[loudest.start : loudest.end].split())
        return Verdict(value, evidence, f"{self.finding}: “{shortened(quote)}”.")


def shortened(quote: str, most: int = 120) -> str:
    """A quotation that fits on a line or two."""
    return quote if len(quote) <= most else quote[: most - 1] + "…"
