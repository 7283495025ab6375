"""What can be asked of sums: steps, groups, a query; and which family of slices can answer."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from traces.query import Query
from traces.rollups import matching
from traces.rollups.dimensions import DIMENSIONS, Family, Level
from traces.rollups.segments import BUCKET_NS

DAY_NS = 86_400 * 10**9


class Step(StrEnum):
    """Of UTC; weeks begin on Monday."""

    HOUR = "hour"
    DAY = "day"
    WEEK = "week"


@dataclass(frozen=True, slots=True)
class Steps:
    """How a start becomes the number of its step, and that a time."""

    sql: str
    """Of {start}, in nanoseconds."""
    width_ns: int | None
    offset_ns: int
    coarsest: Level

    def time_of(self, number: int) -> int | None:
        return None if self.width_ns is None else number * self.width_ns + self.offset_ns


def steps_of(step: Step | None, width_ns: int | None, low: int) -> Steps:
    """Raises ValueError for a width that is no multiple of a bucket."""
    if width_ns is not None:
        if width_ns <= 0 or width_ns % BUCKET_NS or low % BUCKET_NS:
            raise ValueError("steps are multiples of five minutes, as is where they begin")
        sql = f"(({{start}} - {low}) / {width_ns})::int4"
        fits = [
            level for level in Level if width_ns % (level * 10**9) == low % (level * 10**9) == 0
        ]
        return Steps(sql, width_ns, low, max(fits))
    if step is None:
        return Steps("0", None, 0, Level.DAY)
    if step is Step.WEEK:  # 1970 began on a Thursday
        sql = f"(({{start}} + {3 * DAY_NS}) / {7 * DAY_NS})::int4"
        return Steps(sql, 7 * DAY_NS, -3 * DAY_NS, Level.DAY)
    width = DAY_NS if step is Step.DAY else DAY_NS // 24
    return Steps(
        f"({{start}} / {width})::int4", width, 0, Level.DAY if step is Step.DAY else Level.HOUR
    )


@dataclass(slots=True)
class Ask:
    """What is asked of sums: `by` groups, `bounds` in nanoseconds, the families that may answer.

    `costliest`: so many groups will do. `kept`: of the only dimension, other values as OTHER.
    """

    project_id: int
    query: Query
    bounds: tuple[int, int]
    by: tuple[str, ...]
    families: tuple[Family, ...]
    name: str | None = None
    costliest: int | None = None
    kept: frozenset[str] | None = None

    @property
    def low(self) -> int:
        return self.bounds[0]

    @property
    def is_of_scores(self) -> bool:
        return self.families == (Family.SCORE,)

    def family(self) -> Family | None:
        """The family whose slices can answer; None if only raw rows can."""
        asked = matching.asked(self.query.root)
        if asked is None:
            return None
        needed = asked | set(self.by)
        for family in self.families:
            if needed <= set(DIMENSIONS[family]):
                overlapping = "tag" in needed and not self._tag_alone(asked)
                return None if overlapping else family
        return None

    def _tag_alone(self, asked: frozenset[str]) -> bool:
        """A span with two tags is in two slices: no query may then look at more than one."""
        return "tag" not in asked or (not self.by and matching.is_one_value(self.query.root))
