"""Which change a window is part of: the one that is under way, or another that begins with it.

A window is compared with what was before a change until that has lasted (`references.unsettled`),
so that the last window of a change says the same as the first. One that differs from the change
itself, too, begins another.
"""

from __future__ import annotations

from evals.drift.models import Window
from evals.drift.services.items import Items
from evals.drift.services.references import MOST_BEFORE, PERIODS, Reader

OTHERWISE = 0.01
"""The p-value from which on a window differs from the change that it would go on with."""


def under_way(window: Window) -> int | None:
    """When the change began that the window judged last before this one is part of (ns).

    One that was judged longer ago than a reference reaches says nothing of now.
    """
    before = window.end_ns if window.by_hand else window.start_ns
    judged = Window.objects.filter(
        monitor_id=window.monitor_id, state=Window.State.DONE, by_hand=False,
        end_ns__lte=before, end_ns__gt=before - _reach(window),
    )  # fmt: skip
    return judged.order_by("-end_ns").values_list("since_ns", flat=True).first()


def so_far(reader: Reader, window: Window, since_ns: int) -> Items:
    """What the change was made of, up to the window. Raises QueryError, TooSlow."""
    start = max(since_ns, window.start_ns - _reach(window))
    return reader.read(window.monitor.q, start, window.start_ns, MOST_BEFORE)


def _reach(window: Window) -> int:
    return PERIODS * (window.end_ns - window.start_ns)
