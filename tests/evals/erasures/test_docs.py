"""docs/erasing.md does what it says."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pytest_django.live_server_helper import LiveServer

from evals.erasures import services, tasks
from evals.erasures.models import Erasure
from sightglass.accounts.access import Access
from sightglass.accounts.keys import create_key
from tests import examples, fuzzing
from tests.evals.review import desk
from traces.models import Trace
from traces.services import retention


@examples.needs_tools
@pytest.mark.django_db(transaction=True)
def test_the_examples_run(live_server: LiveServer, access: Access, tmp_path: Path) -> None:
    told: dict[str, Any] = {"user.id": "user-7"}
    desk.send(access, 2, **told)
    _, key = create_key(project=access.project, name="k", scopes=["read", "admin"])
    blocks = examples.blocks("erasing.md")
    assert len(blocks) == 1
    examples.run(blocks, url=live_server.url, key=key, folder=tmp_path)
    assert tasks.erase() == 1
    assert Erasure.objects.get().traces == 2 and not Trace.objects.exists()


def test_the_figures_are_those_of_the_code() -> None:
    text = (Path(__file__).parents[3] / "docs" / "erasing.md").read_text()
    assert f"in pieces of {retention.CHUNK} traces" in text
    assert (
        "first 16 digits of the SHA-256" in text and len(services._name("a")) == len("user ") + 16
    )


@pytest.mark.django_db(transaction=True)  # the server closes its connections
def test_no_answer_is_off_the_schema(access: Access) -> None:
    made = services.ask(access, "user-7", "Request 12")
    _, key = create_key(project=access.project, name="k", scopes=["read", "write", "admin"])
    operations = fuzzing.operations("/api/v1/erasures")
    assert len(operations) == 3
    places = lambda path: {"id": made.pk}  # noqa: E731
    assert fuzzing.driven(operations, key, examples=12, places=places) == {}
