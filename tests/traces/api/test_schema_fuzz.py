"""The described API, driven by its own description: no 5xx, and no answer it does not describe."""

from __future__ import annotations

from typing import Any
from unittest import mock

import pytest
import schemathesis
from django.test import Client

from tests import fuzzing

ON_THEIR_OWN = ("/api/v1/review/", "/api/v1/datasets", "/api/v1/truth/")
"""Driven by tests of their own, on objects that are there."""
KNOWN = {
    "/api/v1/metrics", "/api/v1/traces", "/api/v1/traces/{trace_id}", "/api/v1/spans",
    "/api/v1/spans/{trace_id}/{span_id}", "/api/v1/sessions", "/api/v1/users", "/api/v1/scores",
    "/api/v1/prices", "/api/v1/prices/{id}", "/api/v1/reprice", "/v1/traces",
    "/api/public/otel/v1/traces", "/v1/logs", "/v1/metrics",
}  # fmt: skip


@schemathesis.serializer("application/x-protobuf")
def protobuf(_: Any, value: Any) -> bytes:
    """What is generated is a text: as bytes, a body that mostly is no protobuf."""
    return value if isinstance(value, bytes) else str(value).encode()


@pytest.mark.django_db
def test_the_schema_is_openapi_3_1(client: Client) -> None:
    with mock.patch("drf_spectacular.drainage.GENERATOR_STATS.emit") as told:
        document = client.get("/api/schema/").json()
    assert told.call_args_list == [], "names that were made up, types that were guessed"
    assert document["openapi"].startswith("3.1")
    assert set(document["paths"]) >= KNOWN


@pytest.mark.django_db(transaction=True)  # the server closes its connections
def test_no_answer_is_off_the_schema(api_key: str) -> None:
    operations = fuzzing.operations()
    assert {operation.path for operation in operations} >= KNOWN
    here = [one for one in operations if not one.path.startswith(ON_THEIR_OWN)]
    assert len(here) > 70
    assert fuzzing.driven(here, api_key, examples=30) == {}
