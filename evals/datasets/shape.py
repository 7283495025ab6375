"""The form that a dataset asks of its items: JSON schemas of input, expected and metadata. Pure.

They are applied in bounded work (`evals.detectors.schemas`); an item whose check takes more is
refused, for nobody could say that it follows the schema.
"""

from __future__ import annotations

import json
from typing import Any

from referencing.exceptions import Unresolvable

from evals.datasets.content import Draft
from evals.detectors.schemas import Checker, TooMuch
from evals.review.errors import Fault, Invalid

PARTS = ("input", "expected", "metadata")
MOST = 5
"""Errors that are told of one part of an item."""

Schema = dict[str, Any]


class Shape:
    """The schemas of one dataset. Raises Invalid, pointers below /schema, for what is none."""

    def __init__(self, schema: Schema | None) -> None:
        self._checkers: dict[str, Checker] = {}
        if schema is None:
            return
        if not isinstance(schema, dict):
            raise Invalid([{"pointer": "/schema", "detail": "Must be an object or null."}])
        faults: list[Fault] = []
        for name, part in schema.items():
            wrong = f"There are schemas of {', '.join(PARTS)}."
            problem = self._read(name, part) if name in PARTS else wrong
            if problem is not None:
                faults.append({"pointer": f"/schema/{str(name)[:100]}", "detail": problem})
        if faults:
            raise Invalid(faults)

    def _read(self, name: str, part: Any) -> str | None:
        if not isinstance(part, dict | bool):
            return "Must be a JSON schema: an object or a boolean."
        try:
            self._checkers[name] = Checker(json.dumps(part))
        except (ValueError, TypeError, AttributeError, RecursionError) as error:
            return f"Is no JSON schema that can be applied: {str(error)[:200]}."
        return None

    def faults(self, draft: Draft, at: str = "") -> list[Fault]:
        """Where the draft is not of this form; `expected` may always be absent."""
        faults: list[Fault] = []
        for name, checker in self._checkers.items():
            value = getattr(draft, name)
            if name == "expected" and value is None:
                continue
            faults += _faults(checker, value, f"{at}/{name}")
        return faults


def _faults(checker: Checker, value: Any, at: str) -> list[Fault]:
    try:
        errors = checker.errors(value, MOST)
    except (TooMuch, RecursionError, ArithmeticError):
        return [{"pointer": at, "detail": "Checking it against the schema takes too long."}]
    except Unresolvable:
        return [{"pointer": at, "detail": "The schema refers to what it does not have."}]
    return [
        {"pointer": f"{at}{_pointer(error.absolute_path)}", "detail": error.message[:200]}
        for error in errors
    ]


def _pointer(path: Any) -> str:
    told = (str(part)[:100].replace("~", "~0").replace("/", "~1") for part in path)
    return "".join(f"/{part}" for part in told)
