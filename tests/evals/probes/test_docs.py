"""docs/probes.md does what it says: its examples run as they stand, in their order."""

from __future__ import annotations

from pathlib import Path

import pytest
from pytest_django.live_server_helper import LiveServer

from evals.probes import changes
from evals.probes.api.urls import urlpatterns
from evals.probes.models import ProbeRun, ProbeSet
from evals.probes.services import runs, sets
from evals.probes.services.sets import Wanted
from sightglass.accounts.access import Access
from sightglass.accounts.keys import create_key
from tests import examples
from tests.evals.judging import connect

TEXT = (Path(__file__).parents[3] / "docs" / "probes.md").read_text()
WORDS = " ".join(TEXT.split())


@examples.needs_tools
@pytest.mark.django_db(transaction=True)
def test_the_examples_run(live_server: LiveServer, access: Access, tmp_path: Path) -> None:
    connection = connect(access, "http://127.0.0.1:1/v1")
    drafts = sets.typed("\n".join(f"{n}?" for n in range(5)))
    row = sets.create(access, Wanted("sums", connection, drafts, "gpt-4o-mini"))
    run = sets.run_now(access, row)
    ProbeRun.objects.filter(pk=run.pk).update(state="done", changed=True)
    sets.create(access, Wanted("new", connection, drafts, "gpt-4o"))
    _, key = create_key(project=access.project, name="k", scopes=["read"])
    blocks = examples.blocks("probes.md")
    assert len(blocks) == 1
    said = " ".join(examples.run(blocks, url=live_server.url, key=key, folder=tmp_path).split())
    assert '{ "name": "sums", "model": "gpt-4o-mini", "changed": true }' in said
    assert '{ "name": "new", "model": "gpt-4o", "changed": null }' in said


def test_every_address_and_statistic_is_there() -> None:
    for one in urlpatterns:
        path = str(one.pattern).replace("<int:pk>", "{id}").replace("<int:run>", "{run}")
        assert f"/{path}" in TEXT or f"…/{path.rsplit('/', 1)[-1]}" in TEXT, path
    for name in changes.TESTS:
        assert f"`{name}`" in TEXT, name


def test_its_numbers_are_those_of_the_code() -> None:
    assert f"{changes.FEWEST} to {sets.MOST} prompts" in WORDS
    assert f"(from {runs.HOUR:02}:00 UTC)" in WORDS
    assert f"at most {sets.MOST_TOKENS} tokens" in WORDS
    assert f"held against {changes.LEVEL * 100:g} %" in WORDS
    assert f"forgotten after {runs.KEEP.days} days" in WORDS
    assert f"drawn to be “now”, {changes.DRAWS:,} times" in WORDS
    score = ProbeSet(name="NAME").score
    assert f"`{score}`" in TEXT and f"`score:{score}`" in TEXT
