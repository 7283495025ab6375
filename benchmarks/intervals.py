"""How often the 95 % intervals of `traces.intervals` hold the truth.

    PYTHONPATH=platform:. python -m benchmarks.intervals [--rounds 4000] [--seed 1]

Rates of equal weight are counted out exactly: over all outcomes of n, for 999 true rates from 0.001
to 0.999; what is printed is the mean over these rates and the least of them, and the same for
rates below 5 %. All else is simulated. Weights: "1:4" are values chosen with probability 1 or 1/4
without regard to the value; "1:10 by value" is what a rule does that scores all of one sort of
call and a tenth of the others, where that sort scores worse.
The last lines name the means over rates, or over shapes of values, that leave 93–97 %.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binom

from traces.intervals import Interval, mean_interval, weighted_rate, wilson

SIZES = (5, 10, 20, 50, 100, 300, 1000)
GOAL = (0.93, 0.97)
RATES = (0.01, 0.02, 0.05, 0.1, 0.2, 0.35, 0.5, 0.65, 0.8, 0.9, 0.95, 0.98, 0.99)
LEVELS = np.array([0, 0.25, 0.5, 0.75, 1])
SORTED_SHARE = 0.3
"""Of the calls that a rule by value always chooses."""

Floats = NDArray[np.float64]
Rng = np.random.Generator


@dataclass(frozen=True)
class Shape:
    """A distribution of scores; `draw` gives an array of the size that is asked for."""

    name: str
    mean: float
    draw: Callable[[Rng, tuple[int, int]], Floats]


def beta(a: float, b: float) -> Shape:
    return Shape(f"beta({a:g}, {b:g})", a / (a + b), lambda rng, size: rng.beta(a, b, size))


def levels(name: str, *shares: float) -> Shape:
    return Shape(
        f"five levels, {name}",
        float(LEVELS @ np.array(shares)),
        lambda rng, size: rng.choice(LEVELS, size=size, p=shares),
    )


def rare(share: float) -> Shape:
    """Zero but for a share around 0.8."""
    return Shape(
        f"0 but {share:.0%} near 0.8",
        share * 0.8,
        lambda rng, size: (rng.random(size) < share) * rng.beta(8, 2, size),
    )


def truth(share: float) -> Shape:
    return Shape(f"0 or 1, {share:.0%}", share, lambda rng, size: (rng.random(size) < share) * 1.0)


SHAPES = (
    *(beta(5, 5), beta(1, 1), beta(20, 2), beta(2, 20), beta(0.5, 0.5), beta(0.3, 3), beta(8, 0.5)),
    levels("high", 0.02, 0.03, 0.1, 0.25, 0.6),
    levels("low", 0.7, 0.2, 0.05, 0.03, 0.02),
    levels("middle", 0.1, 0.2, 0.4, 0.2, 0.1),
    *(rare(0.05), rare(0.2), truth(0.02), truth(0.1), truth(0.3)),
)
WIDE = (
    Shape("normal(50, 10)", 50, lambda rng, size: rng.normal(50, 10, size)),
    Shape("1 to 5, even", 3, lambda rng, size: rng.integers(1, 6, size).astype(float)),
    Shape(
        "1 to 5, mostly 5",
        4.3,
        lambda rng, size: rng.choice([1.0, 2, 3, 4, 5], size=size, p=[0.05, 0.05, 0.1, 0.15, 0.65]),
    ),
)


def exact(n: int) -> tuple[Floats, Floats]:
    """The true rates, and for each how often the interval of `n` values holds it."""
    rates = np.arange(1, 1000) / 1000
    ends = np.array([wilson(k, n) for k in range(n + 1)])
    holds = (ends[:, :1] <= rates) & (rates <= ends[:, 1:])
    return rates, (binom.pmf(np.arange(n + 1)[:, None], n, rates) * holds).sum(axis=0)


def sums(x: Floats, w: Floats) -> Floats:
    """(rounds, 6): w, w2, wx, wx2, w2x, w2x2 as ScoreMeasures keeps them."""
    parts = (w, w * w, w * x, w * x * x, w * w * x, w * w * x * x)
    return np.stack([part.sum(axis=1) for part in parts], axis=1)


def even(rng: Rng, x: Floats) -> Floats:
    return np.ones_like(x)


def uneven(rng: Rng, x: Floats) -> Floats:
    return np.where(rng.random(x.shape) < 0.5, 1.0, 4.0)


def coverage(
    shape: Shape, n: int, weigh: Callable[[Rng, Floats], Floats], rounds: int, rng: Rng
) -> float:
    """How often the interval of the mean holds the mean of the shape."""
    x = shape.draw(rng, (rounds, n))
    found = sums(x, weigh(rng, x)).tolist()
    return share([mean_interval(n, *each) for each in found], shape.mean)


def by_value(rate: float, n: int, rounds: int, rng: Rng) -> float:
    """Coverage where the calls that are always scored are true twice as often as all calls.

    `n` is how many are scored.
    """
    always = min(2 * rate, 0.5 + rate / 2)
    seldom = (rate - SORTED_SHARE * always) / (1 - SORTED_SHARE)
    chosen = SORTED_SHARE / (SORTED_SHARE + (1 - SORTED_SHARE) / 10)
    sort = rng.random((rounds, n)) < chosen
    x = (rng.random((rounds, n)) < np.where(sort, always, seldom)) * 1.0
    found = sums(x, np.where(sort, 1.0, 10.0))[:, :3].tolist()
    return share([weighted_rate(*each, n) for each in found], rate)


def share(intervals: list[Interval], value: float) -> float:
    """How many hold the value, of those that there are: where none is given, none is wrong."""
    ends = np.array([(one.low, one.high) for one in intervals if one.low is not None], float)
    return float(((ends[:, 0] - 1e-12 <= value) & (value <= ends[:, 1] + 1e-12)).mean())


def heading(title: str) -> None:
    print(f"\n### {title}\n\n| |" + "".join(f" n = {n} |" for n in SIZES))
    print("|---|" + "---|" * len(SIZES))


def line(name: str, values: list[float]) -> list[float]:
    print(f"| {name} |" + "".join(f" {value:.1%} |" for value in values))
    return values


def rates_of_equal_weight() -> list[float]:
    heading("Rates, equal weights (exact)")
    found = [exact(n) for n in SIZES]
    means = line("mean over all rates", [float(held.mean()) for _, held in found])
    line("least of all rates", [float(held.min()) for _, held in found])
    small = [held[rates < 0.05] for rates, held in found]
    line("mean over rates below 5 %", [float(held.mean()) for held in small])
    line("least of rates 5–95 %", [float(held[49:950].min()) for _, held in found])
    return means


def weighted_rates(rounds: int, rng: Rng) -> dict[str, list[float]]:
    heading("Rates, unequal weights, mean over 13 rates from 1 % to 99 %")
    shapes = [truth(rate) for rate in RATES]
    apart = [[rated(shape, n, rounds, rng) for shape in shapes] for n in SIZES]
    by_sort = [[by_value(rate, n, rounds, rng) for rate in RATES] for n in SIZES]
    return {
        "rates, 1:4": line("1:4", [float(np.mean(each)) for each in apart]),
        "rates, 1:10 by value": line("1:10 by value", [float(np.mean(each)) for each in by_sort]),
    }


def rated(shape: Shape, n: int, rounds: int, rng: Rng) -> float:
    x = shape.draw(rng, (rounds, n))
    found = sums(x, uneven(rng, x))[:, :3].tolist()
    return share([weighted_rate(*each, n) for each in found], shape.mean)


def means(
    title: str, shapes: tuple[Shape, ...], weigh: Callable[[Rng, Floats], Floats],
    rounds: int, rng: Rng,
) -> list[float]:  # fmt: skip
    heading(title)
    table = [
        line(shape.name, [coverage(shape, n, weigh, rounds, rng) for n in SIZES])
        for shape in shapes
    ]
    return line("**mean**", np.mean(table, axis=0).tolist())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else "")
    parser.add_argument("--rounds", type=int, default=4000)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    rng = np.random.default_rng(given.seed)
    held = {"rates": rates_of_equal_weight(), **weighted_rates(given.rounds, rng)}
    for title, shapes in (("in [0, 1]", SHAPES), ("on other scales", WIDE)):
        for words, weigh in (("equal weights", even), ("weights 1:4", uneven)):
            name = f"Means {title}, {words}"
            held[name] = means(name, shapes, weigh, given.rounds, rng)
    outside = [
        f"- {name}, n = {n}: {value:.1%}"
        for name, values in held.items()
        for n, value in zip(SIZES, values, strict=True)
        if not GOAL[0] <= value <= GOAL[1]
    ]
    print(f"\nOf {len(held) * len(SIZES)} means, outside 93–97 %: {len(outside) or 'none'}")
    print("\n".join(outside))


if __name__ == "__main__":
    main()
