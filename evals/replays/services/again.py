"""Which recorded calls can be asked again: one rule for what is foreseen and what is asked."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from evals.replays import prompts
from evals.replays.prompts import CannotReplay
from evals.replays.services import recorded
from evals.replays.services.recorded import Recorded
from evals.replays.services.talking import Prompt
from sightglass.accounts.models import Project

CHARACTERS = 4
"""Of a token, about."""


@dataclass(frozen=True, slots=True)
class Read:
    """A call that was read: what is to be asked, or why it cannot be (of `prompts.REASONS`).

    `answered`: tokens of the recorded answer, about.
    """

    call: Recorded
    prompt: Prompt | None = None
    reason: str = ""
    answered: int = 0


def read(project: Project, calls: Sequence[Recorded]) -> Iterator[Read]:
    """Each of `calls` once, in whatever order."""
    ordered = sorted(calls, key=lambda one: one.start_ns)
    gone = {one.key for one in ordered}
    for one, said in recorded.contents(project, ordered):
        gone.discard(one.key)
        try:
            prompt = Prompt(prompts.messages_of(said), prompts.parameters_of(said.parameters))
        except CannotReplay as error:
            yield Read(one, reason=error.reason)
        else:
            texts = (str(one.get("content") or "") for one in said.output_messages or [])
            yield Read(one, prompt, answered=sum(map(len, texts)) // CHARACTERS)
    for one in ordered:
        if one.key in gone:
            yield Read(one, reason="gone")
