"""Rows of the form and questions are two forms of one thing, and nothing that is sent breaks it."""

from __future__ import annotations

from typing import Any

from django.http import QueryDict
from hypothesis import given, settings
from hypothesis import strategies as st

from dashboards.queues import rubric
from dashboards.queues.rubric import Row
from evals.review.errors import Invalid
from evals.review.questions import COMPARED, MOST_QUESTIONS, Kind, Question, checked

WORDS = st.text(
    st.characters(exclude_categories=["C", "Z"], exclude_characters="|"), min_size=1, max_size=12
)
NUMBERS = st.integers(-50, 50)


@st.composite
def questions(draw: st.DrawFn) -> list[Question]:
    """Any rubric that a service takes."""
    found: list[Question] = []
    for n in range(draw(st.integers(1, 5))):
        kind = draw(st.sampled_from(list(Kind)))
        one: Question = {"key": f"k{n}", "text": draw(WORDS), "kind": kind.value}
        one["required"] = draw(st.booleans())
        if kind == Kind.SCALE:
            low = draw(NUMBERS)
            one |= {"low": low, "high": low + draw(st.integers(1, 20))}
        if kind in (Kind.CHOICE, Kind.CHOICES, Kind.SPAN):
            one["options"] = draw(st.lists(WORDS, min_size=2, max_size=4, unique=True))
        if kind == Kind.SPAN:
            one["field"] = draw(st.sampled_from(["input", "output"]))
        before = [other for other in found if other["kind"] in COMPARED]
        conditional: bool = draw(st.booleans())
        if before and conditional:
            other = draw(st.sampled_from(before))
            answers = draw(
                st.lists(st.sampled_from(_answers(other)), min_size=1, max_size=2, unique=True)
            )
            one["when"] = {
                "question": other["key"],
                "is": answers[0] if len(answers) == 1 else answers,
            }
        found.append(one)
    return checked(found)


def _answers(question: Question) -> list[Any]:
    match question["kind"]:
        case Kind.BOOLEAN:
            return [True, False]
        case Kind.SCALE:
            return list(range(question["low"], question["high"] + 1))
    return list(question["options"])


def sent(rows: list[Row]) -> QueryDict:
    """What a browser sends of these rows."""
    data = QueryDict(mutable=True)
    data["rows"] = str(len(rows))
    for n, row in enumerate(rows):
        for name, attribute in rubric.FIELDS.items():
            data[f"q{n}-{name}"] = getattr(row, attribute)
        if row.required:
            data[f"q{n}-required"] = "1"
    return data


@given(questions())
@settings(max_examples=60, deadline=None)
def test_through_the_form_and_back(whole: list[Question]) -> None:
    rows = rubric.rows_from(sent(rubric.rows_of(whole)))
    assert checked(rubric.questions_from(rows)) == whole


@given(st.dictionaries(
    st.sampled_from(["rows", *(f"q{n}-{name}" for n in range(3) for name in rubric.FIELDS)]),
    st.text(max_size=20), max_size=20,
), st.text(max_size=8))  # fmt: skip
@settings(max_examples=80, deadline=None)
def test_nothing_that_is_sent_breaks_it(data: dict[str, str], deed: str) -> None:
    form = QueryDict(mutable=True)
    form.update({"rows": "3"} | data)
    rows = rubric.changed(rubric.rows_from(form), deed)
    try:
        checked(rubric.questions_from(rows))
    except Invalid as error:
        rubric.place(rows, error.errors)


def test_no_more_rows_than_there_may_be() -> None:
    assert len(rubric.rows_from(QueryDict("rows=999"))) == MOST_QUESTIONS
    rows = [Row(f"k{n}") for n in range(MOST_QUESTIONS)]
    assert len(rubric.changed(rows, "add")) == MOST_QUESTIONS
    for number in ("", "x", "-1", "9999999", "²"):
        assert rubric.rows_from(QueryDict(f"rows={number}")) == []


def test_a_condition_can_name_what_stands_above_it_and_can_be_compared() -> None:
    rows = rubric.linked([Row("a"), Row("b", kind=Kind.TEXT), Row("", "no key"), Row("c")])
    assert [row.earlier for row in rows] == [[], ["a"], ["a"], ["a"]]
    [_, moved] = rubric.changed([Row("a"), Row("b", when="a", is_="yes")], "up-1")
    assert moved.key == "a"
    [first, _] = rubric.changed([Row("a"), Row("b", when="a", is_="yes")], "up-1")
    assert first.earlier == ["a"], "what it named is still there to be seen, and refused"


def test_errors_find_their_rows() -> None:
    rows = [Row("a"), Row("b")]
    rest = rubric.place(
        rows,
        [
            {"pointer": "/questions/1/when/is", "detail": "no answer"},
            {"pointer": "/questions/0/options/3", "detail": "twice"},
            {"pointer": "/questions/0", "detail": "an object"},
            {"pointer": "/questions", "detail": "1 to 30"},
            {"pointer": "/questions/7/key", "detail": "far away"},
            {"pointer": "/name", "detail": "not mine"},
        ],
    )
    assert rows[1].errors == {"is": ["no answer"]}
    assert rows[0].errors == {"options": ["twice"], "text": ["an object"]}
    assert rest == ["1 to 30", "far away"]


def test_every_field_of_a_question_has_a_name_to_be_told_by() -> None:
    """A field that an error can stand at is one that the page has, and calls something."""
    assert rubric.LABELS.keys() == {*rubric.FIELDS, "required"}
    row = Row("a", errors={"is": ["no answer"], "strange": ["odd"]})
    assert rubric.wrong([Row("b"), row]) == [
        rubric.Wrong("q1-is", "Question 2, answers that it is asked after", "no answer"),
        rubric.Wrong("q1-text", "Question 2", "odd"),
    ]


def test_answers_of_a_condition_are_those_of_its_question() -> None:
    rows = [
        Row("yes", "?", Kind.BOOLEAN), Row("n", "?", Kind.SCALE), Row("c", "?", Kind.CHOICE),
        Row("x", "?", when="yes", is_=" Yes "), Row("y", "?", when="n", is_="1|2| "),
        Row("z", "?", when="c", is_="1 | yes"), Row("w", "?", when="gone", is_="1"),
    ]  # fmt: skip
    asked = {one["key"]: one["when"]["is"] for one in rubric.questions_from(rows) if "when" in one}
    assert asked == {"x": True, "y": [1, 2], "z": ["1", "yes"], "w": "1"}
