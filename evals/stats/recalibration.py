"""Scores brought to the humans' scale, only where cross-validation says that it helps.

Where humans say yes or no: Platt's logistic curve (J. Platt, 1999) on the log odds of the score,
and isotonic regression (B. Zadrozny and C. Elkan, 2002), by log loss. Where they give numbers: a
straight line and isotonic regression (least squares), by the absolute error: how many points of the
scale a score is off.

A curve is taken only if its loss on folds that it has not seen is below that of the score as it is
by more than one standard error of that difference (the rule of one standard error: L. Breiman et
al., 1984, Classification and Regression Trees, 3.4.3). From few labels a curve often makes good
scores worse; then the scores stay as they are.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import sqrt

import numpy as np
from scipy.special import expit, logit, xlogy
from sklearn.isotonic import IsotonicRegression  # type: ignore[import-untyped]
from sklearn.linear_model import LinearRegression, LogisticRegression  # type: ignore[import-untyped]
from sklearn.model_selection import KFold, StratifiedKFold  # type: ignore[import-untyped]

from evals.stats.estimates import Floats

FEWEST = 30
FEWEST_OF_EACH = 5
"""Labels of yes and of no, so that every fold has both."""
FOLDS = 5
REPEATS = 4
SEED = 1999
EDGE = 1e-3
"""Scores are kept this far from 0 and 1, where one mistake would cost an unbounded log loss."""


@dataclass(frozen=True, slots=True)
class Curve:
    """`kind` is raw, platt, linear or isotonic; the last is straight between its knots."""

    kind: str
    slope: float = 1.0
    intercept: float = 0.0
    knots: tuple[tuple[float, float], ...] = ()

    def apply(self, scores: Floats) -> Floats:
        if self.kind == "platt":
            return np.asarray(expit(self.intercept + self.slope * _odds(scores)))
        if self.kind == "isotonic":
            x, y = np.array(self.knots).T
            return np.asarray(np.interp(scores, x, y))
        return np.asarray(self.intercept + self.slope * scores)


RAW = Curve("raw")
Fit = Callable[[Floats, Floats], Curve]


@dataclass(frozen=True, slots=True)
class Loss:
    """Of one curve on folds that it has not seen; `gain` is how far it is below the raw score's."""

    value: float
    gain: float
    error: float
    """Standard error of `gain`."""

    @property
    def helps(self) -> bool:
        return self.gain > self.error


@dataclass(frozen=True, slots=True)
class Recalibration:
    """The curve to use (RAW: none helps), why, and the loss of each that was tried."""

    curve: Curve
    reason: str
    losses: dict[str, Loss]


def recalibrated(scores: Floats, human: Floats) -> Recalibration:
    """The best curve from scores to what humans said (0/1, or numbers).

    Raises ValueError where lengths differ, a value is not finite, or humans say yes or no and a
    score is not within [0, 1].
    """
    if len(scores) != len(human):
        raise ValueError("scores and labels differ in number")
    if not (np.isfinite(scores).all() and np.isfinite(human).all()):
        raise ValueError("a score or label is not finite")
    binary = bool(np.isin(human, (0, 1)).all())
    if binary and ((scores < 0) | (scores > 1)).any():
        raise ValueError("a score is not within [0, 1]")
    if reason := _too_few(scores, human, binary):
        return Recalibration(RAW, reason, {})
    fits = OF_ANSWERS if binary else OF_NUMBERS
    losses = _cross_validated(scores, human, binary, fits)
    helping = [name for name, loss in losses.items() if loss.helps]
    if not helping:
        return Recalibration(RAW, "no curve lowers the loss for certain", losses)
    best = min(helping, key=lambda name: losses[name].value)
    return Recalibration(fits[best](scores, human), "lowers the loss", losses)


def _too_few(scores: Floats, human: Floats, binary: bool) -> str | None:
    if len(human) < FEWEST:
        return f"fewer than {FEWEST} labels"
    if binary and min(human.sum(), len(human) - human.sum()) < FEWEST_OF_EACH:
        return f"fewer than {FEWEST_OF_EACH} labels of one kind"
    if not np.ptp(scores):
        return "all scores are the same"
    return None


def _cross_validated(
    scores: Floats, human: Floats, binary: bool, fits: dict[str, Fit]
) -> dict[str, Loss]:
    loss = _log_loss if binary else _off
    n = len(human)
    raw = loss(scores, human)
    found = {name: np.zeros(n) for name in fits}
    for repeat in range(REPEATS):
        split = StratifiedKFold if binary else KFold
        folds = split(FOLDS, shuffle=True, random_state=SEED + repeat)
        for train, test in folds.split(scores, human):
            for name, fit in fits.items():
                said = fit(scores[train], human[train]).apply(scores[test])
                found[name][test] += loss(said, human[test]) / REPEATS
    return {
        name: Loss(
            float(each.mean()),
            float((raw - each).mean()),
            float((raw - each).std(ddof=1)) / sqrt(n),
        )
        for name, each in found.items()
    }


def _platt(scores: Floats, human: Floats) -> Curve:
    line = LogisticRegression().fit(_odds(scores)[:, None], human)
    return Curve("platt", float(line.coef_[0, 0]), float(line.intercept_[0]))


def _linear(scores: Floats, human: Floats) -> Curve:
    line = LinearRegression().fit(scores[:, None], human)
    return Curve("linear", float(line.coef_[0]), float(line.intercept_))


def _isotonic(scores: Floats, human: Floats) -> Curve:
    steps = IsotonicRegression(out_of_bounds="clip").fit(scores, human)
    knots = zip(steps.X_thresholds_.tolist(), steps.y_thresholds_.tolist(), strict=True)
    return Curve("isotonic", knots=tuple(knots))


OF_ANSWERS: dict[str, Fit] = {"platt": _platt, "isotonic": _isotonic}
OF_NUMBERS: dict[str, Fit] = {"linear": _linear, "isotonic": _isotonic}


def _odds(scores: Floats) -> Floats:
    return np.asarray(logit(np.clip(scores, EDGE, 1 - EDGE)))


def _log_loss(scores: Floats, human: Floats) -> Floats:
    p = np.clip(scores, EDGE, 1 - EDGE)
    return np.asarray(-xlogy(human, p) - xlogy(1 - human, 1 - p))


def _off(scores: Floats, human: Floats) -> Floats:
    return np.asarray(np.abs(scores - human))
