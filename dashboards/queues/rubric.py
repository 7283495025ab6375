"""The questions of a rubric as rows of a form, and back. Rows are kept as they were typed."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from dataclasses import field as made
from typing import Any

from django.http import QueryDict

from dashboards.queues.words import KINDS
from evals.review.errors import Fault
from evals.review.questions import COMPARED, MOST_OPTIONS, MOST_QUESTIONS, OWN, Kind, Question

MOST_TYPED = 20_000
BETWEEN = "|"
"""Between several answers of a condition."""
WORDS = {"yes": True, "true": True, "no": False, "false": False}
TEXTS = ("key", "text", "kind", "options", "low", "high", "field", "when")
FIELDS = {name: name for name in TEXTS} | {"is": "is_"}
"""Of the form, each with where a row keeps it."""
PLACES = {"when": "is", "when/question": "when", "when/is": "is"}
"""Where an error is shown, where the names differ."""


@dataclass(slots=True)
class Row:
    """One question as it was typed; `earlier` are the keys that its condition can name."""

    key: str = ""
    text: str = ""
    kind: str = Kind.BOOLEAN
    required: bool = True
    options: str = ""  # one a line
    low: str = "1"
    high: str = "5"
    field: str = "output"
    when: str = ""
    is_: str = ""
    errors: dict[str, list[str]] = made(default_factory=dict)
    earlier: list[str] = made(default_factory=list)

    @property
    def own(self) -> frozenset[str]:
        return OWN.get(self.kind, frozenset())


def usual() -> list[Row]:
    """What a new queue begins with."""
    return [
        Row("correct", "Is the answer right?", Kind.BOOLEAN),
        Row(
            "fault",
            "What is wrong with it?",
            Kind.CHOICE,
            options="made up\nincomplete\nnot what was asked",
            when="correct",
            is_="no",
            earlier=["correct"],
        ),
        Row("better", "A better answer", Kind.CORRECTION, required=False),
    ]


def rows_of(questions: Sequence[Question]) -> list[Row]:
    """From a rubric that is stored."""
    rows = []
    for one in questions:
        when = one.get("when") or {}
        row = Row(
            key=one["key"],
            text=one["text"],
            kind=one["kind"],
            required=one["required"],
            options="\n".join(one.get("options", [])),
            field=one.get("field", "output"),
            when=when.get("question", ""),
            is_=_written(when.get("is")),
        )
        if one["kind"] == Kind.SCALE:
            row.low, row.high = str(one["low"]), str(one["high"])
        rows.append(row)
    return linked(rows)


def _written(value: Any) -> str:
    if value is None:
        return ""
    each = value if isinstance(value, list) else [value]
    texts = [("yes" if one else "no") if isinstance(one, bool) else str(one) for one in each]
    return f" {BETWEEN} ".join(texts)


def rows_from(sent: QueryDict) -> list[Row]:
    """From what was sent, in the order of the form."""
    number = sent.get("rows", "")
    many = min(int(number), MOST_QUESTIONS) if number.isdecimal() and len(number) < 4 else 0
    rows = []
    for n in range(many):
        row = Row(required=sent.get(f"q{n}-required") == "1")
        for name, attribute in FIELDS.items():
            setattr(row, attribute, sent.get(f"q{n}-{name}", "")[:MOST_TYPED])
        row.kind = row.kind if row.kind in OWN else Kind.BOOLEAN
        rows.append(row)
    return linked(_keyed(rows))


def _keyed(rows: list[Row]) -> list[Row]:
    """A question without a key gets one from its words."""
    taken = {row.key for row in rows}
    for row in rows:
        row.key = row.key.strip()
        if row.key or not row.text.strip():
            continue
        plain = re.sub(r"[^a-z0-9]+", "_", row.text.lower()).strip("_")[:40].strip("_")
        base = plain if plain[:1].isalpha() else f"q_{plain}".rstrip("_")
        row.key = next(
            name for name in (base, *(f"{base}_{n}" for n in range(2, 99))) if name not in taken
        )
        taken.add(row.key)
    return rows


def linked(rows: list[Row]) -> list[Row]:
    """Each with the earlier questions that its condition can name."""
    earlier: list[str] = []
    for row in rows:
        row.earlier = list(earlier)
        if row.when and row.when not in earlier:
            row.earlier.append(row.when)
        if row.kind in COMPARED and row.key:
            earlier.append(row.key)
    return rows


def changed(rows: list[Row], deed: str) -> list[Row]:
    """After a button of the form: `add`, `up-2`, `down-2`, `remove-2`. Others change nothing."""
    name, _, place = deed.partition("-")
    at = int(place) if place.isdecimal() and len(place) < 4 else -1
    if name == "add" and len(rows) < MOST_QUESTIONS:
        rows.append(Row())
    elif 0 <= at < len(rows):
        if name == "remove":
            del rows[at]
        elif name in ("up", "down"):
            other = at + (1 if name == "down" else -1)
            if 0 <= other < len(rows):
                rows[at], rows[other] = rows[other], rows[at]
    return linked(rows)


def questions_from(rows: Sequence[Row]) -> list[Question]:
    """What the rows say, unchecked."""
    known: dict[str, Row] = {}
    found = []
    for row in rows:
        question: Question = {
            "key": row.key,
            "text": row.text.strip(),
            "kind": row.kind,
            "required": row.required,
        }
        for name in row.own:
            value = OWNED[name](row)
            if value or name != "options" or row.kind != Kind.SPAN:
                question[name] = value
        if row.when:
            question["when"] = {"question": row.when, "is": _answers(row, known.get(row.when))}
        known[row.key] = row
        found.append(question)
    return found


def _options(row: Row) -> list[str]:
    return [line.strip() for line in row.options.splitlines() if line.strip()]


def _number(text: str) -> int | str:
    """What is no whole number stays as it is, to be refused."""
    text = text.strip()
    return int(text) if re.fullmatch(r"-?[0-9]{1,9}", text) else text


OWNED: dict[str, Callable[[Row], Any]] = {
    "options": _options,
    "low": lambda row: _number(row.low),
    "high": lambda row: _number(row.high),
    "field": lambda row: row.field or "output",
}


def _answers(row: Row, other: Row | None) -> Any:
    """The answers of a condition, as the other question has them."""
    texts = [part.strip() for part in row.is_.split(BETWEEN)]
    texts = [text for text in texts if text]
    found: list[Any] = list(texts)
    if other is not None and other.kind == Kind.BOOLEAN:
        found = [WORDS.get(text.lower(), text) for text in texts]
    elif other is not None and other.kind == Kind.SCALE:
        found = [_number(text) for text in texts]
    return found[0] if len(found) == 1 else found


@dataclass(frozen=True, slots=True)
class Wrong:
    """What is wrong with one field of the form: its id, what it is called, and the words."""

    id: str
    label: str
    text: str


LABELS = {
    "text": "", "key": "key", "kind": "kind", "required": "required", "options": "options",
    "low": "lowest", "high": "highest", "field": "marked in", "when": "asked only if",
    "is": "answers that it is asked after",
}  # fmt: skip
"""Of a question's fields, as the form calls them."""


def wrong(rows: Sequence[Row]) -> list[Wrong]:
    """All that is wrong with the rows, in their order."""
    found = []
    for n, row in enumerate(rows):
        for name, texts in row.errors.items():
            field = name if name in LABELS else "text"
            label = f"Question {n + 1}" + (f", {LABELS[field]}" if LABELS[field] else "")
            found += [Wrong(f"q{n}-{field}", label, text) for text in texts]
    return found


def _in_words(rows: Sequence[Row], number: int, name: str, detail: str) -> str:
    """What the service says, in the words of the form where it speaks of the kinds of the API."""
    row = rows[number]
    if name == "when":
        other = next((one for one in rows[:number] if one.key == row.when), None)
        if other is not None and other.kind not in COMPARED:
            kind = KINDS[Kind(other.kind)]
            return f"“{kind}” cannot be a condition: only yes or no, a scale and options can."
    if name == "options" and detail.startswith("Must be a list"):
        fewest = 2 if row.kind == Kind.CHOICE else 1
        return f"Needs {fewest} to {MOST_OPTIONS} options, one a line."
    return detail.replace("`low`", "the lowest")


def place(rows: Sequence[Row], faults: Sequence[Fault]) -> list[str]:
    """Write below the rows what is wrong with them; what concerns none of them is returned."""
    rest = []
    for fault in faults:
        parts = fault["pointer"].split("/", 3)  # "", "questions", n, field
        if parts[1:2] != ["questions"]:
            continue
        number = parts[2] if len(parts) > 2 else ""
        if number.isdecimal() and int(number) < len(rows):
            path = parts[3] if len(parts) > 3 else "text"
            name = PLACES.get(path, path.split("/")[0])
            said = _in_words(rows, int(number), name, fault["detail"])
            rows[int(number)].errors.setdefault(name, []).append(said)
        else:
            rest.append(fault["detail"])
    return rest
