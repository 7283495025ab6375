"""Intervals of rates and means: how far a figure may be from the truth (95 %).

All read sums, never the values themselves: those of `traces.rollups.measures.ScoreMeasures`.
A value x counts with weight w = 1 / the probability that it was chosen to be scored.

- A rate: Wilson's score interval (E. B. Wilson, 1927, JASA 22:209), recommended for small samples
  and rates near 0 and 1 by L. D. Brown, T. T. Cai and A. DasGupta (2001, Statistical Science
  16:101). Unequal weights make n values say less: Kish's effective n = (sum w)^2 / sum w^2
  (L. Kish, 1965, Survey Sampling, 11.7) takes the place of n.
- A mean: the weighted mean, its linearised variance sum w^2 (x - m)^2 / (sum w)^2 (W. G. Cochran,
  1977, Sampling Techniques, 6.3), Student's t. Where all values can lie within [0, 1], Wilson's
  interval with the number of true/false values that would vary as much: it is Wilson's own for
  values of 0 and 1, nears Student's for values in the middle, and never leaves [0, 1].
- A difference: R. G. Newcombe (1998, Statistics in Medicine 17:873), of any two intervals by
  G. Y. Zou and A. Donner (2008, Statistics in Medicine 27:1693).

`benchmarks/intervals.py` measures how often they hold the truth; docs/statistics.md has the table.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt

from scipy.special import stdtrit

Z = 1.959963984540054
"""Of the normal distribution, 97.5 %."""
SLACK = 1e-9
"""Relative error of sums of floats."""
TAIL = 0.1
"""Of the greatest variance, what is added where values are few and near 0 or 1: by simulation."""


@dataclass(frozen=True, slots=True)
class Interval:
    """A figure and its 95 % interval.

    None where nothing is known of the spread: of one value, or of equal ones, on an unknown scale.
    """

    value: float
    low: float | None
    high: float | None
    n_eff: float
    """How many values of equal weight would say as much."""


def wilson(successes: float, n: float) -> tuple[float, float]:
    """Wilson's interval of `successes` out of `n`; both may be fractions (effective counts).

    Nothing is known of none: (0, 1). Raises ValueError for counts that cannot be.
    """
    if n <= 0:
        return 0.0, 1.0
    if not -SLACK * n <= successes <= n * (1 + SLACK):
        raise ValueError(f"{successes} successes of {n}")
    return _score(min(max(successes / n, 0.0), 1.0), n, Z)


def weighted_rate(w: float, w2: float, wx: float, n: int | None = None) -> Interval:
    """The rate wx / w, of `n` values if that is known. Raises ValueError where there is none."""
    if w <= 0 or w2 <= 0:
        raise ValueError("nothing was counted")
    n_eff = w * w / w2
    rate = min(max(wx / w, 0.0), 1.0)
    quantile = Z * _few(n_eff, n or n_eff, equal=0, unequal=0.3, most=0.05)
    return Interval(rate, *_score(rate, n_eff, quantile), n_eff)


def mean_interval(
    n: int, w: float, w2: float, wx: float, wx2: float, w2x: float, w2x2: float
) -> Interval:
    """The mean wx / w of `n` values. Raises ValueError where nothing was counted."""
    if n <= 0 or w <= 0 or w2 <= 0:
        raise ValueError("nothing was counted")
    mean = wx / w
    n_eff = min(w * w / w2, float(n))
    squared = max(w2x2 - 2 * mean * w2x + mean * mean * w2, 0.0) / (w * w)
    # Sums of floats: what is left of equal values by rounding is no spread.
    if squared <= SLACK * mean * mean / n_eff:
        squared = 0.0
    if wx2 <= wx * (1 + SLACK) and w2x2 <= w2x * (1 + SLACK) and wx >= 0:
        return bounded_mean(min(mean, 1.0), squared, n_eff)
    if n_eff <= 1 + SLACK or squared == 0:
        return Interval(mean, None, None, n_eff)
    # Unequal weights: the mean is drawn to the values that weigh most, which hides their spread.
    freedom = max(n_eff - n / n_eff, 1.0)
    reach = float(stdtrit(freedom, 0.975)) * sqrt(squared * (1 + 1 / freedom))
    reach *= _few(n_eff, n, equal=0.5, unequal=3, most=0.12)
    return Interval(mean, mean - reach, mean + reach, n_eff)


def _few(n_eff: float, n: float, *, equal: float, unequal: float, most: float) -> float:
    """By how much farther off a few values may be, found by simulation; nothing for many.

    A few skewed values rarely show their tail, the more seldom the more one of them weighs.
    """
    return 1 + min(most, (equal + unequal * max(1 - n_eff / n, 0.0)) / n_eff)


def difference(now: Interval, before: Interval) -> Interval:
    """`now` less `before`; it has changed for certain where 0 is outside."""
    value = now.value - before.value
    n_eff = min(now.n_eff, before.n_eff)
    if now.low is None or now.high is None or before.low is None or before.high is None:
        return Interval(value, None, None, n_eff)
    down = sqrt((now.value - now.low) ** 2 + (before.high - before.value) ** 2)
    up = sqrt((now.high - now.value) ** 2 + (before.value - before.low) ** 2)
    return Interval(value, value - down, value + up, n_eff)


def bounded_mean(mean: float, squared: float, n_eff: float) -> Interval:
    """Of values within [0, 1] whose mean has the variance `squared`, guessed from `n_eff`."""
    most = mean * (1 - mean)
    if n_eff <= 1 + SLACK or squared <= 0 or most <= 0:
        return Interval(mean, *_score(mean, n_eff, Z), n_eff)
    # Share of the greatest variance that values with this mean can have. At 1 they are 0 and 1,
    # and the mean says what the variance is. The less it is, the more the variance is a guess
    # from n values, which is what Student's t allows for.
    share = n_eff * squared / most
    # Near 0 or 1 a few values hide the long tail of what is rare.
    share += max(1 - share, 0.0) * TAIL * (2 * mean - 1) ** 2 / n_eff
    if share >= 1 - SLACK:
        return Interval(mean, *_score(mean, n_eff / share, Z), n_eff)
    quantile = float(stdtrit((n_eff - 1) / (1 - share), 0.975))
    alike = max(n_eff - 1 + share, 1.0) / share
    return Interval(mean, *_score(mean, alike, quantile), n_eff)


def _score(rate: float, n: float, quantile: float) -> tuple[float, float]:
    square = quantile * quantile / n
    middle = (rate + square / 2) / (1 + square)
    reach = quantile * sqrt((rate * (1 - rate) + square / 4) / n) / (1 + square)
    # Rounding must not take the rate itself out of its interval.
    return min(max(middle - reach, 0.0), rate), max(min(middle + reach, 1.0), rate)
