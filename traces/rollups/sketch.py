"""Distributions that can be added up: DDSketch with a relative error of one percent.

A value v (milliseconds) is counted under the key ceil(log_gamma v), gamma = (1 + a) / (1 - a); any
quantile read back is within a = 1 % of a value of the true rank (Masson, Rim, Lee: "DDSketch: a
fast and fully-mergeable quantile sketch with relative-error guarantees", PVLDB 12, 2019). The
mapping is the library's; adding thousands of sketches up is an array's work, not an object's.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

import numpy as np
from ddsketch.mapping import LogarithmicMapping
from numpy.typing import NDArray

ACCURACY = 0.01
MAPPING = LogarithmicMapping(ACCURACY)
LOWEST, HIGHEST = -350, 1_400
"""Keys that are kept: about a microsecond to 15 days in milliseconds; others are clamped."""

KEY_OF_MS = (
    f"least({HIGHEST}, greatest({LOWEST}, ceil(ln(greatest({{}}, 1e-3))"
    f" / {math.log(MAPPING.gamma)!r})))::int2"
)
"""SQL of the key of a value in milliseconds."""

VALUES = tuple(float(MAPPING.value(key)) for key in range(LOWEST, HIGHEST + 1))
"""Milliseconds of each key."""

Counts = NDArray[np.int64]


def empty() -> Counts:
    return np.zeros(HIGHEST - LOWEST + 1, dtype=np.int64)


def of_keys(keys: Sequence[int]) -> Counts:
    """Counts by key, at position key - LOWEST."""
    found = np.asarray(keys, dtype=np.int64) - LOWEST
    return np.bincount(found, minlength=HIGHEST - LOWEST + 1)


def pack(counts: Counts) -> bytes:
    """Keys (int16) and then counts (uint32) of what is not zero, little-endian."""
    held = np.flatnonzero(counts)
    keys = (held + LOWEST).astype("<i2").tobytes()
    return keys + np.minimum(counts[held], 2**32 - 1).astype("<u4").tobytes()


def unpacked_sum(packed: Iterable[bytes]) -> Counts:
    """The sum of packed sketches."""
    summed: Counts = unpacked_rows([packed])[0]
    return summed


def unpacked_rows(many: Sequence[Iterable[bytes]]) -> Counts:
    """The sum of each of many lists of packed sketches, a row for each: in one pass."""
    keys, counts, bins = [], [], np.zeros(len(many), dtype=np.int64)
    for row, packed in enumerate(many):
        for data in packed:
            held = len(data) // 6
            keys.append(data[: 2 * held])
            counts.append(data[2 * held :])
            bins[row] += held
    width = HIGHEST - LOWEST + 1
    at = np.frombuffer(b"".join(keys), dtype="<i2").astype(np.int64) - LOWEST
    at += np.repeat(np.arange(len(many)) * width, bins)
    weights = np.frombuffer(b"".join(counts), dtype="<u4")
    summed = np.bincount(at, weights=weights, minlength=len(many) * width)
    return summed.astype(np.int64).reshape(len(many), width)


def quantile(counts: Counts, share: float) -> float | None:
    """The value in milliseconds below which `share` of the values lie; None of no values."""
    running = counts.cumsum()
    total = int(running[-1])
    if total == 0:
        return None
    return VALUES[int(np.searchsorted(running, math.floor(share * (total - 1)) + 1))]


def quantiles(rows: Counts, shares: Sequence[float]) -> list[list[float | None]]:
    """For each share the quantile of each row, as `quantile` has it."""
    running = rows.cumsum(axis=1)
    totals = running[:, -1]
    found = []
    for share in shares:
        ranks = np.floor(share * (totals - 1)) + 1
        places = (running < ranks[:, np.newaxis]).sum(axis=1)
        known = zip(places.tolist(), totals.tolist(), strict=True)
        found.append([VALUES[at] if total else None for at, total in known])
    return found
