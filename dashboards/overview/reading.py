"""What the overview asks the sums: each question once, for the range and the one before it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from dashboards.frame import Frame
from dashboards.incomplete import Incomplete, incomplete
from dashboards.late import unsettled
from dashboards.overview.quality import Scored, scored
from traces.query import Query
from traces.rollups import sketch
from traces.rollups.dimensions import OTHER
from traces.rollups.measures import Measures
from traces.selectors import cubes
from traces.selectors.cubes import Cell, Cube
from traces.selectors.search import EVERYTHING

SHOWN = 5
"""Rows of the lists of what costs most."""
NAMELESS = 2
"""Groups that such a list does not show: without a value, and all others."""
TRACE_SUMS = ("traces", "failed", "cost", "latency")
GROUPS = {"model": "model", "feature": "name", "user": "user_id"}
"""By what the cost card can be shown, and the dimension that is."""
LABELS = {"model": "Model", "feature": "Feature", "user": "User"}


@dataclass
class Stepped(ABC):
    """Sums of all traces by step, of the range and of the one before it."""

    frame: Frame
    steps: list[Measures]
    steps_before: list[Measures]

    @cached_property
    def total(self) -> Measures:
        return added(self.steps)

    @cached_property
    def total_before(self) -> Measures:
        return added(self.steps_before)

    @property
    @abstractmethod
    def unsettled(self) -> bool:
        """Whether figures of the range, or of the one before, are not to be compared yet."""

    @cached_property
    def incomplete(self) -> Incomplete | None:
        """Why sums are not compared with those of the range before, where that has only a part."""
        if self.unsettled or not self.total_before.traces:
            return None
        frame = self.frame
        query = frame.query or EVERYTHING
        return incomplete(frame.project_id, query, frame.previous, frame.range)

    @cached_property
    def latencies(self) -> sketch.Counts:
        """Of traces, a row for each step."""
        return sketch.unpacked_rows([one.packed for one in self.steps])

    @cached_property
    def latencies_before(self) -> sketch.Counts:
        return sketch.unpacked_rows([one.packed for one in self.steps_before])


@dataclass
class Reading(Stepped):
    """Cubes of the range and of the one before."""

    spans: Cube[Measures]
    """By kind and model."""
    models_before: Cube[Measures]
    names: Cube[Measures]
    names_before: Cube[Measures]
    users: Cube[Measures]
    users_before: Cube[Measures]
    known: list[Scored]
    """Scores, the best known first."""
    releases: Cube[Measures]
    environments: list[str] = field(default_factory=list)

    @property
    def pending(self) -> int:
        return max(self.spans.pending, self.names.pending)

    @property
    def unsettled(self) -> bool:
        """Whether figures of the range, or of the one before, are not to be compared yet."""
        before = max(self.models_before.pending, self.names_before.pending)
        return unsettled(max(self.pending, before), self.frame)


def reading(frame: Frame) -> Reading:
    """Raises TooSlow."""
    query = frame.query or EVERYTHING
    common: dict[str, Any] = {"query": query, "range": frame.range}
    before: dict[str, Any] = {"query": query, "range": frame.previous}
    grain: dict[str, Any] = dict(frame.grain)
    project, cost = frame.project_id, ("cost", "traces")
    span_sums = ("cost", "errors", "spans", "calls")
    kept = ("score", "source", "category")
    users = cubes.of_traces(
        project, **common, by=("user_id",), only=cost, costliest=SHOWN + NAMELESS
    )
    return Reading(
        frame=frame,
        steps=by_step(cubes.of_traces(project, **common, **grain, only=TRACE_SUMS), frame.times),
        steps_before=by_step(
            cubes.of_traces(project, **before, **grain, only=TRACE_SUMS), frame.times_before
        ),
        spans=cubes.of_spans(project, **common, **grain, by=("kind", "model"), only=span_sums),
        models_before=cubes.of_spans(project, **before, by=("model",), only=("cost",)),
        names=cubes.of_traces(project, **common, by=("name",), only=cost),
        names_before=cubes.of_traces(project, **before, by=("name",), only=cost),
        users=users,
        users_before=cubes.of_traces(
            project, **before, by=("user_id",), only=cost, kept=shown(users)
        ),
        known=scored(
            cubes.of_scores(project, **common, **grain, by=kept),
            cubes.of_scores(project, **before, **grain, by=kept),
            frame.times,
            frame.times_before,
        ),
        releases=cubes.of_traces(project, **common, **grain, by=("release",), only=("traces",)),
        environments=environments(frame),
    )


def shown(users: Cube[Measures]) -> list[str]:
    """Who may be among the costliest: only theirs is compared with before."""
    return [name for cell in users.cells for name in cell.group if name is not None]


def environments(frame: Frame) -> list[str]:
    """Those with traces in the range, whatever the filter; the busiest first."""
    cube = cubes.of_traces(
        frame.project_id, query=Query(), range=frame.range, by=("environment",), only=("traces",)
    )
    busiest = sorted(cube.cells, key=lambda cell: -cell.sums.traces)
    return [str(cell.group[0]) for cell in busiest if cell.group[0] not in (None, OTHER)]


def by_step(cube: Cube[Measures], times: Sequence[int]) -> list[Measures]:
    """Sums of each step, whatever the group."""
    found: dict[int, list[Measures]] = {ns: [] for ns in times}
    for cell in cube.cells:
        if cell.time_ns in found:
            found[cell.time_ns].append(cell.sums)
    return [added(sums) for sums in found.values()]


def added(many: Iterable[Measures]) -> Measures:
    return Measures.total(many)


def by_group(cells: Iterable[Cell[Measures]], at: int = 0) -> dict[str | None, Measures]:
    """Sums by the value of one of the dimensions."""
    found: dict[str | None, list[Measures]] = defaultdict(list)
    for cell in cells:
        found[cell.group[at]].append(cell.sums)
    return {group: added(sums) for group, sums in found.items()}
