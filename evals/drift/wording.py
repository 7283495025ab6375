"""What a window says, in one plain sentence. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.conf.locale import LANG_INFO

from evals.drift.slices import Slice

THINGS = {
    "inputs": "What users ask",
    "outputs": "The answers",
    "documents": "The retrieved documents",
    "scores": "The scores",
    "usage": "Latency and tokens",
}
NAMES = {
    "model": "the model changed ({})",
    "release": "a release changed them ({})",
    "prompt": "the prompt changed ({})",
}

LEAST_LONGER = 0.03


def share(value: float) -> str:
    """As per cent."""
    return f"{100 * value:.0f} %" if value >= 0.01 or value == 0 else "under 1 %"


def language(code: str) -> str:
    """Its English name."""
    return str(LANG_INFO.get(code, {}).get("name", code)) or "an unknown language"


@dataclass(frozen=True, slots=True)
class Told:
    """What a sentence is made of: since when, what carries the change, telling words."""

    since: str
    carriers: Sequence[Slice]
    terms: Sequence[str]

    def first(self, *dimensions: str) -> Slice | None:
        """The first carrier of these dimensions, which grew."""
        grown = (one for one in self.carriers if one.now > one.before)
        return next((one for one in grown if one.dimension in dimensions), None)


def of_inputs(told: Told) -> str:
    """What users ask has changed."""
    tongue, topic, user = (told.first(name) for name in ("language", "topic", "user"))
    if tongue:
        return (
            f"Since {told.since} users write in {language(tongue.value)} more often:"
            f" {_grew(tongue)}."
        )
    words = f" ({', '.join(told.terms)})" if told.terms else ""
    if topic:
        whose = f"; user {user.value} brings them" if user else ""
        new = "a new topic" if topic.n_before == 0 else "one topic"
        return f"Since {told.since} {new} grows, “{topic.value}”: {_grew(topic)}{whose}."
    if user:
        return f"Since {told.since} user {user.value} asks for other things{words}: {_grew(user)}."
    other = told.first("prompt", "model", "release", "environment")
    if other:
        return (
            f"Since {told.since} what is asked differs{words}: {other.dimension} {other.value}"
            f" has {_grew(other)}."
        )
    return f"Since {told.since} what is asked differs{words}; no single slice carries it."


def _grew(one: Slice) -> str:
    return f"{share(one.now)} of conversations, {share(one.before)} before"


def of_answers(
    told: Told, what: str, cause: str, parts: dict[str, float], shorter: float | None
) -> str:
    """`shorter`: change of the length at the same questions, relative; None: it did not change."""
    subject = f"{THINGS[what][0].lower()}{THINGS[what][1:]}"
    if cause == "users":
        asked = told.first("language", "topic", "user")
        named = f" ({_said(asked)})" if asked else ""
        return (
            f"Since {told.since} {subject} differ because users ask for other things{named}; the"
            " same questions are answered as before."
        )
    how = "differ at the same questions"
    if shorter is not None and abs(shorter) >= LEAST_LONGER:
        size = f"{share(abs(shorter))} {'shorter' if shorter < 0 else 'longer'}"
        subject, how = "answers", f"are {size} at the same questions"
    behind = next((one for one in told.carriers if one.dimension in NAMES and one.is_new), None)
    if behind is not None:
        why = NAMES[behind.dimension].format(behind.value)
    else:
        mostly = told.first(*NAMES)
        where = f", mostly with {mostly.dimension} {mostly.value}" if mostly else ""
        why = f"what answers changed{where}"
    if cause == "model":
        return f"Since {told.since} {subject} {how}: {why}, not the users."
    return (
        f"Since {told.since} {subject} {how} ({why}: {share(parts['model'])} of it), and users ask"
        " for other things too."
    )


def _said(one: Slice) -> str:
    name = language(one.value) if one.dimension == "language" else one.value
    return f"{one.dimension} {name}: {_grew(one)}"


def of_quiet(detectable: float | None, size: int) -> str:
    """Nothing was found; and what could have been."""
    if detectable is None:
        return f"No change found; {size:,} conversations are too few to show one."
    return (
        f"No change found. With {size:,} conversations a change of under {share(detectable)} of"
        " them would be missed."
    )


def of_few(have: int, need: int) -> str:
    return f"{have:,} conversations to compare; at least {need:,} are needed."
