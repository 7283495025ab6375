"""Traces with repeated calls, the dearest first."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest

from sightglass.accounts.access import Access
from sightglass.accounts.models import Project
from tests.traces.sending import SECOND, decoded, llm
from traces.selectors.paging import TimeRange
from traces.selectors.repeats import repeats
from traces.selectors.search import parse
from traces.services import indexing
from traces.services.ingest import store_spans

pytestmark = pytest.mark.django_db

NOW = time.time_ns() - 3600 * SECOND
TODAY = TimeRange(NOW - 3600 * SECOND, NOW + 3600 * SECOND)


def asked(trace: int, at: int, text: str, **more: Any) -> dict[str, Any]:
    said = json.dumps([{"role": "user", "content": text}])
    start = NOW + at * SECOND
    return llm(bytes([trace]) * 16, start_ns=start, gen_ai__input__messages=said, **more)


@pytest.fixture
def traffic(access: Access) -> Access:
    calls = [asked(1, at, "the same") for at in range(5)]
    calls += [asked(2, at, f"question {at % 2}", user__id="alice") for at in range(4)]
    calls += [asked(3, at, f"another {at}") for at in range(4)]
    calls += [asked(4, at, "dear", gen_ai__usage__input_tokens=90_000) for at in range(2)]
    store_spans(access, decoded(*calls))
    indexing.run(30)
    return access


def test_the_dearest_repeats_come_first(traffic: Access) -> None:
    found = repeats(traffic, range=TODAY)
    assert [one.trace.trace_id.bytes[0] for one in found] == [4, 1, 2]
    assert [(one.calls, one.prompts) for one in found] == [(1, 1), (4, 1), (2, 2)]
    assert found[0].cost > found[1].cost > found[2].cost > 0
    assert [one.most_in_a_row for one in found] == [1, 4, 1]
    assert [one.trace.trace_id.bytes[0] for one in repeats(traffic, range=TODAY, most=1)] == [4]


def test_only_the_range_and_what_the_filter_leaves(traffic: Access) -> None:
    found = repeats(traffic, range=TODAY, query=parse("user:alice"))
    assert [one.trace.trace_id.bytes[0] for one in found] == [2]
    assert repeats(traffic, range=TimeRange(0, NOW)) == []
    assert len(repeats(traffic, range=TimeRange(NOW + 2 * SECOND, None))) == 2


def test_calls_without_a_price_are_told_apart(access: Access) -> None:
    unknown = {"gen_ai__request__model": "our-own", "gen_ai__response__model": "our-own"}
    calls = [asked(1, at, "the same", **unknown) for at in range(3)]
    store_spans(access, decoded(*calls))
    indexing.run(30)
    [one] = repeats(access, range=TODAY)
    assert (one.calls, one.cost, one.unpriced) == (2, 0, 2)


def test_another_projects_repeats_are_not_found(traffic: Access, other_project: Project) -> None:
    rival = Access(other_project, traffic.permissions)
    assert repeats(rival, range=TODAY) == []
