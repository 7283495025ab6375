"""Recorded calls behind a cache, in time order: what would it have answered, and how often wrongly?

A cache holds the answers of calls that it could not answer itself (misses); what it answers leaves
nothing new in it. An entry is there from the moment its call had ended, for `ttl_ns` from then.

- **exact**: the newest entry with the same fingerprint (`traces.conventions.fingerprints`).
- **vector**, for each threshold: of the entries of the same group the one with the highest cosine
  similarity of what was asked, if that is at or above the threshold; the newest of equal ones.

A hit is **wrong** where the answer that was given then and the one that it would have been given
disagree; what that means is the caller's (`disagree`), and None where nobody knows.

All thresholds are replayed in one pass: similarities are made block by block against what some
cache holds (at most n x block floats in memory), and each cache looks among the same candidates.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import sqrt

import numpy as np
from numpy.typing import NDArray
from scipy.stats import norm

from traces.intervals import wilson

BLOCK = 512
"""Calls whose similarities to all entries are held at once."""
TOLERANCE = 1e-5
"""What rounding of 32-bit floats leaves of equal vectors."""
EXACT = -1.0
"""Stands for the exact cache among thresholds."""

THRESHOLDS = (
    *(0.7, 0.75, 0.8, 0.82, 0.84, 0.86, 0.88, 0.9),
    *(0.92, 0.94, 0.95, 0.96, 0.97, 0.98, 0.99, 0.995),
)
"""Of cosine similarity, that are replayed."""

Disagree = Callable[[NDArray[np.int64], NDArray[np.int64]], NDArray[np.float64]]
"""Calls and the entries that they would get, to 1 (wrong), 0 (right) or NaN (nobody knows)."""
Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Calls:
    """Arrays of one length n, oldest first by `start_ns`.

    `group`: only calls of one group answer each other. `fingerprint` 0 is none. `vectors` (n, d)
    are unit rows, all zero where there is none. `cost` (pico dollars) is 0 where unknown.
    """

    start_ns: NDArray[np.int64]
    end_ns: NDArray[np.int64]
    group: NDArray[np.int64]
    fingerprint: NDArray[np.int64]
    vectors: NDArray[np.float32]
    cost: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.start_ns)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one cache did. `source`: for each call the entry that answered it, or -1."""

    threshold: float
    source: NDArray[np.int64]
    similarity: NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Point:
    """One cache in figures. Money in pico dollars, `saved_ns` the time of the calls not made.

    `wrong` of `judged` hits; `low` and `high` are Wilson's 95 % interval of their share.
    """

    threshold: float
    calls: int
    hits: int
    saved: int
    saved_ns: int
    judged: int
    wrong: int
    low: float | None
    high: float | None

    @property
    def hit_rate(self) -> float:
        return self.hits / self.calls if self.calls else 0.0

    @property
    def wrong_rate(self) -> float | None:
        return self.wrong / self.judged if self.judged else None


def exact(calls: Calls, ttl_ns: int | None) -> Outcome:
    """By fingerprint alone, within a group."""
    held: dict[tuple[int, int], list[int]] = {}
    source = np.full(len(calls), -1, np.int64)
    for at in range(len(calls)):
        if not calls.fingerprint[at]:
            continue
        key = int(calls.group[at]), int(calls.fingerprint[at])
        entries = held.setdefault(key, [])
        found = [one for one in entries if _alive(calls, one, at, ttl_ns)]
        if found:
            source[at] = max(found, key=lambda one: (int(calls.end_ns[one]), one))
        else:
            held[key] = [one for one in entries if calls.end_ns[one] > calls.start_ns[at]] + [at]
    return Outcome(EXACT, source, np.where(source >= 0, 1, 0).astype(np.float32))


def _alive(calls: Calls, entry: int, at: int, ttl_ns: int | None) -> bool:
    age = int(calls.start_ns[at]) - int(calls.end_ns[entry])
    return age >= 0 and (ttl_ns is None or age <= ttl_ns)


def vector(
    calls: Calls,
    thresholds: Sequence[float],
    ttl_ns: int | None,
    progress: Progress | None = None,
) -> list[Outcome]:
    """One outcome for each threshold, in their order."""
    n, limits = len(calls), np.asarray(thresholds, np.float32) - TOLERANCE
    lowest = float(limits.min())
    holds = np.zeros((len(limits), n), np.bool_)
    source = np.full((len(limits), n), -1, np.int64)
    similarity = np.zeros((len(limits), n), np.float32)
    there = np.any(calls.vectors != 0, axis=1)
    for begin in range(0, n, BLOCK):
        end = min(begin + BLOCK, n)
        earlier = np.flatnonzero(holds[:, :begin].any(axis=0))
        pool = np.concatenate([earlier, np.arange(begin, end)])
        alike = calls.vectors[begin:end] @ calls.vectors[pool].T
        for at in range(begin, end):
            if not there[at]:
                continue
            row = alike[at - begin]
            near = np.flatnonzero(row >= lowest)
            near = near[_usable(calls, pool[near], at, ttl_ns)]
            _ask(at, pool[near], row[near], limits, holds, source, similarity)
        if progress is not None:
            progress(end, n)
    return [
        Outcome(float(threshold), source[place], similarity[place])
        for place, threshold in enumerate(thresholds)
    ]


def _usable(
    calls: Calls, entries: NDArray[np.int64], at: int, ttl_ns: int | None
) -> NDArray[np.bool_]:
    age = calls.start_ns[at] - calls.end_ns[entries]
    good = (entries < at) & (age >= 0) & (calls.group[entries] == calls.group[at])
    usable: NDArray[np.bool_] = good if ttl_ns is None else good & (age <= ttl_ns)
    return usable


def _ask(
    at: int,
    near: NDArray[np.int64],
    alike: NDArray[np.float32],
    limits: NDArray[np.float32],
    holds: NDArray[np.bool_],
    source: NDArray[np.int64],
    similarity: NDArray[np.float32],
) -> None:
    """Look the call up in each cache; who cannot answer it keeps its answer."""
    if not len(near):
        holds[:, at] = True
        return
    order = np.lexsort((-near, -alike))
    near, alike = near[order], alike[order]
    found = holds[:, near] & (alike[None, :] >= limits[:, None])
    first = found.argmax(axis=1)
    hit = found[np.arange(len(limits)), first]
    source[hit, at] = near[first[hit]]
    similarity[hit, at] = alike[first[hit]]
    holds[:, at] = ~hit


def point(calls: Calls, outcome: Outcome, wrong: NDArray[np.float64]) -> Point:
    """`wrong`: for each call 1, 0 or NaN; read where it was answered."""
    return _point(calls, outcome, wrong, np.ones(len(calls), np.bool_))


def by_slice(
    calls: Calls, outcome: Outcome, wrong: NDArray[np.float64], names: Sequence[str]
) -> dict[str, Point]:
    """The same for each name that calls have."""
    labels = np.asarray(names, dtype=object)
    return {name: _point(calls, outcome, wrong, labels == name) for name in dict.fromkeys(names)}


def _point(
    calls: Calls, outcome: Outcome, wrong: NDArray[np.float64], mine: NDArray[np.bool_]
) -> Point:
    hits = (outcome.source >= 0) & mine
    known = hits & ~np.isnan(wrong)
    judged, bad = int(known.sum()), int((wrong[known] == 1).sum())
    low, high = wilson(bad, judged) if judged else (None, None)
    lasted = (calls.end_ns - calls.start_ns)[hits]
    return Point(
        outcome.threshold,
        int(mine.sum()),
        int(hits.sum()),
        int(calls.cost[hits].sum()),
        int(lasted.sum()),
        judged,
        bad,
        low,
        high,
    )


def disagreements(outcome: Outcome, disagree: Disagree) -> NDArray[np.float64]:
    """For each call 1, 0 or NaN; NaN where no entry answered it."""
    wrong = np.full(len(outcome.source), np.nan)
    hits = np.flatnonzero(outcome.source >= 0)
    if len(hits):
        wrong[hits] = disagree(hits, outcome.source[hits])
    return wrong


def recommended(points: Sequence[Point], most_wrong: float) -> Point | None:
    """Of caches whose wrong hits are few enough for certain, the one that saves most.

    For certain: the upper end of Wilson's one-sided interval, at 5 % divided by the number of
    thresholds (C. E. Bonferroni), is at or below `most_wrong`, since one is chosen among many.
    """
    good = [
        one
        for one in points
        if one.hits and one.judged and _upper(one, 0.05 / len(points)) <= most_wrong
    ]
    return max(good, key=lambda one: (one.saved, one.saved_ns, one.threshold), default=None)


def _upper(one: Point, alpha: float) -> float:
    """Wilson's upper limit (E. B. Wilson, 1927, JASA 22:209)."""
    z, n, p = float(norm.isf(alpha)), one.judged, one.wrong / one.judged
    middle = p + z * z / (2 * n)
    reach = z * sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    return (middle + reach) / (1 + z * z / n)
