"""Work behind the requests leaves the machine to those who wait for an answer."""

from __future__ import annotations

import time

from django.db import connection

REST = 4.0
"""While requests come in, what works behind them rests so many times as long as it has worked."""

FLOOD, FLOODED = 3_000, 4.0
"""From so many spans within a second on it rests so many times longer still: they are to be stored
first, and are worked off once it is over."""

NEWEST = """
SELECT created_at > clock_timestamp() - interval '1 second'
FROM traces_batch ORDER BY id DESC LIMIT 1"""

STORED = """
SELECT coalesce(sum(stored), 0) FROM (
    SELECT stored, at FROM traces_receipt ORDER BY id DESC LIMIT 300
) AS receipt WHERE at > clock_timestamp() - interval '1 second'"""


def is_busy() -> bool:
    """Whether a request was stored within the last second."""
    with connection.cursor() as cursor:
        cursor.execute(NEWEST)
        row = cursor.fetchone()
    return bool(row and row[0])


def spans_within_a_second() -> int:
    """How many were stored within the last one, as far as their receipts are not added up yet."""
    with connection.cursor() as cursor:
        cursor.execute(STORED)
        return int(cursor.fetchone()[0])


def rest(began: float, end: float, times: float = REST) -> None:
    """Sleep `times` as long as it is since `began`, until `end` at most (time.monotonic())."""
    now = time.monotonic()
    if spans_within_a_second() >= FLOOD:
        times *= FLOODED
    time.sleep(max(0.0, min((now - began) * times, end - now)))
