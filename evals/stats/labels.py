"""The lines of `sightglass calibrate`: what a judge said, and humans where they labelled.

**What `weight` means** is read from the file, for 1 / probability can be that of two choices:

- of the labels: an item was chosen to be labelled with that probability. So where lines without a
  label all weigh the same (or nothing is said of them), or where labels are drawn the more seldom
  the more their lines weigh. The judge's mean then counts every line once.
- of the lines: an item was chosen to be judged with it, and labels were drawn evenly from these.
  The judge's mean is weighted too.

Where weights are far enough apart to matter, which of the two it is shows clearly: the likelihood
of the labelled lines is compared under both (drawn in proportion to 1 / weight, or evenly).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from math import isfinite
from typing import Any

import numpy as np
from numpy.typing import NDArray

from evals.stats.estimates import Estimate, Floats, absent
from evals.stats.judging import Case, compared
from evals.stats.ppi import Correction, Sample, corrected_mean

MOST_TOLD = 5
"""Repeated ids that are named."""
LABELS, LINES = "labels", "lines"
GREATEST = 1e100
FARTHEST = 1e12
"""How many times the least weight the greatest may be."""


class LineError(ValueError):
    """The file cannot be read; the message says which line and why."""


@dataclass(frozen=True, slots=True)
class Line:
    number: int
    id: str | int
    judge: float
    human: float | None
    weight: float | None


def read(lines: Iterable[bytes]) -> Iterator[Line]:
    """JSON lines; empty ones are passed over, other fields ignored. Raises LineError."""
    for number, line in enumerate(lines, start=1):
        text = line.removeprefix(b"\xef\xbb\xbf") if number == 1 else line
        if not text.strip():
            continue
        try:
            yield _line(number, text)
        except LineError as error:
            raise LineError(f"line {number}: {error}") from None


def _line(number: int, text: bytes) -> Line:
    try:
        found = json.loads(text)
    except UnicodeDecodeError:
        raise LineError("not UTF-8") from None
    except json.JSONDecodeError as error:
        raise LineError(f"not JSON: {error.msg} at column {error.colno}") from None
    except (ValueError, RecursionError):
        raise LineError("not JSON that can be read") from None
    if not isinstance(found, dict):
        raise LineError("not an object")
    name = found.get("id")
    if isinstance(name, bool) or not isinstance(name, str | int):
        raise LineError("`id` must be a text or a whole number")
    judge = _value("judge", found.get("judge"))
    if judge is None:
        raise LineError("`judge` must be true, false or a number")
    return Line(number, name, judge, _value("human", found.get("human")), _weight(found))


def _value(name: str, value: Any) -> float | None:
    if value is None:
        return None
    return _number(value, f"`{name}` must be true, false or a number")


def _weight(found: dict[str, Any]) -> float | None:
    value = found.get("weight")
    if value is None:
        return None
    problem = "`weight` must be a number above 0"
    weight = _number(None if isinstance(value, bool) else value, problem)
    if weight <= 0:
        raise LineError(problem)
    return weight


def _number(value: Any, problem: str) -> float:
    if not isinstance(value, bool | int | float):
        raise LineError(problem)
    try:
        number = float(value)
    except OverflowError:
        raise LineError(f"{problem} of a size that can be") from None
    if not isfinite(number):
        raise LineError(problem)
    if abs(number) > GREATEST:
        raise LineError(f"{problem} of a size that can be")
    return number


@dataclass(frozen=True, slots=True)
class Calibration:
    """What the command tells of a file."""

    correction: Correction
    kappa: Estimate
    sensitivity: Estimate
    specificity: Estimate
    accuracy: Estimate
    items: int
    weights: str | None
    """What weights speak of: labels, lines; None: there are none that differ."""
    repeated: list[str]
    """Ids on several lines; each line counts."""


def calibrated(lines: Iterable[Line], meaning: str | None = None) -> Calibration:
    """Of all lines. `meaning` is what weights speak of, None to read it from the file.

    Raises LineError where none is labelled, or weights are too far apart.
    """
    given = list(lines)
    if not given:
        raise LineError("no line in it")
    if all(line.human is None for line in given):
        raise LineError("no line has a human label: there is nothing to correct by")
    judge = np.array([line.judge for line in given])
    human = np.array([np.nan if line.human is None else line.human for line in given])
    weights = _weights(given)
    meaning = (meaning or _meaning(weights, ~np.isnan(human))) if np.ptp(weights) else None
    sample = Sample(
        judge,
        human,
        item_weights=weights if meaning == LINES else None,
        label_weights=weights if meaning == LABELS else None,
    )
    binary = bool(np.isin(judge, (0, 1)).all() and np.isin(human[~np.isnan(human)], (0, 1)).all())
    against = _against(human, judge, weights, binary)
    return Calibration(
        correction=corrected_mean(sample),
        kappa=against[0], sensitivity=against[1], specificity=against[2], accuracy=against[3],
        items=len(given), weights=meaning, repeated=_repeated(given),
    )  # fmt: skip


def _weights(given: list[Line]) -> Floats:
    """Of all lines, the greatest 1: only proportions count, and squares must not overflow."""
    weights = np.array([1.0 if line.weight is None else line.weight for line in given])
    if weights.max() > FARTHEST * weights.min():
        raise LineError(f"weights differ by more than {FARTHEST:g} times")
    return np.asarray(weights / weights.max())


def _meaning(weights: Floats, labelled: NDArray[np.bool_]) -> str:
    if labelled.all():
        return LINES
    if not np.ptp(weights[~labelled]):
        return LABELS
    likelier = -np.log(weights[labelled]) - np.log(np.mean(1 / weights))
    return LABELS if likelier.sum() > 0 else LINES


def _against(
    human: Floats, judge: Floats, weights: Floats, binary: bool
) -> tuple[Estimate, Estimate, Estimate, Estimate]:
    """Kappa, sensitivity, specificity and accuracy."""
    labelled = ~np.isnan(human)
    if not binary:
        none = absent("judge and human are not both yes or no", int(labelled.sum()))
        return none, none, none, none
    rows = zip(judge[labelled], human[labelled], weights[labelled], strict=True)
    cases = [Case(float(said), (float(truth),), float(weight)) for said, truth, weight in rows]
    found = compared(cases, (0.0, 1.0))
    return found.kappa, found.sensitivity, found.specificity, found.accuracy


def _repeated(given: list[Line]) -> list[str]:
    first: dict[str | int, int] = {}
    found = []
    for line in given:
        if line.id in first:
            found.append(f"id {line.id!r} is on lines {first[line.id]} and {line.number}")
        first.setdefault(line.id, line.number)
    return found
