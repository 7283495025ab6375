"""How a budget stands: pure, from what was spent and what is expected."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import Literal

from dashboards.budgets.models import Budget, On
from dashboards.budgets.periods import Period
from traces.spans import PICO

State = Literal["ok", "warning", "over"]


@dataclass(frozen=True, slots=True)
class Expected:
    """The period's sum at the end of a day, in pico dollars; ranges of 80 and 95 percent."""

    time_ns: int
    middle: int
    low_80: int
    high_80: int
    low_95: int
    high_95: int

    def above(self, amount: int) -> float:
        """The share of the forecast that is more than `amount`, between its marks by a line."""
        marks = [self.low_95, self.low_80, self.middle, self.high_80, self.high_95]
        if amount < marks[0]:
            return 1.0
        shares = [0.975, 0.9, 0.5, 0.1, 0.025]
        for (low, much), (high, less) in pairwise(zip(marks, shares, strict=True)):
            if low <= amount < high:
                return much - (much - less) * (amount - low) / (high - low)
        return 0.0

    def at_least(self, spent: int) -> Expected:
        """What has been spent since is not taken back."""
        marks = (self.middle, self.low_80, self.high_80, self.low_95, self.high_95)
        return Expected(self.time_ns, *(max(mark, spent) for mark in marks))


@dataclass(frozen=True, slots=True)
class Threshold:
    on: On
    percent: int
    reached: bool
    reached_at: datetime | None
    crossing: int | None = None
    """Id of the row that was written down then."""


@dataclass(frozen=True, slots=True)
class BudgetStatus:
    """Money in pico dollars. `forecast` and its 95 % interval are of the period's end;

    None while there is too little history. `plan`: the amount by the share of days that are over.
    """

    budget: Budget
    period: Period
    amount: int
    spent: int
    plan: int
    fan: tuple[Expected, ...]
    state: State
    thresholds: tuple[Threshold, ...]
    as_of: datetime
    pending: int = 0
    """Stretches of five minutes whose latest changes are not in `spent` yet; 0: it is exact."""

    @property
    def remaining(self) -> int:
        """Below zero when it is overspent."""
        return self.amount - self.spent

    @property
    def share(self) -> float:
        return self.spent / self.amount

    @property
    def end(self) -> Expected | None:
        return self.fan[-1] if self.fan else None

    @property
    def forecast(self) -> int | None:
        return self.end.middle if self.end else None

    @property
    def forecast_low(self) -> int | None:
        return self.end.low_95 if self.end else None

    @property
    def forecast_high(self) -> int | None:
        return self.end.high_95 if self.end else None

    @property
    def passes_ns(self) -> int | None:
        """The end of the first day after which more than the amount is expected to be spent.

        None if that is not expected, or has happened.
        """
        if self.spent > self.amount:
            return None
        return next((day.time_ns for day in self.fan if day.middle > self.amount), None)


def fan_of(stored: Sequence[Sequence[float]], spent: int) -> tuple[Expected, ...]:
    """A stored fan, in pico dollars and never below what has been spent."""
    return tuple(
        Expected(int(at), *(round(value * PICO) for value in marks)).at_least(spent)
        for at, *marks in stored
    )


def reaches(on: On, percent: int, amount: int, spent: int, forecast: int | None) -> bool:
    """Whether a threshold is reached: exactly at it counts."""
    measured = spent if on == On.ACTUAL else forecast
    return measured is not None and measured * 100 >= amount * percent


def state_of(amount: int, spent: int, thresholds: Sequence[Threshold]) -> State:
    """over: all of it is spent; warning: a threshold is reached."""
    if spent >= amount:
        return "over"
    return "warning" if any(one.reached for one in thresholds) else "ok"
