"""How often month-end spending falls into the forecast's ranges, on made-up projects.

python -m benchmarks.forecast

Each row is a way in which projects spend; each trial makes a history, forecasts from a moment in
the middle of a day, and goes on to the end of the month by the same rule. "error" is the median of
|forecast - truth| / truth, "width" that of the 95 % range over the truth. No database is needed.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dashboards.budgets.forecast import History, forecast

Numbers = NDArray[np.float64]
WEEK = np.array([1.15, 1.2, 1.2, 1.15, 1.1, 0.6, 0.6])
HOURS = np.concatenate([np.full(7, 0.2), np.full(12, 1.6), np.full(5, 0.6)])


@dataclass(frozen=True)
class Kind:
    """`days(chance, count)`: what is spent on each day of one project."""

    name: str
    days: Callable[[np.random.Generator, int], Numbers]


def noise(chance: np.random.Generator, count: int, sigma: float) -> Numbers:
    return np.exp(sigma * chance.standard_normal(count) - sigma**2 / 2)


def steady(chance: np.random.Generator, count: int) -> Numbers:
    return 100 * noise(chance, count, 0.15)


def weekly(chance: np.random.Generator, count: int) -> Numbers:
    return 100 * WEEK[np.arange(count) % 7] * noise(chance, count, 0.15)


def growing(chance: np.random.Generator, count: int) -> Numbers:
    return weekly(chance, count) * np.exp(0.012 * np.arange(count))


def wandering(chance: np.random.Generator, count: int) -> Numbers:
    return weekly(chance, count) * np.exp(np.cumsum(0.06 * chance.standard_normal(count)))


def spiky(chance: np.random.Generator, count: int) -> Numbers:
    spikes = np.where(chance.random(count) < 0.04, chance.uniform(4, 9, count), 1.0)
    return weekly(chance, count) * spikes


def stepping(chance: np.random.Generator, count: int) -> Numbers:
    level = np.ones(count)
    level[int(chance.integers(5, count)) :] = chance.uniform(0.5, 2.0)
    return weekly(chance, count) * level


def batches(chance: np.random.Generator, count: int) -> Numbers:
    return np.where(chance.random(count) < 0.3, 300 * noise(chance, count, 0.3), 0.0)


KINDS = (
    Kind("steady", steady),
    Kind("weekly pattern", weekly),
    Kind("growing 1.2 % a day", growing),
    Kind("level wanders", wandering),
    Kind("spikes, 4 % of days", spiky),
    Kind("one step of the level", stepping),
    Kind("random batch days", batches),
)


def trial(kind: Kind, chance: np.random.Generator, known: int, ahead: int) -> tuple[float, ...]:
    """(inside 80 %, inside 95 %, relative error, relative width); NaN where nothing was said."""
    offset = int(chance.integers(0, 7))
    days = kind.days(chance, offset + known + 1 + ahead)[offset:]
    elapsed = float(chance.uniform(0.1, 0.9))
    by_hour = HOURS / HOURS.sum() * noise(chance, 24, 0.3)
    by_hour *= days[known] / by_hour.sum()
    whole = int(elapsed * 24)
    today = float(by_hour[:whole].sum() + by_hour[whole] * (elapsed * 24 - whole))
    history = History(days[:known].tolist(), (offset + known) % 7, today, elapsed, HOURS.tolist())
    steps = forecast(history, today, ahead)
    truth = float(days[known:].sum())
    if steps is None or truth == 0:
        return (np.nan,) * 4
    last = steps[-1]
    return (
        float(last.low_80 <= truth <= last.high_80),
        float(last.low_95 <= truth <= last.high_95),
        abs(last.middle - truth) / truth,
        (last.high_95 - last.low_95) / truth,
    )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--trials", type=int, default=400)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    head = f"{'days':>6}{'ahead':>7}{'in 80 %':>9}{'in 95 %':>9}{'error':>8}{'width':>8}"
    print(f"{'spending':24}{head}")
    begin, asked = time.perf_counter(), 0
    for kind in KINDS:
        for known, ahead in ((2, 20), (7, 20), (14, 15), (28, 15), (56, 15), (56, 3), (56, 0)):
            chance = np.random.default_rng(options.seed)
            found = np.array([trial(kind, chance, known, ahead) for _ in range(options.trials)])
            in_80, in_95 = np.nanmean(found[:, :2], axis=0) * 100
            error, width = np.nanmedian(found[:, 2:], axis=0)
            asked += options.trials
            print(
                f"{kind.name:24}{known:6}{ahead:7}{in_80:9.0f}{in_95:9.0f}{error:8.2f}{width:8.2f}",
                flush=True,
            )
    print(f"{(time.perf_counter() - begin) / asked * 1000:.1f} ms each")


if __name__ == "__main__":
    main()
