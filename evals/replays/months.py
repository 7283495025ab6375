"""From what a range of traffic came to, to a month of 30 days. Pure.

A range may begin long before the first call, so it is not the range that is scaled but the time
that has traffic: from its first call to the end of its last. That of a few minutes says nothing of
a day, so it is at least a day, or the range where that is shorter.
"""

from __future__ import annotations

DAY_NS = 86_400 * 10**9
MONTH_NS = 30 * DAY_NS


def lasted_ns(first_ns: int, last_ns: int, range_ns: int) -> int:
    """How long there was traffic: `first_ns` is where the first call began, `last_ns` where the
    last ended, `range_ns` how long the range is that they are of."""
    return max(last_ns - first_ns, min(range_ns, DAY_NS), 1)


def monthly(pico: int, traffic_ns: int) -> int:
    """Pico dollars of `traffic_ns` as pico dollars of 30 days."""
    return round(pico * MONTH_NS / traffic_ns)
