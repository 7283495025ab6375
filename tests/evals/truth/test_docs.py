"""docs/truth.md does what it says: its examples run as they stand, in their order."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from pytest_django.live_server_helper import LiveServer

from dashboards.truth.panel import rule_of
from evals.models import Evaluator
from evals.stats.change import LEVEL
from evals.truth.api.urls import TRUTH, urlpatterns
from evals.truth.models import Improvement, Pairing, Panel, PanelRun
from evals.truth.selectors.attributes import LANGUAGES
from evals.truth.selectors.cases import KINDS
from evals.truth.selectors.labels import MOST_LABELS
from evals.truth.selectors.pairs import FEWEST_DRAWN
from evals.truth.services import asking, improving, nights, panels
from sightglass.accounts.access import Access
from sightglass.accounts.keys import create_key
from tests import examples
from tests.evals.truth import labelled

TEXT = (Path(__file__).parents[3] / "docs" / "truth.md").read_text()
BLOCKS = examples.blocks("truth.md")


@examples.needs_tools
@pytest.mark.django_db(transaction=True)
def test_the_examples_run(live_server: LiveServer, access: Access, tmp_path: Path) -> None:
    labelled.scene(access)
    _, key = create_key(project=access.project, name="k", scopes=["read", "write", "admin"])
    assert len(BLOCKS) == 8
    said = examples.run(BLOCKS, url=live_server.url, key=key, folder=tmp_path)
    pairing = Pairing.objects.get()
    assert (pairing.question, pairing.least) == ("helpful", 4.0)
    assert pairing.evaluator.name == "helpful"
    assert Panel.objects.get().size == 20 and PanelRun.objects.get().state == "running"
    assert Improvement.objects.get().state == "discarded"
    assert '"judge_yes"' not in said and "null" in said


def test_every_address_and_kind_is_there() -> None:
    ends = {str(one.pattern).removeprefix(TRUTH).rsplit("/", 1)[-1] for one in urlpatterns}
    for end in ends - {"<int:pk>"}:
        assert f"/{end}" in TEXT, end
    for name in (*KINDS, *LANGUAGES, "drawn", "picked", "targeted", "shift", "accuracy", "unrest"):
        assert f"`{name}`" in TEXT, name


def test_its_numbers_are_those_of_the_code() -> None:
    assert f"p < {LEVEL:g}" in TEXT and f"newest {MOST_LABELS:,} labels" in TEXT
    assert f"(`size`, {panels.FEWEST} to {panels.MOST})" in TEXT
    assert f"From {nights.HOUR:02}:00 UTC" in TEXT and f"one batch of {asking.BATCH}" in TEXT
    assert f"kept for {nights.KEEP.days} days" in TEXT
    assert f"It takes {improving.FEWEST}\nlabelled cases" in TEXT
    assert (FEWEST_DRAWN, improving.MOST_DIFFERING) == (20, 6)


def test_the_rule_is_the_one_that_the_page_makes() -> None:
    [block] = re.findall(r"^```json\n(.*?)^```", TEXT, re.M | re.S)
    made = rule_of(Evaluator(name="helpful"), ["ops"])
    del made["message"]
    assert json.loads(block) == made
