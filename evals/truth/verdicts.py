"""What an evaluator or a person said, as yes or no. Pure.

An evaluator's yes is what its score's name says. Of true and false it is true; of a number, at or
above the threshold from which (or below which) its evaluator flags it; of a category, that it is
flagged. A person's yes is true, or what the pairing of the evaluator says is yes.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

Value = bool | float | str


@dataclass(frozen=True, slots=True)
class Reading:
    """How people's answers to `question` are read. `opposite`: their yes is the evaluator's no.

    A number is yes from `least` on, a word if it is one of `words`.
    """

    question: str
    opposite: bool = False
    least: float | None = None
    words: tuple[str, ...] = ()


def judge_yes(
    value: Value | None, flagged: bool | None, higher_is_better: bool | None
) -> bool | None:
    """None: there is nothing that makes it yes or no."""
    if isinstance(value, bool):
        return value
    if flagged is None or value is None:
        return None
    if isinstance(value, str):
        return flagged
    return flagged != bool(higher_is_better)


def human_yes(value: Value, reading: Reading) -> bool | None:
    """None: nothing says which answers are yes."""
    said: bool | None = None
    if isinstance(value, bool):
        said = value
    elif isinstance(value, str):
        said = value in reading.words if reading.words else None
    elif reading.least is not None:
        said = value >= reading.least
    return None if said is None else said != reading.opposite


def level(value: Value | None) -> str | int | None:
    """A word, or a whole number: what can be equal where there is no yes and no."""
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, float | int):
        return int(value) if value == int(value) and abs(value) < 1e6 else None
    return value


def number(value: Value | None) -> float | None:
    return None if value is None or isinstance(value, str) else float(value)


def majority(values: Sequence[bool]) -> bool | None:
    """What most say; None of none or of a tie."""
    counts = Counter(values)
    if counts[True] == counts[False]:
        return None
    return counts[True] > counts[False]
