"""`GET /api/v1/metrics`: what it says, in which shape, and what it refuses."""

from __future__ import annotations

import time
from typing import Any

import pytest
from django.test import Client

from sightglass.accounts.access import Access
from tests.traces.sending import SECOND, decoded, llm, span
from traces.services import rolling
from traces.services.ingest import store_spans

pytestmark = pytest.mark.django_db
DAY = 86_400 * SECOND
NOON = time.time_ns() // DAY * DAY - DAY + DAY // 2


@pytest.fixture
def read(client: Client, api_key: str) -> Any:
    def get(status: int = 200, **parameters: Any) -> Any:
        usual = {"start": str(NOON - DAY), "end": str(NOON + DAY)}
        answer = client.get(
            "/api/v1/metrics",
            usual | parameters,
            headers={"Authorization": f"Bearer {api_key}"},
        )
        assert answer.status_code == status, answer.content
        return answer.json()

    return get


def calls(access: Access) -> None:
    """Ten calls of 0.1 to 1 s, two of them failed, of two models and users."""
    for i in range(1, 11):
        call = llm(
            start_ns=NOON + i * 60 * SECOND,
            end_ns=NOON + i * 60 * SECOND + i * 10**8,
            gen_ai__response__model=["gpt-4o-2024-08-06", "gpt-4o-mini"][i % 2],
            user__id=["ana", "ben"][i % 2],
            gen_ai__server__time_to_first_token=0.05,
            error="no" if i > 8 else None,
        )
        store_spans(access, decoded(call))


def only(answer: Any) -> dict[str, Any]:
    """The one point that has something in it."""
    (series,) = answer["series"]
    (point,) = [one for one in series["points"] if one["count"]]
    found: dict[str, Any] = point
    return found


@pytest.mark.parametrize("is_rolled", [False, True])
def test_each_metric_says_what_the_spans_do(access: Access, read: Any, is_rolled: bool) -> None:
    calls(access)
    if is_rolled:
        rolling.run(60)
    assert only(read(metric="spans"))["value"] == 10
    assert only(read(metric="traces"))["value"] == 10
    assert only(read(metric="errors"))["value"] == 2
    rate = only(read(metric="error_rate"))
    assert (rate["value"], rate["count"]) == (0.2, 10)
    assert rate["low"] == pytest.approx(0.0567, abs=1e-4)  # Wilson: 2 of 10
    assert rate["high"] == pytest.approx(0.5098, abs=1e-4)
    # 5 calls of gpt-4o at 2.50 and 10 $ per million, 5 of gpt-4o-mini at 0.15 and 0.60 $
    assert only(read(metric="cost"))["value"] == "0.01855"
    assert only(read(metric="input_tokens"))["value"] == 10_000
    assert only(read(metric="output_tokens"))["value"] == 1_000
    for share, wanted in (("p50", 500), ("p90", 900), ("p95", 900), ("p99", 900)):
        found = only(read(metric=f"latency_{share}"))["value"]
        assert found == pytest.approx(wanted, rel=0.011)
    first = only(read(metric="time_to_first_token_p50"))["value"]
    assert first == pytest.approx(50, rel=0.011)


def test_groups_add_up_to_the_whole(access: Access, read: Any) -> None:
    calls(access)
    for name in ("model", "provider", "name", "kind", "user_id", "environment", "release",
                 "prompt", "tag"):  # fmt: skip
        series = read(metric="input_tokens", group_by=name)["series"]
        points = [point["value"] for one in series for point in one["points"]]
        assert sum(points) == 10_000, name
    by_user = read(metric="spans", group_by="user_id")["series"]
    assert [one["group"] for one in by_user] == ["ana", "ben"]
    by_model = read(metric="cost", group_by="model")["series"]
    assert [one["group"] for one in by_model] == ["gpt-4o-2024-08-06", "gpt-4o-mini"]


def test_every_step_of_the_range_is_there(access: Access, read: Any) -> None:
    calls(access)
    hours = read(metric="spans", interval="hour")["series"][0]["points"]
    assert len(hours) == 48
    assert sum(one["value"] for one in hours) == 10
    midnight = time.strftime("%Y-%m-%dT00:00:00.000000Z", time.gmtime((NOON - DAY) // SECOND))
    days = read(metric="latency_p50", interval="day")["series"][0]["points"]
    assert [one["value"] is None for one in days] == [True, False, True]
    assert days[0]["time"] == midnight
    assert read(metric="cost")["series"][0]["points"][0]["value"] == "0"


def test_without_anything_there_is_an_empty_series(read: Any) -> None:
    answer = read(metric="traces")
    assert [one["value"] for one in answer["series"][0]["points"]] == [0, 0, 0]
    assert read(metric="traces", group_by="model")["series"] == []


def test_scores_have_means_rates_and_intervals(
    access: Access, read: Any, client: Client, api_key: str
) -> None:
    trace_id = bytes(range(16))
    store_spans(access, decoded(llm(trace_id, start_ns=NOON, end_ns=NOON + SECOND)))
    given = (
        [
            {"trace_id": trace_id.hex(), "name": "helpful", "value": i < 8, "source": "user"}
            for i in range(10)
        ]
        + [
            {"trace_id": trace_id.hex(), "name": "stars", "value": stars, "source": "human"}
            for stars in (1, 2, 3, 4, 5)
        ]
        + [{"trace_id": trace_id.hex(), "name": "outcome", "value": "refund", "source": "human"}]
    )
    answer = client.post(
        "/api/v1/scores",
        given,
        content_type="application/json",
        headers={"Authorization": f"Bearer {api_key}"},
    )
    assert answer.status_code == 201
    for _ in range(2):
        rate = only(read(metric="score:helpful"))
        assert (rate["value"], rate["count"]) == (0.8, 10)
        assert rate["low"] == pytest.approx(0.4902, abs=1e-4)
        mean = only(read(metric="score:stars"))
        assert (mean["value"], mean["count"]) == (3, 5)
        assert mean["low"] < 2 < 4 < mean["high"]
        words = only(read(metric="score:outcome"))
        assert (words["value"], words["count"]) == (None, 1)  # words have no mean
        by_model = read(metric="score:stars", group_by="model")["series"]
        assert [one["group"] for one in by_model] == ["gpt-4o-2024-08-06"]
        rolling.run(60)


def test_what_spans_inherit_from_their_trace_counts(access: Access, read: Any) -> None:
    trace_id, root = bytes([7] * 16), bytes([7] * 8)
    head = span(
        trace_id, span_id=root, start_ns=NOON, user__id="ana",
        deployment__environment__name="staging",
    )  # fmt: skip
    store_spans(access, decoded(llm(trace_id, parent=root, start_ns=NOON + 1)))
    store_spans(access, decoded(head))
    for _ in range(2):
        series = read(metric="input_tokens", group_by="user_id")["series"]
        assert [one["group"] for one in series] == ["ana"]
        assert only(read(metric="input_tokens", q="environment:staging"))["value"] == 1000
        rolling.run(60)


@pytest.mark.parametrize(
    ("parameters", "pointer"),
    [
        ({"metric": "nonsense"}, "/metric"),
        ({}, "/metric"),
        ({"metric": "score:"}, "/metric"),
        ({"metric": "cost", "group_by": "password"}, "/group_by"),
        ({"metric": "cost", "group_by": "category"}, "/group_by"),
        ({"metric": "cost", "interval": "year"}, "/interval"),
        ({"metric": "cost", "interval": "hour", "start": "2020-01-01T00:00:00Z"}, "/interval"),
        ({"metric": "cost", "start": "yesterday"}, "/start"),
        ({"metric": "cost", "start": str(NOON + 2 * DAY)}, "/start"),
        ({"metric": "cost", "q": "colour:red"}, "/q"),
        ({"metric": "cost", "limit": "0"}, "/limit"),
        ({"metric": "cost", "page": "2"}, "/page"),
    ],
)
def test_a_wrong_parameter_is_named(read: Any, parameters: dict[str, str], pointer: str) -> None:
    answer = read(400, **parameters)
    assert answer["errors"][0]["pointer"] == pointer


def test_without_a_range_it_is_the_last_thirty_days(
    access: Access, client: Client, api_key: str
) -> None:
    calls(access)
    answer = client.get(
        "/api/v1/metrics?metric=spans", headers={"Authorization": f"Bearer {api_key}"}
    ).json()
    assert answer["interval"] == "day"
    points = answer["series"][0]["points"]
    assert len(points) == 31
    assert sum(one["value"] for one in points) == 10
