"""What names a topic: words that set it apart, in any language and script."""

from __future__ import annotations

import pytest

from evals.topics.terms import LEAST_TEXTS, MOST, distinctive, label, pairs_of, same_word, terms_of
from evals.topics.tongues import foreign
from tests.evals.topics.asking import PARTS, texts


def test_known_topics_are_named_by_their_words() -> None:
    said, topics = texts(dict.fromkeys(PARTS, 40))
    names = list(PARTS)
    found = distinctive(said, [names.index(topic) for topic in topics], len(names))
    first = {
        name: {term.text for term in terms[:4]} for name, terms in zip(names, found, strict=True)
    }
    assert "refund" in first["refunds"] and "parcel" in first["parcels"]
    assert "recipe" in first["recipes"] and "python function" in first["python"]
    assert "rechnung" in first["rechnung"]
    for terms in found:
        assert 0 < len(terms) <= MOST and len({term.text for term in terms}) == len(terms)
        assert all(term.z >= 2 and 0 < term.share <= 1 for term in terms)


def test_function_words_of_common_languages_name_nothing() -> None:
    """Nor greetings, in whichever of them a topic is asked about."""
    said = [f"das ist die {word}, bonjour, tell me, merci" for word in ("apfel", "birne")]
    found = distinctive([said[0]] * 30 + ["a pear"] * 50, [0] * 30 + [1] * 50, 2)
    assert [term.text for term in found[0]] == ["apfel"]
    assert [term.text for term in found[1]] == ["pear"]


def test_words_that_stand_together_are_told_together() -> None:
    """Mostly side by side, not across a comma, and not where one of them is said far more often."""
    said = ["the delivery date please"] * 20 + ["delivery, late"] * 5 + ["a chair"] * 40
    [found, _] = distinctive(said, [0] * 25 + [1] * 40, 2)
    assert found[0].text == "delivery date" and found[0].share == 20 / 25
    assert "date" not in [term.text for term in found]
    said = ["python function"] * 10 + ["python code"] * 10 + ["python"] * 10 + ["a chair"] * 40
    [found, _] = distinctive(said, [0] * 30 + [1] * 40, 2)
    assert found[0].text == "python"
    assert pairs_of("Lamp. Desk in oak the EU certificate") == {"eu certificate"}


def test_topics_of_another_language_are_known() -> None:
    said, topics = texts(dict.fromkeys(PARTS, 40))
    names = list(PARTS)
    found = foreign(said, [names.index(topic) for topic in topics], len(names))
    assert found == ["de" if name == "rechnung" else "" for name in names]
    assert foreign(["ok"] * 9, [0] * 9, 1) == [""] and foreign([], [], 1) == [""]


def test_words_that_are_everywhere_name_nothing() -> None:
    """Whatever the language: no list of stop words is needed."""
    said = [f"la la the {word} is of" for word in ("apfel", "birne") for _ in range(50)]
    found = distinctive(said, [0] * 50 + [1] * 50, 2)
    assert [[term.text for term in terms] for terms in found] == [["apfel"], ["birne"]]
    assert found[0][0].share == 1.0


def test_words_that_are_at_home_in_most_topics_name_none() -> None:
    """Be they twice as frequent in one of them."""
    said, topics = [], []
    for at, word in enumerate(("apfel", "birne", "pflaume", "kirsche", "quitte")):
        for n in range(50):
            said.append(f"{word} mit" if at == 0 or n < 10 else word)
            topics.append(at)
    found = distinctive(said, topics, 5)
    assert [term.text for term in found[0]] == ["apfel"]


def test_what_one_person_says_over_and_over_names_nothing() -> None:
    said = ["Maximilian " * 50 + "wants a lamp"] + ["a lamp"] * 40 + ["a chair"] * 41
    found = distinctive(said, [0] * 41 + [1] * 41, 2)
    assert "maximilian" not in {term.text for term in found[0]}
    assert LEAST_TEXTS > 1


def test_forms_of_one_word_are_told_once() -> None:
    said = ["order, orders, ordering lamp"] * 20 + ["chair"] * 20
    [found, _] = distinctive(said, [0] * 20 + [1] * 20, 2)
    assert [term.text for term in found] == ["ordering lamp"]


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("order", "orders", True),
        ("charge", "charging", True),
        ("charge", "charged", True),
        ("lieferung", "lieferungen", True),
        ("contract", "contact", False),
        ("return", "retention", False),
        ("eu", "europe", False),
        ("pdf", "pdf", True),
        ("返品", "品し", False),
    ],
)
def test_same_word(one: str, other: str, same: bool) -> None:
    assert same_word(one, other) is same and same_word(other, one) is same


def test_what_is_said_elsewhere_too_comes_later() -> None:
    said = ["refund, money"] * 20 + ["refund"] * 10 + ["money"] * 8 + ["lamp"] * 60
    [found, _] = distinctive(said, [0] * 30 + [1] * 68, 2)
    assert [term.text for term in found] == ["refund", "money"]


def test_texts_of_no_topic_count_among_the_others() -> None:
    said = ["red lamp"] * 20 + ["red chair"] * 20
    found = distinctive(said, [0] * 20 + [-1] * 20, 1)
    assert [term.text for term in found[0]] == ["red lamp"]
    assert distinctive([], [], 0) == [] and distinctive(["a"], [-1], 2) == [[], []]


@pytest.mark.parametrize(
    ("text", "terms"),
    [
        ("Where's my E-Mail?", {"e-mail"}),
        ("STRASSE straße 123 4 x", {"strasse"}),
        ("返品したい", {"返品", "品し", "した", "たい"}),
        ("Где моя посылка", {"где", "моя", "посылка"}),
        ("<script>alert(1)</script>", {"script", "alert"}),
        ("", set()),
        ("\x00 \ud800 oak", {"oak"}),
        ("a" * 31, set()),
    ],
)
def test_terms_of(text: str, terms: set[str]) -> None:
    assert terms_of(text) == terms


def test_label() -> None:
    found = distinctive(["lamp, desk, oak, elm"] * 10 + ["tea"] * 10, [0] * 10 + [1] * 10, 2)
    assert label(found[0]) == "desk, elm, lamp" and label([]) == ""
