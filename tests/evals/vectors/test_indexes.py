"""Graphs over many vectors: built beside writes, used by searches, made anew after a crash."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from uuid import UUID

import numpy as np
import pytest
from django.db import connection
from numpy.typing import NDArray

from evals.vectors.fields import Field
from evals.vectors.selectors import models
from evals.vectors.selectors import nearest as module
from evals.vectors.selectors.nearest import nearest
from evals.vectors.services import indexes, storing
from sightglass.accounts.access import Access
from sightglass.accounts.models import Project
from traces.selectors.paging import TimeRange
from traces.services import partitions

pytestmark = pytest.mark.django_db(transaction=True)
NOW = time.time_ns()
WHOLE = TimeRange(NOW - 10**15, NOW + 10**15)
FEW = 300


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Few are many, and nothing is left for other tests."""
    monkeypatch.setattr(indexes, "MANY", 200)
    monkeypatch.setattr(indexes, "FEW", 50)
    partitions.make_ahead()
    yield
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM vectors_vector")
    indexes.run(10)
    assert indexes._known() == {}


def fill(access: Access, number: int = FEW, seed: int = 1) -> NDArray[np.float32]:
    """Unit vectors in a few bunches."""
    rng = np.random.default_rng(seed)
    centres = rng.normal(size=(6, 256))
    drawn = centres[rng.integers(0, 6, number)] + 0.7 * rng.normal(size=(number, 256))
    made: NDArray[np.float32] = (drawn / np.linalg.norm(drawn, axis=1, keepdims=True)).astype(
        np.float32
    )
    storing.store(access.project.pk, models.present(access.project.pk), [
        storing.Vector(Field.INPUT, UUID(bytes=os.urandom(16)), n + 1, NOW, values)
        for n, values in enumerate(made)
    ])  # fmt: skip
    return made


def plan(access: Access) -> str:
    model = models.present(access.project.pk)
    text = module.NEAR.format(more="", **module._names(access.project.pk, model, Field.INPUT))
    with connection.cursor() as cursor:
        cursor.execute("SET enable_sort = off")  # a few hundred are as quickly compared
        vector = storing.written(np.eye(256, dtype=np.float32)[0])
        cursor.execute(f"EXPLAIN {text}", [vector, NOW - 10**15, NOW + 10**15, vector, 10])
        found = "\n".join(record[0] for record in cursor.fetchall())
        cursor.execute("RESET enable_sort")
    return found


def test_it_is_built_once_and_used(access: Access) -> None:
    made = fill(access)
    asked = made[7]
    before = nearest(access.project.pk, Field.INPUT, asked, 10, range=WHOLE)
    assert indexes.run(30) == 1 and indexes.run(30) == 0
    [(name, valid)] = indexes._known().items()
    assert valid and name in plan(access)
    after = nearest(access.project.pk, Field.INPUT, asked, 10, range=WHOLE)
    assert after[0] == before[0] and after[0].span_id == 8
    assert len({one.span_id for one in after} & {one.span_id for one in before}) >= 9
    fill(access, 5, seed=2)
    assert indexes.run(30) == 0, "what comes later is in it"


def test_of_each_project_and_only_where_there_are_many(
    access: Access, other_project: Project
) -> None:
    fill(access)
    fill(Access(other_project, access.permissions, user=access.user), 150)
    assert indexes.run(30) == 1
    assert f"_{access.project.pk}_" in next(iter(indexes._known()))


def test_what_a_killed_worker_left_is_made_anew(access: Access) -> None:
    fill(access)
    indexes.run(30)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE pg_index SET indisvalid = false WHERE indexrelid = %s::regclass",
                       [next(iter(indexes._known()))])  # fmt: skip
    assert not any(indexes._known().values())
    assert indexes.run(30) == 1 and all(indexes._known().values())


def test_what_has_few_left_is_dropped(access: Access) -> None:
    fill(access)
    indexes.run(30)
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM vectors_vector WHERE span_id > 20")
    assert indexes.run(30) == 0 and indexes._known() == {}


def test_one_at_a_time(access: Access) -> None:
    fill(access)
    other = connection.copy()
    try:
        with other.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_lock(%s)", [indexes.LOCK])
            assert indexes.run(30) == 0
            cursor.execute("SELECT pg_advisory_unlock(%s)", [indexes.LOCK])
    finally:
        other.close()
    assert indexes.run(30) == 1
