"""Which candidates are put in: by share, or a number for each day. Chance is a hash of ids.

The probability of each is written down, for rates from the sample to be weighted by. Where a rule
looks for trouble (unsure, disagreeing, complained of), what it finds stands for nothing else, and
no probability is claimed.
"""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Mapping

from evals.review.models import FillRule
from evals.review.services.candidates import BY_QUERY
from evals.review.services.chance import drawn
from evals.review.services.filling import Chosen, Key

MOST_STRATA = 50
OTHER = "…other"


def position(rule: FillRule, key: Key) -> float:
    trace_id, span_id = key
    identity = f"{trace_id}/{'' if span_id is None else span_id}"
    return drawn(f"rule:{rule.pk}", identity)


def by_rate(rule: FillRule, strata: Mapping[Key, str]) -> list[Chosen]:
    """Those below the rate of their stratum."""
    chosen = []
    for key, stratum in strata.items():
        rate = float(rule.rates.get(stratum, rule.rate))
        if position(rule, key) < rate:
            chosen.append(Chosen(key, rate if rule.kind in BY_QUERY else None, stratum))
    return chosen


class Draw:
    """The `most` with the lowest hashes of all that is shown, evenly from each stratum.

    Holds as many as it may choose, however many it is shown.
    """

    def __init__(self, rule: FillRule, most: int) -> None:
        self.rule, self.most = rule, most
        self.seen: Counter[str] = Counter()
        self.kept: dict[str, list[tuple[float, str, Key]]] = {}
        self.known: set[Key] = set()

    def show(self, strata: Mapping[Key, str]) -> None:
        for key, stratum in strata.items():
            if self.rule.kind not in BY_QUERY:
                if key in self.known:
                    continue  # several scores lead to the same trace
                self.known.add(key)
            if stratum not in self.kept and len(self.kept) >= MOST_STRATA:
                stratum = OTHER
            self.seen[stratum] += 1
            heap = self.kept.setdefault(stratum, [])
            # A min-heap of negated hashes has the one to give up first.
            entry = (-position(self.rule, key), str(key), key)
            if len(heap) < self.most:
                heapq.heappush(heap, entry)
            else:
                heapq.heappushpop(heap, entry)

    def chosen(self) -> list[Chosen]:
        found = []
        for stratum, number in allocated(self.seen, self.most).items():
            chance = number / self.seen[stratum]
            probability = chance if self.rule.kind in BY_QUERY else None
            best = heapq.nlargest(number, self.kept[stratum])
            found += [Chosen(key, probability, stratum) for _, _, key in best]
        return found


def allocated(sizes: Mapping[str, int], most: int) -> dict[str, int]:
    """`most` places, evenly over strata of these sizes; what small ones leave, others get."""
    left, found = most, {}
    smallest_first = sorted(sizes, key=lambda name: (sizes[name], name))
    for n, name in enumerate(smallest_first):
        share = left // (len(smallest_first) - n)
        found[name] = min(sizes[name], share)
        left -= found[name]
    return found
