"""What a dashboard and a chart may be: the one place for the form, the API and copies."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from django.core.exceptions import ValidationError

from dashboards.boards.models import Board, BoardChart, Kind, Size, Step
from dashboards.explorer.ranges import PRESETS
from traces.query import QueryError, parse
from traces.selectors import metrics

MAX_NAME, MAX_DESCRIPTION, MAX_TITLE, MAX_FILTER = 80, 300, 100, 2_000
RANGES = {name: label for name, label in PRESETS.items() if name not in ("15m", "all")}
GROUPS = {
    "": "Nothing",
    "model": "Model",
    "provider": "Provider",
    "kind": "Kind",
    "name": "Name",
    "user_id": "User",
    "environment": "Environment",
    "release": "Release",
    "prompt": "Prompt",
    "prompt_version": "Prompt version",
    "tag": "Tag",
}
STACKED = (Kind.AREA, Kind.BARS)


@dataclass(frozen=True, slots=True)
class ChartDraft:
    """A chart as it is given, unchecked."""

    metric: str
    kind: str = Kind.LINES
    title: str = ""
    group_by: str = ""
    filter: str = ""
    range: str = ""
    step: str = Step.AUTO
    size: str = Size.MEDIUM


@dataclass(frozen=True, slots=True)
class BoardDraft:
    """A dashboard's own fields as they are given, unchecked."""

    name: str
    description: str = ""
    range: str = "7d"
    filter: str = ""
    shared: bool = False


def checked_chart(draft: ChartDraft) -> ChartDraft:
    """Tidied. Raises ValidationError by field."""
    faults: dict[str, str] = {}
    given = {name: _line(value) for name, value in asdict(draft).items()}
    _choice(faults, "kind", given["kind"], Kind.values)
    _choice(faults, "size", given["size"], Size.values)
    _choice(faults, "step", given["step"], Step.values)
    _choice(faults, "group_by", given["group_by"], GROUPS)
    if given["range"]:
        _choice(faults, "range", given["range"], RANGES)
    _length(faults, "title", given["title"], MAX_TITLE)
    _filter(faults, given["filter"])
    _fits(faults, given)
    if faults:
        raise ValidationError(faults)
    return ChartDraft(**given)


def checked_board(draft: BoardDraft) -> BoardDraft:
    """Tidied. Raises ValidationError by field."""
    faults: dict[str, str] = {}
    name = " ".join(_line(draft.name).split())
    if not name:
        faults["name"] = "A dashboard needs a name."
    _length(faults, "name", name, MAX_NAME)
    _length(faults, "description", _line(draft.description), MAX_DESCRIPTION)
    _choice(faults, "range", draft.range, RANGES)
    _filter(faults, _line(draft.filter))
    if faults:
        raise ValidationError(faults)
    return BoardDraft(
        name, _line(draft.description), draft.range, _line(draft.filter), draft.shared
    )


def draft_of_chart(chart: BoardChart) -> ChartDraft:
    return ChartDraft(**{name: getattr(chart, name) for name in ChartDraft.__slots__})


def draft_of_board(board: Board) -> BoardDraft:
    return BoardDraft(**{name: getattr(board, name) for name in BoardDraft.__slots__})


def told(draft: ChartDraft | BoardDraft) -> dict[str, Any]:
    """For the audit log: what differs from the usual."""
    return {name: value for name, value in asdict(draft).items() if value not in ("", False)}


def _fits(faults: dict[str, str], given: dict[str, str]) -> None:
    """Whether kind and grouping suit the metric."""
    try:
        metric = metrics.find(given["metric"])
    except metrics.UnknownMetric as error:
        faults["metric"] = str(error)
        return
    kind, group_by = given["kind"], given["group_by"]
    if kind == Kind.TABLE and not group_by:
        faults.setdefault("group_by", "A table needs something to group by.")
    elif kind == Kind.NUMBER and group_by:
        faults.setdefault("group_by", "A number stands alone: group by nothing.")
    elif metric.source == "trace" and group_by == "prompt_version":
        faults.setdefault("group_by", "Traces have no prompt version: their spans have.")
    if kind in STACKED and group_by and not metric.adds:
        faults.setdefault("kind", f"{metric.label} does not add up: draw lines.")


def _line(value: str) -> str:
    return value.replace("\x00", "").strip()


def _choice(faults: dict[str, str], name: str, value: str, known: Any) -> None:
    if value not in known:
        faults[name] = "One of " + ", ".join(each for each in known if each) + "."


def _length(faults: dict[str, str], name: str, value: str, most: int) -> None:
    if len(value) > most:
        faults[name] = f"At most {most} characters."


def _filter(faults: dict[str, str], text: str) -> None:
    _length(faults, "filter", text, MAX_FILTER)
    if "filter" in faults:
        return
    try:
        parse(text)
    except QueryError as error:
        faults["filter"] = f"{error.detail} (at character {error.position + 1})"
