"""What configs of several kinds have in common."""

from __future__ import annotations

from collections.abc import Container
from typing import Any

from django.core.exceptions import ValidationError

from evals import calibrated
from evals.calibrated import CurveError
from evals.detectors.registry import MODULES
from evals.models import Connection
from sightglass.kernel.storable import storable

MOST_MODELS = 5
MAX_INSTRUCTIONS = 20_000


def models(project_id: int, given: Any) -> list[dict[str, Any]]:
    """`[{"connection": ID, "model": NAME or ""}]`: who is asked; more than one is a panel."""
    if not isinstance(given, list) or not 1 <= len(given) <= MOST_MODELS:
        raise ValidationError({"models": f"Choose 1 to {MOST_MODELS} models."})
    known = set(Connection.objects.filter(project_id=project_id).values_list("pk", flat=True))
    asked = []
    for one in given:
        if not isinstance(one, dict):
            raise ValidationError({"models": "Each is an object with connection and model."})
        if type(one.get("connection")) is not int or one["connection"] not in known:
            raise ValidationError({"models": "There is no such connection."})
        name = one.get("model", "")
        if not isinstance(name, str) or len(name) > 200:
            raise ValidationError({"models": "A model's name has at most 200 characters."})
        asked.append({"connection": one["connection"], "model": storable(name).strip()})
    return asked


def gate(given: Any) -> dict[str, Any] | None:
    """`{"detector", "low", "high", "random"}`: judged are values in [low, high] and a share."""
    if given in (None, "", {}):
        return None
    if not isinstance(given, dict) or not one_of(given.get("detector"), MODULES):
        raise ValidationError({"gate": f"The detector must be one of {', '.join(MODULES)}."})
    numbers = {name: given.get(name, default) for name, default in
               (("low", 0.3), ("high", 1.0), ("random", 0.05))}  # fmt: skip
    for name, value in numbers.items():
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
            raise ValidationError({"gate": f"{name} must be between 0 and 1."})
    if numbers["low"] > numbers["high"]:
        raise ValidationError({"gate": "low must not be above high."})
    return {"detector": given["detector"], **numbers}


def instructions(given: Any) -> str:
    if not isinstance(given, str) or not given.strip():
        raise ValidationError({"instructions": "Say what is to be judged, and how."})
    if len(given) > MAX_INSTRUCTIONS:
        raise ValidationError({"instructions": f"At most {MAX_INSTRUCTIONS} characters."})
    return storable(given.replace("\0", "")).strip()


def one_of(given: Any, names: Container[str]) -> bool:
    """Whether it is one of the names; what is no text is none, hashable or not."""
    return isinstance(given, str) and given in names


def optional_text(given: Any, name: str, most: int = 200) -> str:
    """Text of at most `most` characters; empty if it is not set."""
    if given is None:
        return ""
    if not isinstance(given, str) or len(given) > most:
        raise ValidationError({name: f"Must be a text of at most {most} characters."})
    return storable(given).strip()


def calibration(given: Any) -> dict[str, Any] | None:
    """A curve that its numbers go through before they are stored (`evals.calibrated`)."""
    if given in (None, "", {}):
        return None
    try:
        return calibrated.check(given)
    except CurveError as error:
        raise ValidationError({"calibration": str(error)}) from error


def completed(config: dict[str, Any]) -> dict[str, Any]:
    """Without what is not set: equal configs are equal."""
    return {name: value for name, value in config.items() if value not in (None, "", [], {})}
