"""The scores that say best how good the answers are, and what of each can be drawn."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from dashboards import changes
from dashboards.changes import Change
from dashboards.charts import Series
from traces.rollups.measures import ScoreMeasures
from traces.selectors import metrics
from traces.selectors.cubes import Cell, Cube
from traces.selectors.facets import written
from traces.selectors.metrics import Better, Value

LEAST = 20
"""Scores below which a name is not told."""
TRUSTED = ("human", "user", "judge")
"""Sources that say how good an answer is; code finds what is wrong with some."""
FOR_TRUE = frozenset({"thumbs", "correct"})
"""Scores whose truth is known to be good: feedback and review, by the names in docs."""


@dataclass(slots=True)
class Scored:
    """A score over the range and the one before. `kind`: its mean or rate, or its flagged share."""

    name: str
    source: str
    kind: Literal["score", "flagged"]
    unit: str
    steps: list[ScoreMeasures]
    steps_before: list[ScoreMeasures]

    @property
    def metric(self) -> str:
        return f"{self.kind}:{self.name}"

    @property
    def label(self) -> str:
        name = self.name.replace("_", " ").capitalize()
        return f"{name} flagged" if self.kind == "flagged" else name

    @property
    def better(self) -> Better:
        if self.kind == "flagged":
            return "down"
        return "up" if self.name in FOR_TRUE else None

    @property
    def term(self) -> str:
        """The traces that have it, as a query says."""
        return f"score.{written(self.name)}:*"

    def value(self, steps: Sequence[ScoreMeasures]) -> Value:
        return metrics.value_of(self.metric, added(steps))

    @property
    def change(self) -> Change:
        now, before = self.value(self.steps), self.value(self.steps_before)
        return changes.of_values(now, before, self.unit, self.better)

    def series(self, times: Sequence[int], url: str, *, dash: bool = False) -> Series:
        found = [metrics.value_of(self.metric, one) for one in self.steps]
        return Series(
            f"{self.label} ({self.source})",
            times,
            [one.value for one in found],
            low=() if dash else [one.low for one in found],
            high=() if dash else [one.high for one in found],
            counts=[one.count for one in found],
            total=self.value(self.steps).value,
            dash=dash,
            url=url,
        )


def added(many: Iterable[ScoreMeasures]) -> ScoreMeasures:
    return ScoreMeasures.total(many)


def scored(
    now: Cube[ScoreMeasures],
    before: Cube[ScoreMeasures],
    times: Sequence[int],
    times_before: Sequence[int],
) -> list[Scored]:
    """The best known first: what people and judges said, most of it first; then what code flagged.

    Cubes are by score, source and category.
    """
    groups, earlier = grouped(now.cells), grouped(before.cells)
    found = []
    for group, cells in groups.items():
        name, source = str(group[0]), str(group[1])
        whole = added(cell.sums for cell in cells)
        trusted = source in TRUSTED
        if max(whole.n, whole.judged) < LEAST or not (trusted or whole.judged):
            continue
        rate = not trusted or whole.booleans == whole.n
        one = Scored(
            name,
            source,
            "score" if trusted else "flagged",
            "ratio" if rate else "score",
            laid(cells, times),
            laid(earlier.get(group, []), times_before),
        )
        found.append((trusted, rate, whole.flagged_w if not trusted else whole.n, one))
    found.sort(key=lambda each: (not each[0], not each[1], -each[2], each[3].name))
    return [one for *_, one in found]


def grouped(
    cells: Iterable[Cell[ScoreMeasures]],
) -> dict[tuple[str | None, ...], list[Cell[ScoreMeasures]]]:
    found: dict[tuple[str | None, ...], list[Cell[ScoreMeasures]]] = defaultdict(list)
    for cell in cells:
        if cell.group[2] is None:  # words have no mean
            found[cell.group].append(cell)
    return found


def laid(cells: Iterable[Cell[ScoreMeasures]], times: Sequence[int]) -> list[ScoreMeasures]:
    """By step; of those without any, empty sums."""
    steps = {ns: ScoreMeasures() for ns in times}
    for cell in cells:
        if cell.time_ns in steps:
            steps[cell.time_ns].add(cell.sums)
    return list(steps.values())
