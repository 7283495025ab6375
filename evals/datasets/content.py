"""What an item of a dataset may hold, checked to the letter. Pure.

An item is {"id", "input", "expected", "context", "metadata", "split", "user_id"}: `input` a text, a
list of messages or an object, `expected` any JSON, `context` a list of texts.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from hashlib import blake2b
from typing import Any
from uuid import UUID

import orjson

from evals.review.errors import Fault
from evals.subjects import last_said, text_of
from sightglass.kernel.storable import storable
from traces.conventions.quoting import own_words

LARGEST = 400_000
"""Bytes of an item's content as JSON."""
MOST_CONTEXTS, MOST_KEYS, MOST_VALUES, DEEPEST = 50, 100, 20_000, 32
"""Texts of context, keys of metadata, values inside one another in all, and how deep."""
LONGEST_ID, LONGEST_KEY, LONGEST_USER = 200, 100, 500
SPLIT = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,39}")
FIELDS = ("input", "expected", "context", "metadata")
GIVEN = frozenset({"id", *FIELDS, "split", "user_id"})
INSTRUCTING = ("system", "developer")
"""Roles whose messages are the application's own, the same in each of its calls."""


@dataclass(frozen=True, slots=True)
class Source:
    """Where an item came from."""

    kind: str = "hand"
    trace_id: UUID | None = None
    span_id: int | None = None
    review_item: int | None = None
    expected_from: str = ""
    """What `expected` is: a person's `correction`, the `reference` that the application sent, the
    `answer` that it gave, that answer where people called it `right`; empty where whoever added it
    said so themselves."""


@dataclass(slots=True)
class Draft:
    """An item that is not in a dataset yet. `key` None: it gets an id of its own."""

    input: Any
    expected: Any = None
    context: list[str] = field(default_factory=list)
    metadata: dict[str, Any] = field(default_factory=dict)
    split: str = ""
    key: str | None = None
    user_id: str = ""
    """Of the application's user whose words these are: what erasing finds them by."""
    source: Source = Source()

    def content(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in FIELDS}

    def with_content(self, content: dict[str, Any]) -> Draft:
        return replace(self, **content)


class _Wrong(ValueError):
    """`at`: where inside the field."""

    def __init__(self, detail: str, at: str = "") -> None:
        super().__init__(detail)
        self.detail, self.at = detail, at


def read(given: Any, source: Source, at: str = "") -> tuple[Draft | None, list[Fault]]:
    """A draft of what was sent, or what is wrong with it, pointers below `at`."""
    if not isinstance(given, dict):
        return None, [{"pointer": at, "detail": "Must be an object."}]
    faults = [
        _fault(at, str(name)[:100], "", "There is no such field.")
        for name in given
        if name not in GIVEN
    ]
    if given.get("input") is None:
        faults.append(_fault(at, "input", "", "Is needed."))
    draft = Draft(
        given.get("input"),
        given.get("expected"),
        [] if given.get("context") is None else given["context"],
        {} if given.get("metadata") is None else given["metadata"],
        "" if given.get("split") is None else given["split"],
        given.get("id"),
        "" if given.get("user_id") is None else given["user_id"],
        source,
    )
    faults += check(draft, at)
    return (None, faults) if faults else (draft, [])


def check(draft: Draft, at: str = "") -> list[Fault]:
    """What is wrong with a draft; nothing for one that can be stored."""
    faults: list[Fault] = []
    for name, checking in CHECKS.items():
        value = getattr(draft, "key" if name == "id" else name)
        try:
            checking(value)
        except _Wrong as wrong:
            faults.append(_fault(at, name, wrong.at, wrong.detail))
    if not faults and (size := len(dumped(draft.content()))) > LARGEST:
        detail = f"Has {size:,} bytes as JSON; an item has at most {LARGEST:,}."
        faults.append({"pointer": at, "detail": detail})
    return faults


def _fault(at: str, name: str, inside: str, detail: str) -> Fault:
    return {"pointer": f"{at}/{_escaped(name)}{inside}", "detail": detail}


def _escaped(name: str) -> str:
    return storable(name).replace("~", "~0").replace("/", "~1")


def _input(value: Any) -> None:
    if value is None:
        return  # said already
    if isinstance(value, str):
        if not value.strip():
            raise _Wrong("Must not be empty.")
    elif isinstance(value, list):
        _messages(value)
    elif not isinstance(value, dict) or not value:
        raise _Wrong("Must be a text, a list of messages, or an object.")
    _json(value)


def _messages(value: list[Any]) -> None:
    if not value:
        raise _Wrong("Must not be empty.")
    for n, one in enumerate(value):
        if not isinstance(one, dict):
            raise _Wrong('Must be a message: an object with a "role".', f"/{n}")
        role = one.get("role")
        if not isinstance(role, str) or not 0 < len(role) <= 40:
            raise _Wrong("Must be a text of 1 to 40 characters.", f"/{n}/role")


def _context(value: Any) -> None:
    if not isinstance(value, list) or len(value) > MOST_CONTEXTS:
        raise _Wrong(f"Must be a list of at most {MOST_CONTEXTS} texts.")
    for n, one in enumerate(value):
        if not isinstance(one, str):
            raise _Wrong("Must be a text.", f"/{n}")
    _json(value)


def _metadata(value: Any) -> None:
    if not isinstance(value, dict) or len(value) > MOST_KEYS:
        raise _Wrong(f"Must be an object of at most {MOST_KEYS} keys.")
    for key in value:
        if not isinstance(key, str) or not 0 < len(key) <= LONGEST_KEY:
            raise _Wrong(
                f"A key has 1 to {LONGEST_KEY} characters.", f"/{_escaped(str(key)[:100])}"
            )
    _json(value)


def _split(value: Any) -> None:
    if not isinstance(value, str) or (value and not SPLIT.fullmatch(value)):
        raise _Wrong("Letters, digits, _, . and -; at most 40, such as train, dev or test.")


def _id(value: Any) -> None:
    if value is None:
        return
    if not isinstance(value, str) or not 0 < len(value) <= LONGEST_ID:
        raise _Wrong(f"Must be a text of 1 to {LONGEST_ID} characters.")
    if not value.isprintable() or value != value.strip():
        raise _Wrong("Must be one line, without space around it.")


def _user(value: Any) -> None:
    if not isinstance(value, str) or len(value) > LONGEST_USER or storable(value) != value:
        raise _Wrong(f"Must be a text of at most {LONGEST_USER} characters.")


def _json(value: Any) -> None:
    """Raises _Wrong for what the database cannot hold, and for what is nested without end."""
    for number, (depth, one) in enumerate(walked(value), 1):
        if number > MOST_VALUES or depth > DEEPEST:
            raise _Wrong(f"At most {MOST_VALUES:,} values, {DEEPEST} levels deep.")
        if isinstance(one, str) and storable(one) != one:
            raise _Wrong("Must not hold NUL or half of a surrogate pair.")
        if isinstance(one, float) and not math.isfinite(one):
            raise _Wrong("Must hold finite numbers only.")
        if isinstance(one, int) and one.bit_length() > 1_000:
            raise _Wrong("Holds a number that is too large.")
        if not (one is None or isinstance(one, str | int | float | list | dict)):
            raise _Wrong("Must be JSON.")


def walked(value: Any) -> Iterator[tuple[int, Any]]:
    """Every value in a value, and each name in its objects, with its depth."""
    waiting = [(0, value)]
    while waiting:
        depth, one = waiting.pop()
        yield depth, one
        if isinstance(one, dict):
            yield from ((depth + 1, name) for name in one)
            waiting += [(depth + 1, inner) for inner in one.values()]
        elif isinstance(one, list):
            waiting += [(depth + 1, inner) for inner in one]


CHECKS: dict[str, Callable[[Any], None]] = {
    "id": _id,
    "input": _input,
    "expected": _json,
    "context": _context,
    "metadata": _metadata,
    "split": _split,
    "user_id": _user,
}


def dumped(value: Any) -> bytes:
    """JSON in one form, whatever the order of its keys."""
    try:
        return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)
    except orjson.JSONEncodeError:  # whole numbers beyond 64 bits
        return json.dumps(value, sort_keys=True, ensure_ascii=False).encode()


def digest(draft: Draft) -> bytes:
    """Equal for drafts of the same content and split: 16 bytes."""
    return blake2b(dumped([draft.content(), draft.split]), digest_size=16).digest()


def words_of(value: Any) -> str:
    """The text of an input or expected output: of messages what was said, else JSON."""
    if isinstance(value, list) and all(isinstance(one, dict) and "role" in one for one in value):
        told = [text_of(one.get("content")) for one in value]
        return "\n".join(text for text in told if text) or (text_of(value) or "")
    if isinstance(value, dict) and isinstance(value.get("content"), str) and "role" in value:
        return str(value["content"])
    return text_of(value) or ""


def asked(value: Any) -> str:
    """The words of an input that are its own: without the instructions that all calls share."""
    if isinstance(value, list):
        own = [one for one in value if one.get("role") not in INSTRUCTING]
        return words_of(own or value)
    return words_of(value)


def question(value: Any) -> str:
    """What was asked last: for formats that know one question only."""
    if isinstance(value, list):
        return last_said(value, "user") or words_of(value)
    return words_of(value)


def title(value: Any, context: Iterable[str]) -> str:
    """What a list calls an item: what the user said last, without documents quoted beside it."""
    said = last_said(value, "user") if isinstance(value, list) else None
    text = said or asked(value)
    return own_words(text, context).strip() or text


def preview(text: str, length: int) -> str:
    """One line of a text, cut."""
    line = " ".join(text[: 4 * length].split())
    return line if len(line) <= length else line[: length - 1] + "…"
