"""Limits as people write them: 88%, 8 s, $180, 1.5k. Pure.

A number whose unit could be meant in two ways is refused, never guessed: "8" is no latency.
"""

from __future__ import annotations

import math
import re

NUMBER = re.compile(r"([-+−]?(?:\d{1,3}(?:,\d{3})+|\d+)?(?:\.\d+)?)\s*(.*)", re.ASCII | re.S)
TIMES = {
    "ms": 1.0, "s": 1e3, "sec": 1e3, "seconds": 1e3, "min": 6e4, "m": 6e4, "h": 3.6e6,
}  # fmt: skip
SIZES = {"": 1.0, "k": 1e3, "m": 1e6, "g": 1e9}
LONGEST = 40


class AmountError(ValueError):
    """What is no amount in this unit; the text says how to write one."""


def read(text: str, unit: str) -> float:
    """In the unit of rules: US dollars, milliseconds, shares from 0 to 1. Raises AmountError."""
    number, rest = _parts(text, "$" if unit == "usd" else "")
    match unit:
        case "ratio":
            return _ratio(number, rest)
        case "ms":
            if rest not in TIMES:
                raise AmountError("Write the unit too, such as 800 ms or 8 s.")
            return number * TIMES[rest]
        case "usd":
            if rest in ("¢", "cent", "cents"):
                return number / 100
            return number * _size(rest.removesuffix("$").strip(), "Write $180, 5¢ or $1.2k.")
        case "count" | "tokens":
            return number * _size(rest, "Write 1,200 or 1.2k.")
        case _:
            if rest:
                raise AmountError("Write a number, such as 0.8.")
            return number


def _parts(text: str, sign: str) -> tuple[float, str]:
    said = text.strip().removeprefix(sign).strip()[:LONGEST]
    found = NUMBER.fullmatch(said)
    if found is None or not found[1].strip("+-−"):
        raise AmountError("Write a number.")
    number = float(found[1].replace(",", "").replace("−", "-"))
    if not math.isfinite(number):
        raise AmountError("Write a number.")
    return number, found[2].strip().lower()


def _ratio(number: float, rest: str) -> float:
    if rest == "%":
        return number / 100
    if rest or abs(number) > 1:
        raise AmountError("Write a share, such as 88% or 0.88.")
    return number


def _size(letter: str, detail: str) -> float:
    if letter not in SIZES:
        raise AmountError(detail)
    return SIZES[letter]


def write(value: float, unit: str) -> str:
    """So that `read` gives the same again."""
    match unit:
        case "ratio":
            return f"{_plain(value * 100)}%"
        case "ms":
            return f"{_plain(value / 1000)} s" if abs(value) >= 1000 else f"{_plain(value)} ms"
        case "usd":
            return f"${_plain(value)}"
        case _:
            return _plain(value)


def _plain(value: float) -> str:
    """The shortest writing with at most 12 digits, never with an exponent."""
    text = f"{value:.12g}"
    return f"{value:.12f}".rstrip("0").rstrip(".") if "e" in text else text
