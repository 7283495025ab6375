"""Rules as YAML: read safely, written so that they come back, applied by command."""

from __future__ import annotations

import json
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.core.management import CommandError, call_command
from hypothesis import given, settings
from hypothesis import strategies as st

from dashboards.alerts import conditions as cond
from dashboards.alerts import documents, examples, sheets
from dashboards.alerts.conditions import Sample, judge
from dashboards.alerts.documents import Draft
from dashboards.alerts.machine import Outcome
from dashboards.alerts.models import Rule
from dashboards.alerts.reading import DocumentError
from sightglass.accounts.access import Access
from sightglass.accounts.models import AuditEntry
from tests.dashboards.alerts.test_documents import DRAFTS
from tests.dashboards.alerts.watching import ERRORS, rule
from traces.intervals import wilson

TEXT = """
version: 1
rules:
  - slug: errors
    name: Errors
    metric: error_rate
    window: 10m
    condition: {type: threshold, above: 0.5}
    schedule: {timezone: Europe/Paris, days: [mon, fri], from: 09:00, to: 18:30}
"""


def test_times_and_words_are_what_they_look_like() -> None:
    [draft] = sheets.read(sheets.load(TEXT))
    assert draft.schedule is not None and f"{draft.schedule.begin:%H:%M}" == "09:00"
    loaded = sheets.load("{a: on, b: no, c: 2026-11-01, d: 22:00, e: 0x1F, f: 1e3, g: ~, h: 007}")
    assert loaded == {
        "a": "on", "b": "no", "c": "2026-11-01", "d": "22:00", "e": "0x1F", "f": 1000.0,
        "g": None, "h": "007",
    }  # fmt: skip


@pytest.mark.parametrize(
    "text",
    [
        "!!python/object/apply:os.system [id]",
        "a: &x [1]\nb: *x",
        "a: &x {b: *x}",
        "a: 1\na: 2",
        "[1]: 2",
        "a: [",
        "a: \x00",
        "a: !!binary xx",
        "? {a: 1}\n: 2",
        "--- 1\n--- 2",
        "[" * 5_000,
        "a: !!timestamp 99",
        "x" * (sheets.MOST_BYTES + 1),
        b"\xff\xfe\xff",
    ],
)
def test_what_is_not_plain_is_refused(text: str | bytes) -> None:
    with pytest.raises(DocumentError):
        sheets.read(sheets.load(text))


@pytest.mark.parametrize("text", ["1e3", "0e0", "5E+3", "null", "~", "007", "-0", "on", "1_000"])
def test_a_text_that_reads_as_another_value_stays_a_text(text: str) -> None:
    sheet = {"version": 1, "rules": [{"message": text}]}
    assert sheets.load(sheets.to_yaml(sheet)) == sheet


@given(st.lists(DRAFTS, max_size=4, unique_by=lambda draft: draft.slug))
@settings(max_examples=20, deadline=None)
def test_a_sheet_comes_back_as_it_was(drafts: list[Draft]) -> None:
    sheet = sheets.written([documents.write(draft) for draft in drafts])
    assert sheets.read(sheets.load(sheets.to_yaml(sheet))) == drafts
    assert sheets.read(sheets.load(sheets.to_json(sheet))) == drafts


@given(st.text(max_size=60))
@settings(deadline=None)
def test_no_text_breaks_it(text: str) -> None:
    try:
        sheets.read(sheets.load(text))
    except DocumentError as error:
        assert error.errors


def test_the_examples_are_good_documents() -> None:
    assert {"cost-spike", "outage", "quality-drop", "injection-attempt"} <= set(examples.names())
    for name in examples.names():
        document = examples.document(name)
        assert document["slug"] == name and len(examples.about(name)) > 40
        assert documents.write(documents.read(documents.compact(document))) == document


@pytest.mark.parametrize(("name", "few"), [("outage", 2), ("injection-attempt", 1)])
def test_a_few_of_a_few_fire_no_example(name: str, few: int) -> None:
    draft = documents.read(examples.document(name))
    for count in range(1, 200):
        for bad in range(min(few, count) + 1):
            seen = Sample(0, bad / count, count, *wilson(bad, count))
            outcome = judge(draft.condition, seen, least=draft.minimum_sample).outcome
            assert outcome is not Outcome.HOLDS, (bad, count)


def test_every_example_of_a_share_asks_for_more_than_a_handful() -> None:
    for name in examples.names():
        draft = documents.read(examples.document(name))
        if isinstance(draft.condition, (cond.Interval, cond.Change)):
            assert draft.minimum_sample >= 10, name


def alerts(*arguments: str) -> str:
    said = StringIO()
    call_command("alerts", *arguments, stdout=said)
    return said.getvalue()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "alerts.yaml"
    path.write_text(TEXT)
    return path


@pytest.mark.django_db
def test_applied_by_command_it_shows_a_diff_and_then_nothing(access: Access, file: Path) -> None:
    rule(access, slug="mine")
    tried = alerts("apply", str(file), "--project", "shop", "--dry-run")
    assert tried.startswith("+ errors\n    +slug: errors\n")
    assert "1 to change, 0 as they are." in tried and "kept: mine" in tried
    assert Rule.objects.count() == 1
    assert "1 changed, 0 as they are." in alerts("apply", str(file), "--project", "shop")
    assert alerts("apply", str(file), "--project", "shop").startswith("0 changed, 1 as they are.")
    file.write_text(TEXT.replace("above: 0.5", "above: 0.25"))
    changed = alerts("apply", str(file), "--project", "shop")
    assert changed.startswith("~ errors\n    -  above: 0.5\n    +  above: 0.25\n")
    pruned = json.loads(alerts("apply", str(file), "--project", "shop", "--prune", "--json"))
    assert [(one["action"], one["slug"]) for one in pruned["changes"]] == [("remove", "mine")]
    actors = set(AuditEntry.objects.filter(action="alert_rule.removed").values_list("actor_label"))
    assert actors == {("system",)}


@pytest.mark.django_db
def test_what_is_exported_can_be_applied(access: Access, tmp_path: Path) -> None:
    rule(access, **{"for": "5m"}, message="Ünïcode: *yes*", group_by="model")
    path = tmp_path / "out.yaml"
    path.write_text(alerts("export", "--project", "shop"))
    assert alerts("apply", str(path), "--project", "shop").startswith("0 changed, 1 as they are.")
    exported = json.loads(alerts("export", "--project", "shop", "--json"))
    assert exported == yaml.safe_load(path.read_text())
    assert exported["rules"][0]["for"] == "5m" and "schedule" not in exported["rules"][0]


@pytest.mark.django_db
def test_a_command_that_cannot_says_why(access: Access, file: Path, tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="no project"):
        alerts("export", "--project", "nowhere")
    with pytest.raises(CommandError, match="No such file"):
        alerts("apply", str(tmp_path / "none.yaml"), "--project", "shop")
    file.write_text(TEXT.replace("error_rate", "mood").replace("window: 10m", "window: 11m"))
    with pytest.raises(CommandError, match="/rules/0/window"):
        alerts("apply", str(file), "--project", "shop")
    assert not Rule.objects.exists()


def test_the_examples_are_printed(db: None) -> None:
    printed: dict[str, Any] = yaml.safe_load(alerts("examples"))
    assert {one["slug"] for one in printed["rules"]} == set(examples.names())
    assert json.loads(alerts("examples", "--json")) == printed


def test_usual_values_need_not_be_written() -> None:
    whole = documents.write(documents.read(ERRORS))
    assert documents.compact(whole) == ERRORS


def test_a_sheet_of_many_keys_is_refused_early() -> None:
    """A megabyte of keys once took minutes, in which nobody else was answered."""
    many = "".join(f"k{i}: 1\n" for i in range(sheets.MOST_NODES))
    with pytest.raises(DocumentError, match="keys and values"):
        sheets.load(many)
    [draft] = sheets.read(sheets.load(TEXT))
    draft.channels = [f"channel {i}" for i in range(20)]
    full = {"version": 1, "rules": [documents.write(draft)] * sheets.MOST_RULES}
    assert len(sheets.load(sheets.to_yaml(full))["rules"]) == sheets.MOST_RULES


def test_half_a_surrogate_pair_is_refused_wherever_it_is() -> None:
    """A key with one would go into an answer that cannot be encoded."""
    for text in ('"\\ud800": 1', 'a: "\\udfff"', '[{"\\ud800": 1}]'):
        with pytest.raises(DocumentError, match="surrogate"):
            sheets.load(text)


def test_a_number_of_hundreds_of_digits_is_a_mistake_like_others() -> None:
    for number in ("9" * 400, "-" + "9" * 400, "1e999"):
        text = TEXT.replace("above: 0.5", f"above: {number}")
        with pytest.raises(DocumentError, match="A number from"):
            sheets.read(sheets.load(text))
