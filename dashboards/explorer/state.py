"""All that the explorer's URL says. A URL is the page: it can be shared, saved and gone back to."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlencode

from django.http import QueryDict

from dashboards.explorer import columns, ranges, ranking
from dashboards.explorer.columns import Column
from dashboards.explorer.ranges import Chosen, RangeError
from dashboards.explorer.ranking import Ranking
from dashboards.explorer.terms import Mistake, forgiven, mistake_of, names_a_field, quoted
from evals.vectors.selectors.searching import By
from traces.query import Query, QueryError, parse
from traces.selectors.search import SPAN_ORDERS, TRACE_ORDERS

NEWEST = "-start_time"
MAX_TEXT = 4_000


@dataclass(frozen=True, slots=True)
class State:
    """`view`: traces or spans, as the switch stands; a list by likeness is of calls in either, and
    the view is kept for when words are looked for again.

    `query` is None where `mistake` or `range_error` says why nothing can be looked for.

    `asked`: the words of the search that are looked for by their meaning; `query` is what is left
    of it then.
    """

    view: str
    text: str
    query: Query | None
    mistake: Mistake | None
    time: Chosen
    range_error: str
    order: str
    columns: tuple[Column, ...]
    cursor: str
    live: bool
    ranking: Ranking
    asked: str

    @property
    def kind(self) -> str:
        """Of what the rows are."""
        return "spans" if self.ranked else self.view

    def parameters(self) -> dict[str, str]:
        names = tuple(column.name for column in self.columns if column is not columns.MATCH)
        usual = tuple(column.name for column in columns.chosen(self.kind, (), ranked=self.ranked))
        return {
            "list": self.view if self.view != "traces" else "",
            "q": self.text,
            **self.ranking.parameters(),
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
    def ranked(self) -> bool:
        """Whether the list is one of calls by likeness, not by time."""
        return bool(self.ranking.similar or self.asked)

    def ranked_link(self, **changes: Any) -> str:
        """The same, with changes of how it is ranked."""
        return self.link(ranking=replace(self.ranking, **changes), live=False)

    def like(self) -> str:
        """The link to calls that are like one, whose trace:span is to be put behind it: by the
        filters that stand, without the words."""
        text = " ".join(ranking.filters(self.text))
        link = self.link(ranking=Ranking(), text=text, order=NEWEST, live=False)
        return f"{link}&similar="

    @property
    def counts_spans(self) -> bool:
        """Whether what stands beside the list counts spans, as the list has them. Of a list by
        likeness nothing is counted, and what values there are is asked of the traces."""
        return self.kind == "spans" and not self.ranked

    @property
    def can_be_live(self) -> bool:
        return not self.time.fixed and self.query is not None and not self.ranked

    def sorted_by(self, name: str) -> str:
        """ascending, descending, or empty."""
        if self.order.lstrip("-") != name:
            return ""
        return "descending" if self.order.startswith("-") else "ascending"


def encoded(parameters: dict[str, str]) -> str:
    return urlencode({name: value for name, value in parameters.items() if value})


def read(given: QueryDict) -> State:
    """The state of a URL. The unknown falls back to what is usual; mistakes are kept."""
    ranks = ranking.read(given)
    text, query, mistake = read_text(given_text(given).strip(), ranks)
    asked = ""
    if ranks.by is not By.WORDS and not ranks.similar:
        if query is not None:
            asked, query = ranking.split(query)
        elif (left := ranking.plain(text)) is not None and left[0]:
            (asked, query), mistake = left, None
        elif mistake is not None and mistake.mended is None:
            mistake = replace(mistake, mended=quoted(text))
    elif mistake is not None and mistake.mended is None and not names_a_field(text):
        mistake = replace(mistake, mended=words_of(text))
    is_ranked = bool(asked or ranks.similar)
    view = "spans" if given.get("list") == "spans" else "traces"
    kind = "spans" if is_ranked else view
    time, range_error = read_range(given)
    names = [name for value in given.getlist("columns") for name in value.split(",")]
    orders = TRACE_ORDERS if kind == "traces" else SPAN_ORDERS
    order = given.get("order", NEWEST)
    live = given.get("live") == "1" and not time.fixed and not is_ranked
    fixed = live or is_ranked or order.removeprefix("-") not in orders
    chosen = columns.chosen(kind, names, ranked=is_ranked)
    return State(
        view=view,
        text=text,
        query=query if not range_error else None,
        mistake=mistake,
        time=time,
        range_error=range_error,
        order=NEWEST if fixed else order,
        columns=(columns.MATCH, *chosen) if is_ranked else chosen,
        cursor="" if live or is_ranked else given.get("cursor", ""),
        live=live,
        ranking=ranks,
        asked=asked,
    )


def given_text(given: QueryDict) -> str:
    return given.get("q", "").replace("\x00", "")[:MAX_TEXT]


def read_query(text: str) -> tuple[Query | None, Mistake | None]:
    try:
        return parse(text), None
    except QueryError as error:
        return None, mistake_of(text, error)


def read_text(text: str, ranks: Ranking) -> tuple[str, Query | None, Mistake | None]:
    """A search, as it stands or, where words alone are looked for, without the punctuation between
    them that keeps it from being read."""
    query, mistake = read_query(text)
    if mistake is None or (ranks.by is not By.WORDS and not ranks.similar):
        return text, query, mistake
    simpler = forgiven(text)
    found, _ = read_query(simpler)
    return (simpler, found, None) if found else (text, query, mistake)


def words_of(text: str) -> str | None:
    """All of it as words to look for; None where it has none."""
    meant = quoted(text)
    return meant if read_query(meant)[0] else None


def read_range(given: QueryDict) -> tuple[Chosen, str]:
    start, end = given.get("from", "").strip(), given.get("to", "").strip()
    if not (start or end):
        return ranges.preset(given.get("range", "")), ""
    try:
        return ranges.between(start, end), ""
    except RangeError as error:
        return Chosen("", start, end, ranges.preset("").range), str(error)
