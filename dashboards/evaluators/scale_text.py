"""Scales as people write them: one line for each level or label, "label = meaning"."""

from __future__ import annotations

from typing import Any


class LineError(ValueError):
    """A line that is no "label = meaning"; says which."""


def lines_of(scale: dict[str, Any]) -> str:
    """The levels or labels of a scale as lines."""
    named = scale.get("levels") or scale.get("labels") or {}
    return "\n".join(f"{label} = {meaning}" for label, meaning in named.items())


def named_of(text: str) -> dict[str, str]:
    """Lines as labels with their meanings. Raises LineError."""
    found: dict[str, str] = {}
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip():
            continue
        label, equals, meaning = (part.strip() for part in line.partition("="))
        if not equals or not label:
            raise LineError(f"Line {number} must be written as: label = meaning.")
        if label in found:
            raise LineError(f"Line {number} names {label} a second time.")
        found[label] = meaning
    return found


def scale_of(kind: str, text: str, low: float | None, high: float | None) -> dict[str, Any]:
    """The scale that a form describes, unchecked. Raises LineError."""
    if kind == "ordinal":
        return {"type": kind, "levels": named_of(text)}
    if kind == "categorical":
        return {"type": kind, "labels": named_of(text)}
    if kind == "numeric":
        return {
            "type": kind,
            "min": 0.0 if low is None else low,
            "max": 1.0 if high is None else high,
        }
    return {"type": kind}
