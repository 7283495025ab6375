"""Filters of calls: what is said of a call's trace is said of it, whatever the way of finding."""

from __future__ import annotations

import os
from typing import Any
from uuid import UUID

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from evals.vectors.fields import Field
from evals.vectors.selectors import filters
from evals.vectors.selectors.searching import By, search, similar
from evals.vectors.services import storing
from sightglass.accounts.access import Access
from sightglass.accounts.models import Project
from tests.evals.judging import chat
from tests.evals.truth.labelled import SPAN
from tests.evals.vectors.speaking import NOW, WHOLE, call
from tests.traces.sending import SECOND, decoded, span
from traces.models import Score
from traces.query import parse
from traces.selectors.paging import TimeRange, TooSlow
from traces.services import indexing, partitions
from traces.services.ingest import store_spans
from traces.services.scores import Given, store

pytestmark = pytest.mark.django_db
START = NOW - 3600 * SECOND
ANN, BEN, ZOE = "Where is my parcel?", "The parcel came broken", "Send another parcel to Zoe"
OF_ANN = {
    "user__id": "ann",
    "session__id": "s-1",
    "langfuse__release": "1.4",
    "langfuse__environment": "staging",
    "tag__tags": ["beta"],
    "metadata": '{"plan": "gold"}',
}
OF_BEN = {"user__id": "ben", "session__id": "s-2"}
OF_ANN_ALONE = (
    "user:ann", "user:a*", "session:s-1", "tag:beta", "metadata.plan:gold", "release:1.4",
    "environment:staging", "user:ann tag:beta", "user:ann kind:llm", "user:ann OR tag:none",
    "score.helpful:true",
)  # fmt: skip
QUERIES: dict[str, set[str]] = {
    **{q: {ANN} for q in OF_ANN_ALONE},
    "user:ann,zoe": {ANN, ZOE}, "NOT user:ben": {ANN, ZOE}, "user:* -user:ben": {ANN, ZOE},
    "user:zoe": {ZOE}, "user:ben": {BEN}, "session:s-2": {BEN, ZOE}, "session:s-2 user:zoe": {ZOE},
    "user:nobody": set(), "user:ann kind:tool": set(),
}  # fmt: skip
"""What each finds."""


def rooted(access: Access, asked: str, at: int, root: dict[str, Any], **own: Any) -> UUID:
    """A trace whose root says whose it is, and a call below it that says nothing but `own`."""
    trace_id, top = os.urandom(16), os.urandom(8)
    store_spans(access, decoded(
        span(trace_id, span_id=top, name="answer", start_ns=at, **root),
        chat(asked, "On its way.", trace_id=trace_id, span_id=SPAN, parent=top,
             start_ns=at + SECOND, **own),
    ))  # fmt: skip
    return UUID(bytes=trace_id)


@pytest.fixture
def traces(access: Access) -> tuple[UUID, UUID, UUID]:
    """Ann's, whose root alone says so, with an opinion of the trace; Ben's; and Ben's with a call
    of Zoe."""
    ann = rooted(access, ANN, START, OF_ANN)
    ben = rooted(access, BEN, START + 10 * SECOND, OF_BEN)
    zoe = rooted(access, ZOE, START + 20 * SECOND, OF_BEN, user__id="zoe")
    indexing.run(30)
    storing.run(30)
    store(access, [Given(name="helpful", value=True, source="human", trace_id=ann)])
    assert Score.objects.get().span_id is None
    assert call(access, ann).user_id is None, "what is tested here is that only the root says it"
    return ann, ben, zoe


@pytest.mark.parametrize("by", list(By))
@pytest.mark.parametrize("most_exact", [0, 5_000])
def test_whose_a_call_is_may_stand_on_the_root_alone(
    access: Access,
    traces: tuple[UUID, UUID, UUID],
    by: By,
    most_exact: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(filters, "MOST_EXACT", most_exact)
    for q, wanted in QUERIES.items():
        hits = search(access.project.pk, "parcel", by, query=parse(q), range=WHOLE).hits
        assert {one.span.input_preview for one in hits} == wanted, q


def test_calls_like_one_are_filtered_alike(access: Access, traces: tuple[UUID, UUID, UUID]) -> None:
    ann, ben, _ = traces
    like = similar(call(access, ben), Field.OUTPUT, query=parse("user:ann"), range=WHOLE)
    assert like.hits == [] and like.same == 1, "Ann's says the same"
    assert similar(call(access, ann), Field.OUTPUT, query=parse("user:ann"), range=WHOLE).same == 0


def test_the_range_holds_for_calls_not_for_their_traces(
    access: Access, traces: tuple[UUID, UUID, UUID]
) -> None:
    def calls(low: int, high: int) -> list[filters.Call] | None:
        among = filters.listed(access.project.pk, parse("user:ann"), TimeRange(low, high))
        return among.calls if among else None

    assert [one[2] for one in calls(START + SECOND, START + 2 * SECOND) or []] == [START + SECOND]
    assert calls(START - SECOND, START + SECOND) == [], "the root is in it, the call is not"
    assert calls(START + 2 * SECOND, NOW) == []


def test_what_calls_say_themselves_is_looked_for_a_while(
    access: Access, traces: tuple[UUID, UUID, UUID], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without it, what is found by traces is listed; where that is nothing, the search says so."""
    slow = filters.MATCHING.replace("{more}", "{more} AND (SELECT pg_sleep(1)) IS NOT NULL", 1)
    monkeypatch.setattr(filters, "MATCHING", slow)
    monkeypatch.setattr(filters, "OWN_MS", 50)
    monkeypatch.setattr(filters, "_of_these", lambda made, traces, *_: [(traces[0][0], 1, 2)])
    among = filters.listed(access.project.pk, parse("user:ann"), WHOLE)
    assert among is not None and among.calls == [(traces[0], 1, 2)]
    monkeypatch.setattr(filters, "READ_LIMIT_MS", 50)
    monkeypatch.setattr(filters, "_of_these", lambda *_: [])
    with pytest.raises(TooSlow):
        filters.listed(access.project.pk, parse("user:zoe"), WHOLE)


def test_nothing_of_another_project(
    access: Access, other_project: Project, traces: tuple[UUID, UUID, UUID]
) -> None:
    among = filters.listed(other_project.pk, parse("user:ann"), WHOLE)
    assert among is not None and among.calls == []


def test_what_the_call_says_itself_needs_no_trace() -> None:
    for q in ("model:gpt-4o", "kind:llm status:error"):
        made = filters.filter_of(parse(q))
        assert made is not None and "traces_trace" not in made.sql
    assert filters.filter_of(parse("")) is None
    joined = filters.filter_of(parse("model:gpt-4o (status:error OR NOT user:ann)"))
    assert joined is not None and "traces_trace" in joined.sql


MANY_TRACES = """
INSERT INTO traces_trace (project_id, trace_id, name, start_ns, last_start_ns, end_ns, status,
    span_count, error_count, call_count, tags, metadata, models, providers, kinds, prompts,
    cost_source, flags, suspect_reasons, scores, received_at, updated_at, user_id)
SELECT %s, md5(i::text)::uuid, 'answer', %s + i, %s + i, %s + i, 'ok', 1, 0, 1, '{}', '{}',
    '{gpt}', '{}', '{llm}', '{}', 'priced', 0, '{}', '{}', now(), now(), 'user' || i %% 1000
FROM generate_series(1, %s) i"""
MANY_SPANS = """
INSERT INTO traces_span (project_id, trace_id, span_id, start_ns, received_at, block_id, block_pos,
    flags, kind, status, cost_source, name)
SELECT %s, md5(i::text)::uuid, 1, %s + i, now(), 1, 0, 0, 'llm', 'ok', 'priced', 'chat'
FROM generate_series(1, %s) i"""


def test_traces_of_a_user_are_found_by_an_index(access: Access) -> None:
    week = partitions.week_of(START)
    partitions.create(week)
    with connection.cursor() as cursor:
        cursor.execute(MANY_TRACES, [access.project.pk, START, START, START, 20_000])
        cursor.execute(MANY_SPANS, [access.project.pk, START, 20_000])
        cursor.execute("ANALYZE traces_trace")
        cursor.execute("ANALYZE traces_span")
        with CaptureQueriesContext(connection) as seen:
            among = filters.listed(access.project.pk, parse("user:user7"), WHOLE)
        assert among is not None and among.calls is not None and len(among.calls) == 20
        traces, calls = (
            next(one["sql"] for one in seen.captured_queries if part in one["sql"])
            for part in ("FROM traces_trace", "unnest")
        )
        for sql, index in ((traces, "trace_user"), (calls, "pkey")):
            cursor.execute(f"EXPLAIN {sql}")
            plan = "\n".join(row[0] for row in cursor.fetchall())
            assert index in plan and "Seq Scan on traces_trace" not in plan
        assert f"Seq Scan on traces_span_w{week}" not in plan, "other tests' weeks are empty"
