"""What a rule's metric says of windows: read from the sums, a query or two for a rule."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from functools import reduce
from itertools import pairwise
from math import gcd
from typing import Any

from dashboards.alerts.conditions import Sample
from dashboards.alerts.windows import slide
from traces.query import Query
from traces.rollups.dimensions import OTHER
from traces.rollups.measures import Measures, ScoreMeasures
from traces.selectors import metrics
from traces.selectors.cubes import Cell
from traces.selectors.metrics import Metric
from traces.selectors.paging import TimeRange
from traces.spans import PICO

MOST_GROUPS = 50
"""Groups of a rule that are watched: those with the most spans, traces or scores."""
FEW = 2
"""So few windows are read one by one, if they do not overlap."""
LONGEST_GROUP = 512


@dataclass(frozen=True, slots=True)
class Source:
    """Where samples come from."""

    project_id: int
    metric: Metric
    query: Query
    window_ns: int
    group_by: str | None = None


@dataclass(slots=True)
class Samples:
    """By group (None where there are none), then by the end of the window: each end is there.

    `left_out`: groups beyond MOST_GROUPS. `pending`: buckets whose sums lag behind.
    """

    groups: dict[str | None, dict[int, Sample]] = field(default_factory=dict)
    left_out: int = 0
    pending: int = 0

    @property
    def note(self) -> str:
        """What a reader should know; empty for nothing."""
        said = []
        if self.left_out:
            count = len(self.groups)
            said.append(f"Watches the {count} largest groups; {self.left_out} more are left out.")
        if self.pending:
            said.append("Much has just come in: the figures lag behind for a moment.")
        return " ".join(said)


def read(
    source: Source, ends: Sequence[int], keep: Collection[str] = (), most: int = MOST_GROUPS
) -> Samples:
    """Samples of the windows with these ends, which rise.

    `keep`: groups that are in it even without data, of `most`. Raises TooSlow.
    """
    found = Samples()
    cells: dict[str | None, list[Cell[Any]]] = defaultdict(list)
    apart = all(late - early >= source.window_ns for early, late in pairwise(ends))
    if len(ends) <= FEW and apart:
        for end in ends:
            _gather(source, found, cells, end - source.window_ns, end, source.window_ns)
    else:
        width = reduce(gcd, (end - ends[0] for end in ends[1:]), source.window_ns)
        _gather(source, found, cells, ends[0] - source.window_ns, ends[-1], width)
    for group in _chosen(source, found, cells, keep, most):
        found.groups[group] = _samples(source, cells[group], ends)
    return found


def _gather(
    source: Source,
    found: Samples,
    cells: dict[str | None, list[Cell[Any]]],
    low: int,
    high: int,
    width: int,
) -> None:
    """Add the cells of a range, steps of `width` from its start."""
    cube = metrics.cube_of(
        source.project_id,
        source.metric,
        query=source.query,
        range=TimeRange(low, high),
        step=None,
        width_ns=width,
        by=() if source.group_by is None else (source.group_by,),
    )
    found.pending = max(found.pending, cube.pending)
    for cell in cube.cells:
        cells[cell.group[0] if source.group_by else None].append(cell)


def _chosen(
    source: Source,
    found: Samples,
    cells: dict[str | None, list[Cell[Any]]],
    keep: Iterable[str],
    most: int,
) -> list[str | None]:
    if source.group_by is None:
        return [None]
    kept = dict.fromkeys(keep)
    others = [
        group
        for group in cells
        if group and group != OTHER and group not in kept and len(group) <= LONGEST_GROUP
    ]
    others.sort(key=lambda group: (-_size(source.metric, cells[group]), group))
    room = max(most - len(kept), 0)
    found.left_out = max(len(others) - room, 0)
    return [*kept, *others[:room]]


def _size(metric: Metric, cells: Iterable[Cell[Any]]) -> int:
    return sum(metric.read(cell.sums).count for cell in cells)


def _samples(source: Source, cells: Sequence[Cell[Any]], ends: Sequence[int]) -> dict[int, Sample]:
    timed = sorted(((cell.time_ns or 0, cell.sums) for cell in cells), key=lambda pair: pair[0])
    empty: Any = ScoreMeasures if source.metric.source == "score" else Measures
    windows = slide(timed, source.window_ns, ends, empty)
    return {end: sample_of(source.metric, sums, end) for end, sums in windows}


def sample_of(metric: Metric, sums: Any, end_ns: int) -> Sample:
    """What the metric says of the sums of a window, money in US dollars."""
    value = metric.read(sums)
    scale = PICO if metric.unit == "usd" else 1
    seen = [
        None if one is None else float(one) / scale for one in (value.value, value.low, value.high)
    ]
    return Sample(end_ns, seen[0], value.count, seen[1], seen[2])
