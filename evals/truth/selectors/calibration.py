"""How an evaluator's numbers stand to what people say: reliability, and whether a curve helps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from evals.calibrated import MOST_KNOTS
from evals.models import EvaluatorVersion
from evals.stats.estimates import Estimate
from evals.stats.recalibration import Curve, Recalibration, recalibrated
from evals.truth.selectors.pairs import Pair, basis_of
from traces.intervals import mean_interval

BINS = 10
FEWEST_OF_BIN = 3


@dataclass(frozen=True, slots=True)
class Bin:
    """Scores near each other: their mean, and the share of people's yes with its interval."""

    score: float
    people: Estimate


@dataclass(frozen=True, slots=True)
class Calibration:
    """Of one version. `found` None: `reason` says why nothing can be said.

    `error`: the mean difference between score and people's share over the bins, by their sizes
    (expected calibration error: M. P. Naeini, G. F. Cooper and M. Hauskrecht, 2015, AAAI).
    """

    version: EvaluatorVersion
    labels: int
    bins: list[Bin]
    error: float | None = None
    found: Recalibration | None = None
    reason: str = ""

    @property
    def applied(self) -> dict[str, Any] | None:
        """The curve that this version's scores have been through already."""
        curve: dict[str, Any] | None = self.version.config.get("calibration")
        return curve

    @property
    def curve(self) -> dict[str, Any] | None:
        """What a next version may be given; None where nothing helps."""
        if self.found is None or self.applied or self.found.curve.kind == "raw":
            return None
        return as_config(self.found.curve, self.labels)


def as_config(curve: Curve, labels: int) -> dict[str, Any] | None:
    """A curve as a version's config holds it; None for one that falls."""
    if curve.kind == "isotonic":
        return {"kind": "isotonic", "labels": labels, "knots": _thinned(curve.knots)}
    if curve.slope <= 0:
        return None
    return {
        "kind": curve.kind, "labels": labels, "slope": curve.slope, "intercept": curve.intercept,
    }  # fmt: skip


def _thinned(knots: Sequence[tuple[float, float]]) -> list[list[float]]:
    places = np.unique(np.linspace(0, len(knots) - 1, MOST_KNOTS).round().astype(int))
    kept = {knots[place][0]: knots[place][1] for place in places}
    return [[x, y] for x, y in sorted(kept.items())]


def of_version(version: EvaluatorVersion, pairs: Sequence[Pair]) -> Calibration:
    """Of the numbers that it gave and people's yes and no."""
    basis = basis_of(pairs)
    known = [
        (float(pair.judge), float(pair.people), pair.weight)
        for pair in basis.pairs
        if isinstance(pair.judge, float) and pair.people is not None
    ]
    if not known:
        numbers = any(isinstance(pair.judge, float) for pair in basis.pairs)
        return Calibration(version, 0, [], reason="unread" if numbers else "no numbers")
    scores, people, weights = np.array(known).T
    if ((scores < 0) | (scores > 1)).any():
        return Calibration(version, len(known), [], reason="not within 0 and 1")
    found = recalibrated(scores, people)
    bins = _bins(scores, people, weights)
    return Calibration(version, len(known), bins, _error(scores, people, weights), found)


Floats = np.ndarray[Any, np.dtype[np.floating[Any]]]


def _bins(scores: Floats, people: Floats, weights: Floats) -> list[Bin]:
    """Of equal width."""
    places = np.minimum((scores * BINS).astype(int), BINS - 1)
    found = []
    for place in range(BINS):
        here = places == place
        n = int(here.sum())
        if n < FEWEST_OF_BIN:
            continue
        w, x = weights[here] / weights[here].mean(), people[here]
        sums = (w, w * w, w * x, w * x, w * w * x, w * w * x)
        one = mean_interval(n, *(float(each.sum()) for each in sums))
        middle = float(np.average(scores[here], weights=weights[here]))
        found.append(Bin(middle, Estimate(one.value, one.low, one.high, n)))
    return found


def _error(scores: Floats, people: Floats, weights: Floats) -> float:
    places = np.minimum((scores * BINS).astype(int), BINS - 1)
    apart = [
        abs(float((weights[here] * (scores - people)[here]).sum()))
        for here in (places == place for place in range(BINS))
    ]
    return sum(apart) / float(weights.sum())
