"""`sightglass demo` against a live server: seen through the read API, as any client would."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from io import StringIO
from typing import Any

import httpx
import pytest
from django.core.management import CommandError, call_command
from django.db.models import TextField, Value
from django.db.models.functions import Concat
from pytest_django.fixtures import Settings
from pytest_django.live_server_helper import LiveServer

from sightglass.accounts.models import ApiKey, Project
from traces.models import Score

pytestmark = [pytest.mark.integration, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def http(live_server: LiveServer, api_key: str) -> Iterator[httpx.Client]:
    headers = {"Authorization": f"Bearer {api_key}"}
    with httpx.Client(base_url=live_server.url, headers=headers, timeout=60) as client:
        yield client


def demo(http: httpx.Client, **options: Any) -> dict[str, Any]:
    """Run the command; what it says."""
    said = StringIO()
    key = http.headers["Authorization"].removeprefix("Bearer ")
    told = {"url": str(http.base_url), "key": key, "traces_per_day": 30} | options
    call_command("demo", stdout=said, as_json=True, **told)
    answer: dict[str, Any] = json.loads(said.getvalue())
    return answer


def rows(http: httpx.Client, path: str, **asked: str) -> list[dict[str, Any]]:
    """All results of a list, page after page."""
    found: list[dict[str, Any]] = []
    asked["limit"] = "1000"
    while True:
        answer = http.get(path, params=asked)
        assert answer.status_code == 200, answer.text
        page = answer.json()
        found += page["results"]
        if page["next"] is None:
            return found
        asked["cursor"] = page["next"]


def share(traces: list[dict[str, Any]], day: str) -> float:
    """How many of the day's traces failed."""
    those = [one["status"] for one in traces if one["start_time"].startswith(day)]
    return those.count("error") / len(those)


def test_three_weeks_are_seen_whole(http: httpx.Client) -> None:
    said = demo(http, traces_per_day=90)
    traces = rows(http, "/api/v1/traces")
    assert len(traces) == said["traces"] > 1_000
    assert sum(one["span_count"] for one in traces) == said["spans"]
    assert len(rows(http, "/api/v1/scores")) == said["scores"]
    assert not [one["suspect_reasons"] for one in traces if one["suspect_reasons"]]
    bad_days_are_found(http, traces, said["bad_days"])
    traffic_is_varied(http, traces)


def test_told_again_it_changes_nothing(http: httpx.Client) -> None:
    def seen() -> list[bytes]:
        paths = ("traces", "spans", "sessions", "users", "scores")
        return [http.get(f"/api/v1/{path}", params={"limit": 1000}).content for path in paths]

    demo(http, days=3)
    once = seen()
    assert len(once[0]) > 10_000
    demo(http, days=3)
    assert seen() == once


def test_told_again_over_an_older_demo_no_score_is_there_twice(http: httpx.Client) -> None:
    """Which sent what was said of a session without a trace."""
    demo(http, days=8)
    once = http.get("/api/v1/scores", params={"limit": 1000}).content
    of_sessions = Score.objects.filter(name="csat")
    external = Concat(Value("demo-"), "session_id", Value("-csat"), output_field=TextField())
    assert of_sessions.update(trace_id=None, external_id=external)
    demo(http, days=8)
    assert http.get("/api/v1/scores", params={"limit": 1000}).content == once


def bad_days_are_found(
    http: httpx.Client, traces: list[dict[str, Any]], named: list[dict[str, str]]
) -> None:
    today = datetime.now(UTC).date().isoformat()  # its trouble may still be ahead
    days = {one["trouble"]: one["date"] for one in named if one["date"] != today}
    if "outage" in days:
        assert share(traces, days["outage"]) > 0.05
    if "cost spike" in days:
        dearest = max(traces, key=lambda one: float(one["cost"]["total"] or 0))
        assert dearest["start_time"][:10] == days["cost spike"]
    bad = {one["date"] for one in named if one["trouble"] == "quality drop"}
    unhappy = rows(http, "/api/v1/traces", q="score.thumbs:false")
    assert {one["start_time"][:10] for one in unhappy} & bad
    if "injection attempt" in days:
        blocked = rows(http, "/api/v1/traces", q="tag:blocked")
        assert {one["start_time"][:10] for one in blocked} == {days["injection attempt"]}


def traffic_is_varied(http: httpx.Client, traces: list[dict[str, Any]]) -> None:
    for field, least in (("user_id", 50), ("release", 2), ("input_preview", 250)):
        assert len({one[field] for one in traces}) >= least, field
    assert {one["environment"] for one in traces} == {"production", "staging"}
    assert len({model for one in traces for model in one["models"]}) >= 7
    kinds = {kind for one in traces for kind in one["kinds"]}
    assert kinds == {
        *("agent", "chain", "embedding", "guardrail"),
        *("llm", "reranker", "retriever", "tool"),
    }
    [talk] = rows(http, "/api/v1/sessions", q=f'session:"{longest_session(traces)}"')
    assert talk["trace_count"] >= 3
    calls = rows(http, "/api/v1/spans", q="kind:llm -status:error")
    assert all(one["cost"]["source"] == "priced" for one in calls)
    assert any(one["usage"]["cache_read_tokens"] for one in calls)
    assert any(one["usage"]["reasoning_tokens"] for one in calls)


def longest_session(traces: list[dict[str, Any]]) -> str:
    ids = [one["session_id"] for one in traces]
    return str(max(ids, key=ids.count))


def test_it_makes_a_key_of_its_own(
    http: httpx.Client, project: Project, settings: Settings
) -> None:
    settings.FIRST_API_KEY = ""
    said = demo(http, key=None, project=project.slug, days=1, traces_per_day=60)
    assert len(rows(http, "/api/v1/traces")) == said["traces"]
    [made] = ApiKey.objects.filter(name="demo")
    assert (made.scopes, made.project) == (["ingest"], project)
    assert made.expires_at is not None


def test_it_says_what_is_wrong(http: httpx.Client, project: Project) -> None:
    with pytest.raises(CommandError, match="Is `sightglass up` running"):
        demo(http, url="http://127.0.0.1:9", days=2)
    with pytest.raises(CommandError, match="401"):
        demo(http, key="sg_wrong", days=2)
    with pytest.raises(CommandError, match="no project 'nowhere'"):
        demo(http, key=None, project="nowhere")
