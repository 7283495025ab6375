"""Questions as fields of a form, and a form as answers."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.http import QueryDict

from evals.review.answers import Answers
from evals.review.errors import invalid
from evals.review.models import Label
from evals.review.questions import Kind, Question, is_asked

COMMENT = "_comment"
"""Key of a draft for the comment that is not sent yet; no question can have it."""
WORDS = {True: "Yes", False: "No"}
FIELD_NAMES = {"input": "the question", "output": "the answer"}
WIDE = 12
"""Letters of an option up to which options stand side by side."""


@dataclass(slots=True)
class Option:
    """One answer to choose; `key` is the digit that chooses it, empty beyond nine."""

    value: str
    label: str
    key: str
    chosen: bool


@dataclass(slots=True)
class Field:
    """A question on the page. `when`: JSON of the question and the values it depends on."""

    question: Question
    number: int
    name: str
    options: list[Option]
    text: str = ""
    """Of text questions: what is written; of spans: JSON of what is marked."""
    passages: str = ""
    """Of spans: the marked passages, one a line, for a page without scripts."""
    when: str = ""
    only: str = ""
    """The condition in words."""
    error: str = ""
    others: list[tuple[str, str]] = field(default_factory=list)
    """(person, answer) of those that may be seen."""

    @property
    def kind(self) -> str:
        return str(self.question["kind"])

    @property
    def is_row(self) -> bool:
        """Short options fit side by side."""
        few = len(self.options) <= (7 if self.kind == Kind.SCALE else 3)
        return few and all(len(one.label) <= WIDE for one in self.options)

    @property
    def one_of(self) -> bool:
        return self.kind in (Kind.BOOLEAN, Kind.SCALE, Kind.CHOICE)


def fields(
    questions: Sequence[Question],
    answers: Mapping[str, Any],
    *,
    prefix: str = "q",
    errors: Mapping[str, str] | None = None,
    labels: Sequence[tuple[str, Label]] = (),
    texts: Mapping[str, str] | None = None,
) -> list[Field]:
    """`labels`: (person, label) of others; `texts`: by field, what ranges are marked in."""
    made = []
    by_key = {one["key"]: one for one in questions}
    for number, question in enumerate(questions, 1):
        key, value = question["key"], answers.get(question["key"])
        one = Field(question, number, f"{prefix}_{key}", options(question, value))
        if question["kind"] in (Kind.TEXT, Kind.CORRECTION):
            one.text = value if isinstance(value, str) else ""
        elif question["kind"] == Kind.SPAN:
            _marked(one, value, (texts or {}).get(question["field"], ""))
        if "when" in question:
            one.when, one.only = _when(question, by_key)
        one.error = (errors or {}).get(key, "")
        one.others = [
            (who, said(question, label.answers[key]))
            for who, label in labels
            if key in label.answers
        ]
        made.append(one)
    return made


def options(question: Question, value: Any) -> list[Option]:
    """What can be chosen, with the digits that choose it."""
    match question["kind"]:
        case Kind.BOOLEAN:
            given = [("true", "Yes"), ("false", "No")]
        case Kind.SCALE:
            given = [(str(n), str(n)) for n in range(question["low"], question["high"] + 1)]
        case Kind.CHOICE | Kind.CHOICES:
            given = [(one, one) for one in question["options"]]
        case Kind.SPAN:
            given = [(one, one) for one in question.get("options", ())]
        case _:
            return []
    digits = _digits(question, len(given))
    chosen = {written(one) for one in (value if isinstance(value, list) else [value])}
    return [
        Option(one, label, digit, one in chosen)
        for (one, label), digit in zip(given, digits, strict=True)
    ]


def _digits(question: Question, number: int) -> list[str]:
    """A scale within 0 to 9 by its own numbers, all else by place."""
    if question["kind"] == Kind.SCALE and question["low"] >= 0 and question["high"] <= 9:
        return [str(n) for n in range(question["low"], question["high"] + 1)]
    return [str(n) if n <= 9 else "" for n in range(1, number + 1)]


def written(value: Any) -> str:
    """An answer as the value of a control."""
    return json.dumps(value) if isinstance(value, bool) else str(value)


def _when(question: Question, by_key: Mapping[str, Question]) -> tuple[str, str]:
    when = question["when"]
    wanted = when["is"] if isinstance(when["is"], list) else [when["is"]]
    told = json.dumps({"question": when["question"], "is": [written(one) for one in wanted]})
    other = by_key[when["question"]]
    shown = " or ".join(said(other, one) for one in wanted)
    return told, f"Only if “{other['text']}” is {shown}"


def said(question: Question, value: Any) -> str:
    """An answer in words."""
    if isinstance(value, bool):
        return WORDS[value]
    if question["kind"] == Kind.SPAN and isinstance(value, list):
        return f"{len(value)} marked"
    if isinstance(value, list):
        return ", ".join(map(str, value))
    if question["kind"] == Kind.SCALE:
        return f"{value} of {question['low']}–{question['high']}"
    return str(value)


def _marked(one: Field, value: Any, text: str) -> None:
    spans = value if isinstance(value, list) else []
    whole = [span for span in spans if isinstance(span, dict)]
    one.text = json.dumps(whole)
    lines = [span if isinstance(span, str) else _passage(span, text) for span in spans]
    one.passages = "\n".join(line for line in lines if line)


def _passage(span: Any, text: str) -> str:
    if not isinstance(span, dict):
        return ""
    start, end = span.get("start"), span.get("end")
    if not isinstance(start, int) or not isinstance(end, int):
        return ""
    passage = " ".join(text[start:end].split())
    return f"{span['label']}: {passage}" if span.get("label") else passage


def parsed(
    questions: Sequence[Question],
    data: QueryDict,
    *,
    prefix: str = "q",
    texts: Mapping[str, str] | None = None,
) -> Answers:
    """What the form holds, right or wrong; nothing of what was left empty."""
    found: Answers = {}
    for question in questions:
        value = _value(question, data, f"{prefix}_{question['key']}", texts or {})
        if value not in (None, "", []):
            found[question["key"]] = value
    return found


def asked(questions: Sequence[Question], answers: Answers) -> Answers:
    """Without answers to questions whose condition does not hold: without scripts all are seen."""
    kept: Answers = {}
    for question in questions:
        if question["key"] in answers and is_asked(question, kept):
            kept[question["key"]] = answers[question["key"]]
    return kept


def clean(text: str) -> str:
    """Without what no database holds as text."""
    return text.replace("\0", "")


def _value(question: Question, data: QueryDict, name: str, texts: Mapping[str, str]) -> Any:
    given = clean(data.get(name, ""))
    match question["kind"]:
        case Kind.BOOLEAN:
            return {"true": True, "false": False}.get(given, given)
        case Kind.SCALE:
            return int(given) if given.lstrip("-").isdecimal() and len(given) < 9 else given
        case Kind.CHOICES:
            return [clean(one) for one in data.getlist(name) if one]
        case Kind.SPAN:
            return _spans(question, data, name, texts)
    return given.replace("\r\n", "\n")


def _spans(question: Question, data: QueryDict, name: str, texts: Mapping[str, str]) -> Any:
    """Ranges from the script, or passages that were copied; unknown ones stay as they are."""
    if data.get(f"{name}_script") == "1":
        return _ranges(data.get(name) or "[]")
    lines = [line.strip() for line in clean(data.get(f"{name}_passages", "")).splitlines()]
    text = texts.get(question["field"], "")
    return [_found(question, line, text) for line in lines if line]


def _ranges(text: str) -> list[dict[str, Any]]:
    """Of what the script sent, all that looks like a range."""
    try:
        given = json.loads(text)
    except (ValueError, RecursionError):
        return []
    found = []
    for one in given if isinstance(given, list) else []:
        if isinstance(one, dict) and type(one.get("start")) is type(one.get("end")) is int:
            label = {"label": clean(str(one["label"]))[:200]} if one.get("label") else {}
            found.append({"start": one["start"], "end": one["end"]} | label)
    return found


def _found(question: Question, line: str, text: str) -> Any:
    label, colon, passage = line.partition(":")
    if question.get("options"):
        if not colon:
            return line
        line, extra = passage.strip(), {"label": label.strip()}
    else:
        extra = {}
    start = text.find(line)
    if start < 0 or not line:
        return f"{label.strip()}: {line}" if extra else line
    return {"start": start, "end": start + len(line)} | extra


def checked_passages(questions: Sequence[Question], answers: Answers) -> None:
    """Raises Invalid for a passage that is not in its text."""
    for question in questions:
        value = answers.get(question["key"])
        if question["kind"] != Kind.SPAN or not isinstance(value, list):
            continue
        for one in value:
            if isinstance(one, str):
                where = FIELD_NAMES[question["field"]]
                raise invalid(f"/answers/{question['key']}", f"“{one[:80]}” is not in {where}.")
