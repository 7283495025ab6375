"""ragas metrics, by name."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError

from evals.kinds import shared
from evals.models import Connection
from evals.ragas.metrics import METRICS


def check(project_id: int, target: str, config: dict[str, Any]) -> dict[str, Any]:
    """`metric`, `models` (one); `definition` for aspect_critic, `rubrics` for rubrics."""
    name = config.get("metric")
    if name not in METRICS:
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
        texts = isinstance(rubrics, dict) and all(
            isinstance(text, str) and 0 < len(text) <= 2000 for text in rubrics.values()
        )
        if not texts or set(rubrics or ()) != {f"score{n}_description" for n in range(1, 6)}:
            raise ValidationError({"rubrics": "Describe score1_description to score5_description."})
    return shared.completed(
        {
            "metric": name,
            "models": asked,
            "definition": definition if name == "aspect_critic" else None,
            "rubrics": rubrics if name == "rubrics" else None,
            "gate": shared.gate(config.get("gate")),
            "embedding_model": str(config.get("embedding_model") or "")[:200],
        }
    )
