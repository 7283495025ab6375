"""Scores whose squares no float holds: they count, and keep no sum from being made or read."""

from __future__ import annotations

import time
from typing import Any
from uuid import UUID

import pytest
from django.db import connection

from sightglass.accounts.access import Access
from tests.traces.sending import decoded, llm
from traces.models import Score
from traces.selectors import metrics
from traces.selectors.paging import TimeRange
from traces.services import rolling
from traces.services.ingest import store_spans

pytestmark = pytest.mark.django_db
TRACE = bytes([7] * 16)


def scored(access: Access, **values: float) -> None:
    span = llm(TRACE, start_ns=time.time_ns() - 10**9)
    store_spans(access, decoded(span))
    for number in values.values():
        about: dict[str, Any] = {"project": access.project, "trace_id": UUID(bytes=TRACE)}
        Score.objects.create(**about, name="odd", source="code", number=number)


def read(access: Access, metric: str = "score:odd") -> metrics.Value:
    now = time.time_ns()
    range = TimeRange(now - 3_600 * 10**9, now + 600 * 10**9)
    return metrics.ask(access.project.pk, metric, range=range).series[0].total


@pytest.mark.parametrize("number", [1e300, -1e200, 1e-200, 5e-324])
def test_odd_scores_are_summed(access: Access, number: float) -> None:
    scored(access, odd=number, plain=0.5)
    before = read(access)
    rolling.run(60)
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM traces_mark WHERE level = 300")
        assert cursor.fetchone() == (0,)
    assert read(access) == before
    assert before.count == 2
    assert before.value == pytest.approx(max(-1e100, min(number + 0.5, 1e100)) / 2)


def test_a_probability_of_almost_nothing_weighs_much_and_breaks_nothing(access: Access) -> None:
    scored(access, plain=0.5)
    Score.objects.update(probability=5e-324)
    rolling.run(60)
    assert read(access).value == pytest.approx(0.5)
