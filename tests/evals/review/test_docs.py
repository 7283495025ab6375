"""docs/review.md does what it says: its examples run as they stand, in their order."""

from __future__ import annotations

import csv
import json
import re
from pathlib import Path

import pytest
from pytest_django.live_server_helper import LiveServer

from evals.review.api.urls import QUEUES, urlpatterns
from evals.review.models import FillRule, Item, Label, Queue
from evals.review.questions import Kind
from sightglass.accounts.access import Access
from sightglass.accounts.keys import create_key
from tests import examples
from tests.evals.review import desk

TEXT = (Path(__file__).parents[3] / "docs" / "review.md").read_text()
BLOCKS = examples.blocks("review.md")


@examples.needs_tools
@pytest.mark.django_db(transaction=True)
def test_the_examples_run(live_server: LiveServer, access: Access, tmp_path: Path) -> None:
    [trace] = desk.send(access)
    desk.evaluators(access, "hallucination", "toxicity", "groundedness")
    _, key = create_key(
        project=access.project, name="k", scopes=["read", "write"], created_by=access.user
    )
    assert len(BLOCKS) == 9
    examples.run(BLOCKS, url=live_server.url, key=key, folder=tmp_path)
    queue = Queue.objects.get(slug="answers")
    assert set(queue.rules.values_list("kind", flat=True)) == set(FillRule.Kind.values)
    item = Item.objects.get(queue=queue)
    assert (item.trace_id, item.gold) == (trace, {"helpful": True, "tone": 4})
    kept = Label.objects.get(item=item, withdrawn_at=None)
    assert kept.answers == {"helpful": True, "tone": 4}
    rows = list(csv.DictReader((tmp_path / "labels.csv").read_text().splitlines()))
    assert rows[0]["answers.tone"] == "4" and "answers.better" in rows[0]
    lines = (tmp_path / "labels.jsonl").read_text().splitlines()
    assert json.loads(lines[0])["answers"] == kept.answers


def test_every_kind_of_question_rule_and_conflict_is_there() -> None:
    for name in [*Kind, *FillRule.Kind.values]:
        assert f"`{name}`" in TEXT, name
    sources = Path(__file__).parents[3] / "evals/review/services"
    code = "".join((sources / f"{name}.py").read_text() for name in ("claiming", "labelling"))
    reasons = set(re.findall(r'Conflict\(\s*"([a-z-]+)"', code)) - {"nothing", "too-many-held"}
    assert reasons
    for reason in reasons:
        assert f"`{reason}`" in TEXT, reason


def test_every_address_is_there() -> None:
    ends = {str(one.pattern).removeprefix(QUEUES).rsplit("/", 1)[-1] for one in urlpatterns}
    for end in ends - {"", "<slug:queue>", "<int:pk>"}:
        assert f"/{end}`" in TEXT or f"/{end}/" in TEXT, end
