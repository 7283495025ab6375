"""Questions as forms, and forms as answers."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.http import QueryDict

from dashboards.desk import rubric
from evals.review import questions
from evals.review.errors import Invalid
from tests.dashboards.desk import scene

EVERY = questions.checked(scene.EVERY)
TEXTS = {"output": "Nothing is free. Everything is fine 🙂 today.", "input": ""}


def form(**given: str | list[str]) -> QueryDict:
    data = QueryDict(mutable=True)
    for name, value in given.items():
        data.setlist(name, value if isinstance(value, list) else [value])
    return data


def only(question: dict[str, Any]) -> list[dict[str, Any]]:
    return questions.checked([{"key": "a", "text": "A?", **question}])


@pytest.mark.parametrize(
    ("question", "given", "answer"),
    [
        ({"kind": "boolean"}, "true", True),
        ({"kind": "boolean"}, "false", False),
        ({"kind": "boolean"}, "perhaps", "perhaps"),
        ({"kind": "scale"}, "3", 3),
        ({"kind": "scale", "low": -5, "high": 5}, "-2", -2),
        ({"kind": "scale"}, "many", "many"),
        ({"kind": "scale"}, "9" * 30, "9" * 30),
        ({"kind": "choice", "options": ["x", "y"]}, "x", "x"),
        ({"kind": "choices", "options": ["x", "y"]}, ["x", "y"], ["x", "y"]),
        ({"kind": "text"}, "one\r\ntwo", "one\ntwo"),
        ({"kind": "correction"}, "  kept as typed ", "  kept as typed "),
    ],
)
def test_each_kind_is_read_as_it_is_answered(
    question: dict[str, Any], given: str | list[str], answer: Any
) -> None:
    assert rubric.parsed(only(question), form(q_a=given)) == {"a": answer}


def test_what_is_empty_is_no_answer() -> None:
    names = {f"q_{one['key']}": "" for one in EVERY}
    assert rubric.parsed(EVERY, form(**names)) == {}
    assert rubric.parsed(EVERY, form()) == {}


def test_ranges_come_from_the_script_as_they_are() -> None:
    asked = only({"kind": "span", "options": ["x"]})
    spans = [{"start": 0, "end": 7, "label": "x"}]
    data = form(q_a=json.dumps(spans), q_a_script="1", q_a_passages="free")
    assert rubric.parsed(asked, data, texts=TEXTS) == {"a": spans}


NO_RANGE = '[1, {"start": "0", "end": 3}, {"start": true, "end": 3}, {"end": 3}]'


@pytest.mark.parametrize("broken", ["{", "[" * 100_000, "null", '"words"', NO_RANGE])
def test_what_the_script_cannot_have_sent_is_never_an_error_of_ours(broken: str) -> None:
    asked = only({"kind": "span"})
    assert rubric.parsed(asked, form(q_a=broken, q_a_script="1"), texts=TEXTS) == {}


def test_nothing_goes_on_that_no_database_holds() -> None:
    asked = [*only({"kind": "text"}), *only({"kind": "choices", "options": ["x"]})]
    asked[1]["key"] = "b"
    assert rubric.parsed(asked, form(q_a="a\0b", q_b=["x\0", ""])) == {"a": "ab", "b": ["x"]}
    spans = json.dumps([{"start": 0, "end": 1, "label": "x\0", "more": "\0"}])
    found = rubric.parsed(only({"kind": "span"}), form(q_a=spans, q_a_script="1"))
    assert found == {"a": [{"start": 0, "end": 1, "label": "x"}]}


def test_without_scripts_passages_are_looked_for_in_the_text() -> None:
    asked = only({"kind": "span"})
    found = rubric.parsed(asked, form(q_a_passages="free\r\n\r\ntoday.\nnowhere"), texts=TEXTS)
    [first, second, third] = found["a"]
    assert [TEXTS["output"][one["start"] : one["end"]] for one in (first, second)] == [
        "free",
        "today.",
    ]
    assert third == "nowhere"
    with pytest.raises(Invalid, match="“nowhere” is not in the answer"):
        rubric.checked_passages(asked, found)


def test_passages_with_labels_name_them_first() -> None:
    asked = only({"kind": "span", "options": ["bad", "good"]})
    found = rubric.parsed(asked, form(q_a_passages="bad: free\nfree"), texts=TEXTS)
    assert found["a"] == [{"start": 11, "end": 15, "label": "bad"}, "free"]


def test_marked_ranges_come_back_as_passages_for_a_page_without_scripts() -> None:
    asked = only({"kind": "span", "options": ["bad"]})
    spans = [{"start": 11, "end": 15, "label": "bad"}, "bad: nowhere"]
    [field] = rubric.fields(asked, {"a": spans}, texts=TEXTS)
    assert field.passages == "bad: free\nbad: nowhere"
    assert json.loads(field.text) == spans[:1]


def test_answers_to_what_is_not_asked_are_left_out() -> None:
    data = form(q_correct="Correct", q_why=["The place"], q_tone="3")
    found = rubric.parsed(EVERY, data)
    assert found["why"] == ["The place"]  # a draft keeps it
    assert rubric.asked(EVERY, found) == {"correct": "Correct", "tone": 3}
    assert rubric.asked(EVERY, found | {"correct": "Wrong"})["why"] == ["The place"]


def test_digits_are_the_numbers_of_a_small_scale_and_places_of_all_else() -> None:
    def digits(**question: Any) -> list[str]:
        return [one.key for one in rubric.options(only(question)[0], None)]

    assert digits(kind="boolean") == ["1", "2"]
    assert digits(kind="scale", low=0, high=3) == ["0", "1", "2", "3"]
    assert digits(kind="scale", low=-1, high=1) == ["1", "2", "3"]
    assert digits(kind="scale", low=1, high=11) == [*"123456789", "", ""]
    assert digits(kind="choice", options=["x", "y"]) == ["1", "2"]
    assert digits(kind="text") == []


def test_what_was_answered_is_chosen_and_a_number_is_no_yes() -> None:
    [yes, no] = rubric.options(only({"kind": "boolean"})[0], False)
    assert (yes.chosen, no.chosen) == (False, True)
    assert not any(one.chosen for one in rubric.options(only({"kind": "boolean"})[0], 1))
    scale = rubric.options(only({"kind": "scale"})[0], 4)
    assert [one.label for one in scale if one.chosen] == ["4"]


def test_conditions_reach_the_script_as_values_and_the_reader_as_words() -> None:
    asked = questions.checked([
        {"key": "ok", "text": "Ok?", "kind": "boolean"},
        {"key": "how", "text": "How bad?", "kind": "scale",
         "when": {"question": "ok", "is": False}},
        {"key": "why", "text": "Why?", "kind": "text", "when": {"question": "how", "is": [4, 5]}},
    ])  # fmt: skip
    _, how, why = rubric.fields(asked, {})
    assert json.loads(how.when) == {"question": "ok", "is": ["false"]}
    assert json.loads(why.when) == {"question": "how", "is": ["4", "5"]}
    assert how.only == "Only if “Ok?” is No"
    assert why.only == "Only if “How bad?” is 4 of 1–5 or 5 of 1–5"


def test_short_options_stand_side_by_side() -> None:
    fields = {one.question["key"]: one for one in rubric.fields(EVERY, {})}
    assert fields["correct"].is_row and fields["tone"].is_row and fields["person"].is_row
    [wide] = rubric.fields(only({"kind": "choice", "options": ["x" * 40, "y"]}), {})
    assert not wide.is_row
