"""Which part of the traffic carries a change. Pure.

The change of the mean d is Σ d_s over the values s of a dimension, with d_s = Σ x/n of its items
now − Σ x/m of its items before. A slice explains the share d_s·d / d·d of the change, and these add
up to 1. Left out, the rest of the change is what d² is among the others, less what chance adds
(Gretton et al., 2012: the unbiased estimate of squared MMD with a linear kernel).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import false_discovery_control, fisher_exact

from evals.drift.spaces import Floats, Space

MOST = 40
"""Values of a dimension that are looked at: the most frequent now and before."""
OTHERS = "others"
EXPLAINS, BEYOND = 0.35, 0.2
"""A slice carries a change that explains so much of it, and so much more than its size would."""
NEW, WHOLE = 0.25, 0.8
"""So does one that hardly was there before (the part of its share now) and explains nearly all."""
FEW = 3
"""Items of it that are expected below which a period does not say whether it was there."""
WITHOUT, SURE = 0.5, 0.05
"""And one that hardly is there any more, if without it so little of the change is left."""


@dataclass(frozen=True, slots=True)
class Slice:
    """`explains`: its share of the change, these add up to 1 over a dimension. `left`: the share
    that is left of the change without it, above 1 where it goes against the rest. `p`: whether its
    size changed, adjusted over all slices.
    `succeeds`: of a new version of a prompt, what those explain that went when it came.
    `just_before`: its share in the last period before the change; None: that says nothing of it.
    `longer`: how much longer answers are in it than before, and in the rest of what is now, at the
    same questions, relative; None: not asked.
    """

    dimension: str
    value: str
    n_before: int
    n_now: int
    before: float
    now: float
    explains: float
    left: float | None
    p: float
    succeeds: float = 0.0
    just_before: float | None = None
    longer: tuple[float, float] | None = None

    @property
    def brought(self) -> float:
        """What it explains together with what it took the place of: of a version that answers as
        the last one did, nothing."""
        return self.explains + self.succeeds

    @property
    def beyond(self) -> float:
        """How much more it explains than a slice of its size would."""
        return self.brought - max(self.before, self.now)

    @property
    def is_new(self) -> bool:
        """Whether it came with the change: it hardly was there before, nor just before."""
        return max(self._known) < NEW * self.now

    @property
    def lately(self) -> float:
        """Its share before the change: just before it, where that is known."""
        return self.before if self.just_before is None else self.just_before

    @property
    def went(self) -> bool:
        """Whether it went with the change: it was there just before, and hardly is any more."""
        return self.now < NEW * min(self._known)

    @property
    def _known(self) -> tuple[float, ...]:
        """Its shares before the change."""
        return (self.before,) if self.just_before is None else (self.before, self.just_before)

    @property
    def is_gone(self) -> bool:
        """Whether it went, and most of the change with it."""
        left = 1.0 if self.left is None else self.left
        return self.went and self.p <= SURE and left <= WITHOUT

    @property
    def carries(self) -> bool:
        if self.value == OTHERS:  # the rest of the values is no part of the traffic
            return False
        stands_out = self.brought >= EXPLAINS and self.beyond >= BEYOND and self.now > 0
        return stands_out or (self.is_new and self.brought >= WHOLE) or self.is_gone

    def as_json(self) -> dict[str, Any]:
        said = asdict(self) | {"carries": self.carries}
        del said["succeeds"], said["just_before"], said["longer"]
        return said


def slices(
    space: Space,
    dimensions: Mapping[str, tuple[Sequence[str], Sequence[str]]],
    last: NDArray[np.bool_] | None = None,
) -> list[Slice]:
    """Of every dimension its values, those first that explain most beyond their size.

    `last`: shape (m,), which items before are of the last period before the change, where that is
    known.
    """
    made = [
        one
        for dimension, (before, now) in dimensions.items()
        for one in _of(space, dimension, _named(before, now), last)
    ]
    if not made:
        return []
    adjusted = false_discovery_control([one.p for one in made])
    found = [replace(one, p=float(p)) for one, p in zip(made, adjusted, strict=True)]
    found = [replace(one, succeeds=_of_before(one, found)) for one in found]
    return sorted(found, key=lambda one: (-one.beyond, one.dimension, one.value))


def _of_before(new: Slice, found: Sequence[Slice]) -> float:
    """What versions of the same prompt explain that hardly are there any more."""
    if new.dimension != "prompt" or not new.is_new:
        return 0.0
    prompt = _prompt(new.value)
    return sum(
        one.explains
        for one in found
        if one.dimension == "prompt" and _prompt(one.value) == prompt and one.went
    )


def _prompt(value: str) -> str:
    """The prompt's name, without its version."""
    return value.rpartition(" ")[0] or value


def _named(before: Sequence[str], now: Sequence[str]) -> tuple[NDArray[Any], NDArray[Any]]:
    """Rare values together as one."""
    counts = Counter(before)
    for value, n in Counter(now).items():
        counts[value] += n * max(1, round(len(before) / len(now)))
    kept = {value for value, _ in counts.most_common(MOST)}
    sides = ([value if value in kept else OTHERS for value in side] for side in (before, now))
    first, second = (np.array(side, dtype=object) for side in sides)
    return first, second


def _of(
    space: Space,
    dimension: str,
    values: tuple[NDArray[Any], NDArray[Any]],
    last: NDArray[np.bool_] | None,
) -> list[Slice]:
    change = space.change
    size = float(change @ change) or 1.0
    pulls = [side @ change / (len(side) * size) for side in (space.before, space.now)]
    whole = _unbiased(space.before, space.now)
    found = []
    for value in sorted({*values[0], *values[1]}):
        inside = [side == value for side in values]
        counts = [int(side.sum()) for side in inside]
        sizes = [len(side) for side in inside]
        table = np.array([counts, np.subtract(sizes, counts)])
        found.append(
            Slice(
                dimension,
                str(value),
                counts[0],
                counts[1],
                counts[0] / sizes[0],
                counts[1] / sizes[1],
                explains=float(pulls[1][inside[1]].sum() - pulls[0][inside[0]].sum()),
                left=_left(space, inside, whole),
                # Its size says only which values are named: those that are frequent now are.
                p=1.0 if value == OTHERS else float(fisher_exact(table).pvalue),
                just_before=_just_before(inside, last),
            )
        )
    return found if len(found) > 1 else []


def _just_before(
    inside: Sequence[NDArray[np.bool_]], last: NDArray[np.bool_] | None
) -> float | None:
    if last is None or last.sum() * max(float(side.mean()) for side in inside) < FEW:
        return None
    return float(inside[0][last].mean())


def _left(space: Space, inside: Sequence[NDArray[np.bool_]], whole: float) -> float | None:
    before, now = space.before[~inside[0]], space.now[~inside[1]]
    if whole <= 0 or min(len(before), len(now)) < 2:
        return None
    return max(_unbiased(before, now) / whole, 0.0)


def _unbiased(before: Floats, now: Floats) -> float:
    """The squared length of the change, less what is expected of chance."""
    change = now.mean(axis=0) - before.mean(axis=0)
    chance = sum(float(side.var(axis=0, ddof=1).sum()) / len(side) for side in (before, now))
    return float(change @ change) - chance
