"""What configs of several kinds have in common."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError

from evals.detectors.registry import MODULES
from evals.models import Connection

MOST_MODELS = 5
MAX_INSTRUCTIONS = 20_000


def models(project_id: int, given: Any) -> list[dict[str, Any]]:
    """`[{"connection": ID, "model": NAME or ""}]`: who is asked; more than one is a panel."""
    if not isinstance(given, list) or not 1 <= len(given) <= MOST_MODELS:
        raise ValidationError({"models": f"Choose 1 to {MOST_MODELS} models."})
    known = set(Connection.objects.filter(project_id=project_id).values_list("pk", flat=True))
    asked = []
    for one in given:
        if not isinstance(one, dict) or one.get("connection") not in known:
            raise ValidationError({"models": "There is no such connection."})
        name = one.get("model", "")
        if not isinstance(name, str) or len(name) > 200:
            raise ValidationError({"models": "A model's name has at most 200 characters."})
        asked.append({"connection": one["connection"], "model": name.strip()})
    return asked


def gate(given: Any) -> dict[str, Any] | None:
    """`{"detector", "low", "high", "random"}`: judged are values in [low, high] and a share."""
    if not given:
        return None
    if not isinstance(given, dict) or given.get("detector") not in MODULES:
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
    return given.replace("\0", "").strip()


def completed(config: dict[str, Any]) -> dict[str, Any]:
    """Without what is not set: equal configs are equal."""
    return {name: value for name, value in config.items() if value not in (None, "", [], {})}
