"""Answers to the questions of a rubric: checked to the letter, and compared. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from evals.review.errors import Fault, Invalid
from evals.review.questions import COMPARED, Kind, Question, is_answer, is_asked

Answers = dict[str, Any]
Lengths = Mapping[str, int]
"""By field (input, output): how many characters the text has that spans are marked in."""

LONGEST_TEXT, LONGEST_CORRECTION = 20_000, 200_000
MOST_SPANS = 200
NEEDS = "Needs an answer."
"""Said of a required answer that is missing; desk-form.js says the same."""


class _Wrong(ValueError):
    """`at`: where inside the answer."""

    def __init__(self, detail: str, at: str = "") -> None:
        super().__init__(detail)
        self.detail, self.at = detail, at


def checked(questions: Sequence[Question], given: Any, lengths: Lengths | None = None) -> Answers:
    """The answers in one form, in the rubric's order. Raises Invalid, pointers below /answers.

    null is no answer. `lengths` None: spans are not held against their text.
    """
    if not isinstance(given, dict):
        raise Invalid([{"pointer": "/answers", "detail": "Must be an object."}])
    known = {question["key"] for question in questions}
    strange = [str(name)[:100] for name in given if name not in known]
    errors = [_fault(name, "", "There is no such question.") for name in strange]
    done: Answers = {}
    for question in questions:
        key, value = question["key"], given.get(question["key"])
        try:
            if _is_given(question, value, done):
                done[key] = OF_KIND[question["kind"]](question, value, lengths)
        except _Wrong as wrong:
            errors.append(_fault(key, wrong.at, wrong.detail))
    if errors:
        raise Invalid(errors)
    return done


def _is_given(question: Question, value: Any, before: Answers) -> bool:
    """Whether there is an answer to check; `before` are the valid ones of earlier questions."""
    if not is_asked(question, before):
        if value is not None:
            raise _Wrong("Is not asked after these answers.")
        return False
    if value is None or value == []:
        if question["required"]:
            raise _Wrong(NEEDS)
        return False
    return True


def _fault(key: str, at: str, detail: str) -> Fault:
    escaped = key.replace("~", "~0").replace("/", "~1")
    return {"pointer": f"/answers/{escaped}{at}", "detail": detail}


def _boolean(question: Question, value: Any, lengths: Lengths | None) -> bool:
    if not isinstance(value, bool):
        raise _Wrong("Must be true or false.")
    return value


def _scale(question: Question, value: Any, lengths: Lengths | None) -> int:
    whole = int(value) if isinstance(value, float) and value.is_integer() else value
    if not is_answer(question, whole):
        raise _Wrong(f"Must be a whole number from {question['low']} to {question['high']}.")
    return int(whole)


def _choice(question: Question, value: Any, lengths: Lengths | None) -> str:
    if not is_answer(question, value):
        raise _Wrong("Must be one of the options.")
    return str(value)


def _choices(question: Question, value: Any, lengths: Lengths | None) -> list[str]:
    if not isinstance(value, list):
        raise _Wrong("Must be a list of options.")
    for n, one in enumerate(value):
        if not is_answer(question, one):
            raise _Wrong("Must be one of the options.", f"/{n}")
        if one in value[:n]:
            raise _Wrong("Is there twice.", f"/{n}")
    return [option for option in question["options"] if option in value]


def _text(question: Question, value: Any, lengths: Lengths | None) -> str:
    longest = LONGEST_CORRECTION if question["kind"] == Kind.CORRECTION else LONGEST_TEXT
    if not isinstance(value, str) or len(value) > longest:
        raise _Wrong(f"Must be a text of at most {longest} characters.")
    if not value.strip() and question["required"]:
        raise _Wrong(NEEDS)
    return value


def _spans(question: Question, value: Any, lengths: Lengths | None) -> list[dict[str, Any]]:
    """Marked ranges, in characters (code points) from 0, the end not included; sorted."""
    if not isinstance(value, list) or len(value) > MOST_SPANS:
        raise _Wrong(f"Must be a list of at most {MOST_SPANS} marked ranges.")
    spans = [_span(question, one, f"/{n}", lengths) for n, one in enumerate(value)]
    for n, one in enumerate(spans):
        if one in spans[:n]:
            raise _Wrong("Is there twice.", f"/{n}")
    return sorted(spans, key=lambda one: (one["start"], one["end"], one.get("label", "")))


def _span(question: Question, one: Any, at: str, lengths: Lengths | None) -> dict[str, Any]:
    labels, field = question.get("options"), question["field"]
    wanted = {"start", "end"} | ({"label"} if labels else set())
    if not isinstance(one, dict) or one.keys() != wanted:
        raise _Wrong(f"Must be an object of {', '.join(sorted(wanted))}.", at)
    start, end = one["start"], one["end"]
    for name in ("start", "end"):
        if type(one[name]) is not int or one[name] < 0:
            raise _Wrong("Must be a whole number from 0.", f"{at}/{name}")
    if end <= start:
        raise _Wrong("Must be above `start`.", f"{at}/end")
    if lengths is not None and end > lengths.get(field, 0):
        raise _Wrong(f"The {field} has {lengths.get(field, 0)} characters.", f"{at}/end")
    if labels and one["label"] not in labels:
        raise _Wrong("Must be one of the options.", f"{at}/label")
    return dict(one)


OF_KIND: dict[str, Callable[[Question, Any, Lengths | None], Any]] = {
    Kind.BOOLEAN: _boolean,
    Kind.SCALE: _scale,
    Kind.CHOICE: _choice,
    Kind.CHOICES: _choices,
    Kind.TEXT: _text,
    Kind.SPAN: _spans,
    Kind.CORRECTION: _text,
}


def compared(questions: Sequence[Question], answers: Mapping[str, Any]) -> Answers:
    """Those of the answers that can be agreed on."""
    kinds = {question["key"]: question["kind"] for question in questions}
    return {key: value for key, value in answers.items() if kinds.get(key) in COMPARED}


def differing(questions: Sequence[Question], labels: Sequence[Mapping[str, Any]]) -> list[str]:
    """Keys of compared questions that those who were asked did not answer alike; no answer differs
    from any. Who was not asked one has answered an earlier one otherwise, which differs then."""
    return [
        question["key"]
        for question in questions
        if question["kind"] in COMPARED and _differs(question, labels)
    ]


def _differs(question: Question, labels: Sequence[Mapping[str, Any]]) -> bool:
    key = question["key"]
    said = [one.get(key) for one in labels if key in one or is_asked(question, one)]
    return any(one != said[0] for one in said[1:])


def score_value(value: Any) -> bool | float | str | None:
    """An answer as the value of a score; None where no score can hold it."""
    if isinstance(value, bool):
        return value
    if isinstance(value, int | float):
        return float(value)
    text = ", ".join(value) if isinstance(value, list) else str(value)
    return text if 0 < len(text) <= 200 else None
