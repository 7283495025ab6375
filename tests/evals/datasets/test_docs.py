"""docs/datasets.md does what it says: its examples run as they stand, in their order."""

from __future__ import annotations

import csv
import json
import re
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from pytest_django.live_server_helper import LiveServer

from evals.datasets import content, files
from evals.datasets.api.urls import DATASETS, urlpatterns
from evals.datasets.formats import FORMATS
from evals.datasets.models import Dataset, Item
from evals.datasets.services import adding, importing, writing
from evals.datasets.services.adding import Alike, Known, Personal
from sightglass.accounts.access import Access
from sightglass.accounts.keys import create_key
from tests import examples
from tests.evals.review import desk

ROOT = Path(__file__).parents[3]
TEXT = (ROOT / "docs" / "datasets.md").read_text()
BLOCKS = examples.blocks("datasets.md")


@examples.needs_tools
@pytest.mark.django_db(transaction=True)
def test_the_examples_run(live_server: LiveServer, access: Access, tmp_path: Path) -> None:
    told: dict[str, Any] = {"user.id": "user-7"}
    desk.send(access, **told)
    _, key = create_key(
        project=access.project, name="k", scopes=["read", "write", "admin"],
        created_by=access.user,
    )  # fmt: skip
    assert len(BLOCKS) == 9
    examples.run(BLOCKS, url=live_server.url, key=key, folder=tmp_path)
    dataset = Dataset.objects.get(slug="hard-cases")
    rows = list(Item.objects.filter(dataset=dataset))
    erased = {row.number for row in rows if row.erased_at is not None}
    assert erased == {1, 4}  # by hand, and the traced one of user-7
    assert not dataset.tags.exists()
    lines = [json.loads(line) for line in (tmp_path / "cases.jsonl").read_text().splitlines()]
    assert [line["id"] for line in lines] == ["case-1", "case-2"]
    assert lines[0]["expected"] == "It arrives on Monday."
    for name in FORMATS:
        assert (tmp_path / f"cases.{name}").stat().st_size, name
    assert pq.read_table(tmp_path / "cases.parquet").num_rows == dataset.items_count + 2
    table = list(csv.DictReader((tmp_path / "cases.csv").read_text().splitlines()))
    assert len(table) == dataset.items_count + 2


def test_every_choice_format_and_conflict_is_there() -> None:
    for name in [*Personal, *Alike, *Known, *FORMATS, *content.GIVEN]:
        assert f"`{name}`" in TEXT, name
    sources = (ROOT / "evals/datasets/services").glob("*.py")
    code = "".join(path.read_text() for path in sources if path.stem in ("adding", "editing"))
    reasons = set(re.findall(r'Conflict\(\s*"([a-z-]+)"', code)) - {"gone", "schema"}
    assert len(reasons) == 4
    for reason in reasons:
        assert f"409 `{reason}`" in TEXT, reason


def test_limits_are_those_of_the_code() -> None:
    for said in (
        f"{adding.MOST_AT_ONCE:,} items a call", f"{content.LARGEST:,} bytes an item",
        f"{writing.MOST_ITEMS:,} items a dataset", f"at most {content.MOST_CONTEXTS}",
        f"at most {content.MOST_KEYS} keys", f"{files.LARGEST // 2**20} MB",
        f"{files.MOST_ROWS:,} rows", f"more than {importing.AT_ONCE_ROWS} rows",
        f"first {importing.PREVIEWED} rows",
    ):  # fmt: skip
        assert said in " ".join(TEXT.split()), said


def test_every_address_is_there() -> None:
    ends = {str(one.pattern).removeprefix(DATASETS).rsplit("/", 1)[-1] for one in urlpatterns}
    for end in ends - {"", "<slug:dataset>", "<int:number>", "<str:name>"}:
        assert f"/{end}`" in TEXT or f"/{end}/" in TEXT, end
