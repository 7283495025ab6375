"""Where the spending of a period will end: a pure function of daily sums.

The days are divided by the pattern of the week (medians, shrunk by how sure they are), the rest is
followed by exponential smoothing with a damped trend (Gardner and McKenzie, "Forecasting trends in
time series", Management Science 31, 1985). Spikes are cut down before they reach level and trend
(Gelper, Fried, Croux, "Robust forecasting with exponential and Holt-Winters smoothing", Journal of
Forecasting 29, 2010), but stay among the errors that are drawn from. The interval is that of 2,000
futures with one-step errors drawn anew (Hyndman, Koehler, Ord, Snyder, "Forecasting with
Exponential Smoothing", Springer 2008, chapter 6), so that it grows as a shift of the level would
persist. With few days the errors are mostly those of projects of that age, which are wide. The open
day counts as far as its hours usually carry. `benchmarks/forecast.py` measures the coverage.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.float64]

LEAST_DAYS = 2
"""Closed days since the first spending; with fewer nothing is said."""
TWO_WEEKS = 14
"""Days from which on the week's pattern is looked for."""
LONG_ENOUGH = 35
"""Days from which on a project's own errors are trusted alone."""
PATHS = 2_000
SEED = 20_261_127
"""Fixed: the same history gives the same forecast."""
EARLY_ERROR = 0.45
"""Typical error of a day's spending in the first days of a project, relative."""
MEDIAN_NOISE = np.pi / 2
"""Variance of a median over that of a mean."""
SMALLEST_ERROR = 0.02
"""Of every day, however even the past was."""
LARGEST_ERROR = 20.0
SPIKE = 3.5
"""Robust deviations from the median of the days around, above which a day is a spike."""
RARE = 0.1
"""Share of days that may be spikes; what is more frequent is how the project spends."""
SMALLEST_FACTOR = 0.05
"""Days of the week that have less of the usual day say nothing about the level."""


@dataclass(frozen=True, slots=True)
class History:
    """Amounts in any one unit. `days` are closed, oldest first, without gaps."""

    days: Sequence[float]
    weekday: int
    """Of the open day: 0 is Monday."""
    today: float = 0.0
    """Spent on the open day so far."""
    elapsed: float = 0.0
    """Share of the open day that is over."""
    hours: Sequence[float] = field(default_factory=lambda: [1.0] * 24)
    """What each hour of the day usually has, in any scale."""


@dataclass(frozen=True, slots=True)
class Step:
    """Sum of the period at the end of a day: the middle, and ranges of 80 and 95 percent."""

    middle: float
    low_80: float
    high_80: float
    low_95: float
    high_95: float


@dataclass(frozen=True, slots=True)
class _Fit:
    """Smoothing after the last closed day; `errors` are relative, one step ahead."""

    level: float
    slope: float
    alpha: float
    beta: float
    phi: float
    errors: Numbers


def forecast(history: History, spent: float, ahead: int) -> list[Step] | None:
    """Sums at the end of the open day and of `ahead` days after it; None of too little history.

    `spent` is the period's sum so far, the open day included.
    """
    days = _since_first(np.asarray(history.days, dtype=float))
    if len(days) < LEAST_DAYS:
        return None
    factors = week_pattern(days, history.weekday)
    of_days = factors[(history.weekday - np.arange(len(days), 0, -1)) % 7]
    telling = of_days >= SMALLEST_FACTOR
    plain = days[telling] / of_days[telling]
    fit = _fitted(plain)
    coming = factors[(history.weekday + np.arange(ahead + 1)) % 7]
    futures = _futures(fit, len(plain), history, coming)
    sums = spent + np.cumsum(futures, axis=1)
    marks = np.percentile(sums, [50, 10, 90, 2.5, 97.5], axis=0)
    return [Step(*(float(max(value, spent)) for value in column)) for column in marks.T]


def _since_first(days: Numbers) -> Numbers:
    spending = np.flatnonzero(days > 0)
    return days[spending[0] :] if len(spending) else days[:0]


def week_pattern(days: Numbers, weekday: int) -> Numbers:
    """Factors of Monday to Sunday with mean 1; all 1 while two weeks are not there.

    `weekday` is that of the day after the last.
    """
    even = np.ones(7)
    count = len(days)
    if count < TWO_WEEKS:
        return even
    means = np.convolve(days, np.ones(7) / 7, mode="valid")
    around = means[np.clip(np.arange(count) - 3, 0, len(means) - 1)]
    used = around > 0
    ratios = days[used] / around[used]
    of_day = ((weekday - np.arange(count, 0, -1)) % 7)[used]
    groups = [ratios[of_day == day] for day in range(7)]
    if min(len(group) for group in groups) < 2:
        return even
    medians = np.array([np.median(group) for group in groups])
    if medians.sum() <= 0:
        return even
    scale = 7 / medians.sum()
    medians *= scale
    weeks = count / 7
    strays = np.concatenate([(group - np.median(group)) ** 2 for group in groups])
    usual = strays[strays <= np.quantile(strays, 0.95)]
    noise = MEDIAN_NOISE * scale**2 * float(usual.mean()) / (weeks - 1)
    between = float(np.var(medians))
    sure = max(0.0, 1 - noise / between) if between > 0 else 0.0
    shrunk: Numbers = 1 + sure * (medians - 1)
    return shrunk


def without_spikes(values: Numbers) -> Numbers:
    """Values far above the median of the seven around them cut down to where "far" begins."""
    if len(values) < 5:
        return values
    padded = np.pad(values, 3, mode="reflect")
    medians = np.median(np.lib.stride_tricks.sliding_window_view(padded, 7), axis=1)
    spread = 1.4826 * float(np.median(np.abs(values - medians)))
    limit = medians + SPIKE * max(spread, 0.05 * float(np.median(values)))
    spikes = values > limit
    if not 0 < spikes.mean() <= RARE:
        return values
    return np.where(spikes, limit, values)


def _grid(count: int) -> tuple[Numbers, Numbers, Numbers, Numbers]:
    """alpha, beta, phi and a handicap of each way to smooth; trends need ten days to be seen."""
    alphas = (0.05, 0.1, 0.2, 0.35, 0.5, 0.7)
    trends = [(0.0, 0.0, 1.0)]
    if count >= 10:
        trends += [(share, phi, 1.06) for share in (0.05, 0.15, 0.3) for phi in (0.9, 0.97)]
    ways = np.array([(a, a * share, phi, cap) for a in alphas for share, phi, cap in trends])
    return ways[:, 0], ways[:, 1], ways[:, 2], ways[:, 3]


def _fitted(values: Numbers) -> _Fit:
    """The way to smooth whose one-step errors are smallest, and these errors."""
    calm = without_spikes(values)
    alpha, beta, phi, handicap = _grid(len(values))
    first = calm[:7]
    level = np.full(len(alpha), float(np.mean(first)))
    slope = np.zeros(len(alpha))
    expected = np.empty((len(values), len(alpha)))
    for i, value in enumerate(calm):
        expected[i] = np.maximum(level + phi * slope, 0.0)
        miss = value - expected[i]
        level = np.maximum(expected[i] + alpha * miss, 0.0)
        slope = phi * slope + beta * miss
    warm = min(3, len(values) // 3)
    loss = np.mean((calm[warm:, None] - expected[warm:]) ** 2, axis=0) * handicap
    best = int(np.argmin(loss))
    said = expected[warm:, best]
    known = said > 1e-6 * max(float(np.max(values)), 1e-300)
    errors = np.minimum(values[warm:][known] / said[known] - 1, LARGEST_ERROR)
    return _Fit(
        level=float(level[best]),
        slope=float(slope[best]),
        alpha=float(alpha[best]),
        beta=float(beta[best]),
        phi=float(phi[best]),
        errors=errors if len(errors) else np.zeros(1),
    )


def _drawn(fit: _Fit, count: int, shape: tuple[int, int], chance: np.random.Generator) -> Numbers:
    """Relative errors: the own ones, and those of young projects the fewer own there are."""
    parameters = 3 if count < TWO_WEEKS else 6
    stretch = np.sqrt(count / max(count - parameters, count / 2))
    own = chance.choice(fit.errors, shape) * stretch
    own += SMALLEST_ERROR * chance.standard_normal(shape)
    doubt = max(0.0, 1 - count / LONG_ENOUGH)
    early = EARLY_ERROR * chance.standard_t(4, shape)
    drawn = np.where(chance.random(shape) < doubt, early, own)
    return np.clip(drawn, -1.0, LARGEST_ERROR)


def _futures(fit: _Fit, count: int, history: History, factors: Numbers) -> Numbers:
    """(PATHS, days): what is still to be spent on the open day, and on each day after it."""
    chance = np.random.default_rng(SEED)
    errors = _drawn(fit, count, (PATHS, len(factors)), chance)
    spread = 1.4826 * float(np.median(np.abs(errors)))
    kept = np.clip(errors, -SPIKE * spread, SPIKE * spread)
    days_behind = min(count, (2 - fit.alpha) / fit.alpha)
    level = fit.level * np.maximum(
        1 + spread / np.sqrt(days_behind) * chance.standard_normal(PATHS), 0.0
    )
    slope = np.full(PATHS, fit.slope)
    spent = np.empty_like(errors)
    for i, factor in enumerate(factors):
        expected = np.maximum(level + fit.phi * slope, 0.0)
        miss = expected * kept[:, i]
        if i == 0:
            spent[:, 0] = _rest_of_day(expected * factor, errors[:, 0], history)
            if factor >= SMALLEST_FACTOR:
                done = (history.today + spent[:, 0]) / factor
                miss = np.clip(done - expected, miss.min(), max(float(miss.max()), 0.0))
        else:
            spent[:, i] = np.maximum(expected * factor * (1 + errors[:, i]), 0.0)
        level = np.maximum(expected + fit.alpha * miss, 0.0)
        slope = fit.phi * slope + fit.beta * miss
    return spent


def _rest_of_day(whole: Numbers, errors: Numbers, history: History) -> Numbers:
    """What comes until midnight, if `whole` was expected of the day.

    The later it is, the more the day's own pace counts, and the less is left to be wrong about.
    """
    done = share_of_day(history.hours, history.elapsed)
    left = 1 - done
    if left <= 0:
        return np.zeros_like(whole)
    pace = history.today / done if done > 0.01 else whole
    expected = whole * (1 - done) + pace * done
    rest: Numbers = np.maximum(expected * left * (1 + errors * min(left**-0.5, 2.0)), 0.0)
    return rest


def share_of_day(hours: Sequence[float], elapsed: float) -> float:
    """The share of a day's spending that is usually done when `elapsed` (0 to 1) of it is over."""
    usual = np.maximum(np.asarray(hours, dtype=float), 0.0)
    total = float(usual.sum())
    even = np.full(len(usual), 1 / len(usual))
    weights = 0.9 * usual / total + 0.1 * even if total > 0 else even
    at = min(max(elapsed, 0.0), 1.0) * len(weights)
    whole = int(at)
    share = float(weights[:whole].sum())
    if whole < len(weights):
        share += float(weights[whole]) * (at - whole)
    return min(share, 1.0)
