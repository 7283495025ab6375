"""The review API driven by its own description, on a queue that is there."""

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

from evals.review.services import rules
from sightglass.accounts.access import Access
from sightglass.accounts.keys import create_key
from sightglass.wsgi import application
from tests.evals.review import desk

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]
BOUNDED = settings(
    max_examples=12,
    deadline=None,
    phases=(Phase.explicit, Phase.generate),
    suppress_health_check=list(HealthCheck),
    database=None,
    derandomize=True,
)


@pytest.mark.django_db(transaction=True)  # the server closes its connections
def test_no_answer_is_off_the_schema(access: Access) -> None:
    queue = desk.queue(access, labels_wanted=2)
    item, _ = desk.fill(access, queue, 2)
    rule = rules.create(access, queue, rules.Draft("rule"))
    _, key = create_key(
        project=access.project, name="k", scopes=["read", "write"], created_by=access.user
    )
    schema = schemathesis.openapi.from_wsgi("/api/schema/", application)
    found = [result.ok() for result in schema.get_all_operations()]  # type: ignore[union-attr]
    operations = [one for one in found if one.path.startswith("/api/v1/review/")]
    assert len(operations) == 30
    wrong: dict[str, list[str]] = {}
    # What archives the queue comes last.
    for operation in sorted(operations, key=lambda one: one.label.endswith("{queue}")):
        cases = operation.as_strategy(GenerationMode.POSITIVE)
        if operation.body or operation.query:
            cases |= operation.as_strategy(GenerationMode.NEGATIVE)

        @given(case=cases)
        @BOUNDED
        def send(case: schemathesis.Case[Any]) -> None:
            pk = rule.pk if "/rules/" in case.path else item.pk
            places = {"queue": queue.slug, "id": pk, "pk": pk}
            case.path_parameters = {
                name: value for name, value in places.items() if f"{{{name}}}" in case.path
            }
            case.headers.clear()
            case.call_and_validate(headers={"Authorization": f"Bearer {key}"}, checks=CHECKS)

        try:
            send()
        except* Failure as failed:
            wrong[operation.label] = [str(one) for one in failed.exceptions]
    assert wrong == {}
