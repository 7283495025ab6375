"""How far reviewers agree beyond chance, for one question.

- Krippendorff's alpha: any number of reviewers, labels missing, nominal, ordinal or interval
  (K. Krippendorff, 2011, Computing Krippendorff's Alpha-Reliability). Its interval: units drawn
  again with replacement, percentiles (A. F. Hayes and K. Krippendorff, 2007, Communication Methods
  and Measures 1:77, draw pairs; units are drawn here, since a unit's labels depend on each other).
- Fleiss' kappa: the items that have equally many labels (J. L. Fleiss, 1971, Psychological
  Bulletin 76:378). Interval as alpha's.
- Cohen's kappa of each pair, plain (J. Cohen, 1960, Educational and Psychological Measurement
  20:37) and weighted (J. Cohen, 1968, Psychological Bulletin 70:213): linear where the level is
  ordinal, quadratic where it is interval. Its variance is that of J. L. Fleiss, J. Cohen and
  B. S. Everitt (1969, Psychological Bulletin 72:323); from it, the number of independent items
  that would vary as much, and for these Wilson's interval of the observed agreement, which is
  still one where all agree. With chance as found, Wilson's interval can reach beyond what kappa
  can be: it is cut to [-1, 1]. That loses none of its coverage, for the truth lies there. (Of two
  people disagreement is at most twice that of chance: |x - y| is a metric of negative type, and
  so is being different; of squares it is the concordance correlation.)

Where no unit shows a disagreement, drawing again shows none either. The lower end is then what
Wilson's interval allows of units in which labels differ as by chance.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import combinations

import krippendorff
import numpy as np
from numpy.typing import NDArray
from statsmodels.stats.inter_rater import cohens_kappa, fleiss_kappa

from evals.stats.estimates import Estimate, Floats, absent
from traces.intervals import wilson

Value = str | bool | int | float
Counts = NDArray[np.int64]

RESAMPLES = 1000
FEWEST_RESAMPLES = 200
WORK = 200_000_000
"""Cells that all resamples of one alpha may touch: what keeps continuous values affordable."""
SEED = 20111
WEIGHTING = {"ordinal": "linear", "interval": "quadratic"}


class Level(StrEnum):
    """Of measurement."""

    NOMINAL = "nominal"
    ORDINAL = "ordinal"
    INTERVAL = "interval"


@dataclass(frozen=True, slots=True)
class Rating:
    """One reviewer's label of one item."""

    item: Hashable
    reviewer: str
    value: Value


@dataclass(frozen=True, slots=True)
class Pair:
    """Two reviewers on the items that both labelled; `weighted` where values have an order."""

    observed: Estimate
    """The share on which they agree."""
    kappa: Estimate
    weighted: Estimate | None


@dataclass(frozen=True, slots=True)
class Agreement:
    """Of all who labelled one question."""

    alpha: Estimate
    fleiss: Estimate
    pairs: dict[tuple[str, str], Pair]


def agreement(
    ratings: Iterable[Rating], level: Level, categories: Sequence[Value] | None = None
) -> Agreement:
    """Of the labels of one question. A reviewer's later label of an item replaces an earlier one.

    `categories` are the possible values in their order; absent, those that occur, sorted. Raises
    ValueError for a value that is none of them, for texts whose order is not given where the level
    has one, and for texts where it is interval.
    """
    table: dict[Hashable, dict[str, Value]] = defaultdict(dict)
    for one in ratings:
        table[one.item][one.reviewer] = one.value
    domain = _domain(table, level, categories)
    counts = _counts(table, domain)
    return Agreement(
        alpha=alpha(counts, level, domain),
        fleiss=fleiss(counts),
        pairs={
            (a, b): _pair(table, a, b, level, domain)
            for a, b in combinations(sorted({who for row in table.values() for who in row}), 2)
        },
    )


def _domain(
    table: Mapping[Hashable, Mapping[str, Value]],
    level: Level,
    categories: Sequence[Value] | None,
) -> list[Value]:
    found = {value for row in table.values() for value in row.values()}
    texts = any(isinstance(value, str) for value in categories or found)
    if texts and level is Level.INTERVAL:
        raise ValueError("texts have no interval")
    if categories is not None:
        if strange := found - set(categories):
            raise ValueError(f"{min(map(repr, strange))} is no category")
        return list(dict.fromkeys(categories))
    if texts and level is not Level.NOMINAL:
        raise ValueError("texts need their categories in order")
    return sorted(found, key=lambda value: (isinstance(value, str), value))


def _counts(table: Mapping[Hashable, Mapping[str, Value]], domain: Sequence[Value]) -> Counts:
    """(items, categories): how many reviewers gave each."""
    place = {value: n for n, value in enumerate(domain)}
    counts = np.zeros((len(table), len(domain)), np.int64)
    for row, given in zip(counts, table.values(), strict=True):
        for value in given.values():
            row[place[value]] += 1
    return counts


def alpha(counts: Counts, level: Level, domain: Sequence[Value] | None = None) -> Estimate:
    """Krippendorff's, of (units, values) counts; `domain` are the values, in order."""
    units = counts[counts.sum(axis=1) >= 2]
    if reason := _undefined(units):
        return absent(reason, len(units))
    kept = units.any(axis=0)
    scale = np.arange(counts.shape[1]) if level is not Level.INTERVAL else _numbers(domain, counts)

    def of(drawn: Counts) -> float:
        return float(
            krippendorff.alpha(
                value_counts=drawn[:, kept],
                value_domain=scale[kept],
                level_of_measurement=level.value,
            )
        )

    return _drawn_again(units, of)


def _numbers(domain: Sequence[Value] | None, counts: Counts) -> Floats:
    values = range(counts.shape[1]) if domain is None else domain
    return np.array([float(value) for value in values])


def fleiss(counts: Counts) -> Estimate:
    """Fleiss' kappa, of the items with the commonest number of labels above one."""
    sizes = counts.sum(axis=1)
    several = Counter(sizes[sizes >= 2].tolist())
    if not several:
        return absent("no item has two labels")
    size = max(several, key=lambda size: (several[size], size))
    units = counts[sizes == size]
    if reason := _undefined(units):
        return absent(reason, len(units))
    return _drawn_again(units, lambda drawn: float(fleiss_kappa(drawn)))


def _undefined(units: Counts) -> str | None:
    """Why no agreement beyond chance is defined of these units of two labels and more."""
    if not len(units):
        return "no item has two labels"
    if units.any(axis=0).sum() < 2:
        return "all labels are the same"
    return None


def _drawn_again(units: Counts, of: Callable[[Counts], float]) -> Estimate:
    value, n = of(units), len(units)
    if n < 2:
        return Estimate(value, None, None, n, "one item shows no spread")
    if not (units.astype(bool).sum(axis=1) > 1).any():
        return Estimate(value, 1 - wilson(0, n)[1], value, n)
    rng = np.random.default_rng(SEED)
    cells = n * units.shape[1] ** 2
    rounds = min(max(WORK // cells, FEWEST_RESAMPLES), RESAMPLES)
    drawn = (units[rng.integers(0, n, n)] for _ in range(rounds))
    found = [of(sample) for sample in drawn if _undefined(sample) is None]
    if len(found) < rounds / 2:
        return Estimate(value, None, None, n, "too few items differ to know the spread")
    low, high = np.quantile(found, [0.025, 0.975])
    return Estimate(value, min(float(low), value), max(float(high), value), n)


def _pair(
    table: Mapping[Hashable, Mapping[str, Value]],
    a: str,
    b: str,
    level: Level,
    domain: Sequence[Value],
) -> Pair:
    both = [(row[a], row[b]) for row in table.values() if a in row and b in row]
    crossed = cross(both, domain)
    weighting = WEIGHTING.get(level.value)
    scores = _numbers(domain, crossed) if level is Level.INTERVAL else None
    n = len(both)
    agreed = int(np.trace(crossed))
    observed = (
        Estimate(agreed / n, *wilson(agreed, n), n) if n else absent("no item has both labels")
    )
    weighted = cohen(crossed, weighting, scores) if weighting else None
    return Pair(observed, cohen(crossed), weighted)


def cross(pairs: Iterable[tuple[Value, Value]], domain: Sequence[Value]) -> Counts:
    """(categories, categories): how often the first gave the row and the second the column."""
    place = {value: n for n, value in enumerate(domain)}
    table = np.zeros((len(domain), len(domain)), np.int64)
    for first, second in pairs:
        table[place[first], place[second]] += 1
    return table


def cohen(
    crossed: NDArray[np.int64] | Floats,
    weighting: str | None = None,
    scores: Floats | None = None,
) -> Estimate:
    """Cohen's kappa of a square table; `weighting` is linear or quadratic in `scores`.

    Without `scores`, categories are one step apart.
    """
    n = round(float(crossed.sum()))
    if not n:
        return absent("no item has both labels")
    kept = (crossed.sum(axis=0) + crossed.sum(axis=1)) > 0
    if kept.sum() < 2:
        return absent("all labels are the same", n)
    used = crossed[np.ix_(kept, kept)]
    places = (np.arange(len(crossed)) if scores is None else scores)[kept].astype(float)
    steps = np.abs(places[:, None] - places) / np.ptp(places)
    apart = {None: 1 - np.eye(len(used)), "linear": steps, "quadratic": steps**2}[weighting]
    # Rounding makes the variance of perfect agreement negative, of which it then takes roots.
    with np.errstate(invalid="ignore", divide="ignore"):
        found = cohens_kappa(used, weights=places if weighting else None, wt=weighting)
    by_chance = np.outer(used.sum(axis=1), used.sum(axis=0)) / used.sum() ** 2
    return _kappa(float(found.kappa), float(found.var_kappa), float((apart * by_chance).sum()), n)


def _kappa(kappa: float, variance: float, chance: float, n: int) -> Estimate:
    """With its interval; `chance` is the disagreement that chance would give, in [0, 1]."""
    agreed = min(max(1 - (1 - kappa) * chance, 0.0), 1.0)
    spread = variance * chance**2
    alike = agreed * (1 - agreed) / spread if spread > 1e-12 and 0 < agreed < 1 else float(n)
    low, high = wilson(agreed * alike, alike)
    low, high = (min(max(1 - (1 - end) / chance, -1.0), 1.0) for end in (low, high))
    return Estimate(kappa, min(low, kappa), max(high, kappa), n)
