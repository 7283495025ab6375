"""What a window is compared with."""

from __future__ import annotations

from collections import Counter, OrderedDict
from dataclasses import dataclass
from random import Random
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from evals.datasets.selectors import items as dataset_items
from evals.detectors.language import language_of
from evals.drift.models import Monitor, Window
from evals.drift.services import items as reading
from evals.drift.services.items import DIMENSIONS, NUMBERS, Items, joined
from evals.subjects import last_said, text_of
from evals.vectors.embedding import embed

HOUR = 3_600 * 10**9
DAY = 24 * HOUR
MOST_NOW, MOST_BEFORE = 500, 1_000
"""Conversations that are drawn of a window and of its reference."""
LEAST_BEFORE = 60
"""Conversations of a reference below which nothing is compared with it."""
PERIODS, WEEKS = 7, 4
"""How many windows before, and how many weeks of the same weekday, a reference is."""
LASTING = PERIODS // 2 + 1
"""Windows of a change with which it has lasted: most periods of a reference can be of it."""
MOST_DRIFTED = 1_000
LEAST_PERIODS, LEAST_WEEKS = 3, 2
"""Fewer do not tell what is usual: the one before may have been the odd one."""
LONGEST = 30 * DAY
"""How far back a release is looked for."""
HELD = 24


class Reader:
    """Reads ranges, and remembers the last ones: windows share their references."""

    def __init__(self, project_id: int) -> None:
        self.project_id = project_id
        self._held: OrderedDict[tuple[str, int, int], Items] = OrderedDict()

    def read(self, q: str, start_ns: int, end_ns: int, most: int = MOST_NOW) -> Items:
        """Raises QueryError, TooSlow."""
        key = (q, start_ns, end_ns)
        if key not in self._held:
            self._held[key] = reading.read(self.project_id, q, start_ns, end_ns, most)
            if len(self._held) > HELD:
                self._held.popitem(last=False)
        self._held.move_to_end(key)
        return self._held[key]

    def reference(self, monitor: Monitor, start_ns: int, end_ns: int) -> Before:
        """What the window from start to end is compared with, at most MOST_BEFORE items.

        Raises QueryError, TooSlow.
        """
        if monitor.reference == Monitor.Reference.DATASET:
            return Before(of_dataset(monitor))
        if monitor.reference == Monitor.Reference.RELEASE:
            q = of_release(monitor.q, monitor.release)
            return Before(self.read(q, start_ns - LONGEST, start_ns, MOST_BEFORE))
        weekly = monitor.reference == Monitor.Reference.WEEKDAY
        wanted, least = (WEEKS, LEAST_WEEKS) if weekly else (PERIODS, LEAST_PERIODS)
        parts: list[Items] = []
        last_ns: int | None = None
        for range_ in ranges(monitor, start_ns, end_ns):
            part = self.read(monitor.q, *range_)
            if len(part):
                parts.append(part)
                last_ns = range_[0] if last_ns is None else last_ns
            if len(parts) == wanted:
                break
        whole = joined(parts[::-1])
        if len(whole) > MOST_BEFORE:
            places = Random(start_ns).sample(range(len(whole)), MOST_BEFORE)  # noqa: S311
            whole = whole.taken(sorted(places))
        return Before(whole, len(parts), least, last_ns)


@dataclass(frozen=True, slots=True)
class Before:
    """A reference, and of how many periods it is; of these there must be so many at least.

    `last_ns`: when the last of the periods began, where there are several.
    """

    items: Items
    periods: int = 1
    least: int = 1
    last_ns: int | None = None

    @property
    def last(self) -> NDArray[np.bool_] | None:
        """Which items are of the last period."""
        return None if self.last_ns is None else np.array(self.items.start_ns) >= self.last_ns


def of_release(q: str, release: str) -> str:
    """A query for what `q` finds of a release."""
    escaped = release.replace("\\", "\\\\").replace('"', '\\"')
    return f'({q}) release:"{escaped}"' if q else f'release:"{escaped}"'


def ranges(monitor: Monitor, start_ns: int, end_ns: int) -> list[tuple[int, int]]:
    """Earlier periods of the length of the window, the last first; none of an unsettled change.

    There are more than are wanted, for some may have been without traffic.
    """
    if monitor.reference == Monitor.Reference.WEEKDAY:
        steps = [7 * DAY * week for week in range(1, 3 * WEEKS + 1)]
    else:
        steps = [(end_ns - start_ns) * period for period in range(1, 3 * PERIODS + 1)]
    found = [(start_ns - step, end_ns - step) for step in steps]
    left_out = unsettled(monitor, found[-1][0], found[0][1])
    return [
        (start, end)
        for start, end in found
        if not any(first < end and last > start for first, last in left_out)
    ]


def unsettled(monitor: Monitor, start_ns: int, end_ns: int) -> list[tuple[int, int]]:
    """Windows of the range that are of a change which has not lasted, or not yet.

    Most of the periods before a window can be of one that has lasted: that is what is usual then,
    whatever it was.
    """
    drifted = Window.objects.filter(
        monitor=monitor, by_hand=False, since_ns__isnull=False,
        end_ns__gt=start_ns, start_ns__lt=end_ns,
    ).values_list("since_ns", "start_ns", "end_ns")  # fmt: skip
    windows = list(drifted.order_by("-end_ns")[:MOST_DRIFTED])
    known = Counter(since for since, _, _ in windows)
    return [(first, last) for since, first, last in windows if known[since] < LASTING]


def of_dataset(monitor: Monitor) -> Items:
    """Items of the dataset's newest version: their input, and what was expected as the answer."""
    made = Items()
    if monitor.dataset is None:
        return made
    rows = dataset_items.at(monitor.dataset, monitor.dataset.version).order_by("number")
    for row in rows[:MOST_BEFORE]:
        asked = last_said(row.input, "user") if isinstance(row.input, list) else text_of(row.input)
        made.keys.append((UUID(int=row.number), 0))
        made.start_ns.append(0)
        made.inputs.append(asked or "")
        made.outputs.append(text_of(row.expected) or "")
        made.documents.append("\n".join(row.context or []))
    made.numbers = {name: [np.nan] * len(made) for name in NUMBERS}
    made.origins = {name: [""] * len(made) for name in DIMENSIONS}
    made.origins["language"] = [language_of(text) for text in made.inputs]
    made.input_vectors, made.output_vectors = embed(made.inputs), embed(made.outputs)
    return made
