"""ragas metrics, by name."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError

from evals.kinds import shared
from evals.models import Connection
from evals.ragas.metrics import METRICS
from sightglass.kernel.storable import storable

RUBRICS = {f"score{n}_description" for n in range(1, 6)}


def check(project_id: int, target: str, config: dict[str, Any]) -> dict[str, Any]:
    """`metric`, `models` (one); `definition` for aspect_critic, `rubrics` for rubrics."""
    name = config.get("metric")
    if not shared.one_of(name, METRICS):
        raise ValidationError({"metric": f"Must be one of {', '.join(METRICS)}."})
    asked = shared.models(project_id, config.get("models"))
    if len(asked) != 1:
        raise ValidationError({"models": "A ragas metric asks one model."})
    asked_at = Connection.objects.get(pk=asked[0]["connection"])
    if asked_at.api != Connection.Api.OPENAI:
        raise ValidationError({"models": "ragas speaks to OpenAI-compatible connections only."})
    definition = config.get("definition")
    if name == "aspect_critic":
        definition = shared.instructions(definition)
    rubrics = config.get("rubrics")
    if name == "rubrics":
        rubrics = _rubrics(rubrics)
    return shared.completed(
        {
            "metric": name,
            "models": asked,
            "definition": definition if name == "aspect_critic" else None,
            "rubrics": rubrics if name == "rubrics" else None,
            "gate": shared.gate(config.get("gate")),
            "embedding_model": shared.optional_text(
                config.get("embedding_model"), "embedding_model"
            ),
        }
    )


def _rubrics(given: Any) -> dict[str, str]:
    if not isinstance(given, dict) or set(given) != RUBRICS:
        raise ValidationError({"rubrics": "Describe score1_description to score5_description."})
    if not all(isinstance(text, str) and 0 < len(text) <= 2000 for text in given.values()):
        raise ValidationError({"rubrics": "A description has 1 to 2000 characters."})
    return {name: storable(text) for name, text in given.items()}
