"""Rubric judges: instructions with variables, a scale, who is asked, and when."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError

from evals.judges import prompts, scales
from evals.judges.scales import ScaleError
from evals.kinds import shared


def check(project_id: int, target: str, config: dict[str, Any]) -> dict[str, Any]:
    """`instructions`, `scale`, `models`; optional `gate`, `flag` (categories), `library`."""
    text = shared.instructions(config.get("instructions"))
    try:
        prompts.variables(text)
        scale = scales.check(config.get("scale"))
    except prompts.VariableError as error:
        raise ValidationError({"instructions": str(error)}) from error
    except ScaleError as error:
        raise ValidationError({"scale": str(error)}) from error
    return shared.completed(
        {
            "instructions": text,
            "scale": scale,
            "models": shared.models(project_id, config.get("models")),
            "gate": shared.gate(config.get("gate")),
            "flag": _flag(config.get("flag"), scale),
            "library": shared.optional_text(config.get("library"), "library"),
        }
    )


def _flag(given: Any, scale: dict[str, Any]) -> list[str]:
    """The categories to look at; what is none of the scale's labels is left out."""
    if given is None:
        return []
    if not isinstance(given, list) or not all(isinstance(one, str) for one in given):
        raise ValidationError({"flag": "Must be a list of labels."})
    return [one for one in dict.fromkeys(given) if one in scale.get("labels", {})]
