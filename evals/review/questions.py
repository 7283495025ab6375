"""Rubrics: the questions that a queue asks of each item. Pure.

A question is {"key", "text", "kind", "required", ...} and, by kind: `options` (choice, choices; of
a span its labels), `low` and `high` (scale), `field` (span: in which text), `when` (asked only if
an earlier question was answered so).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from enum import StrEnum
from typing import Any

from evals.review.errors import Fault, Invalid

Question = dict[str, Any]
KEY = re.compile(r"[a-z][a-z0-9_]{0,63}")
MOST_QUESTIONS, MOST_OPTIONS, WIDEST_SCALE = 30, 50, 100
LONGEST_TEXT, LONGEST_OPTION = 1_000, 200
FIELDS = ("input", "output")


class Kind(StrEnum):
    BOOLEAN = "boolean"
    SCALE = "scale"
    CHOICE = "choice"
    CHOICES = "choices"
    TEXT = "text"
    SPAN = "span"
    CORRECTION = "correction"


COMPARED = frozenset({Kind.BOOLEAN, Kind.SCALE, Kind.CHOICE, Kind.CHOICES})
"""Two answers of these are equal or not: they can be agreed on, and become scores."""

OWN: dict[str, frozenset[str]] = {
    Kind.BOOLEAN: frozenset(),
    Kind.SCALE: frozenset({"low", "high"}),
    Kind.CHOICE: frozenset({"options"}),
    Kind.CHOICES: frozenset({"options"}),
    Kind.TEXT: frozenset(),
    Kind.SPAN: frozenset({"options", "field"}),
    Kind.CORRECTION: frozenset(),
}
COMMON = frozenset({"key", "text", "kind", "required", "when"})


def checked(given: Any) -> list[Question]:
    """The questions, complete and in one form. Raises Invalid with pointers below /questions."""
    if not isinstance(given, list) or not 1 <= len(given) <= MOST_QUESTIONS:
        raise Invalid([_fault("", f"Must be a list of 1 to {MOST_QUESTIONS} questions.")])
    errors: list[Fault] = []
    done: list[Question] = []
    for n, one in enumerate(given):
        question = _question(one, f"/{n}", errors)
        if question is None:
            continue
        if question["key"] in {other["key"] for other in done}:
            errors.append(_fault(f"/{n}/key", "Another question has this key."))
        _check_when(question, done, f"/{n}/when", errors)
        done.append(question)
    if errors:
        raise Invalid(errors)
    return done


def _fault(at: str, detail: str) -> Fault:
    return {"pointer": f"/questions{at}", "detail": detail}


def _question(given: Any, at: str, errors: list[Fault]) -> Question | None:
    """In its one form; None, with the errors added, where even its kind cannot be read."""
    if not isinstance(given, dict):
        errors.append(_fault(at, "Must be an object."))
        return None
    kind, key = given.get("kind"), given.get("key")
    if not isinstance(kind, str) or kind not in OWN:
        errors.append(_fault(f"{at}/kind", f"Must be one of {', '.join(OWN)}."))
        return None
    if not isinstance(key, str) or not KEY.fullmatch(key):
        detail = "Lower-case letters, digits and _, beginning with a letter; at most 64."
        errors.append(_fault(f"{at}/key", detail))
        return None
    for name in given.keys() - COMMON - OWN[kind]:
        errors.append(_fault(f"{at}/{str(name)[:100]}", f"A question of kind {kind} has none."))
    text = given.get("text")
    if not isinstance(text, str) or not 0 < len(text.strip()) <= LONGEST_TEXT:
        errors.append(_fault(f"{at}/text", f"Must be a text of 1 to {LONGEST_TEXT} characters."))
    required = given.get("required", True)
    if not isinstance(required, bool):
        errors.append(_fault(f"{at}/required", "Must be true or false."))
    question = {"key": key, "text": text, "kind": kind, "required": required}
    question |= OF_KIND.get(kind, _nothing)(given, at, errors)
    if given.get("when") is not None:
        question["when"] = given["when"]
    return question


def _nothing(given: Question, at: str, errors: list[Fault]) -> Question:
    return {}


def _scale(given: Question, at: str, errors: list[Fault]) -> Question:
    low, high = given.get("low", 1), given.get("high", 5)
    for name, value in (("low", low), ("high", high)):
        if type(value) is not int or abs(value) > 10**6:
            errors.append(_fault(f"{at}/{name}", "Must be a whole number."))
            return {}
    if not 0 < high - low <= WIDEST_SCALE:
        detail = f"Must be above `low`, by at most {WIDEST_SCALE}."
        errors.append(_fault(f"{at}/high", detail))
    return {"low": low, "high": high}


def _options(given: Question, at: str, errors: list[Fault]) -> Question:
    options = given.get("options")
    fewest = 2 if given["kind"] == Kind.CHOICE else 1
    if not isinstance(options, list) or not fewest <= len(options) <= MOST_OPTIONS:
        detail = f"Must be a list of {fewest} to {MOST_OPTIONS} texts."
        errors.append(_fault(f"{at}/options", detail))
        return {}
    for n, option in enumerate(options):
        if not isinstance(option, str) or not 0 < len(option.strip()) <= LONGEST_OPTION:
            detail = f"Must be a text of 1 to {LONGEST_OPTION} characters."
            errors.append(_fault(f"{at}/options/{n}", detail))
        elif option in options[:n]:
            errors.append(_fault(f"{at}/options/{n}", "Is there twice."))
    return {"options": options}


def _span(given: Question, at: str, errors: list[Fault]) -> Question:
    field = given.get("field", "output")
    if field not in FIELDS:
        errors.append(_fault(f"{at}/field", f"Must be one of {', '.join(FIELDS)}."))
    return {"field": field} | (_options(given, at, errors) if given.get("options") else {})


OF_KIND: dict[str, Callable[[Question, str, list[Fault]], Question]] = {
    Kind.SCALE: _scale,
    Kind.CHOICE: _options,
    Kind.CHOICES: _options,
    Kind.SPAN: _span,
}


def _check_when(
    question: Question, before: Sequence[Question], at: str, errors: list[Fault]
) -> None:
    """A condition names an earlier question and answers that it can have."""
    when = question.get("when")
    if when is None:
        return
    if not isinstance(when, dict) or when.keys() != {"question", "is"}:
        errors.append(_fault(at, 'Must be {"question": key, "is": answer or list of answers}.'))
        return
    other = next((one for one in before if one["key"] == when["question"]), None)
    if other is None:
        errors.append(_fault(f"{at}/question", "Must be the key of an earlier question."))
        return
    if other["kind"] not in COMPARED:
        detail = f"A question of kind {other['kind']} cannot be a condition."
        errors.append(_fault(f"{at}/question", detail))
        return
    wanted = when["is"] if isinstance(when["is"], list) else [when["is"]]
    if not wanted or not all(is_answer(other, value) for value in wanted):
        errors.append(_fault(f"{at}/is", "Is no answer to that question."))


def is_answer(question: Mapping[str, Any], value: Any) -> bool:
    """Whether a compared question can be answered so; of choices, whether it is one of them."""
    match question["kind"]:
        case Kind.BOOLEAN:
            return isinstance(value, bool)
        case Kind.SCALE:
            if type(value) is not int or "low" not in question:
                return False
            return bool(question["low"] <= value <= question["high"])
        case _:
            return isinstance(value, str) and value in question.get("options", ())


def is_asked(question: Mapping[str, Any], answers: Mapping[str, Any]) -> bool:
    """Whether its condition holds; `answers` holds none of questions that were not asked."""
    when = question.get("when")
    if when is None:
        return True
    given = answers.get(when["question"])
    wanted = when["is"] if isinstance(when["is"], list) else [when["is"]]
    said = given if isinstance(given, list) else [given]
    # True == 1 in Python, and is another answer here.
    return any(type(one) is type(other) and one == other for one in said for other in wanted)
