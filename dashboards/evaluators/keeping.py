"""What a version keeps that no form asks for. Pure."""

from __future__ import annotations

from typing import Any

from evals.judges.prompts import VariableError, variables
from evals.services.evaluators import Draft


def kept_of(before: Draft | None, config: dict[str, Any]) -> dict[str, Any]:
    """What people's labels gave the version before (docs/truth.md) and no form asks for.

    Examples stay while they fit the prompt and its scale, a curve while all that it was fitted to
    is the same.
    """
    if before is None:
        return {}
    was = before.config
    names = [name for name in ("scale", "models", "detector") if was.get(name) != config.get(name)]
    old, new = was.get("instructions", ""), config.get("instructions", "")
    kept = {}
    if "examples" in was and "scale" not in names and _variables(old) == _variables(new):
        kept["examples"] = was["examples"]
    if "calibration" in was and not names and old.split() == new.split():
        kept["calibration"] = was["calibration"]
    return kept


def _variables(text: str) -> set[str]:
    try:
        return set(variables(text))
    except VariableError:
        return set()
