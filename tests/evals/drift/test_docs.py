"""docs/drift.md does what it says of monitors: its examples run as they stand."""

from __future__ import annotations

from pathlib import Path

import pytest
from pytest_django.live_server_helper import LiveServer

from evals.drift.models import Monitor, Window
from evals.drift.services import judging, monitors, references
from sightglass.accounts.access import Access
from sightglass.accounts.keys import create_key
from tests import examples

TEXT = (Path(__file__).parents[3] / "docs" / "drift.md").read_text()
BLOCKS = [block for block in examples.blocks("drift.md") if "drift" in block and "$KEY" in block]


@examples.needs_tools
@pytest.mark.django_db(transaction=True)
def test_the_examples_run(live_server: LiveServer, access: Access, tmp_path: Path) -> None:
    monitors.make_usual(access.project.pk)
    _, key = create_key(project=access.project, name="k", scopes=["read", "write"])
    every = examples.blocks("drift.md")
    mine = every[every.index(BLOCKS[0]) :][:2]
    said = examples.run(mine, url=live_server.url, key=key, folder=tmp_path)
    made = Monitor.objects.get(name="production-answers")
    assert made.archived_at is not None and made.hours == 168
    assert '[24,"previous","drift.production-answers"]' in said and '"waiting"' in said
    assert not Window.objects.filter(monitor=made, state="waiting").exists()


def test_its_words_and_numbers_are_those_of_the_code() -> None:
    for name in (*Monitor.What.values, *Window.State.values, "explaining", "weekday", "dataset"):
        assert f"`{name}`" in TEXT, name
    assert f"at most {references.MOST_NOW} conversations" in TEXT
    assert f"at most {references.MOST_BEFORE:,}, drawn" in TEXT
    assert f"Fewer than {judging.LEAST_NOW} or {references.LEAST_BEFORE} are" in TEXT
