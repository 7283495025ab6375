"""Did users change or did the model? A change of a mean score, split exactly.

Items fall into topics. With shares p and means a before, shares q and means b now, the change is

    Σ q b − Σ p a  =  Σ (q − p) (a + b) / 2  +  Σ (p + q) / 2 (b − a)
                      users ask for other things   the same is answered otherwise

(E. M. Kitagawa, 1955, JASA 50:1168; the Shapley values of the two causes, so neither is charged
first). In the first sum each topic counts by how far it lies from the overall mean, which changes
no sum, since the shares' differences add up to nothing: a topic that grows and scores like the
rest explains nothing.

A topic that is in one window alone has no mean in the other: its part is the users'.
Intervals are of 95 %, by the delta method on items.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtrit

from evals.stats.estimates import Estimate

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Part:
    """One topic. Means are None in a window that has none of it; users + model: its part."""

    topic: Hashable
    reference_share: float
    current_share: float
    reference_mean: float | None
    current_mean: float | None
    users: float
    model: float


@dataclass(frozen=True, slots=True)
class Decomposition:
    """change.value = current − reference = users.value + model.value.

    `parts` add up to `users` and `model`; those first that carry most.
    """

    reference: float
    current: float
    change: Estimate
    users: Estimate
    model: Estimate
    parts: tuple[Part, ...]


@dataclass(frozen=True, slots=True)
class _Side:
    places: NDArray[np.intp]
    """Topic of each item, as a place in the list of topics."""
    scores: Floats
    shares: Floats
    means: Floats
    """NaN where the window has none of the topic."""


def decompose(
    reference_topics: Sequence[Hashable],
    reference_scores: Sequence[float] | NDArray[np.floating[Any]],
    current_topics: Sequence[Hashable],
    current_scores: Sequence[float] | NDArray[np.floating[Any]],
) -> Decomposition:
    """Split the change of the mean score. Items whose score is NaN are left out.

    Raises ValueError where topics and scores differ in number, or a window has no score.
    """
    before = _kept("reference", reference_topics, reference_scores)
    now = _kept("current", current_topics, current_scores)
    topics = list(dict.fromkeys([*before[0], *now[0]]))
    place = {topic: index for index, topic in enumerate(topics)}
    sides = _side(*before, place), _side(*now, place)
    return _split(topics, *sides)


def _kept(
    name: str, topics: Sequence[Hashable], given: Sequence[float] | NDArray[np.floating[Any]]
) -> tuple[list[Hashable], Floats]:
    scores = np.asarray(given, dtype=np.float64)
    if len(topics) != len(scores):
        raise ValueError(f"the {name} window has {len(topics)} topics and {len(scores)} scores")
    if np.isinf(scores).any():
        raise ValueError(f"the {name} window has a score that is infinite")
    held = ~np.isnan(scores)
    if not held.any():
        raise ValueError(f"the {name} window has no score")
    return [topic for topic, keep in zip(topics, held, strict=True) if keep], scores[held]


def _side(topics: list[Hashable], scores: Floats, place: dict[Hashable, int]) -> _Side:
    places = np.array([place[topic] for topic in topics], dtype=np.intp)
    counts = np.bincount(places, minlength=len(place)).astype(np.float64)
    sums = np.bincount(places, weights=scores, minlength=len(place))
    means = np.full(len(place), np.nan)
    np.divide(sums, counts, out=means, where=counts > 0)
    return _Side(places, scores, counts / len(scores), means)


def _split(topics: list[Hashable], before: _Side, now: _Side) -> Decomposition:
    a = np.where(np.isnan(before.means), now.means, before.means)
    b = np.where(np.isnan(now.means), before.means, now.means)
    middle = (a + b) / 2
    centre = float(((before.shares + now.shares) / 2) @ middle)
    users = (now.shares - before.shares) * (middle - centre)
    model = (before.shares + now.shares) / 2 * (b - a)
    old, new = float(before.scores.mean()), float(now.scores.mean())
    parts = [
        Part(
            topic,
            float(before.shares[index]),
            float(now.shares[index]),
            _number(before.means[index]),
            _number(now.means[index]),
            float(users[index]),
            float(model[index]),
        )
        for index, topic in enumerate(topics)
    ]
    parts.sort(key=lambda part: -abs(part.users + part.model))
    pulls = _pulls(before, now, a, b, -1.0), _pulls(now, before, b, a, 1.0)
    change = new - old
    by_model = float(model.sum())
    return Decomposition(
        reference=old,
        current=new,
        change=_estimate(change, before.scores, now.scores),
        users=_estimate(change - by_model, pulls[0][0], pulls[1][0]),
        model=_estimate(by_model, pulls[0][1], pulls[1][1]),
        parts=tuple(parts),
    )


def _pulls(own: _Side, other: _Side, a: Floats, b: Floats, sign: float) -> tuple[Floats, Floats]:
    """How much each item of `own` moves users and model, beside a constant (influence functions).

    `a`: means of `own`, `b`: of `other`; sign is 1 for the current window.
    """
    shared = ~np.isnan(own.means) & ~np.isnan(other.means)
    residual = (own.scores - a[own.places]) / own.shares[own.places]
    middle = (a + b) / 2
    gap = np.where(shared, a - b, 0.0)
    # A topic of one window alone counts whole in the mix, and not at all in the model.
    in_mix = np.where(shared, (own.shares - other.shares) / 2, own.shares)
    in_model = np.where(shared, (own.shares + other.shares) / 2, 0.0)
    users = middle[own.places] + in_mix[own.places] * residual
    model = gap[own.places] / 2 + in_model[own.places] * residual
    return sign * users, sign * model


def _estimate(value: float, before: Floats, now: Floats) -> Estimate:
    n = len(before) + len(now)
    if min(len(before), len(now)) < 2:
        return Estimate(value, None, None, n, "a window has one score")
    parts = [float(side.var(ddof=1)) / len(side) for side in (before, now)]
    squared = sum(parts)
    if squared <= 0:
        return Estimate(value, None, None, n, "all scores of a topic are equal")
    # Welch's degrees of freedom (B. L. Welch, 1947, Biometrika 34:28).
    freedom = 1 / sum(
        (part / squared) ** 2 / (len(side) - 1)
        for part, side in zip(parts, (before, now), strict=True)
    )
    reach = float(stdtrit(freedom, 0.975)) * squared**0.5
    return Estimate(value, value - reach, value + reach, n)


def _number(value: np.floating[Any]) -> float | None:
    return None if np.isnan(value) else float(value)
