"""Work behind the requests leaves the machine to those who wait for an answer."""

from __future__ import annotations

import time

from django.db import connection

REST = 4.0
"""While requests come in, what works behind them rests so many times as long as it has worked."""
NEWEST = """
SELECT created_at > clock_timestamp() - interval '1 second'
FROM traces_batch ORDER BY id DESC LIMIT 1"""


def is_busy() -> bool:
    """Whether a request was stored within the last second."""
    with connection.cursor() as cursor:
        cursor.execute(NEWEST)
        row = cursor.fetchone()
    return bool(row and row[0])


def rest(began: float, end: float, times: float = REST) -> None:
    """Sleep `times` as long as it is since `began`, until `end` at most (time.monotonic())."""
    now = time.monotonic()
    time.sleep(max(0.0, min((now - began) * times, end - now)))
