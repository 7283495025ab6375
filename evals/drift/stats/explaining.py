"""What tells two windows apart: the effect of each measure, examples and terms."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from math import log, sqrt

import numpy as np
from numpy.typing import NDArray

from evals.drift.stats import classifier, statistics
from evals.drift.stats.descriptors import READ
from evals.drift.stats.measures import Measure
from evals.drift.stats.results import Term
from evals.topics.terms import pairs_of, terms_of, told_once

Floats = NDArray[np.float32]
Doubles = NDArray[np.float64]
Flags = NDArray[np.bool_]

EXAMPLES = 20
TERMS = 15
"""Of either window."""
LEAST_Z = 2.0
"""Standard deviations from which a term says something."""
PRIOR = 20.0
"""Texts that stand for what is known of a term before: its share in both windows together."""


def effect(
    measure: Measure, statistic: float, is_current: Flags
) -> tuple[float, float | None, float | None, str | None]:
    """How much, as `Test` says it: effect, reference, current, level."""
    if measure.values is not None:
        return *_of_numbers(measure.values, is_current), None
    if measure.labels is not None:
        return _of_labels(np.array(measure.labels, dtype=object), is_current)
    if measure.smoothing is not None:
        scores = measure.smoothing @ is_current.astype(np.float32)
        return classifier.area(scores.astype(np.float64), is_current), None, None, None
    return sqrt(max(statistic, 0.0)), None, None, None


def _of_numbers(values: Doubles, is_current: Flags) -> tuple[float, float | None, float | None]:
    known = ~np.isnan(values)
    now, before = values[known & is_current], values[known & ~is_current]
    if not (len(now) and len(before)):
        return (
            0.0,
            float(before.mean()) if len(before) else None,
            float(now.mean()) if len(now) else None,
        )
    spread = float(values[known].std())
    gap = float(now.mean() - before.mean())
    return gap / spread if spread > 0 else 0.0, float(before.mean()), float(now.mean())


def _of_labels(labels: NDArray[np.object_], is_current: Flags) -> tuple[float, float, float, str]:
    now, before = Counter(labels[is_current]), Counter(labels[~is_current])
    shares = {
        level: (before[level] / before.total(), now[level] / now.total())
        for level in sorted({*now, *before})
    }
    level = max(shares, key=lambda name: _residual(*shares[name]))
    return shares[level][1] - shares[level][0], *shares[level], str(level)


def _residual(before: float, now: float) -> float:
    """A level's part of Pearson's statistic, up to a factor: of a rare one that has grown more than
    of a common one that has shrunk for it."""
    return (now - before) ** 2 / (now + before)


def scores(measure: Measure, is_current: Flags) -> Doubles:
    """Of each item, how typical it is of the current window; none is judged by itself."""
    if measure.kernel is not None:
        dealt = is_current.astype(np.float32)
        near = measure.kernel @ dealt / dealt.sum()
        return np.asarray(near - measure.kernel @ (1 - dealt) / (1 - dealt).sum(), np.float64)
    if measure.around is not None:
        return _of_topics(measure.around, is_current)
    if measure.smoothing is not None:
        return np.asarray(measure.smoothing @ is_current.astype(np.float32), np.float64)
    if measure.values is not None:
        change, *_ = _of_numbers(measure.values, is_current)
        return np.nan_to_num(measure.values) * (1 if change >= 0 else -1)
    labels = np.array(measure.labels, dtype=object)
    change, _, _, level = _of_labels(labels, is_current)
    return np.asarray((labels == level) * (1.0 if change >= 0 else -1.0), np.float64)


def _of_topics(around: Floats, is_current: Flags) -> Doubles:
    """Sum of the gaps of those of the most different neighbourhoods that hold the item."""
    gaps = statistics.gaps(around, is_current.astype(np.float32)[:, None])[:, 0]
    most = np.argsort(-np.abs(gaps), kind="stable")[: statistics.most_different(len(gaps))]
    return np.asarray(gaps[most] @ around[most], np.float64)


def examples(first: Doubles, second: Doubles, is_current: Flags) -> tuple[list[int], list[int]]:
    """Indices within the current window and within the reference, most typical first.

    By the first score; where that is equal, by the second.
    """
    now, before = np.flatnonzero(is_current), np.flatnonzero(~is_current)
    typical = now[np.lexsort((-second[now], -first[now]))][:EXAMPLES]
    contrary = before[np.lexsort((second[before], first[before]))][:EXAMPLES]
    return [int(place - len(before)) for place in typical], [int(place) for place in contrary]


def terms(before: Sequence[str], now: Sequence[str]) -> list[Term]:
    """Words and pairs of words held by more texts of one window than of the other, as topics read
    them: without function words, and of "gift" and "gift certificates" the more telling alone.

    Log-odds with an informative prior, in standard deviations (B. L. Monroe, M. P. Colaresi and
    K. M. Quinn, 2008, Political Analysis 16:372), of the number of texts that hold a term.
    """
    ours, theirs = Counter(_held(now)), Counter(_held(before))
    found = []
    for term in {*ours, *theirs}:
        if ours[term] + theirs[term] < 2:
            continue
        weight = _weight(ours[term], len(now), theirs[term], len(before))
        if abs(weight) >= LEAST_Z:
            found.append(Term(term, weight, theirs[term] / len(before), ours[term] / len(now)))
    # Of a pair and a word of it that is never said without the other, the pair says more.
    found.sort(key=lambda one: (-abs(one.weight), -len(one.term.split()), one.term))
    sides = [one for one in found if one.weight > 0], [one for one in found if one.weight < 0]
    return [side[at] for side in sides for at in told_once([one.term for one in side], TERMS)]


def _held(texts: Sequence[str]) -> Iterator[str]:
    for text in texts:
        yield from sorted(terms_of(text, READ) | pairs_of(text, READ))


def _weight(ours: int, now: int, theirs: int, before: int) -> float:
    share = (ours + theirs) / (now + before)
    odds, spread = [], 0.0
    for held, texts in ((ours, now), (theirs, before)):
        have = held + PRIOR * share
        lack = texts - held + PRIOR * (1 - share) + 1e-9
        odds.append(log(have / lack))
        spread += 1 / have
    return (odds[0] - odds[1]) / sqrt(spread)
