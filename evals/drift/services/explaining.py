"""From two windows that were compared to what carries the change, and whether users or the model
changed.

At fixed topics of what was asked, what is left of a change of the answers is the model's (or of
whatever stands behind it: release, prompt, retrieval); what comes of other topics is the users'.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from evals.drift.clusters import comparable, topics
from evals.drift.models import Monitor
from evals.drift.services.items import Items
from evals.drift.slices import Slice, slices
from evals.drift.spaces import Space, space_of
from evals.drift.stats import Result, Window
from evals.drift.stats.decomposition import Decomposition, decompose
from evals.drift.wording import NAMES
from evals.vectors.embedding import embed
from traces.ids import span_hex

What = Monitor.What
USERS, MODEL, BOTH = "users", "model", "both"
MOST_EXAMPLES, MOST_TERMS, MOST_SLICES = 40, 16, 60
WITH_NEAREST = 12
MOSTLY = 0.62
"""The part of a change from which on one cause is named alone."""


@dataclass(frozen=True, slots=True)
class Length:
    """Words of an answer: means, and the part of the change at the same questions."""

    before: float
    now: float
    by_model: float
    significant: bool

    @property
    def relative(self) -> float:
        """Of the mean before: −0.38 is 38 % shorter at the same questions."""
        return self.by_model / self.before if self.before else 0.0


@dataclass(slots=True)
class Found:
    """What carries a change. `parts` of the change by users and by the model, of 1 in all."""

    cause: str = ""
    parts: dict[str, float] = field(default_factory=dict)
    length: Length | None = None
    slices: list[Slice] = field(default_factory=list)

    @property
    def named(self) -> list[Slice]:
        """Those that have a name, first those that explain most beyond their size."""
        return [one for one in self.slices if one.value]


def window_of(what: str, items: Items) -> Window:
    """What is compared."""
    if what == What.INPUTS:
        return Window(items.inputs, items.input_vectors)
    if what == What.OUTPUTS:
        return Window(items.outputs, items.output_vectors)
    if what == What.DOCUMENTS:
        return Window(items.documents)
    if what == What.SCORES:
        return Window(numeric=_arrays(items.scores), categories=items.words)
    return Window(numeric=_arrays(items.numbers))


def _arrays(numbers: dict[str, list[float]]) -> dict[str, NDArray[np.float64]]:
    return {name: np.array(values, dtype=np.float64) for name, values in numbers.items()}


def explain(
    what: str,
    before: Items,
    now: Items,
    result: Result,
    alpha: float,
    last: NDArray[np.bool_] | None = None,
) -> Found:
    """Slices, cause and length of a change. `last` as `slices` takes it."""
    asked = topics(
        np.concatenate([before.input_vectors, now.input_vectors]), [*before.inputs, *now.inputs]
    )
    by_topic = asked[: len(before)], asked[len(before) :]
    space = _space(what, before, now)
    dimensions = {
        name: (before.origins[name], now.origins[name])
        for name in before.origins.keys() & now.origins.keys()
    }
    found = Found(slices=slices(space, {"topic": by_topic, **dimensions}, last))
    if what == What.INPUTS:
        found.cause, found.parts = USERS, {USERS: 1.0, MODEL: 0.0}
        return found
    fixed = comparable(*_apart(found, by_topic, dimensions))
    split = decompose(fixed[0], space.along()[0], fixed[1], space.along()[1])
    found.parts = _parts(split)
    found.cause = _cause(found.parts)
    if what == What.OUTPUTS:
        lengths = (fixed[0], _words(before)), (fixed[1], _words(now))
        found.length = _length(*lengths, result, alpha)
        if found.length.significant:
            found.slices = [_with_lengths(one, now, *lengths) for one in found.slices]
    return found


def _apart(
    found: Found,
    by_topic: tuple[list[str], list[str]],
    dimensions: dict[str, tuple[list[str], list[str]]],
) -> tuple[list[str], list[str]]:
    """Users and languages that came with the change are topics of their own.

    What they ask may be like what others do; how they were answered before cannot be known.
    """
    labels = (list(by_topic[0]), list(by_topic[1]))
    for one in found.named:
        if one.dimension not in ("user", "language") or not (one.carries and one.is_new):
            continue
        for side, values in zip(labels, dimensions[one.dimension], strict=True):
            for place, value in enumerate(values):
                if value == one.value:
                    side[place] = f"{one.dimension}={value}"
    return labels


def _space(what: str, before: Items, now: Items) -> Space:
    if what == What.INPUTS:
        return space_of((before.input_vectors, now.input_vectors), {})
    if what == What.OUTPUTS:
        lengths = {"words": (_log_words(before.outputs), _log_words(now.outputs))}
        return space_of((before.output_vectors, now.output_vectors), lengths)
    if what == What.DOCUMENTS:
        from_texts = Window(before.documents), Window(now.documents)
        return space_of((vectors_of(from_texts[0]), vectors_of(from_texts[1])), {})
    if what == What.SCORES:
        shared = before.scores.keys() & now.scores.keys()
        columns = {name: (before.scores[name], now.scores[name]) for name in sorted(shared)}
        words = before.words.keys() & now.words.keys()
        named = {name: (before.words[name], now.words[name]) for name in sorted(words)}
        return space_of(None, columns, named)
    return space_of(
        None,
        {name: (_logs(before.numbers[name]), _logs(now.numbers[name])) for name in before.numbers},
    )


def vectors_of(window: Window) -> NDArray[np.float32]:
    """Of a window's texts."""
    return embed(list(window.texts))


def _log_words(texts: list[str]) -> list[float]:
    return [float(np.log1p(len(text.split()))) for text in texts]


def _logs(numbers: list[float]) -> list[float]:
    return [float(np.log1p(max(value, 0.0))) if value == value else np.nan for value in numbers]


def _parts(split: Decomposition) -> dict[str, float]:
    """Of the whole change. Parts of opposite sign are told by their size."""
    sizes = {USERS: abs(split.users.value or 0.0), MODEL: abs(split.model.value or 0.0)}
    whole = sum(sizes.values()) or 1.0
    return {name: size / whole for name, size in sizes.items()}


def _cause(parts: dict[str, float]) -> str:
    return next((name for name, part in parts.items() if part >= MOSTLY), BOTH)


Lengths = tuple[list[str], NDArray[np.float64]]
"""Of each item what it asks, and the words of its answer."""


def _length(before: Lengths, now: Lengths, result: Result, alpha: float) -> Length:
    """Words, and whether the comparison found that they changed."""
    split = decompose(*before, *now)
    told = any(
        one.name in ("words", "characters") and one.adjusted <= alpha for one in result.tests
    )
    return Length(split.reference, split.current, split.model.value or 0.0, told)


def _words(items: Items) -> NDArray[np.float64]:
    return np.array([len(text.split()) for text in items.outputs], dtype=np.float64)


def _with_lengths(one: Slice, now: Items, before: Lengths, current: Lengths) -> Slice:
    """With how long answers are in it and in the rest, of what came and answers."""
    if one.dimension not in NAMES or not one.is_new:
        return one
    inside = np.array([value == one.value for value in now.origins[one.dimension]])
    if inside.all() or not inside.any():
        return one
    return replace(
        one,
        longer=(_longer(before, current, inside), _longer(before, current, ~inside)),
    )


def _longer(before: Lengths, current: Lengths, chosen: NDArray[np.bool_]) -> float:
    """Of those that are chosen now, at the same questions, relative to the mean before."""
    asked = [topic for topic, held in zip(current[0], chosen, strict=True) if held]
    split = decompose(*before, asked, current[1][chosen])
    return (split.model.value or 0.0) / split.reference if split.reference else 0.0


def as_json(found: Found, before: Items, now: Items, result: Result, what: str) -> dict[str, Any]:
    """What the window keeps: figures, words and ids, no text of a person but a term."""
    return {
        "tests": [asdict(one) for one in result.tests],
        "terms": [asdict(one) for one in result.terms[:MOST_TERMS]],
        "slices": [one.as_json() for one in _kept(found.slices)],
        "parts": found.parts,
        "length": asdict(found.length) if found.length else None,
        "examples": _examples(before, now, result, what),
    }


def _kept(all_of_them: list[Slice]) -> list[Slice]:
    """Those that moved or carry most."""
    weight = {id(one): max(abs(one.now - one.before), one.beyond) for one in all_of_them}
    kept = sorted(all_of_them, key=lambda one: -weight[id(one)])[:MOST_SLICES]
    return [one for one in all_of_them if one in kept]


def _examples(before: Items, now: Items, result: Result, what: str) -> list[dict[str, Any]]:
    """Items that are most telling, each with the one before that was most like it."""
    by_output = what != What.INPUTS
    sides = [side.output_vectors if by_output else side.input_vectors for side in (before, now)]
    if by_output:
        # What was asked decides which answers can be compared.
        sides = [np.concatenate([side.input_vectors, one], axis=1) for side, one in
                 zip((before, now), sides, strict=True)]  # fmt: skip
    found = []
    for number, place in enumerate(result.examples[:MOST_EXAMPLES]):
        pair = {"now": _ids(now, place)}
        if number < WITH_NEAREST:
            pair["before"] = _ids(before, int(np.argmax(sides[0] @ sides[1][place])))
        found.append(pair)
    return found


def _ids(items: Items, place: int) -> dict[str, Any]:
    trace_id, span_id = items.keys[place]
    known = {"start_ns": items.start_ns[place]}
    if span_id == 0:
        return known  # of a dataset
    return {"trace_id": trace_id.hex, "span_id": span_hex(span_id), **known}
