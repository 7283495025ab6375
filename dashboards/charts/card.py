"""A chart as a card of a page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import orjson

from dashboards.charts.theme import LOOKS
from dashboards.charts.types import Chart

LIGHT, DARK = (orjson.dumps(LOOKS[name]).decode() for name in ("light", "dark"))


@dataclass(frozen=True, slots=True)
class Choice:
    """One setting of a card's toggle."""

    label: str
    url: str
    current: bool = False


@dataclass(frozen=True, slots=True)
class ChartCard:
    """`id` is unique on its page. `explore`: the traces behind it; `csv`: its table as a file.

    `problem` says why there is no chart; `empty` what it means that there is nothing.
    """

    id: str
    title: str
    chart: Chart | None = None
    sub: str = ""
    explore: str = ""
    csv: str = ""
    choices: Sequence[Choice] = ()
    problem: str = ""
    empty: str = "Nothing in this time range."
    note: str = ""
    size: Literal["s", "m", "l"] = "m"

    @property
    def figure(self) -> str:
        """JSON for the loader."""
        return orjson.dumps(self.chart.figure).decode() if self.chart else ""

    @property
    def has_rows(self) -> bool:
        return self.chart is not None and bool(self.chart.table.rows)

    @property
    def light(self) -> str:
        return LIGHT

    @property
    def dark(self) -> str:
        return DARK
