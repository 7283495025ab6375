"""Dashboards and callers for tests."""

from __future__ import annotations

from typing import Any

from dashboards.boards import services
from dashboards.boards.checking import BoardDraft, ChartDraft
from dashboards.boards.models import Board
from sightglass.accounts.access import ROLE_PERMISSIONS, Access
from sightglass.accounts.models import Project, Role
from tests.conftest import member

COST = ChartDraft("cost", "bars", group_by="model")
ERRORS = ChartDraft("error_rate", "lines")
TRACES = ChartDraft("traces", "number", size="small")


def board(access: Access, *charts: ChartDraft, **fields: Any) -> Board:
    draft = BoardDraft(**({"name": "Morning"} | fields))
    return services.create(access, draft, charts)


def titles(board: Board) -> list[str]:
    return [one.metric for one in Board.objects.get(pk=board.pk).charts.all()]


def someone(project: Project, role: str = Role.VIEWER, name: str = "viewer") -> Access:
    user = member(project, f"{name}@example.org", role)
    return Access(project, ROLE_PERMISSIONS[role], user=user)
