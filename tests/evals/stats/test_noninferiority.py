"""Non-inferiority, against the examples of the papers and plain calculation."""

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy.stats import ttest_1samp, ttest_ind

from evals.stats.noninferiority import (
    Verdict,
    holm,
    of_difference,
    paired_means,
    paired_rates,
    unpaired_means,
    unpaired_rates,
)


def ends(verdict: Verdict) -> tuple[float, float]:
    assert verdict.difference.low is not None
    assert verdict.difference.high is not None
    return round(verdict.difference.low, 4), round(verdict.difference.high, 4)


@pytest.mark.parametrize(
    ("counts", "expected"),
    [  # R. G. Newcombe, 1998, Statistics in Medicine 17:873, table II, method 10
        ((56, 70, 48, 80), (0.0524, 0.3339)),
        ((9, 10, 3, 10), (0.1705, 0.8090)),
        ((10, 10, 0, 20), (0.6791, 1.0)),
    ],
)
def test_unpaired_rates_have_newcombes_interval(
    counts: tuple[int, int, int, int], expected: tuple[float, float]
) -> None:
    assert ends(unpaired_rates(*counts, margin=0.1)) == pytest.approx(expected, abs=1e-4)


@pytest.mark.parametrize(
    ("counts", "expected"),
    [  # R. G. Newcombe, 1998, Statistics in Medicine 17:2635, table II, method 10
        ((36, 12, 2, 0), (0.0569, 0.3404)),
        ((20, 12, 2, 16), (0.0562, 0.3292)),
    ],
)
def test_paired_rates_have_newcombes_interval(
    counts: tuple[int, int, int, int], expected: tuple[float, float]
) -> None:
    assert ends(paired_rates(*counts, margin=0.1)) == pytest.approx(expected, abs=1e-4)


COUNTS = st.integers(0, 60)


@settings(max_examples=150, deadline=None)
@given(COUNTS, COUNTS, COUNTS, COUNTS, st.floats(0.0, 0.3), st.sampled_from([0.01, 0.025, 0.05]))
def test_interval_and_p_agree(a: int, b: int, c: int, d: int, margin: float, alpha: float) -> None:
    assume(a + b + c + d > 0)
    found = paired_rates(a, b, c, d, margin=margin, alpha=alpha)
    assert found.difference.low is not None
    assume(abs(found.difference.low + margin) > 1e-6)
    assert found.is_not_inferior == (found.difference.low > -margin)


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 20), st.integers(0, 20))
def test_a_wider_margin_is_shown_more_easily(ours: int, theirs: int) -> None:
    p_values = [
        unpaired_rates(ours, 20, theirs, 20, margin=margin).p or 0.0 for margin in (0, 0.1, 0.3)
    ]
    assert p_values == sorted(p_values, reverse=True)


def test_means_are_students_tests_against_the_margin() -> None:
    rng = np.random.default_rng(0)
    ours, theirs = rng.normal(0.5, 0.1, 30), rng.normal(0.52, 0.1, 30)
    paired = paired_means(ours, theirs, margin=0.05)
    assert paired.p == pytest.approx(
        ttest_1samp(ours - theirs, -0.05, alternative="greater").pvalue
    )
    unpaired = unpaired_means(ours[:20], theirs, margin=0.05)
    expected = ttest_ind(ours[:20] + 0.05, theirs, equal_var=False, alternative="greater")
    assert unpaired.p == pytest.approx(expected.pvalue)


def test_pairs_say_more_than_two_samples() -> None:
    prompts = np.random.default_rng(0).normal(0.5, 0.3, 40)
    noise = np.random.default_rng(1).normal(0, 0.02, 40)
    assert paired_means(prompts + noise, prompts, margin=0.05).is_not_inferior
    assert not unpaired_means(prompts + noise, prompts, margin=0.05).is_not_inferior


@pytest.mark.parametrize(("ours", "theirs"), [([0.5], [0.4]), ([0.5, 0.6], [0.4, 0.5])])
def test_nothing_is_shown_where_the_spread_is_unknown(
    ours: list[float], theirs: list[float]
) -> None:
    # The second pair differs by 0.1 each, up to rounding.
    found = paired_means(np.round(ours, 3) * 8, np.round(np.array(ours) - 0.125, 3) * 8, margin=9)
    assert len(theirs) == len(ours)
    assert found.p is None
    assert not found.is_not_inferior
    assert found.difference.reason


def test_a_difference_with_its_error_is_normal() -> None:
    found = of_difference(0.5, 0.52, 0.02, 100, margin=0.06)
    assert found.p == pytest.approx(0.02275, abs=1e-4)
    assert found.is_not_inferior
    assert of_difference(0.5, 0.5, 0.0, 1, margin=0.1).p is None


def test_what_cannot_be_is_refused() -> None:
    with pytest.raises(ValueError, match="3 successes of 2"):
        unpaired_rates(3, 2, 1, 2, margin=0.1)
    with pytest.raises(ValueError, match="no item"):
        paired_rates(0, 0, 0, 0, margin=0.1)
    with pytest.raises(ValueError, match="negative"):
        paired_rates(-1, 0, 0, 3, margin=0.1)
    with pytest.raises(ValueError, match="margin"):
        unpaired_rates(1, 2, 1, 2, margin=-0.1)
    with pytest.raises(ValueError, match="alpha"):
        unpaired_rates(1, 2, 1, 2, margin=0.1, alpha=0.7)
    with pytest.raises(ValueError, match="2 scores cannot be paired with 1"):
        paired_means([1, 2], [1], margin=0.1)
    with pytest.raises(ValueError, match="numbers"):
        paired_means([float("nan")], [1], margin=0.1)
    with pytest.raises(ValueError, match="no scores"):
        unpaired_means([], [1], margin=0.1)


def test_false_claims_stay_below_alpha() -> None:
    """Candidates exactly at the margin, over fixed draws."""
    rng = np.random.default_rng(11)
    shown = 0
    for _ in range(2000):
        ours, theirs = rng.binomial(150, 0.7), rng.binomial(150, 0.8)
        shown += unpaired_rates(int(ours), 150, int(theirs), 150, margin=0.1).is_not_inferior
    assert 0.012 < shown / 2000 < 0.036


def test_holm_adds_up_over_slices() -> None:
    def of(p: float | None) -> Verdict:
        error = 1.0
        found = of_difference(0.0, 0.0, error, 9, margin=0.0)
        return Verdict(0, 0, found.difference, 0.0, 0.025, p)

    verdicts = {"a": of(0.001), "b": of(0.011), "c": of(0.02), "d": of(None)}
    # 0.025 / 4 = 0.006; 0.025 / 3 = 0.0083 < 0.011: b stops it.
    assert holm(verdicts) == {"a": True, "b": False, "c": False, "d": False}
    assert holm({}) == {}
