"""A curve from a judge's scores to people's scale, as a version's config holds it. Pure.

`{"kind": "platt", "slope", "intercept"}` on the log odds of the score, `{"kind": "linear", …}`, or
`{"kind": "isotonic", "knots": [[score, value], …]}`, straight between its knots and level beyond.
`evals.stats.recalibration` finds curves; this applies one, without its libraries.
"""

from __future__ import annotations

from bisect import bisect_right
from itertools import pairwise
from math import exp, isfinite, log
from typing import Any, TypeGuard

EDGE = 1e-3
"""As in `evals.stats.recalibration`: how near to 0 and 1 a score is taken to be."""
MOST_KNOTS = 200
KINDS = ("platt", "linear", "isotonic")


class CurveError(ValueError):
    """It is no curve that can be applied."""


def check(given: Any) -> dict[str, Any]:
    """The curve in its one form. Raises CurveError."""
    if not isinstance(given, dict) or given.get("kind") not in KINDS:
        raise CurveError(f"The kind of a curve is one of {', '.join(KINDS)}.")
    labels = given.get("labels", 0)
    if isinstance(labels, bool) or not isinstance(labels, int) or not 0 <= labels < 10**9:
        raise CurveError("labels is the number of labels that it was fitted to.")
    told = {"kind": given["kind"], "labels": labels}
    if given["kind"] == "isotonic":
        return told | {"knots": _knots(given.get("knots"))}
    slope, intercept = given.get("slope"), given.get("intercept")
    if not (_is_number(slope) and _is_number(intercept)) or not float(slope) > 0:
        raise CurveError("slope and intercept are numbers, and the slope is above 0.")
    return told | {"slope": float(slope), "intercept": float(intercept)}


def _knots(given: Any) -> list[list[float]]:
    if not isinstance(given, list) or not 1 <= len(given) <= MOST_KNOTS:
        raise CurveError(f"knots are 1 to {MOST_KNOTS} pairs of score and value.")
    for one in given:
        if not isinstance(one, list | tuple) or len(one) != 2 or not all(map(_is_number, one)):
            raise CurveError("A knot is a score and its value.")
    knots = [[float(x), float(y)] for x, y in given]
    for (x, y), (further, higher) in pairwise(knots):
        if further <= x or higher < y:
            raise CurveError("knots rise.")
    return knots


def _is_number(given: Any) -> TypeGuard[float]:
    return (
        isinstance(given, int | float)
        and not isinstance(given, bool)
        and isfinite(given)
        and abs(given) <= 1e9
    )


def apply(curve: dict[str, Any], score: float) -> float:
    """The score on people's scale; a higher score never comes out lower."""
    if curve["kind"] == "isotonic":
        return _between(curve["knots"], score)
    if curve["kind"] == "linear":
        return float(curve["intercept"] + curve["slope"] * score)
    p = min(max(score, EDGE), 1 - EDGE)
    at = curve["intercept"] + curve["slope"] * log(p / (1 - p))
    return 1 / (1 + exp(-at)) if at >= 0 else exp(at) / (1 + exp(at))


def _between(knots: list[list[float]], score: float) -> float:
    place = bisect_right(knots, score, key=lambda knot: knot[0])
    if place in (0, len(knots)):
        return knots[min(place, len(knots) - 1)][1]
    (x, y), (further, higher) = knots[place - 1], knots[place]
    return y + (higher - y) * (score - x) / (further - x)
