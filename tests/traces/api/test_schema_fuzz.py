"""The described API, driven by its own description: no 5xx, whatever is sent."""

from typing import Any

import pytest
import schemathesis
from django.test import Client
from hypothesis import HealthCheck, Phase, given, settings

from sightglass.wsgi import application

BOUNDED = settings(
    max_examples=25,
    deadline=None,
    phases=(Phase.explicit, Phase.generate),
    suppress_health_check=list(HealthCheck),
    database=None,
)
READS = r"^/api/v1/(traces|spans|sessions|users)"


@pytest.mark.django_db
def test_the_schema_is_openapi_3_1(client: Client) -> None:
    document = client.get("/api/schema/").json()
    assert document["openapi"].startswith("3.1")
    assert {"/api/v1/traces", "/api/v1/spans/{trace_id}/{span_id}", "/v1/traces"} <= set(
        document["paths"]
    )


@pytest.mark.django_db(transaction=True)  # the server closes its connections
def test_no_server_error(api_key: str) -> None:
    schema = schemathesis.openapi.from_wsgi("/api/schema/", application)
    described = schema.include(path_regex=READS, method="GET").get_all_operations()
    operations = [result.ok() for result in described]  # type: ignore[union-attr]
    assert len(operations) == 6
    for operation in operations:

        @given(case=operation.as_strategy())
        @BOUNDED
        def send(case: schemathesis.Case[Any]) -> None:
            answer = case.call(headers={"Authorization": f"Bearer {api_key}"})
            assert answer.status_code < 500, case.as_curl_command()

        send()
