"""Putting a prompt to models until there is a verdict, and no longer than that."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from evals.judges import prompts, verdicts
from evals.judges.prompts import Prompt
from evals.judges.verdicts import Malformed, Verdict
from evals.subjects import Subject


@dataclass(slots=True)
class Reply:
    """What a provider answered to one call, and what it took. Cost in pico dollars."""

    text: str
    input_tokens: int = 0
    output_tokens: int = 0
    cost: int = 0


Call = Callable[[int, Prompt, list[dict[str, str]]], Awaitable[Reply]]
"""Ask the model at this place of the panel."""


@dataclass(slots=True)
class Judgement:
    """A verdict with what it took, all calls together."""

    verdict: Verdict
    replies: list[Reply] = field(default_factory=list)
    consistent: bool | None = None

    @property
    def cost(self) -> int:
        return sum(one.cost for one in self.replies)


class NoVerdict(Exception):
    """A model gave no readable verdict, twice. Carries what was paid for it."""

    def __init__(self, detail: str, replies: list[Reply]) -> None:
        super().__init__(detail)
        self.replies = replies


async def rubric(prompt: Prompt, scale: dict[str, Any], panel: int, call: Call) -> Judgement:
    """Ask every model of the panel. Raises NoVerdict, and whatever `call` raises."""
    made = await _all([_ask(prompt, place, call) for place in range(panel)])
    replies = [reply for _, given in made for reply in given]
    return Judgement(verdicts.combined([verdict for verdict, _ in made], scale), replies)


async def pair(
    instructions: str, subject: Subject, other: str, secret: bytes, panel: int, call: Call
) -> Judgement:
    """Ask in both orders, each model of the panel. Raises NoVerdict, Missing."""
    own = prompts.value_of(subject, "output")
    orders = (
        prompts.render_pair(instructions, subject, (own, other), secret),
        prompts.render_pair(instructions, subject, (other, own), secret),
    )
    asked = [_ask(prompt, place, call) for place in range(panel) for prompt in orders]
    made = await _all(asked)
    found = [verdicts.compared(made[at][0], made[at + 1][0]) for at in range(0, len(made), 2)]
    scale = {"type": "numeric", "min": 0, "max": 1}
    whole = verdicts.combined([verdict for verdict, _ in found], scale)
    replies = [reply for _, given in made for reply in given]
    return Judgement(whole, replies, all(consistent for _, consistent in found))


async def _all(
    asked: Sequence[Awaitable[tuple[Verdict, list[Reply]]]],
) -> list[tuple[Verdict, list[Reply]]]:
    """Like gather, but a failure waits for the others, so that no call goes on unpaid for."""
    answers = await asyncio.gather(*asked, return_exceptions=True)
    failures = [one for one in answers if isinstance(one, BaseException)]
    if failures:
        paid = [reply for one in answers if not isinstance(one, BaseException) for reply in one[1]]
        first = failures[0]
        if isinstance(first, NoVerdict):
            first.replies += paid
        raise first
    return [one for one in answers if not isinstance(one, BaseException)]


async def _ask(prompt: Prompt, place: int, call: Call) -> tuple[Verdict, list[Reply]]:
    """One model's verdict; a malformed reply is shown to it once, with what is wrong."""
    first = await call(place, prompt, prompt.messages)
    try:
        return verdicts.read(first.text, prompt.schema), [first]
    except Malformed as error:
        problem = str(error)
    again = [
        *prompt.messages,
        {"role": "assistant", "content": first.text[:8000] or "(nothing)"},
        {
            "role": "user",
            "content": f"That cannot be read: {problem}. Reply again with nothing but one JSON"
            " object with the keys reasoning, verdict and confidence, as asked.",
        },
    ]
    second = await call(place, prompt, again)
    try:
        return verdicts.read(second.text, prompt.schema), [first, second]
    except Malformed as error:
        detail = f"the model gave no readable verdict, asked twice: {error}"
        raise NoVerdict(detail, [first, second]) from error
