"""Scores are changed only where that helps on what was not fitted."""

import numpy as np
import pytest
from scipy.special import expit, logit

from evals.stats.estimates import Floats
from evals.stats.recalibration import RAW, Curve, recalibrated


def over_confident(rng: np.random.Generator, n: int, strength: float) -> tuple[Floats, Floats]:
    """Scores whose log odds are `strength` times what they should be, and what humans say."""
    chance = rng.uniform(0.05, 0.95, n)
    return np.asarray(expit(strength * logit(chance))), (rng.random(n) < chance) * 1.0


def test_over_confident_scores_are_brought_back() -> None:
    rng = np.random.default_rng(1)
    found = recalibrated(*over_confident(rng, 300, 4))
    assert found.curve.kind == "platt"
    assert found.curve.slope == pytest.approx(1 / 4, abs=0.1)
    assert found.losses["platt"].helps
    scores, human = over_confident(rng, 2000, 4)
    off = abs(found.curve.apply(scores).mean() - human.mean())
    assert off < 0.05
    chance = expit(logit(np.clip(scores, 1e-3, 1 - 1e-3)) / 4)
    assert np.abs(found.curve.apply(scores) - chance).mean() < 0.05


def test_scores_that_are_right_stay_as_they_are() -> None:
    rng = np.random.default_rng(2)
    kept = [recalibrated(*over_confident(rng, 80, 1)).curve is RAW for _ in range(6)]
    assert sum(kept) >= 5


def test_numbers_on_another_scale_are_brought_to_the_humans() -> None:
    rng = np.random.default_rng(3)
    human = rng.integers(1, 6, 100).astype(float)
    found = recalibrated(human * 0.4 + 3 + rng.normal(0, 0.1, 100), human)
    assert found.curve.kind in ("linear", "isotonic")
    assert found.curve.apply(np.array([3 + 0.4 * 4.0])) == pytest.approx(4, abs=0.3)
    assert found.reason == "lowers the loss"


def test_a_curve_with_steps_is_found() -> None:
    rng = np.random.default_rng(4)
    scores = rng.uniform(0, 10, 200)
    human = np.where(scores > 8, 5.0, 1.0)
    found = recalibrated(scores, human)
    assert found.curve.kind == "isotonic"
    assert found.curve.apply(np.array([0.0, 7.0, 9.5, 99.0])).tolist() == [1, 1, 5, 5]
    assert found.losses["isotonic"].value < found.losses["linear"].value


def test_curves_never_turn_scores_around_when_isotonic() -> None:
    rng = np.random.default_rng(5)
    scores = rng.uniform(0, 1, 120)
    found = recalibrated(scores, (rng.random(120) < scores**3) * 1.0)
    grid = found.curve.apply(np.linspace(0, 1, 50))
    assert (np.diff(grid) >= -1e-12).all()
    assert ((grid >= 0) & (grid <= 1)).all()


@pytest.mark.parametrize(
    ("scores", "human", "reason"),
    [
        (np.linspace(0, 1, 20), np.tile([0.0, 1], 10), "fewer than 30 labels"),
        (np.linspace(0, 1, 40), np.array([1.0] * 3 + [0] * 37), "fewer than 5 labels of one kind"),
        (np.full(40, 0.5), np.tile([0.0, 1], 20), "all scores are the same"),
        (np.full(40, 3.0), np.tile([1.0, 4], 20), "all scores are the same"),
    ],
)
def test_too_little_to_fit_leaves_scores_as_they_are(
    scores: Floats, human: Floats, reason: str
) -> None:
    found = recalibrated(scores, human)
    assert (found.curve, found.reason, found.losses) == (RAW, reason, {})
    assert RAW.apply(scores) is not scores
    assert (RAW.apply(scores) == scores).all()


def test_the_same_labels_give_the_same_curve() -> None:
    given = over_confident(np.random.default_rng(6), 100, 3)
    assert recalibrated(*given) == recalibrated(*given)


def test_certain_scores_cost_a_bounded_loss() -> None:
    scores = np.tile([0.0, 1.0], 30)
    human = np.where(np.arange(60) < 20, 1 - scores, scores)
    found = recalibrated(scores, human)
    assert found.curve.kind != "raw"
    assert found.curve.apply(np.array([1.0]))[0] == pytest.approx(2 / 3, abs=0.05)


@pytest.mark.parametrize(
    ("scores", "human", "words"),
    [
        ([0.5], [1.0, 0.0], "differ in number"),
        ([float("nan")], [1.0], "not finite"),
        ([0.5], [float("inf")], "not finite"),
        ([1.5], [1.0], "not within"),
    ],
)
def test_what_cannot_be_is_refused(scores: list[float], human: list[float], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        recalibrated(np.array(scores), np.array(human))


def test_a_curve_between_its_knots_is_straight() -> None:
    curve = Curve("isotonic", knots=((0.0, 0.2), (1.0, 0.6)))
    assert curve.apply(np.array([-1, 0.5, 2])) == pytest.approx([0.2, 0.4, 0.6])
