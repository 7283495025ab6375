"""docs/search.md does what it says: its examples run as they stand."""

from __future__ import annotations

from pathlib import Path

import pytest
from pytest_django.live_server_helper import LiveServer

from evals.vectors.services import storing
from sightglass.accounts.access import Access
from sightglass.accounts.keys import create_key
from tests import examples
from tests.evals.vectors.test_storing import send

SAID = {
    "My parcel never came": "I am sorry. We look for it.",
    "The parcel has not arrived": "We look for your parcel.",
    "Which tent stands up to a storm?": "The Alder holds in any wind.",
}


@examples.needs_tools
@pytest.mark.django_db(transaction=True)
def test_the_examples_run(live_server: LiveServer, access: Access, tmp_path: Path) -> None:
    send(access, SAID)
    storing.run(10)
    _, key = create_key(project=access.project, name="k", scopes=["read"])
    said = examples.run(
        examples.blocks("search.md"), url=live_server.url, key=key, folder=tmp_path
    ).splitlines()
    found, like, model = said[:3], said[3:5], said[5]
    assert found[0].startswith("[1,") and "My parcel never came" in found[0]
    assert "The parcel has not arrived" in found[1]
    assert "We look for your parcel." in like[0] and len(said) == 6
    assert "WordLlama" in model or "wordllama" in model
