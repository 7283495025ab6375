"""Self-consistency: `{"days": N}`, how far back answers to the same question are compared."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError

from evals.models import Target

MOST_DAYS = 30


def check(project_id: int, target: str, config: dict[str, Any]) -> dict[str, Any]:
    days = config.get("days", 7)
    if isinstance(days, bool) or not isinstance(days, int) or not 1 <= days <= MOST_DAYS:
        raise ValidationError({"days": f"Must be a whole number from 1 to {MOST_DAYS}."})
    if target != Target.SPAN:
        raise ValidationError({"target": "Answers are compared span by span."})
    return {"days": days}
