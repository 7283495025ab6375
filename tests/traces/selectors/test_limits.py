"""The time limit of reads: alone in a transaction, within one reading on the connection."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext

import psycopg
import pytest
from django.db import OperationalError, connection, transaction
from django.test.utils import CaptureQueriesContext

from traces.selectors.one_reading import one_reading
from traces.selectors.paging import READ_LIMIT_MS, TooSlow, time_limit

pytestmark = pytest.mark.django_db(transaction=True)


def limit() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SHOW statement_timeout")
        return str(cursor.fetchone()[0])


def sleep(seconds: float) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_sleep(%s)", [seconds])


@pytest.mark.parametrize("reading", [nullcontext, one_reading])
def test_what_takes_too_long_is_stopped_and_the_next_goes_on(
    reading: Callable[[], nullcontext[None]],
) -> None:
    usual = limit()
    with reading():
        with pytest.raises(TooSlow), time_limit(20):
            sleep(5)
        with time_limit(5_000):
            assert limit() == "5s"
            sleep(0.03)
    assert limit() == usual


def test_many_reads_of_a_page_set_it_once() -> None:
    with CaptureQueriesContext(connection) as asked, one_reading():
        for _ in range(10):
            with time_limit():
                limit()
    assert len(asked) == 12, "ten reads, the limit, and taking it off"
    with CaptureQueriesContext(connection) as asked, time_limit():
        limit()
    assert next(query["sql"] for query in asked) == "BEGIN"


def test_within_a_transaction_it_ends_with_the_read() -> None:
    usual = limit()
    with one_reading(), transaction.atomic():
        with pytest.raises(TooSlow), time_limit(20):
            sleep(5)
        assert limit() == usual
        with time_limit():
            assert limit() == f"{READ_LIMIT_MS // 1000}s"


def test_a_connection_that_broke_is_let_go_of() -> None:
    usual = limit()
    with pytest.raises(OperationalError), one_reading(), time_limit():
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_backend_pid()")
            [pid] = cursor.fetchone()
        known = connection.get_connection_params()
        places = {name: known[name] for name in ("host", "port", "user", "dbname") if name in known}
        with psycopg.connect(**places) as other:
            other.execute("SELECT pg_terminate_backend(%s)", [pid])
        limit()
    assert limit() == usual, "on a new connection"
