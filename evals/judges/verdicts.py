"""Reading a verdict: from a reply of exactly the form asked for, or not at all."""

from __future__ import annotations

import json
import math
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import jsonschema

from evals.judges import scales
from sightglass.kernel.storable import storable

FENCED = re.compile(r"\s*```(?:json)?\s*\n(.*)\n\s*```\s*", re.DOTALL)


class Malformed(ValueError):
    """A reply that is not the JSON that was asked for; says what is wrong with it."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """`value` on the judge's scale, with the reasons given before it."""

    value: bool | float | str
    reasoning: str
    confidence: float


def parse(reply: str, schema: dict[str, Any]) -> dict[str, Any]:
    """The reply as an object of this schema. Raises Malformed.

    A Markdown fence around the whole is taken off; nothing is searched for inside other text, where
    the judged text could have planted it.
    """
    fenced = FENCED.fullmatch(reply)
    try:
        found = json.loads(fenced[1] if fenced else reply)
    except ValueError as error:
        raise Malformed(f"the reply is not JSON: {error}") from error
    except RecursionError as error:
        raise Malformed("the reply is nested too deeply") from error
    try:
        jsonschema.validate(found, schema)
    except jsonschema.ValidationError as error:
        raise Malformed(
            f"{'.'.join(map(str, error.path)) or 'reply'}: {error.message[:300]}"
        ) from error
    return dict(found)


def read(reply: str, schema: dict[str, Any]) -> Verdict:
    """The verdict of a reply. Raises Malformed."""
    found = parse(reply, schema)
    value = found["verdict"]
    if isinstance(value, int) and not isinstance(value, bool):
        value = float(value)
    if isinstance(value, float) and not math.isfinite(value):
        raise Malformed("verdict: must be a finite number")
    confidence = float(found["confidence"])
    if not math.isfinite(confidence):
        raise Malformed("confidence: must be a finite number")
    return Verdict(value, storable(found["reasoning"]), confidence)


def combined(verdicts: Sequence[Verdict], scale: dict[str, Any]) -> Verdict:
    """A panel's verdict: the mean of numbers, the majority of anything else.

    Confidence is how far they agree. Of equal parties the more confident one wins.
    """
    if len(verdicts) == 1:
        return verdicts[0]
    reasons = "\n\n".join(f"{n}. {one.value}: {one.reasoning}" for n, one in enumerate(verdicts, 1))
    bounds = scales.bounds(scale)
    if scale["type"] in ("numeric", "ordinal") and bounds is not None:
        values = [float(one.value) for one in verdicts]
        spread = (max(values) - min(values)) / (bounds[1] - bounds[0])
        return Verdict(sum(values) / len(values), reasons, 1 - spread)
    votes = Counter(one.value for one in verdicts)
    weight = {
        value: (count, sum(one.confidence for one in verdicts if one.value == value))
        for value, count in votes.items()
    }
    winner = max(weight, key=lambda value: weight[value])
    return Verdict(winner, reasons, votes[winner] / len(verdicts))


def compared(forward: Verdict, backward: Verdict) -> tuple[Verdict, bool]:
    """A pair's verdict from both orders, and whether they agree.

    1 the answer is better, 0 the other one is, 0.5 neither; a judge that goes by the order says
    nothing, so that is 0.5 with no confidence.
    """
    first = {"A": 1.0, "B": 0.0, "tie": 0.5}[str(forward.value)]
    second = {"A": 0.0, "B": 1.0, "tie": 0.5}[str(backward.value)]
    reasons = f"Shown first: {forward.reasoning}\n\nShown second: {backward.reasoning}"
    if first == second:
        sure = min(forward.confidence, backward.confidence)
        return Verdict(first, reasons, sure), True
    said = f"The verdict depends on the order: {forward.value} when shown first, {backward.value}"
    return Verdict(0.5, f"{said} when shown second.\n\n{reasons}", 0.0), False
