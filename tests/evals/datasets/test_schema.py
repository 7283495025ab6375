"""The API of datasets driven by its own description, on a dataset that is there."""

from __future__ import annotations

from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.failures import Failure
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from evals.datasets.services import tagging
from sightglass.accounts.access import Access
from sightglass.accounts.keys import create_key
from sightglass.wsgi import application
from tests.evals.datasets import making

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]
BOUNDED = settings(
    max_examples=15,
    deadline=None,
    phases=(Phase.explicit, Phase.generate),
    suppress_health_check=list(HealthCheck),
    database=None,
    derandomize=True,
)


@pytest.mark.django_db(transaction=True)  # the server closes its connections
def test_no_answer_is_off_the_schema(access: Access) -> None:
    dataset = making.filled(access, 6)
    tagging.put(access, dataset, "golden", 1)
    _, key = create_key(project=access.project, name="k", scopes=["read", "write", "admin"])
    schema = schemathesis.openapi.from_wsgi("/api/schema/", application)
    found = [result.ok() for result in schema.get_all_operations()]  # type: ignore[union-attr]
    operations = [one for one in found if one.path.startswith("/api/v1/datasets")]
    assert len(operations) == 23
    wrong: dict[str, list[str]] = {}
    # What archives the dataset comes last.
    for operation in sorted(operations, key=lambda one: one.label.endswith("{dataset}")):
        cases = operation.as_strategy(GenerationMode.POSITIVE)
        if operation.body or operation.query:
            cases |= operation.as_strategy(GenerationMode.NEGATIVE)

        @given(case=cases)
        @BOUNDED
        def send(case: schemathesis.Case[Any]) -> None:
            places = {"dataset": dataset.slug, "number": 2, "name": "golden"}
            case.path_parameters = {
                name: value for name, value in places.items() if f"{{{name}}}" in case.path
            }
            case.headers.clear()
            case.call_and_validate(headers={"Authorization": f"Bearer {key}"}, checks=CHECKS)

        try:
            send()
        except* Failure as failed:
            wrong[operation.label] = [str(one)[:1500] for one in failed.exceptions]
    assert wrong == {}
