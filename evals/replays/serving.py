"""Could the other model serve? Verdicts on paired answers, slice by slice. Pure.

Of each slice and evaluator, the share of good answers of the other model less that of the recorded
ones, with Newcombe's interval for pairs, is held against the margin (`evals.stats.noninferiority`).
A slice is served where every evaluator says so; over all slices and evaluators the chance of any
wrong "could serve" is held below ALPHA (S. Holm, 1979).

**Corrected by people.** A judge that errs sees a true difference d only as d * (sensitivity +
specificity - 1) (W. J. Rogan and B. Gladen, 1978, American Journal of Epidemiology 107:71). So the
interval is divided by that sum, and each end by whichever end of the sum's own interval takes it
farther out: a judge of whom little is known proves little. It holds as far as the judge errs on the
other model's answers as it does on the recorded ones.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import sqrt

from evals.stats.estimates import Estimate
from evals.stats.noninferiority import ALPHA, Verdict, of_difference, paired_rates

FEWEST = 20
"""Pairs below which nothing is said."""
FLOOR = 0.1
"""Below it a judge says hardly more than chance, and nothing can be corrected."""
NORMAL = 1.959964


@dataclass(frozen=True, slots=True)
class Judge:
    """How often an evaluator is right, as people see it: rates with 95 % intervals, of n labels."""

    sensitivity: tuple[float, float, float]
    specificity: tuple[float, float, float]
    labels: int

    @property
    def sight(self) -> tuple[float, float, float]:
        """Sensitivity + specificity - 1, with the interval of a sum of two independent rates."""
        value = self.sensitivity[0] + self.specificity[0] - 1
        down = [one[0] - one[1] for one in (self.sensitivity, self.specificity)]
        up = [one[2] - one[0] for one in (self.sensitivity, self.specificity)]
        return (
            value,
            value - sqrt(sum(x * x for x in down)),
            min(1.0, value + sqrt(sum(x * x for x in up))),
        )


@dataclass(frozen=True, slots=True)
class Found:
    """One slice by one evaluator. `low` and `high` are 95 %; None where too little is known."""

    pairs: int
    before: float | None
    after: float | None
    difference: float | None
    low: float | None
    high: float | None
    p: float | None
    labels: int
    corrected: bool
    reason: str = ""


def compared(
    pairs: Sequence[tuple[bool, bool]], margin: float, judge: Judge | None
) -> tuple[Found, Verdict | None]:
    """`pairs`: whether the recorded answer is good, and whether the other model's is."""
    n = len(pairs)
    if n < FEWEST:
        reason = f"{n} pairs are too few; it takes {FEWEST}"
        return Found(n, None, None, None, None, None, None, 0, False, reason), None
    counts = Counter(pairs)
    verdict = paired_rates(
        counts[True, True], counts[False, True], counts[True, False], counts[False, False],
        margin=margin,
    )  # fmt: skip
    labels, reason = (judge.labels, "") if judge else (0, "nobody has labelled enough of its cases")
    if judge is not None:
        sight, low, high = judge.sight
        if low < FLOOR:
            reason = "by people's labels its verdicts may be little better than chance"
        else:
            verdict = _corrected(verdict, sight, low, high)
    seen = verdict.difference
    found = Found(
        n,
        verdict.incumbent,
        verdict.candidate,
        seen.value,
        seen.low,
        seen.high,
        verdict.p,
        labels,
        judge is not None and not reason,
        reason,
    )
    return found, verdict


def _corrected(verdict: Verdict, sight: float, low: float, high: float) -> Verdict:
    """The same with its ends as far out as the judge's errors allow."""
    seen = verdict.difference
    if seen.value is None or seen.low is None or seen.high is None:
        return verdict
    value = seen.value / sight
    bottom = seen.low / (low if seen.low < 0 else high)
    top = seen.high / (low if seen.high > 0 else high)
    error = max(value - bottom, 1e-9) / NORMAL
    after = min(1.0, max(0.0, verdict.incumbent + value))
    moved = verdict.incumbent + value
    test = of_difference(moved, verdict.incumbent, error, seen.n, margin=verdict.margin)
    estimate = Estimate(value, max(-1.0, bottom), min(1.0, top), seen.n)
    return Verdict(after, verdict.incumbent, estimate, verdict.margin, verdict.alpha, test.p)


def served(verdicts: Mapping[tuple[str, int], Verdict | None]) -> dict[str, bool]:
    """By slice: whether every evaluator says so, with the chance of any error below ALPHA.

    Evaluators that could not compare a slice (None) leave it unproven.
    """
    known = {key: one.p for key, one in verdicts.items() if one is not None and one.p is not None}
    shown: set[tuple[str, int]] = set()
    for place, (key, p) in enumerate(sorted(known.items(), key=lambda item: item[1])):
        if p > ALPHA / (len(known) - place):
            break
        shown.add(key)
    slices = dict.fromkeys(name for name, _ in verdicts)
    return {name: all(key in shown for key in verdicts if key[0] == name) for name in slices}


def shares(sizes: Mapping[str, int], most: int) -> dict[str, int]:
    """How many of each slice are asked, of `most`: as equal as their sizes allow.

    A verdict is said of each slice, so each needs as many as the others, not its share.
    """
    found = dict.fromkeys(sizes, 0)
    left = most
    open_ones = {name for name, size in sizes.items() if size > 0}
    while left > 0 and open_ones:
        each = max(1, left // len(open_ones))
        for name in sorted(open_ones, key=lambda one: (-sizes[one], one)):
            given = min(each, sizes[name] - found[name], left)
            found[name] += given
            left -= given
        open_ones = {name for name in open_ones if found[name] < sizes[name]}
    return found
