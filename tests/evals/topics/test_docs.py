"""docs/topics.md does what it says: its examples run as they stand, its numbers are the code's."""

from __future__ import annotations

from pathlib import Path

import pytest
from pytest_django.live_server_helper import LiveServer

from dashboards.topics.reading import FEW_SCORES
from evals.topics import askers, clustering, matching, selectors
from evals.topics.models import Run, Topic
from evals.topics.services import assigning, finding, naming, schedule
from sightglass.accounts.access import Access
from sightglass.accounts.keys import create_key
from tests import examples
from tests.evals.topics.asking import asked, texts
from tests.evals.topics.test_finding import FOUR, NOON

TEXT = (Path(__file__).parents[3] / "docs" / "topics.md").read_text()


@examples.needs_tools
@pytest.mark.django_db(transaction=True)
def test_the_examples_run(live_server: LiveServer, access: Access, tmp_path: Path) -> None:
    asked(access, texts(FOUR)[0], NOON)
    schedule.work(60.0)
    _, key = create_key(project=access.project, name="k", scopes=["read", "write"])
    blocks = examples.blocks("topics.md")
    said = examples.run(blocks, url=live_server.url, key=key, folder=tmp_path)
    largest = max(Topic.objects.all(), key=lambda one: (one.size, -one.number))
    assert largest.name == "What most ask" and '["What most ask",true]' in said
    assert said.count(',"",') == 4 and '["waiting",true]' in said and '["waiting",0,0]' in said
    assert Run.objects.filter(state="waiting", by_hand=True).count() == 1


def test_its_numbers_are_those_of_the_code() -> None:
    assert (
        f"up to {finding.SAMPLE:,} calls of the last {schedule.WINDOW // finding.DAY} days" in TEXT
    )
    assert f"at least {clustering.FEWEST} of them" in TEXT
    assert f"after {schedule.HOUR_OF_DAY:02}:00 UTC" in TEXT
    assert f"reduced to {clustering.COMPONENTS} principal components" in TEXT
    assert f"of {clustering.COUNTS[0]} to {clustering.COUNTS[-1]}," in TEXT
    assert f"at most {assigning.MOST_REFILLED:,}" in TEXT
    assert f"for {schedule.KEEP_DAYS.days} days" in TEXT
    assert f"cosine {matching.ALIKE} or more" in TEXT and f"(Dice; {matching.SAME} or more)" in TEXT
    assert f"for {schedule.PATIENCE.seconds // 60} minutes at most" in TEXT
    assert f"after {selectors.QUIET_DAYS} days or more" in TEXT
    assert f"up to {selectors.STRAYS} traces before" in TEXT and selectors.STRAY_SHARE == 1 / 20
    assert f"of its latest {selectors.LOOKED_AT} calls" in TEXT
    assert f"about {finding.ON_MAP} of those" in TEXT
    assert f"newest {askers.LOOKED_AT:,} calls" in TEXT and askers.MOST == 5
    assert f"{clustering.COUNTS[-1]} or one topic for every\n   {clustering.EACH} calls" in TEXT
    assert f"fewer than {FEW_SCORES}" in TEXT
    assert (naming.EXAMPLES, clustering.ENOUGH) == (8, 0.95)
