"""Rubric judges: instructions with variables, a scale, who is asked, and when."""

from __future__ import annotations

from typing import Any

import jsonschema
from django.core.exceptions import ValidationError

from evals.judges import prompts, scales
from evals.judges.scales import ScaleError
from evals.kinds import shared
from sightglass.kernel.storable import storable

MOST_EXAMPLES = 12
MAX_EXAMPLE = 6_000
MAX_ORIGIN = 1_000


def check(project_id: int, target: str, config: dict[str, Any]) -> dict[str, Any]:
    """`instructions`, `scale`, `models`.

    Optional: `gate`, `flag` (categories), `library`, `examples` that people judged, `calibration`.
    """
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
            "examples": _examples(config.get("examples"), text, scale),
            "calibration": _calibration(config.get("calibration"), scale),
        }
    )


def _calibration(given: Any, scale: dict[str, Any]) -> dict[str, Any] | None:
    found = shared.calibration(given)
    if found is not None and scale["type"] not in ("numeric", "ordinal"):
        raise ValidationError({"calibration": "Only numbers can be calibrated."})
    return found


def _examples(given: Any, text: str, scale: dict[str, Any]) -> list[dict[str, Any]]:
    """`[{"blocks": {variable: text}, "verdict"}]`, each with exactly the prompt's variables.

    `trace` and `user` say where one comes from; they are kept and told to nobody.
    """
    if given in (None, ""):
        return []
    if not isinstance(given, list) or len(given) > MOST_EXAMPLES:
        raise ValidationError({"examples": f"A list of at most {MOST_EXAMPLES}."})
    names = set(prompts.variables(text))
    return [_example(one, names, prompts.reply_schema(scales.verdict_schema(scale)))
            for one in given]  # fmt: skip


def _example(given: Any, names: set[str], schema: dict[str, Any]) -> dict[str, Any]:
    if not isinstance(given, dict) or given.keys() - {"blocks", "verdict", "trace", "user"}:
        raise ValidationError({"examples": "Each is an object with blocks and verdict."})
    blocks, verdict = given.get("blocks"), given.get("verdict")
    if not isinstance(blocks, dict) or set(blocks) != names:
        told = ", ".join(sorted(names))
        raise ValidationError({"examples": f"The blocks of each are those of the prompt: {told}."})
    if not all(isinstance(one, str) and 0 < len(one) <= MAX_EXAMPLE for one in blocks.values()):
        raise ValidationError({"examples": f"A block has 1 to {MAX_EXAMPLE} characters."})
    try:
        jsonschema.validate(verdict, schema["properties"]["verdict"])
    except jsonschema.ValidationError as error:
        raise ValidationError({"examples": "A verdict is not on the scale."}) from error
    kept = {name: storable(one) for name, one in blocks.items()}
    found: dict[str, Any] = {"blocks": kept, "verdict": verdict}
    for name in ("trace", "user"):
        said = given.get(name, "")
        if not isinstance(said, str) or len(said) > MAX_ORIGIN:
            raise ValidationError({"examples": f"{name} has at most {MAX_ORIGIN} characters."})
        if said:
            found[name] = storable(said)
    return found


def _flag(given: Any, scale: dict[str, Any]) -> list[str]:
    """The categories to look at; what is none of the scale's labels is left out."""
    if given is None:
        return []
    if not isinstance(given, list) or not all(isinstance(one, str) for one in given):
        raise ValidationError({"flag": "Must be a list of labels."})
    return [one for one in dict.fromkeys(given) if one in scale.get("labels", {})]
