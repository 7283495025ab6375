"""What the page asks the sums, for the range and the one before it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from dashboards.frame import Frame
from dashboards.late import unsettled
from dashboards.overview.reading import Stepped, added, by_step, environments
from traces.rollups import sketch
from traces.rollups.measures import Measures
from traces.selectors import cubes
from traces.selectors.cubes import Cell, Cube
from traces.selectors.search import EVERYTHING

TRACE_SUMS = ("traces", "failed", "latency")
SPAN_SUMS = (
    *("spans", "errors", "calls", "latency", "first_token", "timed_tokens", "timed_ns"),
    *("retrievals", "empty_retrievals", "scored_retrievals", "best_scores"),
)
BY = ("kind", "provider", "model")
NAME_SUMS = ("spans", "errors", "latency")
CALLS = ("llm",)
RETRIEVERS = ("retriever",)
Group = tuple[str | None, ...]


@dataclass
class Reading(Stepped):
    """`spans`: by kind, provider, model and step; before: whole.

    `names`: by name and kind of a span, over the whole range.
    """

    spans: Cube[Measures]
    spans_before: Cube[Measures]
    names: Cube[Measures]
    names_before: Cube[Measures]
    environments: list[str] = field(default_factory=list)

    @property
    def pending(self) -> int:
        return max(self.spans.pending, self.names.pending)

    @property
    def unsettled(self) -> bool:
        """Whether figures of the range, or of the one before, are not to be compared yet."""
        pending = max(self.pending, self.spans_before.pending, self.names_before.pending)
        return unsettled(pending, self.frame)

    @cached_property
    def calls(self) -> list[Measures]:
        """Of spans that call models, by step."""
        return self._spans_of(CALLS)

    @cached_property
    def first_tokens(self) -> sketch.Counts:
        """Times to the first token of these, a row for each step."""
        return sketch.unpacked_rows([one.packed_first for one in self.calls])

    @cached_property
    def calls_before(self) -> Measures:
        return added(cell.sums for cell in self.spans_before.cells if cell.group[0] in CALLS)

    @cached_property
    def retrievals(self) -> list[Measures]:
        """Of retrievers, by step."""
        return self._spans_of(RETRIEVERS)

    def _spans_of(self, kinds: Sequence[str]) -> list[Measures]:
        cells = [cell for cell in self.spans.cells if cell.group[0] in kinds]
        return by_step(Cube(cells), self.frame.times)


def reading(frame: Frame) -> Reading:
    """Raises TooSlow."""
    query = frame.query or EVERYTHING
    now: dict[str, Any] = {"query": query, "range": frame.range}
    before: dict[str, Any] = {"query": query, "range": frame.previous}
    grain: dict[str, Any] = dict(frame.grain)
    project, by_name = frame.project_id, ("name", "kind")
    return Reading(
        frame,
        steps=by_step(cubes.of_traces(project, **now, **grain, only=TRACE_SUMS), frame.times),
        steps_before=by_step(
            cubes.of_traces(project, **before, **grain, only=TRACE_SUMS), frame.times_before
        ),
        spans=cubes.of_spans(project, **now, **grain, by=BY, only=SPAN_SUMS),
        spans_before=cubes.of_spans(project, **before, by=BY, only=SPAN_SUMS),
        names=cubes.of_spans(project, **now, by=by_name, only=NAME_SUMS),
        names_before=cubes.of_spans(project, **before, by=by_name, only=NAME_SUMS),
        environments=environments(frame),
    )


def grouped(
    cells: Iterable[Cell[Measures]], key: Callable[[Group], Hashable]
) -> dict[Any, Measures]:
    """Sums by what `key` makes of a group; a group of which it makes None is left out."""
    found: dict[Any, list[Measures]] = defaultdict(list)
    for cell in cells:
        name = key(cell.group)
        if name is not None:
            found[name].append(cell.sums)
    return {name: added(sums) for name, sums in found.items()}
