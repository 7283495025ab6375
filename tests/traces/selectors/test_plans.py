"""The main lists are answered from an index, with enough rows that Postgres has a choice."""

import pytest
from django.db import connection
from django.db.models import BigIntegerField, F, Value
from django.db.models.functions import Coalesce

from sightglass.accounts.access import Access
from sightglass.accounts.models import Project
from tests.traces.selectors.rows import NOON
from traces.query import parse
from traces.selectors import runaways
from traces.selectors.facets import FACET_ROWS, newest
from traces.selectors.paging import TimeRange
from traces.selectors.search import matching_spans, matching_traces
from traces.services import partitions

pytestmark = pytest.mark.django_db
ROWS = 20_000
WEEK = partitions.week_of(NOON)

TRACES = """
INSERT INTO traces_trace (project_id, trace_id, name, start_ns, last_start_ns, end_ns, status,
    span_count, error_count, call_count, tags, metadata, models, providers, kinds, prompts,
    cost_source, flags, suspect_reasons, scores, received_at, updated_at, cost_total, user_id)
SELECT %s, md5(i::text)::uuid, 'answer', %s + i * 1000000::int8, %s + i * 1000000::int8,
    %s + i * 1000000::int8 + i,
    'ok', 1, 0, 1, '{}', '{}', '{gpt}', '{}', '{llm}', '{}', 'priced', 0, '{}', '{}', now(), now(),
    i, 'user' || i %% 100
FROM generate_series(1, %s) i
"""
SPANS = """
INSERT INTO traces_span (project_id, trace_id, span_id, start_ns, received_at, block_id, block_pos,
    flags, kind, status, cost_source, name, model)
SELECT %s, md5(i::text)::uuid, 1, %s + i * 1000000::int8, now(), 1, 0, 0, 'llm', 'ok', 'priced',
    'chat', 'model-' || i %% 2000
FROM generate_series(1, %s) i
"""


@pytest.fixture(autouse=True)
def many(project: Project) -> None:
    partitions.create(partitions.week_of(NOON))
    with connection.cursor() as cursor:
        cursor.execute(TRACES, [project.pk, NOON, NOON, NOON, ROWS])
        cursor.execute(SPANS, [project.pk, NOON, ROWS])
        cursor.execute("ANALYZE traces_trace")
        cursor.execute("ANALYZE traces_span")


def test_newest_traces(access: Access) -> None:
    rows = matching_traces(access, parse(""), TimeRange()).order_by("-start_ns", "-trace_id")
    assert "trace_newest" in rows[:51].explain()


def test_most_expensive_traces(access: Access) -> None:
    known = Coalesce(F("cost_total"), Value(-1), output_field=BigIntegerField())
    rows = matching_traces(access, parse(""), TimeRange()).annotate(sort_cost=known)
    plan = rows.order_by("-sort_cost", "-trace_id")[:51].explain()
    assert "traces_trace_by_cost" in plan
    assert "Sort" not in plan


@pytest.mark.parametrize(
    ("q", "index"),
    [("user:user7", "trace_user"), ("cost:>19990", ""), ("trace:" + "0" * 32, "pkey")],
)
def test_filters_of_traces(access: Access, q: str, index: str) -> None:
    rows = matching_traces(access, parse(q), TimeRange()).order_by("-start_ns", "-trace_id")
    plan = rows[:51].explain()
    assert index in plan
    assert "Seq Scan" not in plan


def test_lists_of_spans_open_only_the_weeks_of_the_range(access: Access) -> None:
    partitions.create(partitions.week_of(NOON) - 1)
    rows = matching_spans(access, parse(""), TimeRange(NOON, NOON + 10**9))
    plan = rows.order_by("-start_ns", "-trace_id", "-span_id")[:51].explain()
    assert f"traces_span_w{partitions.week_of(NOON)}" in plan
    assert f"traces_span_w{partitions.week_of(NOON) - 1}" not in plan
    assert "Seq Scan" not in plan


def test_a_rare_model_of_spans(access: Access) -> None:
    rows = matching_spans(access, parse("model:model-7"), TimeRange())
    plan = rows.order_by("-start_ns", "-trace_id", "-span_id")[:51].explain()
    assert "model" in plan
    assert f"Seq Scan on traces_span_w{partitions.week_of(NOON)}" not in plan


def test_what_is_counted_beside_spans_is_the_newest_of_an_index(access: Access) -> None:
    rows = newest(access, parse("kind:llm"), TimeRange(), spans=True)
    plan = rows.values_list("kind")[: FACET_ROWS + 1].explain()
    assert "start_ns_idx" in plan
    assert "Sort Method" not in plan and f"Seq Scan on traces_span_w{WEEK}" not in plan


def test_traces_that_ran_away_are_among_those_of_many_calls(access: Access) -> None:
    with connection.cursor() as cursor:
        cursor.execute("UPDATE traces_trace SET call_count = 30 WHERE cost_total % 1000 = 0")
        cursor.execute("ANALYZE traces_trace")
        cursor.execute(
            "EXPLAIN " + runaways.FOUND,
            {"project": access.project.pk, "low": NOON, "high": NOON + 10**15, "names": ["answer"],
             "limits": [12]},
        )  # fmt: skip
        plan = "\n".join(row[0] for row in cursor.fetchall())
    assert "traces_trace_many_calls" in plan
