"""Pairwise judges: the answer against another one, asked in both orders."""

from __future__ import annotations

import re
from typing import Any

from django.core.exceptions import ValidationError

from evals.judges import prompts
from evals.kinds import shared

AGAINST = re.compile(r"reference|metadata\.[\w.-]{1,100}")


def check(project_id: int, target: str, config: dict[str, Any]) -> dict[str, Any]:
    """`instructions`, `models`, `against` (`reference` or `metadata.KEY`); optional `gate`."""
    text = shared.instructions(config.get("instructions"))
    try:
        prompts.variables(text)
    except prompts.VariableError as error:
        raise ValidationError({"instructions": str(error)}) from error
    against = config.get("against") or "reference"
    if not isinstance(against, str) or not AGAINST.fullmatch(against):
        raise ValidationError({"against": "Must be reference or metadata.<key>."})
    return shared.completed(
        {
            "instructions": text,
            "against": against,
            "models": shared.models(project_id, config.get("models")),
            "gate": shared.gate(config.get("gate")),
            "library": shared.optional_text(config.get("library"), "library"),
        }
    )
