"""Near-duplicates: what is found to be alike, what is not, and how sure that is."""

from __future__ import annotations

import random

import numpy as np
import pytest

from evals.datasets import likeness
from evals.datasets.likeness import alike_within, normal, print_of, similarity

TEXT = "Where is my order 4711? It should have been delivered on Monday, and it is Thursday now."


def alike(one: str, other: str) -> float:
    prints = [print_of(text) for text in (one, other)]
    assert prints[0] is not None and prints[1] is not None
    return similarity(prints[0].minima, prints[1].minima)


def shingles(text: str) -> set[str]:
    plain = normal(text)
    return {plain[n : n + likeness.SHINGLE] for n in range(len(plain) - likeness.SHINGLE + 1)}


def jaccard(one: str, other: str) -> float:
    a, b = shingles(one), shingles(other)
    return len(a & b) / len(a | b)


@pytest.mark.parametrize(
    "same",
    [
        TEXT.upper(),
        "  " + TEXT.replace(" ", " \n\t "),
        TEXT.replace("?", "").replace(",", ";").replace(".", "!!"),
        TEXT.replace("order", "ｏｒｄｅｒ"),
    ],
)
def test_case_space_and_signs_make_no_difference(same: str) -> None:
    one, other = print_of(TEXT), print_of(same)
    assert one == other and one is not None
    assert one.bands(3) == other.bands(3)  # type: ignore[union-attr]


def test_a_word_more_is_alike_and_another_question_is_not() -> None:
    assert alike(TEXT, TEXT + " Please help!") >= likeness.ALIKE
    assert alike(TEXT, TEXT.replace("4711", "4712")) >= likeness.ALIKE
    assert alike(TEXT, "Do you ship to Norway, and what does it cost?") < 0.2
    assert alike("你好，我的订单在哪里？", "你好，我的订单在哪里") == 1.0
    assert alike("你好，我的订单在哪里？", "我想退回这双鞋子") < 0.3


def test_the_estimate_is_as_good_as_is_said() -> None:
    """Over many pairs: no bias, and the spread of 48 draws."""
    chance = random.Random(5)
    words = [f"w{chance.randrange(10**6)}" for _ in range(400)]
    errors, caught, should = [], 0, 0
    for _ in range(150):
        one = [chance.choice(words) for _ in range(60)]
        other = [word if chance.random() > 0.05 else chance.choice(words) for word in one]
        a, b = " ".join(one), " ".join(other)
        true = jaccard(a, b)
        errors.append(alike(a, b) - true)
        if true >= 0.75:
            should += 1
            first, second = print_of(a), print_of(b)
            caught += bool(set(first.bands(1)) & set(second.bands(1)))  # type: ignore[union-attr]
    assert abs(float(np.mean(errors))) < 0.02
    assert float(np.std(errors)) < 0.08
    assert should > 50 and caught >= 0.97 * should


def test_bands_belong_to_one_dataset() -> None:
    made = print_of(TEXT)
    assert made is not None
    assert len(made.minima) == 4 * likeness.HASHES
    assert not set(made.bands(1)) & set(made.bands(2))
    assert len(set(made.bands(1))) == likeness.BANDS
    assert all(-(2**63) <= band < 2**63 for band in made.bands(1))


@pytest.mark.parametrize("text", ["", "   ", "\n\t"])
def test_nothing_has_no_print(text: str) -> None:
    assert print_of(text) is None


@pytest.mark.parametrize("text", ["?", "👍", "a", "ab", "ﷺ", "\ud800", "x" * 300_000])
def test_odd_texts_have_one(text: str) -> None:
    made = print_of(text)
    assert made is not None and similarity(made.minima, made.minima) == 1.0


def test_signs_alone_are_told_apart() -> None:
    assert print_of("👍") != print_of("👎")


def test_the_print_is_the_same_in_every_process() -> None:
    """It is stored: another one would make all that is stored unlike."""
    made = print_of("Where is my order?")
    assert made is not None
    assert made.whole == print_of("where is my ORDER").whole  # type: ignore[union-attr]
    assert (made.whole, made.minima[:8].hex()) == STORED


STORED = (-8601790506813692449, "0b5ae60140257403")


def test_within_a_batch_the_earlier_is_named() -> None:
    texts = [TEXT, "Something else altogether, about shoes.", TEXT + " Please help!", TEXT, ""]
    found = alike_within([print_of(text) for text in texts])
    assert found.keys() == {2, 3}
    assert found[2][0][0] == 0 and found[3][0] == (0, 1.0)
    assert {place for place, _ in found[3]} == {0, 2}


def test_many_of_one_text_cost_no_square() -> None:
    made = print_of(TEXT)
    found = alike_within([made] * 2_000)
    assert len(found) == 1_999 and all(len(one) == 3 for one in list(found.values())[5:])
