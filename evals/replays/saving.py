"""What another model would save in a slice, from a sample of its calls. Pure.

A sample speaks only of calls like its own: those that can be asked again. So the mean saving of the
calls that were answered is multiplied by how many such calls there are, which is known where all
calls of the slice were read, and else their share of those that were read. Of the others nothing is
said.

The interval has the errors of both, the mean's and the share's (delta method), by Student's t, and
ends where the calls that can be asked cost no more.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt
from statistics import fmean, variance

from scipy.special import stdtrit

from evals.stats.estimates import Estimate


@dataclass(frozen=True, slots=True)
class Slice:
    """Calls of a slice and their cost (pico dollars): all, and of a sample that was `read` those
    that can be asked again (`able`) and those that cannot."""

    calls: int
    cost: int
    read: int
    able: int
    able_cost: int
    unable_cost: int

    @property
    def share(self) -> float | None:
        """Of all calls those that can be asked, about; None where none was read."""
        return self.able / self.read if self.read else None

    @property
    def askable(self) -> int:
        """How many calls can be asked, about."""
        return round(self.calls * (self.share or 0.0))

    @property
    def most(self) -> int:
        """What the calls that can be asked cost at most: all but those known to be others."""
        return self.able_cost if self.read >= self.calls else self.cost - self.unable_cost

    @property
    def askable_cost(self) -> int:
        """What the calls that can be asked cost, about."""
        if not self.read:
            return 0
        return min(round(self.able_cost * self.calls / self.read), self.most)


def saved(of: Slice, gaps: Sequence[int], answered: int) -> Estimate:
    """In pico dollars of the slice's time. `gaps`: what each call that was answered cost before
    less what it costs now; of the `answered` those are left out whose cost is not known."""
    if not gaps or of.share is None:
        return Estimate(None, None, None, len(gaps), "no call with a known cost was answered")
    calls = of.calls * len(gaps) / answered
    mean = fmean(gaps)
    value = min(calls * of.share * mean, of.askable_cost)
    if len(gaps) < 2:
        return Estimate(value, None, None, 1, "one call tells nothing of the spread")
    errors = (of.share * sqrt(_of_mean(of, gaps)), mean * sqrt(_of_share(of)))
    reach = float(stdtrit(len(gaps) - 1, 0.975)) * calls * sqrt(sum(one * one for one in errors))
    high = max(value, min(value + reach, of.most))
    return Estimate(value, value - reach, high, len(gaps))


def _of_mean(of: Slice, gaps: Sequence[int]) -> float:
    """Variance of the mean, of a sample without replacement."""
    unseen = max(0.0, 1 - len(gaps) / max(of.askable, 1))
    return variance(gaps) / len(gaps) * unseen


def _of_share(of: Slice) -> float:
    """Variance of the share; two of each are added so that a share of all is not taken for sure
    (A. Agresti and B. Coull, 1998)."""
    share, n = (of.able + 2) / (of.read + 4), of.read + 4
    return share * (1 - share) / n * max(0.0, 1 - of.read / of.calls)


def together(found: Sequence[Estimate]) -> Estimate:
    """The sum of independent slices; each end is as far out as those of the slices together."""
    known = [one for one in found if one.value is not None]
    value = sum(one.value or 0.0 for one in known)
    n = sum(one.n for one in known)
    if not known or any(one.low is None for one in known):
        return Estimate(value, None, None, n, "the spread of a slice is not known")
    down = sqrt(sum(((one.value or 0.0) - (one.low or 0.0)) ** 2 for one in known))
    up = sqrt(sum(((one.high or 0.0) - (one.value or 0.0)) ** 2 for one in known))
    return Estimate(value, value - down, value + up, n)
