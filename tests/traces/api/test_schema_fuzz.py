"""The described API, driven by its own description: no 5xx, and no answer it does not describe."""

from __future__ import annotations

from typing import Any

import pytest
import schemathesis
from django.test import Client
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.failures import Failure
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from sightglass.wsgi import application

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]
BOUNDED = settings(
    max_examples=30,
    deadline=None,
    phases=(Phase.explicit, Phase.generate),
    suppress_health_check=list(HealthCheck),
    database=None,
    derandomize=True,
)
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
    document = client.get("/api/schema/").json()
    assert document["openapi"].startswith("3.1")
    assert set(document["paths"]) >= KNOWN


@pytest.mark.django_db(transaction=True)  # the server closes its connections
def test_no_answer_is_off_the_schema(api_key: str) -> None:
    schema = schemathesis.openapi.from_wsgi("/api/schema/", application)
    operations = [result.ok() for result in schema.get_all_operations()]  # type: ignore[union-attr]
    assert {operation.path for operation in operations} >= KNOWN
    wrong = {}
    for operation in operations:
        cases = operation.as_strategy(GenerationMode.POSITIVE)
        if operation.body or operation.query or operation.path_parameters:
            cases |= operation.as_strategy(GenerationMode.NEGATIVE)

        @given(case=cases)
        @BOUNDED
        def send(case: schemathesis.Case[Any]) -> None:
            headers = {"Authorization": f"Bearer {api_key}"}
            case.call_and_validate(headers=headers, checks=CHECKS)

        try:
            send()
        except* Failure as found:
            wrong[operation.label] = [str(one) for one in found.exceptions]
    assert wrong == {}
