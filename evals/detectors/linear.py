"""A logistic model over hashed n-grams: what the trained detectors share. Needs NumPy alone.

A text becomes three blocks of features, each a set of buckets scaled to length 1:

- characters: n-grams inside a word and its borders, which bear misspellings and inflection;
- words: single ones, pairs and triples;
- classes: the text with the words of a lexicon replaced by the name of their class (`ignore` and
  `vergiss` by OVERRIDE), as pairs and triples, and the classes alone with what lies between
  left out. They carry a pattern over to words that the training data lacks.

The score is a weighted sum, so it is known what each place of a text contributed: that is where
the evidence comes from.
"""

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Self
from zlib import crc32

import numpy as np
import numpy.typing as npt

from evals.detectors import artefact
from evals.detectors.base import Evidence, Field, Verdict

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Hashes = npt.NDArray[np.uint64]

TOKEN = re.compile(r"\w+(?:'\w+)*|[^\w\s]")
LEET = str.maketrans("0134579@$!+", "oieastgasit")
REPEATED = re.compile(r"(.)\1{2,}")
MEMORY = 200_000
"""Words whose hash and class are remembered; when full, it is emptied."""
FACTOR = np.uint64(0x9E3779B97F4A7C15)
STEP = np.uint64(1_000_003)


class _Folding(dict[int, int]):
    """One character for one character: lower case, compatibility forms resolved, spaces alike."""

    def __missing__(self, code: int) -> int:
        character = chr(code)
        plain = unicodedata.normalize("NFKC", character).lower()
        if character.isspace() or plain.isspace():
            plain = " "
        self[code] = ord(plain) if len(plain) == 1 else code
        return self[code]


FOLDING = _Folding({ord("’"): ord("'"), ord("‘"): ord("'"), ord("`"): ord("'")})


def fold(text: str) -> str:
    """The text in a canonical spelling, of the same length: offsets stay true."""
    return text.translate(FOLDING)


class Lexicon:
    """Classes of words. A word ending in `*` stands for all that begin with it."""

    def __init__(self, classes: Mapping[str, str]) -> None:
        """`classes`: name of a class → its words, separated by white space."""
        self.names = tuple(classes)
        self._whole: dict[str, int] = {}
        self._beginnings: dict[str, int] = {}
        for number, words in enumerate(classes.values(), start=1):
            for word in words.split():
                if word.endswith("*"):
                    self._beginnings[word[:-1]] = number
                else:
                    self._whole[word] = number
        self._lengths = sorted({len(word) for word in self._beginnings}, reverse=True)

    def find(self, word: str) -> int:
        """The number of its class, counted from 1; 0 if it is in none. Sees through 1337 speech."""
        return self._look_up(word) or self._look_up(REPEATED.sub(r"\1", word.translate(LEET)))

    def _look_up(self, word: str) -> int:
        if number := self._whole.get(word):
            return number
        for length in self._lengths:
            if number := self._beginnings.get(word[:length]):
                return number
        return 0


@dataclass(frozen=True, slots=True)
class Settings:
    """How texts become features. Kept in the artefact: other settings need another training."""

    bits: int = 18
    """There are 2**bits buckets."""
    shortest: int = 3
    longest: int = 5
    """Lengths of the n-grams of characters."""
    words: int = 2
    """How many words in a row make a feature, at most."""
    weights: tuple[float, float, float] = (1.0, 1.0, 1.0)
    """Of the blocks characters, words, classes; 0 leaves a block out."""
    limit: int = 8_000
    """Characters that are read: of a longer text as many from its start as from its end."""


@dataclass(frozen=True, slots=True)
class Block:
    """Features of one kind, one entry for each place where one occurs."""

    buckets: Ints
    starts: Ints
    ends: Ints
    """Characters [start, end) of the text."""
    scale: float
    """What each different bucket counts for."""


@dataclass
class Reader:
    """Turns texts into features."""

    settings: Settings
    lexicon: Lexicon
    _memory: dict[str, tuple[int, int]] = field(default_factory=dict, repr=False)

    def blocks(self, text: str) -> list[Block]:
        """The features of a text with their places. `text` must be folded and within the limit."""
        blocks = []
        characters, words, classes = self.settings.weights
        if characters:
            blocks.append(self._block(characters, *self._characters(text)))
        if words or classes:
            tokens = list(TOKEN.finditer(text))
            known = [self._know(token.group()) for token in tokens]
            places = np.array([token.span() for token in tokens], dtype=np.int64).reshape(-1, 2)
            hashes = np.array([each for each, _ in known], dtype=np.uint64)
            numbers = np.array([number for _, number in known], dtype=np.uint64)
            if words:
                runs = _runs(hashes, places, range(1, self.settings.words + 1), salt=1)
                blocks.append(self._block(words, *runs))
            if classes:
                blocks.append(self._block(classes, *_class_runs(hashes, numbers, places)))
        return [block for block in blocks if len(block.buckets)]

    def shorten(self, text: str) -> tuple[str, int]:
        """Start and end of a long text, and how many characters between them are left out."""
        excess = len(text) - self.settings.limit
        if excess <= 0:
            return text, 0
        half = self.settings.limit // 2
        return text[:half] + text[-half:], len(text) - 2 * half

    def _know(self, word: str) -> tuple[int, int]:
        if (known := self._memory.get(word)) is None:
            if len(self._memory) >= MEMORY:
                self._memory.clear()
            known = crc32(word.encode("utf-8", "replace")), self.lexicon.find(word)
            self._memory[word] = known
        return known

    def _characters(self, text: str) -> tuple[Hashes, Ints, Ints]:
        codes = np.frombuffer(f" {text} ".encode("utf-32-le", "replace"), dtype=np.uint32)
        spaces = np.concatenate(([0], np.cumsum(codes == ord(" "))))
        hashes = codes.astype(np.uint64)
        found, starts, lengths = [], [], []
        for length in range(2, self.settings.longest + 1):
            if len(codes) < length:
                break
            hashes = hashes[:-1] * STEP + codes[length - 1 :]
            if length < self.settings.shortest:
                continue
            first = np.arange(len(hashes))
            inner = spaces[first + length - 1] - spaces[first + 1]
            kept = np.flatnonzero(inner == 0)
            found.append(hashes[kept] + np.uint64(length))
            starts.append(kept)
            lengths.append(np.full(len(kept), length))
        if not found:
            return _nothing()
        begin = np.concatenate(starts)
        end = np.minimum(begin + np.concatenate(lengths) - 1, len(text))
        return np.concatenate(found), np.maximum(begin - 1, 0), end

    def _block(self, weight: float, hashes: Hashes, starts: Ints, ends: Ints) -> Block:
        mixed = (hashes ^ (hashes >> np.uint64(29))) * FACTOR
        buckets = (mixed >> np.uint64(64 - self.settings.bits)).astype(np.int64)
        different = len(np.unique(buckets))
        return Block(buckets, starts, ends, weight / max(different, 1) ** 0.5)


def _nothing() -> tuple[Hashes, Ints, Ints]:
    none = np.empty(0, dtype=np.int64)
    return none.astype(np.uint64), none, none


def _runs(
    hashes: Hashes, places: Ints, lengths: Iterable[int], salt: int
) -> tuple[Hashes, Ints, Ints]:
    """Runs of tokens: their hashes, where they start and end."""
    found, starts, ends = [], [], []
    for length in lengths:
        count = len(hashes) - length + 1
        if count <= 0:
            break
        run = np.full(count, salt * 64 + length, dtype=np.uint64)
        for offset in range(length):
            run = (run ^ hashes[offset : offset + count]) * FACTOR
        found.append(run)
        starts.append(places[:count, 0])
        ends.append(places[length - 1 :, 1])
    if not found:
        return _nothing()
    return np.concatenate(found), np.concatenate(starts), np.concatenate(ends)


def _class_runs(hashes: Hashes, numbers: Hashes, places: Ints) -> tuple[Hashes, Ints, Ints]:
    """Runs with words replaced by their class, as far as they hold one; runs of classes alone."""
    classed = numbers > 0
    if not classed.any():
        return _nothing()
    mixed = np.where(classed, numbers, hashes << np.uint64(8))
    near = classed.copy()
    near[1:] |= classed[:-1]
    near[:-1] |= classed[1:]
    parts = [
        _runs(mixed[near], places[near], (2, 3), salt=2),
        _runs(numbers[classed], places[classed], (1, 2, 3), salt=3),
    ]
    joined = [np.concatenate(each) for each in zip(*parts, strict=True)]
    return joined[0], joined[1], joined[2]


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
    knots: tuple[Floats, Floats]
    """Raw scores and the log odds that they stand for; between them it is interpolated."""
    meta: dict[str, Any]

    @classmethod
    def load(cls, name: str, lexicon: Lexicon) -> Self:
        """Read `models/NAME.npz`."""
        meta, arrays = artefact.load(name)
        settings = Settings(**{**meta["settings"], "weights": tuple(meta["settings"]["weights"])})
        return cls(
            Reader(settings, lexicon),
            arrays["weights"].astype(np.float64),
            (arrays["knots_raw"].astype(np.float64), arrays["knots_odds"].astype(np.float64)),
            meta,
        )

    def save(self, name: str) -> None:
        """Write `models/NAME.npz`."""
        artefact.save(
            name,
            {**self.meta, "settings": asdict(self.reader.settings)},
            weights=self.weights.astype(np.float16),
            knots_raw=self.knots[0],
            knots_odds=self.knots[1],
        )

    def raw(self, text: str) -> float:
        """The uncalibrated score of one text."""
        total = float(self.weights[-1])
        for block in self.reader.blocks(self.reader.shorten(fold(text))[0]):
            total += block.scale * float(self.weights[np.unique(block.buckets)].sum())
        return total

    def probability(self, raw: float) -> float:
        """The calibrated probability for a raw score; beyond the outer knots a straight line."""
        scores, odds = self.knots
        first, last = (1, 0) if raw < scores[0] else (-1, -2)
        if scores[0] <= raw <= scores[-1]:
            value = float(np.interp(raw, scores, odds))
        else:
            slope = (odds[first] - odds[last]) / (scores[first] - scores[last])
            edge = 0 if raw < scores[0] else -1
            value = float(odds[edge] + slope * (raw - scores[edge]))
        return 1.0 / (1.0 + float(np.exp(-np.clip(value, -30.0, 30.0))))

    def spans(self, text: str, most: int = 3) -> list[Span]:
        """The stretches of words that raise the score most, in the order of the text."""
        short, gap = self.reader.shorten(fold(text))
        tokens = [token.span() for token in TOKEN.finditer(short)]
        if not tokens:
            return []
        begins = np.array([begin for begin, _ in tokens])
        heat = self._heat(short, begins)
        half = len(short) // 2
        found = []
        for first, last, weight in stretches(heat, most):
            start, end = tokens[first][0], tokens[last][1]
            if gap and start < half < end:  # the cut would be inside: keep what is before it
                end = half
            shift = gap if start >= half else 0
            found.append(Span(start + shift, end + shift, weight))
        return sorted(found, key=lambda span: span.start)

    def _heat(self, text: str, begins: Ints) -> Floats:
        """What each token adds to the score: that of an n-gram is shared by the tokens it spans."""
        heat = np.zeros(len(begins) + 1)
        for block in self.reader.blocks(text):
            counts = np.bincount(block.buckets, minlength=2)
            parts = block.scale * self.weights[block.buckets] / counts[block.buckets]
            first = np.maximum(np.searchsorted(begins, block.starts, side="right") - 1, 0)
            last = np.maximum(np.searchsorted(begins, block.ends, side="left") - 1, first)
            parts /= last - first + 1
            np.add.at(heat, first, parts)
            np.add.at(heat, last + 1, -parts)
        return np.cumsum(heat)[:-1]


def stretches(heat: Floats, most: int) -> list[tuple[int, int, float]]:
    """Up to `most` disjoint runs (first, last, sum) of greatest sum; weak ones are left out.

    Each entry is first lowered by the mean heat of the text, so that runs stay short.
    """
    rest = heat - max(float(heat.mean()), 0.0)
    found: list[tuple[int, int, float]] = []
    while len(found) < most:
        sums = np.concatenate(([0.0], np.cumsum(rest)))
        lowest = np.minimum.accumulate(sums[:-1])
        gains = sums[1:] - lowest
        last = int(np.argmax(gains))
        gain = float(gains[last])
        if gain <= 0.0 or (found and gain < 0.3 * found[0][2]):
            break
        first = int(np.argmin(sums[: last + 1]))
        found.append((first, last, gain))
        rest[first : last + 1] = -np.inf if len(rest) == 1 else -1e9
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
