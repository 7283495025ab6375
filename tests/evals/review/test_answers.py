"""Answers: held to the rubric, in one form, compared."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evals.review import answers, questions
from evals.review.errors import Invalid
from tests.evals.review.desk import BAD, GOOD, RUBRIC

WIDE = questions.checked(
    [
        *RUBRIC,
        {"key": "faults", "text": "?", "kind": "choices", "options": ["a", "b", "c"],
         "required": False},
        {"key": "marks", "text": "?", "kind": "span", "options": ["claim"], "required": False},
        {"key": "plain", "text": "?", "kind": "span", "field": "input", "required": False},
        {"key": "better", "text": "?", "kind": "correction", "required": False},
    ]
)  # fmt: skip
LENGTHS = {"input": 5, "output": 10}


def faults(said: Any) -> dict[str, str]:
    with pytest.raises(Invalid) as caught:
        answers.checked(WIDE, said, LENGTHS)
    return {one["pointer"]: one["detail"] for one in caught.value.errors}


def test_good_answers_stay_as_they_are() -> None:
    assert answers.checked(WIDE, GOOD) == GOOD
    assert answers.checked(WIDE, BAD) == BAD


def test_answers_come_in_one_form() -> None:
    said = {
        "note": None, "faults": ["c", "a"], "tone": 4.0, "helpful": True,
        "marks": [{"start": 4, "end": 6, "label": "claim"},
                  {"label": "claim", "start": 0, "end": 2}],
    }  # fmt: skip
    done = answers.checked(WIDE, said, LENGTHS)
    assert list(done) == ["helpful", "tone", "faults", "marks"]
    assert type(done["tone"]) is int
    assert done["faults"] == ["a", "c"]
    assert [mark["start"] for mark in done["marks"]] == [0, 4]
    assert answers.checked(WIDE, done, LENGTHS) == done


@pytest.mark.parametrize(
    ("changed", "pointer", "words"),
    [
        ({"helpful": None}, "/answers/helpful", "Needs an answer."),
        ({"helpful": 1}, "/answers/helpful", "true or false"),
        ({"helpful": "yes"}, "/answers/helpful", "true or false"),
        ({"tone": 0}, "/answers/tone", "from 1 to 5"),
        ({"tone": 2.5}, "/answers/tone", "from 1 to 5"),
        ({"tone": True}, "/answers/tone", "from 1 to 5"),
        ({"tone": "3"}, "/answers/tone", "from 1 to 5"),
        ({"why": "rude"}, "/answers/why", "not asked"),
        ({"note": 5}, "/answers/note", "a text"),
        ({"note": "x" * 20_001}, "/answers/note", "at most 20000"),
        ({"faults": "a"}, "/answers/faults", "a list"),
        ({"faults": ["a", "d"]}, "/answers/faults/1", "one of the options"),
        ({"faults": ["a", "a"]}, "/answers/faults/1", "twice"),
        ({"marks": {}}, "/answers/marks", "a list"),
        ({"marks": [{"start": 0, "end": 1}]}, "/answers/marks/0", "label"),
        ({"plain": [{"start": 0, "end": 1, "label": "x"}]}, "/answers/plain/0", "end, start"),
        ({"plain": [{"start": -1, "end": 1}]}, "/answers/plain/0/start", "from 0"),
        ({"plain": [{"start": 0, "end": True}]}, "/answers/plain/0/end", "from 0"),
        ({"plain": [{"start": 2, "end": 2}]}, "/answers/plain/0/end", "above"),
        ({"plain": [{"start": 2, "end": 6}]}, "/answers/plain/0/end", "has 5 characters"),
        ({"plain": [{"start": 0, "end": 1}] * 2}, "/answers/plain/1", "twice"),
        (
            {"marks": [{"start": 0, "end": 1, "label": "lie"}]},
            "/answers/marks/0/label",
            "one of the options",
        ),
        ({"better": ["x"]}, "/answers/better", "a text"),
        ({"gone": 1}, "/answers/gone", "no such question"),
        ({"a/b~c": 1}, "/answers/a~1b~0c", "no such question"),
    ],
)
def test_what_is_wrong_is_pointed_at(changed: dict[str, Any], pointer: str, words: str) -> None:
    told = faults(GOOD | changed)
    assert list(told) == [pointer]
    assert words in told[pointer]


def test_all_that_is_wrong_is_told_at_once() -> None:
    assert list(faults({"helpful": False, "tone": 9})) == ["/answers/tone", "/answers/why"]


@pytest.mark.parametrize("said", [None, [], "x", 1])
def test_answers_are_an_object(said: Any) -> None:
    assert list(faults(said)) == ["/answers"]


def test_a_question_that_was_not_asked_needs_no_answer() -> None:
    assert "why" not in answers.checked(WIDE, GOOD)
    assert list(faults({"helpful": False, "tone": 1})) == ["/answers/why"]


def test_a_chain_of_conditions_ends_with_its_first_link() -> None:
    chain = questions.checked(
        [
            {"key": "a", "text": "?", "kind": "boolean"},
            {"key": "b", "text": "?", "kind": "boolean", "when": {"question": "a", "is": True}},
            {"key": "c", "text": "?", "kind": "boolean", "when": {"question": "b", "is": True}},
        ]
    )
    assert answers.checked(chain, {"a": False}) == {"a": False}
    with pytest.raises(Invalid):
        answers.checked(chain, {"a": False, "b": True, "c": True})
    assert len(answers.checked(chain, {"a": True, "b": True, "c": False})) == 3


def test_blank_text_is_no_answer_where_one_is_needed() -> None:
    needed = questions.checked([{"key": "n", "text": "?", "kind": "text"}])
    with pytest.raises(Invalid):
        answers.checked(needed, {"n": " \n"})


def test_marks_are_free_where_the_text_is_not_known() -> None:
    said = GOOD | {"plain": [{"start": 0, "end": 10**6}]}
    assert answers.checked(WIDE, said)["plain"][0]["end"] == 10**6


def test_only_what_can_be_equal_is_compared() -> None:
    other = GOOD | {"note": "different words"}
    assert answers.differing(WIDE, [GOOD, other]) == []
    assert answers.differing(WIDE, [GOOD, BAD]) == ["helpful", "tone"], "one was asked why"
    assert answers.differing(WIDE, [BAD, BAD | {"why": "false"}]) == ["why"]
    assert answers.compared(WIDE, other) == GOOD


@pytest.mark.parametrize(
    ("answer", "value"),
    [
        (True, True),
        (4, 4.0),
        ("rude", "rude"),
        (["a", "b"], "a, b"),
        ("x" * 201, None),
        ("", None),
    ],
)
def test_the_score_of_an_answer(answer: Any, value: Any) -> None:
    found = answers.score_value(answer)
    assert found == value and type(found) is type(value)


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner),
    max_leaves=6,
)


@given(st.dictionaries(st.sampled_from([one["key"] for one in WIDE]), anything))
def test_whatever_is_given_is_refused_by_place_or_comes_out_valid(said: dict[str, Any]) -> None:
    try:
        done = answers.checked(WIDE, said, LENGTHS)
    except Invalid as error:
        assert all(one["pointer"].startswith("/answers/") for one in error.errors)
        return
    assert answers.checked(WIDE, done, LENGTHS) == done
    assert done.keys() <= said.keys()
    assert type(done["helpful"]) is bool and type(done["tone"]) is int
