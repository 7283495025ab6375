"""Caches against known answers, and against an implementation that looks at every entry."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evals.replays import caching
from evals.replays.caching import Calls, Outcome, Point

SECOND = 10**9


def calls(
    starts: list[int],
    angles: list[float],
    *,
    groups: list[int] | None = None,
    prints: list[int] | None = None,
    lasts: int = 1,
    cost: int = 5,
) -> Calls:
    """Calls at these seconds whose vectors point in these directions (radians; NaN: none)."""
    start = np.array(starts, np.int64) * SECOND
    turned = np.array(angles, np.float64)
    vectors = np.stack([np.cos(turned), np.sin(turned)], axis=1)
    vectors[np.isnan(turned)] = 0
    return Calls(
        start,
        start + lasts * SECOND,
        np.array(groups or [0] * len(starts), np.int64),
        np.array(prints or [0] * len(starts), np.int64),
        vectors.astype(np.float32),
        np.full(len(starts), cost, np.int64),
    )


def slow(given: Calls, threshold: float, ttl_ns: int | None) -> list[int]:
    """One cache, entry by entry."""
    held: list[int] = []
    found = []
    for at in range(len(given)):
        best, source = threshold - caching.TOLERANCE, -1
        for entry in held:
            age = int(given.start_ns[at] - given.end_ns[entry])
            if age < 0 or (ttl_ns is not None and age > ttl_ns):
                continue
            if given.group[entry] != given.group[at]:
                continue
            alike = float(given.vectors[at] @ given.vectors[entry])
            if alike >= best:
                best, source = alike, entry
        found.append(source)
        if source < 0 and given.vectors[at].any():
            held.append(at)
    return found


def test_the_nearest_entry_answers_and_a_hit_leaves_nothing() -> None:
    made = calls([0, 10, 20, 30], [0.0, 0.5, 0.45, 0.9])
    [near, far] = caching.vector(made, [0.999, 0.85], None)
    # cos(0.05) = 0.99875, cos(0.45) = 0.90, cos(0.5) = 0.878
    assert near.source.tolist() == [-1, -1, -1, -1]
    assert far.source.tolist() == [-1, 0, 0, -1]
    [middle] = caching.vector(made, [0.9], None)
    assert middle.source.tolist() == [-1, -1, 1, 1]
    assert middle.similarity[2] == pytest.approx(np.cos(0.05), abs=1e-6)


def test_an_answer_is_there_once_its_call_has_ended_and_until_it_expires() -> None:
    made = calls([0, 1, 3, 30], [0.0] * 4, lasts=3)
    [forever] = caching.vector(made, [1.0], None)
    assert forever.source.tolist() == [-1, -1, 0, 1]
    [short] = caching.vector(made, [1.0], 10 * SECOND)
    assert short.source.tolist() == [-1, -1, 0, -1]


def test_groups_and_calls_without_a_vector_answer_nobody() -> None:
    made = calls([0, 5, 10, 15], [0.0, 0.0, float("nan"), 0.0], groups=[1, 2, 1, 1])
    [found] = caching.vector(made, [0.5], None)
    assert found.source.tolist() == [-1, -1, -1, 0]


def test_the_exact_cache_goes_by_fingerprints() -> None:
    made = calls([0, 5, 10, 15, 50], [0.0] * 5, prints=[7, 8, 7, 0, 7], groups=[1, 1, 1, 1, 1])
    assert caching.exact(made, None).source.tolist() == [-1, -1, 0, -1, 0]
    assert caching.exact(made, 20 * SECOND).source.tolist() == [-1, -1, 0, -1, -1]
    apart = calls([0, 5], [0.0] * 2, prints=[7, 7], groups=[1, 2])
    assert caching.exact(apart, None).source.tolist() == [-1, -1]


SIZES = st.integers(min_value=1, max_value=60)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(
    data=st.data(),
    n=SIZES,
    ttl=st.one_of(st.none(), st.integers(min_value=0, max_value=30)),
    block=st.sampled_from([1, 3, 16, 512]),
)
def test_all_thresholds_at_once_are_each_by_itself(
    data: st.DataObject, n: int, ttl: int | None, block: int
) -> None:
    steps = data.draw(st.lists(st.integers(0, 5), min_size=n, max_size=n))
    # Distinct enough that no two similarities tie but for equal vectors, where the newest answers.
    turns = data.draw(st.lists(st.integers(0, 40), min_size=n, max_size=n))
    groups = data.draw(st.lists(st.integers(0, 1), min_size=n, max_size=n))
    lasts = data.draw(st.integers(0, 4))
    made = calls(
        list(np.cumsum(steps)), [turn**1.3 / 90 for turn in turns], groups=groups, lasts=lasts
    )
    thresholds = [0.8, 0.9, 0.97, 0.995, 1.0]
    ttl_ns = None if ttl is None else ttl * SECOND
    before, caching.BLOCK = caching.BLOCK, block
    try:
        found = caching.vector(made, thresholds, ttl_ns)
    finally:
        caching.BLOCK = before
    for threshold, outcome in zip(thresholds, found, strict=True):
        wanted = slow(made, threshold, ttl_ns)
        assert [one < 0 for one in outcome.source] == [one < 0 for one in wanted]
        for at, (mine, theirs) in enumerate(zip(outcome.source, wanted, strict=True)):
            if theirs >= 0:
                assert made.vectors[at] @ made.vectors[mine] == pytest.approx(
                    made.vectors[at] @ made.vectors[theirs], abs=1e-6
                )


@settings(max_examples=40, deadline=None, derandomize=True)
@given(
    prints=st.lists(st.integers(0, 3), min_size=1, max_size=40),
    ttl=st.one_of(st.none(), st.integers(0, 20)),
    lasts=st.integers(0, 3),
)
def test_the_exact_cache_is_a_vector_cache_of_equal_vectors(
    prints: list[int], ttl: int | None, lasts: int
) -> None:
    turned = [one if one else float("nan") for one in prints]
    made = calls([2 * at for at in range(len(prints))], turned, prints=prints, lasts=lasts)
    ttl_ns = None if ttl is None else ttl * SECOND
    assert caching.exact(made, ttl_ns).source.tolist() == slow(made, 1.0, ttl_ns)


def test_figures_of_known_hits() -> None:
    made = calls([0, 5, 10, 15, 20], [0.0] * 5, cost=10)
    outcome = Outcome(0.9, np.array([-1, 0, 0, 0, -1]), np.ones(5, np.float32))
    wrong = caching.disagreements(outcome, lambda hits, entries: np.array([1.0, 0.0, np.nan]))
    found = caching.point(made, outcome, wrong)
    assert (found.calls, found.hits, found.saved, found.saved_ns) == (5, 3, 30, 3 * SECOND)
    assert (found.judged, found.wrong, found.wrong_rate) == (2, 1, 0.5)
    assert found.low is not None and found.high is not None
    assert 0 < found.low < 0.5 < found.high < 1
    parts = caching.by_slice(made, outcome, wrong, ["a", "a", "b", "b", "b"])
    assert (parts["a"].hits, parts["a"].wrong, parts["b"].hits, parts["b"].judged) == (1, 1, 2, 1)
    assert sum(one.saved for one in parts.values()) == found.saved


def figures(threshold: float, judged: int, wrong: int, saved: int) -> Point:
    return Point(threshold, 1000, judged, saved, 0, judged, wrong, 0.0, 1.0)


def test_the_recommendation_is_certain_and_saves_most() -> None:
    few, sure, bad = figures(0.99, 30, 0, 10), figures(0.95, 400, 1, 20), figures(0.8, 600, 60, 90)
    assert caching.recommended([few, sure, bad], 0.05) is sure
    assert caching.recommended([few, bad], 0.05) is None  # 30 without a fault prove no 5 %
    assert caching.recommended([few, sure, bad], 0.2) is bad
    assert caching.recommended([], 0.05) is None
