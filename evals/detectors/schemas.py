"""Checks documents against schemas that nobody vouches for, in bounded time and memory.

Schema and document both come with the traffic, and JSON schema is a small programming language: a
reference may be followed without end, and `items` over `allOf` multiplies the one by the other. So
a schema is small (SIZE characters, NODES values) before anything reads it, and every keyword that
is applied pays for its work, in units of about a microsecond or two, out of BUDGET. What runs out
of it is not checked any further (`TooMuch`).

What cannot be paid for fairly is not applied at all and counts as followed: IGNORED. Nested
`$schema`, by which a part would be checked by other rules than these, makes a schema unusable, and
so do `patternProperties`. Nothing is fetched from the network.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import islice
from typing import Any

import re2
from jsonschema import exceptions, validators
from referencing import Registry

SIZE = 65_536
"""Characters of a schema."""
NODES = 2_000
"""Values in a schema, those inside others too."""
DEEPEST = 40
"""Levels of objects and lists in a schema."""
NESTED = 100
"""Keywords that may be applied inside one another. Python's own limit is far off at this one, as it
must be: some of what runs there takes the whole process with it."""
BUDGET = 300_000
"""Units of work for one document."""
ERROR = 20
"""Units that telling of an error costs, beside what it quotes."""
PATTERN, PATTERNS, TEXT = 1_000, 32, 20_000
"""Characters of a pattern, patterns of a schema, characters of a text that one is applied to."""
PATTERN_BYTES = 2**18
"""Memory of a compiled pattern."""
ADDRESS = 500
"""Characters of an `$id`."""
IGNORED = ("$dynamicRef", "$recursiveRef", "unevaluatedItems", "unevaluatedProperties", "format")
COMPARING = ("enum", "const")
WORD = 16
"""Characters of text that are one unit."""


class TooMuch(Exception):
    """Checking this document against this schema takes more than BUDGET, or nests too deeply."""


class Unusable(ValueError):
    """No schema, or one that is not applied."""


@dataclass(slots=True)
class Survey:
    """What is to be known of a schema before anything reads it. Raises Unusable."""

    nodes: int = 0
    widest: int = 0
    has_ids: bool = False
    patterns: set[str] = field(default_factory=set)

    def walk(self, value: Any, depth: int = 1) -> None:
        inside = value.values() if isinstance(value, dict) else value
        self.nodes += len(inside)
        if self.nodes > NODES or depth > DEEPEST:
            raise Unusable("it is too large")
        if isinstance(value, dict):
            self._names(value)
        for one in inside:
            if isinstance(one, dict | list):
                self.walk(one, depth + 1)

    def _names(self, schema: dict[str, Any]) -> None:
        self.widest = max(self.widest, len(schema))
        if "patternProperties" in schema or isinstance(schema.get("$schema"), str):
            raise Unusable("it cannot be applied in bounded time")
        for name in ("$id", "id"):
            address = schema.get(name)
            if isinstance(address, str):
                self.has_ids = True
                if len(address) > ADDRESS:
                    raise Unusable(f"{name} is too long")
        pattern = schema.get("pattern")
        if isinstance(pattern, str):
            self.patterns.add(pattern)
            if len(pattern) > PATTERN or len(self.patterns) > PATTERNS:
                raise Unusable("its patterns are too long or too many")


class Checker:
    """A validator for one schema, as JSON text. Raises Unusable, and what parsing raises."""

    def __init__(self, text: str) -> None:
        if len(text) > SIZE:
            raise Unusable("it is too long")
        schema = json.loads(text)
        if not isinstance(schema, dict | bool):
            raise Unusable("it is neither an object nor a boolean")
        kind = validators.validator_for(schema, default=validators.Draft202012Validator)
        self._survey = Survey()
        if isinstance(schema, dict):
            schema.pop("$schema", None)  # decided above; a reference to the root would read it anew
            self._survey.walk(schema)
        _check(kind, schema)
        known: dict[str, Any] = {**kind.VALIDATORS, **OWN}
        keywords = {name: self._paid(name, apply) for name, apply in known.items()}
        extend: Any = validators.extend
        ignored = dict.fromkeys(IGNORED, _followed)
        self._validator = extend(kind, keywords | ignored)(schema, registry=Registry())
        self._step = 1 + self._survey.widest // 50
        self._left = self._nested = 0

    def errors(self, document: Any, most: int) -> list[exceptions.ValidationError]:
        """The first `most`. Raises TooMuch, and what the schema's references raise."""
        self._left, self._nested = BUDGET, 0
        return list(islice(self._validator.iter_errors(document), most))

    def _pay(self, units: int) -> None:
        self._left -= units
        if self._left < 0:
            raise TooMuch

    def _paid(self, name: str, apply: Callable[..., Any]) -> Callable[..., Iterator[Any]]:
        def paid(validator: Any, value: Any, instance: Any, schema: Any) -> Iterator[Any]:
            self._pay(self._cost(name, value, instance))
            self._nested += 1
            if self._nested > NESTED:
                raise TooMuch
            try:
                for error in apply(validator, value, instance, schema) or ():
                    # One that comes from further down was paid for there.
                    self._pay(1 if error.schema_path else ERROR + _size(instance) + _size(value))
                    yield error
            finally:
                self._nested -= 1

        return paid

    def _cost(self, name: str, value: Any, instance: Any) -> int:
        """Units of applying a keyword, without those of the keywords inside it."""
        units = self._step * (1 + _length(value) + _length(instance))
        if name in COMPARING:
            units += _size(value)
        elif name == "uniqueItems":
            units += _size(instance)
        elif name == "pattern":
            units += _matching(value, instance)
        elif name == "$ref":
            units += len(value)
            if self._survey.has_ids or not (value == "#" or value.startswith("#/")):
                units += self._survey.nodes  # it is searched for
        return units


def _followed(*_: Any) -> tuple[()]:
    """A keyword that is not applied."""
    return ()


def _check(kind: Any, schema: Any) -> None:
    """Raises Unusable unless it is a schema. `check_schema` would compare and match at length."""
    over = validators.validator_for(kind.META_SCHEMA, default=kind)
    extend: Any = validators.extend
    meta = extend(over, {"uniqueItems": _unique})(kind.META_SCHEMA)
    error = next(meta.iter_errors(schema), None)
    if error is not None:
        raise Unusable(error.message[:200])


def _length(value: Any) -> int:
    if isinstance(value, dict | list):
        return len(value)
    return len(value) // WORD if isinstance(value, str) else 0


def _size(value: Any) -> int:
    """Units of reading or quoting all of a value."""
    size, waiting = 0, [value]
    while waiting:
        one = waiting.pop()
        size += 1
        if isinstance(one, str):
            size += len(one) // WORD
        elif isinstance(one, dict):
            size += sum(map(len, one)) // WORD + len(one)
            waiting.extend(one.values())
        elif isinstance(one, list):
            waiting.extend(one)
        elif type(one) is int:
            size += one.bit_length() // 50
    return size


def _pattern(validator: Any, pattern: str, instance: Any, schema: Any) -> Any:
    """By RE2, in linear time; what it does not know, or would take long, counts as matched."""
    if isinstance(instance, str) and len(instance) <= TEXT:
        found = _expression(pattern)
        if found is not None and found.search(instance.encode("utf-8", "replace")) is None:
            yield exceptions.ValidationError(f"does not match {pattern!r}")


def _matching(pattern: Any, text: Any) -> int:
    """Units of searching a text: each step of the pattern may be tried at each character."""
    if not isinstance(text, str) or len(text) > TEXT:
        return 0
    found = _expression(pattern)
    return 0 if found is None else len(text) * found.programsize // 200


@lru_cache(maxsize=2 * PATTERNS)
def _expression(pattern: str) -> Any:
    """None for what RE2 does not know, and for what needs more than PATTERN_BYTES."""
    options = re2.Options()
    options.log_errors = False
    options.max_mem = PATTERN_BYTES
    try:
        return re2.compile(pattern.encode("utf-8", "replace"), options=options)
    except re2.error:
        return None


def _unique(validator: Any, wanted: bool, instance: Any, schema: Any) -> Any:
    if wanted and isinstance(instance, list):
        seen = {json.dumps(item, sort_keys=True) for item in instance}
        if len(seen) < len(instance):
            yield exceptions.ValidationError("has an item twice")


OWN: dict[str, Any] = {"pattern": _pattern, "uniqueItems": _unique}
