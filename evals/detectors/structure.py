"""The output is not the JSON that was asked for. Reads the output and its schema."""

import json
import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Any, ClassVar

from jsonschema import exceptions

from evals.detectors.base import Evidence, Example, Field, Verdict
from evals.detectors.schemas import SIZE, Checker, TooMuch

FENCE = re.compile(r"^\s*```(?:json)?[ \t]*\n(.*?)\n?[ \t]*```\s*$", re.DOTALL | re.IGNORECASE)
LOOKS = re.compile(r"\s*(?:\{\s*(?:[\"'}]|$)|\[\s*(?:[\[\]{\"'\d\-]|true|false|null|$))")
LIMIT = 1_000_000
"""Characters of JSON that are read."""
MOST = 5
"""Errors that are told."""
BROKEN, STRAY, VALID = 0.99, 0.9, 0.01
"""Values: JSON was asked for and is not there; it only looks like JSON; nothing is wrong."""


class Detector:
    """Parses and validates; the values are certainties, not estimates.

    Says nothing of an answer that is too long to read, nor of one whose check takes too much work
    (`schemas.BUDGET`): both it and its schema come from outside.
    """

    name: ClassVar[str] = "invalid_json"
    version: ClassVar[str] = "1"
    threshold: ClassVar[float] = 0.5
    needs: ClassVar[tuple[Field, ...]] = ("output",)

    def detect(self, examples: Sequence[Example]) -> list[Verdict | None]:
        """One verdict for each example; None where JSON is neither asked for nor there."""
        return [self._one(example.output, example.schema) for example in examples]

    def _one(self, output: str | None, schema: str | None) -> Verdict | None:
        if output is None or not output.strip() or len(output) > LIMIT:
            return None
        checker = None if not schema else _checker(schema)
        fence = FENCE.match(output)
        start, end = fence.span(1) if fence else (0, len(output))
        if checker is None and not LOOKS.match(output, start, end):
            return None
        try:
            document = json.loads(output[start:end], parse_constant=_refuse)
        except json.JSONDecodeError as error:
            place = min(start + error.pos, len(output) - 1)
            evidence = (Evidence("output", place, place + 1, "not_json"),)
            value = STRAY if checker is None else BROKEN
            return Verdict(value, evidence, f"Not JSON: {error.msg}.")
        except (ValueError, RecursionError) as error:
            evidence = (Evidence("output", start, end, "not_json"),)
            value = STRAY if checker is None else BROKEN
            return Verdict(value, evidence, f"Not JSON: {error}.")
        return Verdict(VALID) if checker is None else _validated(document, checker, start, end)


def _refuse(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


def _validated(document: Any, checker: Checker, start: int, end: int) -> Verdict | None:
    try:
        errors = checker.errors(document, MOST)
    except TooMuch:
        return None
    except Exception as error:  # noqa: BLE001 - a schema may refer to what does not exist
        # Not its text: some errors print the whole document into it, at length.
        name = type(error).__name__.lstrip("_")
        return Verdict(VALID, (), f"The schema cannot be applied: {name}.")
    if not errors:
        return Verdict(VALID)
    told = "; ".join(f"{_path(error)}: {error.message[:200]}" for error in errors)
    return Verdict(BROKEN, (Evidence("output", start, end, "schema"),), told)


def _path(error: exceptions.ValidationError) -> str:
    return "/".join(map(str, error.absolute_path))[:200] or "document"


def _checker(schema: str) -> Checker | None:
    """For JSON text; None if that is no schema, or none that is applied."""
    return None if len(schema) > SIZE else _made(schema)


@lru_cache(maxsize=16)
def _made(schema: str) -> Checker | None:
    try:
        return Checker(schema)
    except (ValueError, TypeError, AttributeError, RecursionError):
        return None
