"""What a dashboard and a chart may be."""

from __future__ import annotations

from dataclasses import replace

import pytest
from django.core.exceptions import ValidationError

from dashboards.boards.checking import (
    GROUPS,
    RANGES,
    BoardDraft,
    ChartDraft,
    checked_board,
    checked_chart,
    told,
)
from dashboards.boards.drawing import together
from dashboards.boards.forms import choices
from dashboards.periods import PRESETS, SHORT_PRESETS
from tests.dashboards.boards.making import COST, ERRORS, TRACES
from traces.query import parse
from traces.selectors.metrics import METRICS


def faults(draft: ChartDraft | BoardDraft) -> dict[str, list[str]]:
    with pytest.raises(ValidationError) as caught:
        checked_chart(draft) if isinstance(draft, ChartDraft) else checked_board(draft)
    return caught.value.message_dict


@pytest.mark.parametrize("draft", [COST, ERRORS, TRACES, ChartDraft("score:thumbs", title="Up")])
def test_what_makes_sense_is_left_as_it_is(draft: ChartDraft) -> None:
    assert checked_chart(draft) == draft


@pytest.mark.parametrize("metric", METRICS)
def test_every_metric_can_be_drawn(metric: str) -> None:
    for kind in ("lines", "area", "bars", "number"):
        assert checked_chart(ChartDraft(metric, kind)).metric == metric
    assert checked_chart(ChartDraft(metric, "table", group_by="model"))


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"metric": "costs"}, "metric"),
        ({"metric": ""}, "metric"),
        ({"metric": "score:"}, "metric"),
        ({"kind": "pie"}, "kind"),
        ({"group_by": "password"}, "group_by"),
        ({"size": "huge"}, "size"),
        ({"step": "minute"}, "step"),
        ({"range": "15m"}, "range"),
        ({"range": "all"}, "range"),
        ({"filter": "cost:>x"}, "filter"),
        ({"filter": "a" * 2001}, "filter"),
        ({"title": "a" * 101}, "title"),
        ({"kind": "table", "group_by": ""}, "group_by"),
        ({"kind": "number", "group_by": "model"}, "group_by"),
        ({"metric": "traces", "group_by": "prompt_version"}, "group_by"),
        ({"metric": "error_rate", "kind": "bars", "group_by": "model"}, "kind"),
        ({"metric": "latency_p95", "kind": "area", "group_by": "model"}, "kind"),
    ],
)
def test_what_makes_none_is_refused_by_its_field(change: dict[str, str], field: str) -> None:
    assert list(faults(replace(COST, **change))) == [field]


def test_mistakes_come_together_and_say_where() -> None:
    found = faults(ChartDraft("nothing", "pie", filter="model:gpt cost:>x"))
    assert found.keys() == {"metric", "kind", "filter"}
    assert "character 17" in found["filter"][0]


def test_a_name_is_tidied() -> None:
    draft = BoardDraft("  Two\n words\x00 ", description=" d ", filter=" model:gpt* ")
    assert checked_board(draft) == BoardDraft("Two words", "d", filter="model:gpt*")


@pytest.mark.parametrize(
    ("draft", "field"),
    [
        (BoardDraft(" "), "name"),
        (BoardDraft("\x00"), "name"),
        (BoardDraft("a" * 81), "name"),
        (BoardDraft("a", description="d" * 301), "description"),
        (BoardDraft("a", range="2y"), "range"),
        (BoardDraft("a", filter="("), "filter"),
    ],
)
def test_a_dashboard_is_refused_by_its_field(draft: BoardDraft, field: str) -> None:
    assert list(faults(draft)) == [field]


def test_every_range_is_one_that_dashboards_can_draw() -> None:
    assert set(RANGES) <= {*PRESETS, *SHORT_PRESETS}


def test_the_audit_log_is_told_what_is_not_usual() -> None:
    assert told(COST) == {"metric": "cost", "kind": "bars", "group_by": "model", "size": "medium"}


@pytest.mark.parametrize(
    ("parts", "whole"),
    [
        (("", "", ""), ""),
        (("model:a", "", ""), "model:a"),
        (("model:a", "user:b", "tag:c"), "model:a user:b tag:c"),
        (("model:a OR model:b", "NOT user:c"), "(model:a OR model:b) (NOT user:c)"),
        (("model:a OR model:b",), "model:a OR model:b"),
    ],
)
def test_filters_hold_together(parts: tuple[str, ...], whole: str) -> None:
    assert together(*parts) == whole
    parse(whole)


def test_a_metric_can_be_chosen_once() -> None:
    found = [name for _, options in choices(["thumbs"]) for name, _ in options]
    assert sorted(found) == sorted([*METRICS, "score:thumbs", "flagged:thumbs"])


def test_a_metric_that_is_gone_stays_chosen() -> None:
    assert choices([], "score:old")[-1] == ("No longer there", [("score:old", "score:old")])
    assert len(choices([], "cost")) == len(choices([]))


def test_groups_are_words() -> None:
    assert all(label for label in GROUPS.values())
