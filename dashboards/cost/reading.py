"""The sums that the cost pages and their API are made of."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from traces.query import Query
from traces.rollups.explain import Change, Group, explain
from traces.rollups.measures import SUMS, Measures, ScoreMeasures
from traces.selectors import cubes
from traces.selectors.cubes import Cell, Cube
from traces.selectors.paging import TimeRange, TooSlow
from traces.selectors.runaways import Runaways, runaways

FEATURES = {
    "prompt": "prompt",
    "environment": "environment",
    "release": "release",
    "name": "span name",
    "user_id": "user",
}
"""By what slices are told apart beside the model. Users are told apart alone."""

NO_MODEL = "no model"


@dataclass(slots=True)
class Slices:
    """Sums by model and feature. `whole`: they could not be told apart in time, it is all one.

    `away`: what of them is of traces that ran away; None: that could not be found in time.
    """

    sums: dict[Group, Measures] = field(default_factory=dict)
    pending: int = 0
    whole: bool = False
    away: Runaways | None = None


def both(
    project_id: int, query: Query, before: TimeRange, now: TimeRange, feature: str
) -> tuple[Slices, Slices]:
    """Of two periods that are compared, told apart alike. Raises TooSlow."""
    ranges = (before, now)
    found = [slices(project_id, query, one, feature) for one in ranges]
    if found[0].whole != found[1].whole:  # one alone could be told apart: of no use
        found = [undivided(project_id, query, one) for one in ranges]
    for one, range in zip(found, ranges, strict=True):
        one.away = ran_away(project_id, query, range, () if one.whole else _by(feature))
    if any(one.away is None for one in found):
        found[0].away = found[1].away = None
    return found[0], found[1]


def changed(before: Slices, now: Slices) -> Change:
    """The difference of two periods, as `both` reads them."""
    away = [one.away.groups if one.away else {} for one in (before, now)]
    return explain(before.sums, now.sums, *away)


def slices(project_id: int, query: Query, range: TimeRange, feature: str) -> Slices:
    """Of a range. Raises TooSlow if not even the whole can be had."""
    try:
        cube = cubes.of_spans(project_id, query=query, range=range, by=_by(feature), only=SUMS)
    except TooSlow:
        return undivided(project_id, query, range)
    return Slices({_filled(group): sums for group, sums in summed(cube)}, cube.pending)


def undivided(project_id: int, query: Query, range: TimeRange) -> Slices:
    """All of it as one slice. Raises TooSlow."""
    cube = cubes.of_spans(project_id, query=query, range=range, by=(), only=SUMS)
    return Slices({(None, None): added(cube.cells)}, cube.pending, whole=True)


def ran_away(
    project_id: int, query: Query, range: TimeRange, by: Sequence[str] = ()
) -> Runaways | None:
    """Traces that ran away, with sums by the groups of slices; None where that takes too long."""
    try:
        found = runaways(project_id, query=query, range=range, by=by)
    except TooSlow:
        return None
    found.groups = {_filled(group): sums for group, sums in found.groups.items()}
    return found


def _by(feature: str) -> tuple[str, ...]:
    return ("user_id",) if feature == "user_id" else ("model", feature)


def _filled(group: Group) -> Group:
    """A model first, and what else slices are told apart by."""
    return (*([None] * (2 - len(group))), *group)


def summed(cube: Cube[Measures]) -> Iterable[tuple[Group, Measures]]:
    """By group, over all steps."""
    found: dict[Group, Measures] = {}
    for cell in cube.cells:
        found.setdefault(cell.group, Measures()).add(cell.sums)
    return found.items()


def added(cells: Iterable[Cell[Measures]]) -> Measures:
    whole = Measures()
    for cell in cells:
        whole.add(cell.sums)
    return whole


@dataclass(slots=True)
class Traces:
    """Of whole traces."""

    now: Measures
    before: Measures
    pending: int = 0


def of_traces(project_id: int, query: Query, now: TimeRange, before: TimeRange) -> Traces:
    """How many traces and sessions there were, and their cost. Raises TooSlow."""
    only = ("traces", "sessions", "cost")
    later, earlier = (
        cubes.of_traces(project_id, query=query, range=one, only=only) for one in (now, before)
    )
    pending = max(later.pending, earlier.pending)
    return Traces(added(later.cells), added(earlier.cells), pending)


def judging(project_id: int, query: Query, range: TimeRange) -> dict[str, ScoreMeasures]:
    """Scores by name, those that cost something, the dearest first. Raises TooSlow."""
    cube = cubes.of_scores(project_id, query=query, range=range, by=("score",))
    found: dict[str, ScoreMeasures] = {}
    for cell in cube.cells:
        if cell.sums.cost:
            found.setdefault(cell.group[0] or "", ScoreMeasures()).add(cell.sums)
    return dict(sorted(found.items(), key=lambda pair: -pair[1].cost))


def by_model(project_id: int, query: Query, range: TimeRange, *more: str) -> Cube[Measures]:
    """Sums by kind, provider, model and further dimensions. Raises TooSlow."""
    by: Sequence[str] = ("kind", "provider", "model", *more)
    return cubes.of_spans(project_id, query=query, range=range, by=by, only=SUMS)
