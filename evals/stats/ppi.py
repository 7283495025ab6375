"""The mean that humans would have given, from few of their labels and many judgments.

Prediction-powered inference with power tuning, PPI++ (A. N. Angelopoulos, J. C. Duchi and T. Zrnic,
2023, arXiv:2311.01453):

    corrected = mean of the labels + lambda * (judge's mean of all - judge's mean where labelled)

The labels remove the judge's bias, whatever it is; the judge takes away that part of the labels'
chance which it sees too. lambda in [0, inf) is what makes the variance least: 0 for a judge that
says nothing (labels alone), 1 for one that is always right. With the judge's mean over all items,
labelled ones included, this lambda is the slope of labels on judgments, and the estimate the same
as the paper's (there lambda is smaller by 1 + n/N, and the mean is of the unlabelled).

**Weights.** An item counts 1 / the probability that it was judged at all, and a label that times
1 / the probability that the item was chosen to be labelled (D. G. Horvitz and D. J. Thompson, 1952,
JASA 47:663), each mean divided by its sum of weights (J. Hajek, 1971). What is tuned and the
variance are those of the linearised estimate (C.-E. Saerndal, B. Swensson and J. Wretman, 1992,
Model Assisted Survey Sampling, 6.6).

**Few labels.** That lambda and the variance are guessed from the same labels makes the paper's
interval too short when there are few (P. Mani et al., 2025, arXiv:2505.20178). So

- each residual is enlarged by 1 / (1 - its leverage), which is what leaving its label out of lambda
  would have made of it (the jackknife; HC3 of J. G. MacKinnon and H. White, 1985, Journal of
  Econometrics 29:305);
- one further label is thought of, a quarter of it in each corner (judge and human, 0 and 1; for
  numbers a standard deviation about the means): a judge that was right on all 50 labels is not
  thereby known to be always right (pseudo-observations, as J. B. S. Haldane, 1956, and A. Agresti
  and B. A. Coull, 1998, American Statistician 52:119, add them to tables and rates);
- the interval of a mean in [0, 1] is Wilson's with the number of labels that would vary as much,
  with Student's t (`traces.intervals`), not the normal's about the estimate;
- where all this leaves an interval no shorter than that of the labels alone, lambda is 0 and the
  result is that of the labels alone. So it is never wider.

`low` and `high` speak of answers like these, of which these are a sample; `these` of exactly the
items that were given, some of which are known: the variance of each label falls by its chance to be
chosen (the finite population correction). `benchmarks/calibration.py` measures how often they hold.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil

import numpy as np
from numpy.typing import NDArray

from evals.stats.estimates import Estimate, Floats
from traces.intervals import Interval, bounded_mean, mean_interval

PSEUDO = 1.0
"""Labels that are thought of."""
TINY = 1e-15
"""Of variances of values in [0, 1]: what rounding leaves of none."""


@dataclass(frozen=True, slots=True)
class Sample:
    """Judged items, some labelled; arrays of one length.

    `human` is NaN where there is no label. `item_weights` are 1 / the probability that the item was
    judged, `label_weights` 1 / the probability that a judged item was chosen to be labelled (read
    where it is); None is 1. `scale` are the least and greatest value that can be: None is (0, 1)
    where all values are within, else the range of what was given.
    """

    judge: Floats
    human: Floats
    item_weights: Floats | None = None
    label_weights: Floats | None = None
    scale: tuple[float, float] | None = None


@dataclass(frozen=True, slots=True)
class Correction:
    """`raw` is the judge's mean, `corrected` what humans would have given."""

    raw: float
    corrected: Estimate
    these: Estimate
    """The interval for exactly these items."""
    labels_only: Estimate
    power: float
    """lambda: how far the judge counts. 0: not at all."""
    more: int | None
    """How many more labels of these items halve the interval; None where no number does."""


@dataclass(frozen=True, slots=True)
class Judged:
    """What is known of all judged items without looking at each: their weighted mean, and the
    variance of it."""

    size: int
    mean: float
    variance: float


@dataclass(frozen=True, slots=True)
class Labelled:
    """The items with a label, all of which are judged; as in Sample."""

    judge: Floats
    human: Floats
    item_weights: Floats | None = None
    label_weights: Floats | None = None


def corrected_mean(sample: Sample) -> Correction:
    """What humans would have given on average.

    Raises ValueError where nothing is labelled, lengths differ, a judgment, label or weight is not
    finite, a weight is not above 0, or a value is outside the scale.
    """
    labelled = _checked(sample)
    weights = _ones(sample.item_weights, len(labelled))
    share = weights / weights.sum()
    mean = float(np.average(sample.judge, weights=weights))
    judged = Judged(len(labelled), mean, float(share**2 @ (sample.judge - mean) ** 2))
    own = None if sample.label_weights is None else sample.label_weights[labelled]
    known = Labelled(sample.judge[labelled], sample.human[labelled], weights[labelled], own)
    return _corrected(judged, known, *_scale(sample, labelled))


def corrected_total(judged: Judged, labels: Labelled, scale: tuple[float, float]) -> Correction:
    """The same from sums of the judged items, however many there are.

    Raises ValueError as `corrected_mean` does, and where there are more labels than items.
    """
    sample = Sample(labels.judge, labels.human, labels.item_weights, labels.label_weights, scale)
    if not _checked(sample).all():
        raise ValueError("a label is missing")
    if judged.size < len(labels.judge) or not judged.variance >= 0:
        raise ValueError("there are fewer items than labels, or their variance is below 0")
    if not scale[0] <= judged.mean <= scale[1]:
        raise ValueError(f"a value is outside {scale[0]:g} to {scale[1]:g}")
    return _corrected(judged, labels, *_scale(sample, np.ones(len(labels.judge), bool)))


def _corrected(judged: Judged, labels: Labelled, low: float, high: float) -> Correction:
    n, raw = len(labels.judge), judged.mean
    if high <= low:
        same = Estimate(low, None, None, n, "all values are the same")
        return Correction(raw, same, same, same, 0.0, None)
    known = _Known.of(judged, labels, low, high)
    alone = known.labels_only()
    found = known.tuned() if 2 < n < judged.size else None
    power = known.power if found and _width(found) < _width(alone) else 0.0
    corrected = found if found and power else alone

    def scaled(one: Interval) -> Estimate:
        return _estimate(one, low, high - low, n)

    return Correction(
        raw=raw,
        corrected=scaled(corrected),
        these=scaled(known.of_these(corrected, power)),
        labels_only=scaled(alone),
        power=power,
        more=known.more(power),
    )


@dataclass(frozen=True, slots=True)
class _Known:
    """Of values in [0, 1], what estimate and variance are made of for any lambda ("power")."""

    mean: float  # of the labels
    share: Floats  # of each label in their sum of weights
    y: Floats  # labels less their mean
    f: Floats  # judgments of these less their mean
    kept: Floats  # 1 - the chance of each label to be in
    n_eff: float
    shift: float  # the judge's mean of all less that where labelled
    judge_variance: float  # of the judge's mean of all
    corners: Floats  # (4, 2): the quarters of the pseudo-label, as y and f
    power: float
    size: int

    @classmethod
    def of(cls, judged: Judged, labels: Labelled, low: float, high: float) -> _Known:
        n, span = len(labels.judge), high - low
        judge, human = ((one - low) / span for one in (labels.judge, labels.human))
        weights = _ones(labels.item_weights, n)
        own = _ones(None if n == judged.size else labels.label_weights, n)
        share = weights * own / (weights * own).sum()
        mean, said = float(share @ human), float(share @ judge)
        y, f = human - mean, judge - said
        n_eff = min(1 / float(share @ share), float(n))
        corners = _corners(human, judge, y, f, share)
        return cls(
            mean=mean, share=share, y=y, f=f, n_eff=n_eff, corners=corners,
            kept=1 - np.minimum(own.sum() / (judged.size * own), 1.0),
            shift=(judged.mean - low) / span - said,
            judge_variance=judged.variance / span**2,
            power=_power(share, y, f, corners, n_eff),
            size=judged.size,
        )  # fmt: skip

    def labels_only(self) -> Interval:
        w, x = self.share * self.n_eff, self.y + self.mean
        sums = (w, w * w, w * x, w * x * x, w * w * x, w * w * x * x)
        return mean_interval(len(w), *(float(one.sum()) for one in sums))

    def tuned(self) -> Interval | None:
        """With the judge's help; None where it has none to give."""
        if not self.power or self.n_eff <= 2:
            return None
        value = min(max(self.mean + self.power * self.shift, 0.0), 1.0)
        judged = self.power**2 * self.judge_variance
        return bounded_mean(value, self.residual(self.power) + judged, self.n_eff)

    def residual(self, power: float, kept: Floats | float = 1.0) -> float:
        """The variance of the mean of labels less `power` times judgments."""
        left, squares = self.y - power * self.f, self.share**2
        spread = float(squares @ self.f**2)
        leverage = self.share + (squares * self.f**2 / spread if spread > TINY else 0.0)
        alone = left / np.maximum(1 - leverage, self.share / 2)
        jackknife = float((kept * squares * alone**2).sum())
        n = self.n_eff
        thought = PSEUDO * float(((self.corners[:, 0] - power * self.corners[:, 1]) ** 2).mean())
        seen = n * n * float((kept * squares * left**2).sum())
        return max(jackknife, (seen + thought * float(np.mean(kept))) / (n * (n - 1)))

    def of_these(self, corrected: Interval, power: float) -> Interval:
        """For exactly the items given."""
        value = corrected.value
        if not self.kept.any():
            return Interval(value, value, value, self.n_eff)
        plain = float((self.kept * (self.share * self.y) ** 2).sum())
        squared = self.residual(power, self.kept) if power else plain
        return bounded_mean(value, squared, self.n_eff)

    def more(self, power: float) -> int | None:
        """Labels to add so that the interval is half as wide."""
        labels = len(self.share)
        if labels < 3:
            return None
        judged = power**2 * self.judge_variance
        drawn = self.residual(power) if power else float(((self.share * self.y) ** 2).sum())
        left = (drawn + judged) / 4 - judged
        if drawn <= TINY or left <= 0:
            return None
        wanted = ceil(labels * drawn / left)
        return wanted - labels if wanted <= self.size else None


def _power(share: Floats, y: Floats, f: Floats, corners: Floats, n_eff: float) -> float:
    """The slope of labels on judgments, the pseudo-label included; never below 0."""
    squares = share**2 / float(share @ share)
    each = PSEUDO / len(corners) / n_eff
    across = float(squares @ (y * f)) + each * float(corners.prod(axis=1).sum())
    along = float(squares @ f**2) + each * float((corners[:, 1] ** 2).sum())
    return max(across / along, 0.0) if along > TINY and np.ptp(f) and np.ptp(y) else 0.0


def _corners(human: Floats, judge: Floats, y: Floats, f: Floats, share: Floats) -> Floats:
    """(4, 2): where the quarters of the pseudo-label lie, as y and f."""
    signs = np.array([[0, 0], [0, 1], [1, 0], [1, 1]], float)
    if np.isin(human, (0, 1)).all() and np.isin(judge, (0, 1)).all():
        return np.asarray(signs - [human[0] - y[0], judge[0] - f[0]])
    return np.asarray((2 * signs - 1) * np.sqrt([share @ y**2, share @ f**2]))


def _ones(weights: Floats | None, n: int) -> Floats:
    return np.ones(n) if weights is None else weights


def _width(one: Interval) -> float:
    return (1.0 if one.high is None else one.high) - (0.0 if one.low is None else one.low)


def _estimate(one: Interval, low: float, span: float, n: int) -> Estimate:
    """From [0, 1] back to the scale."""
    if one.low is None or one.high is None:
        return Estimate(low + span * one.value, None, None, n, "one label shows no spread")
    return Estimate(low + span * one.value, low + span * one.low, low + span * one.high, n)


def _checked(sample: Sample) -> NDArray[np.bool_]:
    """Which items are labelled."""
    size = len(sample.judge)
    labelled: NDArray[np.bool_] = ~np.isnan(sample.human)
    given = [sample.item_weights, sample.label_weights]
    weights = [one for one in given if one is not None]
    if any(len(one) != size for one in (sample.human, *weights)):
        raise ValueError("arrays differ in length")
    if not labelled.any():
        raise ValueError("nothing is labelled")
    if not (np.isfinite(sample.judge).all() and np.isfinite(sample.human[labelled]).all()):
        raise ValueError("a judgment or label is not finite")
    if not all(np.isfinite(one).all() and (one > 0).all() for one in weights):
        raise ValueError("a weight is not above 0 and finite")
    return labelled


def _scale(sample: Sample, labelled: NDArray[np.bool_]) -> tuple[float, float]:
    values = np.concatenate([sample.judge, sample.human[labelled]])
    least, greatest = float(values.min()), float(values.max())
    if sample.scale is None:
        return (0.0, 1.0) if least >= 0 and greatest <= 1 else (least, greatest)
    low, high = sample.scale
    if least < low or greatest > high:
        raise ValueError(f"a value is outside {low:g} to {high:g}")
    return low, high
