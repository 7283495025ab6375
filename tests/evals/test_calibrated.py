"""Curves in a version's config: what is one, and that they are those that were fitted."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evals import calibrated
from evals.calibrated import CurveError
from evals.stats.recalibration import OF_ANSWERS, OF_NUMBERS
from evals.truth.selectors.calibration import as_config

SCORES = np.linspace(0, 1, 101)


@pytest.mark.parametrize("kind", ["platt", "isotonic", "linear"])
def test_it_is_the_curve_that_was_fitted(kind: str) -> None:
    rng = np.random.default_rng(1)
    scores = rng.random(400)
    people = (rng.random(400) < scores**3).astype(float)
    fitted = (OF_ANSWERS | OF_NUMBERS)[kind](scores, people)
    told = as_config(fitted, 400)
    assert told is not None
    curve = calibrated.check(told)
    assert curve["labels"] == 400
    mine = [calibrated.apply(curve, float(one)) for one in SCORES]
    assert mine == pytest.approx(list(fitted.apply(SCORES)), abs=1e-9)
    assert mine == sorted(mine)


def test_many_knots_are_thinned_and_stay_near() -> None:
    knots = tuple((n / 999, (n / 999) ** 2) for n in range(1000))
    told = as_config(
        type(OF_ANSWERS["isotonic"](SCORES, SCORES.round()))("isotonic", knots=knots), 9
    )
    assert told is not None and len(told["knots"]) <= calibrated.MOST_KNOTS
    curve = calibrated.check(told)
    assert calibrated.apply(curve, 0.5) == pytest.approx(0.25, abs=1e-3)


def test_a_curve_that_falls_is_none() -> None:
    scores = np.linspace(0.05, 0.95, 60)
    assert as_config(OF_ANSWERS["platt"](scores, (scores < 0.5).astype(float)), 60) is None


@given(st.floats(-1e6, 1e6))
def test_no_score_breaks_it(score: float) -> None:
    platt = calibrated.check({"kind": "platt", "slope": 900.0, "intercept": -3.0})
    assert 0 <= calibrated.apply(platt, score) <= 1
    steps = calibrated.check({"kind": "isotonic", "knots": [[0.2, 0.1], [0.4, 0.9]]})
    assert 0.1 <= calibrated.apply(steps, score) <= 0.9


def test_between_and_beyond_knots() -> None:
    steps = calibrated.check({"kind": "isotonic", "knots": [[0.2, 0.1], [0.4, 0.9], [0.6, 0.9]]})
    said = {0.0: 0.1, 0.2: 0.1, 0.3: 0.5, 0.4: 0.9, 0.5: 0.9, 0.6: 0.9, 1.0: 0.9}
    for score, value in said.items():
        assert calibrated.apply(steps, score) == pytest.approx(value)
    one = calibrated.check({"kind": "isotonic", "knots": [[0.5, 0.3]]})
    assert [calibrated.apply(one, score) for score in (0, 0.5, 1)] == [0.3, 0.3, 0.3]


@pytest.mark.parametrize(
    "given",
    [
        None,
        [],
        {"kind": "raw"},
        {"kind": "platt"},
        {"kind": "platt", "slope": -1, "intercept": 0},
        {"kind": "platt", "slope": 0, "intercept": 0},
        {"kind": "platt", "slope": True, "intercept": 0},
        {"kind": "linear", "slope": float("nan"), "intercept": 0},
        {"kind": "linear", "slope": 1, "intercept": float("inf")},
        {"kind": "linear", "slope": 1, "intercept": 1e12},
        {"kind": "linear", "slope": 1, "intercept": 0, "labels": -1},
        {"kind": "linear", "slope": 1, "intercept": 0, "labels": "4"},
        {"kind": "isotonic"},
        {"kind": "isotonic", "knots": []},
        {"kind": "isotonic", "knots": [[0, 0, 0]]},
        {"kind": "isotonic", "knots": [[0, "1"]]},
        {"kind": "isotonic", "knots": [[0.5, 0], [0.4, 1]]},
        {"kind": "isotonic", "knots": [[0.4, 1], [0.5, 0]]},
        {"kind": "isotonic", "knots": [[n, n] for n in range(calibrated.MOST_KNOTS + 1)]},
    ],
)
def test_what_is_no_curve(given: Any) -> None:
    with pytest.raises(CurveError):
        calibrated.check(given)


def test_what_is_not_known_is_left_out() -> None:
    told = calibrated.check({"kind": "linear", "slope": 2, "intercept": 1, "more": "x"})
    assert told == {"kind": "linear", "labels": 0, "slope": 2.0, "intercept": 1.0}
