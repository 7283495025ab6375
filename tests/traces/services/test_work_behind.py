"""What workers do with stored rows:

words, unknown keys, the ledger, retention, re-pricing, replay.
"""

import time
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from django.db import connection
from django.utils import timezone

from sightglass.accounts.access import Access
from sightglass.accounts.models import Project
from tests.traces.sending import SECOND, decoded, llm
from traces import blocks
from traces.models import (
    Batch,
    Payload,
    Receipt,
    Score,
    Span,
    SpanText,
    Trace,
    UnmappedKey,
)
from traces.otlp import Decoded
from traces.selectors.payloads import raw_spans
from traces.selectors.search import list_traces, parse
from traces.services import indexing, partitions, resting, retention
from traces.services.ingest import store_logs, store_metrics, store_spans
from traces.spans import RawLog, RawMetricPoint

pytestmark = pytest.mark.django_db


def said(question: str, answer: str) -> dict[str, Any]:
    return {
        "gen_ai__input__messages": f'[{{"role": "user", "content": "{question}"}}]',
        "gen_ai__output__messages": f'[{{"role": "assistant", "content": "{answer}"}}]',
    }


def found(access: Access, words: str) -> int:
    return len(list_traces(access, query=parse(words)).results)


def test_words_are_found_once_they_are_indexed(access: Access) -> None:
    store_spans(access, decoded(llm(**said("Where is the quokka?", "On Rottnest island"))))
    assert found(access, '"quokka"') == 0
    assert indexing.run(30) == 1
    assert not Batch.objects.filter(consumer="index").exists()
    assert (found(access, '"quokka"'), found(access, '"rottnest island"')) == (1, 1)
    assert found(access, '"wombat"') == 0


def test_while_requests_come_in_the_indexer_takes_one_at_a_time(
    access: Access, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(3):
        store_spans(access, decoded(llm()))
    took: list[int] = []
    claim = indexing._claim_and_index

    def noted(limit: int) -> int:
        took.append(limit)
        return claim(limit)

    monkeypatch.setattr(indexing, "_claim_and_index", noted)
    monkeypatch.setattr(resting, "rest", lambda began, end: time.sleep(end - time.monotonic()))
    monkeypatch.setattr(resting, "is_busy", lambda: True)
    assert indexing.run(0.3) == 1
    monkeypatch.setattr(resting, "is_busy", lambda: False)
    assert indexing.run(30) == 2
    assert took == [1, indexing.CLAIM]
    assert not Batch.objects.filter(consumer="index").exists()


def test_a_flood_is_stored_first(access: Access, monkeypatch: pytest.MonkeyPatch) -> None:
    slept: list[float] = []
    monkeypatch.setattr(time, "sleep", slept.append)
    store_spans(access, decoded(*(llm() for _ in range(5))))
    began = time.monotonic() - 10
    assert resting.spans_within_a_second() == 5 and resting.is_busy()
    resting.rest(began, began + 1_000)
    monkeypatch.setattr(resting, "FLOOD", 5)
    resting.rest(began, began + 1_000)
    resting.rest(began, began + 15)
    assert [round(seconds) for seconds in slept] == [40, 160, 5]
    Receipt.objects.update(at=timezone.now() - timedelta(seconds=2))
    assert resting.spans_within_a_second() == 0


@pytest.mark.parametrize(
    "query",
    ['"Where is the quokka?"', '"the, quokka"', '"(the) check-in"', "follow-up", "IT'S", '"and/or"',
     "user@in.example", "the", '"https://example.com/the/best"', "It is", "-wombat the"],
)  # fmt: skip
def test_common_words_are_passed_over(access: Access, query: str) -> None:
    text = "the quokka: check-in, follow-up and/or https://example.com/the/best user@in.example s"
    store_spans(access, decoded(llm(**said("It is", text))))
    indexing.run(30)
    assert found(access, query) == 1


def test_common_words_take_no_place(access: Access) -> None:
    store_spans(access, decoded(llm(**said("It is the", "quokka"))))
    indexing.run(30)
    assert "quokka" in SpanText.objects.get().words
    assert "'the'" not in SpanText.objects.get().words


def test_unknown_keys_are_counted_and_known_ones_are_not(access: Access) -> None:
    store_spans(access, decoded(llm(my__own__key="x"), llm(my__own__key="y")))
    indexing.run(30)
    row = UnmappedKey.objects.get()
    assert (row.key, row.count, row.scope, row.example) == ("my.own.key", 2, "tests", "x")


def test_a_batch_that_cannot_be_indexed_waits_and_is_tried_again(
    access: Access, monkeypatch: pytest.MonkeyPatch
) -> None:
    store_spans(access, decoded(llm(**said("hello", "there"))))

    def fail(*_: object) -> None:
        raise ValueError("broken")

    with monkeypatch.context() as patch:
        patch.setattr(indexing, "words_of", fail)
        indexing.run(5)
    batch = Batch.objects.get(consumer="index")
    assert (batch.attempts, "broken" in batch.error) == (1, True)
    assert indexing.run(5) == 0, "not before its time"
    Batch.objects.update(not_before=None)
    indexing.run(5)
    assert SpanText.objects.count() == 1


def log(trace_id: bytes, span_id: bytes, name: str, body: object) -> RawLog:
    return RawLog(trace_id, span_id, time.time_ns() - 59 * SECOND, name, body, {})


@pytest.mark.parametrize("logs_first", [True, False])
def test_messages_in_logs_join_their_span_whichever_comes_first(
    access: Access, logs_first: bool
) -> None:
    call = llm()
    ids = (call["trace_id"], call["span_id"])
    records = Decoded(
        [
            log(*ids, "gen_ai.user.message", {"content": "Where is the quokka?"}),
            log(*ids, "gen_ai.choice", {"message": {"content": "On the island"}}),
        ],
        received=2,
    )
    if logs_first:
        store_logs(access, records)
    store_spans(access, decoded(call))
    if not logs_first:
        store_logs(access, records)
    again = store_logs(access, records)
    assert (again.stored, again.duplicates) == (0, 2)
    row, trace = Span.objects.get(), Trace.objects.get()
    assert (row.input_preview, row.output_preview) == ("Where is the quokka?", "On the island")
    assert trace.input_preview == "Where is the quokka?"
    indexing.run(30)
    assert found(access, '"quokka"') == 1


def test_points_of_metrics_are_stored_once(access: Access) -> None:
    point = RawMetricPoint("gpu.power", "W", time.time_ns(), 250.0, {"gpu": "0"})
    decoded_points = Decoded([point, point], received=3, ignored=1)
    assert store_metrics(access, decoded_points).stored == 1
    assert store_metrics(access, decoded_points).stored == 0
    assert Receipt.objects.order_by("pk")[0].rejected == {"ignored": 1}


# ── Retention ────────────────────────────────────────────────────────────────────────────────────


def test_weeks_that_nobody_keeps_are_dropped(access: Access) -> None:
    partitions.forget()  # those that a test before made were rolled back with it
    store_spans(access, decoded(llm(**said("old", "words"))))
    indexing.run(30)
    later = datetime.now(UTC) + timedelta(days=access.project.retention_days + 15)
    assert retention.apply(datetime.now(UTC)) == {"weeks": 0, "traces": 0, "slices": 0}
    done = retention.apply(later)
    assert done["weeks"] >= 1
    assert done["traces"] == 1
    for model in (Span, Payload, SpanText, Trace):
        assert model.objects.count() == 0


def test_a_project_that_keeps_less_loses_its_traces_alone(
    access: Access, other_project: Project
) -> None:
    other = Access(other_project, access.permissions)
    Project.objects.filter(pk=access.project.pk).update(retention_days=1)
    call = llm()
    store_spans(access, decoded(call))
    store_spans(other, decoded(llm()))
    Score.objects.create(
        project=access.project, trace_id=UUID(bytes=call["trace_id"]), name="s", source="user"
    )
    retention.apply(datetime.now(UTC) + timedelta(days=3))
    assert [trace.project_id for trace in Trace.objects.all()] == [other_project.pk]
    assert Span.objects.count() == Payload.objects.count() == 1
    assert Score.objects.count() == 0


def test_traces_of_one_block_are_forgotten_one_by_one(access: Access) -> None:
    Project.objects.filter(pk=access.project.pk).update(retention_days=1)
    older = partitions.current_week() * partitions.WEEK_NS
    early = [llm(start_ns=older + i, **said("my secret", "kept")) for i in range(2)]
    late = llm(start_ns=older + 2 * 86_400 * SECOND, name="late")
    store_spans(access, decoded(*early, late))
    block = Payload.objects.get()
    assert len(blocks.traces_in(bytes(block.data))) == 3
    Trace.objects.update(received_at=datetime(2020, 1, 1, tzinfo=UTC))

    until = datetime.fromtimestamp(older / SECOND, UTC) + timedelta(days=1)
    retention.apply(until + timedelta(days=1))
    left = Payload.objects.get()
    assert (left.week, left.id) == (block.week, block.id)
    assert b"secret" not in blocks.decompress(bytes(left.data))
    [row] = Span.objects.all()
    assert [raw.name for raw in raw_spans(access.project.pk, [row])] == ["late"]

    retention.apply(until + timedelta(days=3))
    assert Span.objects.count() == Payload.objects.count() == Trace.objects.count() == 0


def test_a_span_that_was_sent_anew_leaves_no_original_behind(access: Access) -> None:
    """Its first delivery lies in a block that no row names any more but those of its neighbours."""
    Project.objects.filter(pk=access.project.pk).update(retention_days=1)
    running = llm(running=True)
    store_spans(access, decoded(running, llm()))
    ended = running | {"end_time_unix_nano": running["start_time_unix_nano"] + SECOND}
    assert store_spans(access, decoded(ended)).revised == 1
    assert Payload.objects.count() == 2
    retention.apply(datetime.now(UTC) + timedelta(days=3))
    assert Payload.objects.count() == 0


def test_a_date_in_the_past_does_not_make_data_vanish(access: Access) -> None:
    old = time.time_ns() - 300 * 86_400 * SECOND
    store_spans(access, decoded(llm(start_ns=old)))
    retention.apply(datetime.now(UTC))
    assert Trace.objects.count() == 1


def test_what_came_before_its_week_was_made_moves_into_it(access: Access) -> None:
    start = time.time_ns()
    week = partitions.week_of(start)
    store_spans(access, decoded(llm(start_ns=start)))
    with connection.cursor() as cursor:
        for table in (*partitions.tables, "traces_payload"):
            cursor.execute(f"ALTER TABLE {table} DETACH PARTITION {table}_w{week}")
            cursor.execute(f"INSERT INTO {table} SELECT * FROM {table}_w{week}")
            cursor.execute(f"DROP TABLE {table}_w{week}")
        cursor.execute("SELECT count(*) FROM traces_span_old")
        assert cursor.fetchone()[0] == 1
    partitions.forget()
    partitions.make_ahead()
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM traces_span_old")
        assert cursor.fetchone()[0] == 0
    assert Span.objects.count() == Payload.objects.count() == 1
