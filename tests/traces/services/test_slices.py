"""Slices of users and tags are forgotten once nothing is summed up by them."""

from __future__ import annotations

import time

import pytest
from django.db import connection, transaction

from sightglass.accounts.access import Access
from tests.traces.sending import SECOND, decoded, llm
from traces.models import Trace
from traces.rollups.dimensions import Family
from traces.services import retention, rolling, slices
from traces.services.ingest import store_spans


def names() -> set[str]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT DISTINCT dimensions[1] FROM traces_slice WHERE family = %s",
            [Family.TRACE_USER],
        )
        return {record[0] for record in cursor.fetchall()}


def forget(access: Access) -> int:
    with transaction.atomic(), connection.cursor() as cursor:
        return slices.forget_unused(cursor, access.project.pk)


def send(access: Access, *users: str) -> None:
    start = time.time_ns() - 3 * 3600 * SECOND
    spans = [llm(start_ns=start, end_ns=start + SECOND, user__id=user) for user in users]
    store_spans(access, decoded(*spans))
    rolling.run(30)


@pytest.mark.django_db
def test_of_users_who_are_gone(access: Access) -> None:
    send(access, "ana", "ben")
    assert names() == {"ana", "ben"} and forget(access) == 0
    assert len(retention.delete_of_user(access.project.pk, "ana")) == 1
    assert forget(access) == 0, "sums of hers are stored until these are made anew"
    rolling.run(30)
    assert forget(access) > 0 and names() == {"ben"} and forget(access) == 0
    assert [trace.user_id for trace in Trace.objects.all()] == ["ben"]
    send(access, "ana")
    assert names() == {"ana", "ben"}, "who comes back is summed up again"


@pytest.mark.django_db(transaction=True)
def test_not_while_sums_are_being_stored(access: Access) -> None:
    send(access, "ana")
    retention.delete_of_user(access.project.pk, "ana")
    rolling.run(30)
    other = connection.copy()
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            known = slices.numbers(cursor, access.project.pk, Family.TRACE_USER, [("ana", None)])
            with other.cursor() as beside:
                beside.execute("BEGIN")
                assert slices.forget_unused(beside, access.project.pk) == 0
                beside.execute("COMMIT")
        assert known and names() == {"ana"}
    finally:
        other.close()
    assert forget(access) > 0 and names() == set()
