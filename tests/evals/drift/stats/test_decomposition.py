"""A change of score, split into users and model."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evals.drift.stats.decomposition import decompose

ITEMS = st.lists(st.tuples(st.sampled_from("abcd"), st.floats(-1e3, 1e3)), min_size=1, max_size=30)


def split(items: list[tuple[str, float]]) -> tuple[list[str], list[float]]:
    return [topic for topic, _ in items], [score for _, score in items]


@settings(max_examples=200, deadline=None)
@given(ITEMS, ITEMS)
def test_parts_add_up(before: list[tuple[str, float]], now: list[tuple[str, float]]) -> None:
    found = decompose(*split(before), *split(now))
    change = np.mean(split(now)[1]) - np.mean(split(before)[1])
    assert found.change.value == pytest.approx(change, abs=1e-9)
    assert found.users.value is not None
    assert found.model.value is not None
    assert found.users.value + found.model.value == pytest.approx(change, abs=1e-9)
    assert sum(part.users for part in found.parts) == pytest.approx(found.users.value, abs=1e-8)
    assert sum(part.model for part in found.parts) == pytest.approx(found.model.value, abs=1e-8)


@settings(max_examples=100, deadline=None)
@given(ITEMS, ITEMS)
def test_turned_round_it_is_the_opposite(
    before: list[tuple[str, float]], now: list[tuple[str, float]]
) -> None:
    there, back = decompose(*split(before), *split(now)), decompose(*split(now), *split(before))
    assert there.users.value == pytest.approx(-(back.users.value or 0.0), abs=1e-9)
    assert there.model.value == pytest.approx(-(back.model.value or 0.0), abs=1e-9)


def test_kitagawas_sums_by_hand() -> None:
    before = ["easy"] * 8 + ["hard"] * 2, [1.0] * 8 + [0.0] * 2
    now = ["easy"] * 5 + ["hard"] * 5, [1.0] * 5 + [0.0] * 5
    found = decompose(*before, *now)
    assert found.change.value == pytest.approx(-0.3)
    assert found.users.value == pytest.approx(-0.3)
    assert found.model.value == pytest.approx(0)


def test_the_same_mix_answered_worse_is_the_model() -> None:
    found = decompose(["a", "a", "b", "b"], [1, 1, 0.5, 0.5], ["a", "a", "b", "b"], [0.5] * 4)
    assert found.users.value == pytest.approx(0)
    assert found.model.value == pytest.approx(-0.25)
    assert found.parts[0].topic == "a"
    assert found.parts[0].model == pytest.approx(-0.25)


def test_a_new_topic_is_the_users() -> None:
    found = decompose(["a"] * 4, [1.0] * 4, ["a"] * 2 + ["new"] * 2, [1.0, 1.0, 0.0, 0.0])
    assert found.users.value == pytest.approx(-0.5)
    assert found.model.value == pytest.approx(0)
    new = next(part for part in found.parts if part.topic == "new")
    assert (new.reference_mean, new.current_mean, new.reference_share) == (None, 0.0, 0.0)


def test_a_topic_that_grows_and_scores_like_the_rest_explains_nothing() -> None:
    found = decompose(["a", "b"] * 5, [0.5] * 10, ["a"] * 9 + ["b"], [0.5] * 10)
    assert all(part.users == pytest.approx(0) for part in found.parts)


def test_scores_that_are_absent_are_left_out() -> None:
    found = decompose(["a", "b"], [1.0, float("nan")], ["a", "a"], [0.0, 0.5])
    assert found.reference == 1.0
    assert found.current == 0.25


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((["a"], [1.0, 2.0], ["a"], [1.0]), "reference window has 1 topics and 2 scores"),
        ((["a"], [1.0], ["a"], [float("nan")]), "current window has no score"),
        (([], [], ["a"], [1.0]), "reference window has no score"),
        ((["a"], [float("inf")], ["a"], [1.0]), "infinite"),
    ],
)
def test_what_cannot_be_split_is_said(arguments: tuple, message: str) -> None:  # type: ignore[type-arg]
    with pytest.raises(ValueError, match=message):
        decompose(*arguments)


def test_intervals_hold_the_truth() -> None:
    """Over fixed draws: 95 % intervals of both causes miss in about a twentieth of them."""
    rng = np.random.default_rng(5)
    means = np.array([0.9, 0.6, 0.3])
    worse = means - [0.0, 0.2, 0.0]
    p, q = np.array([0.5, 0.3, 0.2]), np.array([0.3, 0.3, 0.4])
    users = float((q - p) @ (means + worse) / 2)
    model = float((p + q) / 2 @ (worse - means))
    held = np.zeros(2)
    for _ in range(300):
        before, now = rng.choice(3, 200, p=p), rng.choice(3, 150, p=q)
        found = decompose(
            before.tolist(), means[before] + rng.normal(0, 0.2, 200),
            now.tolist(), worse[now] + rng.normal(0, 0.2, 150),
        )  # fmt: skip
        for place, (one, truth) in enumerate(((found.users, users), (found.model, model))):
            assert one.low is not None
            assert one.high is not None
            held[place] += one.low <= truth <= one.high
    assert ((held / 300 >= 0.91) & (held / 300 <= 0.985)).all()


def test_of_one_score_there_is_no_interval() -> None:
    found = decompose(["a"], [1.0], ["a", "b"], [0.5, 0.2])
    assert found.users.low is None
    assert found.users.reason == "a window has one score"
