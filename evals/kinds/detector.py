"""Embedded detectors: `{"detector": NAME}` and optional `calibration`; its version is added."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError

from evals.detectors.registry import MODULES, described
from evals.kinds import shared
from evals.models import Target


def check(project_id: int, target: str, config: dict[str, Any]) -> dict[str, Any]:
    name = config.get("detector")
    if not isinstance(name, str) or name not in MODULES:
        raise ValidationError({"detector": f"Must be one of {', '.join(MODULES)}."})
    if target != Target.SPAN:
        raise ValidationError({"target": "An embedded detector scores spans."})
    return shared.completed(
        {
            "detector": name,
            "version": described(name).version,
            "calibration": shared.calibration(config.get("calibration")),
        }
    )
