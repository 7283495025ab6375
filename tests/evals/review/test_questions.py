"""Rubrics: what may be asked, and where a wrong one is wrong."""

from typing import Any

import pytest

from evals.review import questions
from evals.review.errors import Invalid
from tests.evals.review.desk import HELPFUL, NOTE, RUBRIC, TONE, WHY


def faults(given: Any) -> dict[str, str]:
    with pytest.raises(Invalid) as caught:
        questions.checked(given)
    return {one["pointer"]: one["detail"] for one in caught.value.errors}


def one(**more: Any) -> list[dict[str, Any]]:
    return [{"key": "a", "text": "A?", "kind": "boolean", **more}]


def test_a_rubric_is_completed_and_stays_as_it_is() -> None:
    done = questions.checked(RUBRIC)
    assert [question["key"] for question in done] == ["helpful", "tone", "why", "note"]
    assert [question["required"] for question in done] == [True, True, True, False]
    assert done[2]["when"] == {"question": "helpful", "is": False}
    assert questions.checked(done) == done


def test_usual_scales_and_spans() -> None:
    [scale] = questions.checked(one(kind="scale"))
    assert (scale["low"], scale["high"]) == (1, 5)
    [span] = questions.checked(one(kind="span"))
    assert span["field"] == "output" and "options" not in span
    [marked] = questions.checked(one(kind="span", field="input", options=["claim"]))
    assert (marked["field"], marked["options"]) == ("input", ["claim"])


@pytest.mark.parametrize("given", [None, {}, [], "x", [HELPFUL] * 31])
def test_it_is_a_list_of_some(given: Any) -> None:
    assert list(faults(given)) == ["/questions"]


@pytest.mark.parametrize(
    ("question", "pointer"),
    [
        ("text", "/questions/0"),
        ({"key": "a", "text": "A?"}, "/questions/0/kind"),
        ({"key": "a", "text": "A?", "kind": "yes/no"}, "/questions/0/kind"),
        ({"key": "a", "text": "A?", "kind": ["boolean"]}, "/questions/0/kind"),
        ({"text": "A?", "kind": "boolean"}, "/questions/0/key"),
        ({"key": "Has Space", "text": "A?", "kind": "boolean"}, "/questions/0/key"),
        ({"key": "a" * 65, "text": "A?", "kind": "boolean"}, "/questions/0/key"),
        ({"key": "a", "kind": "boolean"}, "/questions/0/text"),
        ({"key": "a", "text": " ", "kind": "boolean"}, "/questions/0/text"),
        ({"key": "a", "text": "A?", "kind": "boolean", "required": 1}, "/questions/0/required"),
        ({"key": "a", "text": "A?", "kind": "boolean", "options": ["x"]}, "/questions/0/options"),
        ({"key": "a", "text": "A?", "kind": "boolean", "colour": 1}, "/questions/0/colour"),
        ({"key": "a", "text": "A?", "kind": "choice"}, "/questions/0/options"),
        ({"key": "a", "text": "A?", "kind": "choice", "options": ["x"]}, "/questions/0/options"),
        ({"key": "a", "text": "A?", "kind": "choice", "options": "xy"}, "/questions/0/options"),
        (
            {"key": "a", "text": "A?", "kind": "choice", "options": ["x", "x"]},
            "/questions/0/options/1",
        ),
        (
            {"key": "a", "text": "A?", "kind": "choices", "options": ["x", 1]},
            "/questions/0/options/1",
        ),
        ({"key": "a", "text": "A?", "kind": "scale", "low": 1.5}, "/questions/0/low"),
        ({"key": "a", "text": "A?", "kind": "scale", "low": True}, "/questions/0/low"),
        ({"key": "a", "text": "A?", "kind": "scale", "low": 5, "high": 5}, "/questions/0/high"),
        ({"key": "a", "text": "A?", "kind": "scale", "high": 102}, "/questions/0/high"),
        ({"key": "a", "text": "A?", "kind": "span", "field": "context"}, "/questions/0/field"),
    ],
)
def test_what_is_wrong_is_pointed_at(question: Any, pointer: str) -> None:
    assert list(faults([question])) == [pointer]


def test_all_that_is_wrong_is_told_at_once() -> None:
    told = faults([{**TONE, "text": ""}, HELPFUL, {**NOTE, "required": "no"}, HELPFUL])
    assert list(told) == ["/questions/0/text", "/questions/2/required", "/questions/3/key"]


@pytest.mark.parametrize(
    ("when", "at"),
    [
        ("helpful", ""),
        ({"question": "helpful"}, ""),
        ({"question": "helpful", "is": True, "or": 1}, ""),
        ({"question": "why", "is": "rude"}, "/question"),
        ({"question": "later", "is": True}, "/question"),
        ({"question": "note", "is": "x"}, "/question"),
        ({"question": "helpful", "is": 1}, "/is"),
        ({"question": "helpful", "is": []}, "/is"),
        ({"question": "tone", "is": 6}, "/is"),
        ({"question": "tone", "is": [1, True]}, "/is"),
    ],
)
def test_a_condition_names_an_earlier_question_and_its_answers(when: Any, at: str) -> None:
    later = {"key": "later", "text": "?", "kind": "boolean"}
    given = [HELPFUL, TONE, {**NOTE}, {**WHY, "when": when}, later]
    assert list(faults(given)) == [f"/questions/3/when{at}"]


def test_a_condition_may_name_several_answers() -> None:
    [_, asked] = questions.checked([TONE, {**NOTE, "when": {"question": "tone", "is": [1, 2]}}])
    assert questions.is_asked(asked, {"tone": 2})
    assert not questions.is_asked(asked, {"tone": 3})
    assert not questions.is_asked(asked, {})


def test_yes_is_not_one() -> None:
    of_boolean = {"when": {"question": "a", "is": True}}
    assert questions.is_asked(of_boolean, {"a": True})
    assert not questions.is_asked(of_boolean, {"a": 1})


def test_of_several_choices_one_is_enough() -> None:
    asked = {"when": {"question": "a", "is": ["x", "y"]}}
    assert questions.is_asked(asked, {"a": ["z", "y"]})
    assert not questions.is_asked(asked, {"a": ["z"]})
