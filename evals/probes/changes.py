"""Whether a model's answers to the same prompts are still those of before. Pure.

Of each probe there are the answers of the baseline's runs and one of now. A model that has not
changed gives answers that can be exchanged: which of the k + 1 is that of now is chance. So for
each probe one answer is drawn to be "now", thousands of times, and a statistic that sums over all
probes how far the drawn answer lies from the others says how far ours lies by chance (a permutation
test; R. A. Fisher, 1935; B. Phipson and G. K. Smyth, 2010, Statistical Applications in Genetics and
Molecular Biology 9:39, for adding one to both counts). A provider whose answers differ each time
is thereby its own measure: only a difference beyond its own noise counts.

- `exact`: the share of other answers that are the same to the letter, white space folded;
- `meaning`: mean cosine similarity to the others;
- `length`: log of the characters, distance from the others' mean, either way, over all probes;
- `refusal`: whether it refuses (the embedded detector), against the share of the others that do.

The least p times the number of tests (C. E. Bonferroni, 1936) is held against LEVEL: a model that
has not changed is called changed in at most one of a hundred runs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

LEVEL = 0.01
DRAWS = 4_999
FEWEST = 5
"""Probes with answers of the baseline and of now, below which nothing is said."""
TESTS = ("exact", "meaning", "length", "refusal")
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Answers:
    """Of one probe: the baseline's, then that of now, last. `vectors` (k + 1, d) are unit rows."""

    texts: Sequence[str]
    vectors: NDArray[np.float32]
    refusals: Sequence[float]


@dataclass(frozen=True, slots=True)
class Test:
    """`value`: of now; `usual`: what it is on average where nothing has changed; `p` by chance."""

    value: float
    usual: float
    p: float


@dataclass(frozen=True, slots=True)
class Change:
    """`p` is adjusted for the number of tests. `same`: the share of probes whose answer of now is
    one that the baseline has; `usual_same` how many these are among the baseline's own."""

    n: int
    p: float | None
    tests: dict[str, Test] = field(default_factory=dict)
    same: float | None = None
    usual_same: float | None = None
    reason: str = ""

    @property
    def changed(self) -> bool:
        return self.p is not None and self.p < LEVEL


def of_answers(probes: Sequence[Answers], *, seed: int = 0) -> Change:
    """Whether the answers of now are others. Probes with fewer than two other answers are left."""
    usable = [one for one in probes if len(one.texts) >= 3]
    if len(usable) < FEWEST:
        return Change(len(usable), None, reason=f"it takes {FEWEST} probes with answers")
    rng = np.random.default_rng(seed)
    counts = np.array([len(one.texts) for one in usable])
    drawn = (rng.random((DRAWS, len(usable))) * counts).astype(np.int64)
    apart = {name: [_apart(one, name) for one in usable] for name in TESTS}
    tests = {
        name: _test(values, drawn, two_sided=name in ("length", "refusal"))
        for name, values in apart.items()
    }
    p = min(1.0, min(one.p for one in tests.values()) * len(tests))
    exact = apart["exact"]
    same = float(np.mean([values[-1] < 1 for values in exact]))
    usual = float(np.mean([np.mean(values[:-1] < 1) for values in exact]))
    return Change(len(usable), p, tests, same, usual)


def _test(values: Sequence[Floats], drawn: NDArray[np.int64], *, two_sided: bool) -> Test:
    """Sums over probes of what the answer that is taken for now has; more is farther off."""
    widest = max(len(one) for one in values)
    table = np.zeros((len(values), widest))
    for place, one in enumerate(values):
        table[place, : len(one)] = one
    usual = np.array([one.mean() for one in values])
    chance = table[np.arange(len(values)), drawn].sum(axis=1) - usual.sum()
    ours = sum(float(one[-1]) for one in values) - float(usual.sum())
    slack = 1e-9 * max(1.0, float(np.abs(table).sum()))
    if two_sided:
        beyond = int((np.abs(chance) >= abs(ours) - slack).sum())
    else:
        beyond = int((chance >= ours - slack).sum())
    n = len(values)
    return Test(
        float(sum(one[-1] for one in values)) / n, float(usual.mean()), (beyond + 1) / (DRAWS + 1)
    )


def _apart(one: Answers, name: str) -> Floats:
    """For each answer, how far it lies from the others of its probe."""
    k = len(one.texts) - 1
    if name == "meaning":
        alike = one.vectors @ one.vectors.T
        apart: Floats = 1 - (alike.sum(axis=1).astype(np.float64) - np.diag(alike)) / k
        return apart
    if name == "exact":
        folded = [" ".join(text.split()) for text in one.texts]
        return np.array([1 - (folded.count(text) - 1) / k for text in folded])
    if name == "length":
        return _from_others(np.log1p([len(text) for text in one.texts]))
    return _from_others(np.asarray(one.refusals, np.float64))


def _from_others(values: Floats) -> Floats:
    k = len(values) - 1
    apart: Floats = values - (values.sum() - values) / k
    return apart
