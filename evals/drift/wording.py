"""What a window says, in one plain sentence. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from evals.detectors.language import NAMES as LANGUAGES
from evals.drift.slices import BEYOND, SURE, Slice
from evals.drift.stats.descriptors import UNKNOWN

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
LITTLE = 0.1
"""Of a change: what is not worth telling."""
CLOSE = 0.5
"""Of what came with a change, what brought so much of the most that any of it brought can have made
it; and what lies so far beyond its size, of the farthest, cannot be told apart from that."""
MUCH = 0.2
"""What else came is told from this share of the conversations on."""

LEAST_LONGER = 0.03


def share(value: float) -> str:
    """As per cent."""
    return f"{100 * value:.0f} %" if value >= 0.01 or value == 0 else "under 1 %"


def language(code: str) -> str:
    """Its English name; those without one are told by their code, for two are not the same."""
    if code in ("", UNKNOWN):
        return "an unknown language"
    return LANGUAGES.get(code) or f"another language ({code})"


@dataclass(frozen=True, slots=True)
class Told:
    """What a sentence is made of: since when, the slices that have a name, telling words."""

    since: str
    slices: Sequence[Slice]
    terms: Sequence[str]

    @property
    def carriers(self) -> list[Slice]:
        """Those that carry the change."""
        return [one for one in self.slices if one.carries]

    def first(self, *dimensions: str) -> Slice | None:
        """The first carrier of these dimensions, which grew."""
        grown = (one for one in self.carriers if one.now > one.before)
        return next((one for one in grown if one.dimension in dimensions), None)

    def gone(self, *dimensions: str) -> Slice | None:
        """The one of these dimensions that is gone, and most of the change with it."""
        found = [one for one in self.carriers if one.is_gone and one.dimension in dimensions]
        return min(found, key=lambda one: 1.0 if one.left is None else one.left, default=None)

    def heir(self, gone: Slice) -> Slice | None:
        """The one of the same dimension that has grown by about what is gone."""
        grown = [
            one
            for one in self.slices
            if one.dimension == gone.dimension
            and one.p <= SURE
            and one.now - one.lately >= CLOSE * gone.lately
        ]
        return max(grown, key=lambda one: one.now - one.lately, default=None)


def of_inputs(told: Told) -> str:
    """What users ask has changed."""
    tongue, user = told.first("language"), told.first("user")
    if tongue:
        return (
            f"Since {told.since} users write in {language(tongue.value)} more often:"
            f" {_grew(tongue)}."
        )
    words = f" ({', '.join(told.terms)})" if told.terms else ""
    most = told.first("topic", "user")
    if most and most.dimension == "topic":
        whose = f"; user {user.value} brings them" if user else ""
        new = "a new topic" if most.n_before == 0 else "one topic"
        return f"Since {told.since} {new} grows, “{most.value}”: {_grew(most)}{whose}."
    if most:
        return f"Since {told.since} user {most.value} asks for other things{words}: {_grew(most)}."
    gone = told.gone("user", "language", "topic")
    if gone:
        return f"Since {told.since} what is asked differs{words}: {_ceased(gone)}."
    other = told.first("prompt", "model", "release", "environment")
    if other:
        return (
            f"Since {told.since} what is asked differs{words}: {other.dimension} {other.value}"
            f" has {_grew(other)}."
        )
    return f"Since {told.since} what is asked differs{words}; no single slice carries it."


def _named(one: Slice) -> str:
    name = language(one.value) if one.dimension == "language" else one.value
    return f"{one.dimension} {name}"


def _ceased(one: Slice) -> str:
    return f"{_named(one)} is gone, {share(one.before)} of conversations before"


def _grew(one: Slice) -> str:
    return f"{share(one.now)} of conversations, {share(one.before)} before"


def of_answers(
    told: Told, what: str, cause: str, parts: dict[str, float], shorter: float | None
) -> str:
    """`shorter`: change of the length at the same questions, relative; None: it did not change."""
    subject = f"{THINGS[what][0].lower()}{THINGS[what][1:]}"
    if cause == "users":
        asked, gone = (of("language", "topic", "user") for of in (told.first, told.gone))
        named = f" ({_said(asked)})" if asked else f" ({_ceased(gone)})" if gone else ""
        rest = parts.get("model", 0.0)
        same = (
            "the same questions are answered as before"
            if rest < LITTLE
            else f"{share(rest)} of the change is how the same questions are answered"
        )
        return (
            f"Since {told.since} {subject} differ because users ask for other things{named};"
            f" {same}."
        )
    how = "differ at the same questions"
    if shorter is not None and abs(shorter) >= LEAST_LONGER:
        subject, how = "answers", f"are {_longer(shorter)} at the same questions"
    why = _behind(told)
    if cause == "model":
        said = f"Since {told.since} {subject} {how}: {why}, not the users."
    else:
        said = (
            f"Since {told.since} {subject} {how} ({why}: {share(parts['model'])} of it), and users"
            " ask for other things too."
        )
    return f"{said}{_besides(told)}"


def _behind(told: Told) -> str:
    """What stands behind other answers: what came with them, or else where most of them are."""
    together = _together(told)
    if not together:
        return _without_new(told)
    if len(together) == 1:
        return NAMES[together[0].dimension].format(together[0].value)
    return f"{_listed(together)} came together and changed them"


def _new(told: Told) -> list[Slice]:
    """What stands behind answers and came with the change, those first that brought most of it."""
    found = [one for one in told.slices if one.dimension in NAMES and one.is_new and one.p <= SURE]
    return sorted(found, key=lambda one: -one.brought)


def _together(told: Told) -> list[Slice]:
    """What came with the change and lies alike in it, so that nothing tells it apart."""
    new = _new(told)
    able = [one for one in new if one.brought >= CLOSE * new[0].brought]
    if not any(one.carries for one in able):
        return []
    most = max(one.beyond for one in able)
    return [one for one in able if most < BEYOND or one.beyond >= CLOSE * most]


def _besides(told: Told) -> str:
    """What else came at that time, and may have a part in it."""
    causes = _together(told)
    others = [one for one in _new(told) if one not in causes and one.now >= MUCH]
    against = [one for one in others if one.brought <= -LITTLE]
    alike = [one for one in others if one not in against]
    said = f" At that time {_listed(alike)} began, too." if alike else ""
    for one in against:
        said += (
            f" {_sentence(one)} began at that time, too, and changes them the other way, in"
            f" {share(one.now)} of conversations{_there_and_elsewhere(one)}."
        )
    return said


def _there_and_elsewhere(one: Slice) -> str:
    """How long answers are in it and in the rest, where one net figure would hide both."""
    there, elsewhere = one.longer or (0.0, 0.0)
    if there * elsewhere >= 0 or min(abs(there), abs(elsewhere)) < LEAST_LONGER:
        return ""
    return f": {_longer(there)} there, {_longer(elsewhere)} elsewhere"


def _longer(relative: float) -> str:
    return f"{share(abs(relative))} {'shorter' if relative < 0 else 'longer'}"


def _sentence(one: Slice) -> str:
    """Its name as a sentence begins."""
    return f"{one.dimension[0].upper()}{one.dimension[1:]} {one.value}"


def _listed(found: Sequence[Slice]) -> str:
    *rest, last = (f"{one.dimension} {one.value}" for one in found)
    return f"{', '.join(rest)} and {last}" if rest else last


def _without_new(told: Told) -> str:
    gone = told.gone(*NAMES)
    if gone:
        heir = told.heir(gone)
        went = f"{heir.value} in place of {gone.value}" if heir else f"{gone.value} is gone"
        when = "before" if gone.just_before is None else "just before"
        return NAMES[gone.dimension].format(f"{went}, {share(gone.lately)} of them {when}")
    mostly = told.first(*NAMES)
    where = f", mostly with {mostly.dimension} {mostly.value}" if mostly else ""
    return f"what answers changed{where}"


def _said(one: Slice) -> str:
    return f"{_named(one)}: {_grew(one)}"


def of_quiet(detectable: float | None, size: int) -> str:
    """Nothing was found; and what could have been."""
    if detectable is None:
        return f"No change found; {size:,} conversations are too few to show one."
    return (
        f"No change found. With {size:,} conversations, a shift of under {share(detectable)} of"
        " them to another everyday topic would be missed."
    )


def of_young(have: int, need: int) -> str:
    """There is too little before it to say what is usual."""
    there = "No earlier period has" if not have else f"{have} earlier period{'s' * (have > 1)} with"
    return f"{there} traffic; what is usual can be told from {need} on."


def of_few(have: int, need: int) -> str:
    return f"{have:,} conversations to compare; at least {need:,} are needed."
