"""The output is not the JSON that was asked for. Reads the output and its schema."""

import json
import re
from collections.abc import Sequence
from functools import lru_cache
from itertools import islice
from typing import Any, ClassVar

import re2
from jsonschema import exceptions, validators
from referencing import Registry

from evals.detectors.base import Evidence, Example, Field, Verdict

FENCE = re.compile(r"^\s*```(?:json)?[ \t]*\n(.*?)\n?[ \t]*```\s*$", re.DOTALL | re.IGNORECASE)
LOOKS = re.compile(r"\s*(?:\{\s*(?:[\"'}]|$)|\[\s*(?:[\[\]{\"'\d\-]|true|false|null|$))")
LIMIT = 1_000_000
"""Characters of JSON that are read."""
STEPS = 20_000
"""References that are followed while one document is checked."""
REFERENCES = ("$ref", "$dynamicRef", "$recursiveRef")
MOST = 5
"""Errors that are told."""
BROKEN, STRAY, VALID = 0.99, 0.9, 0.01
"""Values: JSON was asked for and is not there; it only looks like JSON; nothing is wrong."""


class Detector:
    """Parses and validates; the values are certainties, not estimates."""

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


def _validated(document: Any, checker: "Checker", start: int, end: int) -> Verdict:
    try:
        errors = checker.errors(document)
    except Exception as error:  # noqa: BLE001 - a schema may refer to what does not exist
        return Verdict(VALID, (), f"The schema cannot be applied: {str(error)[:200]}")
    if not errors:
        return Verdict(VALID)
    told = "; ".join(f"{_path(error)}: {error.message[:200]}" for error in errors)
    return Verdict(BROKEN, (Evidence("output", start, end, "schema"),), told)


def _path(error: exceptions.ValidationError) -> str:
    return "/".join(map(str, error.absolute_path)) or "document"


class Checker:
    """A validator that a hostile schema cannot keep busy: what takes more than linear time is
    replaced or counted. Fetches nothing from the network.
    """

    def __init__(self, schema: Any) -> None:
        kind = validators.validator_for(schema)
        kind.check_schema(schema)
        follow = {name: self._counted(kind.VALIDATORS[name]) for name in REFERENCES
                  if name in kind.VALIDATORS}  # fmt: skip
        own = {"pattern": _pattern, "uniqueItems": _unique}
        extend: Any = validators.extend
        self._validator = extend(kind, {**own, **follow})(schema, registry=Registry())
        self._left = 0

    def errors(self, document: Any) -> list[exceptions.ValidationError]:
        """The first MOST. Raises what following the schema's references raises."""
        self._left = STEPS
        return list(islice(self._validator.iter_errors(document), MOST))

    def _counted(self, follow: Any) -> Any:
        def counted(validator: Any, value: Any, instance: Any, schema: Any) -> Any:
            self._left -= 1
            if self._left < 0:
                raise ValueError("it refers to itself too often")
            return follow(validator, value, instance, schema)

        return counted


def _pattern(validator: Any, pattern: str, instance: Any, schema: Any) -> Any:
    """By RE2, in linear time; what it does not know counts as matched."""
    if isinstance(instance, str) and not _matches(pattern, instance):
        yield exceptions.ValidationError(f"does not match {pattern!r}")


def _matches(pattern: str, text: str) -> bool:
    try:
        return _expression(pattern).search(text.encode("utf-8", "replace")) is not None
    except re2.error:
        return True


@lru_cache(maxsize=256)
def _expression(pattern: str) -> Any:
    options = re2.Options()
    options.log_errors = False
    return re2.compile(pattern.encode("utf-8", "replace"), options=options)


def _unique(validator: Any, wanted: bool, instance: Any, schema: Any) -> Any:
    if wanted and isinstance(instance, list):
        seen = {json.dumps(item, sort_keys=True) for item in instance}
        if len(seen) < len(instance):
            yield exceptions.ValidationError("has an item twice")


@lru_cache(maxsize=256)
def _checker(schema: str) -> Checker | None:
    """For JSON text; None if that is no schema."""
    try:
        loaded = json.loads(schema)
        return None if _has_patterns(loaded) else Checker(loaded)
    except (ValueError, TypeError, AttributeError, RecursionError, exceptions.SchemaError):
        return None


def _has_patterns(schema: Any) -> bool:
    """Whether names of properties are matched anywhere, which takes as long as somebody wants."""
    if isinstance(schema, dict):
        return "patternProperties" in schema or any(map(_has_patterns, schema.values()))
    return isinstance(schema, list) and any(map(_has_patterns, schema))
