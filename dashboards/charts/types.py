"""What charts are made of and what they are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

OTHER_LABEL = "other"
MOST_NAME = 48


@dataclass(frozen=True, slots=True)
class Series:
    """Values over time, in the unit of their metric (money in pico dollars).

    `times` (Unix ns) and `values` run in parallel, as do `low`, `high` (a 95 % interval) and
    `counts` (how many spans, traces or scores each is made of) where they are given. `colour`:
    s1…s6, other, bad, warn, good; empty: by position. `url`: the explorer with this series' filter
    and the time of the whole chart; a point has its step's instead.
    """

    name: str
    times: Sequence[int]
    values: Sequence[float | None]
    low: Sequence[float | None] = ()
    high: Sequence[float | None] = ()
    counts: Sequence[int] = ()
    total: float | None = None
    colour: str = ""
    dash: bool = False
    url: str = ""


@dataclass(frozen=True, slots=True)
class Level:
    """A dashed line at a value: of an alert (`bad`), or a plain one such as a budget."""

    value: float
    label: str
    kind: Literal["bad", "plain"] = "bad"


@dataclass(frozen=True, slots=True)
class Event:
    """A dotted line at a moment: a release, a prompt version."""

    time_ns: int
    label: str


@dataclass(frozen=True, slots=True)
class Key:
    """An entry of the legend. `shape`: box, line or dash."""

    name: str
    colour: str
    shape: str
    total: str = ""
    url: str = ""


@dataclass(frozen=True, slots=True)
class Row:
    """A row of the table: what is shown, the same for a file, and the traces behind it."""

    shown: Sequence[str]
    raw: Sequence[Any]
    url: str = ""


@dataclass(frozen=True, slots=True)
class Table:
    """The text alternative of a chart. `columns` as shown, `names` as in a file."""

    caption: str
    columns: Sequence[str]
    names: Sequence[str]
    rows: Sequence[Row]


@dataclass(frozen=True, slots=True)
class Chart:
    """`figure`: Plotly's data and layout, as JSON; None for a `heat` map, which is a table."""

    summary: str
    table: Table
    figure: dict[str, Any] | None = None
    legend: Sequence[Key] = ()
    heat: Any = None


def short(name: str) -> str:
    """A name of somebody else's for a legend or a label."""
    return name if len(name) <= MOST_NAME else name[: MOST_NAME - 1] + "…"


def plain(text: str) -> str:
    """Text that Plotly must not read as markup."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
