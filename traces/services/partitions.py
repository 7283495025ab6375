"""Weekly partitions: made ahead and on demand, dropped when retention has passed.

A week is a whole number: days since 1970 divided by seven. A span dated further back than
KEPT_WEEKS goes to the
default partition, so that a client's invented dates cannot make tables.
"""

import threading
import time

from django.db import OperationalError, connection, transaction

WEEK_NS = 7 * 86_400 * 10**9
KEPT_WEEKS = 30
AHEAD_WEEKS = 2
ATTEMPTS = 5
LOCK = 7_316_000
tables = ["traces_span", "traces_log", "traces_text"]
"""By week of start_ns. Higher floors add theirs in `AppConfig.ready`."""

_lock = threading.Lock()
_known: set[int] = set()


def week_of(start_ns: int) -> int:
    return start_ns // WEEK_NS


def current_week() -> int:
    return week_of(time.time_ns())


def ensure(weeks: set[int]) -> None:
    """Make the partitions of these weeks where they lie in the kept range and are missing.

    Own transaction.
    """
    if weeks <= _known:
        return
    now = current_week()
    with _lock:
        for week in sorted(weeks - _known):
            if now - KEPT_WEEKS <= week <= now + AHEAD_WEEKS:
                create(week)
            _known.add(week)


def create(week: int) -> None:
    """Make and attach one week;

    attaching locks less than CREATE … PARTITION OF. Can be repeated.
    """
    for table in tables:
        _create(table, week, week * WEEK_NS, (week + 1) * WEEK_NS)
    _create("traces_payload", week, week, week + 1)


def _create(table: str, week: int, low: int, high: int) -> None:
    """One table in its own transaction: no lock is held while waiting for another table's."""
    for attempt in range(1, ATTEMPTS + 1):
        try:
            with transaction.atomic(), connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])
                attach(cursor, table, week, low, high)
        except OperationalError:  # a deadlock with traffic that uses the default partition
            if attempt == ATTEMPTS:
                raise
            time.sleep(0.05 * attempt)
        else:
            return


def attach(cursor: object, table: str, week: int, low: int, high: int) -> None:
    name = f"{table}_w{week}"
    run = cursor.execute  # type: ignore[attr-defined]
    run("SELECT to_regclass(%s) IS NOT NULL", [name])
    if cursor.fetchone()[0]:  # type: ignore[attr-defined]
        return
    run(f"CREATE TABLE {name} (LIKE {table} INCLUDING DEFAULTS INCLUDING STORAGE)")
    key = "week" if table == "traces_payload" else "start_ns"
    # What came before its week could be made lies in the default partition and forbids attaching.
    run(
        f"WITH moved AS (DELETE FROM {table}_old"  # noqa: S608 - numbers and names of our own
        f" WHERE {key} >= {low} AND {key} < {high} RETURNING *)"
        f" INSERT INTO {name} SELECT * FROM moved"
    )
    run(f"ALTER TABLE {table} ATTACH PARTITION {name} FOR VALUES FROM ({low}) TO ({high})")


def make_ahead() -> None:
    """Make this week's partitions and those of the next AHEAD_WEEKS."""
    now = current_week()
    _known.difference_update(range(now, now + AHEAD_WEEKS + 1))
    ensure(set(range(now, now + AHEAD_WEEKS + 1)))


def forget() -> None:
    """Drop the memory of existing partitions (after a drop, and in tests)."""
    _known.clear()
