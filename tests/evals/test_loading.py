"""What evaluators read of many spans at once is what they read of each alone."""

from typing import Any

import pytest
from pytest import MonkeyPatch

from evals.services import loading
from sightglass.accounts.access import Access
from tests.evals.judging import chat, send
from tests.traces.sending import SECOND, span
from traces.models import Span, Trace
from traces.selectors import payloads

pytestmark = pytest.mark.django_db
START = 1_790_000_000 * SECOND


def found(trace: int, number: int, text: str) -> dict[str, Any]:
    """A retrieval of one document, before the trace's answer."""
    return span(
        bytes([trace] * 16), span_id=bytes([trace, number] * 4), name="search",
        start_ns=START + trace * 100 + number, openinference__span__kind="RETRIEVER",
        retrieval__documents__0__document__content=text,
    )  # fmt: skip


def answer(trace: int) -> dict[str, Any]:
    at = START + trace * 100 + 50
    return chat(trace_id=bytes([trace] * 16), span_id=bytes([trace, 99] * 4), start_ns=at)


def test_a_large_batch_leaves_no_trace_without_its_documents(
    access: Access, monkeypatch: MonkeyPatch
) -> None:
    monkeypatch.setattr(loading, "MAX_SOURCES", 2)
    monkeypatch.setattr(loading, "READ_AT_ONCE", 3)
    spans = []
    for trace in range(1, 6):
        spans += [found(trace, number, f"document {trace}-{number}") for number in (1, 2, 3)]
        spans.append(answer(trace))
    send(access, *spans)
    rows = list(Span.objects.filter(project=access.project, kind="llm"))
    together = loading.subjects_of(access.project.pk, rows)
    assert len(together) == 5
    for row in rows:
        number = row.trace_id.bytes[0]
        expected = (f"document {number}-1", f"document {number}-2")  # the first ones of each
        assert together[row.trace_id, row.span_id].contexts == expected
        alone = loading.subjects_of(access.project.pk, [row])
        assert alone[row.trace_id, row.span_id].contexts == expected


def test_originals_at_hand_are_not_read_again(access: Access, monkeypatch: MonkeyPatch) -> None:
    send(access, found(1, 1, "at hand"), found(1, 2, "stored"), answer(1))
    rows = list(Span.objects.filter(project=access.project).order_by("start_ns"))
    raws = dict(
        zip(
            ((row.trace_id, row.span_id) for row in rows),
            payloads.raw_spans(access.project.pk, rows),
            strict=True,
        )
    )
    del raws[rows[1].trace_id, rows[1].span_id]
    asked: list[int] = []
    really = payloads.raw_spans

    def counting(project_id: int, spans: Any) -> Any:
        asked.extend(span.span_id for span in spans)
        return really(project_id, spans)

    monkeypatch.setattr(payloads, "raw_spans", counting)
    subjects = loading.subjects_of(access.project.pk, rows[2:], raws)
    assert [one.contexts for one in subjects.values()] == [("at hand", "stored")]
    assert asked == [rows[1].span_id]


def test_traces_together_are_read_as_each_alone(
    access: Access, monkeypatch: MonkeyPatch, django_assert_max_num_queries: Any
) -> None:
    first, third = (span(bytes([n] * 16), name="step") for n in (101, 103))
    agent = span(bytes([102] * 16), name="agent", openinference__span__kind="AGENT")
    send(access, *(answer(trace) for trace in range(1, 6)), first, agent, third)
    second = chat("Second?", "Two.", trace_id=bytes([6] * 16), start_ns=START + 10**6)
    send(access, found(6, 1, "a document"), answer(6), second)
    send(access, found(7, 1, "nobody asked for"))
    ids = list(Trace.objects.filter(project=access.project).values_list("trace_id", flat=True))
    alone = {one: loading.subject_of_trace(access.project.pk, one) for one in ids}
    assert len(ids) == 10
    with django_assert_max_num_queries(5 + len(ids)):  # log records are asked for by trace
        together = loading.subjects_of_traces(access.project.pk, ids)
    assert together == alone
    monkeypatch.setattr(loading, "READ_AT_ONCE", 2)
    assert loading.subjects_of_traces(access.project.pk, ids) == alone
    assert loading.subjects_of_traces(access.project.pk + 1, ids) == {}
