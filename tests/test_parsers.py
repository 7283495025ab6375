"""Bodies that no view is to see: each JSON route answers 400, none 500."""

import json
import re
from typing import Any

import pytest
from django.test import Client

pytestmark = pytest.mark.django_db
ROUTES = ["scores", "evaluators", "evaluators/try", "connections", "prices", "reprice"]
BODIES = {
    "lists": b"[" * 100_000,
    "objects": b'{"a":' * 100_000,
    "escaped": b'{"\\u0061":' * 100_000,
    "closed": b"[" * 100 + b"]" * 100,
    "deep inside": b'{"config": ' + b"[" * 500 + b"]" * 500 + b"}",
    "nothing": b"",
    "half a pair": b'{"name": "\\ud800"}',
    "half a pair as a name": b'{"config": {"\\udfff": 1}}',
    "nul": b'{"config": {"detector": "\\u0000"}}',
    "infinite": b'{"value": 1e999, "threshold": -1e999}',
    "nan": b'{"value": NaN}',
    "digits": b'{"value": ' + b"9" * 10_000 + b"}",
    "no utf-8": b'{"name": "\xff"}',
    "text": b'"\\ud800"',
    "a name twice": b'{"config": {"a": 1, "a": 1}}',
}


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)
@pytest.mark.parametrize("route", ROUTES)
def test_no_json_route_falls_over(client: Client, api_key: str, route: str, body: bytes) -> None:
    answer = client.post(
        f"/api/v1/{route}",
        body,
        content_type="application/json",
        headers={"Authorization": f"Bearer {api_key}"},
    )

    assert answer.status_code == 400, answer.content
    assert answer["Content-Type"] == "application/problem+json"


@pytest.mark.parametrize("field", ["value", "name", "comment", "id", "session_id", "source"])
@pytest.mark.parametrize("text", ["\ud800", "a\udc00b", "a\0b"])
def test_the_place_is_told(client: Client, api_key: str, field: str, text: str) -> None:
    score: dict[str, Any] = {"trace_id": "ab" * 16, "name": "a", "value": 1, "source": "user"}
    answer = client.post(
        "/api/v1/scores",
        json.dumps([score, score | {field: text}]),
        content_type="application/json",
        headers={"Authorization": f"Bearer {api_key}"},
    )

    assert answer.status_code == 400
    assert [error["pointer"] for error in answer.json()["errors"]] == [f"/1/{field}"]


@pytest.mark.parametrize("path", ["/api/v1/spans", "/v1/traces", "/v1/logs", "/v1/metrics"])
@pytest.mark.parametrize("name", ["lists", "objects", "closed", "nan", "digits", "escaped"])
def test_ingest_reads_by_its_own_rules_and_holds(
    client: Client, api_key: str, path: str, name: str
) -> None:
    """Its clients may send half pairs; see tests of ingest."""
    answer = client.post(
        path,
        BODIES[name],
        content_type="application/json",
        headers={"Authorization": f"Bearer {api_key}"},
    )

    assert answer.status_code == 400, answer.content


def test_a_name_that_is_there_twice_is_told(client: Client, api_key: str) -> None:
    answer = client.post(
        "/api/v1/scores",
        b'{"trace_id": "' + b"ab" * 16 + b'", "name": "a", "value": 1, "value": 0}',
        content_type="application/json",
        headers={"Authorization": f"Bearer {api_key}"},
    )

    assert answer.status_code == 400
    assert answer.json()["detail"] == "The name 'value' is there twice in one object."


def bodiless(client: Client) -> list[str]:
    """Paths of POSTs that take no body, by the API's own description."""
    paths = client.get("/api/schema/").json()["paths"]
    return [
        path for path, one in paths.items() if "post" in one and "requestBody" not in one["post"]
    ]


def test_what_takes_no_body_says_so(client: Client, api_key: str) -> None:
    paths = bodiless(client)
    assert len(paths) > 10
    for path in paths:
        answers = [
            client.post(
                re.sub(r"{\w+}", "1", path),
                json.dumps(body),
                content_type="application/json",
                headers={"Authorization": f"Bearer {api_key}"},
            )
            for body in ({"strange": 1}, [1], {})
        ]
        assert [answer.status_code for answer in answers[:2]] == [400, 400], path
        assert answers[0].json()["errors"] == [
            {"pointer": "/strange", "detail": "There is no such field."}
        ], path
        assert answers[2].status_code in (202, 404), path
