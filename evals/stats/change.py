"""Whether a judge that is asked again about the same items says something else than before.

Each of the questions is one of paired verdicts, so each is McNemar's test (Q. McNemar, 1947,
Psychometrika 12:153) in its exact form: of the items on which two runs differ, as many should
differ one way as the other, so the smaller count is binomial with probability 1/2. No item counts
that did not change, however many there are.

- `shift`: does it say yes more or less often than in the first run? Two-sided.
- `accuracy`: is it right (as people see it) more or less often? A judge that errs on both sides
  more may say yes as often as before. Two-sided.
- `unrest`: has it turned on more items than the run before had? Judges are not the same each
  time; items that turned both times say nothing, those that turned only now speak against those
  that turned only then. Runs of one behaviour can be exchanged, which makes the test exact.
  One-sided.

The probability is that of the least likely, times their number (C. E. Bonferroni, 1936; O. J. Dunn,
1961, JASA 56:52). At LEVEL a judge that has not changed is called changed in at most one of a
hundred nights, and in fewer, since exact tests of few items stay below their level.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from scipy.stats import binom

LEVEL = 0.01


@dataclass(frozen=True, slots=True)
class Test:
    """Items that differ one way (`more`) and the other (`fewer`); `p` of that by chance."""

    more: int
    fewer: int
    p: float


@dataclass(frozen=True, slots=True)
class Change:
    """Of `n` items that both runs have a verdict on. `p` is adjusted for the number of tests."""

    n: int
    p: float | None
    tests: dict[str, Test] = field(default_factory=dict)
    reason: str | None = None

    @property
    def changed(self) -> bool:
        return self.p is not None and self.p < LEVEL


@dataclass(frozen=True, slots=True)
class Seen:
    """One item: what people say of it and the runs do. `before`: the run before, if there is one.

    `first` is the run that the others are compared with.
    """

    people: bool
    first: bool
    now: bool
    before: bool | None = None


def of_runs(seen: Sequence[Seen]) -> Change:
    """Whether the judge has changed since the first run."""
    if not seen:
        return Change(0, None, reason="no item has a verdict of both runs")
    tests = {
        "shift": two_sided(
            sum(one.now and not one.first for one in seen),
            sum(one.first and not one.now for one in seen),
        ),
        "accuracy": two_sided(
            sum(one.now == one.people != one.first for one in seen),
            sum(one.first == one.people != one.now for one in seen),
        ),
    }
    again = [one for one in seen if one.before is not None]
    if again:
        tests["unrest"] = one_sided(
            sum(one.now != one.first == one.before for one in again),
            sum(one.before != one.first == one.now for one in again),
        )
    least = min(test.p for test in tests.values())
    return Change(len(seen), min(1.0, least * len(tests)), tests)


def two_sided(more: int, fewer: int) -> Test:
    """McNemar's exact test of paired verdicts."""
    n = more + fewer
    p = min(1.0, 2 * float(binom.cdf(min(more, fewer), n, 0.5))) if n else 1.0
    return Test(more, fewer, p)


def one_sided(more: int, fewer: int) -> Test:
    """The same, of there being more."""
    n = more + fewer
    return Test(more, fewer, float(binom.sf(more - 1, n, 0.5)) if n else 1.0)
