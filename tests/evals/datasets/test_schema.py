"""The API of datasets driven by its own description, on a dataset that is there."""

from __future__ import annotations

import pytest

from evals.datasets.services import tagging
from sightglass.accounts.access import Access
from sightglass.accounts.keys import create_key
from tests import fuzzing
from tests.evals.datasets import making


@pytest.mark.django_db(transaction=True)  # the server closes its connections
def test_no_answer_is_off_the_schema(access: Access) -> None:
    dataset = making.filled(access, 6)
    tagging.put(access, dataset, "golden", 1)
    _, key = create_key(project=access.project, name="k", scopes=["read", "write", "admin"])
    operations = fuzzing.operations("/api/v1/datasets")
    assert len(operations) == 23
    operations.sort(key=lambda one: one.label.endswith("{dataset}"))  # what archives it comes last
    places = {"dataset": dataset.slug, "number": 2, "name": "golden"}
    assert fuzzing.driven(operations, key, examples=15, places=lambda path: places) == {}
