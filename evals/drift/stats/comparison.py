"""Whether two windows differ, in what, and what they could have shown."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import false_discovery_control
from sklearn.isotonic import isotonic_regression  # type: ignore[import-untyped]

from evals.drift.stats import combining, dealing, explaining
from evals.drift.stats.measures import Material, Measure, material
from evals.drift.stats.results import Result, Test
from evals.drift.stats.windows import Window, checked

Doubles = NDArray[np.float64]

PERMUTATIONS = 999
MOST = 2_000
"""Items of a window that are compared: of more, as many are drawn."""
POWER = 0.8
SHARES = (0.02, 0.03, 0.05, 0.07, 0.1, 0.14, 0.2, 0.3, 0.45, 0.7, 1.0)
TRIALS = 30
"""Shifts that are tried for each share."""


def compare(
    reference: Window,
    current: Window,
    *,
    alpha: float = 0.05,
    permutations: int = PERMUTATIONS,
    seed: int = 0,
    detectable: bool = True,
) -> Result:
    """Compare two windows; the same windows and seed give the same result.

    Takes two to three seconds of one core for 1,000 and 500 texts. Of windows of more than 2,000
    items that many are drawn. `detectable`: whether the detectable effect is worked out, which
    takes a quarter of the time.

    Raises ValueError where the windows cannot be compared, alpha is not within (0, 1), or there
    are too few permutations for a p-value as small as alpha.
    """
    checked(reference, current)
    if not 0 < alpha < 1:
        raise ValueError("alpha must lie within (0, 1)")
    if (permutations + 1) * alpha < 1:
        raise ValueError(f"{permutations} permutations cannot show p ≤ {alpha}")
    rng = np.random.default_rng(seed)
    drawn = [_drawn(window, rng) for window in (reference, current)]
    (before, before_places), (now, now_places) = drawn
    found = material(before, now, rng, seed)
    result = _compared(before, now, found, alpha, permutations, detectable, rng)
    return replace(
        result,
        examples=tuple(int(now_places[place]) for place in result.examples),
        reference_examples=tuple(int(before_places[place]) for place in result.reference_examples),
    )


def _drawn(window: Window, rng: np.random.Generator) -> tuple[Window, NDArray[np.intp]]:
    """At most MOST items, and the place of each in the window."""
    if len(window) <= MOST:
        return window, np.arange(len(window))
    places = np.sort(rng.permutation(len(window))[:MOST])
    chosen = Window(
        texts=[window.texts[place] for place in places] if window.texts else (),
        vectors=None if window.vectors is None else window.vectors[places],
        numeric={name: np.asarray(values)[places] for name, values in window.numeric.items()},
        categories={
            name: [values[place] for place in places] for name, values in window.categories.items()
        },
    )
    return chosen, places


def _compared(
    before: Window,
    now: Window,
    found: Material,
    alpha: float,
    permutations: int,
    detectable: bool,
    rng: np.random.Generator,
) -> Result:
    dealt = dealing.permuted(len(before), len(now), permutations, rng)
    shares = np.repeat(SHARES, TRIALS)
    if detectable and found.distances is not None and found.distances.any():
        dealt = np.hstack([dealt, dealing.shifted(found.distances, len(now), shares, rng)])
    null = permutations + 1
    asked = [(measure, measure.of(dealt)) for measure in found.measures]
    # What is the same however items are dealt is no question: no text of either has a link, say.
    asked = [(measure, raw) for measure, raw in asked if combining.rounded(raw, null).any()]
    measures, raw = tuple(one for one, _ in asked), [statistic for _, statistic in asked]
    rounded = [combining.rounded(statistic, null) for statistic in raw]
    weights = [measure.weight for measure in measures]
    p_values = combining.combined(rounded, weights, null)
    is_current = dealt[:, 0] > 0
    tests = _tests(measures, raw, rounded, null, is_current)
    examples = _examples(measures, rounded, null, is_current)
    return Result(
        p_value=float(p_values[0]),
        drift=bool(p_values[0] <= alpha),
        alpha=alpha,
        reference_size=len(before),
        current_size=len(now),
        permutations=permutations,
        tests=tests,
        detectable_effect=_smallest(shares, p_values[null:] <= alpha),
        examples=tuple(examples[0]),
        reference_examples=tuple(examples[1]),
        terms=tuple(explaining.terms(before.texts, now.texts)),
    )


def _tests(
    measures: tuple[Measure, ...],
    raw: list[Doubles],
    rounded: list[Doubles],
    null: int,
    is_current: NDArray[np.bool_],
) -> tuple[Test, ...]:
    p_values = [float(combining.by_rank(statistic, null)[0]) for statistic in rounded]
    adjusted = false_discovery_control(p_values) if p_values else np.empty(0)
    tests = [
        Test(
            measure.name,
            measure.kind,
            float(statistic[0]),
            p_value,
            float(held),
            *explaining.effect(measure, float(statistic[0]), is_current),
        )
        for measure, statistic, p_value, held in zip(measures, raw, p_values, adjusted, strict=True)
    ]
    beyond = {measure.name: -one[0] for measure, one in zip(measures, rounded, strict=True)}
    return tuple(sorted(tests, key=lambda test: (test.p_value, beyond[test.name])))


def _examples(
    measures: tuple[Measure, ...],
    rounded: list[Doubles],
    null: int,
    is_current: NDArray[np.bool_],
) -> tuple[list[int], list[int]]:
    """Of the most telling measure; its ties by the classifier."""
    if not measures:
        return [], []
    p_values = [float(combining.by_tail(statistic, null)[0]) for statistic in rounded]
    telling = measures[int(np.argmin(p_values))]
    first = explaining.scores(telling, is_current)
    apart = [measure for measure in measures if measure.smoothing is not None]
    second = explaining.scores(apart[0], is_current) if apart else np.zeros(len(first))
    return explaining.examples(first, second, is_current)


def _smallest(shares: NDArray[Any], is_seen: NDArray[np.bool_]) -> float | None:
    """The share from which at least POWER of the trials are seen, read off a rising curve."""
    if not len(is_seen):
        return None
    tried = np.array(SHARES)
    power = np.array([float(is_seen[shares == share].mean()) for share in tried])
    power = isotonic_regression(power)
    place = int(np.searchsorted(power, POWER))
    if place == len(tried):
        return None
    if place == 0:
        return float(tried[0])
    step = (POWER - power[place - 1]) / (power[place] - power[place - 1])
    low, high = np.log(tried[place - 1]), np.log(tried[place])
    return float(np.exp(low + step * (high - low)))
