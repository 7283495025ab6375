"""What changes for some days: a topic that one customer brings, a language, a model's answers.

Drawn apart from the rest of the story, which stays the same whatever shifts are in it.
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

from traces.demo.models import MINI, Model
from traces.demo.story import Visit

_WORDS = tomllib.loads((Path(__file__).parent / "shifts.toml").read_text(encoding="utf-8"))
CONTRACT: dict[str, Any] = _WORDS["contract"]
GERMAN: dict[str, Any] = _WORDS["german"]
SHARES = {"new topic": 0.3, "language": 0.35}
"""Of the support bot's visits, while it lasts."""
BRIEF_MINI = replace(MINI, answered="gpt-5.4-mini-2026-10-28")
"""The version that the first provider tries for some days: it answers in half as many words."""
_SENTENCE = re.compile(r"(?<=[.?])\s+(?=[A-Z])")


def topic_of(visit: Visit) -> dict[str, Any] | None:
    """The topic that takes the place of the usual ones in this visit; None: none does."""
    share = SHARES.get(visit.day.shift or "", 0.0)
    drawn = Random(f"{visit.seed} {visit.day.date} {visit.number} shift").random()  # noqa: S311
    if drawn >= share:
        return None
    return CONTRACT if visit.day.shift == "new topic" else GERMAN


def model_of(visit: Visit, model: Model) -> Model:
    """The model that answers where this one was asked."""
    return BRIEF_MINI if visit.day.shift == "brief answers" and model is MINI else model


def said_by(model: Model, answer: str) -> str:
    """The answer as this model gives it."""
    if model is not BRIEF_MINI:
        return answer
    sentences = _SENTENCE.split(answer)
    return " ".join(sentences[: max(1, len(sentences) // 2)])
