"""All that the explorer's URL says. A URL is the page: it can be shared, saved and gone back to."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlencode

from django.http import QueryDict

from dashboards.explorer import columns, ranges
from dashboards.explorer.columns import Column
from dashboards.explorer.ranges import Chosen, RangeError
from dashboards.explorer.terms import Mistake, mistake_of
from traces.query import Query, QueryError, parse
from traces.selectors.search import SPAN_ORDERS, TRACE_ORDERS

NEWEST = "-start_time"
MAX_TEXT = 4_000


@dataclass(frozen=True, slots=True)
class State:
    """`query` is None where `mistake` or `range_error` says why nothing can be looked for."""

    kind: str
    text: str
    query: Query | None
    mistake: Mistake | None
    time: Chosen
    range_error: str
    order: str
    columns: tuple[Column, ...]
    cursor: str
    live: bool

    def parameters(self) -> dict[str, str]:
        names = tuple(column.name for column in self.columns)
        usual = tuple(column.name for column in columns.chosen(self.kind, ()))
        return {
            "list": self.kind if self.kind != "traces" else "",
            "q": self.text,
            **self.time.parameters(),
            "order": self.order if self.order != NEWEST else "",
            "columns": ",".join(names) if names != usual else "",
            "live": "1" if self.live else "",
            "cursor": self.cursor,
        }

    def link(self, **changes: Any) -> str:
        """`?…` of this state with changes; another state begins at its first page."""
        changes.setdefault("cursor", "")
        return f"?{encoded(replace(self, **changes).parameters())}"

    def saved(self) -> str:
        """What a saved view keeps."""
        return encoded(replace(self, cursor="", live=False).parameters())

    @property
    def can_be_live(self) -> bool:
        return not self.time.fixed and self.query is not None

    def sorted_by(self, name: str) -> str:
        """ascending, descending, or empty."""
        if self.order.lstrip("-") != name:
            return ""
        return "descending" if self.order.startswith("-") else "ascending"


def encoded(parameters: dict[str, str]) -> str:
    return urlencode({name: value for name, value in parameters.items() if value})


def read(given: QueryDict) -> State:
    """The state of a URL. The unknown falls back to what is usual; mistakes are kept."""
    kind = "spans" if given.get("list") == "spans" else "traces"
    text = given_text(given).strip()
    query, mistake = read_query(text)
    time, range_error = read_range(given)
    names = [name for value in given.getlist("columns") for name in value.split(",")]
    orders = TRACE_ORDERS if kind == "traces" else SPAN_ORDERS
    order = given.get("order", NEWEST)
    live = given.get("live") == "1" and not time.fixed
    return State(
        kind=kind,
        text=text,
        query=query if not range_error else None,
        mistake=mistake,
        time=time,
        range_error=range_error,
        order=NEWEST if live or order.removeprefix("-") not in orders else order,
        columns=columns.chosen(kind, names),
        cursor="" if live else given.get("cursor", ""),
        live=live,
    )


def given_text(given: QueryDict) -> str:
    return given.get("q", "").replace("\x00", "")[:MAX_TEXT]


def read_query(text: str) -> tuple[Query | None, Mistake | None]:
    try:
        return parse(text), None
    except QueryError as error:
        return None, mistake_of(text, error)


def read_range(given: QueryDict) -> tuple[Chosen, str]:
    start, end = given.get("from", "").strip(), given.get("to", "").strip()
    if not (start or end):
        return ranges.preset(given.get("range", "")), ""
    try:
        return ranges.between(start, end), ""
    except RangeError as error:
        return Chosen("", start, end, ranges.preset("").range), str(error)
