"""Embedded detectors: `{"detector": NAME}`; the detector's version is put beside it."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError

from evals.detectors.registry import MODULES, described
from evals.models import Target


def check(project_id: int, target: str, config: dict[str, Any]) -> dict[str, Any]:
    name = config.get("detector")
    if not isinstance(name, str) or name not in MODULES:
        raise ValidationError({"detector": f"Must be one of {', '.join(MODULES)}."})
    if target != Target.SPAN:
        raise ValidationError({"target": "An embedded detector scores spans."})
    return {"detector": name, "version": described(name).version}
