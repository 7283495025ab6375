"""Calls become vectors behind the request: which, by what, once, and again after a crash."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from typing import Any
from uuid import UUID

import numpy as np
import pytest
from django.db import connection

from evals.vectors import embedders
from evals.vectors.embedding import Matrix, embed
from evals.vectors.fields import Field
from evals.vectors.models import Choice, Model
from evals.vectors.selectors import filters, models, samples, state
from evals.vectors.selectors.nearest import Near, nearest, vector_of
from evals.vectors.services import storing
from evals.vectors.texts import Texts, texts_of
from sightglass.accounts.access import Access
from sightglass.accounts.models import Project
from tests.evals.judging import chat
from tests.evals.truth.labelled import SPAN, SPAN_ID
from tests.traces.sending import SECOND, decoded, span
from traces.models import Batch, Trace
from traces.selectors.paging import TimeRange
from traces.selectors.search import parse
from traces.services import partitions, retention, work
from traces.services.ingest import store_spans

pytestmark = pytest.mark.django_db
NOW = time.time_ns()
WHOLE = TimeRange(NOW - 30 * 86_400 * SECOND, NOW + 86_400 * SECOND)
SAID = {
    "I want my money back": "The refund is on its way.",
    "How can I get a refund?": "Send the parcel back to us.",
    "Which tent stands up to a storm?": "The Alder holds in any wind.",
    "Do you have a tent for winter?": "The Birch is made for snow.",
    "How do I reset my password?": "Follow the link in the e-mail.",
}


def send(
    access: Access, said: dict[str, str], start: int = NOW - 3600 * SECOND, **more: Any
) -> list[UUID]:
    ids = [os.urandom(16) for _ in said]
    store_spans(access, decoded(*(
        chat(asked, answered, trace_id=one, span_id=SPAN, start_ns=start + n * SECOND, **more)
        for n, (one, (asked, answered)) in enumerate(zip(ids, said.items(), strict=True))
    )))  # fmt: skip
    return [UUID(bytes=one) for one in ids]


def rows() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM vectors_vector")
        return int(cursor.fetchone()[0])


def test_what_is_asked_and_answered_gets_a_vector(access: Access) -> None:
    traces = send(access, SAID)
    assert storing.CONSUMER in work.consumers and state.waiting(access.project.pk) == 1
    assert not state.held(access.project.pk)
    assert storing.run(30) == 1 and rows() == 10 and state.held(access.project.pk)
    assert state.waiting(access.project.pk) == 0 and storing.run(30) == 0
    for trace_id, (asked, answered) in zip(traces, SAID.items(), strict=True):
        for field, text in ((Field.INPUT, asked), (Field.OUTPUT, answered)):
            found = vector_of(access.project.pk, field, trace_id, SPAN_ID)
            assert found is not None
            np.testing.assert_allclose(found, embed([text])[0], atol=1e-3)
    assert vector_of(access.project.pk, Field.INPUT, UUID(int=5), SPAN_ID) is None


def test_the_nearest_come_first_whatever_their_words(access: Access) -> None:
    traces = dict(zip(SAID, send(access, SAID), strict=True))
    storing.run(30)
    asked = embed(["I would like to get my money refunded"])[0]
    found = nearest(access.project.pk, Field.INPUT, asked, 3, range=WHOLE)
    wanted = [traces["I want my money back"], traces["How can I get a refund?"]]
    assert {one.trace_id for one in found[:2]} == set(wanted)
    similarities = [one.similarity for one in found]
    assert similarities == sorted(similarities, reverse=True)
    assert found[0].span_id == SPAN_ID and found[0].similarity <= 1.0001
    before = TimeRange(WHOLE.start_ns, NOW - 7200 * SECOND)
    assert nearest(access.project.pk, Field.INPUT, asked, 3, range=before) == []


@pytest.mark.parametrize("most_exact", [0, 5_000])
def test_a_filter_holds_for_the_nearest(
    access: Access, most_exact: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Exactly where few match, along the order of nearness where many do."""
    monkeypatch.setattr(filters, "MOST_EXACT", most_exact)
    send(access, SAID, user__id="ann")
    others = send(access, dict(list(SAID.items())[2:]), user__id="ben")
    storing.run(30)
    asked = embed(["I want my money back"])[0]

    def of(user: str) -> list[Near]:
        among = filters.listed(access.project.pk, parse(f"user:{user}"), WHOLE)
        assert among is not None and (among.calls is None) == (most_exact == 0 and user != "nobody")
        return nearest(access.project.pk, Field.INPUT, asked, 5, range=WHOLE, among=among)

    found = of("ben")
    assert {one.trace_id for one in found} == set(others)
    similarities = [one.similarity for one in found]
    assert similarities == sorted(similarities, reverse=True)
    assert of("nobody") == []


def test_vectors_of_certain_calls_are_of_unit_length_the_oldest_first(access: Access) -> None:
    ids = [one for _ in range(3) for one in send(access, SAID)]
    storing.run(30)
    keys = [(one, SPAN_ID) for one in ids]
    found = samples.of_spans(access.project.pk, Field.INPUT, [*keys[::-1], (UUID(int=9), 1)])
    assert set(found.trace_ids) == set(ids) and list(found.start_ns) == sorted(found.start_ns)
    assert found.matrix.shape == (len(ids), 256) and found.matrix.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(found.matrix, axis=1), 1.0, atol=1e-5)
    none = samples.of_spans(access.project.pk, Field.INPUT, [])
    assert none.trace_ids == [] and none.matrix.shape == (0, 256)


def test_only_calls_that_count_and_say_something(access: Access) -> None:
    store_spans(access, decoded(
        span(name="tool", start_ns=NOW, openinference__span__kind="TOOL", input__value="x"),
        chat("", "", trace_id=os.urandom(16), start_ns=NOW),
        chat("Only asked", "", trace_id=os.urandom(16), start_ns=NOW),
    ))  # fmt: skip
    assert storing.run(30) == 1 and rows() == 1


def test_one_text_is_embedded_once(access: Access, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []

    def counts(model: Model, texts: Sequence[str]) -> Matrix:
        asked.append(len(texts))
        return embedders.embed_with(model, texts)

    monkeypatch.setattr(storing, "embed_with", counts)
    store_spans(access, decoded(*(
        chat("Where is it?", "On its way.", trace_id=os.urandom(16), start_ns=NOW) for _ in range(9)
    )))  # fmt: skip
    storing.run(30)
    assert asked == [2] and rows() == 18


def test_a_failure_is_noted_and_tried_again(
    access: Access, monkeypatch: pytest.MonkeyPatch
) -> None:
    send(access, SAID)

    def fails(model: Model, texts: Sequence[str]) -> Matrix:
        raise ConnectionError("the endpoint is away")

    with monkeypatch.context() as patched:
        patched.setattr(storing, "embed_with", fails)
        storing.run(5)
    batch = Batch.objects.get(consumer=storing.CONSUMER)
    assert "the endpoint is away" in batch.error and batch.attempts == 1 and rows() == 0
    Batch.objects.update(not_before=None)
    assert storing.run(30) == 1 and rows() == 10


def test_storing_again_changes_nothing(access: Access) -> None:
    [trace_id] = send(access, {"Where is it?": "On its way."})
    storing.run(30)
    model, vector = models.present(access.project.pk), embed(["Something else"])[0]
    start = Trace.objects.get().start_ns
    for _ in range(2):
        storing.store(
            access.project.pk, model,
            [storing.Vector(Field.INPUT, trace_id, SPAN_ID, start, vector)],
        )  # fmt: skip
    found = vector_of(access.project.pk, Field.INPUT, trace_id, SPAN_ID)
    assert rows() == 2 and found is not None
    np.testing.assert_allclose(found, vector, atol=1e-3)


def test_they_go_with_their_traces_and_weeks(access: Access) -> None:
    partitions.forget()  # what a test before this one made and took back
    send(access, SAID, user__id="ann")
    send(access, SAID, start=NOW - 21 * 86_400 * SECOND)
    storing.run(30)
    assert rows() == 20
    retention.delete_of_user(access.project.pk, "ann")
    assert rows() == 10
    week = partitions.week_of(NOW - 21 * 86_400 * SECOND)
    with connection.cursor() as cursor:
        cursor.execute("SELECT to_regclass(%s)", [f"vectors_vector_w{week}"])
        assert cursor.fetchone()[0] is not None
    Project.objects.update(retention_days=7)
    Trace.objects.update(received_at="2020-01-01T00:00:00Z")
    retention.apply()
    assert rows() == 0


def test_another_model_gets_its_own(access: Access) -> None:
    coming = Model.objects.create(name="other", dimensions=256)
    Choice.objects.create(project=access.project, model=models.embedded(), coming=coming)
    [trace_id] = send(access, {"Where is it?": "On its way."})
    storing.run(30)
    assert rows() == 4, "the present model and the one that is being filled"
    Choice.objects.update(model=coming, coming=None)
    asked = embed(["Where is it?"])[0]
    [found] = nearest(access.project.pk, Field.INPUT, asked, 5, range=WHOLE)
    assert found.trace_id == trace_id and found.similarity == pytest.approx(1.0, abs=1e-3)


def test_the_wall_between_projects(access: Access, other_project: Project) -> None:
    stranger = Access(other_project, access.permissions, user=access.user)
    send(access, SAID)
    [trace_id] = send(stranger, {"I want my money back": "No."})
    storing.run(30)
    asked = embed(["I want my money back"])[0]
    found = nearest(other_project.pk, Field.INPUT, asked, 50, range=WHOLE)
    assert [one.trace_id for one in found] == [trace_id]
    assert vector_of(access.project.pk, Field.INPUT, trace_id, SPAN_ID) is None
    assert not samples.of_spans(access.project.pk, Field.INPUT, [(trace_id, SPAN_ID)]).trace_ids


def test_texts_are_the_users_own_words_and_the_answer(access: Access) -> None:
    [trace_id] = send(access, {"Where is my order?": "On its way."})
    start = Trace.objects.get().start_ns
    assert texts_of(access.project.pk, [(trace_id, SPAN_ID, start)]) == {
        (trace_id, SPAN_ID): Texts("Where is my order?", "On its way.")
    }
    assert texts_of(access.project.pk, [(UUID(int=4), 1, start)]) == {}
