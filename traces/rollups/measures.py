"""What is added up: of spans and traces (`Measures`), and of scores (`ScoreMeasures`)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, fields
from operator import attrgetter
from typing import Any

from traces.rollups import sketch


@dataclass(slots=True)
class Measures:
    """Sums over spans, or over traces. Money is pico dollars, of counted spans only.

    `packed` and `packed_first` hold the sketches that were added, each packed; `latency` and
    `first_token` add them up when asked.
    """

    traces: int = 0
    failed: int = 0
    """Traces that ended in an error."""
    sessions: int = 0
    """Sessions whose first trace is here. Where that comes late, the trace that was first before
    is counted, too, until the worker has made its bucket anew: a matter of seconds."""
    spans: int = 0
    errors: int = 0
    """Failed spans."""
    calls: int = 0
    """Calls of models (llm, embedding, reranker) that count."""
    unpriced: int = 0
    """Of these, calls whose cost is not known."""
    input_tokens: int = 0
    output_tokens: int = 0
    cache_read_tokens: int = 0
    cache_write_tokens: int = 0
    reasoning_tokens: int = 0
    cost: int = 0
    cost_input: int = 0
    cost_output: int = 0
    cost_cache_read: int = 0
    cost_cache_write: int = 0
    est_cost: int = 0
    """Of estimated tokens: never part of `cost`."""
    cache_saved: int = 0
    """What the tokens read from a cache would have cost more at the call's own input price."""
    retried: int = 0
    """Calls whose prompt had been asked before in the same trace: retries and loops."""
    retried_cost: int = 0
    retried_input_tokens: int = 0
    retried_output_tokens: int = 0
    again_5m: int = 0
    """Calls whose prompt had been asked in the project within five minutes (then hour, day, week)
    before: what an exact cache with that lifetime would have answered."""
    again_1h: int = 0
    again_1d: int = 0
    again_7d: int = 0
    again_5m_cost: int = 0
    again_1h_cost: int = 0
    again_1d_cost: int = 0
    again_7d_cost: int = 0
    prefix_missed: int = 0
    """Calls whose long beginning was asked within five minutes before and not read from a cache."""
    prefix_missed_tokens: int = 0
    timed_tokens: int = 0
    """Output tokens of spans that ended, and the time (ns) that these took."""
    timed_ns: int = 0
    retrievals: int = 0
    empty_retrievals: int = 0
    scored_retrievals: int = 0
    best_scores: float = 0.0
    """Sum of the best document's score over `scored_retrievals`."""
    packed: list[bytes] = field(default_factory=list)
    packed_first: list[bytes] = field(default_factory=list)

    @property
    def latency(self) -> sketch.Counts:
        return sketch.unpacked_sum(self.packed)

    @property
    def first_token(self) -> sketch.Counts:
        return sketch.unpacked_sum(self.packed_first)

    def add(self, other: Measures) -> None:
        for name, value in zip(SUMS, _SUMS_OF(other), strict=True):
            if value:
                setattr(self, name, getattr(self, name) + value)
        self.packed += other.packed
        self.packed_first += other.packed_first

    @classmethod
    def total(cls, many: Iterable[Measures]) -> Measures:
        """What adding each to nothing comes to, column by column: much faster for many."""
        listed = list(many)
        found = cls()
        if len(listed) < FEW:
            for one in listed:
                found.add(one)
            return found
        for name, column in zip(SUMS, zip(*map(_SUMS_OF, listed), strict=True), strict=False):
            if value := sum(column):
                setattr(found, name, value)
        found.packed = [one for sums in listed for one in sums.packed]
        found.packed_first = [one for sums in listed for one in sums.packed_first]
        return found


SUMS: tuple[str, ...] = tuple(
    one.name for one in fields(Measures) if not one.name.startswith("packed")
)
_SUMS_OF = attrgetter(*SUMS)
FEW = 3
"""Below it adding one by one is faster than column by column."""
PACKED = {"latency": "packed", "first_token": "packed_first"}
"""Columns of stored sketches, and the field that holds those that are added up."""
SKETCHED = tuple(PACKED)


@dataclass(slots=True)
class ScoreMeasures:
    """Sums over scores x with weight w = 1 / probability of having been chosen.

    Of numbers, and of true/false as 1/0. `flagged_*` are over scores that can be flagged.
    """

    n: int = 0
    booleans: int = 0
    """Of these true/false."""
    w: float = 0.0
    w2: float = 0.0
    wx: float = 0.0
    wx2: float = 0.0
    w2x: float = 0.0
    w2x2: float = 0.0
    judged: int = 0
    judged_w: float = 0.0
    judged_w2: float = 0.0
    flagged: int = 0
    flagged_w: float = 0.0
    flagged_w2: float = 0.0
    cost: int = 0
    """Pico dollars that the scoring took."""

    def add(self, other: ScoreMeasures) -> None:
        for name, value in zip(SCORE_SUMS, _SCORE_SUMS_OF(other), strict=True):
            if value:
                setattr(self, name, getattr(self, name) + value)

    @classmethod
    def total(cls, many: Iterable[ScoreMeasures]) -> ScoreMeasures:
        """As that of `Measures`."""
        columns = list(zip(*map(_SCORE_SUMS_OF, many), strict=True))
        return cls(*map(sum, columns)) if columns else cls()


SCORE_SUMS: tuple[str, ...] = tuple(one.name for one in fields(ScoreMeasures))
_SCORE_SUMS_OF = attrgetter(*SCORE_SUMS)


def numbers(names: Sequence[str], values: Sequence[Any]) -> dict[str, Any]:
    """What Postgres added up, by name: whole numbers, which come as decimals, or floats."""
    return {
        name: value if isinstance(value, float) else int(value)
        for name, value in zip(names, values, strict=True)
        if value
    }
