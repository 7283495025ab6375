"""What goes wrong with a few answers: an insult, a leak, a refusal, another language, a loop, …

Drawn apart from the rest of the story, which stays the same whatever the incidents are.
"""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from traces.demo.story import Visit
from traces.demo.words import SHOP, Voice


@dataclass(frozen=True, slots=True)
class Mishap:
    """The answer that stands in the place of the right one, and why the model stopped."""

    answer: str
    finish: str


def mishap(visit: Visit, turn: int, voice: Voice) -> Mishap | None:
    """Of this turn of a conversation; None for nearly all of them."""
    own = Random(f"{visit.seed} {visit.day.date} {visit.number} {turn} incident")  # noqa: S311
    drawn = own.random()
    for incident in SHOP["incidents"]:
        if drawn < incident["share"]:
            answer = Voice(own, **voice.facts).one(incident["answers"])
            return Mishap(answer, incident.get("finish", "stop"))
        drawn -= incident["share"]
    return None
