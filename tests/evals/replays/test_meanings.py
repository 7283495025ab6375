"""Vectors that are stored are used, others are made; topics divide replays and trials."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from evals.providers.errors import ProviderError
from evals.replays.models import CacheReplay
from evals.replays.services import caches, meanings, recorded, trials
from evals.topics.models import Member, Topic
from evals.vectors.embedding import embed
from evals.vectors.fields import Field
from evals.vectors.models import Choice, Model
from evals.vectors.services import storing
from sightglass.accounts.access import Access
from sightglass.accounts.models import Project
from tests.evals.judging import connect, detector
from tests.evals.replays import traffic
from tests.evals.replays.traffic import AGAIN, CLOSED, DAYS, LYON, NOON, PARIS, RETURNS
from traces.models import Span

pytestmark = pytest.mark.django_db
SAID = [(RETURNS, DAYS), (RETURNS, DAYS), (AGAIN, DAYS), (PARIS, NOON), (LYON, CLOSED)]
TEMPLATE = "Answer from this.\n<context>\nOpen at noon.\n</context>\nQuestion: when do you open?"


def replayed(access: Access) -> CacheReplay:
    row = caches.create(access, caches.Wanted(*traffic.bounds()))
    assert caches.work_off() == 1
    row.refresh_from_db()
    return row


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Texts that were embedded by the replay."""
    seen: list[str] = []

    def noting(model: Model, texts: Sequence[str]) -> NDArray[np.float32]:
        seen.extend(texts)
        return embed(texts)

    monkeypatch.setattr(meanings, "embed_with", noting)
    return seen


def test_stored_vectors_give_the_same_result(access: Access, made: list[str]) -> None:
    traffic.send(access, *SAID, (TEMPLATE, NOON))
    anew = replayed(access).result
    assert len(made) == 12 and RETURNS in made and CLOSED in made
    made.clear()
    assert storing.run(30) > 0
    assert replayed(access).result == anew and made == []


def test_calls_without_a_vector_are_embedded_beside_the_others(
    access: Access, made: list[str]
) -> None:
    traffic.send(access, *SAID[:3], ago_ns=2 * traffic.HOUR)
    storing.run(30)
    traffic.send(access, (RETURNS, DAYS), (LYON, CLOSED))
    found = replayed(access).result
    assert made == [RETURNS, LYON, DAYS, CLOSED]
    points = {one["threshold"]: one for one in found["points"]}
    assert points[0.995]["hits"] == 2, "a stored and a made vector of one text are alike"
    assert found["without_vector"] == 0


def test_a_projects_own_model_is_used_and_its_failure_told(
    access: Access, other_project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    traffic.send(access, *SAID)
    storing.run(30)
    connection = connect(access, "http://127.0.0.1:1/v1")
    model = Model.objects.create(
        project=access.project, connection=connection, name="wide", version="1", dimensions=8
    )
    Choice.objects.create(project=access.project, model=model)
    asked: list[Model] = []

    def wide(model: Model, texts: Sequence[str]) -> NDArray[np.float32]:
        asked.append(model)
        return np.eye(8, dtype=np.float32)[[len(text) % 8 for text in texts]]

    monkeypatch.setattr(meanings, "embed_with", wide)
    assert replayed(access).result["without_vector"] == 0 and set(asked) == {model}

    def refused(*_: Any) -> NDArray[np.float32]:
        raise ProviderError("it gave none")

    monkeypatch.setattr(meanings, "embed_with", refused)
    row = replayed(access)
    assert (row.state, row.problem) == ("failed", "ProviderError: it gave none")


def topics(access: Access) -> None:
    """Returns are topic 1, shops topic 7; the last call was not looked at."""
    place = {"x": 0.0, "y": 0.0, "size": 1, "share": 0.1, "centroid": b""}
    Topic.objects.create(project=access.project, number=1, label="return, lamp", **place)
    Topic.objects.create(project=access.project, number=7, label="store, Sunday", **place)
    spans = Span.objects.filter(project_id=access.project.pk).order_by("start_ns")
    for span, number in zip(spans, (1, 1, 1, 7, 0), strict=False):
        Member.objects.create(
            project=access.project, trace_id=span.trace_id, span_id=span.span_id,
            start_ns=span.start_ns, number=number, likeness=0.9,
        )  # fmt: skip


def test_a_cache_is_told_by_topic(access: Access) -> None:
    traffic.send(access, *SAID, (LYON, CLOSED))
    assert set(replayed(access).result["slices"]) == {"model", "prompt"}
    topics(access)
    by = replayed(access).result["slices"]["topic"]["0.75"]
    assert {name: one["calls"] for name, one in by.items()} == {
        "topic 1": 3, "topic 7": 1, meanings.NO_TOPIC: 2,
    }  # fmt: skip
    assert by["topic 1"]["hits"] == 2


def test_a_trial_is_divided_by_topic(access: Access, other_project: Project) -> None:
    traffic.send(access, *SAID, (LYON, CLOSED))
    start, end = traffic.bounds()
    wanted = trials.Wanted(
        start, end, connect(access, "http://127.0.0.1:1/v1"), [detector(access)],
        slice_by="topic", most=20,
    )  # fmt: skip
    assert set(trials.foresee(access, wanted).strata) == {meanings.NO_TOPIC}
    topics(access)
    strata = trials.foresee(access, wanted).strata
    assert {name: one["calls"] for name, one in strata.items()} == {
        "topic 1": 3, "topic 7": 1, meanings.NO_TOPIC: 2,
    }  # fmt: skip
    calls = recorded.newest(access.project.pk, start, end, "", 10)
    assert meanings.topics(other_project.pk, calls) is None


def test_a_stored_vector_is_found_by_its_call(access: Access) -> None:
    traffic.send(access, *SAID)
    storing.run(30)
    calls = recorded.newest(access.project.pk, *traffic.bounds(), "", 10)
    beats: list[int] = []
    found = meanings.vectors(
        access.project.pk, Field.INPUT, calls[::-1], [""] * 5, lambda: beats.append(1)
    )
    wanted = embed([asked for asked, _ in SAID[::-1]])
    assert np.allclose(np.einsum("nd,nd->n", found, wanted), 1, atol=1e-3) and beats
