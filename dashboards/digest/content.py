"""What a report says: the figures of the page that it is of, for its days."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from django.urls import reverse

from dashboards.boards.drawing import Tile, tiles
from dashboards.boards.selectors import get_board
from dashboards.changes import Change
from dashboards.charts import ChartCard
from dashboards.charts.theme import light
from dashboards.digest.heads import Head, heads
from dashboards.digest.models import Report
from dashboards.digest.schedule import told_of
from dashboards.explorer import ranges
from dashboards.explorer.ranges import Chosen
from dashboards.frame import Frame
from dashboards.numbers import money
from dashboards.overview.reading import reading
from dashboards.overview.sentence import can_compare
from dashboards.overview.stats import COST_PER_TRACE
from dashboards.overview.views import charts_of, page_of
from dashboards.periods import DAY, Period, bounds, day_span
from dashboards.templatetags.sightglass import moment_of
from sightglass.accounts.access import ROLE_PERMISSIONS, Access
from sightglass.accounts.models import Role
from sightglass.addresses import absolute
from traces.selectors.search import EVERYTHING

MOST_MOVERS = 3
MOST_ROWS = 5


@dataclass(frozen=True, slots=True)
class Line:
    """A figure. `interval` may be empty; `explained`: the opening says what its change comes of."""

    label: str
    value: str
    change: Change | None
    url: str
    interval: str = ""
    explained: bool = False

    @property
    def told(self) -> str:
        """Its change in words: up 31%, may be chance. Without an interval only the change; money
        that was spent, and what is explained, is no chance.
        """
        change = self.change
        if change is None or not change.text:
            return ""
        words = f"{change.way} {change.text}".strip()
        doubtful = change.low is not None and not change.certain
        doubtful = doubtful and not change.fact and not self.explained
        return f"{words}, may be chance" if doubtful else words


@dataclass(frozen=True, slots=True)
class Block:
    """A list of lines under a heading, such as a table of a dashboard."""

    title: str
    lines: Sequence[Line]


@dataclass(frozen=True, slots=True)
class Picture:
    """A chart. `cid` names it within the message; `alt` says in words what it shows.

    `legend`: (name, total, colour).
    """

    cid: str
    title: str
    alt: str
    legend: Sequence[tuple[str, str, str]]
    url: str
    figure: dict[str, Any]


@dataclass(slots=True)
class Content:
    title: str
    days: str
    url: str
    heads: Sequence[Head] = ()
    lines: Sequence[Line] = ()
    blocks: list[Block] = field(default_factory=list)
    pictures: Sequence[Picture] = ()


def content_of(report: Report, end_ns: int) -> Content:
    """Raises TooSlow; Http404 where its dashboard is not shared any more."""
    access = Access(report.project, ROLE_PERMISSIONS[Role.VIEWER])
    frame = frame_of(access, told_of(report.frequency, end_ns))
    return _of_board(report, frame) if report.board_id else _of_overview(frame)


def frame_of(access: Access, period: Period) -> Frame:
    """As of a page with these days in its address."""
    start, end = (ranges.iso(ns) for ns in bounds(period.range))
    return Frame(
        access=access,
        route="overview",
        text="",
        query=EVERYTHING,
        mistake=None,
        range_error="",
        chosen=Chosen("", start, end, period.range),
        period=period,
        more={},
    )


def days_of(period: Period) -> str:
    """Fri 27 Nov 2026; 21 – 27 Nov."""
    start, end = bounds(period.range)
    return f"{moment_of(start):%a %-d %b %Y}" if end - start == DAY else day_span(period.range)


def _of_overview(frame: Frame) -> Content:
    found = reading(frame)
    page = page_of(found)
    opening = heads(frame, page["stats"] if can_compare(found) else ())
    has_cause = any(head.has_cause for head in opening)
    lines = [
        Line(
            stat.label,
            stat.value,
            stat.change,
            absolute(stat.url),
            explained=has_cause and stat.label == COST_PER_TRACE,
        )
        for stat in page["stats"]
    ]
    movers = [
        Block(f"{name} whose cost moved most", moved)
        for name, rows in (("Features", page["features"]), ("Users", page["users"]))
        if (moved := _movers(rows))
    ]
    return Content(
        title=frame.access.project.name,
        days=days_of(frame.period),
        url=absolute(frame.page("overview")),
        heads=opening,
        lines=lines,
        blocks=movers,
        pictures=_pictures(charts_of(found, "model").values(), absolute(frame.page("overview"))),
    )  # fmt: skip


def _movers(rows: Sequence[Any]) -> list[Line]:
    """Of one dimension, lest money is told twice: those whose cost changed most."""
    moved = [row for row in rows if row.change.known and row.change.value]
    moved.sort(key=lambda row: -abs(row.change.value))
    return [
        Line(row.name, money(row.cost), row.change, absolute(row.url))
        for row in moved[:MOST_MOVERS]
    ]


def _of_board(report: Report, frame: Frame) -> Content:
    board = get_board(frame.access, report.board_id or 0)
    there = reverse("board", args=[report.project.slug, board.pk])
    url = absolute(f"{there}{frame.link()}")
    drawn = tiles(board, frame)
    return Content(
        title=f"{report.project.name}: {board.name}",
        days=days_of(frame.period),
        url=url,
        lines=[
            Line(one.title, one.figure.value, one.figure.change, absolute(one.explore),
                 one.figure.interval)
            for one in drawn if one.figure
        ],
        blocks=[_block(one) for one in drawn if one.rows],
        pictures=_pictures([one.card for one in drawn if one.card], url),
    )  # fmt: skip


def _block(tile: Tile) -> Block:
    lines = [
        Line(row.name, row.value, None, absolute(row.url) if row.url else "", row.interval)
        for row in tile.rows[:MOST_ROWS]
    ]
    return Block(tile.title, lines)


def _pictures(cards: Any, url: str) -> list[Picture]:
    """Of the cards that have a chart with something in it."""
    found = []
    for card in cards:
        if isinstance(card, ChartCard) and card.has_rows and card.chart and card.chart.figure:
            chart = card.chart
            there = absolute(card.explore) if card.explore else url
            legend = [(key.name, key.total, light(key.colour)) for key in chart.legend]
            found.append(
                Picture(card.id, card.title, chart.summary, legend, there, card.chart.figure)
            )
    return found
