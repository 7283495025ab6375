"""Storing spans:

once, whatever comes twice, early, late or never, with sums that count each call once.
"""

import os
import time
from concurrent.futures import ThreadPoolExecutor
from uuid import UUID

import pytest
from django.db import connection

from sightglass.accounts.access import Access
from tests.traces.sending import SECOND, decoded, llm, span
from traces.models import Batch, Payload, Receipt, Score, Span, Trace
from traces.otlp import traces as otlp
from traces.selectors.payloads import raw_spans
from traces.services import skeletons
from traces.services.ingest import Stored, store_spans
from traces.spans import Flag

pytestmark = pytest.mark.django_db


def send(access: Access, *spans: dict[str, object], **resource: object) -> Stored:
    return store_spans(access, decoded(*spans, **resource))


def the_trace(trace_id: bytes) -> Trace:
    return Trace.objects.get(trace_id=UUID(bytes=trace_id))


def counts(stored: Stored) -> tuple[int, int, int]:
    return stored.stored, stored.duplicates, stored.revised


def test_a_span_and_its_summary_are_stored_together(access: Access) -> None:
    call = llm(name="answer", user__id="alice", session__id="s1")
    assert counts(send(access, call, service__version="1.2")) == (1, 0, 0)

    trace, row = the_trace(call["trace_id"]), Span.objects.get()
    assert (trace.name, trace.span_count, trace.call_count) == ("answer", 1, 1)
    assert (trace.input_tokens, trace.output_tokens, trace.total_tokens) == (1000, 100, 1100)
    assert (trace.user_id, trace.session_id, trace.release) == ("alice", "s1", "1.2")
    assert trace.duration_ns == SECOND
    assert row.model == "gpt-4o-2024-08-06"
    assert row.cost_total == trace.cost_total == 3_500_000_000
    assert row.price_ref
    [raw] = raw_spans(access.project.pk, [row])
    assert raw.attributes["gen_ai.request.model"] == "gpt-4o"
    assert raw.resource.attributes == {"service.version": "1.2"}


def test_a_request_leaves_a_receipt_and_a_job(access: Access) -> None:
    send(access, llm(), llm())
    receipt, batch = Receipt.objects.get(), Batch.objects.get(consumer="index")
    assert (receipt.received, receipt.stored, receipt.duplicates) == (2, 2, 0)
    assert set(batch.blocks) == set(Payload.objects.values_list("id", flat=True))


def test_the_traces_of_a_request_share_a_block(access: Access) -> None:
    calls = [llm(name=f"call {i}") for i in range(7)]
    send(access, *calls)
    assert Payload.objects.count() == 1
    rows = list(Span.objects.order_by("name"))
    raws = raw_spans(access.project.pk, rows)
    assert [raw.span_id for raw in raws] == [call["span_id"] for call in calls]


def test_sending_again_changes_nothing(access: Access) -> None:
    call = llm()
    send(access, call)
    before = Trace.objects.values().get()
    assert counts(send(access, call)) == (0, 1, 0)
    assert counts(send(access, call, call)) == (0, 2, 0)
    assert Trace.objects.values().get() == before
    assert Span.objects.count() == Payload.objects.count() == 1


def test_a_span_twice_in_one_request_is_stored_once(access: Access) -> None:
    call = llm()
    assert counts(send(access, call, call)) == (1, 1, 0)
    assert the_trace(call["trace_id"]).input_tokens == 1000


def test_a_duplicate_with_another_start_is_still_a_duplicate(access: Access) -> None:
    call = llm()
    send(access, call)
    assert counts(send(access, call | {"start_time_unix_nano": time.time_ns()})) == (0, 1, 0)


def test_children_may_come_before_their_root(access: Access) -> None:
    trace_id, root_id = os.urandom(16), os.urandom(8)
    start = time.time_ns() - 100 * SECOND
    child = llm(trace_id, parent=root_id, start_ns=start + SECOND, name="child")
    send(access, child)
    assert the_trace(trace_id).name == "child"
    root = span(trace_id, span_id=root_id, name="root", start_ns=start, end_ns=start + 9 * SECOND)
    send(access, root)

    trace = the_trace(trace_id)
    assert (trace.name, trace.span_count, trace.input_tokens) == ("root", 2, 1000)
    assert trace.duration_ns == 9 * SECOND
    assert trace.kinds == ["llm", "span"]


def test_order_of_arrival_does_not_matter(access: Access, other_project: object) -> None:
    trace_id, root_id = os.urandom(16), os.urandom(8)
    start = time.time_ns() - 100 * SECOND
    spans = [
        span(trace_id, span_id=root_id, name="root", start_ns=start, end_ns=start + 9 * SECOND),
        llm(trace_id, parent=root_id, start_ns=start + SECOND, name="a", tag__tags=["x"]),
        llm(trace_id, parent=root_id, start_ns=start + 3 * SECOND, name="b", error="boom"),
        span(trace_id, parent=os.urandom(8), start_ns=start + 4 * SECOND, name="orphan"),
    ]
    ignored = ("received_at", "updated_at", "project_id", "models_used", "kinds", "tags")
    shapes = []
    for order in ([0, 1, 2, 3], [3, 2, 1, 0], [2, 0, 3, 1]):
        Trace.objects.all().delete()
        with connection.cursor() as cursor:
            cursor.execute("DELETE FROM traces_span")
        for i in order:
            send(access, spans[i])
        shape = Trace.objects.values().get()
        shapes.append(
            {key: value for key, value in shape.items() if key not in ignored}
            | {"models_used": sorted(shape["models_used"]), "kinds": sorted(shape["kinds"])}
        )
    assert shapes[0] == shapes[1] == shapes[2]
    assert (shapes[0]["name"], shapes[0]["error_count"], shapes[0]["input_tokens"]) == (
        "root",
        1,
        2000,
    )


def test_a_running_span_is_ended_by_a_later_delivery(access: Access) -> None:
    call = llm(running=True, gen_ai__usage__input_tokens=0, gen_ai__usage__output_tokens=0)
    send(access, call)
    assert the_trace(call["trace_id"]).end_ns is None
    start = call["start_time_unix_nano"]
    ended = llm(call["trace_id"], span_id=call["span_id"], start_ns=start)
    assert counts(send(access, ended)) == (0, 0, 1)

    trace, row = the_trace(call["trace_id"]), Span.objects.get()
    assert (trace.span_count, trace.call_count, trace.input_tokens) == (1, 1, 1000)
    assert row.flags & Flag.REVISED
    assert row.end_ns == start + SECOND
    assert raw_spans(access.project.pk, [row])[0].end_ns == row.end_ns
    assert counts(send(access, call)) == (0, 1, 0), "running again: late, not newer"


def test_an_agents_sum_of_its_calls_is_not_counted_again(access: Access) -> None:
    trace_id, agent_id = os.urandom(16), os.urandom(8)
    agent = span(
        trace_id,
        span_id=agent_id,
        gen_ai__operation__name="invoke_agent",
        gen_ai__usage__input_tokens=2000,
        gen_ai__usage__output_tokens=200,
    )
    send(access, llm(trace_id, parent=agent_id), llm(trace_id, parent=agent_id), agent)
    trace = the_trace(trace_id)
    assert (trace.input_tokens, trace.output_tokens) == (2000, 200)
    row = Span.objects.get(kind="agent")
    assert row.flags & Flag.NOT_COUNTED


def test_a_sum_that_comes_first_loses_its_count_when_its_calls_arrive(access: Access) -> None:
    trace_id, agent_id = os.urandom(16), os.urandom(8)
    agent = span(
        trace_id,
        span_id=agent_id,
        gen_ai__operation__name="invoke_agent",
        gen_ai__usage__input_tokens=1000,
        gen_ai__usage__output_tokens=100,
    )
    send(access, agent)
    assert the_trace(trace_id).input_tokens == 1000
    send(access, llm(trace_id, parent=agent_id))
    assert the_trace(trace_id).input_tokens == 1000
    assert Span.objects.get(kind="agent").flags & Flag.NOT_COUNTED


def test_one_provider_call_in_two_traces_counts_once(access: Access) -> None:
    gateway = llm(gen_ai__response__id="resp-1", name="gateway")
    client = llm(gen_ai__response__id="resp-1", name="client")
    send(access, gateway)
    send(access, client)
    totals = Trace.objects.values_list("input_tokens", flat=True)
    assert sorted(totals, key=lambda one: one or 0) == [None, 1000]
    assert Span.objects.filter(flags__gte=0).count() == 2


def test_projects_do_not_share_ids(access: Access, other_project: object) -> None:
    other = Access(other_project, access.permissions)  # type: ignore[arg-type]
    call = llm()
    assert counts(send(access, call)) == (1, 0, 0)
    assert counts(send(other, call)) == (1, 0, 0)
    assert set(Trace.objects.values_list("input_tokens", flat=True)) == {1000}


def test_the_same_span_id_in_two_traces_is_two_spans(access: Access) -> None:
    span_id = os.urandom(8)
    assert counts(send(access, llm(span_id=span_id), llm(span_id=span_id))) == (2, 0, 0)


def test_a_score_that_came_first_stands_in_the_summary(access: Access) -> None:
    call = llm()
    Score.objects.create(
        project=access.project,
        trace_id=UUID(bytes=call["trace_id"]),
        name="helpful",
        boolean=True,
        source="user",
    )
    send(access, call)
    assert the_trace(call["trace_id"]).scores == {"helpful": True}


def test_long_values_are_cut_in_columns_and_whole_in_the_payload(access: Access) -> None:
    call = llm(user__id="u" * 12_000, name="n" * 12_000)
    send(access, call)
    row = Span.objects.get()
    assert row.flags & Flag.TRUNCATED
    assert len(row.user_id or "") <= 500
    assert raw_spans(access.project.pk, [row])[0].attributes["user.id"] == "u" * 12_000


def test_cycles_and_self_parents_are_stored(access: Access) -> None:
    trace_id, a, b = os.urandom(16), os.urandom(8), os.urandom(8)
    send(
        access,
        llm(trace_id, span_id=a, parent=b),
        llm(trace_id, span_id=b, parent=a),
        llm(trace_id, span_id=b"selfself", parent=b"selfself"),
    )
    assert the_trace(trace_id).span_count == 3


def test_a_very_large_trace_grows_by_addition(
    access: Access, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(skeletons, "LIMIT", 3)
    trace_id = os.urandom(16)
    first = [llm(trace_id) for _ in range(4)]
    send(access, *first)
    assert counts(send(access, first[0], llm(trace_id))) == (1, 1, 0)
    trace = the_trace(trace_id)
    assert (trace.span_count, trace.input_tokens, trace.output_tokens) == (5, 5000, 500)


def test_old_spans_find_a_partition(access: Access) -> None:
    call = llm(start_ns=otlp.EARLIEST_NS + SECOND)
    assert counts(send(access, call)) == (1, 0, 0)
    assert counts(send(access, call)) == (0, 1, 0)
    assert Span.objects.get().start_ns == otlp.EARLIEST_NS + SECOND


@pytest.mark.django_db(transaction=True)
def test_the_same_spans_from_many_clients_at_once_are_stored_once(access: Access) -> None:
    trace_ids = [os.urandom(16) for _ in range(8)]
    spans = [llm(trace_id) for trace_id in trace_ids for _ in range(5)]

    def deliver(seed: int) -> int:
        rotated = spans[seed:] + spans[:seed]
        try:
            return sum(send(access, *rotated[i : i + 7]).stored for i in range(0, len(rotated), 7))
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        stored = sum(pool.map(deliver, range(8)))
    assert stored == Span.objects.count() == len(spans)
    assert set(Trace.objects.values_list("span_count", "input_tokens")) == {(5, 5000)}


def test_a_call_with_one_side_only_counts_in_the_total(access: Access) -> None:
    trace_id = os.urandom(16)
    counts_of = {"gen_ai__usage__input_tokens": 100, "gen_ai__usage__output_tokens": 10}
    send(access, llm(trace_id, **counts_of))
    one = llm(trace_id, gen_ai__usage__input_tokens=300)
    del one["attributes"]["gen_ai.usage.output_tokens"]
    send(access, one)
    trace = the_trace(trace_id)
    assert (trace.input_tokens, trace.output_tokens, trace.total_tokens) == (400, 10, 410)
    send(access, llm(trace_id, **counts_of))
    assert the_trace(trace_id).total_tokens == 520
