"""What every figure of this package is: a value with its 95 % interval, or why there is none."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating[Any]]


@dataclass(frozen=True, slots=True)
class Estimate:
    """A figure of `n` cases.

    `value` is None where it is not defined, `low` and `high` where nothing is known of its spread;
    `reason` then says why. Never NaN.
    """

    value: float | None
    low: float | None
    high: float | None
    n: int
    reason: str | None = None


def absent(reason: str, n: int = 0) -> Estimate:
    return Estimate(None, None, None, n, reason)
