"""What a verdict may be: yes or no, a level, a category, or a number."""

from __future__ import annotations

import re
from typing import Any

from sightglass.kernel.storable import storable

MOST_LABELS = 20
LEVEL = re.compile(r"0|-?[1-9][0-9]{0,5}")
"""A whole number in its one form: no leading zero, no underscore, no digits of other scripts."""


class ScaleError(ValueError):
    """A scale that no verdict could be read on."""


def check(given: Any) -> dict[str, Any]:
    """A scale in its one form.

    `{"type": "boolean"}`, `{"type": "numeric", "min", "max"}`, `{"type": "ordinal", "levels":
    {"1": meaning, …}}`, `{"type": "categorical", "labels": {label: meaning}}`. Raises ScaleError.
    """
    if not isinstance(given, dict):
        raise ScaleError("Say on which scale the verdict is given.")
    match given.get("type"):
        case "boolean":
            return {"type": "boolean"}
        case "numeric":
            return {"type": "numeric", **_bounds(given)}
        case "ordinal":
            return {"type": "ordinal", "levels": _levels(given.get("levels"))}
        case "categorical":
            return {"type": "categorical", "labels": _labels(given.get("labels"))}
    raise ScaleError("The type is boolean, ordinal, categorical or numeric.")


def _bounds(given: dict[str, Any]) -> dict[str, float]:
    low, high = given.get("min", 0), given.get("max", 1)
    for one in (low, high):
        if isinstance(one, bool) or not isinstance(one, int | float) or abs(one) > 1e6:
            raise ScaleError("min and max are numbers.")
    if low >= high:
        raise ScaleError("min must be below max.")
    return {"min": low, "max": high}


def _levels(given: Any) -> dict[str, str]:
    labels = _labels(given)
    if not all(LEVEL.fullmatch(one) for one in labels):
        raise ScaleError("Levels are whole numbers of at most 6 digits, such as 1 or -2.")
    return {level: labels[level] for level in sorted(labels, key=int)}


def _labels(given: Any) -> dict[str, str]:
    if not isinstance(given, dict) or not 2 <= len(given) <= MOST_LABELS:
        raise ScaleError(f"Name 2 to {MOST_LABELS} levels or labels, each with its meaning.")
    for label, meaning in given.items():
        if not isinstance(label, str) or not 0 < len(label.strip()) <= 100:
            raise ScaleError("A label has 1 to 100 characters.")
        if not isinstance(meaning, str) or len(meaning) > 1000:
            raise ScaleError("The meaning of a label is a text of up to 1000 characters.")
    labels = {storable(label).strip(): storable(meaning) for label, meaning in given.items()}
    if len(labels) < len(given):
        raise ScaleError("Two levels or labels are the same.")
    return labels


def bounds(scale: dict[str, Any]) -> tuple[float, float] | None:
    """The lowest and the highest number that it can give; None for categories."""
    match scale["type"]:
        case "boolean":
            return 0.0, 1.0
        case "numeric":
            return float(scale["min"]), float(scale["max"])
        case "ordinal":
            levels = [int(one) for one in scale["levels"]]
            return float(min(levels)), float(max(levels))
    return None


def verdict_schema(scale: dict[str, Any]) -> dict[str, Any]:
    """The JSON schema of a verdict on this scale."""
    match scale["type"]:
        case "boolean":
            return {"type": "boolean"}
        case "numeric":
            return {"type": "number", "minimum": scale["min"], "maximum": scale["max"]}
        case "ordinal":
            return {"type": "integer", "enum": [int(one) for one in scale["levels"]]}
    return {"type": "string", "enum": list(scale["labels"])}


def in_words(scale: dict[str, Any]) -> str:
    """The scale as the judge is told of it."""
    match scale["type"]:
        case "boolean":
            return "The verdict is true or false."
        case "numeric":
            return f"The verdict is a number from {scale['min']:g} to {scale['max']:g}."
        case "ordinal":
            rows = [f"{level}: {meaning}" for level, meaning in scale["levels"].items()]
            return "The verdict is one of these levels:\n" + "\n".join(rows)
    rows = [f"{label}: {meaning}" for label, meaning in scale["labels"].items()]
    return "The verdict is one of these labels:\n" + "\n".join(rows)
