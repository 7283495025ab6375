"""What is counted in texts."""

import numpy as np
import pytest

from evals.drift.stats import descriptors, endings
from evals.drift.stats.explaining import terms


def one(name: str, text: str) -> float:
    return float(descriptors.numbers([text])[name][0])


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("characters", "a bc", 4),
        ("words", "one, two-three 4", 4),
        ("letters per word", "ab abcd", 3),
        ("share of different words", "The the cat", 2 / 3),
        ("questions", "Who? Why?", 2),
        ("lines", "a\nb\nc\n", 3),
        ("share of capitals", "ABcd", 0.5),
        ("share of digits", "1a", 0.5),
        ("share of punctuation", "a!b?", 0.5),
        ("share of non-ASCII", "äb", 0.5),
        ("blank", " \n", 1),
        ("refusal", "I'm sorry, but I can’t help with that.", 1),
        ("refusal", "Das kann ich. Ich kann nicht nur das.", 1),
        ("refusal", "I can help with that.", 0),
        ("JSON", '```json\n{"a": 1}\n```', 1),
        ("JSON", '{"a": 1', 0),
        ("JSON", "12", 0),
        ("code", "See:\n```python\nx\n```", 1),
        ("list", "Do:\n- this\n- that", 1),
        ("list", "1. first\n2. second", 1),
        ("markup", "# Head\n**bold**", 1),
        ("markup", "3 < 4 and 5 > 2", 0),
        ("link", "see https://example.org", 1),
        ("ends without a full stop", "and then the", 1),
        ("ends without a full stop", 'He said "no."', 0),
        ("ends without a full stop", "本当ですか。", 0),
        ("ends without a full stop", "", 0),
    ],
)
def test_what_a_descriptor_says(name: str, text: str, expected: float) -> None:
    assert one(name, text) == pytest.approx(expected)


def test_every_descriptor_has_a_number_for_every_text() -> None:
    odd = ["", " ", "\ud800", "a" * 10_000, "\0", "{" * 5000]
    for values in descriptors.numbers(odd).values():
        assert values.shape == (len(odd),)
        assert np.isfinite(values).all()


def test_languages() -> None:
    told = descriptors.languages([
        "Where can I find the opening hours of your shop in the city?",
        "Wo finde ich die Öffnungszeiten eures Ladens in der Stadt?",
        "ok",
        "",
    ])  # fmt: skip
    assert told == ["en", "de", "unknown", "unknown"]


WHOLE = [
    f"The {thing} of the {other} is {state}, and we have told the {person} about it."
    for thing in ("price", "colour", "weight", "size")
    for other in ("parcel", "chair", "lamp", "table")
    for state in ("wrong", "new", "known")
    for person in ("customer", "driver")
]


def test_an_end_in_the_middle_of_a_sentence_stands_out() -> None:
    cut = [" ".join(text.split()[:count]) for text, count in zip(WHOLE[:12], [4, 9] * 6)]  # noqa: B905
    scores = endings.surprise([*WHOLE, *cut], np.random.default_rng(0))
    whole, odd = scores[: len(WHOLE)], scores[len(WHOLE) :]
    assert np.median(odd) > np.quantile(whole, 0.95)


def test_ends_are_learned_where_no_text_has_a_full_stop() -> None:
    plain = [text.rstrip(".") for text in WHOLE]
    cut = [" ".join(text.split()[:4]) for text in plain[:12]]
    scores = endings.surprise([*plain, *cut], np.random.default_rng(0))
    assert np.median(scores[len(plain) :]) > np.quantile(scores[: len(plain)], 0.95)


@pytest.mark.parametrize(
    "texts", [[], [""], ["a"] * 30, [""] * 30, ["one two"] * 7, ["!", "?"] * 9]
)
def test_where_nothing_can_be_learned_nothing_is_said(texts: list[str]) -> None:
    assert endings.surprise(texts, np.random.default_rng(0)).tolist() == [0.0] * len(texts)


def test_terms_are_those_that_one_window_holds_more_often() -> None:
    before = ["please send the invoice"] * 30 + ["hello there"] * 20
    now = ["please explain the refund"] * 30 + ["hello there"] * 20
    found = terms(before, now)
    more = [term.term for term in found if term.weight > 0]
    fewer = [term.term for term in found if term.weight < 0]
    assert {"refund", "explain"} <= set(more)
    assert {"invoice", "send"} <= set(fewer)
    assert "hello" not in more + fewer
    assert "please" not in more + fewer
    refund = next(term for term in found if term.term == "refund")
    assert (refund.reference, refund.current) == (0.0, 0.6)


def test_terms_of_scripts_without_spaces() -> None:
    found = terms(["请问天气"] * 20, ["请问退款"] * 20)
    assert {"退款"} <= {term.term for term in found if term.weight > 0}


def test_terms_name_no_function_words_and_nothing_twice() -> None:
    """Of "gift certificates" no "certificate", and no "of the" however telling it may be."""
    before = ["where is my parcel"] * 30
    now = ["what of the gift certificates of the shop", "is the gift certificate of the shop"] * 15
    found = [term.term for term in terms(before, now) if term.weight > 0]
    assert {"gift", "shop"} <= set(" ".join(found).split())
    assert len([one for one in found if "gift" in one]) == 1
    assert len([one for one in found if "certificate" in one]) <= 1
    assert not {"of", "the", "is", "what"} & set(" ".join(found).split())


def test_of_no_texts_there_are_no_terms() -> None:
    assert terms([], []) == []
