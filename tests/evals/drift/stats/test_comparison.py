"""Two windows compared: what is seen, what is not, at any size."""

from __future__ import annotations

import random
from collections.abc import Sequence

import numpy as np
import pytest

from evals.drift.stats import Result, Window, compare
from evals.drift.stats.comparison import MOST

THINGS = ("invoice", "refund", "delivery", "password", "address", "order", "voucher", "account")
ASKED = (
    "Please tell me how the {} of my {} can be changed.",
    "Where do I find the {} for the {} that I made yesterday?",
    "My {} is missing, and the {} is wrong.",
    "Could you send me a copy of the {} and the {}?",
    "I would like to cancel the {} before the {} is sent.",
)
GERMAN = (
    "Ich möchte wissen, wie ich meine {} und die {} ändern kann.",
    "Wo finde ich bitte die {} zu meiner {} von gestern?",
)


def texts(n: int, seed: int, forms: Sequence[str] = ASKED) -> list[str]:
    chance = random.Random(seed)
    return [chance.choice(forms).format(*chance.sample(THINGS, 2)) for _ in range(n)]


def told(result: Result, name: str) -> float:
    return next(test.p_value for test in result.tests if test.name == name)


@pytest.fixture(scope="module")
def quiet() -> Result:
    return compare(Window(texts=texts(120, 1)), Window(texts=texts(80, 2)), permutations=199)


def test_windows_of_one_kind_show_nothing(quiet: Result) -> None:
    assert not quiet.drift
    assert quiet.p_value > 0.05
    assert (quiet.reference_size, quiet.current_size) == (120, 80)


def test_it_says_what_would_have_been_seen(quiet: Result) -> None:
    assert quiet.detectable_effect is not None
    assert 0.02 <= quiet.detectable_effect <= 1


def test_the_same_windows_give_the_same_result(quiet: Result) -> None:
    again = compare(Window(texts=texts(120, 1)), Window(texts=texts(80, 2)), permutations=199)
    assert again == quiet


def test_of_categories_the_one_farthest_beyond_chance_is_named() -> None:
    before = Window(categories={"tongue": ["en"] * 196 + ["none"] * 4})
    now = Window(categories={"tongue": ["en"] * 88 + ["none"] * 10 + ["de"] * 2})
    found = compare(before, now, detectable=False)
    [tongue] = [test for test in found.tests if test.name == "tongue"]
    assert tongue.level == "none", "though a little more of English is gone"
    assert (tongue.reference, tongue.current) == (0.02, 0.1)


def test_another_language_is_seen_and_named() -> None:
    now = texts(70, 2) + texts(10, 3, GERMAN)
    found = compare(Window(texts=texts(120, 1)), Window(texts=now), detectable=False)
    assert found.drift
    assert found.p_value == pytest.approx(0.001)
    language = next(test for test in found.tests if test.name == "language")
    assert (language.level, language.p_value < 0.01) == ("de", True)
    assert language.reference == 0
    assert language.current == pytest.approx(10 / 80)
    told = {word for term in found.terms for word in term.term.split()}
    assert told and not told & {"ich", "und", "meine", "wie", "bitte", "die", "the", "my"}
    assert all(place >= 70 for place in found.examples[:8])
    assert found.detectable_effect is None


def test_texts_that_are_cut_off_are_seen() -> None:
    whole = texts(260, 4)
    cut = [" ".join(text.split()[: len(text.split()) * 6 // 10]) for text in whole[200:230]]
    found = compare(
        Window(texts=whole[:160]), Window(texts=[*whole[160:200], *cut]), detectable=False
    )
    assert found.drift
    assert told(found, "cut off") < 0.01
    assert sum(place >= 40 for place in found.examples[:10]) >= 8


def test_numbers_and_categories_are_tests_of_their_own() -> None:
    rng = np.random.default_rng(0)
    before = Window(
        numeric={"latency": rng.gamma(2, 100, 90), "tokens": np.full(90, 7.0)},
        categories={"reason": ["stop"] * 80 + ["length"] * 10},
    )
    now = Window(
        numeric={"latency": rng.gamma(2, 220, 60), "tokens": np.full(60, 7.0)},
        categories={"reason": ["stop"] * 30 + ["length"] * 30},
    )
    found = compare(before, now)
    by_name = {test.name: test for test in found.tests}
    assert set(by_name) == {"latency", "reason", "telling them apart"}  # all tokens are equal
    assert found.drift
    assert by_name["latency"].kind == "numeric"
    assert by_name["latency"].effect > 0.3
    assert by_name["reason"].effect == pytest.approx(-by_name["reason"].reference + 0.5)  # type: ignore[operator]
    assert by_name["telling them apart"].effect > 0.6
    assert found.terms == ()
    assert all(test.adjusted >= test.p_value for test in found.tests)


def test_numbers_that_some_items_lack() -> None:
    before = Window(numeric={"score": np.array([np.nan, 0.1, 0.2, 0.3, np.nan, 0.2])})
    now = Window(numeric={"score": np.array([np.nan, np.nan, np.nan, 0.9])})
    found = compare(before, now, permutations=99)
    assert 0 < found.p_value <= 1
    absent = {"score": np.full(5, np.nan)}
    assert compare(Window(numeric=absent), Window(numeric=absent), permutations=99).p_value == 1


def test_vectors_alone() -> None:
    rng = np.random.default_rng(0)
    before = rng.normal(size=(80, 12)).astype(np.float32)
    now = rng.normal(size=(60, 12)).astype(np.float32)
    now[:20, 3] += 6
    found = compare(Window(vectors=before), Window(vectors=now), permutations=199)
    assert found.drift
    assert {test.kind for test in found.tests} == {"vectors", "classifier"}
    assert sum(place < 20 for place in found.examples[:10]) >= 8


@pytest.mark.parametrize("huge", [1e-18, 1e18])
def test_vectors_of_any_size_of_numbers(huge: float) -> None:
    rng = np.random.default_rng(0)
    sides = [Window(vectors=rng.normal(size=(9, 3)).astype(np.float32) * huge) for _ in range(2)]
    assert np.isfinite(compare(*sides, permutations=99).p_value)


@pytest.mark.parametrize(
    ("before", "now"),
    [
        (["the same"] * 5, ["the same"] * 5),
        ([""] * 4, [""] * 3),
        (["\n", " "], ["", "\t"]),
        (["a"] * 2, ["a"] * 2),
    ],
)
def test_what_is_all_alike_has_no_drift(before: list[str], now: list[str]) -> None:
    found = compare(Window(texts=before), Window(texts=now), permutations=99)
    assert not found.drift
    assert found.detectable_effect is None


@pytest.mark.parametrize("sizes", [(2, 2), (5, 5), (3, 40), (40, 3)])
def test_tiny_windows_have_a_p_value_no_smaller_than_there_are_dealings(
    sizes: tuple[int, int],
) -> None:
    n, m = sizes
    before = Window(texts=[f"text {place} of one kind" for place in range(n)])
    now = Window(texts=[f"Ganz etwas anderes, Nummer {place}!" for place in range(m)])
    found = compare(before, now, permutations=199)
    assert 0 < found.p_value <= 1
    if sizes == (2, 2):
        assert found.p_value > 0.1  # one of six dealings at best
    if sizes == (5, 5):
        assert found.drift  # one of 252


def test_blank_texts_against_full_ones() -> None:
    found = compare(Window(texts=[""] * 8), Window(texts=["some words"] * 8), permutations=199)
    assert found.drift


def test_hostile_texts() -> None:
    odd = ["\ud800 lone", "a\0b", "😀" * 50, "x" * 20_000, "(((((", "{" * 3000, "\u202e rtl", "ß"]
    found = compare(Window(texts=odd * 2), Window(texts=odd), permutations=99)
    assert not found.drift


def test_of_large_windows_a_sample_is_compared_and_examples_are_found_in_them() -> None:
    rng = np.random.default_rng(0)
    now = np.r_[np.zeros(3000), np.full(600, 9.0)] + rng.normal(size=3600)
    found = compare(
        Window(numeric={"x": rng.normal(size=MOST + 500)}), Window(numeric={"x": now}),
        permutations=99, detectable=False,
    )  # fmt: skip
    assert (found.reference_size, found.current_size) == (MOST, MOST)
    assert found.drift
    assert all(place >= 3000 for place in found.examples)


def test_p_values_are_uniform_without_drift() -> None:
    """Over fixed windows: neither too many small ones nor too few."""
    p_values = []
    for draw in range(150):
        rng = np.random.default_rng(draw)
        values = rng.integers(0, 3, 40).astype(np.float64)  # many ties
        labels = rng.choice(["a", "b", "c"], 40, p=[0.8, 0.15, 0.05])
        vectors = rng.normal(size=(40, 4)).astype(np.float32)
        sides = [
            Window(
                vectors=vectors[part], numeric={"x": values[part]},
                categories={"y": list(labels[part])},
            )
            for part in (slice(0, 28), slice(28, 40))
        ]  # fmt: skip
        found = compare(*sides, permutations=99, detectable=False, seed=draw)
        p_values.append(found.p_value)
    found_p = np.array(p_values)
    # Binomial of 150 with 5 %, 20 %, 50 %: these bounds are beyond 3 standard deviations.
    assert (found_p <= 0.05).sum() <= 16
    assert 15 <= (found_p <= 0.2).sum() <= 46
    assert 56 <= (found_p <= 0.5).sum() <= 94


@pytest.mark.parametrize(
    ("reference", "current", "message"),
    [
        (Window(texts=["a"]), Window(texts=["a", "b"]), "reference window has 1 items"),
        (
            Window(vectors=np.zeros((3, 2))), Window(vectors=np.zeros((0, 2))),
            "current window has 0 items",
        ),
        (
            Window(vectors=np.zeros((3, 2))), Window(vectors=np.zeros((3, 4))),
            "2 and 4 dimensions",
        ),
        (Window(texts=["a", "b"]), Window(vectors=np.zeros((3, 4))), "has texts"),
        (
            Window(texts=["a", "b"], numeric={"x": np.zeros(2)}), Window(texts=["a", "b"]),
            "numbers x",
        ),
    ],
)  # fmt: skip
def test_what_cannot_be_compared_is_said(reference: Window, current: Window, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        compare(reference, current)


def test_windows_are_checked_when_they_are_made() -> None:
    with pytest.raises(ValueError, match="texts 1, vectors 2"):
        Window(texts=["a"], vectors=np.zeros((2, 3)))
    with pytest.raises(ValueError, match="needs texts"):
        Window()
    with pytest.raises(ValueError, match="finite"):
        Window(vectors=np.array([[np.nan, 1.0]]))
    with pytest.raises(ValueError, match="shape"):
        Window(vectors=np.zeros(3))


def test_levels_that_permutations_cannot_reach_are_refused() -> None:
    two = Window(texts=["a", "b"])
    with pytest.raises(ValueError, match="19 permutations"):
        compare(two, two, alpha=0.01, permutations=19)
    with pytest.raises(ValueError, match="alpha"):
        compare(two, two, alpha=1.0)
