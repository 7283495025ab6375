"""Bodies of the API of dashboards. What is not known is refused, not ignored."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from dashboards.boards import checking
from dashboards.boards.checking import BoardDraft, ChartDraft
from dashboards.boards.models import Board, BoardChart, Kind, Size, Step
from sightglass.strict import Strict

Body = dict[str, Any]


def _text(most: int, about: str = "", **more: Any) -> serializers.CharField:
    return serializers.CharField(max_length=most, allow_blank=True, help_text=about, **more)


class ChartGiven(Strict):
    """A chart. `metric` is any of `GET /api/v1/metrics`."""

    metric = serializers.CharField(max_length=200)
    kind = serializers.ChoiceField(choices=Kind.choices, default=Kind.LINES)
    title = _text(checking.MAX_TITLE, "empty: what it shows", default="")
    group_by = serializers.ChoiceField(choices=list(checking.GROUPS), default="", allow_blank=True)
    filter = _text(checking.MAX_FILTER, "in the query language `q`", default="")
    range = serializers.ChoiceField(
        choices=["", *checking.RANGES], default="", allow_blank=True,
        help_text="empty: the dashboard's",
    )  # fmt: skip
    step = serializers.ChoiceField(choices=Step.values, default="", allow_blank=True)
    size = serializers.ChoiceField(choices=Size.choices, default=Size.MEDIUM)


class BoardGiven(Strict):
    """A dashboard with its charts, in order."""

    name = serializers.CharField(max_length=checking.MAX_NAME)
    description = _text(checking.MAX_DESCRIPTION, default="")
    range = serializers.ChoiceField(choices=list(checking.RANGES), default="7d")
    filter = _text(checking.MAX_FILTER, "in the query language `q`, of all charts", default="")
    charts = ChartGiven(many=True, default=list)


class BoardChange(Strict):
    """What is given is changed; `charts` replaces all of them."""

    name = serializers.CharField(max_length=checking.MAX_NAME, required=False)
    description = _text(checking.MAX_DESCRIPTION, required=False)
    range = serializers.ChoiceField(choices=list(checking.RANGES), required=False)
    filter = _text(checking.MAX_FILTER, required=False)
    charts = ChartGiven(many=True, required=False)


class ChartRow(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    metric = serializers.CharField()
    kind = serializers.ChoiceField(choices=Kind.choices)
    title = serializers.CharField(allow_blank=True)
    group_by = serializers.CharField(allow_blank=True)
    filter = serializers.CharField(allow_blank=True)
    range = serializers.CharField(allow_blank=True)
    step = serializers.CharField(allow_blank=True)
    size = serializers.ChoiceField(choices=Size.choices)


class BoardRow(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    name = serializers.CharField()
    description = serializers.CharField(allow_blank=True)
    owner = serializers.CharField(allow_null=True, help_text="null: made with an API key")
    range = serializers.CharField()
    filter = serializers.CharField(allow_blank=True)
    created_at = serializers.DateTimeField()
    changed_at = serializers.DateTimeField()
    charts = ChartRow(many=True)


class BoardPage(serializers.Serializer[Any]):
    results = BoardRow(many=True)
    next = serializers.CharField(allow_null=True)


def board_draft(said: Body) -> BoardDraft:
    """Of a checked body; what the API makes is shared, for a key is no person."""
    return BoardDraft(said["name"], said["description"], said["range"], said["filter"], shared=True)


def chart_drafts(said: list[Body]) -> list[ChartDraft]:
    return [ChartDraft(**one) for one in said]


def board_row(board: Board) -> Body:
    return {
        "id": board.pk,
        "name": board.name,
        "description": board.description,
        "owner": board.owner.email if board.owner else None,
        "range": board.range,
        "filter": board.filter,
        "created_at": board.created_at,
        "changed_at": board.changed_at,
        "charts": [chart_row(one) for one in board.charts.all()],
    }


def chart_row(chart: BoardChart) -> Body:
    return {"id": chart.pk} | {name: getattr(chart, name) for name in ChartDraft.__slots__}
