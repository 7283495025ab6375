"""The review API driven by its own description, on a queue that is there."""

from __future__ import annotations

from typing import Any

import pytest

from evals.review.services import rules
from sightglass.accounts.access import Access
from sightglass.accounts.keys import create_key
from tests import fuzzing
from tests.evals.review import desk


@pytest.mark.django_db(transaction=True)  # the server closes its connections
def test_no_answer_is_off_the_schema(access: Access) -> None:
    queue = desk.queue(access, labels_wanted=2)
    item, _ = desk.fill(access, queue, 2)
    rule = rules.create(access, queue, rules.Draft("rule"))
    _, key = create_key(
        project=access.project, name="k", scopes=["read", "write"], created_by=access.user
    )

    def places(path: str) -> dict[str, Any]:
        pk = rule.pk if "/rules/" in path else item.pk
        return {"queue": queue.slug, "id": pk, "pk": pk}

    operations = fuzzing.operations("/api/v1/review/")
    assert len(operations) == 31
    operations.sort(key=lambda one: one.label.endswith("{queue}"))  # what archives it comes last
    assert fuzzing.driven(operations, key, examples=12, places=places) == {}
