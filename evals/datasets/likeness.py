"""How alike two inputs are, without comparing all with all. Pure.

A text becomes the set of its character 5-grams (case, punctuation and spaces set aside); of the set
HASHES minima of hashes are kept (MinHash, Broder 1997). The share of equal minima estimates the
Jaccard similarity of the sets, with a standard error of at most 0.072. Minima are joined to BANDS
values of ROWS each: two texts are compared only if they have a value in common, which happens with
probability 1 - (1 - s^ROWS)^BANDS, s being their similarity: 0.9996 at 0.85, 0.97 at 0.7, 0.09 at
0.3.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray

SHINGLE, HASHES, ROWS = 5, 48, 4
BANDS = HASHES // ROWS
LONGEST = 20_000
"""Characters that are sketched: two texts that agree so far are alike."""
ALIKE = 0.7
"""From here on two inputs are shown as near-duplicates."""
AT_ONCE = 2_048
"""Shingles that are hashed together, to bound the memory."""


def _constants(name: bytes, number: int) -> NDArray[np.uint64]:
    """The same for ever, unlike a generator of random numbers: prints are stored."""
    made = (blake2b(name + b"%d" % n, digest_size=8).digest() for n in range(number))
    return np.array([int.from_bytes(one, "big") for one in made], dtype=np.uint64)


_A = _constants(b"a", HASHES) | np.uint64(1)
_B = _constants(b"b", HASHES)
_POWERS = np.array([pow(0x9E3779B97F4A7C15, n, 2**64) for n in range(SHINGLE)], dtype=np.uint64)


@dataclass(frozen=True, slots=True)
class Print:
    """What is kept of a text: `whole` is equal for equal words, `minima` are 4 * HASHES bytes."""

    whole: int
    minima: bytes

    def bands(self, of: int) -> list[int]:
        """Values to find it by among those of the same `of`, as signed 8-byte integers."""
        size = 4 * ROWS
        return [
            _number(b"%d/%d/" % (of, n) + self.minima[n * size : (n + 1) * size])
            for n in range(BANDS)
        ]


def print_of(text: str) -> Print | None:
    """None for a text without a word or sign."""
    plain = normal(text)
    if not plain:
        return None
    return Print(_number(plain.encode("utf-8", "replace")), _minima(plain[:LONGEST]).tobytes())


def normal(text: str) -> str:
    """Letters and digits in one case, single spaces between; of signs alone, these."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    words = "".join(one if one.isalnum() else " " for one in folded).split()
    return " ".join(words) or " ".join(folded.split())


def similarity(one: bytes, other: bytes) -> float:
    """Of two `minima`, from 0 to 1."""
    pair = [np.frombuffer(minima, dtype=np.uint32) for minima in (one, other)]
    return float(np.mean(pair[0] == pair[1]))


def _minima(text: str) -> NDArray[np.uint32]:
    shingles = _shingles(text)
    least = np.full(HASHES, 2**32 - 1, dtype=np.uint32)
    for begin in range(0, len(shingles), AT_ONCE):
        some = shingles[begin : begin + AT_ONCE, None] * _A + _B
        least = np.minimum(least, (some >> np.uint64(32)).astype(np.uint32).min(axis=0))
    return least


def _shingles(text: str) -> NDArray[np.uint64]:
    """A hash of each run of SHINGLE characters, each once; of a shorter text, of the whole."""
    points = np.frombuffer(text.encode("utf-32-le", "replace"), dtype=np.uint32).astype(np.uint64)
    length = max(1, len(points) - SHINGLE + 1)
    mixed = np.zeros(length, dtype=np.uint64)
    for n in range(min(SHINGLE, len(points))):
        mixed += (points[n : n + length] + np.uint64(1)) * _POWERS[n]
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):  # splitmix64
        mixed = (mixed ^ (mixed >> np.uint64(shift))) * np.uint64(factor)
    return np.unique(mixed ^ (mixed >> np.uint64(31)))


def _number(data: bytes) -> int:
    return int.from_bytes(blake2b(data, digest_size=8).digest(), "big", signed=True)


def alike_within(
    prints: Sequence[Print | None], most: int = 3
) -> dict[int, list[tuple[int, float]]]:
    """By place in the list: earlier places that are alike, the most alike first, at most `most`.

    Of texts that share a band only the first 20 are compared.
    """
    holders: dict[int, list[int]] = {}
    found: dict[int, list[tuple[int, float]]] = {}
    for at, one in enumerate(prints):
        if one is None:
            continue
        bands = one.bands(0)
        near: dict[int, float] = {}
        for band in bands:
            for other in holders.get(band, ()):
                if other not in near:
                    near[other] = similarity(one.minima, prints[other].minima)  # type: ignore[union-attr]
        for band in bands:
            held = holders.setdefault(band, [])
            if len(held) < 20:
                held.append(at)
        alike = sorted(((n, s) for n, s in near.items() if s >= ALIKE), key=lambda p: (-p[1], p[0]))
        if alike:
            found[at] = alike[:most]
    return found
