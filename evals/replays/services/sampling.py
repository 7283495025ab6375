"""Which calls of each slice a trial asks.

Calls are drawn by chance and looked at until a slice has as many that can be asked again as it may
ask, so that none of these places goes to a call that cannot be. What a slice cannot fill goes to
the others. Looking is bounded: by LOOKED in all, and a slice none of whose first GIVEN_UP calls can
be asked (with 95 % certainty fewer than 5 % of it can) is looked at no further.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from math import ceil

from evals.replays import serving
from evals.replays.services.recorded import Key, Recorded

GIVEN_UP = 60
RAREST = 0.2
"""Share of calls that can be asked for which the next draw is made large enough at once."""


def most_looked_at(most: int) -> int:
    """Calls that are looked at, at most, to ask `most`."""
    return 2 * most + 500


@dataclass(frozen=True, slots=True)
class Looked:
    """A call that was looked at: why it cannot be asked, or about what asking it costs."""

    call: Recorded
    reason: str
    cost: int


@dataclass(slots=True)
class Sample:
    """Of one slice. `calls` are all of it, in an order of chance; the first of them `looked` at."""

    calls: Sequence[Recorded]
    looked: list[Looked] = field(default_factory=list)
    able: list[Looked] = field(default_factory=list)
    asked: int = 0
    """So many of `able` are asked, the first."""

    @property
    def unable(self) -> list[Looked]:
        return [one for one in self.looked if one.reason]

    @property
    def possible(self) -> int:
        """How many may turn out to be such as can be asked."""
        given_up = not self.able and len(self.looked) >= GIVEN_UP
        unseen = 0 if given_up else len(self.calls) - len(self.looked)
        return len(self.able) + unseen

    def wanted(self, quota: int) -> int:
        """How many more to look at for so many that can be asked."""
        missing = min(quota, self.possible) - len(self.able)
        if missing <= 0:
            return 0
        if not self.able:
            return min(max(missing, 1), GIVEN_UP - len(self.looked))
        share = max(len(self.able) / len(self.looked), RAREST)
        return min(ceil(missing / share), len(self.calls) - len(self.looked))

    def saw(self, found: Sequence[Looked]) -> None:
        self.looked += found
        self.able += [one for one in found if not one.reason]


def drawn(
    by_slice: Mapping[str, Sequence[Recorded]],
    most: int,
    look: Callable[[Sequence[Recorded]], Mapping[Key, Looked]],
) -> dict[str, Sample]:
    """A sample of each slice, with `most` calls to be asked in all where there are so many."""
    found = {name: Sample(sorted(calls, key=chance)) for name, calls in by_slice.items()}
    left = most_looked_at(most)
    while left > 0:
        quota = serving.shares({name: one.possible for name, one in found.items()}, most)
        wanted = {name: one.wanted(quota[name]) for name, one in found.items()}
        number = serving.shares(wanted, left)
        if not any(number.values()):
            break
        _look_at_more(found, number, look)
        left -= sum(number.values())
    for name, asked in serving.shares(
        {name: len(one.able) for name, one in found.items()}, most
    ).items():
        found[name].asked = asked
    return found


def _look_at_more(
    found: Mapping[str, Sample],
    number: Mapping[str, int],
    look: Callable[[Sequence[Recorded]], Mapping[Key, Looked]],
) -> None:
    """All slices at once: what is read is stored in blocks that they share."""
    parts = {
        name: one.calls[len(one.looked) : len(one.looked) + number[name]]
        for name, one in found.items()
    }
    seen = look([one for part in parts.values() for one in part])
    for name, part in parts.items():
        found[name].saw([seen[one.key] for one in part])


def chance(one: Recorded) -> bytes:
    """An order that has nothing to do with what a call is, and is always the same."""
    return hashlib.blake2b(f"{one.trace_id}:{one.span_id}".encode(), digest_size=8).digest()
