"""What a window is compared with."""

from __future__ import annotations

from collections import OrderedDict
from random import Random
from uuid import UUID

import numpy as np

from evals.datasets.selectors import items as dataset_items
from evals.drift.models import Monitor, Window
from evals.drift.services import items as reading
from evals.drift.services.items import DIMENSIONS, NUMBERS, Items, joined
from evals.subjects import last_said, text_of
from evals.vectors.embedding import embed

HOUR = 3_600 * 10**9
DAY = 24 * HOUR
MOST_NOW, MOST_BEFORE = 500, 1_000
"""Conversations that are drawn of a window and of its reference."""
PERIODS, WEEKS = 7, 4
"""How many windows before, and how many weeks of the same weekday, a reference is."""
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

    def reference(self, monitor: Monitor, start_ns: int, end_ns: int) -> Items:
        """What the window from start to end is compared with, at most MOST_BEFORE items.

        Raises QueryError, TooSlow.
        """
        if monitor.reference == Monitor.Reference.DATASET:
            return of_dataset(monitor)
        if monitor.reference == Monitor.Reference.RELEASE:
            q = f"({monitor.q}) {quoted(monitor.release)}" if monitor.q else quoted(monitor.release)
            return self.read(q, start_ns - LONGEST, start_ns, MOST_BEFORE)
        wanted = WEEKS if monitor.reference == Monitor.Reference.WEEKDAY else PERIODS
        parts: list[Items] = []
        for range_ in ranges(monitor, start_ns, end_ns):
            part = self.read(monitor.q, *range_)
            parts += [part] if len(part) else []
            if len(parts) == wanted:
                break
        whole = joined(parts[::-1])
        if len(whole) <= MOST_BEFORE:
            return whole
        places = Random(start_ns).sample(range(len(whole)), MOST_BEFORE)  # noqa: S311
        return whole.taken(sorted(places))


def quoted(release: str) -> str:
    """A release as a term of a query."""
    escaped = release.replace("\\", "\\\\").replace('"', '\\"')
    return f'release:"{escaped}"'


def ranges(monitor: Monitor, start_ns: int, end_ns: int) -> list[tuple[int, int]]:
    """Earlier periods of the length of the window, the last first; not those that drifted.

    A change that has lasted for as many periods as a reference has is what is usual now.
    """
    if monitor.reference == Monitor.Reference.WEEKDAY:
        steps, wanted = [7 * DAY * week for week in range(1, 3 * WEEKS + 1)], WEEKS
    else:
        length = end_ns - start_ns
        steps, wanted = [length * period for period in range(1, 3 * PERIODS + 1)], PERIODS
    found = [(start_ns - step, end_ns - step) for step in steps]
    drifted: dict[int, str] = dict(
        Window.objects.filter(
            monitor=monitor, drift=True, by_hand=False, end_ns__in=[end for _, end in found]
        ).values_list("end_ns", "found__lead")
    )
    last = {drifted.get(end) for _, end in found[:wanted]}
    if len(last) == 1 and None not in last:
        return found
    return [pair for pair in found if pair[1] not in drifted]


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
    made.origins["language"] = [reading.language_of(text) for text in made.inputs]
    made.input_vectors, made.output_vectors = embed(made.inputs), embed(made.outputs)
    return made
