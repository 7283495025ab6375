"""JSON bodies of the API, as no view has to fear them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import IO, Any

from rest_framework.exceptions import ParseError, ValidationError
from rest_framework.parsers import JSONParser, get_encoding  # type: ignore[attr-defined]
from rest_framework.utils import json

from sightglass.kernel.storable import storable

Place = tuple[Any, ...]
"""Where something is: nothing for the whole, else the place around it and a name or number."""
DEEPEST = 64
"""Levels of lists and objects in a body; no body of the API needs ten."""


class StorableJSONParser(JSONParser):
    """JSON of finite numbers, of text that a database holds, of names that are there once, and of
    moderate depth.

    Raises ParseError, and ValidationError with the place of text that cannot be stored.
    """

    def parse(
        self,
        stream: IO[Any],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> Any:
        try:
            body = _read(stream, get_encoding(parser_context or {}))
        except RecursionError:
            raise ParseError("The JSON is nested too deeply.") from None
        for place, value in _inside(body):
            if isinstance(value, str) and storable(value) != value:
                raise _refused(place, "Must not hold NUL or half of a surrogate pair.")
            if isinstance(value, float) and abs(value) == float("inf"):
                raise _refused(place, "Must be a finite number.")
        return body


def _read(stream: IO[Any], encoding: str) -> Any:
    """As the framework's parser reads it, but for names that are there twice."""
    try:
        return json.loads(
            stream.read().decode(encoding),
            parse_constant=json.strict_constant,
            object_pairs_hook=_once,
        )
    except ValueError as error:
        raise ParseError(f"JSON parse error - {error}") from None


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Of two values of one name, no rule says which counts. Raises ParseError."""
    made: dict[str, Any] = {}
    for name, value in pairs:
        if name in made:
            raise ParseError(f"The name {storable(name)[:100]!r} is there twice in one object.")
        made[name] = value
    return made


def _refused(place: Place, detail: str) -> ValidationError:
    said: Any = [detail]
    while place:
        place, name = place
        said = {storable(str(name))[:200]: said}
    return ValidationError(said)


def _inside(body: Any) -> Iterator[tuple[Place, Any]]:
    """Every value and name in it, and where. Raises ParseError beyond DEEPEST."""
    waiting: list[tuple[Place, int, Any]] = [((), 0, body)]
    while waiting:
        place, depth, value = waiting.pop()
        if depth > DEEPEST:
            raise ParseError("The JSON is nested too deeply.")
        if isinstance(value, dict):
            for name, one in value.items():
                yield place, name
                waiting.append(((place, name), depth + 1, one))
        elif isinstance(value, list):
            waiting.extend(((place, n), depth + 1, one) for n, one in enumerate(value))
        else:
            yield place, value
