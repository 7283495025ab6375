"""Hashed n-grams: what the linear models see of a text.

A text becomes three blocks of features, each a set of buckets scaled to length 1:

- characters: n-grams inside a word and its borders, which bear misspellings and inflection;
- words: single ones, pairs and triples;
- classes: the text with the words of a lexicon replaced by the name of their class (`ignore` and
  `vergiss` by OVERRIDE), as pairs and triples, and the classes alone with what lies between
  left out. They carry a pattern over to words that the training data lacks.
"""

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from zlib import crc32

import numpy as np
import numpy.typing as npt

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
    limit: int = 40_000
    """Characters that are read: of a longer text as many from its start as from its end."""
    margin: float | None = None
    """The score is that of the whole text or, if greater, that of its strongest segment less this
    margin. None: the segments do not count."""
    whole: bool = True
    """Whether the whole text counts, or its segments alone."""


@dataclass(frozen=True, slots=True)
class Block:
    """Features of one kind, one entry for each place where one occurs."""

    buckets: Ints
    starts: Ints
    ends: Ints
    """Characters [start, end) of the text."""
    weight: float


@dataclass(frozen=True, slots=True)
class Entries:
    """The features of the segments of a text: entries of a sparse matrix, each place once."""

    segments: Ints
    buckets: Ints
    values: Floats


@dataclass
class Reader:
    """Turns texts into features."""

    settings: Settings
    lexicon: Lexicon
    _memory: dict[str, tuple[int, int]] = field(default_factory=dict, repr=False)

    def entries(self, text: str, bounds: Ints | None = None) -> Entries:
        """The features of each segment; without `bounds` the text is one.

        `bounds`: starts and ends of the segments, ascending, shape (segments, 2). A feature that
        crosses a bound is left out.
        """
        return self.gather(self.blocks(fold(text)), bounds)

    def gather(self, blocks: list[Block], bounds: Ints | None = None) -> Entries:
        """The features of each segment, from those of the text; see `entries`."""
        bits = self.settings.bits
        parts = [(_NONE, _NONE, _NONE.astype(np.float64))]
        for block in blocks:
            if bounds is None:
                keys = np.unique(block.buckets)
            else:
                segment = np.searchsorted(bounds[:, 0], block.starts, side="right") - 1
                whole = (segment >= 0) & (block.ends <= bounds[segment, 1])
                keys = np.unique((segment[whole] << bits) | block.buckets[whole])
            owner = keys >> bits
            scale = block.weight / np.sqrt(np.maximum(np.bincount(owner, minlength=1), 1))
            parts.append((owner, keys & ((1 << bits) - 1), scale[owner]))
        segment, buckets, values = (np.concatenate(each) for each in zip(*parts, strict=True))
        return Entries(segment, buckets, values)

    def blocks(self, text: str) -> list[Block]:
        """The features of a folded text with their places."""
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
        space = codes == ord(" ")
        spaces = np.concatenate(([0], np.cumsum(space)))
        hashes = codes.astype(np.uint64)
        found, starts, ends = [], [], []
        for length in range(2, self.settings.longest + 1):
            if len(codes) < length:
                break
            hashes = hashes[:-1] * STEP + codes[length - 1 :]
            if length < self.settings.shortest:
                continue
            inner = spaces[length - 1 : -1] - spaces[1 : len(spaces) - length + 1]
            kept = np.flatnonzero(inner == 0)
            found.append(hashes[kept] + np.uint64(length))
            starts.append(kept - 1 + space[kept])
            ends.append(kept - 1 + length - space[kept + length - 1])
        if not found:
            return _nothing()
        return np.concatenate(found), np.concatenate(starts), np.concatenate(ends)

    def _block(self, weight: float, hashes: Hashes, starts: Ints, ends: Ints) -> Block:
        mixed = (hashes ^ (hashes >> np.uint64(29))) * FACTOR
        buckets = (mixed >> np.uint64(64 - self.settings.bits)).astype(np.int64)
        return Block(buckets, starts, ends, weight)


_NONE = np.empty(0, dtype=np.int64)


def _nothing() -> tuple[Hashes, Ints, Ints]:
    return _NONE.astype(np.uint64), _NONE, _NONE


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
